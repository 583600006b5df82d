/* A saboteur for check-inline: an op that is not inlined. */
#include "harness/family/channel.h"

static __attribute__((noinline)) enum result call_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)how;
	__asm__ volatile("" ::"r"(p), "r"(msg), "r"(len) : "memory");
	return OP_DONE;
}

ALWAYS_INLINE enum result call_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)p;
	(void)msg;
	(void)how;
	*len = room;
	return OP_DONE;
}

static const struct channel_ops call_ops = {.send = call_send, .recv = call_recv};
CHANNEL_STAMP(saboteur_call, call_ops, BIT(WAIT_BLOCK));
extern const loop_table *const saboteur_call;
const loop_table *const saboteur_call = &saboteur_call_loops;
