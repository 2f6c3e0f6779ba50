// SPDX-License-Identifier: GPL-2.0-only
/*
 * The change log: who changed what and why, the last SIMSEG_LOG_MAX of them. What
 * the kernel knows of who it was stands beside what was given, and what the
 * module changes by itself is logged as well. The numbers have no holes as made:
 * a reader sees what it has missed.
 */
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>

#include "simseg.h"

/*
 * An entry about what @who is about to do, in the process that does it. It is
 * there before the change is made; with it goes simseg_log_add() or kfree().
 */
struct simseg_log_entry *simseg_log_alloc(u8 command, const struct simseg_who *who)
{
	struct simseg_log_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);

	if (!entry)
		return NULL;
	entry->command = command;
	entry->uid = who->uid;
	entry->loginuid = from_kuid(&init_user_ns, audit_get_loginuid(current));
	entry->pid = task_tgid_nr(current);
	get_task_comm(entry->comm, current);
	strscpy(entry->actor, who->actor, sizeof(entry->actor));
	strscpy(entry->reason, who->reason ?: "", sizeof(entry->reason));
	strscpy(entry->ticket, who->ticket ?: "", sizeof(entry->ticket));
	return entry;
}

/* The change is made. Takes @entry over. */
void simseg_log_add(struct simseg_net *sn, struct simseg_log_entry *entry)
{
	const struct simseg_ruleset *rs;
	struct simseg_log_entry *oldest;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	entry->seq = ++sn->log_seq;
	entry->time = ktime_get_boottime_ns();
	entry->real = ktime_get_real_ns();
	entry->generation = rs->generation;
	memcpy(entry->hash, rs->hash, sizeof(entry->hash));
	list_add_tail(&entry->list, &sn->log);
	if (sn->nlog < SIMSEG_LOG_MAX) {
		sn->nlog++;
		return;
	}
	oldest = list_first_entry(&sn->log, struct simseg_log_entry, list);
	list_del(&oldest->list);
	kfree(oldest);
}

/* What the module has changed by itself; without memory the number is missing. */
void simseg_log_kernel(struct simseg_net *sn, u8 command, const char *reason, const char *ticket,
		       const char *fmt, ...)
{
	const struct simseg_who who = {
		.actor = SIMSEG_ACTOR_KERNEL, .reason = reason, .ticket = ticket,
	};
	struct simseg_log_entry *entry = simseg_log_alloc(command, &who);
	va_list ap;

	lockdep_assert_held(&sn->lock);
	if (!entry) {
		sn->log_seq++;
		return;
	}
	entry->pid = 0;
	entry->loginuid = U32_MAX;
	entry->comm[0] = '\0';
	va_start(ap, fmt);
	vscnprintf(entry->subject, sizeof(entry->subject), fmt, ap);
	va_end(ap);
	simseg_log_add(sn, entry);
	simseg_nl_tell(sn, entry);
}

void simseg_log_exit(struct simseg_net *sn)
{
	struct simseg_log_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &sn->log, list)
		kfree(entry);
	INIT_LIST_HEAD(&sn->log);
	sn->nlog = 0;
}
