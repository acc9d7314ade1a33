# SPDX-License-Identifier: GPL-2.0-only
#
# make            build .output/coldtrace
# make demo       set everything up and watch 10 restarts under runc and 10 under runsc
# make test       set everything up and test all but what takes long, about 16 minutes on 2 CPUs
# make test-long  everything, in full: about 90 minutes
# make static     a coldtrace without shared libraries, per architecture, in .output/static
# make bench      what tracing costs, side by side with others
# make bench-macro   what it costs programs that people know
# make bench-opens   what an open costs more while opens are traced
# make bench-pulls   what a pull costs more while it is traced
# make bench-size    how large recordings are; BENCH_ARGS="--markdown --check" of each of them
# V=1 shows the commands; O=DIR builds elsewhere; SAN=1 builds with sanitizers.

O      ?= .output
V      ?= 0
SAN    ?= 0
CC     ?= cc
CLANG  ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
ARCH   ?= $(shell uname -m)
PREFIX ?= /usr/local

BPF_ARCH_x86_64  = x86
BPF_ARCH_aarch64 = arm64
VMLINUX_x86_64   = x86_64
VMLINUX_aarch64  = arm64

ifeq ($(V),1)
Q =
msg =
else
Q = @
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(O)/%,%,$(2))";
MAKEFLAGS += --no-print-directory
endif

ifeq ($(SAN),1)
O := $(O)/san
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all
endif

CPPFLAGS += -D_GNU_SOURCE -Iinclude -Iuser -I$(O)/gen
CFLAGS   ?= -O3 -g
CFLAGS   += -std=gnu11 -Wall -Wextra -Wshadow -Werror $(SANFLAGS)
BPFFLAGS  = -g -O2 -target bpf -D__bpf__ -D__TARGET_ARCH_$(BPF_ARCH_$(ARCH)) -Wall -Werror \
	    -Ivmlinux/$(VMLINUX_$(ARCH)) -Iinclude

# The core is pure: it links without libbpf, and so do the statistics, the sinks and the readers.
CORE_SRC  = $(sort $(foreach part,core stats sinks util,$(wildcard user/$(part)/*.c user/$(part)/*/*.c))) \
	    $(wildcard user/source/*.c user/source/recording/*.c user/source/sandbox/seccheck_*.c) \
	    $(addprefix user/source/,engines/identity.c engines/identity_podman.c engines/identity_bundle.c engines/identity_crio.c \
	    live/types_pick.c live/open_names.c live/plan.c live/ring.c \
	    proc/privileges.c proc/unix_sockets.c sandbox/evicted.c sandbox/gopclntab.c sandbox/sentry_points.c)
LIVE_SRC  = $(filter-out $(CORE_SRC),$(wildcard user/source/*.c user/source/*/*.c)) $(wildcard user/cmd/*.c)
# TLS and OTLP need libraries that are not made to be linked statically: there static.c is instead of them.
SERVE_SRC = $(filter-out user/serve/static.c,$(wildcard user/serve/*.c))
STATIC_SERVE_SRC = $(filter-out $(addprefix user/serve/,whole.c late.c push.c push_env.c push_queue.c),$(wildcard user/serve/*.c))
SERVE_OBJ = $(SERVE_SRC:%.c=$(O)/%.o)
STATIC_SERVE_OBJ = $(STATIC_SERVE_SRC:%.c=$(O)/%.o)
CORE_OBJ  = $(CORE_SRC:%.c=$(O)/%.o)
LIVE_OBJ  = $(LIVE_SRC:%.c=$(O)/%.o)
CORE_LIBS = -ljansson -ldeflate -lzstd -lm
LIVE_LIBS = -lbpf -lelf -lz
LATE_LIBS = -lmicrohttpd -lcurl

.PHONY: all build demo test test-long test-kernels hostile soak e2e bench bench-docs bench-macro bench-opens bench-pulls bench-size fmt fmt-check headers-check tidy lint \
	docs-check deps test-deps clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: build

build: $(O)/coldtrace

help:
	@sed -n '3,13s/^# *//p' Makefile

# Stages of tests/stages make it at once: a name of one's own until it is whole.
$(O)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@v=$(or $(CT_VERSION),0.1-$$(git describe --tags --always --dirty 2>/dev/null || echo unknown)); \
	printf '#define CT_VERSION "%s"\n' "$$v" > $@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm -f $@.$$$$; else mv $@.$$$$ $@; fi
.PHONY: FORCE

$(O)/bpf/%.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call msg,BPF,$@)$(CLANG) $(BPFFLAGS) -MMD -MP -MT $@ -c $< -o $@

