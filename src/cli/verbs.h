/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the verbs share, and those that are more than a table of fields.
 */
#ifndef LVSD_CLI_VERBS_H
#define LVSD_CLI_VERBS_H

#include <jansson.h>

#include "cli.h"
#include "ipvs.h"
#include "laddr.h"
#include "record.h"

struct request {
	const char *socket;
	const char *verb;
	bool json;
	bool all;
	/* Words that only the verb understands. */
	int argc;
	char **argv;
};

void verb_print_json(const json_t *json);

/* Says on stderr what the daemon refused; EXIT_NO_SUCH. */
int verb_refused(const struct request *request, const struct client *client, int err);

/* Takes "-t VIP:PORT" and its sisters from the front of the words; false: no service is named.
 * Exits with a line when it is not one. */
bool verb_take_service(struct request *request, struct ipvs_service *svc);

/* "tcp", "udp", "sctp", "fwmark"; address and port, or the mark. */
json_t *verb_service_json(const struct ipvs_service *svc);
void verb_service_text(const struct ipvs_service *svc, char *buf, size_t size);

/* "none", "toa". */
const char *verb_client_info(uint8_t info);

/* The verbs themselves; exit statuses. */
int laddr_main(struct request *request);       /* laddr add|del|list */
int client_info_main(struct request *request); /* client-info */
int services_main(struct request *request);    /* services */
int save_main(struct request *request);        /* save */

#endif
