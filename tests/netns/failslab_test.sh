#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml
#
# No memory: each change is made again and again, and each time another one of the
# kernel's allocations on its way fails, from the first to the last. It is refused
# then, with a sentence, and all is as it was; or nothing hung on that allocation, and
# the change was made, whole. What segctl says of it is true.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/failslab.sh
. "$TOP/tests/netns/failslab.sh"

check 'the module and its ruleset' prepare
test_govern
test_apply
test_trial
test_flush
test_devices
test_peers
test_grants
test_quarantine
test_gate
test_sides
check 'the module unloads' unload
finish
