/*
 * channel/file-queue - messages appended to a file that outlives its processes; never
 * synchronised to the disk.
 *
 * One send is one write into the file under a mutex, and a signal; one receive is one
 * read, and one small write that says that the message before is done.  What was sent
 * survives its processes, not the machine.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/file_queue.h"

ALWAYS_INLINE enum result file_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return file_queue_put(p, FILE_SYNC_NEVER, msg, len, how);
}

static void file_close(struct port *p)
{
	file_queue_close(p, FILE_SYNC_NEVER);
}

static const struct channel_ops file_ops = {
	.send = file_send,
	.recv = file_queue_take,
	.close = file_close,
	.length = file_queue_length,
};
CHANNEL_STAMP(channel_file_queue, file_ops, WAITS_USER);

const struct mech mech_channel_file_queue = {
	CHANNEL_COMMON(channel_file_queue, file_ops, WAITS_USER),
	.name = "channel/file-queue",
	.summary = "messages appended to a file, which survives its processes; no fsync",
	.flags = MECH_COUNTS_WAITS,
	.contract =
		{
			CONTRACT_FILE_QUEUE,
		},
	FILE_QUEUE_PORT,
};
