# SPDX-License-Identifier: GPL-2.0-only
#
# Tests that need neither root nor a kernel: everything here is built with sanitizers, in a
# directory of its own. A sanitizer writes its findings to a file of its own, and any such file
# fails the run: a test framework lets leaks pass.
#
# make unit                     tests/unit, one binary; CRITERION= passes options to it
# make replay                   tests/replay: recordings of real runs, byte-exact reports
# make replay-update            writes the expected reports anew
# make fuzz FUZZ_SECONDS=30     tests/fuzz, each target that long
# make check                    unit and replay

S            := $(patsubst %/san,%,$(O))/san
F            := $(patsubst %/san,%,$(O))/fuzz
SAN_FLAGS    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_CFLAGS   := -O1 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror $(SAN_FLAGS)
FUZZ_CFLAGS  := -O1 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror $(SAN_FLAGS) \
		-fsanitize=fuzzer-no-link -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
FUZZ_SECONDS ?= 30
CRITERION    ?=

UNIT_SRC     := $(wildcard tests/unit/*.c)
UNIT_OBJ     := $(UNIT_SRC:%.c=$(S)/%.o)
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TAPE_SRC     := tests/unit/tape.c tests/unit/life.c

# What the command line means is pure too, but no part of the core.
PURE_SRC     := $(CORE_SRC) user/cmd/options.c user/cmd/session.c

.PHONY: unit replay replay-update fuzz fuzz-seeds check pure

check: unit replay

$(S)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-SAN,$@)$(CC) $(CPPFLAGS) -Itests/unit $(SAN_CFLAGS) -MMD -MP -c $< -o $@

$(S)/unit: $(UNIT_OBJ) $(PURE_SRC:%.c=$(S)/%.o)
	$(call msg,LD-SAN,$@)$(CC) $(SAN_CFLAGS) $^ -o $@ -lcriterion $(CORE_LIBS)

# Linking without libbpf proves it already, unless a symbol is weak.
pure: $(O)/libctcore.a
	@! nm -u $< | grep -iw '[a-z]* *_*\(bpf_\|libbpf_\|btf_\|ring_buffer_\).*' || \
		{ echo "$<: the core calls libbpf" >&2; exit 1; }

# $(1): directory of reports. Prints what the sanitizers found, fails if they found anything.
san_env      = ASAN_OPTIONS=log_path=$(1)/asan:detect_leaks=1:strict_string_checks=1 \
	       UBSAN_OPTIONS=log_path=$(1)/ubsan:print_stacktrace=1
san_verdict  = for f in $(1)/asan.* $(1)/ubsan.*; do \
	       [ -e "$$f" ] || continue; cat "$$f"; bad=1; done; [ -z "$$bad" ]

unit: $(S)/unit pure
	@rm -rf $(S)/reports && mkdir -p $(S)/reports
	$(Q)status=0; $(call san_env,$(S)/reports) $(S)/unit --jobs 2 $(CRITERION) || status=$$?; \
	{ $(call san_verdict,$(S)/reports); } && exit $$status

$(S)/reader: $(S)/tests/replay/reader.o $(S)/user/cmd/report.o $(PURE_SRC:%.c=$(S)/%.o)
	$(call msg,LD-SAN,$@)$(CC) $(SAN_CFLAGS) $^ -o $@ $(CORE_LIBS)

replay: $(S)/reader
	@rm -rf $(S)/replayed && mkdir -p $(S)/replayed
	$(Q)status=0; $(call san_env,$(S)/replayed) tests/replay/run $(S)/reader || status=$$?; \
	{ $(call san_verdict,$(S)/replayed); } && exit $$status

replay-update: $(S)/reader
	$(Q)tests/replay/run $(S)/reader --update

$(F)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-FUZZ,$@)$(CLANG) $(CPPFLAGS) -Itests/unit $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(F)/fuzz_%: $(F)/tests/fuzz/fuzz_%.o $(F)/tests/unit/check.o $(CORE_SRC:%.c=$(F)/%.o)
	$(call msg,LD-FUZZ,$@)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@ $(CORE_LIBS)

# Seeds come from the same builder as the tests.
$(F)/make_seeds: $(F)/tests/fuzz/make_seeds.o $(TAPE_SRC:%.c=$(F)/%.o) $(CORE_SRC:%.c=$(F)/%.o)
	$(call msg,LD-FUZZ,$@)$(CLANG) $(FUZZ_CFLAGS) $^ -o $@ $(CORE_LIBS)

fuzz-seeds: $(F)/make_seeds
	@mkdir -p $(FUZZ_TARGETS:%=$(F)/seeds/%)
	$(Q)$(F)/make_seeds $(F)/seeds

fuzz: $(FUZZ_TARGETS:%=$(F)/fuzz_%) fuzz-seeds
	$(Q)for t in $(FUZZ_TARGETS); do \
		mkdir -p $(F)/corpus/$$t $(F)/findings; \
		echo "fuzz $$t for $(FUZZ_SECONDS) s"; \
		$(F)/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-max_len=65536 -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=$(F)/findings/$$t- \
			$(F)/corpus/$$t $(F)/seeds/$$t || exit 1; \
	done
