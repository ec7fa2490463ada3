/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the configuration file: YAML nodes on one side, rows of schema.c on the other. Goes on
 * after a fault, so that a person sees all of them at once. Main lcore, before anything starts.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "schema.h"

#define FILE_MAX (16 << 20)
#define KEY_MAX  128

struct walk {
	yaml_document_t *doc;
	struct config_report *report;
};

void config_fault(struct config_report *report, unsigned int line, const char *key,
		  const char *format, ...)
{
	char text[1024];
	va_list ap;
	size_t used;

	if (line != 0)
		used = (size_t)snprintf(text, sizeof(text), "%.400s:%u: ", report->name, line);
	else
		used = (size_t)snprintf(text, sizeof(text), "%.400s: ", report->name);
	if (key[0] != '\0')
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: ", key);
	va_start(ap, format);
	vsnprintf(text + used, sizeof(text) - used, format, ap);
	va_end(ap);
	report->complain(report->arg, text);
	report->errors++;
}

static unsigned int node_line(const yaml_node_t *node)
{
	return (unsigned int)node->start_mark.line + 1;
}

static const char *node_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "is a list";
	case YAML_MAPPING_NODE:
		return "is a map";
	default:
		return node->data.scalar.length == 0 ? "has no value" : "is a single value";
	}
}

static const char *node_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* A scalar without a 0 byte inside: all that the rows' parsers can read. */
static bool node_is_text(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       strlen(node_text(node)) == node->data.scalar.length;
}

static void key_path(const struct schema_section *section, const char *name, char *buf)
{
	snprintf(buf, KEY_MAX, "%s%.64s", section->path, name);
}

/* ---- values ------------------------------------------------------------------------------ */

static void value_fault(struct walk *w, const yaml_node_t *node, const struct schema_key *key,
			const char *path, const char *wrong)
{
	char allowed[SCHEMA_WHY_MAX];

	if (key->type == NULL) {
		config_fault(w->report, node_line(node), path, "%s; allowed: a %s", wrong,
			     key->list_max != 0 ? "list of maps (\"- key: value\")" : "map");
		return;
	}
	key->type->allowed(key, allowed, sizeof(allowed));
	config_fault(w->report, node_line(node), path, "%s; allowed: %s%s", wrong,
		     key->list_max != 0 ? "a list [...], each item " : "", allowed);
}

static void scalar_read(struct walk *w, const yaml_node_t *node, const struct schema_key *key,
			const char *path, void *field)
{
	char why[SCHEMA_WHY_MAX] = "", wrong[SCHEMA_WHY_MAX + 128];

	if (!node_is_text(node) || node->data.scalar.length == 0) {
		value_fault(w, node, key, path,
			    node_is_text(node) || node->type != YAML_SCALAR_NODE
				    ? node_kind(node)
				    : "has a zero byte in it");
		return;
	}
	if (key->type->parse(key, node_text(node), field, why) == 0)
		return;
	snprintf(wrong, sizeof(wrong), "\"%.64s%s\" %s", node_text(node),
		 node->data.scalar.length > 64 ? "..." : "", why);
	value_fault(w, node, key, path, wrong);
}

/* A list for a type that reads lists as text: "[1, 2]" becomes "1,2,". */
static void joined_read(struct walk *w, const yaml_node_t *node, const struct schema_key *key,
			const char *path, void *field)
{
	char text[512] = "", why[SCHEMA_WHY_MAX] = "", wrong[sizeof(text) + SCHEMA_WHY_MAX + 4];
	size_t used = 0;

	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(w->doc, *i);

		if (!node_is_text(item)) {
			value_fault(w, item, key, path, node_kind(item));
			return;
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s,", node_text(item));
		if (used >= sizeof(text)) {
			value_fault(w, node, key, path, "has too many items");
			return;
		}
	}
	if (key->type->parse(key, text, field, why) == 0)
		return;
	if (used > 0)
		text[used - 1] = '\0';
	snprintf(wrong, sizeof(wrong), "[%s] %s", text, why);
	value_fault(w, node, key, path, wrong);
}

