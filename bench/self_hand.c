/*
 * self_hand.c - see self_hand.h.  Deliberately plain: what somebody would write
 * who knows exactly one mechanism, threads only, with our stamp and our checks.
 */
#include "bench/self_hand.h"

#include "harness/compiler.h"

const struct hand hands[] = {
	{"hand-written mutex loop, one worker", "lock/mutex/uncontended?domain=thread",
		hand_mutex_alone, false, true},
	{"hand-written loop, the same ring, one worker",
		"channel/ring-spsc/uncontended?domain=thread&wait=spin", self_ring_alone, false,
		true},
	{"hand-written loop, the same ring", "channel/ring-spsc/stream?domain=thread&wait=spin",
		self_ring_stream, false, true},
	/* what a stamp in 64 operations costs: no limit */
	{"the same ring, no clock in its loop", "channel/ring-spsc/stream?domain=thread&wait=spin",
		self_ring_bare, false, false},
	{"another ring by hand, one worker",
		"channel/ring-spsc/uncontended?domain=thread&wait=spin", hand_ring_alone, false,
		false},
	{"hand-written mutex loop", "lock/mutex/contend?domain=thread", hand_mutex, false, true},
	{"hand-written atomic addition", "lock/atomic-add/contend?domain=thread", hand_add, false,
		true},
	{"another ring by hand", "channel/ring-spsc/stream?domain=thread&wait=spin", hand_ring,
		false, false},
#if HAND_HAS_CK
	{"ck_ring SPSC, same stamp", "channel/ring-spsc/stream?domain=thread&size=8&wait=spin",
		hand_ck, false, false},
#endif
	{"CPU, by hand", "channel/pipe/stream?domain=thread&placement=same-pu", self_pipe, true,
		true},
	{"CPU, by hand", "channel/pipe-duplex/stream?domain=thread&placement=same-pu", self_unix,
		true, true},
	{"CPU, by hand", "channel/tcp/stream?domain=thread&placement=same-pu", self_tcp, true,
		true},
	{"CPU, by hand", "channel/pipe/stream?domain=thread", self_pipe, true, true},
	{"CPU, by hand", "channel/pipe-duplex/stream?domain=thread", self_unix, true, true},
	{"CPU, by hand", "channel/tcp/stream?domain=thread", self_tcp, true, true},
};

const size_t hand_count = ARRAY_LEN(hands);
