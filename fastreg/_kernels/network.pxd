"""A network that is trained: see network.pyx."""
from fastreg._kernels.layer cimport Batch, Share
from fastreg._kernels.shares cimport Shares
from fastreg._kernels.stack cimport Stack, Step
from fastreg._kernels.team cimport fr_arrivals, fr_door

cdef enum:
    RUN_WORK = 1 << 27   # multiplications of a run of batches: some milliseconds


cdef class Network:
    cdef readonly Stack stack
    cdef Py_ssize_t n_entered        # layers up to a first one that is shared by panels
    cdef bint enters_early           # the next batch, before all weights have moved
    cdef int n_threads
    cdef Shares rows, tiles          # of rows, and of tiles that are not shared by panels
    cdef double clip, max_norm
    # the run that is going on
    cdef const Py_ssize_t[::1] order, starts
    cdef const double[::1] rates, decays, thresholds
    cdef Py_ssize_t run_first, run_last
    cdef unsigned long long number
    cdef double data_loss, penalty
    cdef double fixed_scale
    cdef bint add
    cdef Py_ssize_t n_runs
    cdef double seconds[2]           # of a batch: by the team, by one thread
    cdef double last_wait            # when the first thread's ended
    cdef bint is_awake               # the team, from the last run
    cdef fr_door door
    cdef fr_arrivals *barrier        # the team's: one for each thread

    cdef double batch_work(self)
    cdef void advance(self, Py_ssize_t run) noexcept nogil
    cdef void run_timed(self, Py_ssize_t run, Py_ssize_t n_batches) noexcept nogil
    cdef void run(self, int n_threads) noexcept nogil
    cdef void train_batches(self, int thread, int n_threads) noexcept nogil
    cdef void differentiate_batch(self, int thread, int n_threads) noexcept nogil
    cdef void wait(self, Shares shares, const Share *share) noexcept nogil
    cdef void take(self, Py_ssize_t b, int thread, int n_threads, Batch *batch,
                   Share *share) noexcept nogil
    cdef void describe(self, Py_ssize_t b, Batch *batch) noexcept nogil
    cdef void pass_through(self, const Batch *batch, const Share *share) noexcept nogil
    cdef void move(self, Py_ssize_t b, const Batch *batch, const Share *share,
                   const Batch *next, const Share *next_share) noexcept nogil
    cdef void move_by_pieces(self, const Batch *batch, const Share *share, const Batch *next,
                             const Share *next_share, const Step *step) noexcept nogil
    cdef void move_together(self, const Batch *batch, const Share *share,
                            Step *step) noexcept nogil
