/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Word to the service manager, if there is one that asks for it
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/* "READY=1" and the like, to $NOTIFY_SOCKET; silent where there is none. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
