/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to NETLINK_ROUTE on a socket of their own, so that answers never mix with the
 * mirror's notifications (rtnl.h). Main lcore only.
 */
#include "rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MS 2000

static struct mnl_socket *sock;
static uint32_t sequence;

int rtnl_open(void)
{
	int on = 1;

	sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock == NULL)
		return -errno;
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) != 0) {
		int rc = -errno;

		rtnl_close();
		return rc;
	}
	/* The kernel's own words for refusals; older kernels have none. */
	mnl_socket_setsockopt(sock, NETLINK_EXT_ACK, &on, sizeof(on));
	return 0;
}

void rtnl_close(void)
{
	if (sock != NULL)
		mnl_socket_close(sock);
	sock = NULL;
}

static size_t address_size(uint16_t af)
{
	return af == AF_INET ? 4 : 16;
}

static struct nlmsghdr *request(void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++sequence;
	return nlh;
}

/* ---- answers ----------------------------------------------------------------------------- */

struct attr_find {
	uint16_t type;
	const struct nlattr *found;
};

static int find_attr(const struct nlattr *attr, void *data)
{
	struct attr_find *find = data;

	if (mnl_attr_get_type(attr) == find->type)
		find->found = attr;
	return MNL_CB_OK;
}

/* The kernel's sentence in an error message; NULL: it has none. */
static const char *kernel_words(const struct nlmsghdr *nlh, const struct nlmsgerr *e)
{
	struct attr_find find = {.type = NLMSGERR_ATTR_MSG};
	size_t offset = sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < sizeof(e->msg) || e->msg.nlmsg_len > nlh->nlmsg_len)
			return NULL;
		offset += MNL_ALIGN(e->msg.nlmsg_len - sizeof(e->msg));
	}
	if (MNL_NLMSG_HDRLEN + offset > nlh->nlmsg_len)
		return NULL;
	mnl_attr_parse(nlh, (unsigned int)offset, find_attr, &find);
	if (find.found == NULL || mnl_attr_validate(find.found, MNL_TYPE_NUL_STRING) < 0)
		return NULL;
	return mnl_attr_get_str(find.found);
}

/* Reads the answer to request `seq`: 0 or a negative errno; -EAGAIN: not in this datagram. */
static int answer(const void *buf, size_t len, uint32_t seq, const char *what, struct dp_error *err)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
		const char *words;

		if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq != seq ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
			continue;
		if (e->error == 0)
			return 0;
		words = kernel_words(nlh, e);
		snprintf(err->text, sizeof(err->text), "the kernel refuses %s: %s%s%s%s", what,
			 strerror(-e->error), words != NULL ? " (" : "", words != NULL ? words : "",
			 words != NULL ? ")" : "");
		return e->error;
	}
	return -EAGAIN;
}

/* Sends and waits for the answer. `what` names the object for the error. */
static int ask(const struct nlmsghdr *nlh, const char *what, struct dp_error *err)
{
	struct pollfd pfd = {.fd = mnl_socket_get_fd(sock), .events = POLLIN};
	_Alignas(struct nlmsghdr) char buf[8192];
	ssize_t len;
	int rc = -EAGAIN;

	if (mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		rc = -errno;
	while (rc == -EAGAIN) {
		if (poll(&pfd, 1, ANSWER_MS) == 0) {
			rc = -ETIMEDOUT;
			break;
		}
		len = mnl_socket_recvfrom(sock, buf, sizeof(buf));
		if (len >= 0)
			rc = answer(buf, (size_t)len, nlh->nlmsg_seq, what, err);
		else if (errno != EAGAIN && errno != EINTR)
			rc = -errno;
		else
			continue;
		if (rc != -EAGAIN)
			return rc;
	}
	snprintf(err->text, sizeof(err->text), "cannot set %s: %s", what, strerror(-rc));
	return rc;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void describe(char *buf, size_t size, const char *what, const struct config_address *a)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(a->af, a->addr.b, text, sizeof(text));
	snprintf(buf, size, "%s %s/%u", what, text, a->prefix);
}

int rtnl_add_address(unsigned int ifindex, const struct config_address *addr, struct dp_error *err)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *nlh = request(buf, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	char what[96];

	ifa->ifa_family = (uint8_t)addr->af;
	ifa->ifa_prefixlen = addr->prefix;
	ifa->ifa_index = ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, address_size(addr->af), addr->addr.b);
	mnl_attr_put(nlh, IFA_ADDRESS, address_size(addr->af), addr->addr.b);
	if (addr->af == AF_INET && addr->prefix < 31)
		mnl_attr_put_u32(nlh, IFA_BROADCAST,
				 addr->addr.v4 | htonl(UINT32_MAX >> addr->prefix));
	describe(what, sizeof(what), "address", addr);
	return ask(nlh, what, err);
}

int rtnl_add_route(unsigned int ifindex, const struct config_address *to,
		   const struct config_address *via, struct dp_error *err)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *nlh = request(buf, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	char what[96];

	rtm->rtm_family = (uint8_t)to->af;
	rtm->rtm_dst_len = to->prefix;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = via->af != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, address_size(to->af), to->addr.b);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	if (via->af != 0)
		mnl_attr_put(nlh, RTA_GATEWAY, address_size(via->af), via->addr.b);
	describe(what, sizeof(what), "route", to);
	return ask(nlh, what, err);
}

static struct ndmsg *neighbour_request(struct nlmsghdr *nlh, unsigned int ifindex, uint16_t af,
				       const struct lvs_addr *addr)
{
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = (uint8_t)af;
	ndm->ndm_ifindex = (int)ifindex;
	mnl_attr_put(nlh, NDA_DST, address_size(af), addr->b);
	return ndm;
}

int rtnl_add_neighbour(unsigned int ifindex, const struct config_address *addr,
		       const uint8_t mac[6], struct dp_error *err)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct nlmsghdr *nlh = request(buf, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *ndm = neighbour_request(nlh, ifindex, addr->af, &addr->addr);
	char what[96];

	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	describe(what, sizeof(what), "neighbour", addr);
	return ask(nlh, what, err);
}

void rtnl_use_neighbour(unsigned int ifindex, uint16_t af, const struct lvs_addr *addr)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	struct nlmsghdr *nlh = request(buf, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *ndm = neighbour_request(nlh, ifindex, af, addr);

	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = NTF_USE;
	/* A refusal (the interface is down) is no news to us: the next packet asks again. */
	mnl_socket_sendto(sock, nlh, nlh->nlmsg_len);
	while (mnl_socket_recvfrom(sock, buf, sizeof(buf)) > 0)
		;
}
