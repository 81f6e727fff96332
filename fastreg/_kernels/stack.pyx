"""What a batch goes through: layers and a loss, and an optimiser of their parameters.

Who does which part of it, and when, is the network's business: see network.pyx.
"""
import numpy as np

from cpython.ref cimport PyObject
from libc.math cimport sqrt

from fastreg._kernels.layer cimport Batch, Layer, Share, address
from fastreg._kernels.network_loss cimport Loss
from fastreg._kernels.optimiser cimport Range, fr_step
from fastreg._kernels.tiles cimport Piece, Tile, Tiles

cdef extern from "optimise.h" nogil:
    void fr_add_penalty(bint single, void *parameters, void *gradients, Py_ssize_t start,
                        Py_ssize_t stop, double alpha, double *sums)
    double fr_norm(bint single, void *parameters, void *gradients, Py_ssize_t start,
                   Py_ssize_t stop, double alpha)


cdef class Stack:
    """Layers, a loss and an optimiser on flat vectors of parameters and gradients.

    Parameters
    ----------
    layers : list of Layer
        From the input to the last linear layer.
    loss : Loss
    optimiser : Optimiser or None
        None for gradients alone.
    parameters, gradients : ndarray
        In the layers' type; layer k has `offsets[k]` on.
    offsets : list of int
    alphas, l1s : ndarray of shape (n_weight_layers,), float64
        Penalties alpha / 2 |w|^2 + l1 |w| of each layer's weights, times the scale of a
        batch's loss.
    n_rows : int
        The largest batch.
    n_threads : int
    """

    def __init__(self, layers, Loss loss, optimiser, parameters, gradients, offsets, alphas, l1s,
                 *, Py_ssize_t n_rows, int n_threads):
        self.layers, self.loss, self.optimiser = list(layers), loss, optimiser
        self.parameters, self.gradients = parameters, gradients
        self.single = layers[0].single
        self.w, self.g = address(parameters), address(gradients)
        self.n_layers, self.n_rows, self.n_threads = len(layers), n_rows, n_threads
        self.alphas, self.l1s = alphas, l1s
        self.ids = np.array([id(layer) for layer in layers], dtype=np.intp)
        self.offsets = np.array(offsets, dtype=np.intp)
        for layer in layers:
            layer.allocate(n_rows, n_threads)
        self.tiles = Tiles(layers, offsets, n_rows)
        self.sums = np.zeros((self.tiles.n, 3))
        self.first_trained = self.tiles.tile[0].layer
        self.n_panels = layers[self.first_trained].n_panels
        for layer, offset in zip(layers, offsets):
            size = max((stop for _, stop, _, _ in layer.tiles()), default=0)
            layer.place(parameters[offset:offset + size], gradients[offset:offset + size])
        for layer in layers[:self.first_trained - 1 if self.first_trained else None:-1]:
            layer.connect(n_rows)
        self.load()

    cdef bint first_output_is_apart(self):
        """Whether no gradient of weights reads the first output with weights, so that it may
        be the next batch's before all weights have moved."""
        cdef Layer layer, first = self.layers[self.first_trained]
        for layer in self.layers[self.first_trained + 1:]:
            has_weights = any(is_weight for _, _, is_weight, _ in layer.tiles())
            if has_weights and layer.previous.out == first.out:
                return False
        return True

    def load(self):
        """Take note that the parameters were written to from outside."""
        for tile in range(self.tiles.n):
            self.refresh(tile)

    # ---- a batch, or one thread's share of it ----

    cdef void forward(self, Py_ssize_t first, Py_ssize_t last, const Batch *batch,
                      const Share *share) noexcept nogil:
        """Through layers first..last."""
        cdef Py_ssize_t k
        for k in range(first, last):
            (<Layer> <PyObject *> self.ids[k]).forward(batch, share)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        """The loss, and its slopes down to the first layer with parameters."""
        cdef Py_ssize_t k
        self.loss.compare(<Layer> <PyObject *> self.ids[self.n_layers - 1], batch, share)
        for k in range(self.n_layers - 1, self.first_trained - 1, -1):
            (<Layer> <PyObject *> self.ids[k]).backward(batch, share)

    cdef void expect(self, const Batch *batch, const Share *share, Py_ssize_t part,
                     Py_ssize_t n_parts) noexcept nogil:
        """One of the parts of a share of the next batch may be fetched by now."""
        (<Layer> <PyObject *> self.ids[0]).expect(batch, share, part, n_parts)
        if part == n_parts - 1:
            self.loss.expect(batch, share)

    cdef void form_gradients(self, const Batch *batch, const Share *share,
                             const Piece *piece) noexcept nogil:
        cdef const Tile *first = &self.tiles.tile[piece.first]
        cdef Py_ssize_t offset = self.offsets[first.layer]
        (<Layer> <PyObject *> self.ids[first.layer]).differentiate(
            batch, share, first.start - offset, self.tiles.tile[piece.last - 1].stop - offset)

    # ---- a tile ----

    cdef Range range_of(self, Py_ssize_t tile) noexcept nogil:
        cdef Range r
        r.parameters, r.gradients = self.w, self.g
        r.start, r.stop = self.tiles.tile[tile].start, self.tiles.tile[tile].stop
        return r

    cdef double alpha(self, Py_ssize_t tile, const Batch *batch) noexcept nogil:
        """What a tile's weights are multiplied by in their slopes."""
        cdef Py_ssize_t group = self.tiles.tile[tile].group
        return batch.scale * self.alphas[group] if group >= 0 else 0

    cdef void add_penalty(self, Py_ssize_t tile, const Batch *batch) noexcept nogil:
        """The penalty's part of a tile's gradients, and the tile's sums."""
        cdef Range r = self.range_of(tile)
        fr_add_penalty(self.single, r.parameters, r.gradients, r.start, r.stop,
                       self.alpha(tile, batch), &self.sums[tile, 0])

    cdef void measure_slopes(self, Py_ssize_t tile, const Batch *batch) noexcept nogil:
        cdef Range r = self.range_of(tile)
        self.sums[tile, 2] = fr_norm(self.single, r.parameters, r.gradients, r.start, r.stop,
                                     self.alpha(tile, batch))

    cdef void move(self, Py_ssize_t tile, const Batch *batch, const Step *step) noexcept nogil:
        """One step, penalties included, and the tile's sums before it."""
        cdef fr_step full
        cdef Range r = self.range_of(tile)
        cdef Py_ssize_t group = self.tiles.tile[tile].group
        full.rate, full.scale, full.alpha = step.rate, step.clip_scale, self.alpha(tile, batch)
        full.keep = 1 - step.decay if group >= 0 else 1
        full.threshold = batch.scale * self.l1s[group] * step.threshold if group >= 0 else 0
        full.sums = &self.sums[tile, 0]
        self.optimiser.step(&r, &full)

    cdef void limit_norms(self, double bound, const Share *share) noexcept nogil:
        cdef Py_ssize_t k
        for k in range(self.first_trained, self.n_layers):
            (<Layer> <PyObject *> self.ids[k]).limit_norms(bound, share)

    cdef void refresh(self, Py_ssize_t tile) noexcept nogil:
        """A tile has changed."""
        cdef const Tile *t = &self.tiles.tile[tile]
        cdef Py_ssize_t offset = self.offsets[t.layer]
        (<Layer> <PyObject *> self.ids[t.layer]).refresh(t.start - offset, t.stop - offset)

    # ---- all tiles ----

    cdef double clip_scale(self, double clip) noexcept nogil:
        """What makes the norm of all slopes, which were measured, at most `clip`."""
        cdef double largest = 0, total = 0
        cdef Py_ssize_t tile
        for tile in range(self.tiles.n):
            largest = max(largest, self.sums[tile, 2])
        if largest == 0:
            return 1
        for tile in range(self.tiles.n):  # their squares may be too large
            total += (self.sums[tile, 2] / largest) ** 2
        return min(1, clip / largest / sqrt(total))

    cdef double sum_penalties(self) noexcept nogil:
        """alpha / 2 |w|^2 + l1 |w| of all weights."""
        cdef double total = 0
        cdef Py_ssize_t tile, group
        for tile in range(self.tiles.n):
            group = self.tiles.tile[tile].group
            if group >= 0:
                total += (self.alphas[group] / 2 * self.sums[tile, 0]
                          + self.l1s[group] * self.sums[tile, 1])
        return total
