/*
 * spawn/coroutine - a coroutine whose stack is switched by swapcontext(), which also
 * saves the signal mask by a system call each time.
 */
#include "primitives/spawn/parts/coroutine.h"

SPAWN_STAMP(spawn_coroutine, coroutine_ops, AWAITS);

const struct mech mech_spawn_coroutine = {
	COROUTINE_COMMON(spawn_coroutine),
	.name = "spawn/coroutine",
	.summary = "a coroutine, switched by swapcontext()",
	.flags = MECH_UCONTEXT,
};
