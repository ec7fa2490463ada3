/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records as a table for people: every column as wide as its widest cell, numbers to the right.
 */
#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX   256
#define COLUMN_MAX 32

/* 1536 -> "1.5K": at most one digit behind the point, powers of 1024. */
static void format_bytes(char *buf, size_t size, uint64_t n)
{
	static const char units[] = "BKMGTPE";
	double value = n;
	size_t unit = 0;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(buf, size, "%" PRIu64, n);
	else
		snprintf(buf, size, "%.1f%c", value, units[unit]);
}

static void format_speed(char *buf, size_t size, uint64_t mbit)
{
	if (mbit >= 1000 && mbit % 1000 == 0)
		snprintf(buf, size, "%" PRIu64 "G", mbit / 1000);
	else
		snprintf(buf, size, "%" PRIu64 "M", mbit);
}

static void format_cell(const struct field *field, const json_t *record, char *buf, size_t size)
{
	const json_t *value = json_object_get(record, field->key);

	if (json_is_string(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_boolean(value))
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_real(value))
		snprintf(buf, size, "%.1f", json_real_value(value));
	else if (!json_is_integer(value))
		snprintf(buf, size, "-");
	else if (field->kind == FIELD_BYTES)
		format_bytes(buf, size, json_integer_value(value));
	else if (field->kind == FIELD_SPEED)
		format_speed(buf, size, json_integer_value(value));
	else
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static int is_number(enum field_kind kind)
{
	return kind == FIELD_U8 || kind == FIELD_U32 || kind == FIELD_U64 || kind == FIELD_SPEED ||
	       kind == FIELD_BYTES;
}

/* No blanks at the end of a line. */
static void print_row(const struct fields *fields, const json_t *record, const int *width)
{
	char cell[CELL_MAX];
	const char *gap = "";
	int pad = 0;
	size_t i;

	for (i = 0; i < fields->n; i++) {
		const struct field *field = &fields->field[i];
		int len;

		if (!field->column)
			continue;
		if (record)
			format_cell(field, record, cell, sizeof(cell));
		else
			snprintf(cell, sizeof(cell), "%s", field->column);
		len = strlen(cell);
		printf("%*s%s%*s%s", pad, "", gap, is_number(field->kind) ? width[i] - len : 0, "",
		       cell);
		pad = is_number(field->kind) ? 0 : width[i] - len;
		gap = "  ";
	}
	putchar('\n');
}

void record_columns(const struct fields *fields, const json_t *records)
{
	int width[COLUMN_MAX] = {0};
	char cell[CELL_MAX];
	const json_t *record;
	size_t i, k;

	for (i = 0; i < fields->n && i < COLUMN_MAX; i++)
		if (fields->field[i].column)
			width[i] = strlen(fields->field[i].column);
	json_array_foreach(records, k, record)
	{
		for (i = 0; i < fields->n && i < COLUMN_MAX; i++) {
			format_cell(&fields->field[i], record, cell, sizeof(cell));
			if ((int)strlen(cell) > width[i])
				width[i] = strlen(cell);
		}
	}
	print_row(fields, NULL, width);
	json_array_foreach(records, k, record)
	{
		print_row(fields, record, width);
	}
}
