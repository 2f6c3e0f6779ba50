# SPDX-License-Identifier: GPL-2.0-or-later
"""What the operator has said: the ruleset, the registry, and changes to both.

Nothing here judges a packet. A change that must be refused never comes here;
one that names what does not exist is a mistake of the scenario.
"""

from model_addr import PrefixMap, parse_addr, parse_prefix, prefix_set

PROTOCOLS = {
    "any": None,
    "icmp": 1,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "sctp": 132,
    "udplite": 136,
}


class ScenarioError(Exception):
    """The scenario asks for what cannot be."""


def as_list(value):
    """Return what may be one value, a list or nothing as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def port_range(text):
    """Return (low, high) of a port or a range."""
    low, _, high = str(text).partition("-")
    return int(low), int(high or low)


class Rule:
    """One line of an allow-list."""

    def __init__(self, spec, direction, peer_sets):
        proto = spec.get("proto", "any")
        self.proto = PROTOCOLS[proto] if proto in PROTOCOLS else int(proto)
        self.ports = [port_range(port) for port in as_list(spec.get("port"))]
        self.set_name = self.prefixes = None
        self.peer = spec["to" if direction == "out" else "from"]
        if self.peer in ("any", "self"):
            return
        if isinstance(self.peer, str) and self.peer in peer_sets:
            self.set_name = self.peer
            return
        try:
            self.prefixes = prefix_set(as_list(self.peer))
        except ValueError:
            self.set_name = self.peer

    def matches(self, family, proto, kind, dport):
        """Say whether it is about this kind of flow, whoever the peer is."""
        if self.proto is not None and self.proto != proto:
            # ICMP stands for ICMPv6 as well, where that is ICMPv6.
            if not (self.proto == 1 and proto == 58 and family == 6):
                return False
        if not self.ports:
            return True
        return kind == "ports" and any(low <= dport <= high for low, high in self.ports)

    def peer_matches(self, peer, config):
        """Say whether the peer is the one that is meant."""
        if self.prefixes is not None:
            return self.prefixes.lookup(peer) is not None
        if self.set_name is not None:
            members = config.peer_sets.get(self.set_name)
            return members is not None and members.lookup(peer) is not None
        return self.peer == "any" or peer in config.own


class RuleList:
    """The rules of a policy, or of one device, by direction."""

    def __init__(self, spec, peer_sets):
        self.spec = {key: spec.get(key) for key in ("out", "in", "observe")}
        self.names = set(peer_sets)
        self.observe = bool(spec.get("observe", False))
        self.rules = {
            direction: [Rule(rule, direction, peer_sets) for rule in as_list(spec.get(direction))]
            for direction in ("out", "in")
        }
        self.chosen = {}

    def is_made_from(self, spec, peer_sets):
        """Say whether the same text, with the same names of sets, made it."""
        return self.names == set(peer_sets) and all(
            spec.get(key) == value for key, value in self.spec.items()
        )

    def allow(self, direction, flow, peer, config):
        """Say whether a rule allows the flow.

        Which rules are about a protocol and a port is found once; only the
        peer is compared for each packet.
        """
        proto, kind, *_, dport = flow
        key = (direction, peer[0], proto, kind, dport)
        rules = self.chosen.get(key)
        if rules is None:
            rules = [r for r in self.rules[direction] if r.matches(peer[0], proto, kind, dport)]
            self.chosen[key] = rules
        return any(rule.peer_matches(peer, config) for rule in rules)


def rule_list(spec, peer_sets, before=None):
    """Make a list of rules, or keep the one from before if nothing has changed."""
    if before is not None and before.is_made_from(spec, peer_sets):
        return before
    return RuleList(spec, peer_sets)


class Device:
    """One SIM-connected endpoint; compared by identity, so that one that was
    deleted and came again is another."""

    __slots__ = ("iccid", "policy", "own", "allow")

    def __init__(self, iccid, policy, own):
        self.iccid = iccid
        self.policy = policy
        self.own = own
        self.allow = None

    @property
    def quarantined(self):
        """Say whether it is cut off; `allow` is its responder then."""
        return self.allow is not None


class Binding:
    """Whose an address is, and where it may appear."""

    __slots__ = ("device", "dev")

    def __init__(self, device, dev):
        self.device = device
        self.dev = dev

    def may_appear_on(self, link):
        """Say whether a source may come in there."""
        if self.dev is None:
            return True
        if self.dev.endswith("*"):
            return link.startswith(self.dev[:-1])
        return link == self.dev


class Config:
    """Ruleset and registry of one gateway."""

    def __init__(self, own):
        self.own = {parse_addr(text) for text in own}
        self.pools = PrefixMap()
        self.policies = {}
        self.peer_sets = {}
        self.devices = {}
        self.bindings = PrefixMap()
        self.held = {}
        self.pickup = None

    def apply(self, ruleset):
        """Make everything equal to the file, but for quarantine."""
        self.pools = prefix_set(ruleset.get("pools") or [])
        self.peer_sets = {
            name: prefix_set(as_list(prefixes))
            for name, prefixes in (ruleset.get("peers") or {}).items()
        }
        self.policies = {
            name: rule_list(spec or {}, self.peer_sets, self.policies.get(name))
            for name, spec in (ruleset.get("policies") or {}).items()
        }
        pickup = int((ruleset.get("settings") or {}).get("pickup", 0)) > 0
        if self.pickup is None or not pickup:
            # It counts from the first ruleset; a later one can only end it.
            self.pickup = pickup
        if "devices" in ruleset:
            self.replace_devices(as_list(ruleset["devices"]))

    def replace_devices(self, specs):
        """Make devices and bindings equal to the file; who is quarantined stays."""
        listed = {spec["iccid"]: spec for spec in specs}
        kept = {d for d in self.devices.values() if d.quarantined and d.iccid not in listed}
        self.devices = {
            iccid: d for iccid, d in self.devices.items() if iccid in listed or d in kept
        }
        old = list(self.bindings.items())
        self.bindings = PrefixMap((p, b) for p, b in old if b.device in kept)
        for iccid, spec in listed.items():
            self.add_device(spec, self.devices.get(iccid))

    def add_device(self, spec, device=None):
        """Add a device as the file writes it, or change the one that there is."""
        iccid = spec["iccid"]
        own = rule_list(spec, self.peer_sets, device and device.own)
        if device is None:
            device = self.devices[iccid] = Device(iccid, spec["policy"], own)
            device.allow = self.held.pop(iccid, None)
        device.policy, device.own = spec["policy"], own
        for addr in as_list(spec.get("addr")):
            self.bindings[parse_prefix(addr)] = Binding(device, spec.get("dev"))

    def device(self, iccid):
        """Return a device that has to exist."""
        try:
            return self.devices[iccid]
        except KeyError:
            raise ScenarioError(f"no device {iccid}") from None

    def delete_device(self, iccid):
        """Take a device away, with its bindings."""
        device = self.device(iccid)
        del self.devices[iccid]
        for prefix in [p for p, b in self.bindings.items() if b.device is device]:
            del self.bindings[prefix]

    def bind(self, iccid, addr, dev=None):
        """Give a device an address, whoever has had it."""
        self.bindings[parse_prefix(addr)] = Binding(self.device(iccid), dev)

    def unbind(self, iccid, addr=None):
        """Take one address, or all, from a device."""
        device = self.device(iccid)
        if addr is None:
            prefixes = [p for p, b in self.bindings.items() if b.device is device]
        else:
            prefixes = [parse_prefix(addr)]
        for prefix in prefixes:
            binding = self.bindings.exact(prefix)
            if binding is None or binding.device is not device:
                raise ScenarioError(f"{iccid} does not have {addr}")
            del self.bindings[prefix]

    def quarantine(self, iccid, allow):
        """Cut a device off; an ICCID that is not known is held."""
        members = PrefixMap()
        for name in as_list(allow):
            if name in self.peer_sets:
                for prefix, _ in self.peer_sets[name].items():
                    members[prefix] = True
            else:
                members[parse_prefix(name)] = True
        if iccid in self.devices:
            self.devices[iccid].allow = members
        else:
            self.held[iccid] = members

    def release(self, iccid):
        """End a quarantine."""
        if iccid not in self.devices:
            self.held.pop(iccid, None)
            return
        self.devices[iccid].allow = None

    def change_peer(self, name, prefix, present):
        """Add a prefix to a peer set, or take it out."""
        if name not in self.peer_sets:
            raise ScenarioError(f"no peer set {name}")
        members = self.peer_sets[name]
        prefix = parse_prefix(prefix)
        if present:
            members[prefix] = True
        elif members.exact(prefix):
            del members[prefix]

    def owner(self, addr):
        """Return the device of an address, or None; own addresses have none."""
        if addr in self.own:
            return None
        binding = self.bindings.lookup(addr)
        return binding.device if binding else None
