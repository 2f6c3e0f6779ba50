// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The writer of a box
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "box_writer.h"
#include "notary.h"
#include "purged.h"
#include "witness.h"

#define SEGMENT_RECORDS	   262144
#define CHECKPOINT_S	   60
#define CHECKPOINT_RECORDS 65536
#define HOOK_NS		   10000000000ULL
#define FORWARD_NS	   30000000000ULL
#define NEW_SEGMENT	   "new"

struct box {
	int dir, segments, lock;
	int fd; /* of the last segment */
	struct box_options options;
	struct box_head head; /* of it */
	struct box_tail now;
	struct box_tail committed; /* what is on disk for sure */
	struct box_tail next;	   /* while a batch is written */
	bool dirty;		   /* behind @now the file may have more, which is not wanted */
	struct notary notary;
	struct witness witness, forward;
	struct checkpoint owed; /* the seal of a segment before, where @owed.segment is not 0 */
	uint64_t next_time;	/* when a checkpoint is due, CLOCK_BOOTTIME, ns */
	int trouble;		/* what box_tick() will tell: the error, and */
	char sentence[BOX_ERROR];
	struct box_slot slots[BOX_IO];
};

static void head_fill(struct box_head *head, uint64_t number, const struct box_source *source)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, "SIMSEGBX", sizeof(head->magic));
	head->order = BOX_ORDER;
	head->version = BOX_VERSION;
	head->slot = sizeof(struct box_slot);
	head->segment = number;
	head->source = *source;
	head->time = box_clock(CLOCK_BOOTTIME);
	head->real = box_clock(CLOCK_REALTIME);
}

/*
 * A segment with its head and no records, and its file descriptor. It has its name only
 * when the head is on disk.
 */
static int segment_make(int segments, struct box_head *head, char error[BOX_ERROR])
{
	char name[BOX_NAME_LEN];
	int fd, err;

	box_chain_start(head, head->start);
	box_segment_name(head->segment, name);
	fd = openat(segments, NEW_SEGMENT, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	err = fd < 0 ? -errno : box_write(fd, head, sizeof(*head), 0);
	if (!err && (fsync(fd) || renameat(segments, NEW_SEGMENT, segments, name)))
		err = -errno;
	if (!err && fsync(segments)) {
		err = -errno;
		/* it might be there after a power cut, or not: nobody has used it yet */
		unlinkat(segments, name, 0);
	}
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return box_say(error, err, "cannot make segment %s: %s", name, strerror(-err));
}

static void tail_start(struct box *b, int fd)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = fd;
	b->dirty = false;
	box_tail_begin(&b->now, &b->head);
	b->committed = b->now;
}

/* What is wrong with checkpoints waits for box_tick(): records have been stored. */
static void complain(struct box *b, int err, const char *sentence)
{
	if (b->trouble || !err)
		return;
	b->trouble = err;
	memcpy(b->sentence, sentence, sizeof(b->sentence));
}

/* What the checkpoint says of a segment as far as it is on disk. */
static void state(struct checkpoint *cp, const char *why, const struct box_head *head,
		  const struct box_tail *tail)
{
	memset(cp, 0, sizeof(*cp));
	strcpy(cp->why, why);
	cp->segment = head->segment;
	cp->records = tail->slots;
	cp->total = head->before + tail->slots;
	memcpy(cp->chain, tail->chain, sizeof(cp->chain));
	merkle_root(&tail->tree, cp->root);
}

/*
 * It vouches for what was purged up to now. If that can no longer be what the last one
 * has vouched for, it says the same as that: the verifier will find the difference.
 */
static void vouch(struct box *b, struct checkpoint *cp)
{
	char sentence[BOX_ERROR];

	cp->purged = b->notary.last.purged;
	memcpy(cp->purged_chain, b->notary.last.purged_chain, sizeof(cp->purged_chain));
	complain(b, purged_follow(b->dir, &cp->purged, cp->purged_chain, sentence), sentence);
}

static int sign(struct box *b, struct checkpoint *cp, char error[BOX_ERROR])
{
	char sentence[BOX_ERROR];
	int err;

	cp->every = b->options.checkpoint_s;
	vouch(b, cp);
	err = notary_sign(&b->notary, cp, error);
	if (err)
		return err;
	b->next_time = cp->boot + cp->every * 1000000000ULL;
	complain(b, witness_tell(&b->witness, b->notary.line, cp->segment, sentence), sentence);
	complain(b, witness_tell(&b->forward, b->notary.line, cp->segment, sentence), sentence);
	return 0;
}

