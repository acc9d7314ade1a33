// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/sentry_points.h"

#include <errno.h>
#include <string.h>

#include "source/sandbox/gopclntab.h"

#define PACKAGES "gvisor.dev/gvisor/pkg/sentry/"

#define PUSH_RBP 0x55
#define CALL     0xe8
#define CALL_LEN 5

static const char openat_name[] = PACKAGES "syscalls/linux.openat";
static const char vfs_name[] = PACKAGES "vfs.(*VirtualFilesystem).OpenAt";

/*
 * `test %rbx,%rbx`, then a conditional branch: of the two results it is the error's type that is
 * looked at first. Columns: bytes, how many, where the branch begins.
 */
static const struct {
	unsigned char bytes[5];
	uint8_t len;
	uint8_t branch;
} checks[] = {
	{ { 0x48, 0x85, 0xdb, 0x74 }, 4, 3 }, /* je, short */
	{ { 0x48, 0x85, 0xdb, 0x75 }, 4, 3 }, /* jne */
	{ { 0x48, 0x85, 0xdb, 0x0f, 0x84 }, 5, 3 }, /* je, near */
	{ { 0x48, 0x85, 0xdb, 0x0f, 0x85 }, 5, 3 },
};

static uint64_t called(const struct ct_gofunc *f, size_t at)
{
	int32_t distance;

	memcpy(&distance, f->code.p + at + 1, sizeof(distance));
	return f->address + at + CALL_LEN + (uint64_t)(int64_t)distance;
}

/* Where the branch behind the call begins, 0 when something else is behind it. */
static size_t branch_behind(const struct ct_gofunc *f, size_t at)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (f->code.len - at >= checks[i].len &&
		    !memcmp(f->code.p + at, checks[i].bytes, checks[i].len))
			return at + checks[i].branch;
	}
	return 0;
}

static int find_call(const struct ct_gofunc *f, uint64_t target, size_t *ret_call,
		     size_t *ret_branch, struct ct_err *err)
{
	size_t calls = 0;

	for (size_t at = 0; at + CALL_LEN <= f->code.len; at++) {
		if ((unsigned char)f->code.p[at] != CALL || called(f, at) != target)
			continue;
		*ret_call = at;
		*ret_branch = branch_behind(f, at + CALL_LEN);
		calls++;
	}
	if (calls != 1)
		return ct_fail(err, -ENOTSUP,
			       "its linux.openat calls VirtualFilesystem.OpenAt at "
			       "%zu places, not at one",
			       calls);
	if (!*ret_branch)
		return ct_fail(
			err, -ENOTSUP,
			"behind its call of VirtualFilesystem.OpenAt the error is not looked "
			"at as expected");
	return 0;
}

int ct_sentry_points(struct ct_sentry_points *ret, struct ct_text file, struct ct_err *err)
{
	struct ct_gofunc openat, vfs;
	struct ct_gopclntab tab;
	size_t call = 0, branch = 0;
	int r;

#ifndef __x86_64__
	return ct_fail(err, -ENOTSUP, "where its instructions are is known on x86_64 only");
#endif
	r = ct_gopclntab_open(&tab, file, err);
	if (r)
		return r;
	if (!ct_gopclntab_find(&tab, openat_name, &openat))
		return ct_fail(err, -ENOTSUP, "it has no function %s", openat_name);
	if (!ct_gopclntab_find(&tab, vfs_name, &vfs))
		return ct_fail(err, -ENOTSUP, "it has no function %s", vfs_name);
	/* Behind the check for stack room: a grown stack begins the function anew. */
	if (!openat.before_frame ||
	    (unsigned char)openat.code.p[openat.before_frame - 1] != PUSH_RBP)
		return ct_fail(err, -ENOTSUP, "its linux.openat does not begin with push %%rbp");
	r = find_call(&openat, vfs.address, &call, &branch, err);
	if (r)
		return r;
	ret->offset[CT_SENTRY_ENTER] = openat.offset + openat.before_frame - 1;
	ret->offset[CT_SENTRY_CALL] = openat.offset + call;
	ret->offset[CT_SENTRY_LEAVE] = openat.offset + branch;
	return 0;
}
