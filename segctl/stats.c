// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segctl stats
 */
#include <inttypes.h>

#include "segctl.h"

struct listing {
	struct ctl *c;
	struct table *t;
	struct json_object *array;
};

static int counter_add(const struct seg_counter *n, void *arg)
{
	struct listing *l = arg;
	int verdict = seg_reason_verdict(n->code);
	struct json_object *o;

	if (l->c->json) {
		o = json_object_new_object();
		js_str(o, "reason", seg_reason_name(n->code));
		js_str(o, "verdict", verdict < 0 ? "?" : seg_verdict_name((unsigned int)verdict));
		js_num(o, "packets", n->packets);
		js_num(o, "bytes", n->bytes);
		json_object_array_add(l->array, o);
		return 0;
	}
	if (!n->packets)
		return 0;
	table_cell(l->t, verdict < 0 ? "?" : seg_verdict_name((unsigned int)verdict));
	table_cell(l->t, seg_reason_name(n->code));
	table_num(l->t, n->packets);
	table_num(l->t, n->bytes);
	table_cell(l->t, seg_reason_text(n->code));
	return 0;
}

/* The differences that rule 5 of the design is about; they can be negative. */
struct remainders {
	int64_t device; /* device_rx + inner - rx - other */
	int64_t rx;	/* rx - xdp_drop - xdp_forward - guard_drop - prerouting */
	int64_t stack;	/* prerouting - floor - merged */
};

static struct remainders remainders_of(const struct seg_iface_stats *s)
{
	uint64_t floor = s->floor_pass + s->floor_allow + s->floor_deny;

	return (struct remainders){
		.device = (int64_t)(s->device_rx + s->rx_inner - s->rx - s->rx_other),
		.rx = (int64_t)(s->rx - s->xdp_drop - s->xdp_forward - s->guard_drop -
				s->prerouting),
		.stack = (int64_t)(s->prerouting - floor - s->merged),
	};
}

static void cell_signed(struct table *t, int64_t value)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRId64, value);
	table_cell(t, buf);
}

static void iface_row(struct table *t, const struct seg_iface *i, const struct remainders *r)
{
	const struct seg_iface_stats *s = &i->stats;

	table_cell(t, i->ifname);
	table_cell(t, seg_side_name(i->side));
	table_num(t, s->device_rx);
	table_num(t, s->rx_other);
	cell_signed(t, r->device);
	table_num(t, s->rx);
	table_num(t, s->xdp_drop);
	table_num(t, s->xdp_forward);
	table_num(t, s->guard_drop);
	table_num(t, s->prerouting);
	cell_signed(t, r->rx);
	table_num(t, s->floor_pass);
	table_num(t, s->floor_allow);
	table_num(t, s->floor_deny);
	table_num(t, s->merged);
	cell_signed(t, r->stack);
	table_num(t, s->tx_guard_drop);
}

static void add_signed(struct json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

static struct json_object *iface_json(const struct seg_iface *i, const struct remainders *r)
{
	struct json_object *o = json_object_new_object();
	const struct seg_iface_stats *s = &i->stats;

	js_str(o, "name", i->ifname);
	js_num(o, "ifindex", i->ifindex);
	js_str(o, "side", seg_side_name(i->side));
	js_num(o, "device_rx", s->device_rx);
	js_num(o, "rx", s->rx);
	js_num(o, "rx_bytes", s->rx_bytes);
	js_num(o, "rx_other", s->rx_other);
	js_num(o, "rx_inner", s->rx_inner);
	js_num(o, "xdp_drop", s->xdp_drop);
	js_num(o, "xdp_drop_bytes", s->xdp_drop_bytes);
	js_num(o, "xdp_forward", s->xdp_forward);
	js_num(o, "xdp_forward_bytes", s->xdp_forward_bytes);
	js_num(o, "guard_drop", s->guard_drop);
	js_num(o, "prerouting", s->prerouting);
	js_num(o, "floor_pass", s->floor_pass);
	js_num(o, "floor_allow", s->floor_allow);
	js_num(o, "floor_deny", s->floor_deny);
	js_num(o, "merged", s->merged);
	js_num(o, "tx_guard_drop", s->tx_guard_drop);
	add_signed(o, "remainder_device", r->device);
	add_signed(o, "remainder_rx", r->rx);
	add_signed(o, "stack", r->stack);
	return o;
}

static int iface_add(const struct seg_iface *i, void *arg)
{
	struct listing *l = arg;
	struct remainders r = remainders_of(&i->stats);

	if (!i->ifindex)
		return 0;
	if (l->c->json)
		json_object_array_add(l->array, iface_json(i, &r));
	else
		iface_row(l->t, i, &r);
	return 0;
}

static int stats_json(struct ctl *c)
{
	struct json_object *o = json_object_new_object();
	struct listing l = { .c = c };
	int err;

	l.array = json_object_new_array();
	json_object_object_add(o, "reasons", l.array);
	err = seg_stats_get(c->h, counter_add, &l);
	l.array = json_object_new_array();
	json_object_object_add(o, "interfaces", l.array);
	if (!err)
		err = seg_iface_list(c->h, iface_add, &l);
	if (err && err != -EAGAIN) {
		json_object_put(o);
		return ctl_fail(c, err, NULL);
	}
	js_print(o);
	return EXIT_DONE;
}

int cmd_stats(struct ctl *c, int argc, char **argv)
{
	struct listing l = { .c = c };
	int ret, err;

	ret = ctl_open_bare(c, argc, argv);
	if (ret)
		return ret;
	if (c->json)
		return stats_json(c);
	l.t = table_new("VERDICT REASON >PACKETS >BYTES MEANING");
	err = seg_stats_get(c->h, counter_add, &l);
	table_end(l.t);
	if (err)
		return ctl_fail(c, err, NULL);
	putchar('\n');
	l.t = table_new(
		"INTERFACE SIDE >DEVICE-RX >OTHER >REMAINDER >RX >XDP-DROP >FORWARDED "
		">GUARD-DROP >PREROUTING >REMAINDER >PASS >ALLOW >DENY >MERGED >STACK >TX-DROP");
	err = seg_iface_list(c->h, iface_add, &l);
	table_end(l.t);
	return err && err != -EAGAIN ? ctl_fail(c, err, NULL) : EXIT_DONE;
}
