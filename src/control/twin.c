/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tap interfaces beside the ports (twin.h). They are not persistent: the kernel removes them when
 * lvsd ends, however it ends.
 *
 * No kernel setting of a twin is changed: what a director needs (forwarding, rp_filter, arp_*)
 * depends on the site, and the twin is an interface like any other for those who set it.
 */
#include "twin.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX  10240 /* MTU, link header, tags */
#define READ_BATCH 64    /* frames of one twin before others have their turn */

struct twin {
	bool open;
	bool link;
	bool deleted; /* by somebody else: the file is dead */
	int fd;
	unsigned int ifindex;
	char name[DP_PORT_NAME_MAX];
	struct event *readable;
	uint64_t lost;
};

static struct twin twins[DP_PORTS_MAX];

const char *twin_name(unsigned int port)
{
	return port < DP_PORTS_MAX && twins[port].open ? twins[port].name : NULL;
}

unsigned int twin_ifindex(unsigned int port)
{
	return port < DP_PORTS_MAX && twins[port].open ? twins[port].ifindex : 0;
}

int twin_port(unsigned int ifindex)
{
	for (int i = 0; i < DP_PORTS_MAX; i++)
		if (twins[i].open && twins[i].ifindex == ifindex)
			return i;
	return -1;
}

/* ---- frames ------------------------------------------------------------------------------ */

/* What the kernel sends leaves by the port. */
static void twin_readable(evutil_socket_t fd, short what, void *arg)
{
	struct twin *twin = arg;
	uint8_t frame[FRAME_MAX];
	ssize_t len;

	for (int i = 0; i < READ_BATCH; i++) {
		len = read((int)fd, frame, sizeof(frame));
		if (len < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			/* It would be readable for ever. */
			twin->deleted = true;
			event_del(twin->readable);
			return;
		}
		if (dp_transmit((unsigned int)(twin - twins), frame, (size_t)len) != 0)
			twin->lost++;
	}
}

void twin_receive(unsigned int port, const void *frame, size_t len)
{
	struct twin *twin = &twins[port];
	ssize_t n;

	if (port >= DP_PORTS_MAX || !twin->open)
		return;
	do {
		n = write(twin->fd, frame, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		twin->lost++;
}

uint64_t twin_take_lost(unsigned int port)
{
	uint64_t lost = twins[port].lost;

	twins[port].lost = 0;
	return lost;
}

/* ---- making and removing ----------------------------------------------------------------- */

static int fail(struct dp_error *err, int rc, const char *name, const char *what)
{
	snprintf(err->text, sizeof(err->text), "twin of port %s: %s: %s", name, what,
		 strerror(-rc));
	return rc;
}

/* Opens the tap. The kernel would attach us to an existing tap, so look first. */
static int tap_open(const char *name, int sock, unsigned int *ifindex, struct dp_error *err)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd, rc;

	strcpy(ifr.ifr_name, name); /* both are IFNAMSIZ bytes */
	if (ioctl(sock, SIOCGIFINDEX, &ifr) == 0) {
		snprintf(err->text, sizeof(err->text),
			 "twin of port %s: an interface of that name exists already; rename the "
			 "port, or the interface (ip link set %s name OTHER)",
			 name, name);
		return -EEXIST;
	}
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		rc = errno == EACCES                     ? -EPERM
		     : errno == ENODEV || errno == ENXIO ? -ENOENT
							 : -errno;
		return fail(err, rc, name,
			    rc == -ENOENT ? "/dev/net/tun (try: modprobe tun)" : "/dev/net/tun");
	}
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
	strcpy(ifr.ifr_name, name);
	rc = ioctl(fd, TUNSETIFF, &ifr) == 0 && ioctl(sock, SIOCGIFINDEX, &ifr) == 0 ? 0 : -errno;
	if (rc != 0) {
		close(fd);
		return fail(err, rc, name, "cannot make the interface");
	}
	*ifindex = (unsigned int)ifr.ifr_ifindex;
	return fd;
}

/* The link address goes first: an interface that is up announces itself with it. */
static int tap_configure(const char *name, int sock, const uint8_t mac[6], uint16_t mtu,
			 struct dp_error *err)
{
	struct ifreq ifr = {0};

	strcpy(ifr.ifr_name, name);
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	if (ioctl(sock, SIOCSIFHWADDR, &ifr) != 0)
		return fail(err, -errno, name, "cannot set the link address");
	ifr.ifr_mtu = mtu;
	if (ioctl(sock, SIOCSIFMTU, &ifr) != 0)
		return fail(err, -errno, name, "cannot set the MTU");
	if (ioctl(sock, SIOCGIFFLAGS, &ifr) != 0)
		return fail(err, -errno, name, "cannot read the flags");
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr) != 0)
		return fail(err, -errno, name, "cannot set the interface up");
	return 0;
}

int twin_open(struct event_base *base, unsigned int port, const char *name, const uint8_t mac[6],
	      uint16_t mtu, struct dp_error *err)
{
	struct twin *twin = &twins[port];
	unsigned int ifindex = 0;
	struct event *readable;
	int fd, rc, sock;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return fail(err, -errno, name, "socket");
	fd = tap_open(name, sock, &ifindex, err);
	rc = fd < 0 ? fd : tap_configure(name, sock, mac, mtu, err);
	close(sock);
	if (rc != 0) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	readable = event_new(base, fd, EV_READ | EV_PERSIST, twin_readable, twin);
	if (readable == NULL || event_add(readable, NULL) != 0) {
		if (readable != NULL)
			event_free(readable);
		close(fd);
		return fail(err, -ENOMEM, name, "event loop");
	}
	*twin = (struct twin){
		.open = true, .link = true, .fd = fd, .ifindex = ifindex, .readable = readable};
	strcpy(twin->name, name);
	return 0;
}

void twin_set_link(unsigned int port, bool up)
{
	struct twin *twin = &twins[port];
	int carrier = up;

	if (!twin->open || twin->link == up)
		return;
	/* Kernels that cannot (before 5.0) leave the carrier on: nothing worse than before. */
	ioctl(twin->fd, TUNSETCARRIER, &carrier);
	twin->link = up;
}

static void twin_close(struct twin *twin)
{
	event_free(twin->readable);
	close(twin->fd);
	memset(twin, 0, sizeof(*twin));
}

bool twin_take_deleted(unsigned int port)
{
	if (!twins[port].deleted)
		return false;
	twin_close(&twins[port]);
	return true;
}

void twin_close_all(void)
{
	for (int i = 0; i < DP_PORTS_MAX; i++)
		if (twins[i].open)
			twin_close(&twins[i]);
}
