#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12 6.1
#
# The demo's story, one result a step.

STORY_KTAP=1
# shellcheck source=tests/netns/demo.sh
. "$(dirname "$0")/demo.sh"
