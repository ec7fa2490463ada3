/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From datagrams to commands, by the rules of the kernel's netlink: requests are answered in
 * order, errors carry the errno, the request and a sentence (extended ack).
 */
#include "genl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "api.h"
#include "api/lvsd_wire.h"
#include "client.h"
#include "model_private.h"

/* ---- the commands ------------------------------------------------------------------------ */

static const struct api_command nlctrl_commands[] = {
	{CTRL_CMD_GETFAMILY, 0, &api_nlctrl_policy, api_family_get, &api_family_dump},
};

static const struct api_command ipvs_commands[] = {
	{IPVS_CMD_NEW_SERVICE, API_CHANGES, &api_ipvs_policy, api_service_new, NULL},
	{IPVS_CMD_SET_SERVICE, API_CHANGES, &api_ipvs_policy, api_service_set, NULL},
	{IPVS_CMD_DEL_SERVICE, API_CHANGES, &api_ipvs_policy, api_service_del, NULL},
	{IPVS_CMD_GET_SERVICE, 0, &api_ipvs_policy, api_service_get, &api_service_dump},
	{IPVS_CMD_NEW_DEST, API_CHANGES, &api_ipvs_policy, api_dest_new, NULL},
	{IPVS_CMD_SET_DEST, API_CHANGES, &api_ipvs_policy, api_dest_set, NULL},
	{IPVS_CMD_DEL_DEST, API_CHANGES, &api_ipvs_policy, api_dest_del, NULL},
	{IPVS_CMD_GET_DEST, 0, &api_ipvs_policy, NULL, &api_dest_dump},
	{IPVS_CMD_NEW_DAEMON, API_CHANGES, &api_ipvs_policy, api_daemon_new, NULL},
	{IPVS_CMD_DEL_DAEMON, API_CHANGES, &api_ipvs_policy, api_daemon_del, NULL},
	{IPVS_CMD_GET_DAEMON, 0, &api_ipvs_policy, NULL, &api_daemon_dump},
	{IPVS_CMD_SET_CONFIG, API_CHANGES, &api_ipvs_policy, api_config_set, NULL},
	{IPVS_CMD_GET_CONFIG, 0, &api_ipvs_policy, api_config_get, NULL},
	{IPVS_CMD_GET_INFO, 0, &api_ipvs_policy, api_info_get, NULL},
	{IPVS_CMD_ZERO, API_CHANGES, &api_ipvs_policy, api_service_zero, NULL},
	{IPVS_CMD_FLUSH, API_CHANGES, &api_ipvs_policy, api_service_flush, NULL},
};

static const struct api_command lvsd_commands[] = {
	{LVSD_CMD_GET_VERSION, 0, &api_none_policy, api_version_get, NULL},
	{LVSD_CMD_GET_CONN, 0, &api_none_policy, NULL, &api_conn_dump},
	{LVSD_CMD_GET_PORT, 0, &api_none_policy, NULL, &api_port_dump},
	{LVSD_CMD_GET_WORKER, 0, &api_none_policy, NULL, &api_worker_dump},
	{LVSD_CMD_GET_COUNTER, 0, &api_none_policy, NULL, &api_counter_dump},
	{LVSD_CMD_NEW_LADDR, API_CHANGES, &api_laddr_policy, api_laddr_new, NULL},
	{LVSD_CMD_DEL_LADDR, API_CHANGES, &api_laddr_policy, api_laddr_del, NULL},
	{LVSD_CMD_GET_LADDR, 0, &api_laddr_policy, NULL, &api_laddr_dump},
	{LVSD_CMD_SET_CLIENT_INFO, API_CHANGES, &api_laddr_policy, api_client_info_set, NULL},
};

static const struct api_family families[] = {
	{"nlctrl", GENL_ID_CTRL, 2, CTRL_ATTR_MAX, nlctrl_commands,
	 MNL_ARRAY_SIZE(nlctrl_commands)},
	{IPVS_GENL_NAME, LVSD_FAMILY_IPVS_ID, IPVS_GENL_VERSION, IPVS_CMD_ATTR_MAX, ipvs_commands,
	 MNL_ARRAY_SIZE(ipvs_commands)},
	{LVSD_FAMILY_NAME, LVSD_FAMILY_LVSD_ID, LVSD_FAMILY_VERSION, LVSD_PORT_ATTR_MAX,
	 lvsd_commands, MNL_ARRAY_SIZE(lvsd_commands)},
};

const struct api_family *api_family(unsigned int i)
{
	return i < MNL_ARRAY_SIZE(families) ? &families[i] : NULL;
}

static const struct api_family *family_find(uint16_t id)
{
	for (unsigned int i = 0; i < MNL_ARRAY_SIZE(families); i++)
		if (families[i].id == id)
			return &families[i];
	return NULL;
}

static const struct api_command *command_find(const struct api_family *f, uint8_t cmd)
{
	for (unsigned int i = 0; i < f->n_commands; i++)
		if (f->commands[i].cmd == cmd)
			return &f->commands[i];
	return NULL;
}

/* ---- errors and acknowledgements --------------------------------------------------------- */

/* Room for header, error number and sentence. */
#define ERROR_ROOM (NLMSG_HDRLEN + sizeof(struct nlmsgerr) + MNL_ATTR_HDRLEN + MODEL_ERROR_MAX + 8)

/*
 * NLMSG_ERROR. The request is echoed whole, as the kernel does by default, because clients exist
 * that look for the sentence behind it without knowing NLM_F_CAPPED. `whole` false: only its
 * header, for a request that cannot be relied upon.
 */
