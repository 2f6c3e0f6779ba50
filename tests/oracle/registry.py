# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario's ruleset and changes have come to: who owns which address.

The generator asks this to make packets that mean something, the translation to
nftables to know what its sets hold. It judges nothing.
"""

import ipaddress

LIMITS = ("sessions", "device_sessions", "half_open", "device_half_open")
FEW = 100               # below that a scenario has sessions that go for want of room


def net(text):
    return ipaddress.ip_network(text)


def span(network):
    """(family, first, last)"""
    return (network.version, int(network.network_address), int(network.broadcast_address))


class Device:
    def __init__(self, iccid, policy, rules=None):
        self.iccid = iccid
        self.policy = policy
        self.own = rules or {"out": [], "in": []}
        self.bindings = {}      # network -> name or pattern of a link, or None
        self.quarantined = False
        self.allow = []


def listed(value):
    return value if isinstance(value, list) else [value]


class Registry:
    def __init__(self, world):
        self.links = world["links"]
        self.self_addrs = list(world["self"])
        self.pools = []
        self.peers = {}
        self.policies = {}
        self.devices = {}
        self.settings = {}
        self.found = {}         # what device_at() has said since the last change
        self.apply(world["ruleset"])

    def apply(self, ruleset):
        self.pools = [net(p) for p in ruleset["pools"]]
        self.peers = {name: {net(p) for p in prefixes}
                      for name, prefixes in ruleset.get("peers", {}).items()}
        self.policies = ruleset.get("policies", {})
        self.settings = ruleset.get("settings", {})
        if "devices" not in ruleset:
            return
        before = self.devices
        self.devices = {}
        for d in ruleset["devices"]:
            device = Device(d["iccid"], d["policy"],
                            {way: d.get(way, []) for way in ("out", "in")})
            for addr in listed(d.get("addr", [])):
                device.bindings[net(addr)] = d.get("dev")
            old = before.get(d["iccid"])
            if old:
                device.quarantined, device.allow = old.quarantined, old.allow
            self.devices[d["iccid"]] = device
        taken = {n for d in self.devices.values() for n in d.bindings}
        for iccid, device in before.items():
            if device.quarantined and iccid not in self.devices:
                for network in taken & set(device.bindings):
                    del device.bindings[network]
                self.devices[iccid] = device

    def change(self, line):
        if line.get("refused"):
            return
        self.found = {}
        getattr(self, "_" + line["change"].replace("-", "_"))(line)

    def _apply(self, line):
        self.apply(line["ruleset"])

    def _quarantine(self, line):
        device = self.devices[line["iccid"]]
        device.quarantined = True
        device.allow = [net(a) for a in line.get("allow", [])]

    def _release(self, line):
        device = self.devices[line["iccid"]]
        device.quarantined, device.allow = False, []

    def _bind(self, line):
        network = net(line["addr"])
        for device in self.devices.values():
            device.bindings.pop(network, None)
        self.devices[line["iccid"]].bindings[network] = line.get("dev")

    def _unbind(self, line):
        del self.devices[line["iccid"]].bindings[net(line["addr"])]

    def _device_add(self, line):
        self.devices[line["iccid"]] = Device(line["iccid"], line["policy"])

    def _device_del(self, line):
        del self.devices[line["iccid"]]

    def _peer_add(self, line):
        self.peers[line["peer"]].add(net(line["prefix"]))

    def _peer_del(self, line):
        self.peers[line["peer"]].discard(net(line["prefix"]))

    def _kill(self, line):
        pass

    def _rest(self, line):
        pass

    def owner_of(self, network):
        """ICCID of whose binding is exactly this prefix, or None."""
        for device in self.devices.values():
            if network in device.bindings:
                return device.iccid
        return None

    def device_at(self, addr):
        """(device, where it is bound), by the longest prefix; (None, None)."""
        got = self.found.get(addr)
        if got is None:
            got = self.found[addr] = self.look_up(addr)
        return got

    def look_up(self, addr):
        addr = ipaddress.ip_address(addr)
        best = None
        for device in self.devices.values():
            for network, dev in device.bindings.items():
                if addr in network and (not best or network.prefixlen > best[0]):
                    best = (network.prefixlen, device, dev)
        return best[1:] if best else (None, None)

    def in_pool(self, addr):
        addr = ipaddress.ip_address(addr)
        return any(addr in pool for pool in self.pools)

    def is_limited(self):
        """May a session have to go because there are too many?"""
        return any(self.settings.get(name, FEW) < FEW for name in LIMITS)

    def links_of(self, dev):
        """The sim links that a binding's name or pattern, or its absence, means."""
        sims = [name for name, side in self.links.items() if side == "sim"]
        if dev is None:
            return sims
        if dev.endswith("*"):
            return [name for name in sims if name.startswith(dev[:-1])]
        return [name for name in sims if name == dev]

    def owners(self):
        """Disjoint (family, first, last, device, dev): the longest prefix has won."""
        entries = sorted((span(n) + (d, dev) for d in self.devices.values()
                          for n, dev in d.bindings.items()),
                         key=lambda e: (e[0], e[1], -e[2]))
        out, stack = [], []
        at = 0

        def close():
            nonlocal at
            family, _, last, device, dev = stack.pop()
            if at <= last:
                out.append((family, at, last, device, dev))
                at = last + 1

        for entry in entries:
            while stack and (stack[-1][0] != entry[0] or stack[-1][2] < entry[1]):
                close()
            if stack and at < entry[1]:
                out.append((entry[0], at, entry[1] - 1) + stack[-1][3:])
            stack.append(entry)
            at = entry[1]
        while stack:
            close()
        return out
