/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers: which server each new connection gets. The sequences were recorded from the kernel's
 * IPVS (Linux 6.1): every server is added at the head of the list, so the newest comes first.
 *
 * picks.txt (its path is the first argument) holds long random histories of a service, recorded
 * likewise; here they are replayed through packets and events.
 */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#define SERVERS_MAX 32
#define CONNS_MAX   4096

static const char *picks_path;

/* ---- one service and its servers ----------------------------------------------------------------
 */

static struct bench {
	uint8_t proto;
	uint32_t service;
	uint32_t dest[SERVERS_MAX + 1]; /* by number: S1 is 10.2.0.1 */
	bool present[SERVERS_MAX + 1];
	uint16_t next_port;
	struct {
		uint16_t port;
		int server;
	} conns[CONNS_MAX]; /* established ones, oldest first */
	unsigned int n_conns;
} b;

static const char *server_addr(int n)
{
	static char text[32];

	snprintf(text, sizeof(text), "10.2.0.%d", n);
	return text;
}

static void begin(const char *sched, uint8_t proto)
{
	row_world(&(struct world_config){.connections = 8192});
	memset(&b, 0, sizeof(b));
	b.proto = proto;
	b.next_port = 1024;
	b.service = world_service(proto, "192.0.2.9", 80, sched);
	for (int i = 1; i <= SERVERS_MAX; i++)
		world_neighbour(server_addr(i), SERVER, 0);
	world_publish();
	world_publish_net();
}

static void add(int n, int32_t weight, uint32_t upper, uint32_t lower)
{
	assert_in_range(n, 1, SERVERS_MAX);
	b.dest[n] = world_dest_limited(b.service, server_addr(n), 80, weight, upper, lower);
	world_publish();
}

static void edit(int n, int32_t weight, uint32_t upper, uint32_t lower)
{
	world_dest_edit(b.dest[n], weight, upper, lower);
	world_publish();
}

static void del(int n)
{
	world_dest_remove(b.dest[n]);
	world_publish();
}

static void client_sends(uint16_t port, const char *flags)
{
	struct pkt p = {
		.l4 = b.proto == IPPROTO_TCP ? L4_TCP : L4_UDP,
		.src = CLIENT_IP,
		.dst = "192.0.2.9",
		.sport = port,
		.dport = 80,
		.flags = flags,
	};

	row_send(CLIENT, &p);
}

static void server_sends(int server, uint16_t port, const char *flags)
{
	struct pkt p = {
		.l4 = L4_TCP,
		.src = server_addr(server),
		.dst = CLIENT_IP,
		.sport = 80,
		.dport = port,
		.flags = flags,
	};

	row_send(SERVER, &p);
}

static void forget_frames(void)
{
	struct frame f;

	while (world_sent(CLIENT, &f) || world_sent(SERVER, &f))
		;
}

/* A new connection; the number of its server, 0 when it was refused. */
static int pick(bool establish)
{
	struct frame f;
	uint16_t port = b.next_port++;
	int server = 0;

	client_sends(port, "S");
	if (world_sent(SERVER, &f)) {
		server = f.data[f.l3 + 19];
		if (establish && b.proto == IPPROTO_TCP) {
			client_sends(port, "A");
			assert_true(b.n_conns < CONNS_MAX);
			b.conns[b.n_conns].port = port;
			b.conns[b.n_conns++].server = server;
		}
	} else {
		assert_true(world_sent(CLIENT, &f)); /* the ICMP error */
		assert_int_equal(f.data[f.l3 + 20], 3);
		assert_int_equal(f.data[f.l3 + 21], 3);
	}
	forget_frames();
	world_sleep(1.0 / 256);
	return server;
}

/* Both sides finish: TIME_WAIT, inactive. */
static void finish(unsigned int k)
{
	client_sends(b.conns[k].port, "FA");
	server_sends(b.conns[k].server, b.conns[k].port, "FA");
	forget_frames();
	b.n_conns--;
	memmove(&b.conns[k], &b.conns[k + 1], (b.n_conns - k) * sizeof(b.conns[0]));
}

/* "S3 S2 -" or "3 2 -": exactly these. */
static void expect_picks(const char *sequence, bool establish, const char *what)
{
	char got[1024] = "";

	for (const char *at = sequence; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		int server = pick(establish);
		size_t n = strlen(got);

		snprintf(got + n, sizeof(got) - n, server ? "%s%d" : "%s-", n ? " " : "", server);
	}
	if (strcmp(got, sequence) != 0)
		fail_msg("%s:\n  expected %s\n  got      %s", what, sequence, got);
}

/* ---- written out ------------------------------------------------------------------------------
 */

