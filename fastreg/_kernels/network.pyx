"""A network that is trained: many batches in one call, without the GIL.

A team of threads works on each batch. Forward and backward, every thread has some
rows; once all have come through, every thread has some parameters: it forms their
gradients and moves them while they are in its cache. Two waits for each batch, more
where a layer needs all rows (batch normalisation) or the optimiser all gradients.
Where threads share the first layer by panels (linear.pyx) they enter it before they
wait: its weights are their own, and so are their copies of the next batch's rows.

Results don't depend on the number of threads: an element of a product is one sum in
one order (gemm.h), and other sums are formed for fixed blocks of rows, or tiles of
parameters, and added in their order. So a run of batches may take the whole team or
one thread, whichever was faster a moment ago: where other programs want the cores,
waiting for each other costs a team more than it brings.

Several networks may be trained side by side: see side_by_side.pyx.
"""
import numpy as np

from cpython.ref cimport PyObject
from libc.math cimport sqrt

from fastreg._kernels.interrupt cimport check_interrupt
from fastreg._kernels.layer cimport (
    MAX_BLOCKS, Batch, Layer, Share, address, block_start,
)
from fastreg._kernels.network_loss cimport Loss
from fastreg._kernels.optimiser cimport Range
from fastreg._kernels.tiles cimport Piece, Tile, Tiles

cdef extern from "team.h" nogil:
    ctypedef void (*fr_share_function)(void *context, int thread, int n_threads) noexcept nogil
    void fr_team_run(fr_share_function f, void *context, int n)
    void fr_team_wait(int n_threads)
    double fr_team_clock()
    void fr_door_make(fr_door *door)
    void fr_door_remove(fr_door *door)
    void fr_door_enter(fr_door *door)
    void fr_door_leave(fr_door *door)

cdef extern from "optimise.h" nogil:
    void fr_add_penalty(bint single, void *parameters, void *gradients, Py_ssize_t start,
                        Py_ssize_t stop, double alpha, double *sums)
    double fr_norm(bint single, const void *gradients, Py_ssize_t start, Py_ssize_t stop)
    void fr_decay(bint single, void *parameters, Py_ssize_t start, Py_ssize_t stop, double rate)


cdef enum:
    MIN_BLOCK_ROWS = 8
    RUNS = 32            # between two choices of the team
    RUNS_UNSEEN = 4      # between two looks for Ctrl-C
    ALONE_SHARE = 4      # of a run that one thread takes to be timed, as a fraction


# one thread takes over where a batch takes it less than this share of the team's time
cdef double ALONE = 0.9


