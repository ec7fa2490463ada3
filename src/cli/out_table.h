/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Listings of services and their destinations: the tables of -L and the rules of -S.
 */
#ifndef LVSD_CLI_OUT_TABLE_H
#define LVSD_CLI_OUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "ipvs.h"

/* When several are asked for, the first of this order wins. */
enum layout {
	LAYOUT_RULES, /* -S */
	LAYOUT_STATS,
	LAYOUT_RATE,
	LAYOUT_THRESHOLDS,
	LAYOUT_PERSISTENT_CONN,
	LAYOUT_TUN_INFO,
	LAYOUT_PLAIN,
};

struct format {
	enum layout layout;
	bool numeric;
	bool exact;  /* no K, M, G, T */
	bool nosort; /* the daemon's order */
	bool own;    /* rules: for lvsadm, which knows more than ipvsadm */
};

void out_table_header(const struct format *format);
void out_table_service(const struct format *format, const struct ipvs_service *svc);
void out_table_dest(const struct format *format, const struct ipvs_service *svc,
		    const struct ipvs_dest *dest);

/* How -S and error-free restores name a service: "-t 192.0.2.1:80", "-f 7 -6". */
void out_save_selector(const struct format *format, const struct ipvs_service *svc);
void out_save_service(const struct format *format, const struct ipvs_service *svc);
void out_save_dest(const struct format *format, const struct ipvs_service *svc,
		   const struct ipvs_dest *dest);

/* Fetch and print; 0 or a negative errno. */
int listing_all(struct client *client, const struct format *format);
int listing_service(struct client *client, const struct format *format,
		    const struct ipvs_service *key);

#endif
