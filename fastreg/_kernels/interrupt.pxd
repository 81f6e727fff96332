"""Ctrl-C in long kernels."""
from cpython.exc cimport PyErr_CheckSignals

# Elements a kernel may touch between two looks for Ctrl-C: about 50 ms of work.
cdef enum:
    INTERRUPT_WORK = 1 << 26


cdef inline int check_interrupt() except -1 nogil:
    """Raise what a pending signal's handler raises (KeyboardInterrupt, mostly).

    In a worker, which gets no signals, StoppedError where the main thread has ended.
    """
    with gil:
        PyErr_CheckSignals()
        from fastreg._kernels.worker import check_stopped
        check_stopped()
        return 0
