# SPDX-License-Identifier: GPL-2.0-only
#
# make formats: every output, read by programs that are not ours

.PHONY: formats

$(S)/formats: $(S)/tests/formats/make.o $(CORE_SRC:%.c=$(S)/%.o)
	$(call msg,LD-SAN,$@)$(CC) $(SAN_CFLAGS) $^ -o $@ $(CORE_LIBS)

formats: $(S)/formats $(O)/coldtrace
	@rm -rf $(S)/formatted && mkdir -p $(S)/formatted
	$(Q)status=0; O=$(patsubst %/san,%,$(O)) $(call san_env,$(S)/formatted) \
		tests/formats/run $(S)/formats $(O)/coldtrace || status=$$?; \
	{ $(call san_verdict,$(S)/formatted); } && exit $$status
