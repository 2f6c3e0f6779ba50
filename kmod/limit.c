// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of sessions, in total and of a device, half-open ones apart. A device
 * at a limit loses the oldest of its own half-open sessions to a new one, so
 * that a flood is at its own expense and what is answered stays.
 *
 * Where many devices together fill the half-open ones of the namespace, who has
 * few of them takes from whoever has the most.
 *
 * A session counts until its memory is back. So that eviction does not make
 * memory wait for grace periods without bound, only a few evicted ones may: a
 * flood beyond that is merely denied, which is all that it costs. A part of
 * these few is kept for those who take from others.
 */
#include "simseg.h"

#define SIMSEG_EVICTED_DEVICE	16	/* evicted, memory not back: of a device */
#define SIMSEG_EVICTED_OWN	768	/* of all devices, to their own new sessions */
#define SIMSEG_EVICTED_TOTAL	1024
#define SIMSEG_EXPIRED_LOOK	8	/* oldest answered ones that may be over */

/*
 * The oldest half-open session in which @device has that role, or one that is
 * over and not swept yet, or NULL.
 */
static struct simseg_session *simseg_limit_victim(struct simseg_net *sn,
						  struct simseg_device *device, int role)
{
	struct simseg_party *party, *victim;
	unsigned int looked = 0;

	spin_lock_bh(&device->lock);
	victim = list_first_entry_or_null(&device->opening[role], struct simseg_party, of_device);
	if (!victim) {
		list_for_each_entry(party, &device->sessions[role], of_device) {
			if (simseg_session_expired(sn, simseg_party_session(party))) {
				victim = party;
				break;
			}
			if (++looked == SIMSEG_EXPIRED_LOOK)
				break;
		}
	}
	spin_unlock_bh(&device->lock);
	return victim ? simseg_party_session(victim) : NULL;
}

/* How many evicted sessions may wait for their memory. */
struct simseg_budget {
	int device;
	int total;
};

static const struct simseg_budget simseg_limit_own = {
	.device = SIMSEG_EVICTED_DEVICE,
	.total = SIMSEG_EVICTED_OWN,
};

static const struct simseg_budget simseg_limit_others = {
	.device = SIMSEG_EVICTED_TOTAL,
	.total = SIMSEG_EVICTED_TOTAL,
};

static bool simseg_limit_may_evict(struct simseg_net *sn, struct simseg_device *device,
				   const struct simseg_budget *budget)
{
	if (atomic_inc_return(&device->nevicted) > budget->device)
		goto too_many;
	if (atomic_inc_return(&sn->sessions.evicted) <= budget->total)
		return true;
	atomic_dec(&sn->sessions.evicted);
too_many:
	atomic_dec(&device->nevicted);
	return false;
}

/* Makes room in @device, which has @role in the new session. Under RCU. */
static bool simseg_limit_evict(struct simseg_net *sn, struct simseg_device *device, int role,
			       const struct simseg_budget *budget)
{
	struct simseg_session *s;
	int i;

	if (!simseg_limit_may_evict(sn, device, budget))
		return false;
	for (i = 0; i < 2; i++, role = !role) {
		s = simseg_limit_victim(sn, device, role);
		if (!s || !simseg_session_end(sn, s, SIMSEG_END_EVICTED))
			continue;
		/* its memory stays while we are under RCU */
		set_bit(SIMSEG_SESSION_F_EVICTED + role, &s->flags);
		return true;
	}
	atomic_dec(&device->nevicted);
	atomic_dec(&sn->sessions.evicted);
	return false;
}

/* Would simseg_limit_evict() make room? */
static bool simseg_limit_could_evict(struct simseg_net *sn, struct simseg_device *device,
				     const struct simseg_budget *budget)
{
	return atomic_read(&device->nevicted) < budget->device &&
	       atomic_read(&sn->sessions.evicted) < budget->total &&
	       (simseg_limit_victim(sn, device, 0) || simseg_limit_victim(sn, device, 1));
}