/* A seal that could not be signed comes first: checkpoints follow the records' order. */
static int sign_owed(struct box *b, char error[BOX_ERROR])
{
	int err = b->owed.segment ? sign(b, &b->owed, error) : 0;

	if (!err)
		b->owed.segment = 0;
	return err;
}

static void checkpoint(struct box *b, const char *why)
{
	struct checkpoint cp;
	char error[BOX_ERROR];
	int err = sign_owed(b, error);

	if (!err) {
		state(&cp, why, &b->head, &b->committed);
		err = sign(b, &cp, error);
	}
	complain(b, err, error);
}

static void seal(struct box *b, const struct box_head *head, const struct box_tail *tail)
{
	char error[BOX_ERROR];

	complain(b, sign_owed(b, error), error);
	state(&b->owed, "seal", head, tail);
	complain(b, sign_owed(b, error), error);
}

/* Begins the next segment, and seals the last one, all of which is on disk. */
static int segment_roll(struct box *b, char error[BOX_ERROR])
{
	struct box_head head;
	int fd;

	head_fill(&head, b->head.segment + 1, &b->head.source);
	head.before = b->head.before + b->now.slots;
	memcpy(head.previous, b->now.chain, sizeof(head.previous));
	memcpy(head.last, b->now.last, sizeof(head.last));
	fd = segment_make(b->segments, &head, error);
	if (fd < 0)
		return fd;
	seal(b, &b->head, &b->now);
	b->head = head;
	tail_start(b, fd);
	return 0;
}

