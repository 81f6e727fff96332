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
waiting for each other costs a team more than it brings. And shares of rows and of tiles
follow the threads' speeds: see shares.pyx.

Several networks may be trained side by side: see side_by_side.pyx.
"""
from libc.stdlib cimport calloc, free

from fastreg._kernels.interrupt cimport check_interrupt
from fastreg._kernels.layer cimport (
    MAX_BLOCKS,
    Batch,
    Share,
    block_start,
    equal_share,
    wait_for_all,
)
from fastreg._kernels.shares cimport Shares
from fastreg._kernels.stack cimport Stack, Step
from fastreg._kernels.team cimport (
    fr_arrivals,
    fr_door_enter,
    fr_door_leave,
    fr_door_make,
    fr_door_remove,
    fr_team_clock,
    fr_team_run,
)
from fastreg._kernels.tiles cimport Piece


cdef enum:
    MIN_BLOCK_ROWS = 8
    RUNS = 32            # between two choices of the team
    RUNS_UNSEEN = 4      # between two looks for Ctrl-C
    ALONE_SHARE = 4      # of a run that one thread takes to be timed, as a fraction


# one thread takes over where a batch takes it less than this share of the team's time
cdef double ALONE = 0.9


cdef class Network:
    """A stack of layers on which a team of threads works, for one caller at a time.

    Parameters
    ----------
    stack : Stack
    clip, max_norm : float
        Bounds of the norm of all gradients, and of the weights into each unit; 0 for none.
    """
    def __cinit__(self, Stack stack, **_):
        fr_door_make(&self.door)
        self.n_threads = stack.n_threads
        self.barrier = <fr_arrivals *> calloc(self.n_threads, sizeof(fr_arrivals))
        if self.barrier == NULL:
            raise MemoryError

    def __dealloc__(self):
        fr_door_remove(&self.door)
        free(self.barrier)

    def __init__(self, Stack stack, *, double clip=0, double max_norm=0):
        self.stack, self.clip, self.max_norm = stack, clip, max_norm
        self.rows = Shares(self.n_threads, 1, n_blocks_of(stack.n_rows))
        self.tiles = Shares(self.n_threads, stack.tiles.fraction)
        if stack.n_panels:
            self.n_entered = stack.first_trained + 1
            self.enters_early = not clip and not max_norm and stack.first_output_is_apart()

    def load(self):
        """Take note that the parameters were written to from outside."""
        self.stack.load()

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
        return <double> self.stack.parameters.size * max(self.starts[1] - self.starts[0], 1) * 3

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
                fr_team_run(differentiate_share, <void *> self, self.barrier, self.n_threads)
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
            self.run(1 if alone else self.n_threads)
            return
        # the first run wakes the team
        begin = fr_team_clock()
        self.run(1 if phase == 2 else self.n_threads)
        seconds = (fr_team_clock() - begin) / (self.run_last - self.run_first)
        if phase == 1 or phase == 2:
            self.seconds[phase - 1] = seconds
        elif again:
            self.seconds[0] = min(self.seconds[0], seconds)

    cdef void run(self, int n_threads) noexcept nogil:
        """Run these batches; a team learns from it who is how fast, if all were awake."""
        self.rows.forget()
        self.tiles.forget()
        fr_team_run(train_share, <void *> self, self.barrier, n_threads)
        if self.is_awake and self.rows.seconds > 0:
            self.rows.adapt()
            self.tiles.adapt()
        self.is_awake = n_threads > 1

    # ---- what one thread of the team does ----

    cdef void train_batches(self, int thread, int n_threads) noexcept nogil:
        cdef Batch batch, next
        cdef Share share, next_share
        cdef double weight = 0      # of the penalty of the batch before
        cdef Py_ssize_t b
        cdef bint has_next
        if self.run_first == self.run_last:
            return
        if thread == 0 and n_threads > 1:
            self.last_wait = fr_team_clock()
        self.take(self.run_first, thread, n_threads, &next, &next_share)
        self.stack.forward(0, self.n_entered, &next, &next_share)
        for b in range(self.run_first, self.run_last):
            batch, share = next, next_share
            has_next = b + 2 < self.starts.shape[0]
            if self.n_entered:
                self.wait(self.tiles, &share)
            if thread == 0 and b > self.run_first:
                self.penalty += weight * self.stack.sum_penalties()
            weight = batch.n_rows * batch.scale
            self.pass_through(&batch, &share)
            self.wait(self.rows, &share)
            if thread == 0:
                self.data_loss += batch.n_rows * self.stack.loss.total(&batch)
            if has_next:
                self.take(b + 1, thread, n_threads, &next, &next_share)
            self.move(b, &batch, &share, &next if has_next else NULL, &next_share)
            if b + 1 == self.run_last or not self.enters_early:
                self.wait(self.tiles, &share)
            if b + 1 < self.run_last:
                self.stack.forward(0, self.n_entered, &next, &next_share)
        if thread == 0:
            self.penalty += weight * self.stack.sum_penalties()

    cdef void differentiate_batch(self, int thread, int n_threads) noexcept nogil:
        cdef Batch batch
        cdef Share share
        cdef Piece piece
        cdef Py_ssize_t tile, b = self.run_first
        self.take(b, thread, n_threads, &batch, &share)
        self.stack.forward(0, self.n_entered, &batch, &share)
        if self.n_entered:
            wait_for_all(&share)
        self.pass_through(&batch, &share)
        wait_for_all(&share)
        if thread == 0:
            self.data_loss += self.stack.loss.total(&batch)
        piece.last = 0
        while self.stack.tiles.next_piece(&piece, &share):
            self.stack.form_gradients(&batch, &share, &piece)
            if b + 2 == self.starts.shape[0]:
                for tile in range(piece.first, piece.last):
                    self.stack.add_penalty(tile, &batch)
        if b + 2 == self.starts.shape[0]:
            wait_for_all(&share)
            if thread == 0:
                self.penalty = batch.scale * self.stack.sum_penalties()

    cdef void wait(self, Shares shares, const Share *share) noexcept nogil:
        """Wait for all threads, and take note of how long, and how long the work took."""
        cdef double begin, end
        if share.n_threads != self.n_threads or share.n_threads == 1:
            wait_for_all(share)
            return
        begin = fr_team_clock()
        wait_for_all(share)
        end = fr_team_clock()
        shares.note(share.thread, end - begin)
        if share.thread == 0:
            shares.seconds += end - self.last_wait
            self.last_wait = end

    cdef void take(self, Py_ssize_t b, int thread, int n_threads, Batch *batch,
                   Share *share) noexcept nogil:
        """A batch, and this thread's share of it."""
        self.describe(b, batch)
        share.thread, share.n_threads, share.barrier = thread, n_threads, self.barrier
        share.first_block = self.rows.cut(thread, n_threads, batch.n_blocks)
        share.last_block = self.rows.cut(thread + 1, n_threads, batch.n_blocks)
        share.first = block_start(batch, share.first_block)
        share.last = block_start(batch, share.last_block)
        share.first_panel = equal_share(self.stack.n_panels, thread, n_threads)
        share.last_panel = equal_share(self.stack.n_panels, thread + 1, n_threads)
        share.low = self.tiles.bound(thread, n_threads)
        share.high = self.tiles.bound(thread + 1, n_threads)

    cdef void describe(self, Py_ssize_t b, Batch *batch) noexcept nogil:
        batch.samples = &self.order[self.starts[b]]
        batch.n_rows = self.starts[b + 1] - self.starts[b]
        batch.next_samples = NULL
        if b + 2 < self.starts.shape[0] and batch.n_rows <= self.starts[b + 2] - self.starts[b + 1]:
            batch.next_samples = &self.order[self.starts[b + 1]]
        batch.n_blocks = n_blocks_of(batch.n_rows)
        batch.number = self.number + b
        batch.scale = self.fixed_scale if self.fixed_scale > 0 else self.stack.loss.scale(batch)
        batch.add = self.add

    cdef void pass_through(self, const Batch *batch, const Share *share) noexcept nogil:
        """Forward, loss and backward for this thread's rows, behind layers that were entered."""
        self.stack.forward(self.n_entered, self.stack.n_layers, batch, share)
        self.stack.backward(batch, share)

    cdef void move(self, Py_ssize_t b, const Batch *batch, const Share *share,
                   const Batch *next, const Share *next_share) noexcept nogil:
        """Gradients and steps of this thread's tiles; `next` is NULL after the last batch."""
        cdef Step step
        step.rate, step.decay, step.threshold = self.rates[b], self.decays[b], self.thresholds[b]
        step.clip_scale = 1
        if self.clip == 0 and self.max_norm == 0:
            self.move_by_pieces(batch, share, next, next_share, &step)
        else:
            self.move_together(batch, share, &step)

    cdef void move_by_pieces(self, const Batch *batch, const Share *share, const Batch *next,
                             const Share *next_share, const Step *step) noexcept nogil:
        """Each piece while it is in the cache; rows of the next batch are fetched meanwhile."""
        cdef Piece piece
        cdef Py_ssize_t tile, done = 0, n_tiles = self.stack.tiles.count(share)
        piece.last = 0
        while self.stack.tiles.next_piece(&piece, share):
            self.stack.form_gradients(batch, share, &piece)
            for tile in range(piece.first, piece.last):
                self.stack.move(tile, batch, step)
                self.stack.refresh(tile)
                if next != NULL:
                    self.stack.expect(next, next_share, done, n_tiles)
                done += 1

    cdef void move_together(self, const Batch *batch, const Share *share,
                            Step *step) noexcept nogil:
        """All gradients before all steps, whose norms need them."""
        cdef Py_ssize_t tile
        cdef Piece piece
        piece.last = 0
        while self.stack.tiles.next_piece(&piece, share):
            self.stack.form_gradients(batch, share, &piece)
            for tile in range(piece.first, piece.last):
                if self.clip > 0:
                    self.stack.measure_slopes(tile, batch)
        if self.clip > 0:
            wait_for_all(share)
            step.clip_scale = self.stack.clip_scale(self.clip)
        for tile in range(self.stack.tiles.n):
            if self.stack.tiles.takes(tile, share):
                self.stack.move(tile, batch, step)
        if self.max_norm > 0:
            wait_for_all(share)
            self.stack.limit_norms(self.max_norm, share)
            wait_for_all(share)
        for tile in range(self.stack.tiles.n):
            if self.stack.tiles.takes(tile, share):
                self.stack.refresh(tile)


cdef Py_ssize_t n_blocks_of(Py_ssize_t n_rows) noexcept nogil:
    cdef Py_ssize_t n_blocks = 1
    while n_blocks < MAX_BLOCKS and n_rows >= 2 * n_blocks * MIN_BLOCK_ROWS:
        n_blocks *= 2
    return n_blocks


cdef void train_share(void *network, int thread, int n_threads) noexcept nogil:
    (<Network> network).train_batches(thread, n_threads)


cdef void differentiate_share(void *network, int thread, int n_threads) noexcept nogil:
    (<Network> network).differentiate_batch(thread, n_threads)
