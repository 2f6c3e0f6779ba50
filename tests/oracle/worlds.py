# SPDX-License-Identifier: GPL-2.0-or-later
"""Random worlds: links, addresses, policies, devices, and changes to them."""

import ipaddress

from registry import Registry

SERVERS4 = ["10.20.0.%d" % n for n in range(1, 25)] + ["198.51.100.7", "203.0.113.9"]
SERVERS6 = ["fd20::%x" % n for n in range(1, 25)] + ["2001:db8:7::9"]
PREFIXES = ["10.20.0.0/24", "10.20.0.0/28", "10.20.0.4/30", "10.20.0.5/32", "10.20.0.8/29",
            "10.0.0.0/8", "198.51.100.0/24", "0.0.0.0/0", "fd20::/64", "fd20::5/128",
            "fd20::8/125", "fd20::/16", "2001:db8::/32", "10.64.0.0/16", "10.64.0.8/29",
            "fd64::/48", "fd64::10/124", "192.0.2.1/32", "fd63::1/128"]
PORTS = [22, 53, 80, 123, 443, 1024, 2404, 4059, 5683, 5684, 8080, 8883, 20000, 65535]
PROTOS = ["tcp"] * 8 + ["udp"] * 5 + ["icmp"] * 3 + ["sctp", "sctp", "gre", "esp", "dccp",
                                                     "udplite", "any", "any", 89, 41, 4]
WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite")
# Time does not pass in a scenario: nothing shall run out on a slow machine.
SETTINGS = {"tcp_new": 3600, "tcp_closing": 3600, "tcp_closed": 3600, "udp_new": 3600,
            "udp_replied": 3600, "icmp": 3600, "other": 3600}
# More than any scenario has packets.
ENOUGH = {"sessions": 1000000, "device_sessions": 1000000, "half_open": 1000000,
          "device_half_open": 1000000}


