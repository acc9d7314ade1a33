# SPDX-License-Identifier: GPL-2.0-only
#
# make install, make uninstall: PREFIX (/usr/local) is where it will be used, DESTDIR (nothing) is
# put before it, as packagers want it. Each directory can be set by itself.
#
# What is installed runs for its completions; RUN=qemu-aarch64 runs another architecture's, COMPLETER is one that
# runs here and has the same.

SBINDIR       ?= $(PREFIX)/sbin
MANDIR        ?= $(PREFIX)/share/man
DOCDIR        ?= $(PREFIX)/share/doc/coldtrace
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
FISHDIR       ?= $(PREFIX)/share/fish/vendor_completions.d
ZSHDIR        ?= $(PREFIX)/share/zsh/site-functions
UNITDIR       ?= $(PREFIX)/lib/systemd/system
RUN           ?=
COMPLETER     ?= $(RUN) $(O)/coldtrace

# Directories that are nobody else's.
OWN_DIRS      := $(DOCDIR)/licenses $(DOCDIR)/docs $(DOCDIR)

# One row per file: mode, from, to.
INSTALL_ROWS  := \
	755:$(O)/coldtrace:$(SBINDIR)/coldtrace \
	644:docs/coldtrace.8:$(MANDIR)/man8/coldtrace.8 \
	644:$(O)/completion.bash:$(COMPLETIONDIR)/coldtrace \
	644:$(O)/completion.fish:$(FISHDIR)/coldtrace.fish \
	644:$(O)/completion.zsh:$(ZSHDIR)/_coldtrace \
	644:$(O)/coldtrace.service:$(UNITDIR)/coldtrace.service \
	644:$(O)/coldtrace-serve.service:$(UNITDIR)/coldtrace-serve.service \
	644:LICENSE:$(DOCDIR)/copyright \
	644:README.md:$(DOCDIR)/README.md \
	$(foreach page,$(wildcard docs/*.md),644:$(page):$(DOCDIR)/$(page)) \
	644:docs/schema.json:$(DOCDIR)/docs/schema.json \
	$(foreach text,$(wildcard web/licenses/*),644:$(text):$(DOCDIR)/licenses/$(notdir $(text)))

row_field      = $(word $(2),$(subst :, ,$(1)))

.PHONY: install uninstall install-test

$(O)/completion.%: $(O)/coldtrace
	$(Q)$(COMPLETER) completion $* > $@

# The units say where the program is.
$(O)/%.service: systemd/%.service FORCE
	@mkdir -p $(@D)
	@sed 's|/usr/sbin/coldtrace|$(SBINDIR)/coldtrace|' $< > $@

install: build $(addprefix $(O)/completion.,bash fish zsh) $(O)/coldtrace.service $(O)/coldtrace-serve.service
	$(Q)$(foreach row,$(INSTALL_ROWS),install -D -m $(call row_field,$(row),1) \
		'$(call row_field,$(row),2)' '$(DESTDIR)$(call row_field,$(row),3)' &&) true
	@echo "  INSTALL  $(words $(INSTALL_ROWS)) files below $(DESTDIR)$(PREFIX)"

uninstall:
	$(Q)rm -f $(foreach row,$(INSTALL_ROWS),'$(DESTDIR)$(call row_field,$(row),3)')
	$(Q)for dir in $(OWN_DIRS); do \
		[ ! -d "$(DESTDIR)$$dir" ] || rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; \
	done

# The installed files, the completion, the unit. Needs no root.
install-test: build
	@O=$(O) tests/install/run