static void section_read(struct walk *w, const yaml_node_t *node,
			 const struct schema_section *section, const char *path, void *base);

static void list_read(struct walk *w, const yaml_node_t *node, const struct schema_key *key,
		      const char *path, struct config_list *list)
{
	size_t size = schema_item_size(key);
	size_t n;

	if (node->type != YAML_SEQUENCE_NODE) {
		value_fault(w, node, key, path, node_kind(node));
		return;
	}
	n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (n > key->list_max) {
		config_fault(w->report, node_line(node), path,
			     "has %zu items; allowed: at most %zu", n, key->list_max);
		return;
	}
	if (n == 0 && key->required) {
		config_fault(w->report, node_line(node), path, "is empty; at least one is needed");
		return;
	}
	list->item = calloc(n + 1, size);
	if (list->item == NULL) {
		config_fault(w->report, node_line(node), path, "out of memory");
		return;
	}
	for (list->n = 0; list->n < n; list->n++) {
		const yaml_node_t *item =
			yaml_document_get_node(w->doc, node->data.sequence.items.start[list->n]);
		void *field = (char *)list->item + list->n * size;

		if (key->type != NULL)
			scalar_read(w, item, key, path, field);
		else
			section_read(w, item, key->section, path, field);
	}
}

static void value_read(struct walk *w, const yaml_node_t *node, const struct schema_key *key,
		       const char *path, void *base)
{
	void *field = (char *)base + key->offset;

	if (key->list_max != 0)
		list_read(w, node, key, path, field);
	else if (key->type == NULL)
		section_read(w, node, key->section, path, base);
	else if (key->type->joins && node->type == YAML_SEQUENCE_NODE)
		joined_read(w, node, key, path, field);
	else
		scalar_read(w, node, key, path, field);
}

/* ---- sections ---------------------------------------------------------------------------- */

static void defaults_fill(const struct schema_section *section, void *base)
{
	char why[SCHEMA_WHY_MAX];

	for (size_t i = 0; i < section->n_keys; i++) {
		const struct schema_key *key = &section->keys[i];

		if (key->initial != NULL)
			key->type->parse(key, key->initial, (char *)base + key->offset, why);
	}
}

static void pair_read(struct walk *w, const yaml_node_pair_t *pair,
		      const struct schema_section *section, unsigned int *lines, void *base)
{
	const yaml_node_t *name = yaml_document_get_node(w->doc, pair->key);
	const yaml_node_t *value = yaml_document_get_node(w->doc, pair->value);
	const struct schema_key *key;
	char path[KEY_MAX], hint[512];
	unsigned int *seen;

	if (!node_is_text(name)) {
		config_fault(w->report, node_line(name), section->path,
			     "the key is not a word; allowed: key: value");
		return;
	}
	key_path(section, node_text(name), path);
	key = schema_find(section, node_text(name));
	if (key == NULL) {
		schema_suggest(section, node_text(name), hint, sizeof(hint));
		config_fault(w->report, node_line(name), path, "unknown key; %s", hint);
		return;
	}
	seen = &lines[key - section->keys];
	if (*seen != 0) {
		config_fault(w->report, node_line(name), path,
			     "given a second time; the first is in line %u, once is allowed",
			     *seen);
		return;
	}
	*seen = node_line(name);
	value_read(w, value, key, path, base);
}

static void section_read(struct walk *w, const yaml_node_t *node,
			 const struct schema_section *section, const char *path, void *base)
{
	struct config_mark own = {0}, *mark = section->nested ? &own : base;
	char name[KEY_MAX];

	mark->line = node_line(node);
	if (node->type != YAML_MAPPING_NODE) {
		config_fault(w->report, mark->line, path, "%s; allowed: a map (key: value)",
			     node_kind(node));
		return;
	}
	defaults_fill(section, base);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		pair_read(w, pair, section, mark->key, base);
	for (size_t i = 0; i < section->n_keys; i++) {
		if (!section->keys[i].required || mark->key[i] != 0)
			continue;
		key_path(section, section->keys[i].name, name);
		config_fault(w->report, mark->line, name, "missing; it has no default");
	}
}

