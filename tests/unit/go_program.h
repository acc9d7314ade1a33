/* SPDX-License-Identifier: GPL-2.0-only */
/* A Go program in the making: an ELF file with code and the table of its functions. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GO_TEXT 0x401000u /* address of the code */

struct go_program {
	size_t len;
	char bytes[8192];
	size_t code, table, sections; /* where they are */
};

struct go_function {
	const char *name;
	const char *code;
	size_t len;
	unsigned int before_frame;
};

/* magic: of the table; text: what it says the code's address is. At most 8 functions. */
void go_program(struct go_program *p, uint32_t magic, uint64_t text, const struct go_function *f,
		size_t count);
