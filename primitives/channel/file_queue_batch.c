/*
 * channel/file-queue-batch - channel/file-queue, synchronised to the disk once in
 * FILE_BATCH messages and as a sender closes.
 *
 * What was sent survives its processes at once, and the machine with its batch.
 */
#include "harness/family/channel.h"
#include "primitives/channel/parts/file_queue.h"

ALWAYS_INLINE enum result batch_send(
	struct port *p, const uint8_t *msg, uint32_t len, struct how how)
{
	return file_queue_put(p, FILE_SYNC_BATCH, msg, len, how);
}

static void batch_close(struct port *p)
{
	file_queue_close(p, FILE_SYNC_BATCH);
}

static const struct channel_ops batch_ops = {
	.send = batch_send,
	.recv = file_queue_take,
	.close = batch_close,
	.length = file_queue_length,
};
CHANNEL_STAMP(channel_file_queue_batch, batch_ops, BIT(WAIT_BLOCK));

const struct mech mech_channel_file_queue_batch = {
	CHANNEL_COMMON(channel_file_queue_batch, batch_ops, BIT(WAIT_BLOCK)),
	.name = "channel/file-queue-batch",
	.summary = "file-queue, on the disk by the batch: fdatasync every 64 messages",
	.flags = MECH_COUNTS_WAITS | MECH_DEVICE,
	.contract =
		{
			CONTRACT_FILE_QUEUE,
		},
	FILE_QUEUE_PORT,
};
