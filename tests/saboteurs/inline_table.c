/* A saboteur for check-inline: the ops table is picked at run time. */
#include "harness/family/channel.h"

ALWAYS_INLINE enum result table_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	(void)p;
	(void)msg;
	(void)len;
	(void)how;
	return OP_DONE;
}

ALWAYS_INLINE enum result table_recv(
	struct port *p, uint8_t *msg, uint32_t room, uint32_t *len, struct how how)
{
	(void)p;
	(void)msg;
	(void)how;
	*len = room;
	return OP_DONE;
}

/* not constant: whoever links this in may change it */
extern struct channel_ops saboteur_ops;
struct channel_ops saboteur_ops = {.send = table_send, .recv = table_recv};
CHANNEL_STAMP(saboteur_table, saboteur_ops, BIT(WAIT_BLOCK));
extern const loop_table *const saboteur_table;
const loop_table *const saboteur_table = &saboteur_table_loops;
