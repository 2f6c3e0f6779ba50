# SPDX-License-Identifier: GPL-2.0-or-later
"""What a ruleset file says, and what is wrong with it before anybody is asked.

A file is what its JSON, which is YAML as well, becomes in Python. Only what segctl(8)
says of files is here; what is in force already is none of its business.
"""

import ipaddress
import re
from collections import namedtuple

POOLS_MAX = FAILSAFE_MAX = 64
PREFIXES_MAX = 64
RULES_MAX = 4096
OWN_RULES_MAX = 32
BINDINGS_MAX = 16
ASSET_MAX = 32
LIMIT_MAX = 16777216
TIME_MAX = 2000000

SETTINGS = {
    "tcp_new": 60, "tcp_established": 7440, "tcp_closing": 120, "tcp_closed": 10,
    "udp_new": 30, "udp_replied": 120, "icmp": 30, "other": 600, "sessions": 65536,
    "device_sessions": 1024, "devices": 1048576, "deny_interval": 10, "pickup": 0,
    "half_open": 16384, "device_half_open": 256, "grant_max": 86400,
    "record_interval": 3600, "record_backlog": 4096,
}

SETTINGS_ZERO = {"pickup", "record_interval", "record_backlog"}
SETTINGS_MAX = {"sessions": LIMIT_MAX, "device_sessions": LIMIT_MAX, "devices": LIMIT_MAX,
                "half_open": LIMIT_MAX, "device_half_open": LIMIT_MAX,
                "record_backlog": 65536}

PROTOS = {"icmp": 1, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51,
          "sctp": 132, "udplite": 136}
WITH_PORTS = {6, 17, 33, 132, 136}
NAME = re.compile(r"[A-Za-z0-9_.-]{1,31}")

# `peer` is ("set", name), ("nets", prefixes), ("self",) or ("any",).
Rule = namedtuple("Rule", "way proto low high peer label")


class BadFile(Exception):
    """A file that is refused for itself; what it says is a word of the sentence."""


