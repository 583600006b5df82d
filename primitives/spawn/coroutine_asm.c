/*
 * spawn/coroutine-asm - a coroutine whose stack is switched by a few instructions.
 */
#include "primitives/spawn/parts/coroutine.h"

static const char *asm_probe(void)
{
	return coro_switch_offered(CORO_ASSEMBLY) ? NULL
						  : "no switch is written for this processor";
}

SPAWN_STAMP(spawn_coroutine_asm, coroutine_ops, AWAITS);

const struct mech mech_spawn_coroutine_asm = {
	COROUTINE_COMMON(spawn_coroutine_asm),
	.name = "spawn/coroutine-asm",
	.summary = "a coroutine, switched by a few instructions",
	.probe = asm_probe,
};
