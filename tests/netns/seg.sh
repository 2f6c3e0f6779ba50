# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The module and segctl, as the tests use them; lib.sh reads this file. The
# names that segctl's JSON has are here and nowhere else.

seg() { "$SEGCTL" "$@"; }

simseg_loaded() { [ -d /sys/module/simseg ]; }

# simseg_up [PARAMETER...]: load the module.
simseg_up() {
	insmod "${SIMSEG_KO:?}" "$@"
}

# Everything off, whatever state it is in; for the clean-up.
simseg_down() {
	simseg_loaded || return 0
	seg disarm --reason 'test over' >/dev/null 2>&1
	seg detach --all >/dev/null 2>&1
	rmmod simseg
}