$(O)/gen/%.skel.h: $(O)/bpf/%.o
	@mkdir -p $(@D)
	$(call msg,SKEL,$@)$(BPFTOOL) gen object $(O)/bpf/$*.linked.o $< && \
	$(BPFTOOL) gen skeleton $(O)/bpf/$*.linked.o name $*_bpf > $@

# Names of what programs read of the kernel: all structures, unions, enums and typedefs that they know.
$(O)/gen/core_types.h: $(O)/gen/coldtrace.skel.h
	$(Q){ echo 'static const char *const ct_core_types[] = {'; \
	$(BPFTOOL) btf dump file $(O)/bpf/coldtrace.linked.o | \
		sed -nE "s/^\[[0-9]+\] (STRUCT|UNION|ENUM|ENUM64|TYPEDEF|FWD) '([a-zA-Z_0-9]+)'.*/\2/p" | \
		sed -E 's/___.*//; /^ct_/d; s/.*/\t"&",/' | LC_ALL=C sort -u; echo '};'; } > $@

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIVE_OBJ) $(CORE_OBJ) $(SERVE_OBJ) $(O)/user/serve/static.o: | $(O)/gen/version.h
$(LIVE_OBJ): | $(O)/gen/coldtrace.skel.h $(O)/gen/sentry.skel.h $(O)/gen/core_types.h
$(O)/user/source/live/types.o: $(O)/gen/core_types.h
$(O)/user/source/live/live.o: $(O)/gen/coldtrace.skel.h
$(O)/user/source/sandbox/sentry.o: $(O)/gen/sentry.skel.h
# What is embedded with .incbin is no dependency that the compiler sees.
$(O)/user/cmd/schema.o $(O)/san/user/cmd/schema.o: $(addprefix docs/,schema.md formats.md perfetto.md \
	html.md opens.md comparing.md recording.md)
$(O)/user/cmd/schema_json.o $(O)/san/user/cmd/schema_json.o: docs/schema.json

# Opened when they are needed (user/serve/late.c), by the names that a program linked with them has in it.
# The package depends on what this does (debian/rules).
$(O)/late.so:
	@mkdir -p $(@D)
	$(call msg,LD,$@)$(CC) $(LDFLAGS) -shared -nostdlib -Wl,--no-as-needed $(LATE_LIBS) -o $@
$(O)/gen/late_names.h: $(O)/late.so
	@mkdir -p $(@D)
	$(Q)readelf -d $< | sed -n 's/.*NEEDED.*\[lib\([a-z]*\)\(.*\)\]$$/#define CT_LATE_\U\1\E "lib\1\2"/p' > $@
$(O)/user/serve/late.o: $(O)/gen/late_names.h

$(O)/libctcore.a: $(CORE_OBJ)
	$(call msg,AR,$@)rm -f $@ && ar rcs $@ $^

$(O)/coldtrace: $(LIVE_OBJ) $(SERVE_OBJ) $(O)/libctcore.a
	$(call msg,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LIVE_LIBS) $(CORE_LIBS)

-include $(shell find $(O) \( -path $(O)/debs -o -path $(O)/trixie -o -path '$(O)/docker-*' \) -prune -o \
	-name '*.d' -type f -print 2>/dev/null)

# Packages from Debian; quick when nothing is missing.
deps:
	@tools/deps.sh build