static void answer(struct client *client, const struct nlmsghdr *request, int error, bool whole,
		   const char *text)
{
	uint8_t buf[LVSD_MSG_MAX] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_seq = request->nlmsg_seq;
	e->error = error;
	e->msg = *request;
	if (error) {
		size_t body = request->nlmsg_len - NLMSG_HDRLEN;

		if (whole && MNL_ALIGN(request->nlmsg_len) + ERROR_ROOM <= sizeof(buf))
			memcpy(mnl_nlmsg_put_extra_header(nlh, body), request + 1, body);
		else
			nlh->nlmsg_flags |= NLM_F_CAPPED;
		if (text[0]) {
			nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
			mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
		}
	}
	client_send(client, buf, nlh->nlmsg_len);
}

void genl_refuse(struct client *client, int error, const char *text)
{
	const struct nlmsghdr none = {.nlmsg_len = NLMSG_HDRLEN};

	answer(client, &none, error, false, text);
}

/* ---- one message ------------------------------------------------------------------------- */

static const char *dump_name(const struct api_command *c)
{
	return c->dump ? "only dumps (NLM_F_DUMP)" : "does not dump (NLM_F_DUMP)";
}

static int run(struct client *client, const struct nlmsghdr *nlh, const struct api_family *f,
	       const struct api_command *c, struct model_error *err)
{
	uint8_t buf[4096] __attribute__((aligned(4)));
	struct reply reply = {
		.buf = buf,
		.room = sizeof(buf),
		.family = f->id,
		.version = f->version,
		.seq = nlh->nlmsg_seq,
	};
	struct api_request req = {
		.reply = &reply,
		.err = err,
		.hooks = client_context(client)->hooks,
		.uptime = model_now() - client_context(client)->started,
	};
	const char *attrs = (const char *)mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int r;

	if (dump ? !c->dump : !c->act)
		return model_fail(err, -EOPNOTSUPP, "command %u of family %s %s", c->cmd, f->name,
				  dump_name(c));
	if ((c->flags & API_CHANGES) && !client_may_change(client))
		return model_fail(err, -EPERM,
				  "only root and members of group lvsd may change something");
	r = attr_parse(c->policy, attrs, nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, req.attr,
		       err);
	if (r < 0)
		return r;
	if (dump)
		return client_dump(client, c->dump, &req, &reply);
	r = c->act(&req);
	if (r == 0 && reply.used > 0)
		client_send(client, buf, reply.used);
	return r;
}

static int message(struct client *client, const struct nlmsghdr *nlh, struct model_error *err)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct api_family *f = family_find(nlh->nlmsg_type);
	const struct api_command *c;

	if (!f)
		return model_fail(err, -ENOENT,
				  "there is no family %u here: ask nlctrl (16) for IPVS or LVSD",
				  nlh->nlmsg_type);
	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return model_fail(err, -EINVAL,
				  "message of %" PRIu32 " bytes: the generic netlink header is "
				  "missing, at least %zu are needed",
				  nlh->nlmsg_len, (size_t)NLMSG_HDRLEN + GENL_HDRLEN);
	c = command_find(f, genl->cmd);
	if (!c)
		return model_fail(err, -EOPNOTSUPP, "family %s has no command %u", f->name,
				  genl->cmd);
	return run(client, nlh, f, c, err);
}

/* Whether the message starts a dump: then its end is its acknowledgement. */
static bool answered_by_dump(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type >= NLMSG_MIN_TYPE && (nlh->nlmsg_flags & NLM_F_REQUEST) &&
	       (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

static void carry_out(struct client *client, const struct nlmsghdr *nlh)
{
	struct model_error err = {.text = ""};
	int r = 0;

	/* Control messages, and what is no request, are only acknowledged. */
	if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && (nlh->nlmsg_flags & NLM_F_REQUEST))
		r = message(client, nlh, &err);
	if (r < 0)
		answer(client, nlh, r, true, err.text);
	else if ((nlh->nlmsg_flags & NLM_F_ACK) && !answered_by_dump(nlh))
		answer(client, nlh, 0, true, "");
}

/* ---- the datagram ------------------------------------------------------------------------ */

/* Length of the first message with its padding; 0: it is not whole. */
static size_t message_size(const void *data, size_t len)
{
	const struct nlmsghdr *nlh = data;

	if (len < NLMSG_HDRLEN || nlh->nlmsg_len < NLMSG_HDRLEN || nlh->nlmsg_len > len)
		return 0;
	return MNL_ALIGN(nlh->nlmsg_len) < len ? MNL_ALIGN(nlh->nlmsg_len) : len;
}

static bool is_whole(struct client *client, const char *data, size_t len)
{
	struct model_error err;

	for (size_t at = 0, size; at < len; at += size) {
		size = message_size(data + at, len - at);
		if (size)
			continue;
		if (len - at < NLMSG_HDRLEN) {
			model_fail(&err, 0,
				   "the last %zu bytes of the datagram are no message: its header "
				   "alone has %u",
				   len - at, NLMSG_HDRLEN);
			genl_refuse(client, -EINVAL, err.text);
		} else {
			const struct nlmsghdr *nlh = (const struct nlmsghdr *)(data + at);

			model_fail(&err, 0,
				   "the message at byte %zu says it is %" PRIu32 " bytes long; %u "
				   "to %zu are possible",
				   at, nlh->nlmsg_len, NLMSG_HDRLEN, len - at);
			answer(client, nlh, -EINVAL, false, err.text);
		}
		return false;
	}
	return true;
}

void genl_input(struct client *client, const void *data, size_t len)
{
	const char *p = data;

	if (!is_whole(client, p, len))
		return;
	while (len > 0) {
		size_t size = message_size(p, len);

		carry_out(client, (const struct nlmsghdr *)p);
		p += size;
		len -= size;
	}
}
