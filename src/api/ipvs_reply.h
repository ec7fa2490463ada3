/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the IPVS family's replies, for ipvs.c and what is built like it. Each function is a
 * client_answer_fn; `arg` is the object itself (info, timeouts) or a list that the object is
 * appended to.
 */
#ifndef LVSD_API_IPVS_REPLY_H
#define LVSD_API_IPVS_REPLY_H

#include "ipvs.h"

struct ipvs_list {
	void *items;
	size_t size; /* of one item */
	size_t n;
	size_t room;
	uint16_t af; /* destinations: the service's, for replies that do not name their own */
};

/* The next item, zeroed; NULL without memory. */
void *ipvs_list_item(struct ipvs_list *list);

/* Attributes AF, and FWMARK or PROTOCOL, ADDR, PORT of a nest. */
int ipvs_read_service_key(const struct nlattr *nest, struct ipvs_service *svc);

int ipvs_read_info(const struct nlmsghdr *nlh, void *arg);     /* struct ipvs_info */
int ipvs_read_timeouts(const struct nlmsghdr *nlh, void *arg); /* struct ipvs_timeouts */
int ipvs_read_service(const struct nlmsghdr *nlh, void *arg);  /* struct ipvs_list */
int ipvs_read_dest(const struct nlmsghdr *nlh, void *arg);     /* struct ipvs_list */
int ipvs_read_daemon(const struct nlmsghdr *nlh, void *arg);   /* struct ipvs_list */

#endif
