# SPDX-License-Identifier: Apache-2.0
# `make help` lists what there is to make.

VERSION := 0.1.0
BUILD   ?= build
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
Q       := $(if $(V),,@)
comma   := ,

# Build variants live beside each other: build/, build/san-address/, build/debug/.
OUT := $(BUILD)$(if $(SAN),/san-$(SAN))$(if $(DEBUG),/debug)

CPPFLAGS := -I. -Iuser -I$(OUT)/gen -D_GNU_SOURCE -DMAPPROBE_VERSION='"$(VERSION)"'
CFLAGS   := -std=gnu11 -Wall -Wextra -Werror -g -fno-omit-frame-pointer \
	    $(if $(DEBUG),-O0,-O2 $(if $(SAN),,-D_FORTIFY_SOURCE=2)) \
	    $(if $(SAN),-fsanitize=$(subst all,address$(comma)undefined,$(SAN)))
LIBS     := -lbpf -ldw -lelf -lz -lZydis -lprotobuf-c -ljansson -lcap-ng -lm -lpthread

# The rooms of user/, each after those it may use; tests link a room with what it uses.
ROOMS         := base gobin target plan record trace analyze report cmd
USES_base     :=
USES_gobin    := base
USES_target   := gobin base
USES_plan     := target gobin base
USES_record   := base
USES_trace    := record plan target gobin base
USES_analyze  := record base
USES_report   := analyze record base
USES_cmd      := report analyze trace record plan target gobin base

srcs    = $(wildcard user/$(1)/*.c)
objs    = $(patsubst %.c,$(OUT)/%.o,$(call srcs,$(1)))
archive = $(OUT)/user/$(1).a

.DEFAULT_GOAL := all
.PHONY: all setup demo test check unit fuzz system matrix kernels bench lint format targets help
.PHONY: install clean

all: $(OUT)/mapprobe ## build build/mapprobe (V=1 verbose, DEBUG=1, SAN=address|undefined|all)

# --- the kernel side -----------------------------------------------------------------------------
BPF_SRCS := $(wildcard bpf/*.bpf.c)
BPF_OBJS := $(patsubst bpf/%.bpf.c,$(OUT)/bpf/%.bpf.o,$(BPF_SRCS))

$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h vmlinux/*.h)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -D__bpf__ -D__TARGET_ARCH_x86 -Wall -Werror \
		-I. -Ivmlinux -c $< -o $@

$(OUT)/bpf/mapprobe.bpf.o: $(BPF_OBJS)
	$(Q)$(BPFTOOL) gen object $@ $^

$(OUT)/gen/mapprobe.skel.h: $(OUT)/bpf/mapprobe.bpf.o
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name mapprobe_bpf > $@

# --- the user side -------------------------------------------------------------------------------
$(OUT)/gen/report/%.pb-c.h $(OUT)/gen/report/%.pb-c.c: user/report/%.proto
	@mkdir -p $(OUT)/gen
	$(Q)protoc-c --proto_path=user --c_out=$(OUT)/gen $<

$(OUT)/gen/%.pb-c.o: $(OUT)/gen/%.pb-c.c
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(OUT)/user/%.o: user/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

PROTOS := $(patsubst user/%.proto,$(OUT)/gen/%.pb-c.o,$(wildcard user/report/*.proto))
$(call objs,report): | $(PROTOS:.o=.h)
$(call objs,trace): $(OUT)/gen/mapprobe.skel.h

define room
$(call archive,$(1)): $(call objs,$(1)) $(if $(filter report,$(1)),$(PROTOS))
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(OUT)/mapprobe: $(foreach r,cmd $(USES_cmd),$(call archive,$(r)))
	$(Q)$(CC) $(CFLAGS) -o $@ -Wl,--start-group $^ -Wl,--end-group $(LIBS)

# --- tests ---------------------------------------------------------------------------------------
# tests/unit/ROOM_SUBJECT_test.c is one cmocka program, linked with its room and what that uses.
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
UNIT_BINS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNIT_SRCS))

.SECONDEXPANSION:
room_of = $(firstword $(subst _, ,$(1)))
needs   = $(foreach r,$(call room_of,$(1)) $(USES_$(call room_of,$(1))),$(call archive,$(r)))
$(OUT)/unit/%: tests/unit/%.c $$(call needs,$$*)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -o $@ $< \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka $(LIBS)

unit: $(UNIT_BINS) ## unit tests, no root
	$(Q)tests/unit/run $(UNIT_BINS)

lint: ## layers, file and function sizes, formatting, licences
	$(Q)tests/lint/run

format: ## clang-format every C file in place
	$(Q)clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

check: unit lint ## the inner loop: unit tests and lint, under a minute

targets: ## build the bundled Go targets (build/targets/)
	$(Q)targets/build $(BUILD)/targets

system: all targets ## system tests: root, a kernel with BPF
	$(Q)tests/system/run

matrix: all ## the exact-truth test with every Go version and build mode: docs/support.md
	$(Q)tests/matrix/run --all

kernels: all targets ## on Debian's kernels 5.10, 6.1, 6.12 (QEMU) -> docs/kernels.md
	$(Q)tests/kernels/run

bench: all targets ## measure (root, some minutes), into docs/performance.md
	$(Q)tests/bench/run

# tests/fuzz/fuzz_SUBJECT.c is one libFuzzer target; the rooms are built once more for them.
FUZZ_SECONDS ?= 10
FUZZ_ROOMS   := $(foreach r,report $(USES_report) plan $(USES_plan),user/$(r))
FUZZ_SRCS    := $(wildcard $(addsuffix /*.c,$(sort $(FUZZ_ROOMS))))
FUZZ_OBJS    := $(FUZZ_SRCS:%.c=$(BUILD)/fuzz/%.o) \
		$(patsubst user/%.proto,$(BUILD)/fuzz/gen/%.pb-c.o,$(wildcard user/report/*.proto))
FUZZ_BINS    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CC       = $(CLANG) $(CPPFLAGS) -Itests/fuzz -std=gnu11 -O1 -g -fno-omit-frame-pointer \
		-Wall -Wextra -Werror -fno-sanitize-recover=all

$(BUILD)/fuzz/user/%.o: user/%.c | $(PROTOS:.o=.h)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(BUILD)/fuzz/gen/%.o: $(OUT)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=address,undefined -c $< -o $@

$(BUILD)/fuzz/rooms.a: $(FUZZ_OBJS)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/rooms.a
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -MMD -MP -o $@ \
		$(filter %.c %.a,$^) $(LIBS)

fuzz: $(FUZZ_BINS) ## fuzz every parser: its corpus, then FUZZ_SECONDS=10 each
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_BINS)

setup: ## install what is missing (Debian 12)
	$(Q)packaging/setup.sh

test: ## set-up, all tests; last line: N passed, N failed, N skipped
	$(Q)tests/run

demo: setup ## set-up, build, start a bundled target, attach ten seconds, show the result
	$(Q)$(MAKE) --no-print-directory all
	$(Q)targets/demo $(OUT)/mapprobe

install: all ## install to $(DESTDIR)$(PREFIX), /usr/local by default
	install -D -m 755 $(OUT)/mapprobe $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/mapprobe

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(OUT) -type f -name '*.d' 2>/dev/null)
