#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dist/gate with make-believe sysctl, modprobe and segctl: forwarding comes on
# last, and never after a failure.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
rc=0

mkdir "$dir/bin" "$dir/conf"
sed "s|@PREFIX@|$dir|g" "$top/dist/gate.in" >"$dir/gate"
cp "$top/dist/forwarding.conf" "$dir/conf/"
for tool in sysctl modprobe segctl; do
	printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n[ ! -e "%s/fail-%s" ]\n' \
		$tool "$dir" "$dir" $tool >"$dir/bin/$tool"
	chmod 755 "$dir/bin/$tool"
done

gate() {
	rm -f "$dir/calls"
	SIMSEG_CONF=$dir/conf SIMSEG_STATE=$dir/state sh "$dir/gate" "$1" 2>"$dir/err"
}

file() { printf '%b' "$1" >"$dir/conf/gateway.yaml"; }

# is NAME CONDITION...: report one result.
is() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		sed 's/^/# /' "$dir/calls" "$dir/err" 2>/dev/null
		echo "not ok $n - $name"
		rc=1
	fi
}

opened() { grep -q 'sysctl .*=1' "$dir/calls"; }
closed() { ! opened && grep -q 'ip_forward=0' "$dir/calls"; }
failed() { closed && [ "$status" != 0 ]; }
loaded_with() { grep -qxF "modprobe simseg pools=$1" "$dir/calls"; }
in_order() {
	[ "$(cut -d' ' -f1 "$dir/calls" | uniq | tr '\n' ' ')" = 'sysctl modprobe segctl sysctl ' ]
}

gate start; status=$?
is 'without a file it stays closed' failed
file 'version: 1\npools: [10.64.0.0/16, "fd64::/48"] # both\npeers: { x: [1.2.3.0/24] }\n'
gate start; status=$?
is 'with a file it opens' opened
is 'pools reach the module' loaded_with 10.64.0.0/16,fd64::/48
is 'closed, loaded, applied, opened, in this order' in_order
file 'pools:\n  - 10.1.0.0/16\n  - fd00::/8\npolicies: {}\n'
gate start; status=$?
is 'pools as a list with dashes' loaded_with 10.1.0.0/16,fd00::/8
for tool in modprobe segctl; do
	touch "$dir/fail-$tool"
	gate start; status=$?
	is "it stays closed when $tool fails" failed
	rm "$dir/fail-$tool"
done
file 'pools: [anywhere]\n'
gate start; status=$?
is 'it stays closed when a pool is no prefix' failed
file 'policies: {}\n'
gate start; status=$?
is 'it stays closed without pools' failed
gate stop; status=$?
is 'stop closes' closed
echo 'kernel.panic = 1' >>"$dir/conf/forwarding.conf"
file 'pools: [10.1.0.0/16]\n'
gate start
is 'only forwarding is set from forwarding.conf' test -z "$(grep panic "$dir/calls")"
mkdir "$dir/state"
printf 'pools: ["10.2.0.0/16"]\n' >"$dir/state/state.yaml"
touch -d '1 hour ago' "$dir/conf/gateway.yaml"
gate start; status=$?
is 'a kept state opens' opened
is 'its pools reach the module' loaded_with 10.2.0.0/16
is 'it alone is restored' test "$(grep -c segctl "$dir/calls")" = 1
is 'by its name' grep -qxF "segctl restore $dir/state/state.yaml" "$dir/calls"
touch "$dir/fail-segctl"
gate start; status=$?
is 'it stays closed when the state is not restored' failed
rm "$dir/fail-segctl"
touch -d '1 hour ago' "$dir/state/state.yaml"
touch "$dir/conf/gateway.yaml"
gate start; status=$?
is 'a file that was written since is applied after it' \
	test "$(sed -n 's/^segctl \([a-z]*\).*/\1/p' "$dir/calls" | tr '\n' ' ')" = 'restore apply '
gate stop; status=$?
is 'stop saves the state' grep -q "^segctl save $dir/state/state.yaml" "$dir/calls"
echo "1..$n"
exit "$rc"
