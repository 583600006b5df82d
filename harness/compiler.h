/*
 * compiler.h - the few things that the language does not say.
 *
 * ALWAYS_INLINE  ops and role loops: stamped into one function per mechanism
 * NOINLINE       a stamped loop stays a symbol of its own, for objdump
 * COLD           out of line on purpose: the only calls of ours that a stamped
 *                loop may hold (see scripts/check-inline)
 * CALLED         the same for what is meant to be fast: optimised like any function
 */
#ifndef HARNESS_COMPILER_H
#define HARNESS_COMPILER_H

#define ALWAYS_INLINE static inline __attribute__((always_inline, unused))
#if defined(__clang__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif
/* a section of its own, so that check-inline can tell COLD from forgotten */
#define COLD        __attribute__((cold, noinline, section(".text.handoff_cold"), unused))
#define CALLED      __attribute__((noinline, section(".text.handoff_cold"), unused))
#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define BIT(n)          (1u << (n))
#define ARRAY_LEN(a)    (sizeof(a) / sizeof((a)[0]))
#define ROUND_UP(x, to) (((x) + (to)-1) / (to) * (to))

enum {
	CACHE_LINE = 64,
	/* adjacent-line and stream prefetchers pull more than one line */
	WORKER_STRIDE = 256,
};

#define OWN_LINE   _Alignas(CACHE_LINE)
#define OWN_STRIDE _Alignas(WORKER_STRIDE)

#endif
