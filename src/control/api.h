/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands that clients send: one row of a table (genl.c) and one handler each. The handlers
 * are in api_*.c; they see checked attributes and a place for the answer, and nothing of
 * sockets. Main lcore.
 */
#ifndef LVSD_CONTROL_API_H
#define LVSD_CONTROL_API_H

#include "attr.h"
#include "reply.h"
#include "server.h"

struct api_request {
	const struct nlattr *attr[ATTRS_MAX]; /* by number, checked against the row's policy */
	struct reply *reply;                  /* empty; one datagram */
	struct model_error *err;
	const struct server_hooks *hooks;
	uint64_t uptime; /* seconds since the server began */
};

/* What a step of a dump says, beside a negative errno. -EAGAIN: nothing for now, ask again in a
 * millisecond. */
#define API_END  0
#define API_MORE 1

/* A dump is a cursor. It fills one datagram at a time and may see the model change in between. */
struct api_dump {
	size_t size; /* of its state, zeroed at the start */
	int (*start)(struct api_request *req, void *state);
	int (*step)(void *state, struct reply *reply);
	void (*stop)(void *state); /* may be NULL */
};

#define API_CHANGES 0x1 /* only for those who may change something */

struct api_command {
	uint8_t cmd;
	uint8_t flags;
	const struct attr_policy *policy;
	int (*act)(struct api_request *req); /* NULL: only dumps */
	const struct api_dump *dump;         /* NULL: does not dump */
};

/* ---- the families ---- */

struct api_family {
	const char *name;
	uint16_t id;
	uint8_t version;
	uint16_t maxattr;
	const struct api_command *commands;
	unsigned int n_commands;
};

const struct api_family *api_family(unsigned int i); /* NULL after the last */

/* ---- IPVS ---- */

extern const struct attr_policy api_ipvs_policy; /* top level of every IPVS command */

/* The service that attribute SERVICE names. 0 with the key and, when it exists, the service.
 * `inner` (ATTRS_MAX) receives its attributes. */
int api_service_key(const struct nlattr *nest, struct service_key *key, struct model_service **svc,
		    const struct nlattr **inner, struct model_error *err);

/* The same, and it must exist: -ESRCH. */
int api_service_need(struct api_request *req, struct model_service **svc);

/* An address attribute: 4 or 16 bytes for IPv4, 16 for IPv6. */
int api_addr(uint16_t af, const struct nlattr *a, const char *name, struct lvs_addr *out,
	     struct model_error *err);

/* The attributes that name a service. */
void api_put_service_key(struct reply *reply, const struct model_service *svc);

/* Attributes STATS and STATS64. */
void api_put_stats(struct reply *reply, uint16_t stats, uint16_t stats64,
		   const struct model_stats *s);

int api_service_new(struct api_request *req);
int api_service_set(struct api_request *req);
int api_service_del(struct api_request *req);
int api_service_get(struct api_request *req);
int api_service_zero(struct api_request *req);
int api_service_flush(struct api_request *req);
extern const struct api_dump api_service_dump;

int api_dest_new(struct api_request *req);
int api_dest_set(struct api_request *req);
int api_dest_del(struct api_request *req);
extern const struct api_dump api_dest_dump;

int api_config_get(struct api_request *req);
int api_config_set(struct api_request *req);
int api_info_get(struct api_request *req);

int api_daemon_new(struct api_request *req);
int api_daemon_del(struct api_request *req);
extern const struct api_dump api_daemon_dump;

/* ---- LVSD ---- */

extern const struct attr_policy api_none_policy; /* no attributes */

int api_version_get(struct api_request *req);
extern const struct api_dump api_conn_dump;
extern const struct api_dump api_port_dump;
extern const struct api_dump api_worker_dump;
extern const struct api_dump api_counter_dump;

extern const struct attr_policy api_laddr_policy;
int api_laddr_new(struct api_request *req);
int api_laddr_del(struct api_request *req);
int api_client_info_set(struct api_request *req);
extern const struct api_dump api_laddr_dump;

/* ---- nlctrl ---- */

extern const struct attr_policy api_nlctrl_policy;
int api_family_get(struct api_request *req);
extern const struct api_dump api_family_dump;

#endif
