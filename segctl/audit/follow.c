// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index follows the box
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "box_file.h"
#include "follow.h"
#include "segctl.h"
#include "store.h"

#define PIECE	       10000 /* records, after which it looks whether it shall end */
#define PAUSE_S	       1
#define RETRY_S	       10
#define PURGE_S	       60
#define PURGE_SEGMENTS 16 /* at once: the index has to go on */

struct follow {
	pthread_t thread;
	char *dir;
	struct follow_keep keep;
	time_t purge;	      /* CLOCK_MONOTONIC, s: when to look again */
	pthread_mutex_t lock; /* protects the next one */
	bool over;
	pthread_cond_t ended; /* it changed */
	pthread_mutex_t hold; /* all that the box has is on the disk */
	_Atomic uint64_t lag;
	_Atomic uint64_t forwarded; /* segments before this one were */
	char told[BOX_ERROR];	    /* the thread's own: what was said last */
};

/* False: it is over. */
static bool pause_for(struct follow *f, int s)
{
	struct timespec until;
	bool over;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += s;
	pthread_mutex_lock(&f->lock);
	while (!f->over && !pthread_cond_timedwait(&f->ended, &f->lock, &until))
		;
	over = f->over;
	pthread_mutex_unlock(&f->lock);
	return !over;
}

static void complain(struct follow *f, const char *error)
{
	if (strcmp(f->told, error))
		ctl_warn("index: %s", error);
	snprintf(f->told, sizeof(f->told), "%s", error);
}

/* What was on the disk when it began, and no more; how many, or -errno. */
static int64_t follow_piece(struct follow *f, struct store *store, char error[BOX_ERROR])
{
	uint64_t lag = 0;
	int64_t n;
	int err;

	pthread_mutex_lock(&f->hold);
	err = store_lag(store, &lag, error);
	pthread_mutex_unlock(&f->hold);
	if (err)
		return err;
	/* 0 would be: all that there is */
	n = lag ? store_follow(store, lag < PIECE ? lag : PIECE, error) : 0;
	if (n >= 0)
		atomic_store(&f->lag, lag > (uint64_t)n ? lag - (uint64_t)n : 0);
	return n;
}

static time_t monotonic_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* A wall clock that was never set makes nothing old. */
static int purge(struct follow *f, struct store *store, char error[BOX_ERROR])
{
	uint64_t now = (uint64_t)time(NULL), forwarded = atomic_load(&f->forwarded);
	struct store_limits limits = { .bytes = f->keep.bytes, .segments = PURGE_SEGMENTS };
	struct store_purged done = { 0 };
	int err;

	if (f->keep.age && now > SIMSEG_CLOCK_MIN && now * 1000000000 > f->keep.age)
		limits.real = now * 1000000000 - f->keep.age;
	if ((!limits.real && !limits.bytes) || monotonic_s() < f->purge)
		return 0;
	if (f->keep.forwarded)
		limits.young = forwarded ? forwarded : 1;
	err = store_purge(store, &limits, &done, error);
	if (!err && f->keep.forwarded && done.last && done.last >= forwarded)
		err = box_say(
			error, -ENOSPC,
			"segment %llu went before it was forwarded: there is room for no more",
			(unsigned long long)done.last);
	f->purge = monotonic_s() + (done.more ? 0 : PURGE_S);
	return err;
}

/* Until it is over, or the index cannot go on: then -errno. */
static int follow_on(struct follow *f, struct store *store, char error[BOX_ERROR])
{
	int64_t n;

	do {
		n = follow_piece(f, store, error);
		if (n >= 0 && purge(f, store, error))
			complain(f, error);
		else if (n >= 0)
			f->told[0] = '\0';
		if (n < 0)
			return (int)n;
	} while (pause_for(f, n < PIECE ? PAUSE_S : 0));
	return 0;
}

/* It holds nothing that the box has not: a damaged one is made anew. */
static void *follow_run(void *arg)
{
	struct follow *f = arg;
	char error[BOX_ERROR] = "";
	struct store *store;
	int err;

	/* of this thread alone, here */
	setpriority(PRIO_PROCESS, 0, 10);
	do {
		err = store_open(&store, f->dir, STORE_WRITE, error);
		if (!err) {
			err = follow_on(f, store, error);
			store_close(store);
		}
		if (err) {
			atomic_store(&f->lag, UINT64_MAX);
			complain(f, error);
		}
		if (err == -EBADMSG && store_remove(f->dir, error))
			complain(f, error);
	} while (err && pause_for(f, err == -EBADMSG ? PAUSE_S : RETRY_S));
	return NULL;
}

struct follow *follow_start(const char *dir, const struct follow_keep *keep)
{
	struct follow *f = xcalloc(1, sizeof(*f));
	pthread_condattr_t attr;
	sigset_t all, before;
	int err;

	f->dir = xstrdup(dir);
	f->keep = *keep;
	atomic_init(&f->lag, UINT64_MAX);
	atomic_init(&f->forwarded, 0);
	pthread_mutex_init(&f->lock, NULL);
	pthread_mutex_init(&f->hold, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->ended, &attr);
	pthread_condattr_destroy(&attr);
	/* signals are for the thread that waits for records */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&f->thread, NULL, follow_run, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		return f;
	ctl_warn("index: no thread for it: %s", strerror(err));
	free(f->dir);
	free(f);
	return NULL;
}

void follow_forwarded(struct follow *f, uint64_t segment)
{
	if (f)
		atomic_store(&f->forwarded, segment);
}

void follow_hold(struct follow *f)
{
	if (f)
		pthread_mutex_lock(&f->hold);
}

void follow_release(struct follow *f)
{
	if (f)
		pthread_mutex_unlock(&f->hold);
}

uint64_t follow_lag(const struct follow *f)
{
	return f ? atomic_load(&f->lag) : UINT64_MAX;
}

void follow_stop(struct follow *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->over = true;
	pthread_cond_signal(&f->ended);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	free(f->dir);
	free(f);
}
