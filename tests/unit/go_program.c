// SPDX-License-Identifier: GPL-2.0-only
#include "go_program.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_AT 72u
#define PCS_AT   600u
#define FUNCS_AT 700u
#define INFO_AT  128u /* in the functions: behind their rows */
#define INFO_LEN 40u

static const char strings[] = "\0.shstrtab\0.text\0.gopclntab";

static void put(struct go_program *p, size_t at, const void *from, size_t len)
{
	if (at + len > sizeof(p->bytes))
		abort();
	memcpy(p->bytes + at, from, len);
	if (at + len > p->len)
		p->len = at + len;
}

static void put_number(struct go_program *p, size_t at, uint64_t v, size_t len)
{
	put(p, at, &v, len);
}

static void put_table(struct go_program *p, uint32_t magic, uint64_t text,
		      const struct go_function *f, size_t count)
{
	size_t names = NAMES_AT, pcs = PCS_AT, code = 0, t = p->table;

	put_number(p, t, magic, 4);
	put_number(p, t + 6, 1, 1);
	put_number(p, t + 7, 8, 1);
	put_number(p, t + 8, count, 8);
	put_number(p, t + 24, text, 8);
	put_number(p, t + 32, NAMES_AT, 8);
	put_number(p, t + 56, PCS_AT, 8);
	put_number(p, t + 64, FUNCS_AT, 8);
	for (size_t i = 0; i < count; i++) {
		size_t row = t + FUNCS_AT + i * 8, info = INFO_AT + i * INFO_LEN;

		put_number(p, row, code, 4);
		put_number(p, row + 4, info, 4);
		put_number(p, t + FUNCS_AT + info, code, 4);
		put_number(p, t + FUNCS_AT + info + 4, names - NAMES_AT, 4);
		put_number(p, t + FUNCS_AT + info + 16, pcs - PCS_AT, 4);
		put_number(p, t + FUNCS_AT + info + INFO_LEN - 4, 0, 4);
		put(p, t + names, f[i].name, strlen(f[i].name) + 1);
		names += strlen(f[i].name) + 1;
		put_number(p, t + pcs, 2, 1); /* -1 + 1 */
		put_number(p, t + pcs + 1, f[i].before_frame, 1);
		pcs += 3;
		put(p, p->code + code, f[i].code, f[i].len);
		code += f[i].len;
	}
	put_number(p, t + FUNCS_AT + count * 8, code, 4);
}

void go_program(struct go_program *p, uint32_t magic, uint64_t text, const struct go_function *f,
		size_t count)
{
	Elf64_Ehdr h = { .e_shentsize = sizeof(Elf64_Shdr), .e_phentsize = sizeof(Elf64_Phdr) };
	Elf64_Phdr load = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = GO_TEXT };
	Elf64_Shdr s[4] = { { 0 } };

	memset(p, 0, sizeof(*p));
	p->code = 1024;
	p->table = 2048;
	p->sections = 4096;
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_phoff = sizeof(h);
	h.e_phnum = 1;
	h.e_shoff = p->sections;
	h.e_shnum = 4;
	h.e_shstrndx = 1;
	put(p, 0, &h, sizeof(h));
	load.p_offset = p->code;
	load.p_filesz = 1024;
	put(p, sizeof(h), &load, sizeof(load));
	put_table(p, magic, text, f, count);
	s[1] = (Elf64_Shdr){ .sh_name = 1, .sh_offset = 512, .sh_size = sizeof(strings) };
	s[2] = (Elf64_Shdr){ .sh_name = 11, .sh_addr = GO_TEXT };
	s[3] = (Elf64_Shdr){ .sh_name = 17, .sh_offset = p->table, .sh_size = 2048 };
	put(p, 512, strings, sizeof(strings));
	put(p, p->sections, s, sizeof(s));
}