def luhn(digits):
    total = 0
    for n, c in enumerate(reversed(digits)):
        value = int(c) * (1 + (n + 1) % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def iccid(n):
    digits = "898822800000000%03d" % n
    return digits + luhn(digits)


class Maker:
    """Draws a world from a random.Random; the same numbers, the same world."""

    def __init__(self, rng):
        self.rng = rng
        self.n_devices = rng.choice([1, 2, 3, 5, 8, 12, 20, 40, 80, 200])
        self.policy_names = ["policy-%d" % n for n in range(rng.randint(1, 6))]
        self.peer_names = ["peers_%d" % n for n in range(rng.randint(1, 5))]
        self.limited = rng.choice([(), (), ("device",), ("total",), ("device", "total")])
        self.pickup = rng.choice([0, 0, 3600])
        if self.limited:        # more of them would seldom have enough to say
            self.n_devices = min(self.n_devices, 12)

    def settings(self):
        """Limits are small in some worlds: for each device, in total, or both."""
        rng = self.rng
        settings = {**SETTINGS, **ENOUGH, "pickup": self.pickup}
        if "device" in self.limited:
            settings["device_sessions"] = rng.choice([2, 5, 10, 30])
            settings["device_half_open"] = rng.choice([1, 2, 4])
        if "total" in self.limited:
            settings["sessions"] = rng.choice([5, 20, 60])
            settings["half_open"] = rng.choice([2, 5, 15])
        return settings

    def links(self):
        links = {"wwan%d" % n: "sim" for n in range(self.rng.randint(1, 4))}
        links["net0"] = "net"
        if self.rng.random() < 0.4:
            links["net1"] = "net"
        if self.rng.random() < 0.3:
            links["lan0"] = "none"
        return links

    def port(self):
        rng = self.rng
        low = rng.choice(PORTS)
        if rng.random() < 0.6:
            return low
        return "%d-%d" % (low, min(65535, low + rng.choice([0, 1, 7, 100, 40000])))

    def peer(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.35:
            return rng.choice(self.peer_names)
        if roll < 0.5:
            return "any"
        if roll < 0.6:
            return "self"
        if roll < 0.8:
            return rng.choice(PREFIXES)
        return rng.sample(PREFIXES, rng.randint(1, 5))

    def rule(self, way):
        rng = self.rng
        rule = {"to" if way == "out" else "from": self.peer()}
        proto = rng.choice(PROTOS)
        if proto != "any" or rng.random() < 0.5:
            rule["proto"] = proto
        if proto in WITH_PORTS and rng.random() < 0.85:
            if rng.random() < 0.2:
                rule["port"] = [self.port() for _ in range(rng.randint(1, 3))]
            else:
                rule["port"] = self.port()
        return rule

    def policy(self):
        rng = self.rng
        out = {"observe": True} if rng.random() < 0.12 else {}
        for way in ("out", "in"):
            n = rng.choice([0, 1, 2, 3, 5, 8, 15, 25])
            if n:
                out[way] = [self.rule(way) for _ in range(n)]
        return out

    def peers(self):
        return {name: sorted(self.rng.sample(PREFIXES, self.rng.randint(0, 5)))
                for name in self.peer_names}

    def device(self, n, links):
        """One whose address, and where it is, follow from its number."""
        rng = self.rng
        sims = [name for name, side in links.items() if side == "sim"]
        addrs = []
        roll = rng.random()
        if roll < 0.9:
            addrs.append("10.64.%d.%d" % (n // 200, n % 200 + 8))
        if roll > 0.4:
            addrs.append("fd64::%x" % (n + 8) if rng.random() < 0.8
                         else "fd64:0:0:%x::/64" % (n + 8))
        if rng.random() < 0.1:
            addrs.append("10.64.%d.0/24" % (100 + n % 100))
        device = {"iccid": iccid(n), "policy": rng.choice(self.policy_names), "addr": addrs}
        roll = rng.random()
        if roll < 0.7:
            device["dev"] = sims[n % len(sims)]
        elif roll < 0.8:
            device["dev"] = "wwan*"
        if rng.random() < 0.15:
            for way in ("out", "in"):
                if rng.random() < 0.7:
                    device[way] = [self.rule(way) for _ in range(rng.randint(1, 3))]
        if not addrs:
            del device["addr"]
            device.pop("dev", None)
        return device

    def devices(self, links):
        out = [self.device(n, links) for n in range(self.n_devices)]
        seen = set()
        for device in out:
            device["addr"] = [a for a in device.get("addr", [])
                              if a not in seen and not seen.add(a)]
            if not device["addr"]:
                del device["addr"]
                device.pop("dev", None)
        return out

    def ruleset(self, links, devices=True):
        ruleset = {"version": 1, "pools": ["10.64.0.0/16", "fd64::/48"], "settings": self.settings(),
                   "peers": self.peers(),
                   "policies": {name: self.policy() for name in self.policy_names}}
        if devices:
            ruleset["devices"] = self.devices(links)
        return ruleset

    def world(self, seed):
        rng = self.rng
        links = self.links()
        ruleset = self.ruleset(links)
        own = ["192.0.2.1", "fd63::1"]
        if rng.random() < 0.3:
            own += ["10.64.255.1", "fd64::ffff:1"]
        routes = [["0.0.0.0/0", "net0"], ["::/0", "net0"], ["10.64.0.0/16", "wwan0"],
                  ["fd64::/48", "wwan0"]]
        if "net1" in links:
            routes += [["198.51.100.0/24", "net1"], ["2001:db8::/32", "net1"]]
        if "lan0" in links:
            routes += [["203.0.113.0/24", "lan0"]]
        sims = [name for name, side in links.items() if side == "sim"]
        for n, device in enumerate(ruleset["devices"]):
            for addr in device.get("addr", []):
                if rng.random() < 0.03:     # a route to where the device is not
                    link = rng.choice(sims)
                else:
                    link = device.get("dev", sims[n % len(sims)])
                link = sims[n % len(sims)] if link.endswith("*") else link
                routes.append([str(ipaddress.ip_network(addr)), link])
        return {"scenario": 1, "seed": seed, "links": links, "self": own,
                "routes": sorted(map(list, {tuple(r) for r in routes})), "ruleset": ruleset}


class Changes:
    """Random changes that a registry in its present state can take."""

    def __init__(self, maker, world):
        self.maker = maker
        self.rng = maker.rng
        self.world = world
        self.registry = Registry(world)
        self.next_device = maker.n_devices
        self.kills = []         # packets that may have opened a session

    def draw(self):
        """One change, already done in the registry; or None."""
        kinds = ["quarantine", "release", "bind", "unbind", "device-add", "device-del",
                 "peer-add", "peer-del", "kill", "kill", "apply", "apply"]
        kinds += ["kill"] * 10 if self.maker.limited else []
        line = getattr(self, self.rng.choice(kinds).replace("-", "_"))()
        if line:
            self.registry.change(line)
        return line

    def some_device(self, quarantined):
        have = [d for d in self.registry.devices.values() if d.quarantined == quarantined]
        return self.rng.choice(have) if have else None

    def quarantine(self):
        device = self.some_device(False)
        if not device:
            return None
        line = {"change": "quarantine", "iccid": device.iccid}
        if self.rng.random() < 0.5:
            line["allow"] = self.rng.sample(PREFIXES[:13], self.rng.randint(1, 2))
            line["allow"].append(self.rng.choice(SERVERS4))
        return line

    def release(self):
        device = self.some_device(True)
        return device and {"change": "release", "iccid": device.iccid}

    def sims(self):
        return [name for name, side in self.world["links"].items() if side == "sim"]

    def bind(self):
        rng = self.rng
        device = self.some_device(False)
        if not device or len(device.bindings) > 5:
            return None
        others = [n for d in self.registry.devices.values() for n in d.bindings
                  if d is not device and not d.quarantined]
        if others and rng.random() < 0.6:
            addr = str(rng.choice(others))
        else:
            addr = "10.64.%d.%d/32" % (rng.randint(0, 1), rng.randint(1, 254))
            if self.registry.owner_of(ipaddress.ip_network(addr)):
                return None
        line = {"change": "bind", "iccid": device.iccid, "addr": addr}
        if rng.random() < 0.8:
            line["dev"] = rng.choice(self.sims())
        return line

    def unbind(self):
        device = self.some_device(False)
        if not device or not device.bindings:
            return None
        return {"change": "unbind", "iccid": device.iccid,
                "addr": str(self.rng.choice(sorted(device.bindings, key=str)))}

    def device_add(self):
        self.next_device += 1
        if not self.registry.policies:
            return None
        return {"change": "device-add", "iccid": iccid(self.next_device),
                "policy": self.rng.choice(sorted(self.registry.policies))}

    def device_del(self):
        if self.rng.random() < 0.2:
            device = self.some_device(True)
            return device and {"change": "device-del", "iccid": device.iccid, "refused": True}
        device = self.some_device(False)
        if not device or len(self.registry.devices) < 2:
            return None
        return {"change": "device-del", "iccid": device.iccid}

    def peer_add(self):
        name = self.rng.choice(self.maker.peer_names)
        have = {str(n) for n in self.registry.peers[name]}
        left = [p for p in PREFIXES if p not in have]
        return {"change": "peer-add", "peer": name, "prefix": self.rng.choice(left)}

    def peer_del(self):
        name = self.rng.choice(self.maker.peer_names)
        have = sorted(map(str, self.registry.peers[name]))
        return have and {"change": "peer-del", "peer": name, "prefix": self.rng.choice(have)}

    def kill(self):
        return self.kills and {"change": "kill", "packet": self.rng.choice(self.kills)}

    def apply(self):
        rng = self.rng
        ruleset = self.maker.ruleset(self.world["links"], devices=False)
        if rng.random() < 0.1:
            ruleset["pools"] = ruleset["pools"][:1]
            return {"change": "apply", "ruleset": ruleset, "refused": True}
        old = self.world["ruleset"]
        if not self.maker.pickup:   # it is too late for that now
            ruleset["settings"]["pickup"] = rng.choice([0, 3600])
        elif rng.random() < 0.2:    # it ends
            ruleset["settings"]["pickup"] = 0
        roll = rng.random()
        # own rules of devices stay, and so must the peer sets that they name
        ruleset["peers"] = {name: ruleset["peers"].get(name, []) for name in old["peers"]}
        if roll < 0.4:      # some of the policies as they were, so that flows go on
            for name in list(ruleset["policies"]):
                if rng.random() < 0.7:
                    ruleset["policies"][name] = self.registry.policies.get(name, {})
            ruleset["peers"] = old["peers"]
        elif roll < 0.7:
            ruleset["policies"] = self.registry.policies
        elif len(ruleset["policies"]) > 1 and rng.random() < 0.5:
            del ruleset["policies"][rng.choice(sorted(ruleset["policies"]))]
        if rng.random() < 0.3:
            ruleset["devices"] = self.devices_again(sorted(ruleset["policies"]))
        return {"change": "apply", "ruleset": ruleset}

    def devices_again(self, policies):
        """The devices as they are, but some gone and some with another policy."""
        rng = self.rng
        out = []
        for device in self.registry.devices.values():
            if rng.random() < 0.05:
                continue
            policy = device.policy
            if policy not in policies or rng.random() < 0.1:
                policy = rng.choice(policies)
            again = {"iccid": device.iccid, "policy": policy}
            if device.bindings:
                again["addr"] = [str(n) for n in device.bindings]
                dev = next(iter(device.bindings.values()))
                if dev:
                    again["dev"] = dev
            out.append(again)
        return out
