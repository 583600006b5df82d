/*
 * channel/file-queue-sync - channel/file-queue, each message on the disk before its
 * send returns.
 *
 * What was sent survives the machine, as far as the file system and the disk keep
 * their promises; on a file system in memory it survives nothing but its processes.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/file_queue.h"

ALWAYS_INLINE enum result each_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return file_queue_put(p, FILE_SYNC_EACH, msg, len, how);
}

static void each_close(struct port *p)
{
	file_queue_close(p, FILE_SYNC_EACH);
}

static const struct channel_ops each_ops = {
	.send = each_send,
	.recv = file_queue_take,
	.close = each_close,
	.length = file_queue_length,
};
CHANNEL_STAMP(channel_file_queue_sync, each_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_file_queue_sync = {
	CHANNEL_COMMON(channel_file_queue_sync, each_ops, BIT(WAIT_BLOCK)),
	.name = "channel/file-queue-sync",
	.summary = "file-queue, each message on the disk: fdatasync in every send",
	.flags = MECH_COUNTS_WAITS | MECH_DEVICE,
	.contract =
		{
			CONTRACT_FILE_QUEUE,
		},
	FILE_QUEUE_PORT,
};
