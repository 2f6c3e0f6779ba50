# SPDX-License-Identifier: GPL-2.0-or-later
#
# simseg: `make help` lists the verbs. All products go to build/.

V ?= 0
WITH ?= bpf audit
PREFIX ?= /usr/local
DESTDIR ?=
CC = $(CROSS_COMPILE)gcc
AR = $(CROSS_COMPILE)gcc-ar
OBJCOPY = $(CROSS_COMPILE)objcopy
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
KDIR ?= $(shell scripts/kernels default-kdir)
KERNEL ?= 6.12
OPT ?= -O2 -g
WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow
CFLAGS ?= $(OPT)

# bpftool, nft and their like live in sbin, which not every user has in PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
export V

VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)
ABI := 0

B := build
O := $(B)/obj
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
else
Q :=
say = @:
endif

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all module bpf lib cli setup check lint demo bench unit uml vm kunit long \
	install uninstall clean help FORCE check-build tests tools objects

all: module $(if $(filter bpf,$(WITH)),bpf) lib cli

help:
	@sed -n 's/^#: //p' Makefile

#: Build (into build/):
#:   make                   all of the four below
#:   make module            build/kmod-RELEASE/simseg.ko   [KDIR= ARCH= CROSS_COMPILE=]
#:   make bpf               the BPF programs and their skeletons (needs clang, bpftool)
#:   make lib               build/libseg.a, build/libseg.so.0
#:   make cli               build/segctl                   [WITH="" leaves out BPF and the black box]
#: Try and test:
#:   make setup             install what is missing (Debian 12, root or sudo)
#:   make demo              the whole story in a guest     [KERNEL=6.1]
#:   make check             build, lint and all tests      [VMLINUZ= KDIR=]
#:   make lint              style, sparse, warnings, musl, 32 bit, the netlink spec
#:   make unit              the user-space unit tests
#:   make kunit             KUnit in User-Mode Linux with KASAN and lockdep
#:   make vm                the end-to-end tests in a guest [KERNEL=6.1|icount] [TESTS=]
#:   make long              end-to-end tests that take longer, hours of silence, costs
#:   make uml               only build that User-Mode Linux kernel
#:   make differential SEED=N  simseg, a model and nftables judge the same packets
#:                          [PACKETS=100000]
#:   make bench             what a packet costs, beside other filters, 40 minutes
#:                          [BENCH=quick]
#: Install:
#:   make install           [DESTDIR= PREFIX= KDIR=]; also: make uninstall
#:   make clean             remove build/
#: V=1 shows the commands.

# ---- module ---------------------------------------------------------------

module:
	$(Q)KDIR='$(KDIR)' ARCH='$(ARCH)' CROSS_COMPILE='$(CROSS_COMPILE)' \
		scripts/build-module $(KBUILD_ARGS)

# ---- flags ----------------------------------------------------------------

ifneq ($(filter bpf,$(WITH)),)
HAVE_BPF := 1
endif
ifneq ($(filter audit,$(WITH)),)
HAVE_AUDIT := 1
endif

LIB_PKGS := libnl-3.0 libnl-genl-3.0 $(if $(HAVE_BPF),libbpf)
CLI_PKGS := yaml-0.1 json-c $(if $(HAVE_AUDIT),libsodium sqlite3)
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(LIB_PKGS) $(CLI_PKGS) 2>/dev/null)
pkg_libs = $(shell $(PKG_CONFIG) --libs $(LIB_PKGS))
cli_libs = $(shell $(PKG_CONFIG) --libs $(CLI_PKGS)) $(pkg_libs) $(if $(HAVE_AUDIT),-pthread)

INCLUDES := -Iinclude/uapi -I. -Ilibseg -Isegctl
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) -fPIC -MMD -MP -D_GNU_SOURCE \
	-DSEG_VERSION='"$(VERSION)"' $(if $(HAVE_BPF),-DSEG_WITH_BPF -I$(B)/bpf) \
	$(if $(HAVE_AUDIT),-DSEG_WITH_AUDIT) \
	$(INCLUDES) $(PKG_CFLAGS)
