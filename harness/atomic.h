/*
 * atomic.h - every access to shared memory that no lock guards.
 *
 * Thin names over C11 atomics, so that an ordering can be read at a glance and
 * found by grep.  No standalone fence: ThreadSanitizer does not model them, and
 * a fence without its load or store says nothing about what it orders.  Where
 * a store must be ordered before a later load (Dekker), both are *_seq.
 */
#ifndef HARNESS_ATOMIC_H
#define HARNESS_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/compiler.h"

typedef _Atomic uint8_t atomic_u8;
typedef _Atomic uint32_t atomic_u32;
typedef _Atomic uint64_t atomic_u64;

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
	"shared memory needs lock-free 32-bit and 64-bit atomics");

#define load_relaxed(p)     atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p)     atomic_load_explicit((p), memory_order_acquire)
#define load_seq(p)         atomic_load_explicit((p), memory_order_seq_cst)
#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define store_seq(p, v)     atomic_store_explicit((p), (v), memory_order_seq_cst)

#define add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define add_acq_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define add_seq(p, v)     atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define sub_acq_rel(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define sub_seq(p, v)     atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)

#define swap_acq_rel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)

/* Strong compare and swap; *want holds what was found on failure. */
#define cas_acq_rel(p, want, v)                                                                    \
	atomic_compare_exchange_strong_explicit(                                                   \
		(p), (want), (v), memory_order_acq_rel, memory_order_acquire)

/* Tell the core that this is a spin: saves power and the sibling's slots. */
ALWAYS_INLINE void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