static bool simseg_limit_over_device(const struct simseg_net *sn,
				     const struct simseg_device *device, int n, int half)
{
	return n - atomic_read(&device->nevicted) >
		       simseg_setting(sn, SIMSEG_A_SETTING_DEVICE_SESSIONS) ||
	       half > simseg_setting(sn, SIMSEG_A_SETTING_DEVICE_HALF_OPEN);
}

static bool simseg_limit_over_total(const struct simseg_net *sn, int n, int half)
{
	return n - atomic_read(&sn->sessions.evicted) >
		       simseg_setting(sn, SIMSEG_A_SETTING_SESSIONS) ||
	       half > simseg_setting(sn, SIMSEG_A_SETTING_HALF_OPEN);
}

/*
 * Who has the most half-open sessions, as far as is known, or NULL. Kept as a
 * number: the device may have gone.
 */
static struct simseg_device *simseg_limit_heaviest(struct simseg_net *sn)
{
	u32 id = READ_ONCE(sn->sessions.heaviest);

	return id ? xa_load(&sn->device_ids, id) : NULL;
}

/* Once a limit is near, it matters who has the most to give. */
static bool simseg_limit_near(const struct simseg_net *sn, int n, int half)
{
	return n > simseg_setting(sn, SIMSEG_A_SETTING_SESSIONS) / 2 ||
	       half > simseg_setting(sn, SIMSEG_A_SETTING_HALF_OPEN) / 2;
}

static void simseg_limit_weigh(struct simseg_net *sn, struct simseg_device *device)
{
	struct simseg_device *heaviest = simseg_limit_heaviest(sn);

	if (!heaviest || atomic_read(&device->nopening) > atomic_read(&heaviest->nopening))
		WRITE_ONCE(sn->sessions.heaviest, device->id);
}

/* Who is to make room for @device in the namespace: it alone, if it has its share. */
static struct simseg_device *simseg_limit_payer(struct simseg_net *sn,
						struct simseg_device *device,
						const struct simseg_budget **budget)
{
	struct simseg_device *heaviest = simseg_limit_heaviest(sn);

	if (heaviest && 2 * atomic_read(&device->nopening) < atomic_read(&heaviest->nopening)) {
		*budget = &simseg_limit_others;
		return heaviest;
	}
	*budget = &simseg_limit_own;
	return device;
}

static void simseg_limit_uncharge_device(struct simseg_device *device, bool opening)
{
	if (!device)
		return;
	atomic_dec(&device->nsessions);
	if (opening)
		atomic_dec(&device->nopening);
}

static int simseg_limit_charge_device(struct simseg_net *sn, struct simseg_device *device,
				      int role, bool opening)
{
	int n = atomic_inc_return(&device->nsessions);
	int half = opening ? atomic_inc_return(&device->nopening) : 0;

	if (!simseg_limit_over_device(sn, device, n, half) ||
	    simseg_limit_evict(sn, device, role, &simseg_limit_own))
		return 0;
	simseg_limit_uncharge_device(device, opening);
	return -EDQUOT;
}

static int simseg_limit_charge_total(struct simseg_net *sn, const struct simseg_result *res,
				     bool opening)
{
	struct simseg_session_table *table = &sn->sessions;
	int half = opening ? atomic_inc_return(&table->opening) : 0;
	int n = atomic_inc_return(&table->count), i;
	bool over = simseg_limit_over_total(sn, n, half);
	bool near = simseg_limit_near(sn, n, half);
	const struct simseg_budget *budget;
	struct simseg_device *payer;

	for (i = 0; i < 2; i++) {
		if (!res->device[i])
			continue;
		if (near)
			simseg_limit_weigh(sn, res->device[i]);
		if (!over)
			continue;
		payer = simseg_limit_payer(sn, res->device[i], &budget);
		if (simseg_limit_evict(sn, payer, i, budget))
			over = false;
	}
	if (!over)
		return 0;
	atomic_dec(&table->count);
	if (opening)
		atomic_dec(&table->opening);
	return -ENOSPC;
}

