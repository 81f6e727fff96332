/* OpenMP where the compiler has it, one thread where it has not. */
#ifndef FASTREG_THREADS_H
#define FASTREG_THREADS_H
#ifdef _OPENMP
#include <omp.h>
static int fr_openmp_version(void) { return _OPENMP; }
static int fr_max_threads(void) { return omp_in_parallel() ? 1 : omp_get_max_threads(); }
#ifdef FASTREG_HAVE_OMP_PAUSE
static int fr_pause_threads(void) { return omp_pause_resource_all(omp_pause_soft); }
#else
static int fr_pause_threads(void) { return -1; }
#endif
#else
static int fr_openmp_version(void) { return 0; }
static int fr_max_threads(void) { return 1; }
static int fr_pause_threads(void) { return 0; }
#endif
#endif