static const struct sequence {
	const char *sched;
	int32_t weights[5]; /* of S1, S2, ...; ends with -1 */
	const char *picks;
} sequences[] = {
	{"rr", {1, 2, 3, 0, -1}, "3 2 1 3 2 1 3 2 1 3 2 1"},
	{"rr", {0, 7, -1}, "2 2 2 2"},
	{"rr", {0, 0, 0, -1}, "- - -"},
	{"rr", {-1}, "- - -"},
	{"wrr", {1, 2, 3, 0, -1}, "3 2 1 3 3 2 3 2 1 3 3 2 3 2 1 3 3 2 3 2 1 3 3 2 3 2 1"},
	{"wrr", {1, 1, 1, -1}, "3 2 1 3 2 1 3 2 1"},
	{"wrr", {5, 3, 1, 1, -1}, "4 3 2 1 1 1 2 1 2 1 4 3 2 1 1 1 2 1 2 1 4 3 2 1 1 1 2 1 2 1"},
	{"wrr", {10, 4, 6, 2, -1}, "4 3 2 1 1 1 3 1 3 2 1 4 3 2 1 1 1 3 1 3 2 1 4 3 2 1 1 1 3"},
	{"wrr",
	 {100, 50, 25, 200, -1},
	 "4 3 2 1 4 4 4 4 4 1 4 1 4 2 1 4 3 2 1 4 4 4 4 4 1 4 1 4 2 1"},
	{"wrr", {0, 0, 0, -1}, "- - -"},
	{"wrr", {0, 7, -1}, "2 2 2 2"},
	{"wrr", {-1}, "- - -"},
	{"wlc", {1, 2, 3, 0, -1}, "3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3 2 3"},
	{"wlc", {5, 3, 1, 1, -1}, "4 3 2 1 1 2 1 1 2 1 4 3 2 1 1 2 1 1 2 1 4 3 2 1 1 2 1 1 2 1"},
	{"wlc", {10, 4, 6, 2, -1}, "4 3 2 1 1 3 1 2 1 3 1 4 3 2 1 1 3 1 2 1 3 1 4 3 2 1 1 3 1 2 1"},
	{"wlc",
	 {100, 50, 25, 200, -1},
	 "4 3 2 1 4 4 1 4 4 2 1 4 4 1 4 4 3 2 1 4 4 1 4 4 2 1 4 4 1"},
	{"wlc", {0, 0, 0, -1}, "- - -"},
	{"wlc", {-1}, "- - -"},
};

static void test_sequences(void **state)
{
	for (size_t i = 0; i < RTE_DIM(sequences); i++) {
		const struct sequence *s = &sequences[i];

		for (int tcp = 0; tcp < 2; tcp++) {
			begin(s->sched, tcp ? IPPROTO_TCP : IPPROTO_UDP);
			for (int n = 0; s->weights[n] >= 0; n++)
				add(n + 1, s->weights[n], 0, 0);
			expect_picks(s->picks, true, s->sched);
			world_end();
		}
	}
}

/* A history of edits, as recorded: 64 connections, every second one finished, and so on. */
static void test_edits(void **state)
{
	begin("wrr", IPPROTO_TCP);
	add(1, 3, 0, 0);
	add(2, 5, 0, 0);
	add(3, 2, 0, 0);
	expect_picks("3 2 1 2 2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2", true,
		     "wrr");
	expect_picks("1 2 2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2 1 2", true,
		     "wrr");
	expect_picks("2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2 1 2 2 2 1 3 2 1 3 2 1 2 2 2", true,
		     "wrr");
	edit(1, 6, 0, 0);
	expect_picks("2 1 3 2 1 3 2 1 1 2 1 2 1 2 1 3 2 1 3 2 1 1 2 1", true, "S1 weight 6");
	add(5, 2, 0, 0);
	expect_picks("2 1 2 1 2 1 5 3 2 1 5 3 2 1 1 2 1 2 1 2 1 5 3 2", true, "S5 added");
	del(3);
	expect_picks("5 2 1 5 2 1 1 2 1 2 1 2 1 5 2 1 5 2 1 1 2 1 2 1", true, "S3 removed");
	world_end();
}

static void test_wlc_after_closes(void **state)
{
	begin("wlc", IPPROTO_TCP);
	add(1, 1, 0, 0);
	add(2, 2, 0, 0);
	add(3, 3, 0, 0);
	add(4, 0, 0, 0);
	for (int i = 0; i < 10; i++)
		expect_picks("3 2 1 3 2 3", true, "wlc");
	expect_picks("3 2 1 3", true, "wlc");
	for (unsigned int k = 0; k < 32; k++)
		finish(k);
	expect_picks("1 1 1 1 1 1 2 2 1 2 3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3", true,
		     "half");
	edit(1, 6, 0, 0);
	expect_picks("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", true, "S1 weight 6");
	add(5, 2, 0, 0);
	expect_picks("5 5 5 5 5 5 5 5 5 5 5 5 1 5 1 1 1 5 1 1 1 5 1 1", true, "S5 added");
	del(3);
	expect_picks("1 5 1 1 1 5 1 1 1 5 1 1 1 5 1 1 1 5 1 1 1 5 1 1", true, "S3 removed");
	world_end();
}

