/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SCTP: what NAT does to its packets (ports and CRC32c), what opens an association, and the
 * kernel's state table, event by event, for both directions and for connections of which only the
 * client's packets are seen. Sources: the kernel's IPVS (recorded), RFC 9260.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#define INIT                                                                                       \
	"0100001411111111"                                                                         \
	"0000ffff0001000100000001"
#define INIT_ACK                                                                                   \
	"0200001422222222"                                                                         \
	"0000ffff0001000100000001"
#define COOKIE_ECHO  "0a000008636f6f6b"
#define COOKIE_ACK   "0b000004"
#define ABORT        "06000004"
#define DATA_OF_1400 "00030578000000010000000000000000"

/* VIP:2905 -> SERVER_IP:9000, VIP:36412 -> SERVER_IP:36412 */
static uint32_t dest;

static void services(void)
{
	dest = world_dest(world_service(IPPROTO_SCTP, VIP, 2905, "rr"), SERVER_IP, 9000, 1);
	world_dest(world_service(IPPROTO_SCTP, VIP, 36412, "rr"), SERVER_IP, 36412, 1);
	world_publish();
}

static void services_dr(void)
{
	services();
	world_dest_method(dest, FWD_DIRECT);
	world_publish();
}

static void services_quiesced(void)
{
	services();
	world_dest_weight(dest, 0);
	world_publish();
}

#define OPEN                                                                                       \
	{                                                                                          \
		.from = CLIENT, .in = SCTP_IN(.chunks = INIT)                                      \
	}

static const struct pkt forwarded = SCTP_FORWARDED(.chunks = COOKIE_ECHO);
static const struct pkt sent = SCTP_IN(.chunks = COOKIE_ECHO, .ttl = 63);
static const struct pkt refused = SCTP_IN(.chunks = INIT);

static const struct row rows[] = {
	{
		.what = "INIT opens; port and checksum change",
		.setup = services,
		.in = SCTP_IN(.chunks = INIT, .id = 0x1001, .frag = 0x4000, .tos = 0xbb),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = INIT, .id = 0x1001, .frag = 0x4000, .tos = 0xbb),
		.counters = "conn_created",
	},
	{
		.what = "INIT, port not changed",
		.setup = services,
		.in = SCTP_IN(.chunks = INIT, .dport = 36412),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = INIT, .dport = 36412),
		.counters = "conn_created",
	},
	{
		.what = "INIT behind IP options",
		.setup = services,
		.in = SCTP_IN(.chunks = INIT, .ip_options = "01010101"),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = INIT, .ip_options = "01010101"),
		.counters = "conn_created",
	},
	{
		.what = "INIT with padding behind the packet: not part of the checksum",
		.setup = services,
		.in = SCTP_IN(.chunks = INIT, .padding = 6),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = INIT),
		.counters = "conn_created",
	},
	{
		.what = "INIT ACK: source becomes the virtual one",
		.setup = services,
		.before = {OPEN},
		.from = SERVER,
		.in = SCTP_REPLY(.chunks = INIT_ACK),
		.to = CLIENT,
		.out = SCTP_BACK(.chunks = INIT_ACK),
	},
	{
		.what = "DATA of 1,400 bytes",
		.setup = services,
		.before = {OPEN},
		.in = SCTP_IN(.chunks = DATA_OF_1400, .payload = 1384),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = DATA_OF_1400, .payload = 1384),
	},
	{
		.what = "a wrong checksum stays wrong by as much",
		.setup = services,
		.before = {OPEN},
		.in = SCTP_IN(.chunks = COOKIE_ECHO, .checksum_off_by = 0x5a5a),
		.to = SERVER,
		.out = SCTP_FORWARDED(.chunks = COOKIE_ECHO, .checksum_off_by = 0x5a5a),
	},
	{
		.what = "a wrong checksum stays wrong, reply",
		.setup = services,
		.before = {OPEN},
		.from = SERVER,
		.in = SCTP_REPLY(.chunks = INIT_ACK, .checksum_off_by = 1),
		.to = CLIENT,
		.out = SCTP_BACK(.chunks = INIT_ACK, .checksum_off_by = 1),
	},
	{
		.what = "DR changes nothing but the TTL",
		.setup = services_dr,
		.in = SCTP_IN(.chunks = INIT, .checksum_off_by = 7),
		.to = SERVER,
		.out = SCTP_IN(.chunks = INIT, .checksum_off_by = 7, .ttl = 63,
			       .to = 0x02000a020001),
		.counters = "conn_created",
	},
	{
		.what = "another chunk than INIT opens nothing: the kernel's",
		.setup = services,
		.in = SCTP_IN(.chunks = COOKIE_ECHO),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "INIT behind another chunk opens nothing",
		.setup = services,
		.in = SCTP_IN(.chunks = "03000004" INIT),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "INIT to a port without service: the kernel's",
		.setup = services,
		.in = SCTP_IN(.chunks = INIT, .dport = 80),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "INIT to a TCP service's port: the kernel's",
		.in = SCTP_IN(.chunks = INIT, .dport = 443),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "a fragment is the kernel's",
		.setup = services,
		.before = {OPEN},
		.in = SCTP_IN(.chunks = COOKIE_ECHO, .frag = 0x2000),
		.punted = true,
		.counters = "punted",
	},
	{
		.what = "INIT, no server: port unreachable",
		.setup = services_quiesced,
		.in = SCTP_IN(.chunks = INIT),
		.to = CLIENT,
		.out = ICMP_ERROR(VIP, CLIENT_IP, 3, 3, &refused),
		.counters = "no_destination icmp_sent",
	},
	{
		.what = "ICMP error of the server about SCTP: translated for the client",
		.setup = services,
		.before = {OPEN},
		.from = SERVER,
		.in = {.l4 = L4_ICMP,
		       .src = SERVER_IP,
		       .dst = CLIENT_IP,
		       .icmp_type = 3,
		       .icmp_code = 2,
		       .quote = &forwarded,
		       .quote_max = 28},
		.to = CLIENT,
		.out = {.l4 = L4_ICMP,
			.src = VIP,
			.dst = CLIENT_IP,
			.ttl = 63,
			.icmp_type = 3,
			.icmp_code = 2,
			.quote = &sent,
			.quote_max = 28},
	},
};

