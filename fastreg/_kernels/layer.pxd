"""What a network is made of: see layer.pyx."""
from fastreg._kernels.team cimport fr_arrivals, fr_team_wait

cdef enum:
    MAX_BLOCKS = 16


# The rows that are worked on together.
cdef struct Batch:
    const Py_ssize_t *samples    # which sample each row is
    const Py_ssize_t *next_samples   # of the next batch; NULL where it has fewer rows, or none
    Py_ssize_t n_rows
    Py_ssize_t n_blocks          # parts of the rows, fixed by their number alone
    unsigned long long number    # how many batches came before: a place in random streams
    double scale                 # what a row's loss is multiplied by, beside its weight
    bint add                     # gradients are added to what is there


# What one thread does of a batch: blocks first_block..last_block, which are rows first..last;
# panels first_panel..last_panel of a layer that is shared by panels; and of all other tiles of
# parameters those whose middle is from `low` to `high` of their work. Threads meet at `barrier`.
cdef struct Share:
    int thread, n_threads
    Py_ssize_t first_block, last_block, first, last, first_panel, last_panel
    double low, high
    fr_arrivals *barrier


cdef inline void wait_for_all(const Share *share) noexcept nogil:
    """Wait until all threads have come here."""
    fr_team_wait(share.barrier, share.thread, share.n_threads)


cdef inline Py_ssize_t equal_share(Py_ssize_t n, int thread, int n_threads) noexcept nogil:
    """Where a thread's share of n things begins."""
    return thread * n // n_threads


cdef inline Py_ssize_t block_start(const Batch *batch, Py_ssize_t block) noexcept nogil:
    return block * batch.n_rows // batch.n_blocks


cdef inline void *at(const void *base, Py_ssize_t i, bint single) noexcept nogil:
    """Where number i of a buffer lies."""
    return <char *> base + i * (4 if single else 8)


cdef void *address(array)


cdef class Layer:
    cdef readonly Layer previous
    cdef readonly Py_ssize_t width
    cdef readonly bint single
    cdef readonly Py_ssize_t n_panels   # of weights, where threads share them by panels
    cdef readonly bint refreshes        # something is kept that changes with the parameters
    cdef Py_ssize_t stride           # between rows of `out` and `grad`
    cdef Py_ssize_t span             # numbers of a row, up to whole vectors: there is room
    cdef void *out                   # output, (rows, width)
    cdef void *grad                  # slope of the loss by the output
    cdef void *parameters
    cdef void *gradients
    cdef dict memory                 # holds what the pointers point to

    cdef void *buffer(self, name, size)
    cdef void own_grad(self, Py_ssize_t n_rows)
    cdef void expect(self, const Batch *batch, const Share *share, Py_ssize_t part,
                     Py_ssize_t n_parts) noexcept nogil
    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil
    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil
    cdef void differentiate(self, const Batch *batch, const Share *share, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil
    cdef void refresh(self, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    cdef void limit_norms(self, double bound, const Share *share) noexcept nogil


cdef class DenseInput(Layer):
    cdef bint x_single
    cdef void *x
    cdef Py_ssize_t x_row, x_column
    cdef bint lends                  # `out` is X itself: row i of a batch is samples[i]
    cdef bint feeds_all              # each thread reads all rows of a batch
    cdef Py_ssize_t copy             # numbers of a thread's copy of a batch; 0: one for all

    cdef void feed(self, Py_ssize_t n_rows, int n_threads, bint to_all)
    cdef bint reads_alike(self, const Share *share) noexcept nogil
    cdef const Py_ssize_t *coming(self, const Batch *batch, const Share *share) noexcept nogil
