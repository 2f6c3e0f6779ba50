# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and numbers for random changes: few, so that they meet each other often."""

import state_file
from state_file import inside, listed, overlap

POOLS = ["10.64.0.0/16", "10.65.0.0/24", "10.66.0.0/20", "fd64::/48", "fd65::/64"]
FAILSAFE = ["192.168.7.0/24", "fd99::/64", "198.51.100.77"]
SETS = ["masters", "guests", "feed.1", "x-2", "SCADA"]
NETS = ["10.20.0.5", "10.20.0.0/24", "10.20.0.9", "fd20::5", "fd20::/64", "192.0.2.0/28",
        "203.0.113.9", "fd20:0:0:1::/64", "10.64.0.11", "fd64::11"]
POLICIES = ["meter", "rtu", "cam", "open", "_x.1"]
LABELS = [None, None, "poll", "data-1", "x.y_z"]
ACTORS = ["alice", "bob", "carol", "d\u00f6rte", "a b"]
TICKETS = ["CHG-1", "CHG-2", "T \"3\"", "\u00e4"]
REASONS = ["test", "it said \"no\" \\ :", "# not a comment", "\u20ac 5: {a}", "x" * 127]
DEVS = [None, None, "wwan0", "wwan1", "wwan*", "ppp0"]
LINKS = ["sim0", "sim*", "lan7", "lan*", "wan9"]
ASSETS = ["M-0001", "M-0002", "Pump 2#7", "a \"b\" \\ c", "x,y;z", "\u00fc\u00fc" * 8, "'"]
PROTOS = ["any", "tcp", "udp", "icmp", "sctp", "gre", "47", "200", "dccp", "udplite"]
HOURS = [3600, 7200, 5400, 36000, 80000]


def check_digit(digits):
    """Return the number with the digit that Luhn asks for."""
    return next(digits + d for d in "0123456789" if state_file.luhn(digits + d))


ICCIDS = ([check_digit("898822800000000%03d" % n) for n in range(1, 21)] +
          [check_digit("89882290000000%03d" % n) for n in range(2)] +
          [check_digit("8988230000000000%03d" % n) for n in range(2)])
WRONG_DIGIT = "8988228000000000999"


class Picks:
    """What the random changes are made from."""

    def __init__(self, rng):
        self.rng = rng

    def maybe(self, chance):
        """Return True that often."""
        return self.rng.random() < chance

    def some(self, things, most):
        """Return up to so many of them, at least one if there are any."""
        things = sorted(things, key=str)
        if not things:
            return []
        return self.rng.sample(things, self.rng.randint(1, min(most, len(things))))

    def one(self, things, default=None):
        """Return one of them."""
        things = sorted(things, key=str)
        return self.rng.choice(things) if things else default

    def address(self, pools):
        """Return a prefix in one of the pools, most often a host."""
        rng = self.rng
        pool = state_file.prefix(str(self.one(pools, "10.64.0.0/16")))
        roll = rng.random()
        longest = pool.max_prefixlen
        if roll < 0.75:
            length = longest
        elif roll < 0.9:
            length = 64 if pool.version == 6 else rng.choice([24, 28])
        else:
            length = rng.randint(pool.prefixlen, longest)
        length = max(length, pool.prefixlen)
        step = 1 << (longest - length)
        number = rng.randint(0, min((1 << (length - pool.prefixlen)) - 1, 40))
        return str(pool.__class__((int(pool[0]) + number * step, length)))

    def rule(self, way, sets):
        """Return a rule as a file has it."""
        rng = self.rng
        proto = rng.choice(PROTOS)
        rule = {"proto": proto} if proto != "any" or self.maybe(0.5) else {}
        if state_file.proto_number(proto) in state_file.WITH_PORTS and self.maybe(0.8):
            low = rng.randint(1, 60000)
            rule["port"] = rng.choice([low, str(low), "%d-%d" % (low, low + rng.randint(0, 99)),
                                       [low, "%d-%d" % (low + 1, low + 5)]])
        label = rng.choice(LABELS)
        if label:
            rule["label"] = label
        rule["to" if way == "out" else "from"] = rng.choice(
            sorted(sets) * 2 + ["any", "self", rng.choice(NETS), self.some(NETS, 3)])
        return rule

    def rules(self, sets, most):
        """Return rules of both directions, in any order."""
        spec = {}
        for way in self.rng.sample(["out", "in"], 2):
            if self.maybe(0.7):
                spec[way] = [self.rule(way, sets) for _ in range(self.rng.randint(0, most))]
        return spec

    def policy(self, sets):
        """Return a policy."""
        spec = self.rules(sets, 3)
        if self.maybe(0.15):
            spec["observe"] = True
        return spec

    def addrs(self, pools):
        """Return addresses of a device as a file has them."""
        addrs = [self.address(pools) for _ in range(self.rng.choice([0, 1, 1, 1, 2, 3]))]
        if self.maybe(0.03):
            addrs = [self.address(pools) for _ in range(16)]
        return list(dict.fromkeys(addrs))

    def device(self, iccid, pools, policies, sets):
        """Return a device as a file has it."""
        spec = {"iccid": iccid, "policy": self.one(policies, "meter")}
        addrs = self.addrs(pools)
        if addrs:
            spec["addr"] = [
                {"addr": a, "dev": "usb%d" % self.rng.randint(0, 2)} if self.maybe(0.1) else a
                for a in addrs]
        dev = self.rng.choice(DEVS)
        if dev and addrs:
            spec["dev"] = dev
        if self.maybe(0.5):
            spec["asset"] = self.rng.choice(ASSETS)
        if self.maybe(0.3):
            spec.update(self.rules(sets, 3))
        return spec