/* Every length of a packet, so that every number of bytes behind the ports is met. */
static void test_lengths(void **state)
{
	struct pkt open = SCTP_IN(.chunks = INIT), opened = SCTP_FORWARDED(.chunks = INIT);

	row_world(NULL);
	services();
	row_send(CLIENT, &open);
	row_expect(SERVER, &opened, "INIT");
	for (unsigned int n = 0; n < 1464; n = n < 40 ? n + 1 : n + 61) {
		struct pkt in = SCTP_IN(.chunks = "03000004", .payload = n);
		struct pkt out = SCTP_FORWARDED(.chunks = "03000004", .payload = n);

		row_send(CLIENT, &in);
		row_expect(SERVER, &out, "length");
	}
	world_end();
}

/* A packet in two segments, wherever it is cut behind its headers. */
static void test_segments(void **state)
{
	struct pkt open = SCTP_IN(.chunks = INIT), opened = SCTP_FORWARDED(.chunks = INIT);
	struct pkt in = SCTP_IN(.chunks = COOKIE_ECHO, .payload = 50);
	struct pkt out = SCTP_FORWARDED(.chunks = COOKIE_ECHO, .payload = 50);
	struct frame f;

	row_world(NULL);
	services();
	row_send(CLIENT, &open);
	row_expect(SERVER, &opened, "INIT");
	row_frame_in(CLIENT, &in, &f);
	for (size_t first = f.l3 + 20 + 16; first < f.len; first++) {
		world_inject_split(CLIENT, &f, first);
		world_turn();
		row_expect(SERVER, &out, "in segments");
	}
	world_end();
}

/* ---- states ---------------------------------------------------------------------------------- */

static struct conn_view the_conn(void)
{
	struct conn_view v;

	assert_int_equal(world_conns(&v, 1), 1);
	return v;
}

static void expect_state(const char *state, const char *what)
{
	struct conn_view v = the_conn();

	if (strcmp(v.state, state) != 0)
		fail_msg("%s: %s, expected %s", what, v.state, state);
}

