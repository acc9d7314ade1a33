// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/net/unix, into which every process of that network writes what it likes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "source/proc/unix_sockets.h"
#include "util/mem.h"

#define HEAD  "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define LINE  "0000000000000000: 00000002 00000000 "
#define LISTS LINE "00010000 0001 01 "

static const uint64_t inodes[] = { 100, 200, 300 };

static const struct {
	const char *name, *file, *want;
} cases[] = {
	{ "nothing", HEAD, "" },
	{ "two of its own, one of somebody else",
	  HEAD LISTS "  100 /run/a.sock\n" LISTS "150 /run/other\n" LISTS "300 /run/with a blank\n",
	  "/run/a.sock;/run/with a blank;" },
	{ "connected, unnamed, abstract",
	  HEAD LINE "00000000 0001 03 100 /run/a.sock\n" LISTS "200\n" LISTS "300 @abstract\n",
	  "" },
	{ "a forged line behind the true one",
	  HEAD LISTS "100 /run/a.sock\n" LISTS "999 /tmp/x\n" LISTS "100 /tmp/forged\n", "" },
	{ "and before it, short",
	  HEAD LISTS "999 /tmp/x\nx 0 0 10000 0 0 100 /tmp/forged\n" LISTS "100 /run/a.sock\n",
	  "" },
	{ "of a socket that does not listen",
	  HEAD LINE "00000000 0001 03 200\n" LISTS "999 /tmp/x\n" LISTS "200 /tmp/forged\n", "" },
	{ "which leaves the others alone",
	  HEAD LISTS "100 /run/a.sock\n" LISTS "999 /tmp/x\n" LISTS "200 /tmp/forged\n" LISTS
		     "200 /run/b.sock\n",
	  "/run/a.sock;" },
	{ "no line at all", "\n\n x\n: : :\n", "" },
};

static void hear(void *ctx, const char *path)
{
	char *heard = ctx;

	strncat(heard, path, 100);
	strncat(heard, ";", 2);
}

Test(unix_sockets, only_what_one_line_claims_is_told)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		own_file FILE *f = fmemopen((void *)cases[i].file, strlen(cases[i].file), "r");
		char heard[512] = "";

		cr_assert(f);
		cr_expect_eq(ct_unix_sockets(f, inodes, CT_ARRAY_SIZE(inodes), hear, heard), 0);
		cr_expect_str_eq(heard, cases[i].want, "%s: %s", cases[i].name, heard);
	}
}
