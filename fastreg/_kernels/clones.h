/* Which instruction sets a function is compiled for.
 *
 * On x86-64 with GCC and glibc a marked function is compiled for several of them
 * and the best one is picked at load time; elsewhere it is compiled once. No build
 * flag selects a CPU.
 */
#ifndef FASTREG_CLONES_H
#define FASTREG_CLONES_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define FR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
/* for products: 256 bits wide with fused multiply-add, which neither of these implies */
#define FR_CLONES_FMA __attribute__((target_clones("fma", "default")))
/* for loops written with vectors of 512 bits, and whether this machine has them */
#define FR_WIDE __attribute__((target("avx512f")))
#define FR_HAS_WIDE __builtin_cpu_supports("avx512f")
#else
#define FR_CLONES
#define FR_CLONES_FMA
#endif
#if defined(__GNUC__)
#define FR_UNUSED __attribute__((unused))
#define FR_INLINE FR_UNUSED static inline __attribute__((always_inline))
#else
#define FR_UNUSED
#define FR_INLINE static inline
#endif
/* fetch a line into the second cache */
#if defined(__GNUC__)
#define FR_PREFETCH(p) __builtin_prefetch(p, 0, 2)
#else
#define FR_PREFETCH(p) (void)(p)
#endif
/* a moment in a loop that waits for another thread */
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define FR_PAUSE() __builtin_ia32_pause()
#elif defined(__GNUC__) && defined(__aarch64__)
#define FR_PAUSE() __asm__ volatile("yield")
#else
#define FR_PAUSE() (void)0
#endif
#define FR_FUNCTION FR_UNUSED FR_CLONES static
#define FR_PRODUCT FR_UNUSED FR_CLONES_FMA static

#endif
