# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Read by virtme-ng's init, a bash script, before its first line (tests/vm/run
# puts BASH_ENV on the kernel's command line). On an emulated processor most of a
# boot is udev meeting every device and loading its driver; a test guest only
# needs the ports that its output goes through.

unset BASH_ENV

udevadm() {
	case $* in
	*--type=subsystems*) ;;
	*--type=devices*) command udevadm trigger --action=add --subsystem-match=virtio-ports ;;
	*) command udevadm "$@" ;;
	esac
}

systemd-tmpfiles() { :; }
