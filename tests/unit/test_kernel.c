/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Twins and the mirror of the kernel, against the kernel itself: in a network namespace of its
 * own, `ip` changes things and the tables for the workers must follow. Skipped (77) where a
 * namespace or a tap cannot be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <net/if.h>
#include <cmocka.h>

#include "control/kernel.h"
#include "control/network.h"
#include "control/rtnl.h"
#include "control/twin.h"
#include "host_fakes.h"

#define SKIP 77

static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 0x10}, {2, 0, 0, 0, 0, 0x11}};

static struct event_base *base;
static unsigned int changes;

static void changed(void)
{
	changes++;
}

__attribute__((format(printf, 1, 2))) static void ip(const char *format, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* Runs the event loop for some time. */
static void run_ms(unsigned int ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (long)(ms % 1000) * 1000};

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static const char *text_of(const struct lvs_addr *addr)
{
	static char text[4][INET_ADDRSTRLEN];
	static unsigned int next;

	next = (next + 1) % 4;
	return inet_ntop(AF_INET, addr->b, text[next], sizeof(text[next]));
}

static void print_route(FILE *out, const struct fib_route *r)
{
	if (r->type == FIB_UNICAST)
		fprintf(out, "%s/%u p%u", text_of(&r->dst), r->prefix, r->port);
	else
		fprintf(out, "%s %s/%u", r->type == FIB_LOCAL ? "local" : "unreachable",
			text_of(&r->dst), r->prefix);
	if (!addr_is_zero(&r->gateway))
		fprintf(out, " via %s", text_of(&r->gateway));
	if (r->mtu != 0)
		fprintf(out, " mtu %u", r->mtu);
	fputc('\n', out);
}

/* The mirror as lines, sorted as fib_build() gets them; IPv6 and what belongs to lo left out. */
static const char *mirror(void)
{
	static char *text;
	struct network net = {0};
	struct fib_input in;
	size_t size;
	FILE *out;

	free(text);
	out = open_memstream(&text, &size);
	kernel_collect(&net);
	assert_int_equal(network_input(&net, &in), 0);
	for (size_t i = 0; i < in.n_routes; i++)
		if (in.routes[i].af == AF_INET && in.routes[i].dst.b[0] != 127)
			print_route(out, &in.routes[i]);
	for (size_t i = 0; i < in.n_neighbours; i++)
		if (in.neighbours[i].af == AF_INET)
			fprintf(out, "%s p%u at %02x\n", text_of(&in.neighbours[i].addr),
				in.neighbours[i].port, in.neighbours[i].mac[5]);
	for (size_t i = 0; i < in.n_sources; i++)
		if (in.sources[i].af == AF_INET)
			fprintf(out, "from %s p%u\n", text_of(&in.sources[i].addr),
				in.sources[i].port);
	fclose(out);
	network_free(&net);
	return text;
}

/* Waits until the mirror says this, two seconds at most. */
static void expect(const char *expected)
{
	for (int i = 0; i < 100 && strcmp(mirror(), expected) != 0; i++)
		run_ms(20);
	if (strcmp(mirror(), expected) != 0)
		fail_msg("the mirror says\n%.2000s---- instead of\n%s", mirror(), expected);
}

#define NET0                                                                                       \
	"10.0.0.0/24 p0\n"                                                                         \
	"local 10.0.0.1/32\n"                                                                      \
	"local 10.0.0.255/32\n"
#define NET1                                                                                       \
	"10.1.0.0/24 p1\n"                                                                         \
	"local 10.1.0.1/32\n"                                                                      \
	"local 10.1.0.255/32\n"
#define FROM "from 10.0.0.1 p0\nfrom 10.1.0.1 p1\n"

/* ---- every test has a network of its own, with two twins and their addresses -------------- */

static int setup(void **state)
{
	struct config_address a = {
		.addr = addr_v4(inet_addr("10.0.0.1")), .af = AF_INET, .prefix = 24};
	struct dp_error err = {""};

	assert_int_equal(unshare(CLONE_NEWNET), 0); /* nothing of the test before */
	ip("ip link set lo up");
	base = event_base_new();
	for (unsigned int i = 0; i < 2; i++)
		if (twin_open(base, i, i == 0 ? "ext" : "int", macs[i], 1500, &err) != 0)
			fail_msg("%s", err.text);
	assert_int_equal(rtnl_open(), 0);
	assert_int_equal(rtnl_add_address(twin_ifindex(0), &a, &err), 0);
	a.addr = addr_v4(inet_addr("10.1.0.1"));
	assert_int_equal(rtnl_add_address(twin_ifindex(1), &a, &err), 0);
	assert_int_equal(kernel_open(base, changed, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	kernel_close();
	rtnl_close();
	twin_close_all();
	event_base_free(base);
	return 0;
}

static void test_start(void **state)
{
	/* Without a turn of the loop: everything was read at start. */
	assert_string_equal(mirror(), NET0 NET1 FROM);
	assert_string_equal(twin_name(0), "ext");
	assert_int_equal(twin_port(twin_ifindex(1)), 1);
	assert_int_equal(twin_port(1), -1);
	assert_null(twin_name(2));
	ip("ip link show dev ext | grep -q 02:00:00:00:00:10");
}

static void test_routes(void **state)
{
	ip("ip route add default via 10.0.0.5");
	expect("0.0.0.0/0 p0 via 10.0.0.5\n" NET0 NET1 FROM);
	ip("ip route replace default via 10.1.0.5");
	expect("0.0.0.0/0 p1 via 10.1.0.5\n" NET0 NET1 FROM);
	/* A second one with a higher metric takes over when the first goes. */
	ip("ip route add default via 10.0.0.6 metric 100");
	ip("ip route add 10.9.0.0/16 via 10.0.0.9 mtu 1400");
	expect("0.0.0.0/0 p1 via 10.1.0.5\n" NET0 NET1
	       "10.9.0.0/16 p0 via 10.0.0.9 mtu 1400\n" FROM);
	ip("ip route del default via 10.1.0.5 && ip route del 10.9.0.0/16");
	expect("0.0.0.0/0 p0 via 10.0.0.6\n" NET0 NET1 FROM);
	ip("ip route flush exact default");
	expect(NET0 NET1 FROM);
}

static void test_route_kinds(void **state)
{
	ip("ip route add unreachable 10.5.0.0/16 && ip route add blackhole 10.6.0.0/16 && "
	   "ip route add prohibit 10.7.0.0/16 && ip route add throw 10.8.0.0/16");
	ip("ip route add local 10.4.0.0/16 dev lo");
	ip("ip route add 10.3.0.0/16 via 10.0.0.3 table 100");
	ip("ip link add dummy0 type veth peer name dummy1 && ip link set dummy0 up && "
	   "ip addr add 192.0.2.1/24 dev dummy0 && ip route add 198.51.100.0/24 dev dummy0");
	/* An address of any interface is ours; a route by others than twins is not for us. */
	expect(NET0 NET1 "local 10.4.0.0/16\n"
			 "unreachable 10.5.0.0/16\n"
			 "unreachable 10.6.0.0/16\n"
			 "unreachable 10.7.0.0/16\n"
			 "local 192.0.2.1/32\n"
			 "local 192.0.2.255/32\n" FROM);
	ip("ip link del dummy0");
	ip("ip route del unreachable 10.5.0.0/16 && ip route del blackhole 10.6.0.0/16 && "
	   "ip route del prohibit 10.7.0.0/16 && ip route del throw 10.8.0.0/16 && "
	   "ip route del local 10.4.0.0/16 dev lo && ip route flush table 100");
	expect(NET0 NET1 FROM);
}

/* Of several next hops the first that is usable. */
static void test_multipath(void **state)
{
	ip("ip route add 10.9.0.0/16 nexthop dev lo nexthop via 10.1.0.9 nexthop via 10.0.0.9");
	expect(NET0 NET1 "10.9.0.0/16 p1 via 10.1.0.9\n" FROM);
	/* The kernel marks the next hop dead and tells nobody. */
	ip("ip link set int down");
	expect(NET0 "local 10.1.0.1/32\n10.9.0.0/16 p0 via 10.0.0.9\n" FROM);
	ip("ip link set int up");
	ip("ip route del 10.9.0.0/16");
	expect(NET0 NET1 FROM);
}

static void test_link_down(void **state)
{
	ip("ip route add default via 10.0.0.5 && ip neigh add 10.0.0.5 lladdr 02:00:00:00:00:55 "
	   "dev ext nud reachable");
	expect("0.0.0.0/0 p0 via 10.0.0.5\n" NET0 NET1 "10.0.0.5 p0 at 55\n" FROM);
	ip("ip link set ext down");
	expect("local 10.0.0.1/32\n" NET1 FROM);
	ip("ip link set ext up");
	expect(NET0 NET1 FROM); /* the kernel forgets routes of interfaces that go down */
	ip("ip link set ext mtu 1300");
	expect("10.0.0.0/24 p0 mtu 1300\nlocal 10.0.0.1/32\nlocal 10.0.0.255/32\n" NET1 FROM);
	ip("ip link set ext mtu 1500");
	expect(NET0 NET1 FROM);
}

static void test_addresses(void **state)
{
	/* As keepalived brings a virtual address: it is ours, errors still come from the first. */
	ip("ip addr add 10.0.0.100/32 dev ext");
	expect("10.0.0.0/24 p0\nlocal 10.0.0.1/32\nlocal 10.0.0.100/32\nlocal 10.0.0.255/32\n" NET1
		       FROM "from 10.0.0.100 p0\n");
	ip("ip addr del 10.0.0.100/32 dev ext");
	expect(NET0 NET1 FROM);
	/* Routes with a source address go silently when the address goes. */
	ip("ip addr add 10.0.7.1/24 dev ext && ip route add 10.8.0.0/16 via 10.0.0.8 src 10.0.7.1");
	expect(NET0 "10.0.7.0/24 p0\nlocal 10.0.7.1/32\nlocal 10.0.7.255/32\n" NET1
		    "10.8.0.0/16 p0 via 10.0.0.8\n"
		    "from 10.0.0.1 p0\nfrom 10.0.7.1 p0\nfrom 10.1.0.1 p1\n");
	ip("ip addr del 10.0.7.1/24 dev ext");
	expect(NET0 NET1 FROM);
}

static void test_neighbours(void **state)
{
	ip("ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev ext nud permanent");
	ip("ip neigh add 10.1.0.8 lladdr 02:00:00:00:00:08 dev int nud stale");
	ip("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev ext nud failed");
	expect(NET0 NET1 "10.0.0.7 p0 at 07\n10.1.0.8 p1 at 08\n" FROM);
	ip("ip neigh replace 10.0.0.7 lladdr 02:00:00:00:00:17 dev ext nud reachable");
	expect(NET0 NET1 "10.0.0.7 p0 at 17\n10.1.0.8 p1 at 08\n" FROM);
	ip("ip neigh del 10.0.0.7 dev ext && ip neigh change 10.1.0.8 dev int nud failed");
	expect(NET0 NET1 FROM);
}

/* ---- resolving: the test answers the kernel's ARP as the neighbour would ----------------- */

#define ARP_LEN 42

static bool is_request(const char *addr)
{
	uint32_t target = inet_addr(addr);

	return fake_frame_len >= ARP_LEN && fake_frame[12] == 8 && fake_frame[13] == 6 &&
	       fake_frame[21] == 1 && memcmp(fake_frame + 38, &target, 4) == 0;
}

/* The kernel asked for addr through port 0: whether a request came, and of which kind. */
static bool wait_request(const char *addr, unsigned int ms)
{
	for (unsigned int t = 0; t < ms && !is_request(addr); t += 20)
		run_ms(20);
	return is_request(addr) && fake_frame_port == 0;
}

static void reply(uint8_t mac_end)
{
	uint8_t frame[ARP_LEN];

	memcpy(frame, fake_frame, ARP_LEN);
	memcpy(frame, macs[0], 6);
	memcpy(frame + 6, "\2\0\0\0\0", 5);
	frame[11] = mac_end;
	frame[21] = 2;
	memcpy(frame + 22, frame + 6, 6);
	memcpy(frame + 28, fake_frame + 38, 4);
	memcpy(frame + 32, macs[0], 6);
	memcpy(frame + 38, fake_frame + 28, 4);
	fake_frame_len = 0;
	twin_receive(0, frame, sizeof(frame));
}

static void test_resolve(void **state)
{
	struct lvs_addr addr = addr_v4(inet_addr("10.0.0.20"));

	fake_frame_len = 0;
	rtnl_use_neighbour(twin_ifindex(0), AF_INET, &addr);
	assert_true(wait_request("10.0.0.20", 1000));
	assert_int_equal(fake_frame[0], 0xff);
	reply(0x20);
	expect(NET0 NET1 "10.0.0.20 p0 at 20\n" FROM);
	assert_int_equal(twin_take_lost(0), 0);
}

/* One that failed is asked for again. */
static void test_resolve_again(void **state)
{
	struct lvs_addr addr = addr_v4(inet_addr("10.0.0.21"));

	rtnl_use_neighbour(twin_ifindex(0), AF_INET, &addr);
	for (int i = 0; i < 60; i++) {
		if (system("ip neigh show 10.0.0.21 dev ext | grep -q FAILED") == 0)
			break;
		run_ms(100);
	}
	ip("ip neigh show 10.0.0.21 dev ext | grep -q FAILED");
	assert_string_equal(mirror(), NET0 NET1 FROM);
	fake_frame_len = 0;
	rtnl_use_neighbour(twin_ifindex(0), AF_INET, &addr);
	assert_true(wait_request("10.0.0.21", 1000));
	reply(0x21);
	expect(NET0 NET1 "10.0.0.21 p0 at 21\n" FROM);
}

/* A neighbour that the kernel has not heard of is checked; when it is gone, it goes here. */
static void test_refresh(void **state)
{
	ip("sysctl -qw net.ipv4.neigh.ext.delay_first_probe_time=1 "
	   "net.ipv4.neigh.ext.retrans_time_ms=100");
	ip("ip neigh add 10.0.0.30 lladdr 02:00:00:00:00:30 dev ext nud stale");
	expect(NET0 NET1 "10.0.0.30 p0 at 30\n" FROM);
	fake_frame_len = 0;
	kernel_refresh(1000); /* seen stale for the first time */
	kernel_refresh(20999);
	assert_false(wait_request("10.0.0.30", 1500));
	kernel_refresh(21000);
	assert_true(wait_request("10.0.0.30", 3000));
	assert_int_equal(fake_frame[5], 0x30); /* asked itself, not everybody */
	reply(0x30);
	expect(NET0 NET1 "10.0.0.30 p0 at 30\n" FROM);
	ip("ip neigh change 10.0.0.30 dev ext nud stale");
	run_ms(50);
	kernel_refresh(30000);
	kernel_refresh(50000);
	expect(NET0 NET1 FROM);
}

/* ---- floods and failures ----------------------------------------------------------------- */

/* More notifications than the socket holds: the mirror notices and reads everything anew. */
static void test_overrun(void **state)
{
	FILE *batch = popen("ip -batch -", "w");

	for (unsigned int i = 0; i < 40000; i++)
		fprintf(batch, "route add 20.%u.%u.0/24 via 10.0.0.5\n", i >> 8, i & 255);
	for (unsigned int i = 1; i < 40000; i++)
		fprintf(batch, "route del 20.%u.%u.0/24\n", i >> 8, i & 255);
	assert_int_equal(pclose(batch), 0);
	changes = 0;
	ip("awk '$9 > 0 { lost = 1 } END { exit !lost }' /proc/net/netlink"); /* the premise */
	expect(NET0 NET1 "20.0.0.0/24 p0 via 10.0.0.5\n" FROM);
	ip("ip route del 20.0.0.0/24");
	expect(NET0 NET1 FROM);
}

static void test_name_taken(void **state)
{
	struct dp_error err = {""};

	ip("ip link add taken type veth peer name other");
	assert_int_equal(twin_open(base, 5, "taken", macs[0], 1500, &err), -EEXIST);
	assert_string_equal(err.text,
			    "twin of port taken: an interface of that name exists already; "
			    "rename the port, or the interface (ip link set taken name "
			    "OTHER)");
	ip("ip link del taken");
	assert_int_equal(if_nametoindex("taken"), 0);
}

static void test_refusals(void **state)
{
	struct config_address to = {.af = AF_INET};
	struct config_address via = {
		.addr = addr_v4(inet_addr("10.77.0.1")), .af = AF_INET, .prefix = 32};
	struct dp_error err = {""};

	assert_int_equal(rtnl_add_route(twin_ifindex(0), &to, &via, &err), -ENETUNREACH);
	assert_string_equal(err.text, "the kernel refuses route 0.0.0.0/0: Network is unreachable "
				      "(Nexthop has invalid gateway)");
	via.addr = addr_v4(inet_addr("10.0.0.1"));
	via.prefix = 24;
	assert_int_equal(rtnl_add_address(twin_ifindex(0), &via, &err), -EEXIST);
	assert_int_equal(rtnl_add_neighbour(9999, &via, macs[0], &err), -ENODEV);
}

/* Frames for a twin that is down are lost and counted. */
static void test_lost(void **state)
{
	uint8_t frame[60] = {0};

	ip("ip link set ext down");
	twin_receive(0, frame, sizeof(frame));
	twin_receive(0, frame, sizeof(frame));
	assert_int_equal(twin_take_lost(0), 2);
	assert_int_equal(twin_take_lost(0), 0);
	twin_receive(7, frame, sizeof(frame)); /* a port without a twin: nothing */
}

static void test_deleted(void **state)
{
	assert_false(twin_take_deleted(1));
	ip("ip link del int");
	expect(NET0 "from 10.0.0.1 p0\n");
	assert_true(twin_take_deleted(1));
	assert_false(twin_take_deleted(1));
	assert_null(twin_name(1));
	assert_string_equal(twin_name(0), "ext");
}

static void test_carrier(void **state)
{
	twin_set_link(0, false);
	ip("ip link show dev ext | grep -q NO-CARRIER");
	twin_set_link(0, true);
	ip("ip link show dev ext | grep -q LOWER_UP");
}

/* A user namespace gives an ordinary user a network of his own, too. */
static bool have_namespace(void)
{
	char map[64];
	int fd;

	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	if (unshare(CLONE_NEWNET) != 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
			return false;
		fd = open("/proc/self/uid_map", O_WRONLY);
		if (fd < 0 || write(fd, map, strlen(map)) < 0)
			return false;
		close(fd);
	}
	return access("/dev/net/tun", R_OK | W_OK) == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start),      TEST(test_routes),    TEST(test_route_kinds),
		TEST(test_multipath),  TEST(test_link_down), TEST(test_addresses),
		TEST(test_neighbours), TEST(test_resolve),   TEST(test_resolve_again),
		TEST(test_refresh),    TEST(test_overrun),   TEST(test_name_taken),
		TEST(test_refusals),   TEST(test_lost),      TEST(test_deleted),
		TEST(test_carrier),
	};

	if (!have_namespace()) {
		puts("skipped: cannot make a network namespace and a tap here");
		return SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
