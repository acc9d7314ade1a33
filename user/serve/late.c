// SPDX-License-Identifier: GPL-2.0-only
/* Of a program with shared libraries; the other has static.c. */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "late_names.h" /* what these libraries were called when it was linked */
#include "serve/curl.h"
#include "serve/mhd.h"
#include "util/mem.h"

struct ct_mhd ct_mhd;
struct ct_curl ct_curl;

struct symbol {
	const char *name;
	void **to;
};

static int open_library(const char *file, const struct symbol *symbols, size_t count,
			struct ct_err *err)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return ct_fail(err, ENOENT, "serve: load a library: %s; install it", dlerror());
	for (size_t i = 0; i < count; i++) {
		*symbols[i].to = dlsym(library, symbols[i].name);
		if (!*symbols[i].to)
			return ct_fail(err, ENOENT, "serve: library '%s' has no '%s'", file,
				       symbols[i].name);
	}
	return 0;
}

int ct_mhd_open(struct ct_err *err)
{
	static const struct symbol symbols[] = {
#define X(name) { "MHD_" #name, (void **)&ct_mhd.name },
		CT_MHD(X)
#undef X
	};

	return open_library(CT_LATE_MICROHTTPD, symbols, CT_ARRAY_SIZE(symbols), err);
}

int ct_curl_open(struct ct_err *err)
{
	static const struct symbol symbols[] = {
#define X(name) { "curl_" #name, (void **)&ct_curl.name },
		CT_CURL(X)
#undef X
	};

	return open_library(CT_LATE_CURL, symbols, CT_ARRAY_SIZE(symbols), err);
}
