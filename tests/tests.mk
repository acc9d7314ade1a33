# SPDX-License-Identifier: GPL-2.0-only
#
# Tests that need neither root nor a kernel: everything here is built with sanitizers, in a
# directory of its own. A sanitizer writes its findings to a file of its own, and any such file
# fails the run.
#
# make unit                     tests/unit, one binary; UNIT="--filter 'lines/*'" for some
# make replay                   tests/replay: recordings of real runs, byte-exact reports
# make replay-update            writes the expected reports anew
# make fuzz FUZZ_SECONDS=60     tests/fuzz, each target that long, three at a time; "events"
#                               plays the recordings in a wrong order; FUZZ_RUNS= so many inputs,
#                               the same each time
# make fuzz-finds               whether "events" finds a defect that was there once and is put back
# make mutate                   one-line mistakes in the core that no test sees: tests/mutate/run;
#                               MUTATE= passes options and files to it
# make insns-check              instructions that the verifier goes through, per probe
# make insns-update             keeps the new numbers
# make adding                   an engine and a runtime that nobody has: rows, and a file
# make races                    what has threads of its own, with -fsanitize=thread
# make check                    unit, races, replay and adding; check-all: replay-all, too
# make programs                 what they and make formats run
# make coverage                 lines and branches of user/core that both reach; fails below
#                               COVERAGE_FLOOR=90 % of the branches; CRITERION= passes options

S            := $(patsubst %/san,%,$(O))/san
T            := $(patsubst %/san,%,$(O))/tsan
F            := $(patsubst %/san,%,$(O))/fuzz
SAN_FLAGS    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_CFLAGS   := -O1 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror $(SAN_FLAGS)
FUZZ_CFLAGS  := -O1 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror $(SAN_FLAGS) \
		-fsanitize=fuzzer-no-link -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
FUZZ_SECONDS ?= 60
FUZZ_RUNS    ?=
FUZZ_LIMIT   := $(if $(FUZZ_RUNS),-seed=1 -runs=$(FUZZ_RUNS),-max_total_time=$(FUZZ_SECONDS))
UNIT         ?=
CRITERION    ?=

