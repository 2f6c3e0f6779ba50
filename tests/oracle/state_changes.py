# SPDX-License-Identifier: GPL-2.0-or-later
"""Random changes: about half of them may be done, the others miss by a little."""

import random

import state_file
from state_worlds import (ACTORS, ASSETS, DEVS, HOURS, ICCIDS, LINKS, NETS, POLICIES, POOLS,
                          FAILSAFE, REASONS, SETS, TICKETS, WRONG_DIGIT, Picks,
                          device_spec, file_of, repair)

WEIGHTS = {
    "apply": 14, "trial": 4, "confirm": 1, "revert": 1, "device-add": 8, "device-del": 4,
    "device-load": 9, "bind": 9, "unbind": 6, "peer-add": 8, "peer-del": 5, "peer-replace": 5,
    "quarantine": 11, "release": 7, "grant": 10, "revoke": 4, "attach": 3, "detach": 2,
    "flush": 0.5, "disarm": 1, "arm": 1, "restore": 1, "stale": 1, "reload": 0.3,
}
ON_TRIAL = {"confirm": 9, "revert": 9, "flush": 3}


NEAR = 5.0              # seconds


class Changes:
    """Makes one change after the other, each from a seed and the state before it."""

    def __init__(self, seed, short=0.02):
        self.rng = random.Random(seed)
        self.pick = Picks(self.rng)
        self.short = short      # how often a time is seconds
        self.saved = []         # states to come back to, with their text
        self.now = 0.0

    def next(self, state, now=0.0):
        """Return the next change, if it is `now`."""
        self.now = now
        weights = dict(WEIGHTS)
        if state.trial:
            weights.update(ON_TRIAL)
        if not state.armed:
            weights["arm"] = 12
        if not state.devices or not state.ruleset.policies:
            weights["apply"] = 100
        kind = self.rng.choices(list(weights), list(weights.values()))[0]
        make = getattr(self, "make_" + kind.replace("-", "_"), None)
        change = {"kind": kind, "actor": self.rng.choice(ACTORS)}
        if make:
            change.update(make(state, self.pick.maybe(0.4)))
        return change

    # ---- parts --------------------------------------------------------------------

    def time(self):
        """Return a time in seconds: hours, or now and then very few."""
        if self.pick.maybe(self.short):
            return self.rng.randint(2, 5)
        return self.rng.choice(HOURS)

    def why(self, must=False):
        """Return a reason and a ticket, or not."""
        words = {}
        if must or self.pick.maybe(0.5):
            words["reason"] = self.rng.choice(REASONS)
        if self.pick.maybe(0.3):
            words["ticket"] = self.rng.choice(TICKETS)
        return words

    def device(self, state):
        """Return the ICCID of a device; of the first ones more often."""
        if self.pick.maybe(0.3) and ICCIDS[0] in state.devices:
            return ICCIDS[0]
        return self.pick.one(state.devices, ICCIDS[0])

    def word(self, state, iccid):
        """Return one of the names of a device."""
        device = state.devices.get(iccid)
        roll = self.rng.random()
        if device and roll < 0.25 and device.addrs:
            net = self.pick.one(device.addrs)
            return str(net[self.rng.randint(0, min(9, net.num_addresses - 1))])
        if device and roll < 0.5 and device.asset:
            return device.asset
        return iccid

    def stranger(self):
        """Return what names no device."""
        return self.rng.choice(["8988228000000000996", "10.64.200.200", "M-9999", "fd64::9:9"])

    def taken(self, state):
        """Return the addresses that devices have."""
        return sorted({str(n) for d in state.devices.values() for n in d.addrs})

    def free_address(self, state):
        """Return an address that nobody has, if there is one."""
        taken = self.taken(state)
        for _ in range(20):
            addr = self.pick.address(state.ruleset.pools)
            if str(state_file.prefix(addr)) not in taken:
                break
        return addr

    # ---- files --------------------------------------------------------------------

    def turn_pools(self, spec, change):
        """Another pool, or one less."""
        if self.pick.maybe(0.6) or not spec["pools"]:
            spec["pools"] = sorted(set(spec["pools"]) | {self.rng.choice(POOLS)})
        else:
            pool = self.rng.choice(spec["pools"])
            spec["pools"].remove(pool)
            change["open"] = [pool]
        if self.pick.maybe(0.5):
            spec["failsafe"] = self.pick.some(FAILSAFE, 2)

    def turn_peers(self, spec, _change):
        """Another peer set, one less, or others in it."""
        name = self.rng.choice(SETS)
        if name in spec["peers"] and self.pick.maybe(0.4):
            del spec["peers"][name]
        else:
            spec["peers"][name] = self.pick.some(NETS, 4)

    def turn_settings(self, spec, _change):
        """Another value of a setting."""
        name = self.rng.choice(sorted(state_file.SETTINGS))
        value = self.rng.randint(0 if name in state_file.SETTINGS_ZERO else 1, 60000)
        if name == "devices":
            value = len(spec.get("devices", ICCIDS)) + self.rng.randint(0, 3) or 1
        spec["settings"][name] = value

    def turn_policies(self, spec, _change):
        """Another policy, one less, or other rules in it."""
        name = self.rng.choice(POLICIES)
        if name in spec["policies"] and self.pick.maybe(0.3):
            del spec["policies"][name]
        else:
            spec["policies"][name] = self.pick.policy(spec["peers"])

    def turn_devices(self, spec, _change):
        """Another device, one less, or one that differs."""
        if "devices" not in spec:
            return
        iccid = self.rng.choice(ICCIDS)
        spec["devices"] = [d for d in spec["devices"] if d["iccid"] != iccid]
        if self.pick.maybe(0.8) and spec["policies"]:
            device = self.pick.device(iccid, spec["pools"], spec["policies"], spec["peers"])
            spec["devices"].insert(self.rng.randint(0, len(spec["devices"])), device)

    def turn_interfaces(self, spec, _change):
        """Sides of interfaces."""
        spec["interfaces"] = [{"name": self.rng.choice(LINKS), "mode": "none",
                               "side": self.rng.choice(["sim", "net"])}]

    TURNS = ["pools", "peers", "settings", "policies", "policies", "devices", "devices",
             "devices", "interfaces"]

    def file(self, state, turns):
        """Return a file that may be applied, but for what is in force against it."""
        spec, change = file_of(state), {}
        if not spec["pools"]:
            turns += 9
            self.turn_pools(spec, change)
        if self.pick.maybe(0.3):
            del spec["devices"]
        for _ in range(turns):
            getattr(self, "turn_" + self.rng.choice(self.TURNS))(spec, change)
        listed = {d["iccid"] for d in spec.get("devices", [])}
        repair(spec, [net for iccid, d in state.devices.items()
                      if iccid in state.holds and iccid not in listed for net in d.addrs])
        change["file"] = spec
        return change

    def make_apply(self, state, miss):
        """A file, with up to three things that differ; or with one that is bad."""
        change = self.file(state, self.rng.choice([0, 1, 1, 2, 3, 6]))
        change.update(self.why())
        if self.pick.maybe(0.05):
            change["dry"] = True
        if miss:
            name = self.rng.choice([n for n in dir(self) if n.startswith("miss_")])
            getattr(self, name)(change, change["file"], state)
        return change

    def make_trial(self, state, miss):
        """A ruleset that goes back."""
        change = self.file(state, self.rng.choice([0, 1, 2, 3]))
        if not miss:
            change["file"].pop("devices", None)
        change.update(kind="apply", trial=self.rng.choice(["confirm", "revert"]))
        change["for"] = self.time()
        change.pop("dry", None)
        return change

    def some_device(self, spec):
        """Return a device of a file, a new one if need be."""
        devices = spec.setdefault("devices", [])
        if not devices:
            devices.append({"iccid": ICCIDS[0], "policy": self.pick.one(spec["policies"], "meter")})
        return self.rng.choice(devices)

    def miss_pool(self, change, spec, _state):
        """A pool that nobody has said to open."""
        if spec["pools"]:
            spec["pools"].remove(self.rng.choice(spec["pools"]))
            spec.pop("devices", None)
            change.pop("open", None)

    def miss_failsafe(self, _change, spec, _state):
        """A prefix of the management inside a pool, or the other way round."""
        spec["failsafe"] = spec.get("failsafe", []) + [
            self.rng.choice(["10.65.0.16/28", "10.0.0.0/8", "fd64::7"])]

    def miss_peer_set(self, _change, spec, _state):
        """A rule about a peer set that there is not."""
        spec["policies"].setdefault("meter", {})["out"] = [{"to": "nobody"}]

    def miss_policy(self, _change, spec, _state):
        """A device with a policy that there is not."""
        self.some_device(spec)["policy"] = "none"

    def miss_twice(self, _change, spec, _state):
        """An ICCID twice."""
        device = self.some_device(spec)
        spec["devices"].append(dict(device, addr=[]))

    def miss_owner(self, _change, spec, _state):
        """An address of two devices."""
        device = self.some_device(spec)
        addr = self.pick.one(spec["pools"], "10.64.0.9")
        device["addr"] = [addr]
        spec["devices"].append({"iccid": "8988228000000000996", "policy": device["policy"],
                                "addr": [addr]})

    def miss_outside(self, _change, spec, _state):
        """An address outside every pool."""
        self.some_device(spec)["addr"] = ["10.99.0.1"]

    def miss_bindings(self, _change, spec, _state):
        """A seventeenth address."""
        self.some_device(spec)["addr"] = ["10.64.9.%d" % n for n in range(17)]

    def miss_own_rules(self, _change, spec, _state):
        """A thirty-third rule, of one direction or of both."""
        device = self.some_device(spec)
        device["out"] = [{"to": "any"}] * self.rng.choice([32, 33, 20])
        device["in"] = [{"from": "any"}] * (33 - min(len(device["out"]), 33))

    def miss_rule(self, _change, spec, _state):
        """A rule that makes no sense."""
        spec["policies"]["bad"] = {"in": [dict(self.rng.choice([
            {"proto": "icmp", "port": 1}, {"port": 5}, {"proto": "tcp", "port": 0},
            {"proto": "tcp", "port": "9-8"}, {"proto": "tcp", "port": 65536}, {"proto": "0"},
            {"proto": "256"}, {"proto": "tpc"}, {"label": "a b"}, {"label": "x" * 32},
        ]), **{"from": "any"})]}

    def miss_peer(self, _change, spec, _state):
        """A rule with a bad peer."""
        spec["policies"]["bad"] = {"in": [{"from": self.rng.choice([
            "10.20.0.5/24", "::/0", "10.20.0.256", [], ["10.20.%d.0/24" % n for n in range(65)],
            ["10.20.0.5", "10.20.0.5"]])}]}

    def miss_setting(self, _change, spec, _state):
        """A setting that is no setting, or has no such value."""
        name, value = self.rng.choice([("icmp", 0), ("devices", 0), ("udp", 1),
                                       ("sessions", 16777217)])
        spec["settings"][name] = value

    def miss_devices_setting(self, _change, spec, state):
        """A limit of devices that is too low."""
        spec["settings"]["devices"] = max(1, len(spec.get("devices", state.devices)) - 1)

    def miss_quarantined(self, _change, spec, state):
        """An address of a quarantined device that the file lacks."""
        held = [i for i in state.holds if i in state.devices and state.devices[i].addrs]
        if not held or "devices" not in spec:
            return
        iccid = self.pick.one(held)
        spec["devices"] = [d for d in spec["devices"] if d["iccid"] != iccid]
        net = self.pick.one(state.devices[iccid].addrs)
        self.some_device(spec)["addr"] = [str(net)]

    def miss_prefix(self, _change, spec, _state):
        """A prefix with bits beyond its length, one too many, or one twice."""
        bad = self.rng.choice([["10.64.0.1/16"], ["10.70.%d.0/24" % n for n in range(65)],
                               ["10.70.0.0/24"] * 2])
        key = self.rng.choice(["pools", "failsafe"])
        spec[key] = spec.get(key, []) + bad

    def miss_strict(self, change, spec, _state):
        """A check digit that is wrong, which matters only if that is asked for."""
        change["strict"] = self.pick.maybe(0.7)
        self.some_device(spec)["iccid"] = WRONG_DIGIT

    def miss_asset(self, _change, spec, _state):
        """An asset id that is too long."""
        self.some_device(spec)["asset"] = "\u00fc" * 17

    def miss_trial(self, change, spec, _state):
        """Not another file while one is on trial: anything else is good."""
        change.pop("dry", None)
        spec["settings"]["other"] = self.rng.randint(600, 700)

    # ---- devices ------------------------------------------------------------------

    def make_device_add(self, state, miss):
        """A device that is not there yet."""
        free = [i for i in ICCIDS if i not in state.devices]
        change = {"iccid": self.pick.one(free, ICCIDS[0]), "dev": self.rng.choice(DEVS),
                  "policy": self.pick.one(state.ruleset.policies, "meter"),
                  "addrs": list({self.free_address(state) for _ in range(self.rng.randint(0, 2))})}
        if self.pick.maybe(0.6):
            change["asset"] = self.rng.choice(ASSETS)
        if not change["addrs"]:
            change["dev"] = None
        if miss:
            addrs = [self.pick.one(self.taken(state), "10.64.0.1")]
            change.update(self.rng.choice([
                {"iccid": self.pick.one(state.devices, ICCIDS[0])}, {"policy": "none"},
                {"addrs": addrs}, {"addrs": ["10.99.0.1"]}, {"asset": "\u00fc" * 17},
                {"addrs": [], "dev": "wwan0"}, {"iccid": WRONG_DIGIT, "strict": True}, {"iccid": "89882280000000001"},
                {"addrs": ["10.64.0.1/16"]}, {"addrs": ["10.64.77.%d" % n for n in range(17)]},
                {"addrs": ["10.64.5.5", "10.64.5.5"]}]))
        change["addrs"].sort()
        return change

    def make_device_del(self, state, miss):
        """A device that is not quarantined."""
        good = [i for i in state.devices if i not in state.holds]
        if miss:
            return {"iccid": self.rng.choice([self.pick.one(state.holds, ICCIDS[1]),
                                              "8988228000000000996"])}
        return {"iccid": self.pick.one(good, ICCIDS[0])}

    def row(self, state, iccid):
        """Return a row for a device, as it is or as it might be."""
        pick = self.pick
        if iccid in state.devices and pick.maybe(0.4):
            spec = device_spec(iccid, state.devices[iccid])
        else:
            spec = pick.device(iccid, [str(p) for p in state.ruleset.pools] or POOLS,
                               state.ruleset.policies or POLICIES, [])
        words = [addr if isinstance(addr, str) else "%(addr)s@%(dev)s" % addr
                 for addr in spec.get("addr", [])]
        return {"iccid": iccid, "addr": " ".join(words), "dev": spec.get("dev") or "",
                "policy": spec["policy"] if pick.maybe(0.97) else "",
                "asset": spec.get("asset", "")}

    def make_device_load(self, state, miss):
        """Rows of devices that are there, and of new ones."""
        rows, taken = [], set()
        for iccid in self.pick.some(ICCIDS, 6):
            row = self.row(state, iccid)
            addrs = [w for w in row["addr"].split() if w.partition("@")[0] not in taken]
            taken |= {w.partition("@")[0] for w in addrs}
            rows.append(dict(row, addr=" ".join(addrs)))
        change = dict(self.why(), rows=rows)
        if self.pick.maybe(0.05):
            change["dry"] = True
        if miss:
            bad = self.rng.choice(rows)
            extra = self.rng.choice([
                {}, {"iccid": "8988228000000000996", "policy": "none"}, {"addr": "10.99.0.1"},
                {"iccid": "8988228000000000996", "addr": bad["addr"] or "10.64.0.300"},
                {"iccid": "898822"}, {"iccid": WRONG_DIGIT, "addr": ""},
                {"iccid": "8988228000000000996", "addr": self.pick.one(
                    [str(n) for i in state.holds if i in state.devices
                     for n in state.devices[i].addrs], "10.64.0.1/16")},
                {"iccid": "8988228000000000996", "addr": "", "asset": "\u00fc" * 17}])
            rows.insert(self.rng.randint(0, len(rows)), dict(bad, **extra))
            change["strict"] = True
        return change

    def make_bind(self, state, miss):
        """An address that nobody has."""
        change = {"iccid": self.device(state), "addr": self.free_address(state),
                  "dev": self.rng.choice(DEVS)}
        if miss:
            change.update(self.rng.choice([
                {"iccid": "8988228000000000996"}, {"addr": "10.99.0.1"},
                {"addr": self.pick.one(self.taken(state), "10.64.0.300")},
                {"addr": "10.64.0.1/16"}, {"iccid": self.pick.one(state.holds, "8988")}]))
        return change

    def make_unbind(self, state, miss):
        """An address that the device has, or all."""
        owners = [i for i, d in state.devices.items() if d.addrs]
        iccid = self.pick.one(owners, ICCIDS[0])
        have = [str(n) for n in state.devices[iccid].addrs] if owners else []
        change = {"iccid": iccid, "addrs": self.pick.some(have, 2) if self.pick.maybe(0.7) else []}
        if miss:
            change.update(self.rng.choice([
                {"iccid": "8988228000000000996"}, {"addrs": change["addrs"] + ["10.64.0.250"]},
                {"addrs": [self.pick.one(self.taken(state), "10.64.0.1")]},
                {"iccid": self.pick.one(state.holds, ICCIDS[1]), "addrs": []}]))
        return change

    # ---- peers ----------------------------------------------------------------------

    def make_peer_add(self, state, miss):
        """Prefixes for a set, for good or for a while."""
        change = {"peer": self.pick.one(state.peers, "masters"), "addrs": self.pick.some(NETS, 3)}
        if self.pick.maybe(0.4):
            change["for"] = self.time()
        if miss:
            change.update(self.rng.choice([
                {"peer": "nobody"}, {"addrs": ["10.20.0.5/24"]}, {"addrs": ["::/0"]},
                {"actor": "kernel"}, {"addrs": ["masters"]}]))
        return change

    def make_peer_del(self, state, miss):
        """Prefixes that a set has, or all."""
        name = self.pick.one(state.peers, "masters")
        have = [str(n) for n in state.peers.get(name, [])]
        change = {"peer": name, "addrs": self.pick.some(have, 2) if self.pick.maybe(0.8) else []}
        if miss:
            change.update(self.rng.choice([
                {"peer": "nobody"}, {"addrs": change["addrs"] + ["10.44.0.0/24"]},
                {"addrs": ["10.20.0.5/24"]}]))
        return change

    def make_peer_replace(self, state, miss):
        """All of a set."""
        name = self.pick.one(state.peers, "masters")
        have = [str(n) for n, deadline in state.peers.get(name, {}).items() if not deadline]
        change = {"peer": name, "addrs": self.rng.choice([self.pick.some(NETS, 5), have, []])}
        if miss:
            change.update(self.rng.choice([
                {"peer": "nobody"}, {"addrs": change["addrs"] + ["10.20.0.300"]}]))
        return change

    # ---- quarantine -------------------------------------------------------------------

    def make_quarantine(self, state, miss):
        """Devices by any of their names, by a list or a policy."""
        rng, pick = self.rng, self.pick
        change = dict(self.why(), words=[self.word(state, self.device(state))])
        roll = rng.random()
        if roll < 0.25:
            change["words"] = [self.word(state, i) for i in pick.some(state.devices, 4)]
            change["list"] = True
        elif roll < 0.4:
            change.update(words=[], list=False, policy=pick.one(state.ruleset.policies, "meter"))
        elif roll < 0.55:
            change.update(words=[pick.one([i for i in ICCIDS if i not in state.devices],
                                          ICCIDS[0])], unknown=True)
        if pick.maybe(0.4):
            change["allow"] = pick.some(NETS + sorted(state.peers), 2)
        if pick.maybe(0.4):
            change["for"] = self.time()
        if pick.maybe(0.04):
            change["dry"] = True
        if miss:
            change.update(rng.choice([
                {"words": change["words"] + [self.stranger()], "list": True},
                {"words": [], "policy": "none", "list": False}, {"words": ["M-0001"], "policy": "meter"},
                {"words": []}, {"allow": ["10.20.%d.1" % n for n in range(9)]},
                {"allow": ["nobody"]}, {"allow": ["10.20.0.5/24"]}, {"for": 366 * 86400 + 1},
                {"words": [pick.one([i for i in ICCIDS if i not in state.devices], "M-9999")],
                 "unknown": False}, {"words": ["M-9999"], "unknown": True}]))
        return change

    def make_release(self, state, miss):
        """Devices that are quarantined."""
        pick = self.pick
        held = [self.word(state, i) for i in pick.some(state.holds, 3)]
        change = dict(self.why(True), words=held, list=len(held) > 1)
        if pick.maybe(0.15):
            change.update(words=[], list=False, policy=pick.one(state.ruleset.policies, "meter"))
        if miss:
            free = [i for i in state.devices if i not in state.holds]
            change.update(self.rng.choice([
                {"words": held + [pick.one(free, ICCIDS[0])], "list": True}, {"reason": None},
                {"words": held + [self.stranger()], "list": True}, {"words": []},
                {"words": [], "policy": "none", "list": False}]))
        return change

    # ---- grants -----------------------------------------------------------------------

    def make_grant(self, state, miss):
        """One rule more for a device."""
        pick, rng = self.pick, self.rng
        proto = rng.choice(["tcp/22", "udp/100-200", "icmp", "any", "47", "sctp/5"])
        change = dict(self.why(True), word=self.word(state, self.device(state)), proto=proto,
                      way=rng.choice(["in", "out"]), ticket=rng.choice(TICKETS))
        change["peer"] = rng.choice(sorted(state.peers) + ["any", "self", "10.20.0.66",
                                                           "fd20::/64"])
        change["for"] = min(self.time(), state.ruleset.settings["grant_max"])
        if pick.maybe(0.3):
            change["iif"] = rng.choice(["wg0", "net*"])
        if miss:
            change.update(rng.choice([
                {"ticket": None}, {"reason": None}, {"for": None}, {"word": self.stranger()},
                {"for": state.ruleset.settings["grant_max"] + 1}, {"peer": "nobody"},
                {"proto": "icmp/1"}, {"proto": "tcp/0"}, {"proto": "tpc"},
                {"for": 366 * 86400 + 1}, {"ticket": ""}, {"peer": "10.20.0.5/24"},
                {"word": pick.one([i for i in state.holds if i not in state.devices],
                                  "M-9999")}]))
        return change

    def make_revoke(self, state, miss):
        """By its id, by who made it or by what for."""
        by = self.rng.choice(["id", "of_actor", "of_ticket"])
        values = {"id": [g.id for g in state.grants], "of_actor": [g.actor for g in state.grants],
                  "of_ticket": [g.ticket for g in state.grants]}[by]
        value = self.pick.one(values)
        if miss or value is None:
            value = {"id": 999999, "of_actor": "eve", "of_ticket": "CHG-9"}[by]
        return dict(self.why(), **{by: value, "ticket": None})

    # ---- all the rest -----------------------------------------------------------------

    def make_attach(self, _state, _miss):
        """A side for a name or pattern that no interface has yet."""
        return {"name": self.rng.choice(LINKS), "side": self.rng.choice(["sim", "net"]),
                "mode": self.rng.choice(["none", "auto"])}

    def make_detach(self, state, miss):
        """A side that there is."""
        return {"name": "nosuch0" if miss else self.pick.one(state.interfaces, "sim0")}

    def make_disarm(self, _state, miss):
        """With a reason, or without."""
        return {"reason": None if miss else self.rng.choice(REASONS)}

    def make_restore(self, _state, _miss):
        """A state that was saved before."""
        # where something ends about now, nobody knows what of it comes back
        good = [pair for pair in self.saved if all(
            low > self.now + NEAR or high < self.now - NEAR
            for (low, high), _ in pair[0].deadlines())]
        if not good:
            return {"kind": "arm"}
        state, text = self.rng.choice(good)
        return {"state": state, "text": text}

    def remember(self, state, text):
        """Keep a state now and then."""
        if self.pick.maybe(0.1):
            self.saved = self.saved[-5:] + [(state.copy(), text)]

