# SPDX-License-Identifier: GPL-2.0-only
#
# The report page, built with node and npm where they are; WEB=0 leaves it out.
#
# make web-test    the page in headless Chromium, with real and with made-up recordings

WEB_SRC := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

# A build without the page tries again every time: node may have come since.
$(O)/gen/web.h: $(WEB_SRC) $(if $(shell grep -s 'CT_WEB_BUNDLED 0' $(O)/gen/web.h),FORCE)
	$(call msg,WEB,$@)WEB=$(WEB) web/build.sh $(O)/web $@ && touch $@

# Whatever needs a generated header waits for this one too.
$(O)/gen/version.h: | $(O)/gen/web.h

.PHONY: web-test
web-test: $(O)/coldtrace
	$(Q)O=$(O) tests/web/run
