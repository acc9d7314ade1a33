// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/gopclntab.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define MAGIC_118   0xfffffff0u /* Go 1.18 and 1.19 */
#define MAGIC_120   0xfffffff1u /* since Go 1.20 */
#define HEADER_LEN  72u
#define FUNCTAB_ROW 8u
#define FUNC_LEN    20u
#define PCSP_AT     16u
#define FUNCS_MAX   (1u << 20) /* runsc has 50000 */

/* Part of a text; empty when it is not all there. */
static struct ct_text part(struct ct_text in, uint64_t at, uint64_t len)
{
	if (at > in.len || len > in.len - at)
		return ct_text(in.p, 0);
	return ct_text(in.p + at, (size_t)len);
}

static struct ct_text from(struct ct_text in, uint64_t at)
{
	return at > in.len ? ct_text(in.p, 0) : part(in, at, in.len - at);
}

static bool read_at(struct ct_text in, uint64_t at, void *to, size_t len)
{
	struct ct_text bytes = part(in, at, len);

	if (bytes.len != len)
		return false;
	memcpy(to, bytes.p, len);
	return true;
}

static uint64_t number_at(struct ct_text in, uint64_t at, size_t len)
{
	uint64_t n = 0;

	read_at(in, at, &n, len);
	return n;
}

static bool name_is(struct ct_text names, uint64_t at, const char *name)
{
	size_t len = strlen(name) + 1;

	return part(names, at, len).len == len && !memcmp(names.p + at, name, len);
}

static bool elf_header(struct ct_text file, Elf64_Ehdr *h)
{
	return read_at(file, 0, h, sizeof(*h)) && !memcmp(h->e_ident, ELFMAG, SELFMAG) &&
	       h->e_ident[EI_CLASS] == ELFCLASS64 && h->e_ident[EI_DATA] == ELFDATA2LSB &&
	       h->e_shentsize == sizeof(Elf64_Shdr) && h->e_phentsize == sizeof(Elf64_Phdr);
}

static bool find_section(struct ct_text file, const Elf64_Ehdr *h, const char *const *wanted,
			 Elf64_Shdr *ret)
{
	Elf64_Shdr names;
	struct ct_text strings;

	if (!read_at(file, h->e_shoff + (uint64_t)h->e_shstrndx * sizeof(names), &names,
		     sizeof(names)))
		return false;
	strings = part(file, names.sh_offset, names.sh_size);
	for (uint64_t i = 0; i < h->e_shnum; i++) {
		if (!read_at(file, h->e_shoff + i * sizeof(*ret), ret, sizeof(*ret)))
			return false;
		for (size_t k = 0; wanted[k]; k++) {
			if (name_is(strings, ret->sh_name, wanted[k]))
				return true;
		}
	}
	return false;
}

/* Position-dependent programs have the first, others the second. */
static const char *const table_names[] = { ".gopclntab", ".data.rel.ro.gopclntab", NULL };
static const char *const text_names[] = { ".text", NULL };

int ct_gopclntab_open(struct ct_gopclntab *ret, struct ct_text file, struct ct_err *err)
{
	struct ct_gopclntab tab = { .file = file };
	Elf64_Shdr section;
	Elf64_Ehdr h;
	uint64_t magic;

	if (file.len > CT_GO_FILE_MAX)
		return ct_fail(err, -EFBIG, "it is larger than %u MiB", CT_GO_FILE_MAX >> 20);
	if (!elf_header(file, &h))
		return ct_fail(err, -ENOEXEC, "it is no ELF program of 64 bits");
	if (!find_section(file, &h, table_names, &section))
		return ct_fail(err, -ENOENT, "it is no Go program: it has no section %s",
			       table_names[0]);
	tab.table = part(file, section.sh_offset, section.sh_size);
	magic = number_at(tab.table, 0, 4);
	tab.quantum = (unsigned int)number_at(tab.table, 6, 1);
	if (tab.table.len < HEADER_LEN || (magic != MAGIC_118 && magic != MAGIC_120) ||
	    number_at(tab.table, 7, 1) != 8 || !tab.quantum)
		return ct_fail(
			err, -ENOTSUP,
			"its table of functions is of an unknown version (%#llx): this Go is "
			"too old or too new",
			(unsigned long long)magic);
	tab.count = number_at(tab.table, 8, 8);
	tab.text = number_at(tab.table, 24, 8);
	tab.names = from(tab.table, number_at(tab.table, 32, 8));
	tab.pcs = from(tab.table, number_at(tab.table, 56, 8));
	tab.funcs = from(tab.table, number_at(tab.table, 64, 8));
	/* Since Go 1.26 it is left for the linker's own symbol. */
	if (!tab.text && find_section(file, &h, text_names, &section))
		tab.text = section.sh_addr;
	if (tab.count >= tab.funcs.len / FUNCTAB_ROW || tab.count > FUNCS_MAX)
		return ct_fail(err, -EBADMSG, "its table of functions is damaged");
	*ret = tab;
	return 0;
}

static bool varint(struct ct_text *in, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned int shift = 0; in->len && shift < 35; shift += 7) {
		unsigned char byte = (unsigned char)*in->p++;

		in->len--;
		v |= (uint32_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/* The first pair of its table of stack depths: a depth, and for how many bytes it holds. */
static bool before_frame(const struct ct_gopclntab *tab, uint64_t pcsp, uint64_t *ret)
{
	struct ct_text pairs = from(tab->pcs, pcsp);
	uint32_t depth, bytes;

	/* Depths are differences, zigzag, the first to -1: it is 0. */
	if (!varint(&pairs, &depth) || !varint(&pairs, &bytes) || depth != 2)
		return false;
	*ret = (uint64_t)bytes * tab->quantum;
	return true;
}

static bool in_file(struct ct_text file, uint64_t address, uint64_t size, uint64_t *ret)
{
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (!elf_header(file, &h))
		return false;
	for (uint64_t i = 0; i < h.e_phnum; i++) {
		if (!read_at(file, h.e_phoff + i * sizeof(p), &p, sizeof(p)))
			return false;
		if (p.p_type != PT_LOAD || !(p.p_flags & PF_X) || address < p.p_vaddr ||
		    address - p.p_vaddr > p.p_filesz || size > p.p_filesz - (address - p.p_vaddr))
			continue;
		*ret = address - p.p_vaddr + p.p_offset;
		return true;
	}
	return false;
}

bool ct_gopclntab_find(const struct ct_gopclntab *tab, const char *name, struct ct_gofunc *ret)
{
	for (uint64_t i = 0; i < tab->count; i++) {
		uint64_t row = i * FUNCTAB_ROW, func = number_at(tab->funcs, row + 4, 4);
		uint64_t begin = number_at(tab->funcs, row, 4);
		uint64_t end = number_at(tab->funcs, row + FUNCTAB_ROW, 4);

		if (part(tab->funcs, func, FUNC_LEN).len != FUNC_LEN ||
		    !name_is(tab->names, number_at(tab->funcs, func + 4, 4), name))
			continue;
		if (end <= begin ||
		    !before_frame(tab, number_at(tab->funcs, func + PCSP_AT, 4),
				  &ret->before_frame) ||
		    ret->before_frame > end - begin)
			return false;
		ret->address = tab->text + begin;
		ret->size = end - begin;
		if (!in_file(tab->file, ret->address, ret->size, &ret->offset))
			return false;
		ret->code = part(tab->file, ret->offset, ret->size);
		return ret->code.len == ret->size;
	}
	return false;
}
