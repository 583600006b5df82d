/*
 * coroutine_switch.h - from one stack to another; for coroutine.c only.
 *
 * A context is where a coroutine stands.  The sanitizers and valgrind are told
 * of each stack and each switch; without them that costs nothing.
 */
#ifndef HARNESS_COROUTINE_SWITCH_H
#define HARNESS_COROUTINE_SWITCH_H

#include <stddef.h>
#include <ucontext.h>

#include "harness/coroutine.h"

struct coro_context {
	void *sp;             /* assembly: everything else lies on the stack */
	ucontext_t *ucontext; /* ucontext: malloc'd; NULL else */
	void *stack;          /* NULL: the thread's own, whose bounds are then found out */
	size_t stack_bytes;
	void *fake_stack; /* AddressSanitizer's */
	void *fiber;      /* ThreadSanitizer's */
	unsigned valgrind_id;
	bool own; /* the thread's own stack */
};

/* A context that begins with entry() on its stack.  0 or -errno. */
int coro_context_init(struct coro_context *c, enum coro_switch how, void *stack, size_t stack_bytes,
	void (*entry)(void));

/* The context of the thread that calls.  0 or -errno. */
int coro_context_init_own(struct coro_context *c, enum coro_switch how);

/* Frees what the two above took; not the stack. */
void coro_context_free(struct coro_context *c);

/* Stand still in `from`, go on in `to`.  last: nobody will come back to `from`. */
void coro_context_switch(struct coro_context *from, struct coro_context *to, bool last);

/* First thing in a context that is entered for the first time. */
void coro_context_entered(struct coro_context *c, struct coro_context *from);

#endif
