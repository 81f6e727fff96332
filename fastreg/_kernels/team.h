/* Threads that run one function together and wait for each other inside it. */
#ifndef FASTREG_TEAM_H
#define FASTREG_TEAM_H

#ifdef _OPENMP
#include <omp.h>
#endif
#ifndef _WIN32
#include <sched.h>
#endif

#include "clones.h"

typedef void (*fr_share_function)(void *context, int thread, int n_threads);

/* How often a thread of the team has come to the barrier: one for each, a line of the cache
 * apart. OpenMP's barrier wakes sleepers each time, by a call of the system that takes longer
 * than the wait itself where threads meet every ten microseconds. Here nobody sleeps, whatever
 * OMP_WAIT_POLICY says: who has waited for a moment lets others have the core. */
typedef struct {
    unsigned count;
    char line[64 - sizeof(unsigned)];
} fr_arrivals;

enum { FR_SPINS = 64 }; /* a microsecond or so */

/* Run f on up to n threads, which wait for each other at `barrier`; it is told how many there
 * are. Teams of other sizes leave unequal counts. */
FR_UNUSED static void fr_team_run(fr_share_function f, void *context, fr_arrivals *barrier, int n)
{
    for (int thread = 0; thread < n; thread++) barrier[thread].count = 0;
#ifdef _OPENMP
    if (n > 1) {
#pragma omp parallel num_threads(n)
        f(context, omp_get_thread_num(), omp_get_num_threads());
        return;
    }
#endif
    (void)n;
    f(context, 0, 1);
}

/* Called by every thread of a team: wait until all have come here. */
FR_UNUSED static void fr_team_wait(fr_arrivals *barrier, int thread, int n_threads)
{
#if defined(_OPENMP) && defined(__GNUC__) && !defined(_WIN32)
    const unsigned count = barrier[thread].count + 1;
    int spins = 0;
    __atomic_store_n(&barrier[thread].count, count, __ATOMIC_RELEASE);
    for (int other = 0; other < n_threads; other++)
        /* one that was faster may have come to the next barrier by now */
        while ((int)(__atomic_load_n(&barrier[other].count, __ATOMIC_ACQUIRE) - count) < 0)
            if (spins < FR_SPINS) {
                spins++;
                FR_PAUSE();
            } else {
                sched_yield();
            }
#elif defined(_OPENMP)
    if (n_threads > 1) {
#pragma omp barrier
    }
#endif
    (void)barrier, (void)thread, (void)n_threads;
}

/* A door that one thread at a time goes through. */
#ifdef _OPENMP
typedef omp_lock_t fr_door;
FR_UNUSED static void fr_door_make(fr_door *door) { omp_init_lock(door); }
FR_UNUSED static void fr_door_remove(fr_door *door) { omp_destroy_lock(door); }
FR_UNUSED static void fr_door_enter(fr_door *door) { omp_set_lock(door); }
FR_UNUSED static void fr_door_leave(fr_door *door) { omp_unset_lock(door); }
#else
typedef int fr_door;
FR_UNUSED static void fr_door_make(fr_door *door) { *door = 0; }
FR_UNUSED static void fr_door_remove(fr_door *door) { (void)door; }
FR_UNUSED static void fr_door_enter(fr_door *door) { (void)door; }
FR_UNUSED static void fr_door_leave(fr_door *door) { (void)door; }
#endif

/* Seconds since some moment; 0 without OpenMP, where there are no teams to time. */
FR_UNUSED static double fr_team_clock(void)
{
#ifdef _OPENMP
    return omp_get_wtime();
#else
    return 0;
#endif
}

#endif