cdef class Network:
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
    def __cinit__(self):
        fr_door_make(&self.door)

    def __dealloc__(self):
        fr_door_remove(&self.door)

    def __init__(self, layers, Loss loss, optimiser, parameters, gradients, offsets, alphas, l1s,
                 *, Py_ssize_t n_rows, int n_threads, double clip=0, double max_norm=0):
        self.layers, self.loss, self.optimiser = list(layers), loss, optimiser
        self.parameters, self.gradients = parameters, gradients
        self.single = layers[0].single
        self.w, self.g = address(parameters), address(gradients)
        self.n_layers, self.n_threads = len(layers), n_threads
        self.alphas, self.l1s = alphas, l1s
        self.clip, self.max_norm = clip, max_norm
        self.ids = np.array([id(layer) for layer in layers], dtype=np.intp)
        self.offsets = np.array(offsets, dtype=np.intp)
        for layer in layers:
            layer.allocate(n_rows, n_threads)
        self.tiles = Tiles(layers, offsets, n_rows)
        self.sums = np.zeros((self.tiles.n, 3))
        self.first_trained = self.tiles.tile[0].layer
        if layers[self.first_trained].n_panels:
            self.n_entered = self.first_trained + 1
            self.enters_early = not clip and not max_norm and self.first_output_is_apart()
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

    def begin(self, const Py_ssize_t[::1] order, const Py_ssize_t[::1] starts,
              const double[::1] rates, const double[::1] decays, const double[::1] thresholds,
              unsigned long long number):
        """Take note of what to train on next: batch b has samples
        order[starts[b]:starts[b + 1]].

        `rates`, `decays` and `thresholds` (of L1, in units of its strength) hold one number
        for each batch; `number` counts the batches before.
        """
        self.order, self.starts, self.rates, self.decays = order, starts, rates, decays
        self.thresholds = thresholds
        self.number, self.data_loss, self.penalty = number, 0, 0
        self.fixed_scale, self.add, self.run_last = 0, False, 0

    @property
    def n_trained(self):
        """Batches since `begin` that have been trained on."""
        return self.run_last

    @property
    def losses(self):
        """Sums over these batches of rows times loss, and rows times penalty."""
        return self.data_loss, self.penalty

    def train(self):
        """Train on all batches, with the team."""
        cdef Py_ssize_t n_batches = self.starts.shape[0] - 1
        cdef Py_ssize_t run = max(1, <Py_ssize_t> (RUN_WORK / self.batch_work()))
        with nogil:
            while self.run_last < n_batches:
                self.run_timed(run, n_batches)
                if self.n_runs % RUNS_UNSEEN == 0:
                    check_interrupt()

    cdef double batch_work(self):
        """Multiplications of a batch."""
        return <double> self.parameters.size * max(self.starts[1] - self.starts[0], 1) * 3

    cdef void advance(self, Py_ssize_t run) noexcept nogil:
        """Train on the next `run` batches, if there are any, with this thread alone."""
        fr_door_enter(&self.door)
        self.run_first = self.run_last
        self.run_last = min(self.run_last + run, self.starts.shape[0] - 1)
        self.train_batches(0, 1)
        fr_door_leave(&self.door)

    def differentiate(self, const Py_ssize_t[::1] order, const Py_ssize_t[::1] starts,
                      double scale, unsigned long long number=0):
        """Write the gradient of `scale` times loss and penalties over all batches.

        Returns the loss and the penalty, both times `scale`; L1 is in the penalty but not
        in the gradient.
        """
        cdef Py_ssize_t b
        self.order, self.starts, self.number = order, starts, number
        self.data_loss, self.penalty, self.fixed_scale = 0, 0, scale
        with nogil:
            for b in range(starts.shape[0] - 1):
                self.add = b > 0
                self.run_first, self.run_last = b, b + 1
                fr_team_run(differentiate_share, <void *> self, self.n_threads)
                check_interrupt()
        return self.data_loss, self.penalty

    cdef void run_timed(self, Py_ssize_t run, Py_ssize_t n_batches) noexcept nogil:
        """Run some batches: now and then by the team and by one thread, to see which is
        faster, else by that one. Where the team has lost it is timed once more, since a
        moment's disturbance would cost it all runs up to the next look."""
        cdef Py_ssize_t phase = self.n_runs % RUNS
        cdef bint alone = self.seconds[1] < ALONE * self.seconds[0]
        cdef bint again = phase == 3 and alone
        cdef double begin, seconds
        if phase == 2 and self.n_threads > 1:
            run = max(1, run // ALONE_SHARE)
        self.run_first, self.run_last = self.run_last, min(self.run_last + run, n_batches)
        self.n_runs += 1
        if self.n_threads == 1 or (phase > 2 and not again):
            fr_team_run(train_share, <void *> self, 1 if alone else self.n_threads)
            return
        # the first run wakes the team
        begin = fr_team_clock()
        fr_team_run(train_share, <void *> self, 1 if phase == 2 else self.n_threads)
        seconds = (fr_team_clock() - begin) / (self.run_last - self.run_first)
        if phase == 1 or phase == 2:
            self.seconds[phase - 1] = seconds
        elif again:
            self.seconds[0] = min(self.seconds[0], seconds)

    # ---- what one thread of the team does ----

    cdef void train_batches(self, int thread, int n_threads) noexcept nogil:
        cdef Py_ssize_t b
        if self.run_first == self.run_last:
            return
        self.enter(self.run_first, thread, n_threads)
        for b in range(self.run_first, self.run_last):
            if self.n_entered:
                fr_team_wait(n_threads)
            if thread == 0 and b > self.run_first:
                self.add_penalties(b - 1)
            self.pass_through(b, thread, n_threads)
            self.move(b, thread, n_threads)
            if b + 1 == self.run_last or not self.enters_early:
                fr_team_wait(n_threads)
            if b + 1 < self.run_last:
                self.enter(b + 1, thread, n_threads)
        if thread == 0:
            self.add_penalties(self.run_last - 1)

    cdef void differentiate_batch(self, int thread, int n_threads) noexcept nogil:
        cdef Batch batch
        cdef Share share
        cdef Piece piece
        cdef Py_ssize_t tile, b = self.run_first
        self.enter(b, thread, n_threads)
        if self.n_entered:
            fr_team_wait(n_threads)
        self.pass_through(b, thread, n_threads)
        self.describe(b, &batch)
        self.share_out(&batch, thread, n_threads, &share)
        piece.last = 0
        while self.tiles.next_piece(&piece, thread, n_threads):
            self.form_gradients(&batch, &share, &piece)
            if b + 2 == self.starts.shape[0]:
                for tile in range(piece.first, piece.last):
                    self.add_penalty(tile, batch.scale)
        if b + 2 == self.starts.shape[0]:
            fr_team_wait(n_threads)
            if thread == 0:
                self.penalty = batch.scale * self.sum_penalties()

    cdef void describe(self, Py_ssize_t b, Batch *batch) noexcept nogil:
        cdef Py_ssize_t n_blocks = 1
        batch.samples = &self.order[self.starts[b]]
        batch.n_rows = self.starts[b + 1] - self.starts[b]
        while n_blocks < MAX_BLOCKS and batch.n_rows >= 2 * n_blocks * MIN_BLOCK_ROWS:
            n_blocks *= 2
        batch.n_blocks = n_blocks
        batch.number = self.number + b
        batch.scale = self.fixed_scale if self.fixed_scale > 0 else self.loss.scale(batch)
        batch.add = self.add

    cdef void share_out(self, const Batch *batch, int thread, int n_threads,
                        Share *share) noexcept nogil:
        share.thread, share.n_threads = thread, n_threads
        share.first_block = thread * batch.n_blocks // n_threads
        share.last_block = (thread + 1) * batch.n_blocks // n_threads
        share.first = block_start(batch, share.first_block)
        share.last = block_start(batch, share.last_block)

    cdef void enter(self, Py_ssize_t b, int thread, int n_threads) noexcept nogil:
        """Forward through the layers up to a first one that is shared by panels."""
        cdef Batch batch
        cdef Share share
        cdef Py_ssize_t k
        if self.n_entered:
            self.describe(b, &batch)
            self.share_out(&batch, thread, n_threads, &share)
        for k in range(self.n_entered):
            (<Layer> <PyObject *> self.ids[k]).forward(&batch, &share)

    cdef void pass_through(self, Py_ssize_t b, int thread, int n_threads) noexcept nogil:
        """Forward, loss and backward for this thread's rows; then all have done theirs."""
        cdef Batch batch
        cdef Share share
        cdef Py_ssize_t k
        self.describe(b, &batch)
        self.share_out(&batch, thread, n_threads, &share)
        for k in range(self.n_entered, self.n_layers):
            (<Layer> <PyObject *> self.ids[k]).forward(&batch, &share)
        self.loss.compare(<Layer> <PyObject *> self.ids[self.n_layers - 1], &batch, &share)
        for k in range(self.n_layers - 1, self.first_trained - 1, -1):
            (<Layer> <PyObject *> self.ids[k]).backward(&batch, &share)
        fr_team_wait(n_threads)
        if thread == 0:
            k = batch.n_rows if self.fixed_scale == 0 else 1
            self.data_loss += k * self.loss.total(&batch)

    cdef void move(self, Py_ssize_t b, int thread, int n_threads) noexcept nogil:
        """Gradients and steps of this thread's tiles."""
        cdef Batch batch
        cdef Share share
        self.describe(b, &batch)
        self.share_out(&batch, thread, n_threads, &share)
        if self.clip == 0 and self.max_norm == 0:
            self.move_by_pieces(b, &batch, &share)
        else:
            self.move_together(b, &batch, &share)

    cdef void add_penalties(self, Py_ssize_t b) noexcept nogil:
        """Add a batch's penalty to the sum; all tiles have moved."""
        cdef Batch batch
        self.describe(b, &batch)
        self.penalty += batch.n_rows * batch.scale * self.sum_penalties()

    cdef void move_by_pieces(self, Py_ssize_t b, const Batch *batch,
                             const Share *share) noexcept nogil:
        """Each piece while it is in the cache; rows of the next batch are fetched meanwhile."""
        cdef Batch next
        cdef Share next_share
        cdef Piece piece
        cdef Py_ssize_t tile, done = 0
        cdef Py_ssize_t n_tiles = self.tiles.count(share.thread, share.n_threads)
        cdef bint goes_on = b + 2 < self.starts.shape[0]
        if goes_on:
            self.describe(b + 1, &next)
            self.share_out(&next, share.thread, share.n_threads, &next_share)
        piece.last = 0
        while self.tiles.next_piece(&piece, share.thread, share.n_threads):
            self.form_gradients(batch, share, &piece)
            for tile in range(piece.first, piece.last):
                self.add_penalty(tile, batch.scale)
                self.step(tile, b, batch.scale, 1)
                self.refresh(tile)
                if goes_on:
                    (<Layer> <PyObject *> self.ids[0]).expect(&next, &next_share, done, n_tiles)
                done += 1
        if goes_on:
            self.loss.expect(&next, &next_share)

    cdef void move_together(self, Py_ssize_t b, const Batch *batch,
                            const Share *share) noexcept nogil:
        """All gradients before all steps, whose norms need them."""
        cdef Py_ssize_t tile, k
        cdef Piece piece
        cdef double scale = 1
        piece.last = 0
        while self.tiles.next_piece(&piece, share.thread, share.n_threads):
            self.form_gradients(batch, share, &piece)
            for tile in range(piece.first, piece.last):
                self.add_penalty(tile, batch.scale)
        if self.clip > 0:
            fr_team_wait(share.n_threads)
            scale = self.clip_scale()
        for tile in range(self.tiles.n):
            if self.tiles.takes(tile, share.thread, share.n_threads):
                self.step(tile, b, batch.scale, scale)
        if self.max_norm > 0:
            fr_team_wait(share.n_threads)
            for k in range(self.first_trained, self.n_layers):
                (<Layer> <PyObject *> self.ids[k]).limit_norms(self.max_norm, share)
            fr_team_wait(share.n_threads)
        for tile in range(self.tiles.n):
            if self.tiles.takes(tile, share.thread, share.n_threads):
                self.refresh(tile)

    cdef void form_gradients(self, const Batch *batch, const Share *share,
                             const Piece *piece) noexcept nogil:
        cdef const Tile *first = &self.tiles.tile[piece.first]
        cdef Py_ssize_t offset = self.offsets[first.layer]
        (<Layer> <PyObject *> self.ids[first.layer]).differentiate(
            batch, share, first.start - offset, self.tiles.tile[piece.last - 1].stop - offset)

    cdef void add_penalty(self, Py_ssize_t tile, double scale) noexcept nogil:
        """The penalty's part of a tile's gradients, and the tile's sums."""
        cdef const Tile *t = &self.tiles.tile[tile]
        fr_add_penalty(self.single, self.w, self.g, t.start, t.stop,
                       scale * self.alphas[t.group] if t.group >= 0 else 0, &self.sums[tile, 0])
        if self.clip > 0:
            self.sums[tile, 2] = fr_norm(self.single, self.g, t.start, t.stop)

    cdef void step(self, Py_ssize_t tile, Py_ssize_t b, double scale,
                   double clip_scale) noexcept nogil:
        cdef Range range
        cdef const Tile *t = &self.tiles.tile[tile]
        range.parameters, range.gradients = self.w, self.g
        range.start, range.stop = t.start, t.stop
        range.scale, range.rate = clip_scale, self.rates[b]
        range.threshold = scale * self.l1s[t.group] * self.thresholds[b] if t.group >= 0 else 0
        if t.group >= 0 and self.decays[b] > 0:
            fr_decay(self.single, self.w, range.start, range.stop, self.decays[b])
        self.optimiser.step(&range)

    cdef void refresh(self, Py_ssize_t tile) noexcept nogil:
        cdef const Tile *t = &self.tiles.tile[tile]
        cdef Py_ssize_t offset = self.offsets[t.layer]
        (<Layer> <PyObject *> self.ids[t.layer]).refresh(t.start - offset, t.stop - offset)

    cdef double clip_scale(self) noexcept nogil:
        """What makes the norm of all gradients at most `clip`."""
        cdef double largest = 0, total = 0
        cdef Py_ssize_t tile
        for tile in range(self.tiles.n):
            largest = max(largest, self.sums[tile, 2])
        if largest == 0:
            return 1
        for tile in range(self.tiles.n):  # their squares may be too large
            total += (self.sums[tile, 2] / largest) ** 2
        return min(1, self.clip / largest / sqrt(total))

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


cdef void train_share(void *network, int thread, int n_threads) noexcept nogil:
    (<Network> network).train_batches(thread, n_threads)


cdef void differentiate_share(void *network, int thread, int n_threads) noexcept nogil:
    (<Network> network).differentiate_batch(thread, n_threads)
