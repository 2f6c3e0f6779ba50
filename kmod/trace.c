// SPDX-License-Identifier: GPL-2.0-only
/* The one place where the tracepoints come into being. */
#include <linux/compiler.h>

__diag_ignore_all("-Wunused-const-variable", "only events would use the system's name");

#define CREATE_TRACE_POINTS
#include "trace.h"