UNIT_SRC     := $(wildcard tests/unit/*.c)
UNIT_OBJ     := $(patsubst %.c,$(S)/%.o,$(UNIT_SRC) tests/quick/quick.c tests/quick/forks.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TAPE_SRC     := $(addprefix tests/unit/,tape.c tape_opens.c life.c sandbox_messages.c go_program.c)

# What the command line means is pure too, but no part of the core.
PURE_SRC     := $(CORE_SRC) $(wildcard user/cmd/options*.c) user/cmd/filter.c \
		user/cmd/session.c user/cmd/seen.c user/cmd/paths.c user/cmd/gaps.c user/cmd/notices.c user/cmd/apart.c \
		user/serve/listen.c user/serve/push_queue.c
# Neither is what talks to a sandbox or reads what an engine keeps, which a test can pretend to be.
SANDBOX_SRC  := $(addprefix user/source/,sandbox/sandbox.c sandbox/seccheck.c proc/procfs.c proc/files.c \
		proc/trust.c proc/credentials.c engines/engine.c engines/engine_config.c engines/engine_identity.c engines/engine_manifest.c \
		engines/engine_snapshots.c engines/engine_stored.c engines/engines_ask.c engines/bolt.c engines/rescans.c engines/engines.c engines/errand.c \
		engines/scout.c live/before.c live/places.c live/seed.c)

.PHONY: adding unit races replay replay-all replay-update fuzz fuzz-finds fuzz-seeds check check-all pure programs

check: unit races replay adding
check-all: check replay-all

# What more than one stage of tests/stages has built: made before they run at once, or two
# compilers write one object.
programs: build $(S)/unit $(S)/reader $(S)/formats $(T)/races

adding: build
	@O=$(O) tests/adding/run

$(S)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-SAN,$@)$(CC) $(CPPFLAGS) -Itests/quick -Itests/unit $(SAN_CFLAGS) -MMD -MP -c $< -o $@

$(S)/unit: $(UNIT_OBJ) $(PURE_SRC:%.c=$(S)/%.o) $(SANDBOX_SRC:%.c=$(S)/%.o)
	$(call msg,LD-SAN,$@)$(CC) $(SAN_CFLAGS) $^ -o $@ $(CORE_LIBS)

# What the core tells of each tape of the unit tests, anew: a line per test. Read what has changed:
# TOLD_TEXT=FILE make unit UNIT="--filter SUITE/TEST" writes all of it to FILE, before the change and behind it.
.PHONY: told-update
told-update: $(S)/unit
	@rm -f $(S)/told
	$(Q)TOLD_SUMS=$(S)/told $(S)/unit && LC_ALL=C sort -k1,1 -k2,2n $(S)/told | awk '$$1 != test { printf "%s%s", \
		(NR > 1 ? "\n" : ""), test = $$1 } { printf " %s", $$3 } END { print "" }' > tests/unit/told.sums

# Linking without libbpf proves it already, unless a symbol is weak.
pure: $(O)/libctcore.a
	@! nm -u $< | grep -iw '[a-z]* *_*\(bpf_\|libbpf_\|btf_\|ring_buffer_\).*' || \
		{ echo "$<: the core calls libbpf" >&2; exit 1; }

# $(1): directory of reports. Prints what the sanitizers found, fails if they found anything.
san_env      = ASAN_OPTIONS=log_path=$(1)/asan:detect_leaks=1:strict_string_checks=1 \
	       UBSAN_OPTIONS=log_path=$(1)/ubsan:print_stacktrace=1 \
	       LSAN_OPTIONS=suppressions=$(CURDIR)/tests/unit/lsan.supp:print_suppressions=0
san_verdict  = for f in $(1)/asan.* $(1)/ubsan.*; do \
	       [ -e "$$f" ] || continue; cat "$$f"; bad=1; done; [ -z "$$bad" ]

unit: $(S)/unit pure
	@rm -rf $(S)/reports && mkdir -p $(S)/reports
	$(Q)status=0; $(call san_env,$(S)/reports) $(S)/unit $(UNIT) || status=$$?; \
	{ $(call san_verdict,$(S)/reports); } && exit $$status

# The recorder writes in a thread, and recordings are read in several. Whatever they do not share is of
# the archive, as it is.
RACES_SRC    := $(addprefix tests/,unit/test_desk.c unit/test_recordings_many.c unit/life.c unit/tape.c \
		quick/quick.c quick/forks.c) $(wildcard user/source/recording/*.c user/util/*.c)

$(T)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-TSAN,$@)$(CC) $(CPPFLAGS) -Itests/quick -Itests/unit -O1 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror \
		-fsanitize=thread -fno-omit-frame-pointer -MMD -MP -c $< -o $@

$(T)/races: $(RACES_SRC:%.c=$(T)/%.o) $(O)/libctcore.a
	$(call msg,LD-TSAN,$@)$(CC) -fsanitize=thread $^ -o $@ $(CORE_LIBS)

races: $(T)/races
	$(Q)TSAN_OPTIONS=halt_on_error=1 $<

READER_SRC   := tests/replay/reader.c tests/replay/later.c user/cmd/cmd.c user/cmd/report.c user/cmd/export.c user/cmd/info.c \
		user/cmd/scrub.c user/cmd/chains.c $(wildcard user/cmd/diff*.c user/cmd/compare*.c)

$(S)/reader: $(READER_SRC:%.c=$(S)/%.o) $(PURE_SRC:%.c=$(S)/%.o)
	$(call msg,LD-SAN,$@)$(CC) $(SAN_CFLAGS) $^ -o $@ $(CORE_LIBS)

# Byte for byte by the program, and every output of every recording by one with sanitizers, which needs a
# process twenty times as long: replay-all has each of them with it.
replay: $(S)/reader $(O)/coldtrace
	@rm -rf $(S)/replayed && mkdir -p $(S)/replayed
	$(Q)status=0; tests/replay/run $(O)/coldtrace || status=$$?; \
	$(call san_env,$(S)/replayed) tests/replay/run $(S)/reader --outputs || status=$$?; \
	tests/replay/kata $(O)/coldtrace || status=$$?; \
	{ $(call san_verdict,$(S)/replayed); } && exit $$status

replay-all: $(S)/reader
	@rm -rf $(S)/replayed && mkdir -p $(S)/replayed
	$(Q)status=0; $(call san_env,$(S)/replayed) tests/replay/run $(S)/reader || status=$$?; \
	$(call san_env,$(S)/replayed) tests/replay/kata $(S)/reader || status=$$?; \
	{ $(call san_verdict,$(S)/replayed); } && exit $$status

replay-update: $(S)/reader
	$(Q)tests/replay/run $(S)/reader --update

$(F)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-FUZZ,$@)$(CLANG) $(CPPFLAGS) -Itests/unit $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(F)/fuzz_%: $(F)/tests/fuzz/fuzz_%.o $(F)/tests/unit/check.o $(PURE_SRC:%.c=$(F)/%.o)
	$(call msg,LD-FUZZ,$@)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@ $(CORE_LIBS)

# Seeds come from the same builder as the tests.
$(F)/make_seeds: $(F)/tests/fuzz/make_seeds.o $(TAPE_SRC:%.c=$(F)/%.o) $(CORE_SRC:%.c=$(F)/%.o)
	$(call msg,LD-FUZZ,$@)$(CLANG) $(FUZZ_CFLAGS) $^ -o $@ $(CORE_LIBS)

fuzz-seeds: $(F)/make_seeds
	@mkdir -p $(FUZZ_TARGETS:%=$(F)/seeds/%)
	$(Q)$(F)/make_seeds $(F)/seeds
	$(Q)for f in tests/replay/*.ct docs/*.ct; do \
		head -c 16384 $$f > $(F)/seeds/replay/$$(basename $$f); \
	done
	@rm -rf $(F)/goldens && mkdir -p $(F)/goldens && cp tests/replay/*.ct $(F)/goldens
	$(Q)for f in tests/replay/*.ct.gz; do \
		gzip -dc $$f > $(F)/goldens/$$(basename $$f .gz); \
	done

fuzz: $(FUZZ_TARGETS:%=$(F)/fuzz_%) fuzz-seeds
	@mkdir -p $(FUZZ_TARGETS:%=$(F)/corpus/%) $(F)/findings
	$(Q)printf '%s\n' $(FUZZ_TARGETS) | F=$(F) xargs -P 3 -I{} tests/fuzz/run {} $(FUZZ_LIMIT)

# The name of a namespace borrowed from a container that has to make room, as a review of the first version found it.
$(F)/defect.c: user/core/life/commands.c
	@mkdir -p $(@D)
	$(Q)sed -e '/memcpy(of, a->container->ns/d' -e 's/ns = ct_text(of, strlen(of))/ns = ct_text(a->container->ns, strlen(a->container->ns))/' \
		-e '/char of\[sizeof/d' $< > $@ && ! cmp -s $< $@

$(F)/fuzz_defect: $(F)/defect.c $(F)/tests/fuzz/fuzz_events.o $(F)/tests/unit/check.o \
		$(filter-out $(F)/user/core/life/commands.o,$(PURE_SRC:%.c=$(F)/%.o))
	$(call msg,LD-FUZZ,$@)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@ $(CORE_LIBS)

fuzz-finds: $(F)/fuzz_defect fuzz-seeds
	@mkdir -p $(F)/defect
	$(Q)begin=$$(date +%s); ! $(F)/fuzz_defect -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
		-artifact_prefix=$(F)/defect/ $(F)/seeds/events > $(F)/defect/log 2>&1 && \
	grep -q 'heap-use-after-free' $(F)/defect/log && \
	echo "ok - fuzzing finds a namespace that is borrowed: within $$(($$(date +%s) - begin)) s" || \
	{ echo "not ok - fuzzing finds a namespace that is borrowed"; tail -n 3 $(F)/defect/log; exit 1; }

# Mutants are many and their runs short: no framework that forks, and none of what is no
# part of the core, or takes its time. What links for `make unit` links here.
M            := $(patsubst %/san,%,$(O))/mutate
MUTATE       ?=
MUTATE_FLAGS := -O1 -std=gnu11 -w -Itests/quick -Itests/unit
MUTATE_SRC   := tests/quick/quick.c tests/quick/once.c $(filter-out $(addsuffix .c,$(addprefix tests/unit/test_,apart bolt buckets compare \
		csv desk engine_config engines files hdr openmetrics options otlp otlp_proto pb pictures places plots privileges recorder \
		recording% sandbox scout seccheck seccheck_queue serve session sinks spot summary table_opens \
		trust)),$(UNIT_SRC)) $(SANDBOX_SRC)

$(M)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-MUT,$@)$(CC) $(CPPFLAGS) $(MUTATE_FLAGS) -MMD -MP -c $< -o $@

# What survives these meets the sanitizers, as it would in `make unit`.
$(M)/san/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-MUT,$@)$(CC) $(CPPFLAGS) $(MUTATE_FLAGS) $(SAN_FLAGS) -MMD -MP -c $< -o $@

.PHONY: mutate
mutate: $(patsubst %.c,$(M)/%.o,$(MUTATE_SRC) $(READER_SRC) $(PURE_SRC)) \
	    $(patsubst %.c,$(M)/san/%.o,$(MUTATE_SRC) $(PURE_SRC))
	$(Q)tests/mutate/run --objects $(M) --unit "$(MUTATE_SRC)" --reader "$(READER_SRC)" \
		--core "$(PURE_SRC)" --cc "$(CC)" --flags "$(CPPFLAGS) $(MUTATE_FLAGS)" --sanitizers "$(SAN_FLAGS)" \
		--libs "$(CORE_LIBS)" $(MUTATE)

# What the verifier goes through per probe; a growth of more than 10 % fails. Needs root.
$(O)/insns: $(O)/tests/kernels/insns.o $(addprefix $(O)/user/source/,live/kernel.o live/types.o live/targets.o live/reads.o proc/procfs.o) \
	    $(O)/libctcore.a
	$(call msg,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LIVE_LIBS)

$(O)/tests/kernels/insns.o: $(O)/gen/coldtrace.skel.h

.PHONY: insns-check insns-update
insns-check: $(O)/insns
	@tests/kernels/insns $<
insns-update: $(O)/insns
	@tests/kernels/insns $< --update

# What unit and replay reach of the core: built once more without sanitizers, and counted by gcc in
# what is below user/core and in COVERED. tests/coverage says which branches count.
C              := $(patsubst %/san,%,$(O))/coverage
C_CFLAGS       := -O0 -g -std=gnu11 -Wall -Wextra -Wshadow -Werror
GCOV           ?= gcov
COVERAGE_FLOOR ?= 90
COVERED        := $(filter user/core/%,$(CORE_SRC)) user/source/engines/identity_podman.c

$(COVERED:%.c=$(C)/%.o): C_CFLAGS += --coverage
$(C)/%.o: %.c | $(O)/gen/version.h
	@mkdir -p $(@D)
	$(call msg,CC-COV,$@)$(CC) $(CPPFLAGS) -Itests/unit $(C_CFLAGS) -MMD -MP -c $< -o $@

$(C)/unit: $(UNIT_SRC:%.c=$(C)/%.o) $(PURE_SRC:%.c=$(C)/%.o) $(SANDBOX_SRC:%.c=$(C)/%.o)
	$(call msg,LD-COV,$@)$(CC) --coverage $^ -o $@ -lcriterion $(CORE_LIBS)

$(C)/reader: $(READER_SRC:%.c=$(C)/%.o) $(PURE_SRC:%.c=$(C)/%.o)
	$(call msg,LD-COV,$@)$(CC) --coverage $^ -o $@ $(CORE_LIBS)

.PHONY: coverage
coverage: $(C)/unit $(C)/reader
	@find $(C) -name '*.gcda' -delete
	$(Q)$(C)/unit --jobs 2 $(CRITERION)
	$(Q)tests/replay/run $(C)/reader > $(C)/replay.tap || { cat $(C)/replay.tap; exit 1; }
	@tests/coverage $(GCOV) $(COVERAGE_FLOOR) user/core $(COVERED:%.c=$(C)/%.o)