/* What follows the first chunk counts only if it is an ABORT behind a cookie. */
static void test_bundles(void **state)
{
	static const struct {
		const char *chunks, *after;
	} bundles[] = {
		{COOKIE_ECHO ABORT, "CLOSED"},
		{COOKIE_ECHO "0000000831323334" ABORT, "ESTABLISHED"},
		{"0000000831323334" ABORT, "INIT1"},
		{"0a00000563000000" ABORT, "CLOSED"},
		{"0a00000463000000" ABORT, "ESTABLISHED"},
		{"0a000004" ABORT, "CLOSED"},
		{"0a000000" ABORT, "ESTABLISHED"},
		{"0a000003" ABORT, "ESTABLISHED"},
		{"0a000190" ABORT, "ESTABLISHED"},
		{"0a00ffff" ABORT, "ESTABLISHED"},
		{COOKIE_ECHO "06", "ESTABLISHED"},
		{COOKIE_ECHO "060000", "ESTABLISHED"},
		{COOKIE_ACK ABORT, "CLOSED"},
		{COOKIE_ACK "0000000831323334" ABORT, "INIT1"},
		{"07000004" ABORT, "INIT1"},
		{INIT ABORT, "INIT"},
		{"03000004" COOKIE_ECHO, "INIT1"},
		{COOKIE_ECHO "07000004", "ESTABLISHED"},
	};
	struct pkt open = SCTP_IN(.chunks = INIT);

	for (size_t i = 0; i < RTE_DIM(bundles); i++) {
		struct pkt in = SCTP_IN(.chunks = bundles[i].chunks);
		struct frame f;

		row_frame_in(CLIENT, &in, &f);
		/* Whole, and cut before its last byte: the second chunk need not be at hand. */
		for (size_t split = 0; split < 2; split++) {
			row_world(NULL);
			services_dr();
			row_send(CLIENT, &open);
			if (split)
				world_inject_split(CLIENT, &f, f.len - 1);
			else
				world_inject(CLIENT, 0, &f);
			world_turn();
			expect_state(bundles[i].after, bundles[i].chunks);
			world_end();
		}
	}
}

/* INIT on an association that is over is a new one's: the other server's turn. */
static void test_reopen(void **state)
{
	struct pkt open = SCTP_IN(.chunks = INIT), abort = SCTP_IN(.chunks = ABORT);
	struct pkt again = SCTP_FORWARDED(.chunks = INIT, .dst = "10.2.0.9");
	struct frame f;

	row_world(NULL);
	uint32_t svc = world_service(IPPROTO_SCTP, VIP, 2905, "rr");

	world_dest(svc, "10.2.0.9", 9000, 1);
	world_dest(svc, SERVER_IP, 9000, 1);
	world_publish();
	row_send(CLIENT, &open);
	row_send(CLIENT, &abort);
	expect_state("CLOSED", "after ABORT");
	while (world_sent(SERVER, &f))
		;
	row_send(CLIENT, &open);
	row_expect(SERVER, &again, "INIT on CLOSED");
	expect_state("INIT1", "reopened");
	world_end();
}

/* In the order of the table's columns, with the names that ipvsadm -Lc prints and the seconds. */
static const struct sctp_state {
	const char *letters, *name;
	unsigned int timeout;
} sctp_states[] = {
	{"NO", "NONE", 2},     {"I1", "INIT1", 4},       {"IN", "INIT", 61},
	{"CS", "C-SENT", 61},  {"CR", "C-REPLIED", 61},  {"CW", "C-WAIT", 61},
	{"CO", "COOKIE", 61},  {"CE", "C-ECHOED", 61},   {"ES", "ESTABLISHED", 900},
	{"SS", "S-SENT", 61},  {"SR", "S-RECEIVED", 61}, {"SA", "S-ACK-SENT", 61},
	{"RJ", "REJECTED", 4}, {"CL", "CLOSED", 61},
};

#define ESTABLISHED 8
#define CLOSED      13