PKG_CFLAGS := $(pkg_cflags)

# Objects depend on this file: it changes when a flag does, and only then.
$(O)/.flags: FORCE
	$(Q)mkdir -p $(O)
	$(Q)printf '%s\n' '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(LDFLAGS))' | \
		cmp -s - $@ || printf '%s\n' '$(CC) $(subst ','\'',$(ALL_CFLAGS) $(LDFLAGS))' >$@

# ---- bpf ------------------------------------------------------------------

BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(B)/bpf/%.bpf.o)
BPF_SKEL := $(BPF_OBJ:.bpf.o=.skel.h)
# The target bpf has no system headers of its own: asm/ is the machine's.
multiarch = $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS = -target bpf -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-parameter -MMD -MP \
	-Iinclude/uapi -Ibpf $(addprefix -idirafter /usr/include/,$(multiarch))

bpf: $(BPF_SKEL)

$(B)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/tests/%.bpf.o: tests/%.bpf.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

%.skel.h: %.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< >$@

# ---- libseg ---------------------------------------------------------------

# Without BPF, libseg/bpf_none.c answers for what libseg/bpf*.c would do.
LIB_BPF_SRC := $(filter-out libseg/bpf_none.c,$(wildcard libseg/bpf.c libseg/bpf_*.c))
LIB_SRC := $(filter-out $(LIB_BPF_SRC) libseg/bpf_none.c,$(wildcard libseg/*.c)) \
	$(if $(HAVE_BPF),$(LIB_BPF_SRC),$(wildcard libseg/bpf_none.c))
LIB_OBJ := $(LIB_SRC:%.c=$(O)/%.o) $(if $(wildcard kmod/match.c),$(O)/libseg/match.o)

lib: $(B)/libseg.a $(B)/libseg.so.$(ABI) $(B)/libseg.pc

$(O)/%.o: %.c $(O)/.flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA) -c $< -o $@

$(LIB_OBJ): private EXTRA = -fvisibility=hidden
ifdef HAVE_BPF
$(O)/libseg/bpf.o $(LIB_BPF_SRC:%.c=$(O)/%.o): | $(BPF_SKEL)
endif

# The module's pure part of the verdict, the same source for user space.
$(O)/libseg/match.o: kmod/match.c $(O)/.flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA) -Ikmod -c $< -o $@

$(B)/libseg.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/libseg.so.$(ABI): $(LIB_OBJ) libseg/libseg.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=libseg/libseg.map \
		-Wl,-z,defs $(LDFLAGS) -o $@ $(LIB_OBJ) $(pkg_libs)
	$(Q)ln -sf $(@F) $(B)/libseg.so

$(B)/libseg.pc: libseg/libseg.pc.in Makefile FORCE
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g;s|@VERSION@|$(VERSION)|g' \
		-e 's|@REQUIRES@|$(LIB_PKGS)|g' $< >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# ---- segctl ---------------------------------------------------------------

CLI_SRC := $(wildcard segctl/*.c) $(if $(HAVE_AUDIT),$(wildcard segctl/audit/*.c))
CLI_OBJ := $(CLI_SRC:%.c=$(O)/%.o)
CLI_MAIN := $(O)/segctl/main.o

cli: $(B)/segctl

$(B)/segctl: $(CLI_OBJ) $(B)/libseg.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(cli_libs)

# segctl but for its main(), for the unit tests.
$(B)/libsegctl.a: $(filter-out $(CLI_MAIN),$(CLI_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

objects: $(LIB_OBJ) $(CLI_OBJ)

# ---- test programs --------------------------------------------------------

UNIT_SRC := $(wildcard tests/unit/*_test.c)
UNIT_HELP := $(patsubst %.c,$(O)/%.o,$(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/%)
BPFT_PROG := $(wildcard tests/bpf/*.bpf.c)
BPFT_OBJ := $(BPFT_PROG:%.bpf.c=$(B)/%.bpf.o)
BPFT_SKEL := $(BPFT_OBJ:.bpf.o=.skel.h)
BPFT_SRC := $(wildcard tests/bpf/*_test.c)
BPFT_HELP := $(patsubst %.c,$(O)/%.o,$(filter-out $(BPFT_SRC) $(BPFT_PROG),$(wildcard tests/bpf/*.c)))
BPFT_BIN := $(BPFT_SRC:%.c=$(B)/%)
# Helpers that the end-to-end scripts run inside the guest.
PCAP_SRC := tests/tools/replay.c
FAIL_SRC := tests/tools/failnth.c tests/tools/failload.c
TOOL_SRC := $(filter-out $(PCAP_SRC) $(FAIL_SRC),$(wildcard tests/tools/*.c tests/netns/*.c))
TOOL_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(TOOL_SRC))
# Not a tool of the demo, whose set-up has no libpcap.
PCAP_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(PCAP_SRC))
# They have segctl inside, as it is.
FAIL_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(FAIL_SRC))

# Static: in an emulated guest the loading of libraries is most of a start.
$(TOOL_BIN): LDFLAGS += -static

tools: $(TOOL_BIN)

# What gives both gateways of the differential test their packets.
INJECT := $(B)/tests/oracle/inject
INJECT_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/oracle/*.c))

# What sends, counts and times the packets of the benchmark.
BENCH_BIN := $(B)/tests/bench/bench
BENCH_SKEL := $(patsubst %.bpf.c,$(B)/%.skel.h,$(wildcard tests/bench/*.bpf.c))

tests: $(UNIT_BIN) $(TOOL_BIN) $(PCAP_BIN) $(FAIL_BIN) $(BPFT_OBJ) $(BPFT_BIN) $(INJECT) $(BENCH_BIN) \
	$(B)/tests/oracle/xdp.run

$(UNIT_BIN): $(B)/tests/%: $(O)/tests/unit/%.o $(UNIT_HELP) $(B)/libsegctl.a $(B)/libseg.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(cli_libs) -lcmocka

$(O)/tests/%.o: private EXTRA = -Isegctl -Itests/lib -I$(B)/tests/bpf -I$(B)/bpf -Ikmod
ifneq ($(BPFT_SRC),)
$(patsubst %.c,$(O)/%.o,$(BPFT_SRC)) $(BPFT_HELP): | $(BPF_SKEL) $(BPFT_SKEL)
endif

$(BPFT_BIN): $(B)/tests/bpf/%: $(O)/tests/bpf/%.o $(BPFT_HELP) $(B)/libseg.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(pkg_libs) -lbpf

$(TOOL_BIN): $(B)/tests/%: $(O)/tests/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

$(INJECT_OBJ): | $(BPF_SKEL)
$(INJECT): $(INJECT_OBJ) $(B)/libsegctl.a $(B)/libseg.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(cli_libs) -lnftables

$(O)/tests/bench/bench.o: private EXTRA = -I$(B)/tests/bench
$(O)/tests/bench/bench.o: | $(BENCH_SKEL)
$(BENCH_BIN): $(O)/tests/bench/bench.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lbpf

# The packets that tests/bpf/oracle_test.sh shows to the XDP program in the guest.
$(B)/tests/oracle/xdp.run: $(wildcard tests/oracle/*.py)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tests/oracle/generate.py --script 5 3000 >$@

$(PCAP_BIN): $(B)/tests/%: $(O)/tests/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpcap

$(O)/tests/segctl_main.o: $(CLI_MAIN)
	$(Q)mkdir -p $(@D)
	$(Q)$(OBJCOPY) --redefine-sym main=segctl_main $< $@

$(FAIL_BIN): $(B)/tests/%: $(O)/tests/%.o $(O)/tests/segctl_main.o $(B)/libsegctl.a $(B)/libseg.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(cli_libs)

include scripts/verbs.mk

-include $(shell find $(O) $(B)/bpf $(B)/tests -name '*.d' 2>/dev/null)
