"""A 128-bit hash of an array's content, in about the time of reading it.

The elements in the order of memory are one stream, without what a leading
dimension leaves between them. Chunks of the stream are hashed on their own, and
the hash is that of the chunks' hashes, so it doesn't depend on the threads.
"""
from cpython.buffer cimport (
    PyBUF_STRIDED_RO, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer
)
from cython.parallel cimport prange, threadid
from libc.string cimport memcpy
from libc.stdint cimport uint64_t

import numpy as np

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt


cdef extern from "content_hash.h" nogil:
    ctypedef struct fr_hash128:
        uint64_t a, b
    fr_hash128 fr_hash_bytes(const char *p, Py_ssize_t n)


cdef enum:
    CHUNK_BYTES = 1 << 16


cdef class Lines:
    """An array as lines of contiguous bytes, one every `stride` bytes."""
    cdef Py_buffer view
    cdef bint held
    cdef const char *start
    cdef Py_ssize_t length, stride, nbytes

    def __cinit__(self, array):
        cdef Py_ssize_t inner, outer
        if not PyObject_CheckBuffer(array):
            raise TypeError(f"an array is wanted, got {type(array).__name__}")
        PyObject_GetBuffer(array, &self.view, PyBUF_STRIDED_RO)
        self.held = True
        if self.view.ndim not in (1, 2):
            raise ValueError(f"an array of one or two axes is wanted, got {self.view.ndim}")
        inner = self.view.ndim - 1
        outer = 0
        if self.view.ndim == 2 and self.view.strides[1] != self.view.itemsize:
            inner, outer = 0, 1
        if self.view.strides[inner] != self.view.itemsize and self.view.shape[inner] > 1:
            raise ValueError("an array with unit stride along one axis is wanted")
        self.start = <const char *> self.view.buf
        self.nbytes = self.view.len
        self.length = self.view.shape[inner] * self.view.itemsize
        self.stride = self.length
        if self.view.ndim == 2 and self.view.shape[outer] > 1:
            self.stride = self.view.strides[outer]

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)

    cdef fr_hash128 chunk_hash(self, Py_ssize_t k, char *scratch) noexcept nogil:
        """The hash of bytes [k CHUNK_BYTES, (k + 1) CHUNK_BYTES) of the stream."""
        cdef Py_ssize_t at = k * CHUNK_BYTES, n = min(CHUNK_BYTES, self.nbytes - at)
        cdef Py_ssize_t done = 0, line, offset, part
        if self.stride == self.length:
            return fr_hash_bytes(self.start + at, n)
        while done < n:
            line = (at + done) // self.length
            offset = (at + done) % self.length
            part = min(self.length - offset, n - done)
            memcpy(scratch + done, self.start + line * self.stride + offset, part)
            done += part
        return fr_hash_bytes(scratch, n)


def content_hash(array, int n_threads=1):
    """16 bytes that tell the elements of a 1-D or 2-D array, in the order of memory.

    Bits count, not values: 0.0 and -0.0 differ. Shape, dtype and order are not told.
    """
    cdef Lines lines = Lines(array)
    cdef Py_ssize_t n_chunks = (lines.nbytes + CHUNK_BYTES - 1) // CHUNK_BYTES
    cdef Py_ssize_t step = INTERRUPT_WORK * 4 // CHUNK_BYTES, first, last, k
    cdef uint64_t[:, ::1] hashes = np.empty((n_chunks + 1, 2), dtype=np.uint64)
    cdef Py_ssize_t width = 0 if lines.stride == lines.length else CHUNK_BYTES
    cdef char[:, ::1] scratch = np.empty((n_threads, max(width, 1)), dtype=np.int8)
    cdef fr_hash128 h
    for first in range(0, n_chunks, step):
        last = min(first + step, n_chunks)
        for k in prange(first, last, nogil=True, num_threads=n_threads, schedule="static"):
            h = lines.chunk_hash(k, &scratch[threadid(), 0])
            hashes[k, 0] = h.a
            hashes[k, 1] = h.b
        check_interrupt()
    h = fr_hash_bytes(<const char *> &hashes[0, 0], 16 * n_chunks)
    return (<const char *> &h)[:sizeof(fr_hash128)]
