#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same ruleset as a gateway with nftables alone would have it.

usage: nft.py SCENARIO        prints the rules for the scenario's first line

Written as somebody would who knows nftables and has no simseg: forged sources
are dropped before anything else looks at them; what belongs to a connection
passes; a new one is asked by the source's policy and by the destination's, one
chain each, found through a map; everything else about a pool is dropped. Each
decision is logged to group 1 with its name.
"""

import ipaddress
import json
import sys

from registry import Registry, listed, net, span

TABLE = "inet gw"
GUARD = "netdev guard"
FAMILIES = ((4, "ip", "ipv4_addr"), (6, "ip6", "ipv6_addr"))


def merged(spans):
    """Ranges of numbers without overlaps or neighbours."""
    out = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1] + 1:
            out[-1][1] = max(out[-1][1], last)
        else:
            out.append([first, last])
    return [tuple(r) for r in out]


def addr_text(family, number):
    kind = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    return str(kind(number))


def range_text(family, first, last):
    if first == last:
        return addr_text(family, first)
    return "%s-%s" % (addr_text(family, first), addr_text(family, last))


def networks(family, nets):
    return [range_text(family, *r) for r in
            merged(span(n)[1:] for n in nets if n.version == family)]


def say(prefix, verdict):
    return 'log prefix "%s" group 1 %s' % (prefix, verdict)


def ports_of(rule):
    spans = []
    for port in listed(rule["port"]):
        low, _, high = str(port).partition("-")
        spans.append((int(low), int(high or low)))
    return ", ".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in merged(spans))


class Translation:
    """Keeps what the kernel has, so that a change sends what differs."""

    def __init__(self, world):
        self.registry = Registry(world)
        self.numbers = {}
        self.structure = None
        self.sets = {}

    def number(self, name):
        """nft's names have fewer characters than ours."""
        return self.numbers.setdefault(name, len(self.numbers))

    def change(self, line):
        self.registry.change(line)

    # ---- rules ------------------------------------------------------------

    def peer_matches(self, rule, way):
        """One match for each family, or one for both."""
        peer = rule["to" if way == "out" else "from"]
        field = "daddr" if way == "out" else "saddr"
        if peer == "any":
            return [""]
        if peer == "self":
            return ["%s %s @self%d" % (ip, field, v) for v, ip, _ in FAMILIES]
        if not isinstance(peer, list) and peer in self.registry.peers:
            return ["%s %s @s%d_%d" % (ip, field, self.number("peer " + peer), v)
                    for v, ip, _ in FAMILIES]
        nets = [net(p) for p in listed(peer)]
        return ["%s %s { %s }" % (ip, field, ", ".join(networks(v, nets)))
                for v, ip, _ in FAMILIES if networks(v, nets)]

    def rule_lines(self, rule, way):
        proto = str(rule.get("proto", "any"))
        match = ""
        if proto == "icmp":
            match = "meta l4proto { icmp, ipv6-icmp } "
        elif proto != "any":
            match = "meta l4proto %s " % proto
        if "port" in rule:
            match += "th dport { %s } " % ports_of(rule)
        return ["%s%s return" % (match, peer) for peer in self.peer_matches(rule, way)]

    def policy_chains(self):
        out = []
        for name, policy in self.registry.policies.items():
            for way in ("out", "in"):
                lines = [line for rule in policy.get(way, [])
                         for line in self.rule_lines(rule, way)]
                end = "return" if policy.get("observe") else say("rule", "drop")
                out.append(self.chain("p%d_%s" % (self.number("policy " + name), way),
                                      lines + [end]))
        return out

    def device_chains(self):
        """A chain for who has rules of its own; the policy comes after them."""
        out = []
        for device in self.registry.devices.values():
            for way in ("out", "in"):
                if not device.own[way] or device.policy not in self.registry.policies:
                    continue
                lines = [line for rule in device.own[way] for line in self.rule_lines(rule, way)]
                out.append(self.chain(self.chain_of(device, way),
                                      lines + ["goto " + self.policy_chain(device, way)]))
        return out

    def policy_chain(self, device, way):
        if device.policy not in self.registry.policies:
            return "nothing"
        return "p%d_%s" % (self.number("policy " + device.policy), way)

    def chain_of(self, device, way):
        if device.own[way] and device.policy in self.registry.policies:
            return "d%s_%s" % (device.iccid, way)
        return self.policy_chain(device, way)

    @staticmethod
    def chain(name, lines):
        return "\tchain %s {\n%s\t}\n" % (name, "".join("\t\t%s\n" % line for line in lines))

    def base_chains(self):
        sims = ", ".join('"%s"' % s for s in self.registry.links_of(None))
        first = ["type filter hook prerouting priority -450;"]
        for v, ip, _ in FAMILIES:
            here = {"v": v, "ip": ip, "sims": sims}
            if sims:
                first += [line % here for line in (
                    "iifname { %(sims)s } iifname . %(ip)s saddr != @bound%(v)d "
                    + say("spoofed", "drop"),
                    "iifname != { %(sims)s } %(ip)s saddr @pools%(v)d " + say("spoofed", "drop"))]
            else:
                first.append("%(ip)s saddr @pools%(v)d " % here + say("spoofed", "drop"))
            first += [line % here for line in (
                "%(ip)s daddr @pools%(v)d %(ip)s daddr != @owned%(v)d %(ip)s daddr != @self%(v)d "
                + say("unbound", "drop"),
                "%(ip)s saddr @held%(v)d %(ip)s saddr . %(ip)s daddr != @responder%(v)d "
                + say("quarantined", "drop"),
                "%(ip)s daddr @held%(v)d %(ip)s daddr != @self%(v)d "
                "%(ip)s daddr . %(ip)s saddr != @responder%(v)d " + say("quarantined", "drop"))]
        return [self.chain("addresses", first),
                self.chain("nothing", [say("no-policy", "drop")]),
                self.chain("connection", self.connection_lines()),
                self.chain("forward", self.hook_lines("forward")),
                self.chain("input", self.hook_lines("input"))]

    @staticmethod
    def connection_lines():
        return ["rt type 0 " + say("rt0", "drop"),
                "ip saddr . ip daddr @responder4 " + say("responder", "accept"),
                "ip daddr . ip saddr @responder4 " + say("responder", "accept"),
                "ip6 saddr . ip6 daddr @responder6 " + say("responder", "accept"),
                "ip6 daddr . ip6 saddr @responder6 " + say("responder", "accept"),
                "ct state invalid " + say("invalid", "drop"),
                "ct state established " + say("established", "accept"),
                "ct state related " + say("related", "accept"),
                "ct state untracked " + say("untracked", "drop"),
                "tcp flags & (fin | syn | rst | ack) != syn " + say("not-syn", "drop")]

    @staticmethod
    def hook_lines(hook):
        forward = hook == "forward"
        lines = ["type filter hook %s priority filter; policy drop;" % hook]
        for v, ip, _ in FAMILIES:
            other = " %s daddr != @pools%d" % (ip, v) if forward else ""
            lines.append("%s saddr != @pools%d%s %s" % (ip, v, other, say("ungoverned", "accept")))
        lines.append("jump connection")
        for _, ip, _ in FAMILIES:
            lines.append("%s saddr vmap @out%s" % (ip, ip[2:] or "4"))
            if forward:
                lines.append("%s daddr vmap @in%s" % (ip, ip[2:] or "4"))
        return lines + [say("new", "accept")]

    # ---- sets -------------------------------------------------------------

    def declarations(self):
        out = []
        for v, _, kind in FAMILIES:
            names = ["pools%d", "self%d", "owned%d", "held%d"]
            names = [n % v for n in names]
            names += ["s%d_%d" % (self.number("peer " + p), v) for p in self.registry.peers]
            for name in names:
                out.append("\tset %s { type %s; flags interval; }\n" % (name, kind))
            out.append("\tset bound%d { type ifname . %s; flags interval; }\n" % (v, kind))
            out.append("\tset responder%d { type %s . %s; flags interval; }\n" % (v, kind, kind))
            for way in ("out", "in"):
                out.append("\tmap %s%d { type %s : verdict; flags interval; }\n" % (way, v, kind))
        return out

    def guard(self):
        """What leaves a sim link has to be at home there."""
        out = []
        for n, link in enumerate(self.registry.links_of(None)):
            lines = ['type filter hook egress device "%s" priority 0;' % link]
            for v, ip, kind in FAMILIES:
                out += ["\tset at%d_%d { type %s; flags interval; }\n" % (n, v, kind)]
                lines.append("%s daddr @pools%d %s daddr != @at%d_%d %s"
                             % (ip, v, ip, n, v, say("egress", "drop")))
            out.append(self.chain("egress%d" % n, lines))
        pools = ["\tset pools%d { type %s; flags interval; }\n" % (v, kind)
                 for v, _, kind in FAMILIES]
        return pools + out

    def elements(self):
        """Of every set: (kind, table, name) -> list of texts."""
        reg = self.registry
        owners = reg.owners()
        sets = {}

        def add(name, texts, table=TABLE, kind="set"):
            sets[(kind, table, name)] = texts

        for v, _, _ in FAMILIES:
            mine = [o for o in owners if o[0] == v]
            add("pools%d" % v, networks(v, reg.pools))
            add("pools%d" % v, networks(v, reg.pools), GUARD)
            add("self%d" % v, networks(v, [net(a) for a in reg.self_addrs]))
            for name, nets in reg.peers.items():
                add("s%d_%d" % (self.number("peer " + name), v), networks(v, nets))
            add("owned%d" % v, self.ranges(v, mine))
            add("held%d" % v, self.ranges(v, [o for o in mine if o[3].quarantined]))
            add("bound%d" % v, ['"%s" . %s' % (link, range_text(v, o[1], o[2])) for o in mine
                                for link in reg.links_of(o[4])])
            add("responder%d" % v, ["%s . %s" % (range_text(v, o[1], o[2]), peer) for o in mine
                                    if o[3].quarantined for peer in networks(v, o[3].allow)])
            for way in ("out", "in"):
                add("%s%d" % (way, v), ["%s : jump %s" % (range_text(v, o[1], o[2]),
                                                          self.chain_of(o[3], way))
                                        for o in mine], kind="map")
            for n, link in enumerate(reg.links_of(None)):
                add("at%d_%d" % (n, v),
                    self.ranges(v, [o for o in mine if link in reg.links_of(o[4])]), GUARD)
        return sets

    @staticmethod
    def ranges(v, owners):
        return [range_text(v, *r) for r in merged((o[1], o[2]) for o in owners)]

    # ---- what is sent -----------------------------------------------------

    def commands(self):
        """What makes the kernel's rules equal to the registry; "" if they are."""
        structure = "table %s {\n%s}\n" % (TABLE, "".join(
            self.declarations() + self.policy_chains() + self.device_chains()
            + self.base_chains()))
        structure += "table %s {\n%s}\n" % (GUARD, "".join(self.guard()))
        sets = self.elements()
        out = []
        known = self.sets
        if structure != self.structure:
            if self.structure is not None:
                out += ["delete table %s\n" % t for t in (TABLE, GUARD)]
            out.append(structure)
            known = {}
        for where, texts in sets.items():
            if known.get(where, []) == texts:
                continue
            if known.get(where):
                out.append("flush %s %s %s\n" % where)
            if texts:
                out.append("add element %s %s { %s }\n" % (where[1], where[2], ", ".join(texts)))
        self.structure, self.sets = structure, sets
        return "".join(out)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: nft.py SCENARIO")
    with open(sys.argv[1], encoding="utf-8") as f:
        world = json.loads(f.readline())
    print(Translation(world).commands(), end="")


if __name__ == "__main__":
    main()
