/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The LVSD family's objects without a struct each: a table of fields says which attribute is which
 * key, column and kind. Received they are JSON objects; columns are printed from those.
 */
#ifndef LVSD_CLI_RECORD_H
#define LVSD_CLI_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "client.h"

enum field_kind {
	FIELD_STRING,
	FIELD_U8,
	FIELD_U32,
	FIELD_U64,
	FIELD_BOOL,  /* u8: yes, no */
	FIELD_LINK,  /* u8: up, down */
	FIELD_MAC,   /* 6 bytes */
	FIELD_SPEED, /* u32 Mbit/s, UINT32_MAX unknown */
	FIELD_BYTES, /* u64: 1.5M */
};

struct field {
	uint16_t attr; /* 0: computed, not received */
	enum field_kind kind;
	const char *key;    /* in JSON */
	const char *column; /* heading; NULL: JSON only */
};

struct fields {
	const struct field *field;
	size_t n;
	uint16_t max_attr;
	uint8_t cmd; /* enum lvsd_cmd */
};

#define RECORD_ATTR_MAX 32

/* Asks for everything; a new array of objects. */
int record_fetch(struct client *client, const struct fields *fields, uint16_t flags, json_t **out);

/* An aligned table with headings on stdout. */
void record_columns(const struct fields *fields, const json_t *records);

#endif
