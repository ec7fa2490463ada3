/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ties ports, twins, the kernel's tables and the workers together (host.h). Main lcore only.
 */
#include "host.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel.h"
#include "log.h"
#include "network.h"
#include "rtnl.h"
#include "twin.h"

#define PUNT_BUDGET    128  /* frames before other events have their turn */
#define PUNT_IDLE_US   1000 /* between looks at empty queues */
#define PUBLISH_MIN_US 1000
#define PUBLISH_SHARE  10 /* compiling takes at most 1/10 of the main thread's time */
#define PUBLISH_MAX_US 1000000
#define LOST_LOG_TICKS 10 /* seconds between lines about lost frames */

static struct {
	const struct config *config;
	bool has_twin[DP_PORTS_MAX];
	bool any_twin;
	struct network network;
	struct event *punt, *publish, *tick;
	uint64_t publish_us; /* how long the last compilation took */
	bool link[DP_PORTS_MAX];
	unsigned int ticks;
} host;

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void timer_in(struct event *timer, uint64_t us)
{
	struct timeval tv = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};

	event_add(timer, &tv);
}

/* ---- network tables to the workers ------------------------------------------------------- */

static int publish(void)
{
	uint64_t start = now_us();
	int rc;

	network_reset(&host.network);
	network_add_config(&host.network, host.config, host.has_twin);
	if (host.any_twin)
		kernel_collect(&host.network);
	rc = network_publish(&host.network);
	host.publish_us = now_us() - start;
	if (rc == 0)
		log_debug("network published: %zu routes, %zu neighbours, %" PRIu64 " us",
			  host.network.routes.n, host.network.neighbours.n, host.publish_us);
	return rc;
}

static void publish_due(evutil_socket_t fd, short what, void *arg)
{
	if (publish() == 0)
		return;
	log_error("out of memory for the routes: forwarding by the old ones, trying again");
	timer_in(host.publish, PUBLISH_MAX_US);
}

/* Changes that come together are compiled together; large tables are compiled less often. */
static void network_changed(void)
{
	uint64_t delay = host.publish_us * PUBLISH_SHARE;

	if (host.publish == NULL || evtimer_pending(host.publish, NULL))
		return;
	if (delay < PUBLISH_MIN_US)
		delay = PUBLISH_MIN_US;
	timer_in(host.publish, delay > PUBLISH_MAX_US ? PUBLISH_MAX_US : delay);
}

/* ---- frames ------------------------------------------------------------------------------ */

static void punt_frame(void *arg, unsigned int port, const void *data, size_t len)
{
	twin_receive(port, data, len);
}

static void punt_resolve(void *arg, unsigned int port, uint16_t af, const struct lvs_addr *addr)
{
	unsigned int ifindex = twin_ifindex(port);

	if (ifindex != 0)
		rtnl_use_neighbour(ifindex, af, addr);
}

static const struct dp_punt_ops punt_ops = {.frame = punt_frame, .resolve = punt_resolve};

/* Through a timer also when there is more: the loop looks at its sockets in between. */
static void punt_due(evutil_socket_t fd, short what, void *arg)
{
	unsigned int n = dp_punt_poll(&punt_ops, NULL, PUNT_BUDGET);

	timer_in(host.punt, n > 0 ? 0 : PUNT_IDLE_US);
}

/* ---- once a second ----------------------------------------------------------------------- */

static void watch_links(void)
{
	for (unsigned int i = 0; i < host.config->ports.n; i++) {
		struct dp_port_info info;

		dp_port_info(i, &info);
		if (host.link[i] != info.link)
			log_notice("port %s: link %s", info.name, info.link ? "up" : "down");
		host.link[i] = info.link;
		if (host.has_twin[i])
			twin_set_link(i, info.link);
	}
}

/* The port forwards on by what is left of the kernel's tables, and has nobody to hand frames to. */
static void watch_twins(void)
{
	for (unsigned int i = 0; i < host.config->ports.n; i++) {
		if (!host.has_twin[i] || !twin_take_deleted(i))
			continue;
		dp_port_set_punt(i, false);
		log_error("port %s: its twin was deleted; restart lvsd to have it again",
			  config_port(host.config, i)->name);
	}
}

static void report_lost(void)
{
	for (unsigned int i = 0; i < host.config->ports.n; i++) {
		uint64_t lost = host.has_twin[i] ? twin_take_lost(i) : 0;

		if (lost > 0)
			log_warning("port %s: %" PRIu64
				    " frames lost between port and twin in %d s "
				    "(twin down, or more than it takes)",
				    config_port(host.config, i)->name, lost, LOST_LOG_TICKS);
	}
}

static void tick_due(evutil_socket_t fd, short what, void *arg)
{
	watch_links();
	watch_twins();
	if (host.any_twin)
		kernel_refresh(now_us() / 1000);
	if (++host.ticks % LOST_LOG_TICKS == 0)
		report_lost();
}

/* ---- start ------------------------------------------------------------------------------- */

