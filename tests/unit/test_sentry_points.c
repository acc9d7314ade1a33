// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "go_program.h"
#include "source/sandbox/gopclntab.h"
#include "source/sandbox/sentry_points.h"
#include "util/mem.h"

#define GO_120 0xfffffff1u
#define GO_118 0xfffffff0u

static struct go_program program;

/* A copy of exactly that size: a sanitizer sees the byte behind it. */
static struct ct_text whole(void)
{
	char *copy = malloc(program.len);

	cr_assert(copy);
	memcpy(copy, program.bytes, program.len);
	return ct_text(copy, program.len);
}

#define OPENAT "gvisor.dev/gvisor/pkg/sentry/syscalls/linux.openat"
#define VFS    "gvisor.dev/gvisor/pkg/sentry/vfs.(*VirtualFilesystem).OpenAt"

/* cmp, jbe, push %rbp; ... call; test, je; the distance of the call is to 0x20 behind the entry. */
#define HEAD "\x49\x3b\x66\x10\x76\x40\x55\x90"
#define CALL "\xe8\x13\0\0\0"
#define TEST "\x48\x85\xdb"
#define REST "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"
#define FUNC(name, code, before) \
	{ \
		name, code, sizeof(code) - 1, before \
	}

/* 8 + 5 + 3 + 2 + 14 bytes = 0x20 */
#define GOOD FUNC(OPENAT, HEAD CALL TEST "\x74\x05" REST, 7)
#define ITS  FUNC(VFS, "\x55\x90\x90\x90\x90\x90\x90\x90", 1)

struct shape {
	struct go_function functions[3];
	const char *why; /* NULL: its points are found */
};

static const struct shape shapes[] = {
	{ { GOOD, ITS }, NULL },
	{ { FUNC("main.main", "\x90\x90", 1), ITS }, "it has no function " OPENAT },
	{ { GOOD, FUNC("x" VFS, "\x55", 1) }, "it has no function " VFS },
	{ { FUNC(OPENAT, HEAD CALL TEST "\x74\x05" REST, 6), ITS },
	  "its linux.openat does not begin with push %rbp" },
	{ { FUNC(OPENAT, HEAD CALL TEST "\x74\x05" REST, 0), ITS },
	  "its linux.openat does not begin with push %rbp" },
	{ { FUNC(OPENAT, HEAD CALL "\x48\x85\xc0\x74\x05" REST, 7), ITS },
	  "behind its call of VirtualFilesystem.OpenAt the error is not looked at as expected" },
	{ { FUNC(OPENAT, HEAD CALL TEST "\xc3\x05" REST, 7), ITS },
	  "behind its call of VirtualFilesystem.OpenAt the error is not looked at as expected" },
	{ { FUNC(OPENAT, HEAD "\xe8\x12\0\0\0" TEST "\x74\x05" REST, 7), ITS },
	  "its linux.openat calls VirtualFilesystem.OpenAt at 0 places, not at one" },
	{ { FUNC(OPENAT,
		 HEAD CALL TEST "\x74\x05"
				"\xe8\x09\0\0\0"
				"\x90\x90\x90\x90\x90\x90\x90\x90\x90",
		 7),
	    ITS },
	  "its linux.openat calls VirtualFilesystem.OpenAt at 2 places, not at one" },
	/* the call is the last that there is of it */
	{ { FUNC(OPENAT, HEAD "\xe8\0\0\0\0", 7), ITS },
	  "behind its call of VirtualFilesystem.OpenAt the error is not looked at as expected" },
};

#ifdef __x86_64__
Test(sentry_points, are_found_where_every_instruction_is_as_expected)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shapes); i++) {
		struct ct_sentry_points points = { { 0 } };
		struct ct_err err = { 0 };
		struct ct_text file;

		go_program(&program, GO_120, GO_TEXT, shapes[i].functions, 2);
		file = whole();
		ct_sentry_points(&points, file, &err);
		if (shapes[i].why) {
			cr_expect_str_eq(err.msg, shapes[i].why, "shape %zu: %s", i, err.msg);
		} else {
			cr_expect_eq(err.code, 0, "%s", err.msg);
			cr_expect_eq(points.offset[CT_SENTRY_ENTER], program.code + 6);
			cr_expect_eq(points.offset[CT_SENTRY_CALL], program.code + 8);
			cr_expect_eq(points.offset[CT_SENTRY_LEAVE], program.code + 16);
		}
		free((char *)file.p);
	}
}
#endif

static const struct go_function two[] = {
	FUNC("main.a", "\x55\x90\x90", 1),
	FUNC("main.b", "\x90\x55\x90\x90", 2),
};

