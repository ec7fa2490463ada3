/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs rows: builds their world, injects, compares byte for byte, checks counters. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_CLIENT 0x0200000000c1ull
#define MAC_SERVER 0x0200000000d1ull

uint32_t row_dest_tcp, row_dest_udp;

void row_world(const struct world_config *config)
{
	world_begin(config);
	row_dest_tcp = world_dest(world_service(IPPROTO_TCP, VIP, 80, "rr"), SERVER_IP, 8080, 1);
	row_dest_udp = world_dest(world_service(IPPROTO_UDP, VIP, 53, "rr"), SERVER_IP, 5353, 1);
	world_dest(world_service(IPPROTO_TCP, VIP, 443, "rr"), SERVER_IP, 443, 1);
	world_dest(world_service(IPPROTO_UDP, VIP, 123, "rr"), SERVER_IP, 123, 1);
	world_publish();

	world_route(VIP, FIB_LOCAL, 0, NULL);
	world_route(DIRECTOR_IP, FIB_LOCAL, 0, NULL);
	world_route(DIRECTOR_DIP, FIB_LOCAL, 0, NULL);
	world_route("10.1.0.0/16", FIB_UNICAST, CLIENT, NULL);
	world_route("10.2.0.0/16", FIB_UNICAST, SERVER, NULL);
	world_route("10.9.0.0/16", FIB_UNICAST, CLIENT, "10.1.0.9");
	world_route("10.8.0.0/16", FIB_UNICAST, SERVER, "10.2.0.9");
	world_neighbour(CLIENT_IP, CLIENT, 0);
	world_neighbour("10.1.0.9", CLIENT, 0);
	world_neighbour(SERVER_IP, SERVER, 0);
	world_neighbour("10.2.0.9", SERVER, 0);
	world_source(DIRECTOR_IP, CLIENT);
	world_source(DIRECTOR_DIP, SERVER);
	world_publish_net();
}

void row_frame_in(enum side from, const struct pkt *p, struct frame *out)
{
	struct pkt q = *p;

	q.to = q.to ? q.to : MAC_PORT(from);
	q.from = q.from ? q.from : from == CLIENT ? MAC_CLIENT : MAC_SERVER;
	packet_build(&q, out);
}

void row_send(enum side from, const struct pkt *p)
{
	struct frame f;

	row_frame_in(from, p, &f);
	world_inject(from, 0, &f);
	world_turn();
}

static void forget_sent(void)
{
	struct frame f;

	while (world_sent(CLIENT, &f) || world_sent(SERVER, &f))
		;
}

/* The id is the director's choice: takes over what it chose, the checksum with it. */
static void adopt_id(struct frame *want, const struct frame *got)
{
	uint8_t *ip = want->data + want->l3;

	if (got->len < want->l3 + 20)
		return;
	if (ip[0] >> 4 == 6) {
		ip[1] = (uint8_t)((ip[1] & 0xf0) | (got->data[want->l3 + 1] & 0x0f));
		memcpy(ip + 2, got->data + want->l3 + 2, 2);
		return;
	}
	memcpy(ip + 4, got->data + want->l3 + 4, 2);
	ip[10] = ip[11] = 0;
	uint16_t sum = (uint16_t)~sum16(ip, 20, 0);

	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static void compare(const struct frame *want, const struct frame *got, const char *what)
{
	if (want->len == got->len && memcmp(want->data, got->data, want->len) == 0)
		return;
	frame_explain(want, got);
	fail_msg("%s: another frame than expected", what);
}

void row_expect(enum side to, const struct pkt *p, const char *what)
{
	struct pkt q = *p;
	struct frame want, got;

	q.from = q.from ? q.from : MAC_PORT(to);
	q.to = q.to ? q.to : mac_of(q.dst);
	packet_build(&q, &want);
	if (!world_sent(to, &got))
		fail_msg("%s: nothing was sent on port %d", what, (int)to);
	if (p->any_id)
		adopt_id(&want, &got);
	compare(&want, &got, what);
}

void row_expect_nothing_on(unsigned int port, const char *what)
{
	struct frame f;

	if (world_sent(port, &f)) {
		frame_explain(&(struct frame){0}, &f);
		fail_msg("%s: a frame was sent on port %u", what, port);
	}
}

void row_expect_nothing(const char *what)
{
	for (unsigned int port = 0; port < WORLD_PORTS; port++)
		row_expect_nothing_on(port, what);
}

static void expect_punted(const struct row *row, const struct frame *in)
{
	struct frame f;
	int port = world_punted(&f);

	if (!row->punted) {
		if (port >= 0)
			fail_msg("%s: was given to the kernel", row->what);
		return;
	}
	if (port < 0)
		fail_msg("%s: was not given to the kernel", row->what);
	assert_int_equal(port, row->from);
	compare(in, &f, row->what);
	assert_int_equal(world_punted(&f), -1);
}

void row_run(const struct row *row)
{
	struct frame in;

	row_world(NULL);
	if (row->setup)
		row->setup();
	for (size_t i = 0; i < 3 && row->before[i].in.src; i++)
		row_send(row->before[i].from, &row->before[i].in);
	forget_sent();
	world_mark();
	row_frame_in(row->from, &row->in, &in);
	if (row->cut)
		in.len = row->cut;
	world_inject(row->from, 0, &in);
	world_turn();
	world_poll();
	if (row->out.src)
		row_expect(row->to, &row->out, row->what);
	row_expect_nothing(row->what);
	expect_punted(row, &in);
	world_expect_counters(row->counters, row->what);
	world_end();
}

static void row_test(void **state)
{
	row_run(*state);
}

int rows_main(const char *name, const struct row *rows, size_t n, const struct CMUnitTest *more,
	      size_t n_more)
{
	struct CMUnitTest *tests = calloc(n + n_more, sizeof(*tests));

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].what,
			.test_func = row_test,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	if (n_more)
		memcpy(tests + n, more, n_more * sizeof(*more));
	int failed = harness_run_tests(name, tests, n + n_more);

	free(tests);
	return failed;
}