test-deps:
	@tools/deps.sh test

-include tools/static.mk
-include tools/packages.mk
-include web/web.mk
-include proto/proto.mk
-include tests/tests.mk
-include tests/formats/formats.mk
-include install.mk

demo: deps
	@tools/deps.sh demo
	@$(MAKE) build
	@O=$(O) tools/demo.sh

# Real engines included. What this machine cannot do fails, unless tests/e2e/allowed-missing has it.
# LONG=1, or test-long: nothing is shortened or left out; tests/stages says what is.
LONG ?=
export LONG
test: test-deps
	@$(MAKE) build
	+@tests/stages $(if $(LONG),long,short)
test-long:
	@$(MAKE) test LONG=1

# Attackers beside an engine; PLACES="user container:forks" for some.
hostile: build
	@O=$(O) tests/hostile/run $(PLACES)

# An hour of starts and stops, with losses; SOAK_SECONDS= for less.
soak: build
	@O=$(O) tests/soak/run $(or $(SOAK_SECONDS),3600)

# The kernels of tests/kernels/table in QEMU, or those named: ROWS="5.10 6.1"
test-kernels: static-test
	@O=$(O) tests/kernels/run $(ROWS)

docs-check: build
	@O=$(O) tests/docs/run

e2e: build
	@O=$(O) tests/e2e/run $(TESTS)

bench-opens: test-deps
	@$(MAKE) build
	@O=$(O) tools/bench/opens $(BENCH_ARGS)

bench-pulls: test-deps
	@$(MAKE) build
	@O=$(O) tools/bench/pulls $(BENCH_ARGS)

bench-size: test-deps
	@$(MAKE) build
	@O=$(O) tools/bench/size $(BENCH_ARGS)

bench-macro: deps
	@tools/deps.sh bench
	@$(MAKE) build
	@O=$(O) tools/bench/macro $(BENCH_ARGS)

bench: test-deps
	@$(MAKE) build
	@O=$(O) tools/bench/run $(BENCH_ARGS)
# and puts the table into docs/overhead.md
bench-docs: test-deps
	@$(MAKE) build
	@O=$(O) tools/bench/run --markdown $(BENCH_ARGS)

C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' ':!vmlinux' 2>/dev/null || find bpf include user tests tools -name '*.[ch]')

fmt:
	@clang-format -i $(C_FILES)
fmt-check:
	@clang-format --dry-run -Werror $(C_FILES) && echo "  FMT      clean"

# Every header compiles alone; those of include/ on both sides.
headers-check: $(O)/gen/coldtrace.skel.h $(O)/gen/sentry.skel.h $(O)/gen/version.h
	@for h in $(filter-out %.skel.h bpf/%,$(filter %.h,$(C_FILES))); do \
		echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) -I. -std=gnu11 -Wall -Wextra -Werror \
			-fsyntax-only -x c - || exit 1; \
	done
	@for h in include/*.h bpf/*.h; do \
		echo "#include \"$$h\"" | $(CLANG) $(BPFFLAGS) -I. -Wno-unused-function \
			-fsyntax-only -x c - || exit 1; \
	done
	@echo "  HEADERS  each compiles alone"

# One file a run: told several, clang-tidy 14 mistakes the va_list of one for that of another.
# TIDY= adds checks or takes some away: without clang-analyzer-* it is thirty times as fast.
TIDY ?=
tidy: $(addprefix $(O)/gen/,coldtrace.skel.h sentry.skel.h version.h late_names.h core_types.h)
	@printf '%s\n' $(CORE_SRC) $(LIVE_SRC) $(SERVE_SRC) | \
		xargs -P 2 -n 1 sh -c 'clang-tidy --quiet $(TIDY:%=--checks=%) "$$@" -- $(CPPFLAGS) -std=gnu11 2>/dev/null' tidy
	@echo "  TIDY     clean"

lint:
	@tests/lint/run

clean:
	rm -rf $(O)