static void expect_b(struct ct_text file)
{
	struct ct_gopclntab tab;
	struct ct_gofunc f;
	struct ct_err err;

	cr_assert_eq(ct_gopclntab_open(&tab, file, &err), 0, "%s", err.msg);
	cr_assert(ct_gopclntab_find(&tab, "main.b", &f));
	cr_expect_eq(f.address, GO_TEXT + 3);
	cr_expect_eq(f.offset, program.code + 3);
	cr_expect_eq(f.size, 4);
	cr_expect_eq(f.before_frame, 2);
	cr_expect_eq(f.code.p[1], 0x55);
	cr_expect_not(ct_gopclntab_find(&tab, "main.c", &f));
	cr_expect_not(ct_gopclntab_find(&tab, "main", &f));
}

Test(gopclntab, a_function_is_found_by_its_name)
{
	static const struct {
		uint32_t magic;
		uint64_t text;
	} kinds[] = { { GO_118, GO_TEXT }, { GO_120, GO_TEXT }, { GO_120, 0 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++) {
		struct ct_text file;

		go_program(&program, kinds[i].magic, kinds[i].text, two, 2);
		file = whole();
		expect_b(file);
		free((char *)file.p);
	}
}

static int open_it(struct ct_err *err)
{
	struct ct_text file = whole();
	struct ct_gopclntab tab;
	int r = ct_gopclntab_open(&tab, file, err);

	free((char *)file.p);
	return r;
}

Test(gopclntab, what_is_no_go_program_is_refused)
{
	struct ct_err err;

	go_program(&program, 0xfffffffau, GO_TEXT, two, 2);
	cr_expect_eq(open_it(&err), -ENOTSUP);
	cr_expect(strstr(err.msg, "0xfffffffa"), "%s", err.msg);

	go_program(&program, GO_120, GO_TEXT, two, 2);
	program.bytes[EI_CLASS] = ELFCLASS32;
	cr_expect_eq(open_it(&err), -ENOEXEC);

	go_program(&program, GO_120, GO_TEXT, two, 2);
	memcpy(program.bytes + 512 + 17, ".nopclntab", 10);
	cr_expect_eq(open_it(&err), -ENOENT);

	go_program(&program, GO_120, GO_TEXT, two, 2);
	memset(program.bytes + program.table + 8, 0x7f, 8); /* so many functions */
	cr_expect_eq(open_it(&err), -EBADMSG);
}

/* Files may be sparse: it takes no disk to be looked through for minutes. */
Test(gopclntab, what_is_larger_than_any_program_is_refused)
{
	static const size_t len = 64u << 20;
	struct ct_gopclntab tab;
	struct ct_err err = { 0 };
	char *file = calloc(1, len);
	Elf64_Shdr section;
	uint64_t count = 4u << 20;
	size_t at;

	cr_assert(file);
	go_program(&program, GO_120, GO_TEXT, two, 2);
	at = program.sections + 3 * sizeof(section);
	memcpy(file, program.bytes, program.len);
	memcpy(file + program.table + 8, &count, sizeof(count));
	memcpy(&section, file + at, sizeof(section));
	section.sh_size = len - section.sh_offset;
	memcpy(file + at, &section, sizeof(section));
	cr_expect_eq(ct_gopclntab_open(&tab, ct_text(file, len), &err), -EBADMSG);
	cr_expect_eq(ct_gopclntab_open(&tab, ct_text(file, 1u << 30), &err), -EFBIG);
	free(file);
}

/* Every byte of it, one after the other: nothing is read that is not there. */
Test(gopclntab, a_damaged_table_is_survived)
{
	static const unsigned char damage[] = { 0x00, 0x7f, 0xff };
	const struct go_function f[] = { GOOD, ITS };

	for (size_t at = 0; at < 3000; at++) {
		for (size_t d = 0; d < sizeof(damage); d++) {
			struct ct_sentry_points points;
			struct ct_err err = { 0 };
			struct ct_text file;

			go_program(&program, GO_120, GO_TEXT, f, 2);
			program.bytes[at] = (char)damage[d];
			file = whole();
			if (!ct_sentry_points(&points, file, &err))
				cr_expect(points.offset[CT_SENTRY_LEAVE] < program.len);
			free((char *)file.p);
		}
	}
}

Test(gopclntab, a_file_that_ends_early_is_survived)
{
	const struct go_function f[] = { GOOD, ITS };
	size_t len;

	go_program(&program, GO_120, GO_TEXT, f, 2);
	for (len = program.len; len-- > 0;) {
		struct ct_sentry_points points;
		struct ct_err err = { 0 };
		struct ct_text file;

		program.len = len;
		file = whole();
		cr_expect(ct_sentry_points(&points, file, &err) < 0);
		free((char *)file.p);
	}
}
