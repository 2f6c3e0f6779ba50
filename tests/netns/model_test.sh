#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: uml-long
#
# Random changes, half of them not allowed, against a model of the whole state: what
# is done and what is refused, and what segctl shows after each.
#
# ROUNDS: how many; SEED: which. With thousands of them, TEST_TIMEOUT and VM_TIMEOUT
# (seconds) as well.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

load pools= || bail 'the module does not load'
export SEGCTL SIMSEG_KO=$WORK/simseg.ko LIBSEG=$TOP/build/libseg.so.0
"$TOP/tests/oracle/changes" "${SEED:-1}" "${ROUNDS:-150}"
failed=$?
exit $failed