# ---- the state as a file ---------------------------------------------------------


def rule_spec(rule):
    """Return a rule as a file has it."""
    spec = {"to" if rule.way == "out" else "from":
            rule.peer[0] if len(rule.peer) == 1 else
            rule.peer[1] if rule.peer[0] == "set" else sorted(map(str, rule.peer[1]))}
    if rule.proto is not None:
        spec["proto"] = str(rule.proto)
    if rule.low is not None:
        spec["port"] = "%d-%d" % (rule.low, rule.high)
    if rule.label:
        spec["label"] = rule.label
    return spec


def rules_spec(rules):
    """Return rules in their order, as lists of both directions."""
    spec = {}
    for rule in rules:
        spec.setdefault(rule.way, []).append(rule_spec(rule))
    return spec


def device_spec(iccid, device):
    """Return a device as a file has it."""
    spec = {"iccid": iccid, "policy": device.policy}
    if device.addrs:
        spec["addr"] = [{"addr": str(net), "dev": dev} if dev else str(net)
                        for net, dev in device.addrs.items()]
    if device.asset:
        spec["asset"] = device.asset
    spec.update(rules_spec(device.rules))
    return spec


def file_of(state):
    """Return the state as a file; what has a deadline is not of it."""
    spec = {"version": 1, "pools": sorted(map(str, state.ruleset.pools))}
    if state.ruleset.failsafe:
        spec["failsafe"] = sorted(map(str, state.ruleset.failsafe))
    spec["settings"] = {name: value for name, value in state.ruleset.settings.items()
                        if value != state_file.SETTINGS[name]}
    spec["peers"] = {name: sorted(str(net) for net, deadline in peer.items() if not deadline)
                     for name, peer in state.peers.items()}
    spec["policies"] = {}
    for name, policy in state.ruleset.policies.items():
        spec["policies"][name] = rules_spec(policy.rules)
        if policy.observe:
            spec["policies"][name]["observe"] = True
    spec["devices"] = [device_spec(iccid, device) for iccid, device in state.devices.items()]
    return spec


def repair_rules(spec, sets):
    """Take out the rules whose peer set there is not."""
    for way, key in (("out", "to"), ("in", "from")):
        if way in spec:
            spec[way] = [rule for rule in spec[way] if not isinstance(rule[key], str) or
                         rule[key] not in SETS or rule[key] in sets]


def repair(spec, held):
    """Make a file good; `held` are addresses that nobody in it may have."""
    pools = [state_file.prefix(p) for p in spec["pools"]]
    sets = spec["peers"]
    spec["failsafe"] = [f for f in spec.get("failsafe", [])
                        if not overlap(state_file.prefix(f), pools)]
    for policy in spec["policies"].values():
        repair_rules(policy, sets)
    taken = set(held)
    devices = {}
    for device in spec.get("devices", []):
        if device["policy"] not in spec["policies"]:
            continue
        repair_rules(device, sets)
        kept = []
        for addr in listed(device.get("addr")):
            net = state_file.prefix(addr["addr"] if isinstance(addr, dict) else addr)
            if net not in taken and inside(net, pools):
                taken.add(net)
                kept.append(addr)
        device["addr"] = kept
        devices[device["iccid"]] = device
    if "devices" in spec:
        spec["devices"] = list(devices.values())
