// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace schema [NAME]: what the formats mean, from the pages that are built into the program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/schema_flat.h"
#include "cmd/schema_json.h"
#include "cmd/support.h"
#include "util/mem.h"

#define SUPPORT "support" /* what is made, not a page */
#define FLAT    "flat" /* a section, of which there is more */

/*
 * Columns: symbol, names, the section that it is (NULL: all of the file), whether its sections have
 * names of their own, file. The assembler reads the file: see the Makefile for when.
 */
#define PAGES(X) \
	X(schema, "schema json jsonl", NULL, true, "docs/schema.md") \
	X(formats, "formats", NULL, true, "docs/formats.md") \
	X(perfetto, "perfetto", NULL, false, "docs/perfetto.md") \
	X(html, "html", NULL, false, "docs/html.md") \
	X(opens, "opens", NULL, false, "docs/opens.md") \
	X(diff, "diff", "The JSON of diff", false, "docs/comparing.md") \
	X(info, "info", "The JSON of info", false, "docs/recording.md")

#define X(symbol, names, section, named, file) \
	__asm__(".pushsection .rodata\n" \
		"ct_page_" #symbol ": .incbin \"" file "\"\n" \
		"ct_page_" #symbol "_end: .byte 0\n" \
		".popsection\n"); \
	extern const char ct_page_##symbol[], ct_page_##symbol##_end[];
PAGES(X)
#undef X

static const struct page {
	const char *names, *section;
	bool named;
	const char *begin, *end;
} pages[] = {
#define X(symbol, names, section, named, file) \
	{ names, section, named, ct_page_##symbol, ct_page_##symbol##_end },
	PAGES(X)
#undef X
};

static int print(const char *begin, const char *end, struct ct_err *err)
{
	size_t len = (size_t)(end - begin);

	if (fwrite(begin, 1, len, stdout) != len || fflush(stdout))
		return ct_fail(err, errno ? errno : EIO, "print the schema: %s", strerror(errno));
	return 0;
}

static bool is_page(const struct page *page, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = page->names; *at; at += strspn(at, " ")) {
		if (strcspn(at, " ") == len && !memcmp(at, name, len))
			return true;
		at += strcspn(at, " ");
	}
	return false;
}

/* A line "## The words of NAME"; what is between two such lines, or chapters, belongs to it. */
static bool is_heading(const char *line, const char *end)
{
	return end - line > 3 && !memcmp(line, "## ", 3);
}

static bool is_chapter(const char *line, const char *end)
{
	return end - line > 2 && !memcmp(line, "# ", 2);
}

/* One of "a, b and c": its length, and in *ret_next what follows. */
static size_t one_of_list(const char *list, const char *end, const char **ret_next)
{
	static const char *const between[] = { ", ", " and " };

	for (const char *at = list; at < end; at++) {
		for (size_t i = 0; i < CT_ARRAY_SIZE(between); i++) {
			size_t len = strlen(between[i]);

			if (at + len < end && !memcmp(at, between[i], len)) {
				*ret_next = at + len;
				return (size_t)(at - list);
			}
		}
	}
	*ret_next = end;
	return (size_t)(end - list);
}

/* Whatever the case. exact: it is the heading, or one of those that the heading lists. */
static bool names(const char *line, const char *end, const char *name, bool exact)
{
	size_t len = strlen(name);

	if (end[-1] == '\n')
		end--;
	for (line += 3; exact && line < end;) {
		const char *item = line;

		if (one_of_list(item, end, &line) == len && !strncasecmp(item, name, len))
			return true;
	}
	for (; !exact && line + len <= end; line++)
		if (!strncasecmp(line, name, len))
			return true;
	return false;
}

/* The sections of a page that have the name. Returns how many, or an error. */
static int print_sections(const struct page *page, const char *name, bool exact, struct ct_err *err)
{
	const char *line = page->begin, *next;
	bool on = false;
	int found = 0;

	for (; line < page->end; line = next) {
		const char *end = memchr(line, '\n', (size_t)(page->end - line));
		int ret;

		next = end ? end + 1 : page->end;
		if (is_heading(line, next)) {
			on = names(line, next, name, exact);
			found += on;
		}
		on = on && !is_chapter(line, next);
		ret = on ? print(line, next, err) : 0;
		if (ret)
			return ret;
	}
	return found;
}

static int print_page(const struct page *page, struct ct_err *err)
{
	int ret;

	if (!page->section)
		return print(page->begin, page->end, err);
	ret = print_sections(page, page->section, true, err);
	return ret < 0 ? ret : 0;
}

static void append_name(char *text, size_t size, const char *name, size_t len)
{
	size_t at = strlen(text);

	snprintf(text + at, size - at, "%s'%.*s'", at ? ", " : "", (int)len, name);
}

static void append_sections(char *text, size_t size, const struct page *page)
{
	const char *line = page->begin, *next;

	for (; line < page->end; line = next) {
		const char *end = memchr(line, '\n', (size_t)(page->end - line)), *item = line + 3;

		next = end ? end + 1 : page->end;
		if (!is_heading(line, next))
			continue;
		for (end = end ? end : page->end; item < end;) {
			const char *name = item;

			append_name(text, size, name, one_of_list(name, end, &item));
		}
	}
}

static int unknown_name(const char *name, struct ct_err *err)
{
	char list[sizeof(err->msg)] = "";

	for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++)
		for (const char *at = pages[i].names; *at; at += strspn(at, " ")) {
			append_name(list, sizeof(list), at, strcspn(at, " "));
			at += strcspn(at, " ");
		}
	append_name(list, sizeof(list), SUPPORT, strlen(SUPPORT));
	for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++)
		if (pages[i].named)
			append_sections(list, sizeof(list), &pages[i]);
	return ct_fail(err, EINVAL, "no schema is called '%.64s'; there is %s", name, list);
}

int ct_cmd_schema(const struct ct_options *opts, struct ct_err *err)
{
	const char *name = opts->operands.count ? opts->operands.items[0] : "schema";
	int found = 0;

	if (opts->operands.count > 1 || opts->command) {
		ct_fail(err, EINVAL, "schema prints one at a time: coldtrace schema [NAME]");
		return ct_usage(err);
	}
	if (opts->ddl && (opts->json || (opts->operands.count && strcmp(name, FLAT) != 0))) {
		ct_fail(err, EINVAL, "a table is there of '" FLAT "': coldtrace schema --ddl %s",
			opts->ddl);
		return ct_usage(err);
	}
	if (opts->ddl)
		return ct_print_flat_ddl(opts->ddl, err) ? ct_usage(err) : CT_EXIT_OK;
	if (opts->json && !strcmp(name, FLAT))
		return ct_print_flat_schema(err);
	if (opts->json && !is_page(&pages[0], name)) {
		ct_fail(err, EINVAL,
			"a JSON Schema is there of 'json' and of '" FLAT
			"': coldtrace schema --json");
		return ct_usage(err);
	}
	if (opts->json)
		return ct_print_json_schema(err);
	if (!strcmp(name, SUPPORT))
		return ct_print_support(err);
	for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++)
		if (is_page(&pages[i], name))
			return print_page(&pages[i], err);
	/* A section of that name; else all that hold it. */
	for (int exact = 1; exact >= 0 && !found && *name; exact--) {
		for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++) {
			int ret = 0;

			if (pages[i].named)
				ret = print_sections(&pages[i], name, exact, err);
			if (ret < 0)
				return ret;
			found += ret;
		}
	}
	if (found)
		return CT_EXIT_OK;
	unknown_name(name, err);
	return ct_usage(err);
}
