// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deliberate bugs, one of which is committed when the module is loaded with
 * bug=NAME. They prove that the test runner notices what each checker reports:
 * a suite under a torn net passes whatever it tests. Never built into simseg.ko.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "the bug to commit: none, kasan, lockdep, leak, assert");

static DEFINE_MUTEX(outer_lock);
static DEFINE_MUTEX(inner_lock);

static bool bug_is(const char *name)
{
	return !strcmp(bug, name);
}

/* Read a byte after it was freed. KASAN fails the running test by itself. */
static void bugs_test_kasan(struct kunit *test)
{
	u8 *p;

	if (!bug_is("kasan"))
		return;
	p = kzalloc(64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	kfree(p);
	kunit_info(test, "freed byte: %u\n", READ_ONCE(p[8]));
}

/*
 * Take two locks in both orders, one after the other: nothing hangs, but
 * lockdep has seen the circle. The test itself passes.
 */
static void bugs_test_lockdep(struct kunit *test)
{
	if (!bug_is("lockdep"))
		return;
	mutex_lock(&outer_lock);
	mutex_lock(&inner_lock);
	mutex_unlock(&inner_lock);
	mutex_unlock(&outer_lock);

	mutex_lock(&inner_lock);
	mutex_lock(&outer_lock);
	mutex_unlock(&outer_lock);
	mutex_unlock(&inner_lock);
}

/* Forget memory. Only kmemleak's scan at the end of the run can tell. */
static void bugs_test_leak(struct kunit *test)
{
	int i;

	if (!bug_is("leak"))
		return;
	/* More than one: a stale register or stack slot may hide a few. */
	for (i = 0; i < 16; i++) {
		void *p = kmalloc(128, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, i, 128);
	}
}

static void bugs_test_assert(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, bug_is("assert"));
}

static struct kunit_case bugs_test_cases[] = {
	KUNIT_CASE(bugs_test_kasan),
	KUNIT_CASE(bugs_test_lockdep),
	KUNIT_CASE(bugs_test_leak),
	KUNIT_CASE(bugs_test_assert),
	{}
};

static struct kunit_suite bugs_test_suite = {
	.name = "simseg_bugs",
	.test_cases = bugs_test_cases,
};

kunit_test_suite(bugs_test_suite);

MODULE_DESCRIPTION("Deliberate bugs that the test runner must notice");
MODULE_LICENSE("GPL");
