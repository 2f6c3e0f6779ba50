// SPDX-License-Identifier: GPL-2.0-only
/*
 * One network namespace: made when it is, governed from its first pool on,
 * emptied when it goes.
 */
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>

#include "simseg.h"

static char *pools;
module_param(pools, charp, 0444);
MODULE_PARM_DESC(pools, "Prefixes to govern in the initial namespace from load on, with commas between");

static bool allow_userns;
module_param(allow_userns, bool, 0644);
MODULE_PARM_DESC(allow_userns, "Let namespaces of other user namespaces govern, too");

unsigned int simseg_net_id;

struct simseg_net *simseg_net(const struct net *net)
{
	return net_generic(net, simseg_net_id);
}

/* Tells sessions to look again, and the sweep to look for them. */
void simseg_net_changed(struct simseg_net *sn)
{
	/* the change itself comes first; atomic_read_acquire() in the verdict */
	smp_mb__before_atomic();
	atomic_inc(&sn->change);
	simseg_sweep_kick(sn);
}

/* The module stays while a namespace of the initial user namespace governs. */
void simseg_net_hold(struct simseg_net *sn, bool governs)
{
	bool hold = governs && sn->net->user_ns == &init_user_ns;

	if (hold == sn->holds_module)
		return;
	sn->holds_module = hold;
	if (hold)
		__module_get(THIS_MODULE);
	else
		module_put(THIS_MODULE);
}

/* As the ruleset in force has it, or the one that may come back. */
void simseg_net_rehold(struct simseg_net *sn)
{
	const struct simseg_ruleset *rs;
	bool pools;

	lockdep_assert_held(&sn->lock);
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	pools = rs->npools || (sn->previous && sn->previous->npools);
	simseg_net_hold(sn, pools && !sn->disarmed);
}

/* Others could use up the memory of all. */
bool simseg_net_may_govern(const struct simseg_net *sn)
{
	return sn->net->user_ns == &init_user_ns || READ_ONCE(allow_userns);
}

/* From the first pool on: tables and hooks. Nothing if it governs already. */
int simseg_net_govern(struct simseg_net *sn, struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&sn->lock);
	if (sn->hooked)
		return 0;
	if (!simseg_net_may_govern(sn)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a namespace of another user namespace may not govern: the module parameter allow_userns lets it");
		return -EPERM;
	}
	err = simseg_sessions_init(sn);
	if (err)
		return err;
	err = simseg_floor_register(sn);
	if (err) {
		/* readers without a lock may stand in the table: it stays */
		if (err != -ENOMEM)
			NL_SET_ERR_MSG_MOD(extack, "the netfilter hooks cannot be registered");
		return err;
	}
	WRITE_ONCE(sn->hooked, true);
	simseg_sweep_kick(sn);
	return 0;
}

int simseg_net_disarm(struct simseg_net *sn, const struct simseg_who *who)
{
	lockdep_assert_held(&sn->lock);
	strscpy(sn->disarm_actor, who->actor, sizeof(sn->disarm_actor));
	strscpy(sn->disarm_reason, who->reason ?: "", sizeof(sn->disarm_reason));
	WRITE_ONCE(sn->disarmed, true);
	simseg_net_changed(sn);
	simseg_net_hold(sn, false);
	return 0;
}

/* Flows that came up meanwhile have no session; conntrack forgets them. */
int simseg_net_arm(struct simseg_net *sn, struct netlink_ext_ack *extack)
{
	const struct simseg_ruleset *rs;

	lockdep_assert_held(&sn->lock);
	if (!sn->disarmed) {
		NL_SET_ERR_MSG_MOD(extack, "simseg is armed already");
		return -EALREADY;
	}
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	WRITE_ONCE(sn->disarmed, false);
	simseg_net_rehold(sn);
	sn->disarm_actor[0] = '\0';
	sn->disarm_reason[0] = '\0';
	simseg_net_changed(sn);
	simseg_conntrack_flush(sn->net, rs->pools);
	return 0;
}

/* "10.64.0.0/16" or "fd64::/48" into a prefix; the length is required. */
static int simseg_pool_parse(const char *text, struct simseg_prefix *prefix)
{
	struct in6_addr addr;
	const char *slash;
	__be32 v4;
	u8 len, base;

	if (in4_pton(text, -1, (u8 *)&v4, '/', &slash)) {
		ipv6_addr_set_v4mapped(v4, &addr);
		base = 96;
	} else if (in6_pton(text, -1, addr.s6_addr, '/', &slash)) {
		base = 0;
	} else {
		return -EINVAL;
	}
	if (*slash != '/' || kstrtou8(slash + 1, 10, &len) || len > 128 - base)
		return -EINVAL;
	memset(prefix, 0, sizeof(*prefix));
	memcpy(prefix->addr, &addr, sizeof(prefix->addr));
	prefix->plen = base + len;
	return simseg_prefix_valid(prefix) ? 0 : -EINVAL;
}

