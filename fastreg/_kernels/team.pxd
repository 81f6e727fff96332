"""Threads that run one function together: see team.h."""

cdef extern from "team.h" nogil:
    ctypedef struct fr_arrivals:
        pass
    ctypedef struct fr_door:
        pass
    ctypedef void (*fr_share_function)(void *context, int thread, int n_threads) noexcept nogil
    void fr_team_run(fr_share_function f, void *context, fr_arrivals *barrier, int n)
    void fr_team_wait(fr_arrivals *barrier, int thread, int n_threads)
    double fr_team_clock()
    void fr_door_make(fr_door *door)
    void fr_door_remove(fr_door *door)
    void fr_door_enter(fr_door *door)
    void fr_door_leave(fr_door *door)
