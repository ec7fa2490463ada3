/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Talking to lvsd: one connection to its socket, one request at a time. For lvsadm, for tests and
 * for whoever else writes a client in C. libc and libmnl only.
 *
 * A request is built in the connection's own buffer with libmnl's attribute calls and sent with
 * client_call(); the answers come through a callback, in the order in which the daemon sent them.
 * The daemon is not trusted either: lengths of messages and attributes are checked before anybody
 * sees them.
 *
 * Functions return 0 or a negative errno; nothing is logged. A connection belongs to one thread.
 */
#ifndef LVSD_API_CLIENT_H
#define LVSD_API_CLIENT_H

#include <stdint.h>

#include <libmnl/libmnl.h>

struct client;

/* The socket to use when nobody names one: $LVSD_SOCKET, else LVSD_SOCKET_DEFAULT. */
const char *client_default_socket(void);

/* Connects. -ENAMETOOLONG when the path does not fit a Unix address, -ECONNREFUSED or -ENOENT
 * when nobody listens there, -EACCES when the caller may not. */
int client_open(const char *path, struct client **out);
void client_close(struct client *client); /* NULL is fine */

/* Begins a request: an empty message of `family` (nlmsg_type) and `cmd` with NLM_F_REQUEST and
 * `flags`. It has room for CLIENT_ROOM bytes of attributes and lives until the next call. */
#define CLIENT_ROOM 16384
struct nlmsghdr *client_request(struct client *client, uint16_t family, uint8_t cmd,
				uint16_t flags);

/* Called for every answer; a negative return is remembered as the result of the call. The
 * remaining answers are still received, so that the connection stays usable. */
typedef int (*client_answer_fn)(const struct nlmsghdr *nlh, void *arg);

/* Sends the message and receives until the end of the answer: the acknowledgement, or
 * NLMSG_DONE of a dump. A negative errno is the daemon's own, or
 *   -ECONNRESET  it closed the connection
 *   -ETIMEDOUT   it said nothing for CLIENT_TIMEOUT seconds
 *   -EPROTO      it sent something that is not a message
 * after which the connection is of no more use. */
#define CLIENT_TIMEOUT 30
int client_call(struct client *client, struct nlmsghdr *nlh, client_answer_fn answer, void *arg);

/* What the daemon said about the last error in words, "" when it said nothing. */
const char *client_error(const struct client *client);

/* What an attribute must look like. Strings end with 0 within `length` bytes. */
struct client_policy {
	enum mnl_attr_data_type type;
	uint16_t length; /* strings and binaries: at most so many bytes, 0: no limit */
};

/* Sorts the attributes of a message (after the generic netlink header) or of a nest into
 * tb[0..max], NULL where absent; attributes above max are ignored. -EPROTO when one breaks its
 * policy; a policy of type 0 (unspecified) lets anything pass. */
int client_parse(const struct nlmsghdr *nlh, const struct client_policy *policy, uint16_t max,
		 const struct nlattr **tb);
int client_parse_nested(const struct nlattr *nest, const struct client_policy *policy, uint16_t max,
			const struct nlattr **tb);

/* The value, or `otherwise` when the attribute is absent. */
uint8_t client_u8(const struct nlattr *attr, uint8_t otherwise);
uint16_t client_u16(const struct nlattr *attr, uint16_t otherwise);
uint32_t client_u32(const struct nlattr *attr, uint32_t otherwise);
uint64_t client_u64(const struct nlattr *attr, uint64_t otherwise);
const char *client_str(const struct nlattr *attr, const char *otherwise);

#endif
