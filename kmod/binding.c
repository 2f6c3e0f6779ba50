// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: which device an address belongs to, and on which interface it may
 * appear. The longest prefix wins; one owner per prefix.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "binding.h"
#include "simseg.h"

void simseg_binding_init(struct simseg_net *sn)
{
	simseg_table_init(&sn->bindings, &sn->lock);
}

/* After simseg_device_exit(): they went with their devices. */
void simseg_binding_exit(struct simseg_net *sn)
{
	simseg_table_exit(&sn->bindings);
	kfree(rcu_dereference_protected(sn->plens, true));
}

u32 simseg_binding_hash(const struct simseg_net *sn, const struct simseg_binding_key *key)
{
	struct simseg_binding_words words = { .rest = simseg_binding_rest(key->plen) };

	words.a0 = get_unaligned((const u64 *)&key->addr);
	words.a1 = get_unaligned((const u64 *)&key->addr + 1);
	return simseg_binding_words_hash(&sn->bindings, &words);
}

/* A name or pattern: as the kernel's device names, with one '*' at the end. */
bool simseg_ifname_valid(const char *pattern)
{
	size_t len = strlen(pattern);
	const char *c;

	if (!len || len > SIMSEG_IFNAME_MAX || !strcmp(pattern, ".") || !strcmp(pattern, ".."))
		return false;
	for (c = pattern; *c; c++) {
		if (*c == '*' && c[1])
			return false;
		if (*c == '/' || *c == ':' || *c <= ' ' || *c == 0x7f)
			return false;
	}
	return true;
}

bool simseg_ifname_match(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return !strncmp(pattern, name, len - 1);
	return !strcmp(pattern, name);
}

struct simseg_binding *simseg_binding_alloc(const struct simseg_binding_spec *spec)
{
	struct simseg_binding *binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	size_t len = strlen(spec->ifname);

	if (!binding)
		return NULL;
	memcpy(&binding->key.addr, spec->prefix.addr, sizeof(binding->key.addr));
	binding->key.plen = spec->prefix.plen;
	strscpy(binding->ifname, spec->ifname, sizeof(binding->ifname));
	binding->ifname_glob = len && spec->ifname[len - 1] == '*';
	/* a full name is compared with its NUL, a pattern without its '*' */
	if (len)
		binding->ifname_len = binding->ifname_glob ? len - 1 : len + 1;
	INIT_LIST_HEAD(&binding->of_device);
	return binding;
}

struct simseg_binding *simseg_binding_exact(struct simseg_net *sn,
					    const struct simseg_binding_key *key)
{
	return simseg_table_find(&sn->bindings, key, simseg_binding_hash(sn, key),
				 simseg_binding_at);
}

/* At most SIMSEG_PLENS_MAX lookups. */
const struct simseg_binding *simseg_binding_longest(const struct simseg_net *sn,
						    const struct simseg_plens *plens,
						    u64 a0, u64 a1)
{
	const struct simseg_binding *binding;
	u32 i;

	for (i = 0; i < plens->n; i++) {
		binding = simseg_binding_under(sn, a0, a1, plens->plen[i]);
		if (binding && rcu_access_pointer(binding->device))
			return binding;
	}
	return NULL;
}

/* simseg_binding_find() where it is not worth a copy of its own. */
const struct simseg_binding *simseg_binding_lookup(const struct simseg_net *sn,
						   const struct in6_addr *addr)
{
	return simseg_binding_find(sn, get_unaligned((const u64 *)addr),
				   get_unaligned((const u64 *)addr + 1));
}

/*
 * May the binding's addresses appear on @dev? A racing rename shows either
 * name; the rename raises the change counter, so that sessions look again.
 */
bool simseg_binding_on(const struct simseg_binding *binding, const struct net_device *dev)
{
	if (binding->ifname_len)
		return !strncmp(binding->ifname, dev->name, binding->ifname_len);
	return true;
}

static struct simseg_plens *simseg_plens_of(struct simseg_net *sn)
{
	return rcu_dereference_protected(sn->plens, lockdep_is_held(&sn->lock));
}

/* Publishes @new; readers of the old one see lengths that may be unused. */
static void simseg_plens_swap(struct simseg_net *sn, struct simseg_plens *new)
{
	struct simseg_plens *old = simseg_plens_of(sn);

	rcu_assign_pointer(sn->plens, new);
	if (old)
		kfree_rcu(old, rcu);
}

/* How many lengths there are bindings of. */
static u32 simseg_plens_used(const struct simseg_plens *plens)
{
	u32 i, used = 0;

	for (i = 0; plens && i < plens->n; i++)
		used += !!plens->count[i];
	return used;
}

static void simseg_plens_add(struct simseg_plens *plens, u8 plen, u32 count)
{
	if (!count)
		return;
	plens->plen[plens->n] = plen;
	plens->count[plens->n++] = count;
}

