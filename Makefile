# handoff: one file, every target.  `make help` lists them.

CC       ?= gcc
PKG      ?= pkg-config
FLAVOUR  ?= release
B        := build/$(FLAVOUR)
PREFIX   ?= /usr/local

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifdef WERROR
WARN += -Werror
endif

# Debug builds use -O1: at -O0 nothing is inlined and the loops mean nothing.
# -g1: lines for backtraces; all of -g costs a third more time to compile.
OPT_release := -O2 -g1
OPT_clang   := -O2 -g1
OPT_debug   := -O1 -g3 -fno-omit-frame-pointer
OPT_asan    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_fuzz    := -O1 -g3 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
OPT_tsan    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=thread
ifneq ($(filter clang fuzz,$(FLAVOUR)),)
CC := clang
endif
OPT := $(OPT_$(FLAVOUR))

COMMIT   := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
CPPFLAGS += -D_GNU_SOURCE -I.
CFLAGS   += -std=c17 $(OPT) $(WARN) $(EXTRA_CFLAGS)
LDFLAGS  += $(filter -fsanitize%,$(OPT)) -Wl,--build-id
LDLIBS   += $(shell $(PKG) --libs hwloc inih 2>/dev/null || echo -lhwloc -linih) -lcsv -lpthread -lm