/* Chunk and direction, and the state after, per state before. */
static const struct sctp_row {
	enum side from;
	bool replies_unseen; /* of a connection of which only the client's packets are seen */
	uint8_t chunk;
	const char *after;
} sctp_rows[] = {
	/*                     NO I1 IN CS CR CW CO CE ES SS SR SA RJ CL */
	{CLIENT, false, 0x00, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{CLIENT, false, 0x01, "I1 IN IN CS CR CW CO CE ES SS SR SA IN IN"},
	{CLIENT, false, 0x02, "CW CW CW CS CR CO CO CE ES SS SR SA RJ CL"},
	{CLIENT, false, 0x0a, "CR IN IN CR CR CW CO CE ES SS SR SA RJ CL"},
	{CLIENT, false, 0x0b, "ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL"},
	{CLIENT, false, 0x06, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL"},
	{CLIENT, false, 0x07, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL"},
	{CLIENT, false, 0x08, "CL IN IN CS CR CW CO CE ES CL SR CL RJ CL"},
	{CLIENT, false, 0x0e, "CL CL CL CS CR CW CO CE ES SS SR CL RJ CL"},
	{CLIENT, false, 0x09, "CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL"},
	{SERVER, false, 0x00, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{SERVER, false, 0x01, "CW CW CW CW CW CW CW CW ES CW CW CW CW CW"},
	{SERVER, false, 0x02, "CS CS CS CS CR CW CO CE ES SS SR SA RJ CL"},
	{SERVER, false, 0x0a, "CE CE CE CE CE CE CE CE ES SS SR SA RJ CL"},
	{SERVER, false, 0x0b, "ES ES ES ES ES ES ES ES ES SS SR SA RJ CL"},
	{SERVER, false, 0x06, "CL RJ CL CL CL CL CL CL CL CL CL CL CL CL"},
	{SERVER, false, 0x07, "SS SS SS SS SS SS SS SS SS SS SR SA RJ CL"},
	{SERVER, false, 0x08, "SA SA SA SA SA CW CO CE ES SA SA SA RJ CL"},
	{SERVER, false, 0x0e, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{SERVER, false, 0x09, "CL CL CL CL CL CW CO CE ES SS SR SA RJ CL"},
	{CLIENT, true, 0x00, "ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL"},
	{CLIENT, true, 0x01, "I1 IN IN IN IN IN CO CE ES SS SR SA IN IN"},
	{CLIENT, true, 0x02, "CE CE CE CE CE CE CO CE ES SS SR SA RJ CL"},
	{CLIENT, true, 0x0a, "ES ES ES ES ES ES CO CE ES SS SR SA RJ CL"},
	{CLIENT, true, 0x0b, "ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL"},
	{CLIENT, true, 0x06, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL"},
	{CLIENT, true, 0x07, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL"},
	{CLIENT, true, 0x08, "CL IN IN CS CR CW CO CE CL CL SR CL RJ CL"},
	{CLIENT, true, 0x0e, "CL CL CL CL CL CW CO CE ES SS CL CL RJ CL"},
	{CLIENT, true, 0x09, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	/* Chunks without an event of their own. */
	{CLIENT, false, 0x03, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{CLIENT, false, 0x04, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{SERVER, false, 0x05, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
	{CLIENT, true, 0xc1, "ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL"},
	/* The first reply ends "unseen": the ordinary table counts. */
	{SERVER, true, 0x0b, "ES ES ES ES ES ES ES ES ES SS SR SA RJ CL"},
};

static const struct sctp_state *state_of(const char *letters)
{
	for (size_t i = 0; i < RTE_DIM(sctp_states); i++)
		if (strncmp(sctp_states[i].letters, letters, 2) == 0)
			return &sctp_states[i];
	fail_msg("no state %.2s", letters);
	return NULL;
}

/* The one connection there is, whatever state it has, put into `state`; counts follow. */
static void force(uint8_t state, bool replies_unseen)
{
	struct worker *w = world_worker(0);
	struct conn *c = &w->conns.hot[0];
	bool active = state == ESTABLISHED;

	c->state = state;
	c->flags &= (uint16_t) ~(CONN_INACTIVE | CONN_NOOUTPUT);
	c->flags |= (uint16_t)((active ? 0 : CONN_INACTIVE) | (replies_unseen ? CONN_NOOUTPUT : 0));
	w->dests[c->dest].active = active;
	w->dests[c->dest].inactive = !active;
}

static void check_step(const struct sctp_row *row, uint8_t before)
{
	const struct sctp_state *want = state_of(row->after + (size_t)3 * before);
	bool active = strcmp(want->letters, "ES") == 0;
	struct pkt open = SCTP_IN(.chunks = INIT);
	struct dest_load load;
	char chunk[16], what[80];

	/* That one opens another (test_reopen). */
	if (before == CLOSED && row->chunk == 1 && row->from == CLIENT)
		return;
	snprintf(chunk, sizeof(chunk), "%02x000004", row->chunk);
	snprintf(what, sizeof(what), "%s in %s, chunk %u%s", row->from == CLIENT ? "IN" : "OUT",
		 sctp_states[before].name, row->chunk, row->replies_unseen ? ", unseen" : "");
	struct pkt in = SCTP_IN(.chunks = chunk), out = SCTP_REPLY(.chunks = chunk);

	row_world(NULL);
	services();
	row_send(CLIENT, &open);
	force(before, row->replies_unseen);
	row_send(row->from, row->from == CLIENT ? &in : &out);
	expect_state(want->name, what);
	if (the_conn().expires_ms != want->timeout * 1000)
		fail_msg("%s: expires in %u ms", what, the_conn().expires_ms);
	dp_dest_load(dest, &load);
	assert_int_equal(load.active, active);
	assert_int_equal(load.inactive, !active);
	world_end();
}

static void test_table(void **state)
{
	for (size_t i = 0; i < RTE_DIM(sctp_rows); i++)
		for (uint8_t before = 0; before < RTE_DIM(sctp_states); before++)
			check_step(&sctp_rows[i], before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_segments),
		cmocka_unit_test(test_bundles), cmocka_unit_test(test_reopen),
		cmocka_unit_test(test_table),
	};

	return rows_main("SCTP", rows, RTE_DIM(rows), tests, RTE_DIM(tests));
}
