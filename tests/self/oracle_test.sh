#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The models that simseg is compared with are tested themselves.

set -uo pipefail

cd "$(dirname "$0")/../oracle" || exit 1
python3 -m unittest -v 2>&1 >/dev/null | awk '
	/ \.\.\. ok$/ { print "ok " ++n " - " $1 " " $2; next }
	/ \.\.\. (FAIL|ERROR)$/ { print "not ok " ++n " - " $1 " " $2; next }
	{ print "# " $0 }
	END { print "1.." n; exit n == 0 }'
