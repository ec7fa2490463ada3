/* SPDX-License-Identifier: BSD-3-Clause */
/* CTRL_CMD_GETFAMILY of nlctrl, by which stock libraries find the families by name. */
#include "api.h"

#include <errno.h>

#include <linux/genetlink.h>

static const struct attr_rule nlctrl_rules[] = {
	[CTRL_ATTR_FAMILY_ID] = {"FAMILY_ID", ATTR_NUMBER, 2},
	[CTRL_ATTR_FAMILY_NAME] = {"FAMILY_NAME", ATTR_STRING, GENL_NAMSIZ - 1},
};

const struct attr_policy api_nlctrl_policy = {MNL_ARRAY_SIZE(nlctrl_rules), nlctrl_rules};

static bool put_family(struct reply *reply, const struct api_family *f)
{
	reply_begin(reply, CTRL_CMD_NEWFAMILY);
	reply_string(reply, CTRL_ATTR_FAMILY_NAME, f->name);
	reply_u16(reply, CTRL_ATTR_FAMILY_ID, f->id);
	reply_u32(reply, CTRL_ATTR_VERSION, f->version);
	reply_u32(reply, CTRL_ATTR_HDRSIZE, 0);
	reply_u32(reply, CTRL_ATTR_MAXATTR, f->maxattr);
	return reply_end(reply);
}

static bool wanted(const struct api_family *f, const struct nlattr *id, const struct nlattr *name)
{
	return (id && attr_u16(id) == f->id) ||
	       (name && strcmp(mnl_attr_get_str(name), f->name) == 0);
}

int api_family_get(struct api_request *req)
{
	const struct nlattr *id = req->attr[CTRL_ATTR_FAMILY_ID];
	const struct nlattr *name = req->attr[CTRL_ATTR_FAMILY_NAME];
	const struct api_family *f;

	if (!id && !name)
		return model_fail(req->err, -EINVAL, "attribute FAMILY_NAME is missing");
	for (unsigned int i = 0; (f = api_family(i)); i++) {
		if (wanted(f, id, name)) {
			put_family(req->reply, f);
			return 0;
		}
	}
	return model_fail(req->err, -ENOENT,
			  "there is no such family here, only nlctrl, IPVS and LVSD");
}

struct family_cursor {
	unsigned int at;
};

static int dump_start(struct api_request *req, void *state)
{
	return 0;
}

static int dump_step(void *state, struct reply *reply)
{
	struct family_cursor *c = state;
	const struct api_family *f;

	for (; (f = api_family(c->at)); c->at++)
		if (!put_family(reply, f))
			return API_MORE;
	return API_END;
}

const struct api_dump api_family_dump = {sizeof(struct family_cursor), dump_start, dump_step};
