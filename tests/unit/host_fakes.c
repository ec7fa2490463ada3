/* SPDX-License-Identifier: BSD-3-Clause */
/* The data plane's stand-in for tests of the host side (host_fakes.h). */
#include "host_fakes.h"

#include <errno.h>
#include <stdlib.h>

const struct fib *fake_published;
unsigned int fake_publications, fake_freed;
uint8_t fake_frame[2048];
size_t fake_frame_len;
unsigned int fake_frame_port, fake_frames;

static void *copy(const void *items, size_t n, size_t size)
{
	void *out = calloc(n + 1, size);

	if (out != NULL && n > 0)
		memcpy(out, items, n * size);
	return out;
}

struct fib *fib_build(const struct fib_input *in, const struct fib *previous)
{
	struct fib *fib = calloc(1, sizeof(*fib));

	if (fib == NULL)
		return NULL;
	fib->routes = copy(in->routes, in->n_routes, sizeof(*fib->routes));
	fib->neighbours = copy(in->neighbours, in->n_neighbours, sizeof(*fib->neighbours));
	fib->sources = copy(in->sources, in->n_sources, sizeof(*fib->sources));
	fib->n_routes = in->n_routes;
	fib->n_neighbours = in->n_neighbours;
	fib->n_sources = in->n_sources;
	return fib;
}

void fib_free(struct fib *fib)
{
	if (fib == NULL)
		return;
	free(fib->routes);
	free(fib->neighbours);
	free(fib->sources);
	free(fib);
	fake_freed++;
}

void dp_publish_fib(const struct fib *fib)
{
	fake_published = fib;
	fake_publications++;
}

void dp_defer(void (*fn)(void *arg), void *arg)
{
	fn(arg);
}

int dp_transmit(unsigned int port, const void *data, size_t len)
{
	if (len > sizeof(fake_frame))
		return -EMSGSIZE;
	fake_frames++;
	if (len < 14 || memcmp((const uint8_t *)data + 12, "\x08\x06", 2) != 0)
		return 0;
	memcpy(fake_frame, data, len);
	fake_frame_len = len;
	fake_frame_port = port;
	return 0;
}
