/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of a Go program by name: a stripped one has no symbols, but always the table by which
 * the Go runtime unwinds its stacks. Pure: works on the bytes of the file, and trusts none.
 * Layout: Go's src/debug/gosym/pclntab.go and src/runtime/symtab.go, Go 1.18 to 1.26; ELF of 64
 * bits, little-endian.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"
#include "util/err.h"

/* runsc has 30 to 100 MiB. Who is looked at may be anybody who is called so. */
#define CT_GO_FILE_MAX (256u << 20)

struct ct_gopclntab {
	struct ct_text file; /* borrowed */
	struct ct_text table; /* in the file */
	uint64_t count; /* functions */
	uint64_t text; /* address from which functions are counted */
	struct ct_text names, pcs, funcs; /* in the table */
	unsigned int quantum; /* bytes of the smallest instruction */
};

struct ct_gofunc {
	uint64_t address;
	uint64_t offset; /* in the file */
	uint64_t size;
	/* Bytes from its beginning up to where the stack pointer is first changed. */
	uint64_t before_frame;
	struct ct_text code;
};

/* Fails with a sentence without a subject: "it is no Go program ...". */
int ct_gopclntab_open(struct ct_gopclntab *ret, struct ct_text file, struct ct_err *err);

/* False when there is no such function, or what the table says of it does not fit the file. */
bool ct_gopclntab_find(const struct ct_gopclntab *tab, const char *name, struct ct_gofunc *ret);