/* Makes sure that lookups try @plen, before a binding of that length exists. */
static int simseg_plens_get(struct simseg_net *sn, u8 plen)
{
	struct simseg_plens *old = simseg_plens_of(sn), *new;
	u32 i;

	for (i = 0; old && i < old->n; i++) {
		if (old->plen[i] == plen) {
			old->count[i]++;
			return 0;
		}
	}
	if (simseg_plens_used(old) == SIMSEG_PLENS_MAX)
		return -ENOSPC;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	for (i = 0; old && i < old->n && old->plen[i] > plen; i++)
		simseg_plens_add(new, old->plen[i], old->count[i]);
	simseg_plens_add(new, plen, 1);
	for (; old && i < old->n; i++)
		simseg_plens_add(new, old->plen[i], old->count[i]);
	simseg_plens_swap(sn, new);
	return 0;
}

/*
 * A length that no binding has any more is taken out. If there is no memory
 * for that it stays with a count of 0, costs a lookup, and serves again or goes
 * with the next change.
 */
static void simseg_plens_put(struct simseg_net *sn, u8 plen)
{
	struct simseg_plens *old = simseg_plens_of(sn), *new;
	u32 i;

	for (i = 0; i < old->n && old->plen[i] != plen; i++)
		;
	if (WARN_ON_ONCE(i == old->n) || --old->count[i])
		return;
	if (!simseg_plens_used(old)) {
		simseg_plens_swap(sn, NULL);
		return;
	}
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return;
	for (i = 0; i < old->n; i++)
		simseg_plens_add(new, old->plen[i], old->count[i]);
	simseg_plens_swap(sn, new);
}

/* Puts a binding into the table, not yet in force. The key must be free. */
int simseg_binding_insert(struct simseg_net *sn, struct simseg_binding *binding,
			  struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&sn->lock);
	err = simseg_plens_get(sn, binding->key.plen);
	if (err) {
		if (err == -ENOSPC)
			NL_SET_ERR_MSG_MOD(extack,
					   "bindings may have at most 16 distinct prefix lengths");
		return err;
	}
	err = simseg_table_insert(&sn->bindings, binding, simseg_binding_hash(sn, &binding->key));
	if (err) {
		simseg_plens_put(sn, binding->key.plen);
		return err;
	}
	sn->nbindings++;
	if (!binding->ifname_len)
		sn->nunvouched++;
	return 0;
}

/* From here on the addresses belong to @device. Cannot fail. */
void simseg_binding_activate(struct simseg_net *sn, struct simseg_binding *binding,
			     struct simseg_device *device)
{
	lockdep_assert_held(&sn->lock);
	binding->epoch = ++sn->epoch;
	list_add_tail(&binding->of_device, &device->bindings);
	device->nbindings++;
	/* pairs with rcu_dereference() in the verdict: epoch before device */
	rcu_assign_pointer(binding->device, device);
}

static struct simseg_device *simseg_binding_owner(struct simseg_net *sn,
						  struct simseg_binding *binding)
{
	return rcu_dereference_protected(binding->device, lockdep_is_held(&sn->lock));
}

/*
 * Puts @new in the place of @old, which has the same key, in one step: a packet
 * sees the one or the other. The epoch rises if the owner is another one.
 * Cannot fail: a replacement allocates nothing.
 */
void simseg_binding_replace(struct simseg_net *sn, struct simseg_binding *old,
			    struct simseg_binding *new, struct simseg_device *device)
{
	struct simseg_device *owner = simseg_binding_owner(sn, old);

	lockdep_assert_held(&sn->lock);
	simseg_binding_activate(sn, new, device);
	if (owner == device)
		new->epoch = old->epoch;
	simseg_table_replace(&sn->bindings, old, new, simseg_binding_hash(sn, &old->key));
	sn->nunvouched += !new->ifname_len;
	sn->nunvouched -= !old->ifname_len;
	list_del(&old->of_device);
	if (owner)
		owner->nbindings--;
	kfree_rcu(old, rcu);
}

void simseg_binding_remove(struct simseg_net *sn, struct simseg_binding *binding)
{
	struct simseg_device *owner = simseg_binding_owner(sn, binding);

	lockdep_assert_held(&sn->lock);
	simseg_table_remove(&sn->bindings, binding, simseg_binding_hash(sn, &binding->key));
	simseg_plens_put(sn, binding->key.plen);
	sn->nbindings--;
	sn->nunvouched -= !binding->ifname_len;
	list_del(&binding->of_device);
	if (owner)
		owner->nbindings--;
	kfree_rcu(binding, rcu);
}

