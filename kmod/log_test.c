// SPDX-License-Identifier: GPL-2.0-only
/*
 * The change log: who it was, what the module does by itself, and its end.
 */
#include <linux/delay.h>

#include "test_util.h"

static const struct simseg_who log_alice = {
	.actor = "alice", .reason = "firmware", .ticket = "T-1", .uid = 1000,
};

/* A copy of the last one. */
static void log_last(struct simtest *t, struct simseg_log_entry *copy)
{
	const struct simseg_log_entry *entry;
	struct simseg_log_walk walk;

	mutex_lock(&t->sn->lock);
	simseg_log_seek(t->sn, &walk, t->sn->log_seq - 1);
	entry = simseg_log_step(t->sn, &walk);
	if (entry)
		*copy = *entry;
	mutex_unlock(&t->sn->lock);
	KUNIT_ASSERT_NOT_NULL(t->kunit, entry);
}

static void log_add(struct simtest *t)
{
	struct simseg_log_entry *entry = simseg_log_alloc(SIMSEG_CMD_PEER_ADD, &log_alice);

	KUNIT_ASSERT_NOT_NULL(t->kunit, entry);
	mutex_lock(&t->sn->lock);
	simseg_log_add(t->sn, entry);
	mutex_unlock(&t->sn->lock);
}

/* What was given, and what the kernel knows; the ruleset that came of it. */
static void log_test_who(struct kunit *test)
{
	struct simtest *t = test->priv;
	struct simseg_log_entry last;
	u64 seq = t->sn->log_seq;

	simtest_world(t);
	log_add(t);
	log_last(t, &last);
	KUNIT_EXPECT_EQ(test, last.seq, seq + 1);
	KUNIT_EXPECT_STREQ(test, last.actor, "alice");
	KUNIT_EXPECT_STREQ(test, last.reason, "firmware");
	KUNIT_EXPECT_STREQ(test, last.ticket, "T-1");
	KUNIT_EXPECT_STREQ(test, last.comm, current->comm);
	KUNIT_EXPECT_EQ(test, last.pid, task_tgid_nr(current));
	KUNIT_EXPECT_EQ(test, last.uid, 1000);
	KUNIT_EXPECT_EQ(test, last.generation, simtest_ruleset(t)->generation);
	KUNIT_EXPECT_MEMEQ(test, last.hash, simtest_ruleset(t)->hash, sizeof(last.hash));
	KUNIT_EXPECT_GT(test, last.real, last.time);
}

static void log_fill(char *text, char what, u32 n)
{
	memset(text, what, n);
	text[n] = '\0';
}

/* Of the longest texts that there can be nothing is missing in the records. */
static void log_test_record(struct kunit *test)
{
	const struct simseg_record *const rec = simtest_records.rec;
	const struct simseg_record_change *change = (const void *)&rec[0];
	struct simseg_log_entry *entry;
	struct simtest *t = test->priv;
	char text[400] = "", all[400];
	u32 i, n, got = 0;
	u64 number;

	entry = simseg_log_alloc(SIMSEG_CMD_QUARANTINE, &log_alice);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	log_fill(entry->actor, 'a', SIMSEG_ACTOR_MAX);
	log_fill(entry->ticket, 't', SIMSEG_TICKET_MAX);
	log_fill(entry->reason, 'r', SIMSEG_REASON_MAX);
	log_fill(entry->subject, 's', SIMSEG_SUBJECT_MAX);
	entry->receipt.sessions = 7;
	entry->receipt.cut[SIMSEG_CUT_UDP] = 5;
	n = snprintf(all, sizeof(all), "%s %s %s %s", entry->actor, entry->ticket, entry->reason,
		     entry->subject) + 1;
	KUNIT_ASSERT_EQ(test, simtest_records.n, 0);
	mutex_lock(&t->sn->lock);
	simseg_log_add(t->sn, entry);
	number = t->sn->log_seq;
	mutex_unlock(&t->sn->lock);
	KUNIT_ASSERT_EQ(test, simtest_records.n, 4);
	KUNIT_EXPECT_EQ(test, change->head.kind, SIMSEG_RECORD_CONFIG);
	KUNIT_EXPECT_EQ(test, change->head.reason, SIMSEG_CMD_QUARANTINE);
	KUNIT_EXPECT_EQ(test, change->number, number);
	KUNIT_EXPECT_EQ(test, change->pid, task_tgid_nr(current));
	KUNIT_EXPECT_EQ(test, change->uid, 1000);
	KUNIT_EXPECT_STREQ(test, (const char *)change->comm, current->comm);
	KUNIT_EXPECT_MEMEQ(test, change->hash, simtest_ruleset(t)->hash, sizeof(change->hash));
	KUNIT_EXPECT_EQ(test, change->sessions, 7);
	KUNIT_EXPECT_EQ(test, change->cut[SIMSEG_CUT_UDP], 5);
	KUNIT_EXPECT_EQ(test, change->text, n);
	for (i = 1; i < 4; i++) {
		const struct simseg_record_text *piece = (const void *)&rec[i];

		KUNIT_EXPECT_EQ(test, piece->head.kind, SIMSEG_RECORD_TEXT);
		KUNIT_EXPECT_EQ(test, piece->head.seq, change->head.seq + i);
		KUNIT_EXPECT_EQ(test, piece->number, number);
		KUNIT_EXPECT_EQ(test, piece->offset, got);
		KUNIT_ASSERT_LE(test, got + piece->length, sizeof(text));
		memcpy(text + got, piece->text, piece->length);
		got += piece->length;
	}
	KUNIT_EXPECT_EQ(test, got, n);
	strreplace(all, ' ', '\0');
	KUNIT_EXPECT_MEMEQ(test, text, all, n);
}

