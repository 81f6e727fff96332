"""Networks that learn from the same data, trained side by side: each by one thread at a
time, which waits for nobody. They are what they would be alone: see network.pyx."""
import numpy as np

from cython.parallel cimport prange
from cpython.ref cimport PyObject

from fastreg._kernels.interrupt cimport check_interrupt
from fastreg._kernels.network cimport RUN_WORK, Network

cdef enum:
    TURNS = 8   # of each thread between two looks for Ctrl-C


def train_side_by_side(list networks, int n_threads):
    """Train networks, for which `begin` was called, on all their batches.

    Threads take the networks in turn, a run of batches of one at a time, so that they all
    have work to the end whatever the number of networks.
    """
    cdef const Py_ssize_t[::1] ids = np.array([id(network) for network in networks], dtype=np.intp)
    cdef Py_ssize_t n = len(networks), task, left, batches = 0
    cdef Py_ssize_t turns = max(1, TURNS * n_threads // n)
    cdef double share = min(1.0, TURNS * n_threads / <double> n), work = 1
    cdef Network network
    for network in networks:
        work = max(work, network.batch_work())
        batches = max(batches, network.starts.shape[0] - 1)
    cdef Py_ssize_t run = max(1, <Py_ssize_t> (RUN_WORK * share / work))
    run = max(1, min(run, (batches + turns - 1) // turns))
    with nogil:
        left = batches
        while left > 0:
            for task in prange(n * turns, num_threads=n_threads, schedule="dynamic", chunksize=1):
                (<Network> <PyObject *> ids[task % n]).advance(run)
            left = left - run * turns
            check_interrupt()
