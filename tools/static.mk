# SPDX-License-Identifier: GPL-2.0-only
#
# make static                       $(O)/static/coldtrace-ARCH, without a shared library, per architecture
# make static STATIC_ARCHS=x86_64   one of them
#
# A foreign architecture is compiled with Debian's cross compiler against libraries that are unpacked
# from its packages; nothing of it is installed. 'coldtrace serve' has neither TLS nor OTLP there: GnuTLS and what
# libcurl needs have no static libraries that can be linked (p11-kit, krb5).

STATIC_ARCHS ?= x86_64 aarch64
STATIC_LIBS   = -lmicrohttpd $(LIVE_LIBS) $(CORE_LIBS)

# How Debian calls it.
DEBIAN_x86_64  = amd64
DEBIAN_aarch64 = arm64
SYSROOT        = $(O)/debs/static-$(DEBIAN_$*)
SYSROOT_DEBS   = libbpf-dev libelf-dev zlib1g-dev libdeflate-dev libzstd-dev libjansson-dev libmicrohttpd-dev libprotobuf-c-dev uthash-dev

# Programs of one file that guests have (tests/kernels).
GUEST_PROGRAMS = talk kubelet

.PHONY: static static-test
static: $(STATIC_ARCHS:%=$(O)/static/coldtrace-%)
# and what tests run beside it
static-test: static $(foreach program,$(GUEST_PROGRAMS),$(STATIC_ARCHS:%=$(O)/static/$(program)-%)) $(O)/static/standin-$(ARCH)

$(O)/static/coldtrace-$(ARCH): $(LIVE_OBJ) $(STATIC_SERVE_OBJ) $(O)/libctcore.a
	@mkdir -p $(@D)
	$(call msg,STATIC,$@)$(CC) $(CFLAGS) $(LDFLAGS) -static -Wl,--fatal-warnings $^ -o $@ $(STATIC_LIBS)

$(GUEST_PROGRAMS:%=$(O)/static/%-$(ARCH)): $(O)/static/%-$(ARCH): tests/kernels/%.c
	@mkdir -p $(@D)
	$(call msg,STATIC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -static $< -o $@

$(O)/static/standin-$(ARCH): $(wildcard tests/kata/*.c)
	@mkdir -p $(@D)
	$(call msg,STATIC,$@)$(CC) $(CFLAGS) -static $^ -o $@

# Another architecture is a build of its own, in a directory of its own.
define guest_program
$(foreach arch,$(filter-out $(ARCH),$(STATIC_ARCHS)),$(O)/static/$1-$(arch)): $(O)/static/$1-%: $(O)/static/coldtrace-%
endef
$(foreach program,$(GUEST_PROGRAMS),$(eval $(call guest_program,$(program))))
$(O)/static/coldtrace-%: FORCE
	@command -v $*-linux-gnu-gcc > /dev/null || \
		{ echo "coldtrace for $*: '$*-linux-gnu-gcc' is missing; run tools/deps.sh test" >&2; exit 1; }
	@tools/debs.sh bookworm $(DEBIAN_$*) $(SYSROOT) $(SYSROOT_DEBS)
	@$(MAKE) O=$(O)/$* ARCH=$* static static-test STATIC_ARCHS=$* CC='$*-linux-gnu-gcc \
		-isystem $(SYSROOT)/files/usr/include -isystem $(SYSROOT)/files/usr/include/$*-linux-gnu \
		-L$(SYSROOT)/files/usr/lib/$*-linux-gnu'
	@mkdir -p $(@D) && cp -u $(foreach program,coldtrace $(GUEST_PROGRAMS),$(O)/$*/static/$(program)-$*) $(@D)
