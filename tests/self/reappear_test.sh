#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make install leaves for interfaces that come back, with a make-believe
# segctl: the udev rule's and the hotplug script's command lines.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
rc=0

# is NAME CONDITION...: report one result.
is() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "$dir/calls" "$dir/log" 2>/dev/null
		echo "not ok $n - $name"
		rc=1
	fi
}

install_dist() { make -s -C "$top" DESTDIR="$dir/root" PREFIX="$dir/usr" "$1" >"$dir/log" 2>&1; }

mkdir -p "$dir/usr/bin" "$dir/bin"
# shellcheck disable=SC2016 # for the shell that runs it
printf '#!/bin/sh\necho "$SEGCTL_ACTOR: $*" >>"%s/calls"\n' "$dir" >"$dir/usr/bin/segctl"
printf '#!/bin/sh\ncat >"%s/log"\n' "$dir" >"$dir/bin/logger"
chmod 755 "$dir/usr/bin/segctl" "$dir/bin/logger"

rule=$dir/root/lib/udev/rules.d/90-simseg.rules
hotplug=$dir/root/etc/hotplug.d/net/90-simseg

hotplug() {
	rm -f "$dir/calls"
	env PATH="$dir/bin:$PATH" SIMSEG_SYS="$1" "${@:2}" sh "$hotplug"
}

called() { [ "$(cat "$dir/calls" 2>/dev/null)" = "$1" ]; }
not_called() { [ ! -e "$dir/calls" ]; }

is 'it installs' install_dist install-dist
is 'the rule calls the segctl that was installed' \
	grep -q "RUN+=\"$dir/usr/bin/segctl --actor udev attach --matching -- \$name\"\$" "$rule"
is 'the rule is for interfaces that appear or change their name' \
	grep -q '^ACTION=="add|move", SUBSYSTEM=="net", ' "$rule"
is 'no placeholder is left' test -z "$(grep -rl '@[A-Z]*@' "$dir/root")"
hotplug "$dir" ACTION=add INTERFACE=wwan0
is 'hotplug: an interface appears' called 'hotplug: attach --matching -- wwan0'
hotplug "$dir" ACTION=move INTERFACE= DEVICENAME=wwan1
is 'hotplug: an interface is renamed' called 'hotplug: attach --matching -- wwan1'
hotplug "$dir" ACTION=remove INTERFACE=wwan0
is 'hotplug: an interface goes' not_called
hotplug "$dir/none" ACTION=add INTERFACE=wwan0
is 'hotplug: the module is not loaded' not_called
is 'it uninstalls' install_dist uninstall-dist
is 'nothing is left but what is the operator'"'"'s' \
	test "$(cd "$dir/root" && find . -type f)" = ./etc/simseg/forwarding.conf
echo "1..$n"
exit "$rc"
