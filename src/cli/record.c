/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The LVSD family's objects: attributes into JSON objects by a table of fields.
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>

#include <linux/netlink.h>

#include "lvsd_wire.h"

struct fetch {
	const struct fields *fields;
	json_t *records;
};

static enum mnl_attr_data_type wire_type(enum field_kind kind)
{
	switch (kind) {
	case FIELD_STRING:
		return MNL_TYPE_NUL_STRING;
	case FIELD_U8:
	case FIELD_BOOL:
	case FIELD_LINK:
		return MNL_TYPE_U8;
	case FIELD_U32:
	case FIELD_SPEED:
		return MNL_TYPE_U32;
	case FIELD_U64:
	case FIELD_BYTES:
		return MNL_TYPE_U64;
	case FIELD_MAC:
		return MNL_TYPE_BINARY;
	}
	return MNL_TYPE_UNSPEC;
}

static json_t *mac_value(const struct nlattr *attr)
{
	const uint8_t *m = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) != 6)
		return NULL;
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static json_t *value(enum field_kind kind, const struct nlattr *attr)
{
	switch (kind) {
	case FIELD_STRING:
		return json_string(mnl_attr_get_str(attr));
	case FIELD_U8:
		return json_integer(mnl_attr_get_u8(attr));
	case FIELD_BOOL:
		return json_boolean(mnl_attr_get_u8(attr));
	case FIELD_LINK:
		return json_string(mnl_attr_get_u8(attr) ? "up" : "down");
	case FIELD_U32:
		return json_integer(mnl_attr_get_u32(attr));
	case FIELD_SPEED:
		return mnl_attr_get_u32(attr) == UINT32_MAX ? json_null()
							    : json_integer(mnl_attr_get_u32(attr));
	case FIELD_U64:
	case FIELD_BYTES:
		return json_integer(mnl_attr_get_u64(attr));
	case FIELD_MAC:
		return mac_value(attr);
	}
	return NULL;
}

static int receive(const struct nlmsghdr *nlh, void *arg)
{
	struct client_policy policy[RECORD_ATTR_MAX + 1] = {0};
	const struct nlattr *tb[RECORD_ATTR_MAX + 1];
	const struct fetch *fetch = arg;
	const struct fields *fields = fetch->fields;
	const struct field *field;
	json_t *record;
	size_t i;
	int err;

	for (i = 0; i < fields->n; i++)
		policy[fields->field[i].attr].type = wire_type(fields->field[i].kind);
	policy[0].type = MNL_TYPE_UNSPEC;
	err = client_parse(nlh, policy, fields->max_attr, tb);
	if (err < 0)
		return err;

	record = json_object();
	for (i = 0; i < fields->n; i++) {
		field = &fields->field[i];
		if (field->attr && tb[field->attr] &&
		    json_object_set_new(record, field->key, value(field->kind, tb[field->attr])) <
			    0) {
			json_decref(record);
			return -EPROTO;
		}
	}
	return json_array_append_new(fetch->records, record) < 0 ? -ENOMEM : 0;
}

int record_fetch(struct client *client, const struct fields *fields, uint16_t flags, json_t **out)
{
	struct nlmsghdr *nlh = client_request(client, LVSD_FAMILY_LVSD_ID, fields->cmd, flags);
	struct fetch fetch = {fields, json_array()};
	int err;

	if (!fetch.records)
		return -ENOMEM;
	err = client_call(client, nlh, receive, &fetch);
	if (err < 0) {
		json_decref(fetch.records);
		return err;
	}
	*out = fetch.records;
	return 0;
}
