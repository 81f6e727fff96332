"""What a batch goes through: see stack.pyx."""
from fastreg._kernels.layer cimport Batch, Share
from fastreg._kernels.network_loss cimport Loss
from fastreg._kernels.optimiser cimport Optimiser, Range
from fastreg._kernels.tiles cimport Piece, Tiles


# How a batch moves the parameters.
cdef struct Step:
    double rate
    double decay        # share of the weights that is taken away first
    double threshold    # of L1, in units of its strength
    double clip_scale   # of the slopes


cdef class Stack:
    cdef list layers
    cdef readonly Loss loss
    cdef Optimiser optimiser
    cdef object parameters, gradients
    cdef bint single
    cdef void *w
    cdef void *g
    cdef Py_ssize_t n_rows           # of the largest batch
    cdef int n_threads
    cdef Py_ssize_t n_layers, first_trained
    cdef readonly Py_ssize_t n_panels   # of the first weights, where threads share them so; or 0
    cdef const Py_ssize_t[::1] ids
    cdef Tiles tiles
    cdef const Py_ssize_t[::1] offsets
    cdef double[:, ::1] sums         # of each tile: squares, sizes, norm of slopes
    cdef const double[::1] alphas, l1s

    cdef bint first_output_is_apart(self)
    cdef void forward(self, Py_ssize_t first, Py_ssize_t last, const Batch *batch,
                      const Share *share) noexcept nogil
    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil
    cdef void expect(self, const Batch *batch, const Share *share, Py_ssize_t part,
                     Py_ssize_t n_parts) noexcept nogil
    cdef void form_gradients(self, const Batch *batch, const Share *share,
                             const Piece *piece) noexcept nogil
    cdef Range range_of(self, Py_ssize_t tile) noexcept nogil
    cdef double alpha(self, Py_ssize_t tile, const Batch *batch) noexcept nogil
    cdef void add_penalty(self, Py_ssize_t tile, const Batch *batch) noexcept nogil
    cdef void measure_slopes(self, Py_ssize_t tile, const Batch *batch) noexcept nogil
    cdef void move(self, Py_ssize_t tile, const Batch *batch, const Step *step) noexcept nogil
    cdef void limit_norms(self, double bound, const Share *share) noexcept nogil
    cdef void refresh(self, Py_ssize_t tile) noexcept nogil
    cdef double clip_scale(self, double clip) noexcept nogil
    cdef double sum_penalties(self) noexcept nogil
