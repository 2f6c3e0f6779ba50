# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Read by virtme-ng's init, a bash script, before its first line (tests/vm/run
# puts BASH_ENV on the kernel's command line).

# virtme-ng's root is a 9p mount that keeps nothing: each start of a program
# reads it anew through the emulated device. Nothing under / changes while a
# guest runs, so go over to a second mount of it that keeps what it has read.
if [ -z "${SIMSEG_ROOT-}" ]; then
	export SIMSEG_ROOT=cached
	if mount -n -t 9p -o ro,trans=virtio,access=any,cache=loose,msize=512000 cached /mnt; then
		cd /mnt && pivot_root . mnt && exec chroot . "$0"
	fi
fi
umount -n -l /mnt 2>/dev/null
unset BASH_ENV SIMSEG_ROOT

# On an emulated processor most of a boot is udev meeting every device and
# loading its driver; a test guest only needs the ports that its output goes
# through.
udevadm() {
	case $* in
	*--type=subsystems*) ;;
	*--type=devices*) command udevadm trigger --action=add --subsystem-match=virtio-ports ;;
	*) command udevadm "$@" ;;
	esac
}

systemd-tmpfiles() { :; }