/* An active connection counts as much as 256 inactive ones. */
static void test_wlc_active_and_inactive(void **state)
{
	begin("wlc", IPPROTO_TCP);
	add(1, 1, 0, 0);
	expect_picks("1", true, "one active");
	edit(1, 0, 0, 0);
	add(2, 1, 0, 0);
	for (int i = 0; i < 255; i++) {
		expect_picks("2", true, "255 that finish");
		finish(1);
	}
	edit(1, 1, 0, 0);
	expect_picks("2", true, "255 are less than one active");
	finish(1);
	expect_picks("2", true, "256 are as much: the first in the list");
	finish(1);
	expect_picks("1", true, "257 are more");
	world_end();
}

static void test_thresholds(void **state)
{
	static const char *const scheds[] = {"rr", "wrr", "wlc"};

	for (size_t i = 0; i < RTE_DIM(scheds); i++) {
		begin(scheds[i], IPPROTO_TCP);
		add(1, 2, 4, 0);
		add(2, 2, 8, 4);
		add(3, 2, 0, 0);
		expect_picks("3 2 1 3 2 1 3 2 1 3 2 1 3 2 3 2 3 2 3 2 3 3 3 3 3 3 3 3 3 3", true,
			     scheds[i]);
		edit(3, 0, 0, 0);
		expect_picks("- - - - - -", true, scheds[i]);
		world_end();
	}
}

/* ---- recorded histories
 * --------------------------------------------------------------------------- */

static void expire_all(void)
{
	world_sleep(10);
	world_turn();
}

static void replay_line(char *line, unsigned int number)
{
	char what[64], text[64];
	int server, weight;
	unsigned int upper, lower, k;

	snprintf(what, sizeof(what), "picks.txt:%u", number);
	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "add %d %d %u %u", &server, &weight, &upper, &lower) == 4)
		add(server, weight, upper, lower);
	else if (sscanf(line, "edit %d %d %u %u", &server, &weight, &upper, &lower) == 4)
		edit(server, weight, upper, lower);
	else if (sscanf(line, "del %d", &server) == 1)
		del(server);
	else if (sscanf(line, "close %u", &k) == 1)
		finish(k);
	else if (strncmp(line, "pick ", 5) == 0)
		expect_picks(line + 5, true, what);
	else if (strcmp(line, "expire") == 0)
		expire_all();
	else if (sscanf(line, "service %63s", text) == 1)
		begin(text, strstr(line, "tcp") ? IPPROTO_TCP : IPPROTO_UDP);
	else
		fail_msg("%s: what is \"%s\"", what, line);
}

static void test_recorded(void **state)
{
	FILE *f = fopen(picks_path, "re");
	char line[1024];
	bool begun = false;
	unsigned int number = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (strncmp(line, "service", 7) == 0) {
			if (begun)
				world_end();
			begun = true;
		}
		replay_line(line, number);
		if (strncmp(line, "service", 7) == 0) {
			world_timeout(PROTO_IX_UDP, 0, 8);
			world_publish();
		}
	}
	fclose(f);
	assert_true(begun);
	world_end();
}

/* ---- replay -------------------------------------------------------------------------------------
 */

/* Many edits while nobody schedules: more than the history holds. Then the scheduler begins anew
 * from what is left, and goes on without a fault. */
static void test_history_too_long(void **state)
{
	begin("wrr", IPPROTO_UDP);
	add(1, 2, 0, 0);
	add(2, 1, 0, 0);
	expect_picks("2 1 1", true, "before");
	for (int i = 0; i < 1000; i++)
		edit(1, 1 + i % 7, 0, 0);
	edit(1, 2, 0, 0);
	for (int i = 0; i < 30; i++)
		assert_in_range(pick(true), 1, 2);
	world_end();
}

/* A service id that is used again is another service: nothing of the old cursor remains. */
static void test_another_life(void **state)
{
	begin("rr", IPPROTO_UDP);
	add(1, 1, 0, 0);
	add(2, 1, 0, 0);
	add(3, 1, 0, 0);
	expect_picks("3 2", true, "first life");
	world_service_rebind(b.service, "rr");
	world_publish();
	expect_picks("3 2 1", true, "second life");
	world_service_rebind(b.service, "wrr");
	world_publish();
	expect_picks("3 2 1 3", true, "another scheduler");
	world_end();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_wlc_after_closes),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_wlc_active_and_inactive),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_history_too_long),
		cmocka_unit_test(test_another_life),
	};

	picks_path = argc > 1 ? argv[1] : "picks.txt";
	return harness_run("sched", tests);
}
