// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace schema [NAME]: what the formats mean, from the pages that are built into the program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/support.h"
#include "util/mem.h"

/* Columns: symbol, names, file. The assembler reads the file: see the Makefile for when. */
#define PAGES(X) \
	X(schema, "schema json jsonl", "docs/schema.md") \
	X(formats, "formats", "docs/formats.md")

#define X(symbol, names, file) \
	__asm__(".pushsection .rodata\n" \
		"ct_page_" #symbol ": .incbin \"" file "\"\n" \
		"ct_page_" #symbol "_end: .byte 0\n" \
		".popsection\n"); \
	extern const char ct_page_##symbol[], ct_page_##symbol##_end[];
PAGES(X)
#undef X

static const struct page {
	const char *names, *begin, *end;
} pages[] = {
#define X(symbol, names, file) { names, ct_page_##symbol, ct_page_##symbol##_end },
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

/* A line "## The words of NAME", whatever the case; what is between two such lines belongs to it. */
static bool is_heading(const char *line, const char *end)
{
	return end - line > 3 && !memcmp(line, "## ", 3);
}

static bool names(const char *line, const char *end, const char *name)
{
	size_t len = strlen(name);

	for (line += 3; line + len <= end && *line != '\n'; line++)
		if (!strncasecmp(line, name, len))
			return true;
	return false;
}

/* The sections of a page whose headings hold the name. Returns how many, or an error. */
static int print_sections(const struct page *page, const char *name, struct ct_err *err)
{
	const char *line = page->begin, *next;
	bool on = false;
	int found = 0;

	for (; line < page->end; line = next) {
		const char *end = memchr(line, '\n', (size_t)(page->end - line));
		int ret;

		next = end ? end + 1 : page->end;
		if (is_heading(line, next)) {
			on = names(line, next, name);
			found += on;
		}
		ret = on ? print(line, next, err) : 0;
		if (ret)
			return ret;
	}
	return found;
}

static void append_name(char *text, size_t size, const char *name, int len)
{
	size_t at = strlen(text);

	snprintf(text + at, size - at, "%s'%.*s'", at ? ", " : "", len, name);
}

static int unknown_name(const char *name, struct ct_err *err)
{
	char list[384] = "";

	for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++) {
		const char *line = pages[i].begin, *next;

		append_name(list, sizeof(list), pages[i].names, (int)strcspn(pages[i].names, " "));
		for (; line < pages[i].end; line = next) {
			const char *end = memchr(line, '\n', (size_t)(pages[i].end - line));

			next = end ? end + 1 : pages[i].end;
			if (is_heading(line, next))
				append_name(list, sizeof(list), line + 3,
					    (int)(next - line) - 3 - (end ? 1 : 0));
		}
	}
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
	if (!strcmp(name, "support"))
		return ct_print_support(err);
	for (size_t i = 0; i < CT_ARRAY_SIZE(pages); i++)
		if (is_page(&pages[i], name))
			return print(pages[i].begin, pages[i].end, err);
	for (size_t i = 0; i < CT_ARRAY_SIZE(pages) && *name; i++) {
		int ret = print_sections(&pages[i], name, err);

		if (ret < 0)
			return ret;
		found += ret;
	}
	if (found)
		return CT_EXIT_OK;
	unknown_name(name, err);
	return ct_usage(err);
}