/* A twin where it is wanted and possible. */
static int open_twin(struct event_base *base, unsigned int i, struct dp_error *err)
{
	const struct config_port *port = config_port(host.config, i);
	struct dp_port_info info;
	int rc;

	if (port->twin == CONFIG_TWIN_NO)
		return 0;
	dp_port_info(i, &info);
	rc = twin_open(base, i, port->name, info.mac, info.mtu, err);
	if (rc == 0) {
		host.has_twin[i] = host.any_twin = true;
		dp_port_set_punt(i, true);
	} else if (rc == -EPERM || rc == -ENOENT) {
		size_t used = strlen(err->text);

		if (port->twin == CONFIG_TWIN_AUTO) {
			log_notice("%s; the port runs without (twin: no says so)", err->text);
			return 0;
		}
		snprintf(err->text + used, sizeof(err->text) - used,
			 "; run lvsd as root (CAP_NET_ADMIN), or set twin: no");
	}
	return rc;
}

/* Puts the place in the file before the kernel's refusal. */
static int refused(int rc, unsigned int line, const char *key, struct dp_error *err)
{
	struct dp_error why = *err;

	snprintf(err->text, sizeof(err->text), "%.200s:%u: %s: %.250s", host.config->file, line,
		 key, why.text);
	return rc;
}

/* What the file gives for ports with a twin becomes the kernel's. */
static int configure_twins(struct dp_error *err)
{
	const struct config *c = host.config;
	int rc;

	for (unsigned int i = 0; i < c->ports.n; i++) {
		const struct config_port *port = config_port(c, i);

		for (size_t k = 0; host.has_twin[i] && k < port->addresses.n; k++) {
			rc = rtnl_add_address(twin_ifindex(i), config_port_address(port, k), err);
			if (rc != 0)
				return refused(rc, port->mark.line, "ports[].addresses", err);
		}
	}
	for (size_t i = 0; i < c->routes.n; i++) {
		const struct config_route *r = config_route(c, i);

		if (!host.has_twin[r->port])
			continue;
		rc = rtnl_add_route(twin_ifindex(r->port), &r->to, &r->via, err);
		if (rc != 0)
			return refused(rc, r->mark.line, "static.routes[]", err);
	}
	for (size_t i = 0; i < c->neighbours.n; i++) {
		const struct config_neighbour *n = config_neighbour(c, i);

		if (!host.has_twin[n->port])
			continue;
		rc = rtnl_add_neighbour(twin_ifindex(n->port), &n->address, n->mac, err);
		if (rc != 0)
			return refused(rc, n->mark.line, "static.neighbours[]", err);
	}
	return 0;
}

int host_open(struct event_base *base, const struct config *config, struct dp_error *err)
{
	int rc = 0;

	memset(&host, 0, sizeof(host));
	host.config = config;
	host.punt = evtimer_new(base, punt_due, NULL);
	host.publish = evtimer_new(base, publish_due, NULL);
	host.tick = event_new(base, -1, EV_PERSIST, tick_due, NULL);
	if (host.punt == NULL || host.publish == NULL || host.tick == NULL)
		rc = -ENOMEM;
	if (rc != 0)
		snprintf(err->text, sizeof(err->text), "out of memory");
	for (unsigned int i = 0; rc == 0 && i < config->ports.n; i++)
		rc = open_twin(base, i, err);
	if (rc == 0 && host.any_twin) {
		rc = rtnl_open();
		if (rc != 0)
			snprintf(err->text, sizeof(err->text), "cannot speak netlink: %s",
				 strerror(-rc));
		else
			rc = configure_twins(err);
		if (rc == 0)
			rc = kernel_open(base, network_changed, err);
	}
	if (rc == 0) {
		rc = publish();
		if (rc != 0)
			snprintf(err->text, sizeof(err->text), "out of memory for the routes");
	}
	if (rc != 0)
		host_close();
	return rc;
}

int host_start(struct dp_error *err)
{
	struct timeval second = {.tv_sec = 1};

	for (unsigned int i = 0; i < host.config->ports.n; i++) {
		const struct config_port *port = config_port(host.config, i);
		struct dp_port_info info;

		dp_port_info(i, &info);
		host.link[i] = info.link;
		log_info("port %s: %s, driver %s, mtu %u, link %s, %s", port->name, port->device,
			 info.driver, info.mtu, info.link ? "up" : "down",
			 host.has_twin[i] ? "with twin" : "no twin");
	}
	if (event_add(host.tick, &second) != 0) {
		snprintf(err->text, sizeof(err->text), "cannot start the event loop");
		return -ENOMEM;
	}
	timer_in(host.punt, 0);
	return 0;
}

void host_close(void)
{
	if (host.punt != NULL)
		event_free(host.punt);
	if (host.publish != NULL)
		event_free(host.publish);
	if (host.tick != NULL)
		event_free(host.tick);
	host.punt = host.publish = host.tick = NULL;
	kernel_close();
	rtnl_close();
	twin_close_all();
	host.any_twin = false;
	network_free(&host.network);
}

void host_free(void)
{
	network_close();
}