/* The oldest go, and the numbers say that they were there. */
static void log_test_bounded(struct kunit *test)
{
	const struct simseg_log_entry *entry;
	struct simtest *t = test->priv;
	struct simseg_log_walk walk;
	u64 seq;
	u32 i;

	for (i = 0; i < SIMSEG_LOG_MAX + 10; i++)
		log_add(t);
	KUNIT_EXPECT_EQ(test, t->sn->log[0].n, SIMSEG_LOG_MAX);
	mutex_lock(&t->sn->lock);
	seq = t->sn->log_seq - SIMSEG_LOG_MAX;
	simseg_log_seek(t->sn, &walk, seq);
	while ((entry = simseg_log_step(t->sn, &walk)))
		KUNIT_EXPECT_EQ(test, entry->seq, ++seq);
	mutex_unlock(&t->sn->lock);
	KUNIT_EXPECT_EQ(test, seq, t->sn->log_seq);
}

/* What ends by itself, however often, leaves people's changes where they are. */
static void log_test_flood(struct kunit *test)
{
	const struct simseg_log_entry *entry;
	struct simtest *t = test->priv;
	u64 seq = 0, start = t->sn->log_seq;
	u32 i, people = 0, own = 0;
	struct simseg_log_walk walk;

	log_add(t);
	mutex_lock(&t->sn->lock);
	for (i = 0; i < SIMSEG_LOG_MAX + 10; i++)
		simseg_log_kernel(t->sn, SIMSEG_CMD_RELEASE, SIMSEG_EXPIRED, NULL, "%u", i);
	mutex_unlock(&t->sn->lock);
	log_add(t);
	mutex_lock(&t->sn->lock);
	simseg_log_seek(t->sn, &walk, 0);
	while ((entry = simseg_log_step(t->sn, &walk))) {
		KUNIT_EXPECT_GT(test, entry->seq, seq);
		seq = entry->seq;
		people += seq > start && !strcmp(entry->actor, "alice");
		own += !entry->pid;
	}
	mutex_unlock(&t->sn->lock);
	KUNIT_EXPECT_EQ(test, people, 2);
	KUNIT_EXPECT_EQ(test, own, SIMSEG_LOG_MAX);
	KUNIT_EXPECT_EQ(test, seq, t->sn->log_seq);
}

static void log_expect_kernel(struct simtest *t, u8 command, const char *ticket,
			      const char *subject)
{
	struct simseg_log_entry last;

	log_last(t, &last);
	KUNIT_EXPECT_EQ(t->kunit, last.command, command);
	KUNIT_EXPECT_STREQ(t->kunit, last.actor, SIMSEG_ACTOR_KERNEL);
	KUNIT_EXPECT_STREQ(t->kunit, last.ticket, ticket);
	KUNIT_EXPECT_STREQ(t->kunit, last.subject, subject);
	KUNIT_EXPECT_STREQ(t->kunit, last.comm, "");
	KUNIT_EXPECT_EQ(t->kunit, last.pid, 0);
	KUNIT_EXPECT_EQ(t->kunit, last.loginuid, U32_MAX);
}

static void log_wait(struct simtest *t, u64 seq)
{
	int i;

	for (i = 0; i < 200 && simtest_locked(t, t->sn->log_seq) == seq; i++)
		msleep(20);
}

/* What ends by itself is a change as any other. */
static void log_test_kernel(struct kunit *test)
{
	static const struct simtest_rule any = { SIMSEG_DIR_OUT, IPPROTO_UDP, SIMSEG_PEER_ANY };
	struct simseg_quarantine_request request = { .ndevices = 1, .duration = NSEC_PER_MSEC };
	struct simseg_grant_request grant = { .nrules = 1, .duration = NSEC_PER_MSEC };
	struct simtest *t = test->priv;
	struct simseg_device_spec *spec;
	struct simseg_receipt receipt = {};
	u8 iccid[1][SIMSEG_ICCID_BCD];
	u64 seq = t->sn->log_seq;
	char subject[64];
	u32 id;

	simtest_world(t);
	simtest_iccid(SIMTEST_ID_METER, iccid[0]);
	request.iccids = iccid;
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_quarantine(t->sn, &request, &log_alice,
								     &receipt, &t->extack)));
	log_wait(t, seq);
	log_expect_kernel(t, SIMSEG_CMD_RELEASE, "", "device 8944000000000000001");
	spec = simtest_spec(t, SIMTEST_ID_METER, "");
	simtest_spec_rule(t, spec, &any);
	memcpy(grant.iccid, iccid[0], sizeof(grant.iccid));
	grant.rules = spec->rules;
	KUNIT_ASSERT_EQ(test, 0, simtest_locked(t, simseg_grant_new(t->sn, &grant, &log_alice,
								    &id, &t->extack)));
	log_wait(t, seq + 1);
	snprintf(subject, sizeof(subject), "device 8944000000000000001 grant %u", id);
	log_expect_kernel(t, SIMSEG_CMD_GRANT_DEL, "T-1", subject);
}

static struct kunit_case log_test_cases[] = {
	KUNIT_CASE(log_test_who),
	KUNIT_CASE(log_test_record),
	KUNIT_CASE(log_test_bounded),
	KUNIT_CASE(log_test_flood),
	KUNIT_CASE(log_test_kernel),
	{}
};

static struct kunit_suite log_test_suite = {
	.name = "simseg_log",
	.suite_init = simtest_suite_init,
	.suite_exit = simtest_suite_exit,
	.init = simtest_init,
	.exit = simtest_exit,
	.test_cases = log_test_cases,
};

kunit_test_suite(log_test_suite);