static struct simseg_device *simseg_binding_device(struct simseg_net *sn, const u8 *bcd,
						   struct netlink_ext_ack *extack)
{
	struct simseg_device *device = simseg_device_find(sn, bcd);

	if (!device) {
		NL_SET_ERR_MSG_MOD(extack, "no device has this ICCID");
		return ERR_PTR(-ENOENT);
	}
	return device;
}

static void simseg_binding_key_of(struct simseg_binding_key *key,
				  const struct simseg_prefix *prefix)
{
	memset(key, 0, sizeof(*key));
	memcpy(&key->addr, prefix->addr, sizeof(key->addr));
	key->plen = prefix->plen;
}

static int simseg_binding_check(struct simseg_net *sn, struct simseg_device *device,
				const struct simseg_binding_spec *spec,
				struct netlink_ext_ack *extack)
{
	const struct simseg_ruleset *rs;
	struct simseg_binding_key key;
	struct simseg_binding *old;

	if (device->state == SIMSEG_STATE_UNKNOWN) {
		NL_SET_ERR_MSG_MOD(extack, "the ICCID is only held for when it comes: add the device");
		return -EBUSY;
	}
	rs = rcu_dereference_protected(sn->ruleset, lockdep_is_held(&sn->lock));
	if (!simseg_addrset_covers(rs->pools, &spec->prefix)) {
		NL_SET_ERR_MSG_MOD(extack, "the address lies outside every pool");
		return -ERANGE;
	}
	simseg_binding_key_of(&key, &spec->prefix);
	old = simseg_binding_exact(sn, &key);
	if (old && simseg_binding_owner(sn, old) != device) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the address belongs to another device; unbind it there first");
		return -EEXIST;
	}
	if (!old && device->nbindings == SIMSEG_BINDINGS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "a device may have at most 16 bindings");
		return -ENOSPC;
	}
	return 0;
}

/* Binds addresses to a device: one, so that all or nothing needs no undoing. */
int simseg_binding_new(struct simseg_net *sn, const u8 *bcd,
		       const struct simseg_binding_spec *specs, u32 n,
		       struct netlink_ext_ack *extack)
{
	struct simseg_device *device = simseg_binding_device(sn, bcd, extack);
	struct simseg_binding *binding, *old;
	int err;

	lockdep_assert_held(&sn->lock);
	if (IS_ERR(device))
		return PTR_ERR(device);
	if (n != 1) {
		NL_SET_ERR_MSG_MOD(extack, "exactly one BINDING is needed");
		return -EINVAL;
	}
	err = simseg_binding_check(sn, device, specs, extack);
	if (err)
		return err;
	binding = simseg_binding_alloc(specs);
	if (!binding)
		return -ENOMEM;
	old = simseg_binding_exact(sn, &binding->key);
	if (old) {
		simseg_binding_replace(sn, old, binding, device);
	} else {
		err = simseg_binding_insert(sn, binding, extack);
		if (err) {
			kfree(binding);
			return err;
		}
		simseg_binding_activate(sn, binding, device);
	}
	simseg_net_changed(sn);
	return 0;
}

static int simseg_binding_del_check(struct simseg_net *sn, struct simseg_device *device,
				    const struct simseg_binding_spec *specs, u32 n,
				    struct netlink_ext_ack *extack)
{
	struct simseg_binding_key key;
	struct simseg_binding *binding;
	u32 i;

	for (i = 0; i < n; i++) {
		simseg_binding_key_of(&key, &specs[i].prefix);
		binding = simseg_binding_exact(sn, &key);
		if (!binding || simseg_binding_owner(sn, binding) != device) {
			NL_SET_ERR_MSG_MOD(extack, "the device has no such binding");
			return -ENOENT;
		}
	}
	return 0;
}

/* Takes the named bindings, or with none named all of them, from a device. */
int simseg_binding_del(struct simseg_net *sn, const u8 *bcd,
		       const struct simseg_binding_spec *specs, u32 n,
		       struct simseg_receipt *receipt, struct netlink_ext_ack *extack)
{
	struct simseg_device *device = simseg_binding_device(sn, bcd, extack);
	struct simseg_binding *binding, *next;
	struct simseg_binding_key key;
	int err;
	u32 i;

	lockdep_assert_held(&sn->lock);
	if (IS_ERR(device))
		return PTR_ERR(device);
	err = simseg_binding_del_check(sn, device, specs, n, extack);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		simseg_binding_key_of(&key, &specs[i].prefix);
		binding = simseg_binding_exact(sn, &key);
		if (binding)	/* named twice: gone already */
			simseg_binding_remove(sn, binding);
	}
	if (!n) {
		list_for_each_entry_safe(binding, next, &device->bindings, of_device)
			simseg_binding_remove(sn, binding);
	}
	receipt->devices = 1;
	simseg_sweep_settle(sn, receipt);
	return 0;
}
