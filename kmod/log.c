// SPDX-License-Identifier: GPL-2.0-only
/*
 * The change log: who changed what and why, the last SIMSEG_LOG_MAX of them. What
 * the kernel knows of who it was stands beside what was given. What the module
 * changes by itself is logged as well, and has as much room of its own: ten
 * thousand quarantines that end together leave it known who made them. The
 * numbers have no holes as made: a reader sees what it has missed.
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
	struct simseg_log *log = &sn->log[!entry->pid];
	const struct simseg_ruleset *rs;
	struct simseg_log_entry *oldest;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	entry->seq = ++sn->log_seq;
	entry->time = ktime_get_boottime_ns();
	entry->real = ktime_get_real_ns();
	entry->generation = rs->generation;
	memcpy(entry->hash, rs->hash, sizeof(entry->hash));
	simseg_record_change(sn, entry);
	list_add_tail(&entry->list, &log->entries);
	if (log->n < SIMSEG_LOG_MAX) {
		log->n++;
		return;
	}
	oldest = list_first_entry(&log->entries, struct simseg_log_entry, list);
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

/* Begins a walk in the order of the numbers, behind number @seq. */
void simseg_log_seek(struct simseg_net *sn, struct simseg_log_walk *walk, u64 seq)
{
	int i;

	lockdep_assert_held(&sn->lock);
	for (i = 0; i < ARRAY_SIZE(sn->log); i++) {
		struct simseg_log_entry *entry;

		list_for_each_entry(entry, &sn->log[i].entries, list) {
			if (entry->seq > seq)
				break;
		}
		walk->next[i] = entry;
	}
}

/* The next one, or NULL. */
const struct simseg_log_entry *simseg_log_step(struct simseg_net *sn, struct simseg_log_walk *walk)
{
	struct simseg_log_entry *entry = NULL;
	int i, from = 0;

	lockdep_assert_held(&sn->lock);
	for (i = 0; i < ARRAY_SIZE(sn->log); i++) {
		if (list_entry_is_head(walk->next[i], &sn->log[i].entries, list) ||
		    (entry && walk->next[i]->seq > entry->seq))
			continue;
		entry = walk->next[i];
		from = i;
	}
	if (entry)
		walk->next[from] = list_next_entry(entry, list);
	return entry;
}

void simseg_log_init(struct simseg_net *sn)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sn->log); i++)
		INIT_LIST_HEAD(&sn->log[i].entries);
}

void simseg_log_exit(struct simseg_net *sn)
{
	struct simseg_log_entry *entry, *next;
	int i;

	for (i = 0; i < ARRAY_SIZE(sn->log); i++) {
		list_for_each_entry_safe(entry, next, &sn->log[i].entries, list)
			kfree(entry);
		sn->log[i].n = 0;
	}
	simseg_log_init(sn);
}
