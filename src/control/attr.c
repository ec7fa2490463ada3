/* SPDX-License-Identifier: BSD-3-Clause */
/* Checking attributes of requests against rules. */
#include "attr.h"

#include <errno.h>

static int check(const struct attr_rule *rule, const struct nlattr *a, struct model_error *err)
{
	const char *data = mnl_attr_get_payload(a);
	unsigned int len = mnl_attr_get_payload_len(a);

	switch (rule->kind) {
	case ATTR_NUMBER:
		if (len < rule->size)
			return model_fail(err, -EINVAL, "attribute %s has %u bytes, %u are needed",
					  rule->name, len, rule->size);
		return 0;
	case ATTR_STRING:
		if (strnlen(data, len) == len)
			return model_fail(err, -EINVAL,
					  "attribute %s is a string without its final 0 byte",
					  rule->name);
		if (strlen(data) > rule->size)
			return model_fail(err, -EINVAL,
					  "attribute %s has %zu characters, at most %u are allowed",
					  rule->name, strlen(data), rule->size);
		return 0;
	case ATTR_BYTES:
		if (len > rule->size)
			return model_fail(err, -EINVAL,
					  "attribute %s has %u bytes, at most %u are allowed",
					  rule->name, len, rule->size);
		return 0;
	default:
		return 0;
	}
}

int attr_parse(const struct attr_policy *policy, const void *data, size_t len,
	       const struct nlattr **out, struct model_error *err)
{
	memset(out, 0, ATTRS_MAX * sizeof(*out));
	/* What is shorter than a header at the end is padding. */
	for (size_t at = 0; at < len && len - at >= sizeof(struct nlattr);) {
		const struct nlattr *a = (const struct nlattr *)((const char *)data + at);
		uint16_t type = mnl_attr_get_type(a);
		int r;

		if (a->nla_len < sizeof(*a) || a->nla_len > len - at)
			return model_fail(err, -EINVAL,
					  "attribute %u at byte %zu says it is %u bytes long; "
					  "4 to %zu are possible",
					  type, at, a->nla_len, len - at);
		if (type < policy->n && policy->rule[type].name) {
			r = check(&policy->rule[type], a, err);
			if (r < 0)
				return r;
			out[type] = a;
		}
		at += MNL_ALIGN(a->nla_len);
	}
	return 0;
}

int attr_parse_nest(const struct attr_policy *policy, const struct nlattr *nest,
		    const struct nlattr **out, struct model_error *err)
{
	return attr_parse(policy, mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), out,
			  err);
}

int attr_require(const struct attr_policy *policy, const struct nlattr *const *attr,
		 const uint16_t *required, unsigned int n, struct model_error *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (!attr[required[i]])
			return model_fail(err, -EINVAL, "attribute %s is missing",
					  policy->rule[required[i]].name);
	return 0;
}
