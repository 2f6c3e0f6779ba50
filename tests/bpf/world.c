// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "world.h"

static void must(struct seg_handle *h, int err, const char *what)
{
	if (err < 0)
		ktap_bail("%s: %s (%d)", what, seg_strerror(h), err);
}

void world_addr(int number, bool v4, uint8_t addr[16])
{
	uint8_t net = number >> 8, host = number & 0xff;

	memset(addr, 0, 16);
	if (v4) {
		addr[10] = 0xff;
		addr[11] = 0xff;
		addr[12] = 10;
		addr[13] = net == 0x64 ? 64 : net == 0x20 ? 20 : 99;
		addr[15] = host;
		return;
	}
	addr[0] = 0xfd;
	addr[1] = net;
	/* fd64::11 is written with the digits of 10.64.0.11 */
	addr[15] = host / 10 * 16 + host % 10;
}

static void world_prefixes(int number, struct simseg_prefix both[2])
{
	int i;

	memset(both, 0, 2 * sizeof(both[0]));
	for (i = 0; i < 2; i++) {
		world_addr(number, i == 0, both[i].addr);
		both[i].plen = 128;
	}
}

static void world_pools(struct seg_handle *h)
{
	struct simseg_prefix pools[2];

	must(h, seg_prefix_parse("10.64.0.0/16", &pools[0]), "pool");
	must(h, seg_prefix_parse("fd64::/48", &pools[1]), "pool");
	must(h, seg_ruleset_pool(h, pools, 2), "pools");
}

static void world_policies(struct seg_handle *h)
{
	struct simseg_prefix broker[2], scada[2];
	struct seg_rule meter = { .dir = SIMSEG_DIR_OUT,
				  .has_proto = 1,
				  .proto = IPPROTO_TCP,
				  .has_ports = 1,
				  .port_low = 8883,
				  .port_high = 8883,
				  .label = "mqtts",
				  .prefixes = broker,
				  .n_prefixes = 2 };
	struct seg_rule rtu[2] = {
		{ .dir = SIMSEG_DIR_IN,
		  .has_proto = 1,
		  .proto = IPPROTO_TCP,
		  .has_ports = 1,
		  .port_low = 2404,
		  .port_high = 2404,
		  .label = "iec104",
		  .prefixes = scada,
		  .n_prefixes = 2 },
		{ .dir = SIMSEG_DIR_OUT,
		  .has_proto = 1,
		  .proto = IPPROTO_ICMP,
		  .label = "ping",
		  .prefixes = scada,
		  .n_prefixes = 2 },
	};
	const struct seg_policy policies[] = {
		{ .name = "meter", .rules = &meter, .n_rules = 1 },
		{ .name = "rtu", .rules = rtu, .n_rules = 2 },
	};

	world_prefixes(NET(8), broker);
	world_prefixes(NET(5), scada);
	must(h, seg_ruleset_policy(h, &policies[0]), "policy meter");
	must(h, seg_ruleset_policy(h, &policies[1]), "policy rtu");
}

static const struct {
	const char *iccid;
	int addr;
	const char *policy;
	const char *ifname;
} world_devices[] = {
	{ METER_ICCID, POOL(11), "meter", "sim0" },
	{ RTU_ICCID, POOL(12), "rtu", "sim1" },
	{ "8988228000000000038", POOL(13), "meter", "sim0" },
	{ "8988228000000000046", POOL(14), "meter", "sim0" },
	{ "8988228000000000053", POOL(15), NULL, "sim0" },
	{ "8988228000000000061", POOL(16), "meter", "trunk0.10" },
	{ "8988228000000000079", POOL(17), "meter", "raw0" },
};

static void world_registry(struct seg_handle *h)
{
	struct seg_binding bindings[2] = { { .ifname = NULL } };
	struct seg_device device = { .bindings = bindings, .n_bindings = 2 };
	struct simseg_prefix both[2];
	size_t i;

	for (i = 0; i < sizeof(world_devices) / sizeof(world_devices[0]); i++) {
		world_prefixes(world_devices[i].addr, both);
		bindings[0].prefix = both[0];
		bindings[1].prefix = both[1];
		bindings[0].ifname = world_devices[i].ifname;
		bindings[1].ifname = world_devices[i].ifname;
		device.iccid = world_devices[i].iccid;
		device.policy = world_devices[i].policy;
		must(h, seg_ruleset_device(h, &device), device.iccid);
	}
}

static void world_sides(struct seg_handle *h)
{
	static const char *const sim[] = { "sim0", "sim1", "trunk0.10", "raw0" };
	size_t i;

	for (i = 0; i < sizeof(sim) / sizeof(sim[0]); i++)
		must(h,
		     seg_iface_set(h, sim[i], SIMSEG_SIDE_SIM, SIMSEG_MODE_AUTO,
				   SIMSEG_FORWARD_FORCE),
		     sim[i]);
	must(h, seg_iface_set(h, "net0", SIMSEG_SIDE_NET, SIMSEG_MODE_AUTO, SIMSEG_FORWARD_FORCE),
	     "net0");
}

static void world_quarantine(struct seg_handle *h)
{
	struct simseg_prefix responder[2];
	struct seg_quarantine q = { .iccids = &world_devices[2].iccid, .n = 1 };

	seg_set_reason(h, "test");
	must(h, seg_quarantine(h, &q, NULL), "quarantine");
	world_prefixes(NET(9), responder);
	q.iccids = &world_devices[3].iccid;
	q.allow = responder;
	q.n_allow = 2;
	must(h, seg_quarantine(h, &q, NULL), "quarantine with a responder");
}

struct seg_handle *world_build(void)
{
	const struct seg_commit_opts devices = { .flags = SIMSEG_COMMIT_DEVICES };
	struct seg_status status;
	struct seg_handle *h;
	int err;

	err = seg_open(&h, NULL);
	must(h, err, "open");
	must(h, seg_set_actor(h, "test"), "actor");
	must(h, seg_status_get(h, &status), "status");
	must(h, seg_ruleset_begin(h, status.generation), "begin");
	world_pools(h);
	world_policies(h);
	must(h, seg_ruleset_setting(h, SIMSEG_A_SETTING_DENY_INTERVAL, 2), "setting");
	world_registry(h);
	must(h, seg_ruleset_commit(h, &devices, NULL), "commit");
	world_sides(h);
	world_quarantine(h);
	return h;
}
