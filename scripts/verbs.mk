# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs that test, show and install; the top Makefile includes this file.

.PHONY: setup-demo setup-bench

# ---- set-up and tests -----------------------------------------------------

setup:
	$(Q)scripts/setup

setup-demo:
	$(Q)scripts/setup --for demo

setup-bench:
	$(Q)scripts/setup --for bench

check-build:
	$(Q)$(MAKE) --no-print-directory all tests

# The set-up comes first: what the build finds on the machine depends on it.
check: setup
	$(Q)VMLINUZ='$(VMLINUZ)' $(if $(filter-out file,$(origin KDIR)),KDIR='$(KDIR)') \
		scripts/check

lint: setup
	$(Q)scripts/lint

unit: setup
	$(Q)$(MAKE) --no-print-directory $(UNIT_BIN)
	$(Q)scripts/run-unit $(UNIT_BIN)

uml: setup
	$(Q)tests/uml/build

kunit: uml
	$(Q)tests/uml/run

differential: uml
	$(Q)$(MAKE) --no-print-directory $(INJECT)
	$(Q)tests/oracle/differential $(SEED) $(PACKETS)

vm: setup
	$(Q)$(MAKE) --no-print-directory check-build
	$(Q)tests/vm/suite $(KERNEL) $(TESTS)

# What takes too long for every change: on the floor alone, with XDP on all kinds of
# links, and by instructions.
long: setup uml
	$(Q)$(MAKE) --no-print-directory check-build
	$(Q)LANES=2 LEAKS=1 tests/uml/e2e $$(tests/vm/scripts uml-long)
	$(Q)tests/vm/suite 6.12 $$(tests/vm/scripts 6.12-long)
	$(Q)tests/vm/suite icount

demo: setup-demo
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)tests/vm/demo $(KERNEL)

bench: setup-bench
	$(Q)$(MAKE) --no-print-directory all tools $(BENCH_BIN)
	$(Q)tests/bench/run

# ---- install --------------------------------------------------------------

BINDIR = $(DESTDIR)$(PREFIX)/bin
LIBDIR = $(DESTDIR)$(PREFIX)/lib
INCDIR = $(DESTDIR)$(PREFIX)/include
MANDIR = $(DESTDIR)$(PREFIX)/share/man/man8
UNITDIR = $(DESTDIR)/lib/systemd/system
INITDIR = $(DESTDIR)/etc/init.d
CONFDIR = $(DESTDIR)/etc/simseg
RULESDIR = $(DESTDIR)/lib/udev/rules.d
HOTPLUGDIR = $(DESTDIR)/etc/hotplug.d/net
HELPER = $(PREFIX)/lib/simseg/gate
UAPI := $(wildcard include/uapi/linux/*.h)
MAN := $(wildcard Documentation/man/*.8)

.PHONY: install-dist uninstall-dist

install: all install-dist
	$(Q)DESTDIR='$(DESTDIR)' KDIR='$(KDIR)' ARCH='$(ARCH)' scripts/install-module install
	$(Q)install -d $(BINDIR) $(LIBDIR)/pkgconfig $(INCDIR)/libseg $(INCDIR)/linux $(MANDIR)
	$(Q)install -m 755 $(B)/segctl $(BINDIR)/segctl
	$(Q)install -m 755 $(B)/libseg.so.$(ABI) $(LIBDIR)/
	$(Q)ln -sf libseg.so.$(ABI) $(LIBDIR)/libseg.so
	$(Q)install -m 644 $(B)/libseg.a $(LIBDIR)/
	$(Q)install -m 644 $(B)/libseg.pc $(LIBDIR)/pkgconfig/
	$(Q)install -m 644 libseg/libseg.h libseg/libseg_bpf.h $(INCDIR)/libseg/
	$(Q)install -m 644 $(UAPI) $(INCDIR)/linux/
	$(Q)$(if $(MAN),install -m 644 $(MAN) $(MANDIR)/)

# What starts it, and what attaches XDP to interfaces that come back.
install-dist:
	$(Q)install -d $(B) $(LIBDIR)/simseg $(UNITDIR) $(INITDIR) $(CONFDIR) $(RULESDIR) \
		$(HOTPLUGDIR)
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g' dist/gate.in >$(B)/gate
	$(Q)install -m 755 $(B)/gate $(DESTDIR)$(HELPER)
	$(Q)sed 's|@HELPER@|$(HELPER)|g' dist/simseg.service >$(B)/simseg.service
	$(Q)install -m 644 $(B)/simseg.service $(UNITDIR)/simseg.service
	$(Q)sed 's|@HELPER@|$(HELPER)|g' dist/simseg.init >$(B)/simseg.init
	$(Q)install -m 755 $(B)/simseg.init $(INITDIR)/simseg
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g' dist/simseg-agent.service >$(B)/simseg-agent.service
	$(Q)install -m 644 $(B)/simseg-agent.service $(UNITDIR)/simseg-agent.service
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g' dist/simseg-agent.init >$(B)/simseg-agent.init
	$(Q)install -m 755 $(B)/simseg-agent.init $(INITDIR)/simseg-agent
	$(Q)[ -e $(CONFDIR)/forwarding.conf ] || \
		install -m 644 dist/forwarding.conf $(CONFDIR)/forwarding.conf
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g' dist/90-simseg.rules >$(B)/90-simseg.rules
	$(Q)install -m 644 $(B)/90-simseg.rules $(RULESDIR)/90-simseg.rules
	$(Q)sed 's|@PREFIX@|$(PREFIX)|g' dist/simseg.hotplug >$(B)/simseg.hotplug
	$(Q)install -m 755 $(B)/simseg.hotplug $(HOTPLUGDIR)/90-simseg

uninstall-dist:
	$(Q)rm -f $(DESTDIR)$(HELPER) $(UNITDIR)/simseg.service $(INITDIR)/simseg \
		$(UNITDIR)/simseg-agent.service $(INITDIR)/simseg-agent \
		$(RULESDIR)/90-simseg.rules $(HOTPLUGDIR)/90-simseg
	$(Q)-rmdir $(LIBDIR)/simseg $(HOTPLUGDIR) $(DESTDIR)/etc/hotplug.d 2>/dev/null || true

# The operator's own files in /etc/simseg stay.
uninstall: uninstall-dist
	$(Q)DESTDIR='$(DESTDIR)' KDIR='$(KDIR)' ARCH='$(ARCH)' scripts/install-module uninstall
	$(Q)rm -f $(BINDIR)/segctl $(LIBDIR)/libseg.so.$(ABI) $(LIBDIR)/libseg.so \
		$(LIBDIR)/libseg.a $(LIBDIR)/pkgconfig/libseg.pc $(INCDIR)/libseg/libseg.h $(INCDIR)/libseg/libseg_bpf.h \
		$(addprefix $(INCDIR)/linux/,$(notdir $(UAPI))) $(addprefix $(MANDIR)/,$(notdir $(MAN)))
	$(Q)-rmdir $(INCDIR)/libseg 2>/dev/null || true

clean:
	$(Q)rm -rf $(B)