HARNESS    := $(wildcard harness/*.c)
PRIMITIVES := $(wildcard primitives/*.c primitives/*/*.c)
BENCH      := $(filter-out bench/main.c bench/self_%.c,$(wildcard bench/*.c))
# Long ones first: they run side by side with the others.
LONG_TESTS := $(patsubst %,tests/test_%.c,trial kill sabotage interrupted poor_machine bad_input \
	broker)
TESTS      := $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(wildcard tests/test_*.c))

OBJ     := $(patsubst %.c,$(B)/%.o,$(HARNESS) $(PRIMITIVES) $(BENCH))
TESTBIN := $(patsubst tests/%.c,$(B)/tests/%,$(TESTS))
# What has threads in it: all that ThreadSanitizer is asked about; not spawn and timer, since that
# of gcc 12 does not know that pthread_clockjoin_np() joins.
THREADED := awake barrier bus channel channel_ends coherence coroutine event eventcount \
	evidence_many fairness floor gil intervals link lock memory mixed names overtaking permits probe \
	queues recursive rwlock stress tails trial
# What AddressSanitizer is asked about on each `make check`; all of it under `make check-all`.
MEMORY_TESTS := awake barrier bus cell channel channel_ends compare_bad coroutine coroutine_domain \
	counters csv env event evidence evidence_many export feeder file_queue fill floor gate_stats \
	gate_stored gil hist intervals judged kill lock locate memory mixed names opt overtaking permits \
	place plan queues recursive row rwlock sabotage samples select spawn stored tails timer topo \
	topics trial units wait_kinds
# A list that names a test without a file would test less and say nothing.
NO_FILE = $(filter-out $(wildcard tests/test_*.c),$(patsubst %,tests/test_%.c,$1))
must_exist = $(if $(call NO_FILE,$1),$(error there is no $(call NO_FILE,$1)))
HELPERS := $(patsubst %.c,$(B)/%.o,$(filter-out $(TESTS),$(wildcard tests/*.c)))

.PHONY: all help run list check check-fast check-all test tests check-format check-inline \
	check-symbols check-headers check-catalogue mutants check-asan check-tsan check-syntax check-arm64 bench-self \
	plugin report check-report fuzz cross-check campaign-repro aa2 campaign-aa campaign-inject deps deps-test deps-all install clean
.DELETE_ON_ERROR:

all: $(B)/handoff ## build the program (build/handoff)
	@ln -sfn $(FLAVOUR)/handoff build/handoff

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' Makefile

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# An indirect jump in a stamped loop would be a call in disguise (check-inline).
$(B)/primitives/%.o: CFLAGS += -fno-jump-tables
# Hundreds of loops each, which nobody times here: half the time to compile.
ifeq ($(FLAVOUR),asan)
$(B)/primitives/%.o: CFLAGS += -O0
endif

# Knows the flags and the commit: rebuilt when they change.
$(B)/bench/version.o: CPPFLAGS += -DHANDOFF_COMMIT='"$(COMMIT)"' \
	-DHANDOFF_FLAVOUR='"$(FLAVOUR)"' -DHANDOFF_FLAGS='"$(strip $(OPT))"'
$(B)/bench/version.o: $(B)/commit.stamp
$(B)/bench/env.o: CPPFLAGS += -DHANDOFF_CC_FLAGS='"$(strip -std=c17 $(OPT))"'
# A plugin is loaded by programs with the same headers in harness/.
CONTRACT := $(shell scripts/plugin --contract)
$(B)/bench/plugin.o: CPPFLAGS += -DPLUGIN_CONTRACT='"$(CONTRACT)"'
$(B)/bench/plugin.o: $(B)/contract.stamp
$(B)/contract.stamp: force
	@mkdir -p $(@D)
	@echo '$(CONTRACT)' | cmp -s - $@ || echo '$(CONTRACT)' > $@
$(B)/commit.stamp: force
	@mkdir -p $(@D)
	@echo '$(COMMIT) $(OPT)' | cmp -s - $@ || echo '$(COMMIT) $(OPT)' > $@
.PHONY: force

# -rdynamic: plugins call the harness.
$(B)/handoff: $(OBJ) $(B)/bench/main.o
	$(CC) $(LDFLAGS) -rdynamic $^ $(LDLIBS) -o $@

$(B)/tests/%: $(B)/tests/%.o $(HELPERS) $(OBJ)
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

deps: ## install what `make run` needs
	@scripts/install-deps --with run
deps-test: ## install what the tests at the desk need
	@scripts/install-deps --with tests
deps-all: ## install what everything here needs
	@scripts/install-deps --with all

run: deps ## install what is missing, build, measure the quick matrix, answer
	@$(MAKE) --no-print-directory -s -j "$$(nproc)" all
	@build/handoff run --matrix quick

list: all ## the mechanisms
	@build/handoff list

check: deps-all ## install what is missing, build, all tests (under 10 minutes)
	@scripts/check all

check-fast: deps-test ## the tests for the desk (under 60 s)
	@scripts/check fast

check-all: deps-all ## everything, longer sweeps too
	@scripts/check long

test: all $(TESTBIN) ## build and run the cmocka tests of this FLAVOUR
	@scripts/run-tests $(B) $(TESTBIN)

check-format: ## clang-format agrees
	@clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h' '*.def' | grep -v '\.def$$')

check-inline: all ## no forgotten call in a stamped loop
	@scripts/check-inline $(B) $(CC)

check-symbols: all ## one export a mechanism, no mutable state
	@scripts/check-symbols $(B)

check-syntax: ## no warning in any source, without building (FLAVOUR=clang)
	@printf '%s\n' $(HARNESS) $(PRIMITIVES) $(BENCH) bench/main.c $(wildcard tests/*.c) | \
		xargs -n 16 -P "$$(nproc)" $(CC) $(CPPFLAGS) $(CFLAGS) -fsyntax-only

# Compiled, not run: of the libraries only headers are needed, and those here do.
ARM64 ?= aarch64-linux-gnu-gcc
ARM64_FLAGS = $(CPPFLAGS) $(CFLAGS) -idirafter /usr/include \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)
check-arm64: ## no warning for arm64, and its switch of coroutines assembles
	@mkdir -p build/arm64
	@$(ARM64) $(ARM64_FLAGS) -c harness/coroutine_switch.c -o build/arm64/coroutine_switch.o
	@printf '%s\n' $(HARNESS) $(PRIMITIVES) $(BENCH) bench/main.c | \
		xargs -n 16 -P "$$(nproc)" $(ARM64) $(ARM64_FLAGS) -fsyntax-only

check-headers: ## every header compiles alone
	@CC='$(CC)' scripts/check-headers

plugin: all ## SRC=FILE.c OUT=FILE.so: mechanisms that a built program loads (handoff --plugin)
	@CC='$(CC)' CFLAGS='$(CFLAGS)' scripts/plugin $(if $(OUT),-o '$(OUT)') $(SRC)

mutants: ## do the tests still see what they were written to see (long)
	@scripts/mutants

check-catalogue: all ## RUN=DIR: does a run of the full matrix hold all that it must
	@scripts/check-catalogue '$(or $(RUN),results/latest)'

tests: $(B)/handoff $(TESTBIN) # built, not run; build/handoff stays what it is

# GOAL=tests: only build them.
GOAL ?= test
check-asan: ## tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call must_exist,$(MEMORY_TESTS))
	@$(MAKE) --no-print-directory FLAVOUR=asan $(if $(HANDOFF_TEST_LONG),, \
		TESTBIN='$(patsubst %,build/asan/tests/test_%,$(MEMORY_TESTS))') $(GOAL)

check-tsan: ## thread-mode tests under ThreadSanitizer
	$(call must_exist,$(THREADED))
	@$(MAKE) --no-print-directory FLAVOUR=tsan \
		TESTBIN='$(patsubst %,build/tsan/tests/test_%,$(THREADED))' $(GOAL)

bench-self: all $(B)/bench/self ## OUT=DIR: what handoff itself costs (ratios, one interleaved run)
	@$(B)/bench/self $(B)/handoff $(if $(OUT),'$(OUT)')

$(B)/bench/self: $(patsubst %.c,$(B)/%.o,$(wildcard bench/self_*.c)) $(OBJ)
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

# The readers of CSV files under libFuzzer; what it finds stays in build/fuzz.  FUZZ_RUNS: that many
# inputs, the same ones every time, in place of FUZZ_S seconds of new ones.
FUZZ_S ?= 60
FUZZ_RUNS ?=
FUZZED := $(patsubst %,$(B)/bench/%.o,csv csv_row number samples campaign campaign_file \
	campaign_gather costs facts gate_runs gate_stats judged judged_read judged_write opt \
	report_save stats stats_holm stats_rank_sum units) $(patsubst %,$(B)/tests/%.o,fuzz_samples judged_scene)

fuzz: ## FUZZ_S=60 or FUZZ_RUNS=N: the readers of CSV files under any bytes (needs clang)
	@$(MAKE) --no-print-directory -s FLAVOUR=fuzz build/fuzz/fuzz_samples
	@rm -rf $(if $(FUZZ_RUNS),build/fuzz/corpus,build/fuzz/corpus/*.csv)
	@mkdir -p build/fuzz/corpus
	@FUZZ_SEEDS=build/fuzz/corpus build/fuzz/fuzz_samples -timeout=10 \
		$(if $(FUZZ_RUNS),-runs=$(FUZZ_RUNS) -seed=1 -entropic=0,-max_total_time=$(FUZZ_S)) \
		-rss_limit_mb=512 -max_len=8192 -artifact_prefix=build/fuzz/ -verbosity=0 \
		-print_final_stats=1 build/fuzz/corpus

$(B)/fuzz_samples: $(FUZZED)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ -lcsv -lcmocka -lm -o $@

# The run behind REPORT.md and the tables of README.md.
KEPT ?= results/kept/full

report: all ## write REPORT.md and README's tables from the kept run
	@scripts/report $(KEPT)

check-report: all ## REPORT.md and README are what `make report` writes
	@scripts/report --check $(KEPT)

cross-check: all ## OUT=DIR: other tools beside the cells that do the same work (4 minutes)
	@scripts/cross-check $(if $(OUT),--out '$(OUT)')

campaign-repro: all ## one more campaign, an hour or a boot later; ARGS='--keep --reps 4'
	@scripts/campaign-repro $(ARGS)

# The same objects in another order and at other addresses: what a change of speed is not.
# Each link of the same objects has an order and a shift of its own, by its number.
LINKS ?= 1
AA2 = $(patsubst %,$(B)-relinked/handoff-%,$(shell seq $(LINKS)))
aa2: all $(AA2) ## other links of the same objects (build/aa2/handoff-1 ... LINKS), for selftest aa2
	@mkdir -p build/aa2
	@for i in $$(seq $(LINKS)); do \
		ln -sfn ../$(FLAVOUR)-relinked/handoff-$$i build/aa2/handoff-$$i; done
	@ln -sfn handoff-1 build/aa2/handoff

$(B)-relinked/handoff-%: $(B)/handoff
	@mkdir -p $(@D)
	@printf '.section .note.GNU-stack,""\n.text\n.skip %d, 0xcc\n' $$(($* * 1040 % 4096)) | \
		$(CC) -c -x assembler - -o $(@D)/shift-$*.o
	$(CC) $(LDFLAGS) -rdynamic $(@D)/shift-$*.o $$(for o in $(OBJ) $(B)/bench/main.o; do \
		echo "$$(printf '%s %s' $* $$o | cksum) $$o"; done | sort -n | cut -d' ' -f3) \
		$(LDLIBS) -o $@

campaign-aa: all ## real gates of identical and relinked programs, added up; ARGS='--runs 5 --keep'
	@scripts/campaign-aa $(ARGS)

campaign-inject: all ## real gates of programs that were slowed by 5, 10 and 20 %; ARGS as above
	@scripts/campaign-inject $(ARGS)

install: all ## install program, headers and data under PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/handoff/scripts/plot \
		$(DESTDIR)$(PREFIX)/share/handoff/bench/matrices
	install build/handoff $(DESTDIR)$(PREFIX)/bin/handoff
	install -m 644 scripts/plot/*.gp $(DESTDIR)$(PREFIX)/share/handoff/scripts/plot
	install -m 644 REPORT.in.md $(DESTDIR)$(PREFIX)/share/handoff
	install -m 644 bench/matrices/*.ini $(DESTDIR)$(PREFIX)/share/handoff/bench/matrices

clean: ## remove what was built
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
