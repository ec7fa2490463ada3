/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of configuration keys: one row per key. The rows parse values, state limits, fill
 * defaults and print `lvsd --help-config`. A new key is a field in config.h and a row here.
 * Constant data; any thread.
 */
#ifndef LVSD_CONTROL_SCHEMA_H
#define LVSD_CONTROL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCHEMA_WHY_MAX 192

struct schema_key;
struct schema_section;

/* A kind of value. */
struct schema_type {
	const char *name;
	size_t size; /* of the field */
	/* Reads text into the field. Returns 0, or -EINVAL with what is wrong in `why`, worded
	 * to follow the quoted value ("is not a whole number"). */
	int (*parse)(const struct schema_key *key, const char *text, void *field, char *why);
	/* Says what is allowed. */
	void (*allowed)(const struct schema_key *key, char *buf, size_t size);
	bool joins; /* a YAML list of plain values is read as their text, each with a ',' behind */
};

struct schema_key {
	const char *name;
	const struct schema_type *type;       /* NULL: a section */
	const struct schema_section *section; /* of a section: its keys */
	size_t list_max;                      /* 0: one value; else a list of at most so many */
	int64_t min, max;                     /* of numbers; of strings the length */
	const char *choices;                  /* of enums, separated by '|' */
	const char *initial;                  /* default, as one would write it; NULL: none */
	const char *shown; /* what help shows as default instead; NULL: initial */
	bool required;
	size_t offset; /* of the field in the section's struct */
	const char *help;
};

struct schema_section {
	const char *path; /* prefix of its keys' names in messages: "", "ports[]." */
	size_t size;      /* of the struct that it fills */
	size_t n_keys;
	const struct schema_key *keys;
	bool nested; /* fills its parent's struct, and has no mark of its own */
};

extern const struct schema_section schema_top;

/* A type's size, or that of a list element. */
size_t schema_item_size(const struct schema_key *key);

/* The key of that name in the section, or NULL. */
const struct schema_key *schema_find(const struct schema_section *section, const char *name);

/* What to try instead of an unknown key: writes "did you mean ...?" or the list of keys. */
void schema_suggest(const struct schema_section *section, const char *name, char *buf, size_t size);

/* Prints the table for people. */
void schema_print(FILE *out);

#endif