/* ---- the file ---------------------------------------------------------------------------- */

static void syntax_fault(const yaml_parser_t *parser, struct config_report *report)
{
	unsigned int line = (unsigned int)parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		config_fault(report, 0, "", "out of memory");
	else if (parser->error == YAML_READER_ERROR)
		config_fault(report, 0, "", "byte %zu: %s; allowed: text in UTF-8",
			     parser->problem_offset, parser->problem);
	else
		config_fault(report, line, "", "not YAML: %s%s%s",
			     parser->problem != NULL ? parser->problem : "cannot be read",
			     parser->context != NULL ? " " : "",
			     parser->context != NULL ? parser->context : "");
}

static void document_read(yaml_parser_t *parser, struct config *out, struct config_report *report)
{
	struct walk w = {.report = report};
	yaml_document_t doc, rest;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &doc)) {
		syntax_fault(parser, report);
		return;
	}
	w.doc = &doc;
	root = yaml_document_get_root_node(&doc);
	if (root == NULL) {
		config_fault(report, 0, "", "the file is empty; it must name at least one port");
	} else {
		section_read(&w, root, &schema_top, "", out);
		if (!yaml_parser_load(parser, &rest)) {
			syntax_fault(parser, report);
		} else {
			root = yaml_document_get_root_node(&rest);
			if (root != NULL)
				config_fault(report, node_line(root), "",
					     "a second document begins; one is allowed");
			yaml_document_delete(&rest);
		}
	}
	yaml_document_delete(&doc);
}

int config_parse(const char *name, const char *text, size_t len, struct config *out,
		 config_complain *complain, void *arg)
{
	struct config_report report = {.name = name, .complain = complain, .arg = arg};
	yaml_parser_t parser;

	memset(out, 0, sizeof(*out));
	if (!yaml_parser_initialize(&parser)) {
		config_fault(&report, 0, "", "out of memory");
		return -EINVAL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	document_read(&parser, out, &report);
	yaml_parser_delete(&parser);
	if (report.errors == 0) /* cross checks need whole sections */
		config_check(out, &report);
	if (report.errors != 0) {
		config_free(out);
		return -EINVAL;
	}
	out->file = name;
	return 0;
}

int config_load(const char *path, struct config *out, config_complain *complain, void *arg)
{
	struct config_report report = {.name = path, .complain = complain, .arg = arg};
	FILE *file = fopen(path, "re");
	char *text = NULL;
	struct stat st;
	size_t len;
	int rc = -EINVAL;

	memset(out, 0, sizeof(*out));
	if (file == NULL) {
		config_fault(&report, 0, "", "cannot be opened: %s; name the file with --config",
			     strerror(errno));
		return -EINVAL;
	}
	text = malloc(FILE_MAX + 1);
	if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) {
		config_fault(&report, 0, "", "is a directory, not a file");
	} else if (text == NULL) {
		config_fault(&report, 0, "", "out of memory");
	} else {
		len = fread(text, 1, FILE_MAX + 1, file);
		if (ferror(file))
			config_fault(&report, 0, "", "cannot be read: %s", strerror(errno));
		else if (len > FILE_MAX)
			config_fault(&report, 0, "", "is too large; allowed: %d MiB",
				     FILE_MAX >> 20);
		else
			rc = config_parse(path, text, len, out, complain, arg);
	}
	free(text);
	fclose(file);
	return rc;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->ports.n; i++)
		free(config_port(config, i)->addresses.item);
	free(config->ports.item);
	free(config->routes.item);
	free(config->neighbours.item);
	memset(config, 0, sizeof(*config));
}
