/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merges the tables of the network and publishes them (network.h). Main lcore only.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dataplane.h"

/* What the workers read now. */
static struct fib *published;

/* A place for one more item, or NULL. */
static void *vector_add(struct network *net, struct network_vector *v, size_t size)
{
	if (v->n == v->room) {
		size_t room = v->room == 0 ? 64 : v->room * 2;
		void *item = reallocarray(v->item, room, size);

		if (item == NULL) {
			net->error = -ENOMEM;
			return NULL;
		}
		v->item = item;
		v->room = room;
	}
	return (char *)v->item + size * v->n++;
}

void network_reset(struct network *net)
{
	net->routes.n = 0;
	net->neighbours.n = 0;
	net->sources.n = 0;
	net->order.n = 0;
	net->error = 0;
}

void network_free(struct network *net)
{
	free(net->routes.item);
	free(net->neighbours.item);
	free(net->sources.item);
	free(net->order.item);
	memset(net, 0, sizeof(*net));
}

void network_add_route(struct network *net, const struct fib_route *route)
{
	struct fib_route *place = vector_add(net, &net->routes, sizeof(*place));

	if (place != NULL)
		*place = *route;
}

void network_add_neighbour(struct network *net, const struct fib_neighbour *neighbour)
{
	struct fib_neighbour *place = vector_add(net, &net->neighbours, sizeof(*place));

	if (place != NULL)
		*place = *neighbour;
}

void network_add_source(struct network *net, const struct fib_source *source)
{
	struct fib_source *place = vector_add(net, &net->sources, sizeof(*place));

	if (place != NULL)
		*place = *source;
}

/* The address with the bits behind its prefix all 0 or all 1. */
static struct lvs_addr with_host_bits(const struct config_address *a, bool ones)
{
	unsigned int bits = a->af == AF_INET ? 32 : 128;
	struct lvs_addr out = a->addr;

	for (unsigned int bit = a->prefix; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		out.b[bit / 8] = ones ? out.b[bit / 8] | mask : out.b[bit / 8] & ~mask;
	}
	return out;
}

void network_add_address(struct network *net, unsigned int port, const struct config_address *addr)
{
	uint8_t bits = addr->af == AF_INET ? 32 : 128;
	struct fib_route route = {
		.dst = addr->addr, .af = addr->af, .prefix = bits, .type = FIB_LOCAL};
	struct fib_source source = {.addr = addr->addr, .af = addr->af, .port = (uint16_t)port};

	network_add_route(net, &route);
	network_add_source(net, &source);
	if (addr->prefix == bits)
		return;
	/* As the kernel: a network of two addresses has no broadcast address. */
	if (addr->af == AF_INET && addr->prefix < 31) {
		route.dst = with_host_bits(addr, true);
		network_add_route(net, &route);
	}
	route.dst = with_host_bits(addr, false);
	route.prefix = addr->prefix;
	route.type = FIB_UNICAST;
	route.port = (uint16_t)port;
	network_add_route(net, &route);
}

void network_add_config(struct network *net, const struct config *config, const bool *has_twin)
{
	for (unsigned int i = 0; i < config->ports.n; i++) {
		const struct config_port *port = config_port(config, i);

		for (size_t k = 0; !has_twin[i] && k < port->addresses.n; k++)
			network_add_address(net, i, config_port_address(port, k));
	}
	for (size_t i = 0; i < config->routes.n; i++) {
		const struct config_route *r = config_route(config, i);
		struct fib_route route = {.dst = r->to.addr,
					  .gateway = r->via.addr,
					  .af = r->to.af,
					  .prefix = r->to.prefix,
					  .type = FIB_UNICAST,
					  .port = (uint16_t)r->port};

		if (!has_twin[r->port])
			network_add_route(net, &route);
	}
	for (size_t i = 0; i < config->neighbours.n; i++) {
		const struct config_neighbour *n = config_neighbour(config, i);
		struct fib_neighbour neighbour = {
			.addr = n->address.addr, .af = n->address.af, .port = (uint16_t)n->port};

		memcpy(neighbour.mac, n->mac, sizeof(neighbour.mac));
		if (!has_twin[n->port])
			network_add_neighbour(net, &neighbour);
	}
}

/* ---- compiling --------------------------------------------------------------------------- */

/* A route and when it was added: qsort() does not keep the order of equals. */
struct ordered {
	struct fib_route route;
	size_t seq;
};

static int compare_prefix(const struct fib_route *a, const struct fib_route *b)
{
	int d;

	if (a->af != b->af)
		return a->af < b->af ? -1 : 1;
	d = memcmp(a->dst.b, b->dst.b, sizeof(a->dst.b));
	if (d != 0)
		return d;
	return a->prefix - b->prefix;
}

static int compare_ordered(const void *va, const void *vb)
{
	const struct ordered *a = va, *b = vb;
	int d = compare_prefix(&a->route, &b->route);

	if (d != 0)
		return d;
	d = (b->route.type == FIB_LOCAL) - (a->route.type == FIB_LOCAL);
	if (d != 0)
		return d;
	if (a->route.metric != b->route.metric)
		return a->route.metric < b->route.metric ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

int network_input(struct network *net, struct fib_input *out)
{
	struct fib_route *routes = net->routes.item;
	struct ordered *order;
	size_t kept = 0;

	net->order.n = 0;
	for (size_t i = 0; i < net->routes.n; i++) {
		order = vector_add(net, &net->order, sizeof(*order));
		if (order != NULL)
			*order = (struct ordered){.route = routes[i], .seq = i};
	}
	if (net->error != 0)
		return net->error;
	order = net->order.item;
	if (net->order.n > 0)
		qsort(order, net->order.n, sizeof(*order), compare_ordered);
	for (size_t i = 0; i < net->order.n; i++)
		if (i == 0 || compare_prefix(&order[i].route, &order[i - 1].route) != 0)
			routes[kept++] = order[i].route;
	net->routes.n = kept;
	*out = (struct fib_input){.routes = routes,
				  .n_routes = kept,
				  .neighbours = net->neighbours.item,
				  .n_neighbours = net->neighbours.n,
				  .sources = net->sources.item,
				  .n_sources = net->sources.n};
	return 0;
}

static void free_fib(void *fib)
{
	fib_free(fib);
}

int network_publish(struct network *net)
{
	struct fib_input in;
	struct fib *fib;
	int rc = network_input(net, &in);

	if (rc != 0)
		return rc;
	fib = fib_build(&in, published);
	if (fib == NULL)
		return -ENOMEM;
	dp_publish_fib(fib);
	if (published != NULL)
		dp_defer(free_fib, published);
	published = fib;
	return 0;
}

void network_close(void)
{
	fib_free(published);
	published = NULL;
}