/*
 * Counts one more session of the namespace and of its devices; 0, -ENOSPC or
 * -EDQUOT. Under RCU.
 */
int simseg_limit_charge(struct simseg_net *sn, const struct simseg_result *res, bool opening)
{
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		if (res->device[i])
			err = simseg_limit_charge_device(sn, res->device[i], i, opening);
	}
	if (!err)
		err = simseg_limit_charge_total(sn, res, opening);
	else
		i--;	/* that one has charged nothing */
	if (err) {
		while (i--)
			simseg_limit_uncharge_device(res->device[i], opening);
	}
	return err;
}

static bool simseg_limit_refuses_device(struct simseg_net *sn, struct simseg_device *device,
					bool opening)
{
	return simseg_limit_over_device(sn, device, atomic_read(&device->nsessions) + 1,
					opening ? atomic_read(&device->nopening) + 1 : 0) &&
	       !simseg_limit_could_evict(sn, device, &simseg_limit_own);
}

/* What simseg_limit_charge() would say, without charging. */
int simseg_limit_ask(struct simseg_net *sn, const struct simseg_result *res, bool opening)
{
	struct simseg_session_table *table = &sn->sessions;
	const struct simseg_budget *budget;
	struct simseg_device *payer;
	int i;

	for (i = 0; i < 2; i++) {
		if (res->device[i] && simseg_limit_refuses_device(sn, res->device[i], opening))
			return -EDQUOT;
	}
	if (!simseg_limit_over_total(sn, atomic_read(&table->count) + 1,
				     opening ? atomic_read(&table->opening) + 1 : 0))
		return 0;
	for (i = 0; i < 2; i++) {
		if (!res->device[i])
			continue;
		payer = simseg_limit_payer(sn, res->device[i], &budget);
		if (simseg_limit_could_evict(sn, payer, budget))
			return 0;
	}
	return -ENOSPC;
}

/* What was charged for a session that never came to be. */
void simseg_limit_uncharge(struct simseg_net *sn, const struct simseg_result *res, bool opening)
{
	int i;

	for (i = 0; i < 2; i++)
		simseg_limit_uncharge_device(res->device[i], opening);
	atomic_dec(&sn->sessions.count);
	if (opening)
		atomic_dec(&sn->sessions.opening);
}

/* @s is no longer half-open: it was answered, or it ends. */
void simseg_limit_opened(struct simseg_session *s)
{
	int i;

	if (!test_and_clear_bit(SIMSEG_SESSION_F_OPENING, &s->flags))
		return;
	atomic_dec(&simseg_session_net(s)->sessions.opening);
	for (i = 0; i < simseg_session_parties(s); i++) {
		struct simseg_device *device = s->party[i].device;

		atomic_dec(&device->nopening);
		spin_lock_bh(&device->lock);
		/* who ends it has marked it, and takes it out of either list */
		if (!test_bit(SIMSEG_SESSION_F_DEAD, &s->flags))
			list_move_tail(&s->party[i].of_device,
				       &device->sessions[simseg_session_role(s, i)]);
		spin_unlock_bh(&device->lock);
	}
}

/* The memory of @s goes back: it counts no more. */
void simseg_limit_freed(struct simseg_session *s)
{
	struct simseg_session_table *table = &simseg_session_net(s)->sessions;
	int i;

	for (i = 0; i < simseg_session_parties(s); i++) {
		struct simseg_device *device = s->party[i].device;

		atomic_dec(&device->nsessions);
		if (test_bit(SIMSEG_SESSION_F_EVICTED + simseg_session_role(s, i), &s->flags)) {
			atomic_dec(&device->nevicted);
			atomic_dec(&table->evicted);
		}
	}
	atomic_dec(&table->count);
}