static int simseg_pools_parse(char *text, struct simseg_prefix *prefixes, u32 *n)
{
	char *word;

	while ((word = strsep(&text, ","))) {
		if (*n == SIMSEG_POOLS_MAX || simseg_pool_parse(word, &prefixes[*n])) {
			pr_err("simseg: pools: \"%s\" is no prefix like 10.64.0.0/16, has host bits, or is one too many\n",
			       word);
			return -EINVAL;
		}
		++*n;
	}
	return 0;
}

/* The pools of the module parameter, before anything can pass. */
static int simseg_net_first_pools(struct simseg_net *sn)
{
	struct simseg_prefix *prefixes;
	struct simseg_upload *up;
	const struct simseg_commit commit = {};
	struct simseg_receipt receipt = {};
	char *text;
	u32 n = 0;
	int err;

	text = kstrdup(pools, GFP_KERNEL);
	prefixes = kcalloc(SIMSEG_POOLS_MAX, sizeof(*prefixes), GFP_KERNEL);
	err = text && prefixes ? simseg_pools_parse(text, prefixes, &n) : -ENOMEM;
	mutex_lock(&sn->lock);
	if (!err)
		err = simseg_upload_begin(sn, 0, 0, NULL);
	if (!err) {
		up = simseg_upload_find(sn, 0);
		err = simseg_upload_pools(up, prefixes, n, NULL);
		if (err)
			simseg_upload_free(sn, up);
		else
			err = simseg_upload_commit(sn, up, &commit, &receipt, NULL);
	}
	if (!err)
		simseg_log_kernel(sn, SIMSEG_CMD_RULESET_COMMIT, "the module was loaded", NULL,
				  "parameter pools");
	mutex_unlock(&sn->lock);
	kfree(prefixes);
	kfree(text);
	return err;
}

/* The parts of a namespace that need tables; unwound in reverse. */
static int simseg_net_tables(struct simseg_net *sn)
{
	int err = -ENOMEM;

	sn->counters = netdev_alloc_pcpu_stats(struct simseg_counters);
	if (!sn->counters)
		return err;
	simseg_deny_init(sn);
	err = simseg_ruleset_init(sn);
	if (err) {
		free_percpu(sn->counters);
		return err;
	}
	simseg_binding_init(sn);
	simseg_device_init(sn);
	return 0;
}

static void simseg_net_drain(struct simseg_net *sn)
{
	if (sn->hooked)
		simseg_floor_unregister(sn);
	WRITE_ONCE(sn->hooked, false);
	synchronize_net();	/* no hook runs any more, or kicks the sweep */
	simseg_deadline_exit(sn);	/* it kicks the sweep, too */
	simseg_sweep_exit(sn);
	simseg_uploads_exit(sn);
	simseg_iface_exit(sn);
	simseg_sessions_exit(sn);
	simseg_device_exit(sn);
	simseg_binding_exit(sn);
	simseg_ruleset_exit(sn);
	simseg_names_destroy(&sn->policy_names);
	simseg_names_destroy(&sn->peer_names);
	simseg_deny_exit(sn);
	simseg_log_exit(sn);
	simseg_outbox_exit(sn);
	simseg_net_hold(sn, false);
	rcu_barrier();		/* callbacks may look at this namespace */
	simseg_hops_exit(sn);
	free_percpu(sn->counters);
}

static int __net_init simseg_net_create(struct net *net)
{
	struct simseg_net *sn = simseg_net(net);
	int err;

	sn->net = net;
	mutex_init(&sn->lock);
	INIT_LIST_HEAD(&sn->uploads);
	simseg_log_init(sn);
	simseg_outbox_init(sn);
	INIT_LIST_HEAD(&sn->iface_specs);
	xa_init(&sn->ifaces);
	simseg_names_init(&sn->policy_names, SIMSEG_POLICIES_MAX);
	simseg_names_init(&sn->peer_names, SIMSEG_PEERSETS_MAX);
	simseg_sweep_init(sn);
	simseg_deadline_init(sn);
	simseg_hops_init(sn);
	err = simseg_net_tables(sn);
	if (err) {
		simseg_hops_exit(sn);
		return err;
	}
	if (net == &init_net && pools && *pools)
		err = simseg_net_first_pools(sn);
	if (err)
		simseg_net_drain(sn);
	return err;
}

static void __net_exit simseg_net_destroy(struct net *net)
{
	simseg_net_drain(simseg_net(net));
}

static struct pernet_operations simseg_net_ops = {
	.init = simseg_net_create,
	.exit = simseg_net_destroy,
	.id = &simseg_net_id,
	.size = sizeof(struct simseg_net),
};

int simseg_net_init(void)
{
	return register_pernet_subsys(&simseg_net_ops);
}

void simseg_net_uninit(void)
{
	unregister_pernet_subsys(&simseg_net_ops);
}