def listed(value):
    """Return what may be one value, a list or nothing as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def prefix(text):
    """Return the network that a text spells, or raise ValueError."""
    net = ipaddress.ip_network(text)
    if net.version == 6 and net.prefixlen <= 96 and net[0] <= MAPPED <= net[-1]:
        raise ValueError("it would stand for IPv4 as well")
    return net


MAPPED = ipaddress.ip_address("::ffff:0:0")


def inside(net, pools):
    """Say whether a prefix lies in one of the pools."""
    return any(net.version == p.version and net.subnet_of(p) for p in pools)


def overlap(net, pools):
    """Say whether a prefix and one of the pools have an address in common."""
    return any(net.version == p.version and net.overlaps(p) for p in pools)


def luhn(iccid):
    """Say whether the check digit of an ICCID is right."""
    digits = [int(c) for c in reversed(iccid)]
    return sum(d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(digits)) % 10 == 0


def is_iccid(text):
    """Say whether it is an ICCID, whatever its check digit."""
    return re.fullmatch(r"[0-9]{18,20}", text) is not None


def prefixes(texts, most):
    """Return a set of prefixes; each may be there once."""
    nets = []
    for text in listed(texts):
        try:
            nets.append(prefix(text))
        except ValueError:
            raise BadFile("bad|bits set|IPv4 as well") from None
    if len(nets) > most:
        raise BadFile("more than %d" % most)
    if len(set(nets)) != len(nets):
        raise BadFile("duplicate|twice")
    return frozenset(nets)


def proto_number(text):
    """Return the number of a protocol, None for any."""
    if text == "any":
        return None
    if text in PROTOS:
        return PROTOS[text]
    try:
        number = int(text)
    except ValueError:
        raise BadFile("protocol") from None
    if not 1 <= number <= 255:
        raise BadFile("protocol")
    return number


def port_range(text):
    """Return the two ends of a port or range."""
    low, _, high = str(text).partition("-")
    try:
        low, high = int(low), int(high or low)
    except ValueError:
        raise BadFile("port") from None
    if not 1 <= low <= high <= 65535:
        raise BadFile("port")
    return low, high


def peer_of(value, sets):
    """Return the peer of a rule; `sets` are the names that there are."""
    if value in ("any", "self"):
        return (value,)
    if isinstance(value, str):
        try:
            return ("nets", frozenset([prefix(value)]))
        except ValueError:
            pass
        if value not in sets:
            raise BadFile("peer|address|prefix|bits set")
        return ("set", value)
    nets = prefixes(value, PREFIXES_MAX)
    if not nets:
        raise BadFile("empty list")
    return ("nets", nets)


def rules_of(spec, way, sets):
    """Return the rules that one entry of a list stands for: one a port."""
    if ("to" if way == "out" else "from") not in spec:
        raise BadFile("to|from|peer")
    peer = peer_of(spec["to" if way == "out" else "from"], sets)
    proto = proto_number(str(spec.get("proto", "any")))
    label = spec.get("label")
    if label is not None and not NAME.fullmatch(label):
        raise BadFile("label")
    ports = [port_range(p) for p in listed(spec.get("port"))]
    if ports and proto not in WITH_PORTS:
        raise BadFile("port")
    return [Rule(way, proto, low, high, peer, label) for low, high in ports or [(None, None)]]


def rule_list(spec, sets, most):
    """Return all rules of a policy or device, numbered as they stand."""
    rules = []
    for key, entries in spec.items():
        if key in ("out", "in"):
            for entry in listed(entries):
                rules += rules_of(entry, key, sets)
    for way in ("out", "in"):
        if sum(rule.way == way for rule in rules) > most:
            raise BadFile("more than %d" % most)
    if len(rules) > most:
        raise BadFile("more than %d" % most)
    return tuple(rules)


class Policy(namedtuple("Policy", "observe rules")):
    """A named allow-list."""


class Device:
    """A device as the file has it, and as it is in force."""

    def __init__(self, policy, asset=None, addrs=None, rules=()):
        self.policy = policy
        self.asset = asset or None
        self.addrs = dict(addrs or {})      # prefix -> interface, pattern or None
        self.rules = rules

    def same(self, other):
        """Say whether there is nothing to change."""
        return vars(self) == vars(other)

    def copy(self):
        """Return one that may change apart from this."""
        return Device(self.policy, self.asset, self.addrs, self.rules)


def addresses(spec):
    """Yield (prefix, where it arrives) of a device."""
    for addr in listed(spec.get("addr")):
        text, dev = (addr["addr"], addr.get("dev")) if isinstance(addr, dict) else (addr, None)
        try:
            yield prefix(text), dev or spec.get("dev")
        except ValueError:
            raise BadFile("address|prefix|bits set|IPv4 as well") from None


class Ruleset:
    """Pools, failsafe prefixes, policies and settings, and the names of peer sets."""

    def __init__(self):
        self.pools = frozenset()
        self.failsafe = frozenset()
        self.policies = {}
        self.settings = dict(SETTINGS)
        self.names = frozenset()

    def key(self):
        """Return what names it: two that are the same have the same."""
        return (self.pools, self.failsafe, self.names, tuple(sorted(self.settings.items())),
                tuple(sorted(self.policies.items())))


class File:
    """A file that has been read; BadFile if segctl would not take it."""

    def __init__(self, spec, strict=False):
        self.ruleset = Ruleset()
        self.ruleset.pools = prefixes(spec["pools"], POOLS_MAX)
        self.ruleset.failsafe = prefixes(spec.get("failsafe"), FAILSAFE_MAX)
        self.peers = {}
        self.devices = None
        self.interfaces = spec.get("interfaces") or []
        self.read_peers(spec.get("peers") or {})
        self.read_settings(spec.get("settings") or {})
        for name, policy in (spec.get("policies") or {}).items():
            if not NAME.fullmatch(name):
                raise BadFile("bad name")
            rules = rule_list(policy, self.peers, RULES_MAX)
            self.ruleset.policies[name] = Policy(bool(policy.get("observe")), rules)
        if "devices" in spec:
            self.devices = {}
            for device in spec["devices"]:
                self.read_device(device, strict)
            self.check_owners()

    def read_peers(self, peers):
        """Peer sets: names that rules cannot take for something else."""
        for name, nets in peers.items():
            if not NAME.fullmatch(name) or name in ("self", "any"):
                raise BadFile("name")
            self.peers[name] = prefixes(nets, 65536)
        self.ruleset.names = frozenset(self.peers)

    def read_settings(self, settings):
        """Settings are numbers; few may be 0."""
        for name, value in settings.items():
            if name not in SETTINGS:
                raise BadFile("unknown key")
            most = SETTINGS_MAX.get(name, TIME_MAX)
            if not (name not in SETTINGS_ZERO) <= value <= most:
                raise BadFile("bad value")
            self.ruleset.settings[name] = value

    def read_device(self, spec, strict):
        """One device; who else has its addresses is asked when all are read."""
        iccid = spec["iccid"]
        if not is_iccid(iccid):
            raise BadFile("bad ICCID")
        if strict and not luhn(iccid):
            raise BadFile("check digit")
        if iccid in self.devices:
            raise BadFile("duplicate|twice")
        if spec["policy"] not in self.ruleset.policies:
            raise BadFile("policy")
        asset = spec.get("asset")
        if asset is not None and (not asset or len(asset.encode()) > ASSET_MAX):
            raise BadFile("asset")
        if spec.get("dev") and "addr" not in spec:
            raise BadFile("dev needs addr")
        pairs = list(addresses(spec))
        if len(pairs) > BINDINGS_MAX:
            raise BadFile("more than %d" % BINDINGS_MAX)
        if len(dict(pairs)) != len(pairs):
            raise BadFile("duplicate|twice")
        self.devices[iccid] = Device(spec["policy"], asset, pairs,
                                     rule_list(spec, self.peers, OWN_RULES_MAX))

    def check_owners(self):
        """Each address lies in a pool, and has one owner."""
        seen = set()
        for device in self.devices.values():
            for net in device.addrs:
                if not inside(net, self.ruleset.pools):
                    raise BadFile("outside|pool")
                if net in seen:
                    raise BadFile("duplicate|twice")
                seen.add(net)