static int take_lock(struct box *b, const char *dir, char error[BOX_ERROR])
{
	b->lock = openat(b->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->lock < 0)
		return box_say(error, -errno, "cannot open %s/lock: %s", dir, strerror(errno));
	if (!flock(b->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return box_say(error, -EBUSY, "another process writes the box %s: end that first",
			       dir);
	return box_say(error, -errno, "cannot lock %s/lock: %s", dir, strerror(errno));
}

/* Has a checkpoint said all there is to say of the segment that was found? */
static bool covered(const struct box *b, const struct box_found *found)
{
	const struct checkpoint *last = &b->notary.last;

	return last->segment > found->head.segment ||
	       (last->segment == found->head.segment && last->records == found->tail.slots);
}

/* Behind what was found the first segment of this writer. */
static int begin(struct box *b, const struct box_source *source, struct box_found *found,
		 char error[BOX_ERROR])
{
	uint64_t last[2], number;
	int fd, err = box_recover_last(b->segments, source, found, last, error);

	if (err)
		return err;
	/* who starts again and again without a record leaves one segment, not thousands */
	if (!found->damaged && found->head.segment && !found->tail.slots &&
	    !memcmp(&found->head.source, source, sizeof(*source))) {
		b->head = found->head;
		tail_start(b, found->fd);
		found->fd = -1;
		return 0;
	}
	/* a number that a checkpoint has named is never given again */
	number = found->head.segment;
	if (b->notary.last.segment > number)
		number = b->notary.last.segment;
	head_fill(&b->head, number + 1, source);
	b->head.before = found->head.before + found->tail.slots;
	b->head.cut = found->cut;
	memcpy(b->head.previous, found->tail.chain, sizeof(b->head.previous));
	memcpy(b->head.last, last, sizeof(b->head.last));
	fd = segment_make(b->segments, &b->head, error);
	if (fd < 0)
		return fd;
	if (found->head.segment && !found->damaged && !covered(b, found))
		seal(b, &found->head, &found->tail);
	tail_start(b, fd);
	return 0;
}

static int start(struct box *b, const char *dir, const struct box_source *source,
		 char error[BOX_ERROR])
{
	char warning[BOX_ERROR] = "";
	struct box_found found;
	int err;

	b->dir = box_dir_open(dir, true, &b->segments, error);
	if (b->dir < 0)
		return b->dir;
	err = take_lock(b, dir, error);
	if (err)
		return err;
	err = notary_open(&b->notary, b->dir, warning);
	if (err)
		return box_say(error, err, "%s", warning);
	err = box_recover(b->segments, b->notary.last.segment, b->notary.last.records, &found,
			  error);
	if (!err && !*error)
		memcpy(error, warning, sizeof(warning));
	if (!err)
		err = begin(b, source, &found, error);
	if (found.fd >= 0)
		close(found.fd);
	if (!err)
		checkpoint(b, "begin");
	return err;
}

static void free_box(struct box *b)
{
	const int fds[] = { b->fd, b->segments, b->dir, b->lock };
	size_t i;

	notary_close(&b->notary);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(b);
}

int box_open(struct box **box, const char *dir, const struct box_source *source,
	     const struct box_options *options, char error[BOX_ERROR])
{
	struct box *b;
	int err;

	*box = NULL;
	*error = '\0';
	if (sodium_init() < 0)
		return box_say(error, -EIO, "libsodium does not start");
	b = calloc(1, sizeof(*b));
	if (!b)
		return box_say(error, -ENOMEM, "there is no memory for the box");
	b->dir = b->segments = b->lock = b->fd = b->notary.fd = -1;
	b->options = *options;
	b->witness.anchor = options->anchor;
	b->witness.hook = options->hook;
	b->witness.name = "the hook";
	b->witness.limit = HOOK_NS;
	b->forward.hook = options->forward;
	b->forward.name = "the command that forwards";
	b->forward.limit = FORWARD_NS;
	if (!b->options.segment_records)
		b->options.segment_records = SEGMENT_RECORDS;
	if (!b->options.checkpoint_s)
		b->options.checkpoint_s = CHECKPOINT_S;
	if (!b->options.checkpoint_records)
		b->options.checkpoint_records = CHECKPOINT_RECORDS;
	err = start(b, dir, source, error);
	if (err) {
		free_box(b);
		return err;
	}
	*box = b;
	return 0;
}

uint64_t box_last_seq(const struct box *b, bool denies)
{
	return b->now.last[denies];
}

uint64_t box_forwarded(const struct box *b)
{
	return b->forward.heard;
}

struct box_pos box_end(const struct box *b)
{
	return (struct box_pos){ b->head.segment, b->now.slots };
}

/* The file ends where @now does: what a write that failed has left is gone. */
static int tidy(struct box *b, char error[BOX_ERROR])
{
	if (ftruncate(b->fd, box_offset(b->now.slots)))
		return box_say(error, -errno, "cannot cut segment %llu: %s",
			       (unsigned long long)b->head.segment, strerror(errno));
	b->dirty = false;
	return 0;
}

static int write_batch(struct box *b, const struct simseg_record *records, size_t n)
{
	size_t i, part;
	int err = 0;

	for (; n && !err; n -= part, records += part) {
		uint64_t at = b->next.slots;

		part = n < BOX_IO ? n : BOX_IO;
		for (i = 0; i < part; i++) {
			box_tail_add(&b->next, &records[i]);
			b->slots[i].record = records[i];
			memcpy(b->slots[i].chain, b->next.chain, sizeof(b->slots[i].chain));
		}
		err = box_write(b->fd, b->slots, part * sizeof(*b->slots), box_offset(at));
	}
	return err;
}

int box_append(struct box *b, const struct simseg_record *records, size_t n, char error[BOX_ERROR])
{
	int err;

	if (b->dirty) {
		err = tidy(b, error);
		if (err)
			return err;
	}
	b->next = b->now;
	b->dirty = true;
	err = write_batch(b, records, n);
	if (err) {
		tidy(b, error);
		return box_say(error, err, "cannot write %zu records to segment %llu: %s", n,
			       (unsigned long long)b->head.segment, strerror(-err));
	}
	b->now = b->next;
	b->dirty = false;
	return 0;
}

int box_commit(struct box *b, char error[BOX_ERROR])
{
	int err = b->dirty ? tidy(b, error) : 0;

	if (err)
		return err;
	if (fdatasync(b->fd)) {
		/* the kernel may have dropped what it could not write, and says so once */
		err = -errno;
		b->now = b->committed;
		b->dirty = true;
		tidy(b, error);
		return box_say(error, err, "cannot bring segment %llu to the disk: %s",
			       (unsigned long long)b->head.segment, strerror(-err));
	}
	b->committed = b->now;
	if (b->now.slots >= b->options.segment_records)
		complain(b, segment_roll(b, error), error);
	else if (b->head.before + b->now.slots >=
		 b->notary.last.total + b->options.checkpoint_records)
		checkpoint(b, "records");
	return 0;
}

int box_tick(struct box *b, char error[BOX_ERROR])
{
	char sentence[BOX_ERROR];
	int err;

	if (box_clock(CLOCK_BOOTTIME) >= b->next_time)
		checkpoint(b, "time");
	complain(b, witness_tick(&b->witness, sentence), sentence);
	complain(b, witness_tick(&b->forward, sentence), sentence);
	err = b->trouble;
	if (err)
		memcpy(error, b->sentence, sizeof(b->sentence));
	b->trouble = 0;
	return err;
}

void box_close(struct box *b)
{
	char error[BOX_ERROR];

	if (!b)
		return;
	box_commit(b, error);
	checkpoint(b, "close");
	witness_end(&b->witness, error);
	witness_end(&b->forward, error);
	free_box(b);
}
