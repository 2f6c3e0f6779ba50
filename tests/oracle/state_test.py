#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the model of the state: what each change makes of it, and what is refused."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from state_base import NONE, PART, REFUSED, USAGE
from state_changes import Changes
from state_file import BadFile, File, prefix
from state_model import State
from state_segctl import command, differences, lines, read_saved
from state_worlds import file_of

METER, RTU, CAM = "8988228000000000012", "8988228000000000020", "8988228000000000038"
STRANGER = "8988228000000000996"


def base(**more):
    """Return the file that most tests begin with."""
    spec = {
        "version": 1, "pools": ["10.64.0.0/16", "fd64::/48"],
        "peers": {"masters": ["10.20.0.5", "fd20::5"]},
        "policies": {"meter": {"out": [{"proto": "tcp", "port": [80, "90-99"], "to": "masters"}]},
                     "rtu": {}},
        "devices": [{"iccid": METER, "policy": "meter", "addr": ["10.64.0.11", "fd64::11"],
                     "dev": "wwan0", "asset": "M-1"},
                    {"iccid": RTU, "policy": "rtu", "addr": ["10.64.1.0/24"], "asset": "R-1"}],
    }
    spec.update(more)
    return spec


class StateTest(unittest.TestCase):
    """A state with two devices."""

    def setUp(self):
        self.state = State()
        self.now = 100.0
        self.go("apply", file=base())

    def go(self, kind, code=0, **change):
        """Do a change that has to end like that; return what is expected of it."""
        before = lines(self.state)
        change = dict({"kind": kind, "actor": "me"}, **change)
        command(change)     # it can be said
        expect = self.state.do(change, (self.now, self.now + 0.1))
        self.assertEqual(expect.code, code, (change, expect))
        if code not in (0, PART):
            self.assertEqual(lines(self.state), before)
        return expect

    def quarantine(self, *words, **more):
        """Cut devices off."""
        return self.go("quarantine", words=list(words), **more)

    def grant(self, code=0, **more):
        """Grant the meter something."""
        change = {"word": METER, "way": "out", "proto": "tcp/22", "peer": "any", "for": 60,
                  "ticket": "T", "reason": "R"}
        return self.go("grant", code, **dict(change, **more))


class FileTest(unittest.TestCase):
    """What is wrong with a file by itself."""

    def bad(self, word, **more):
        """It is refused, and that is what it is about."""
        with self.assertRaises(BadFile) as caught:
            File(base(**more), strict=True)
        self.assertIn(word, str(caught.exception))

    def test_good(self):
        file = File(base(), strict=True)
        self.assertEqual([(r.low, r.high) for r in file.ruleset.policies["meter"].rules],
                         [(80, 80), (90, 99)])
        self.assertEqual(file.devices[METER].addrs[prefix("fd64::11")], "wwan0")

    def test_bad(self):
        meter = {"iccid": METER, "policy": "meter"}
        self.bad("duplicate", pools=["10.64.0.0/16"] * 2)
        self.bad("bits set", pools=["10.64.0.1/16"])
        self.bad("IPv4", pools=["::/0"])
        self.bad("more than 64", pools=["10.%d.0.0/16" % n for n in range(65)])
        self.bad("bad value", settings={"icmp": 0})
        self.bad("unknown key", settings={"nothing": 1})
        self.bad("policy", devices=[dict(meter, policy="none")])
        self.bad("duplicate", devices=[meter, meter])
        self.bad("outside", devices=[dict(meter, addr="10.1.0.1")])
        self.bad("duplicate", devices=[dict(meter, addr="10.64.0.1"),
                                       dict(meter, iccid=RTU, addr="10.64.0.1")])
        self.bad("more than 16", devices=[dict(meter, addr=["10.64.0.%d" % n for n in range(17)])])
        self.bad("more than 32", devices=[dict(meter, out=[{"to": "any"}] * 33)])
        self.bad("asset", devices=[dict(meter, asset="\u00fc" * 17)])
        self.bad("check digit", devices=[dict(meter, iccid="8988228000000000999")])

    def test_bad_rules(self):
        for word, rule in (("peer", {"to": "nobody"}), ("port", {"to": "any", "port": 1}),
                           ("port", {"to": "any", "proto": "icmp", "port": 1}),
                           ("protocol", {"to": "any", "proto": "tpc"}), ("to", {"proto": "tcp"}),
                           ("label", {"to": "any", "label": "a b"})):
            self.bad(word, policies={"meter": {"out": [rule]}, "rtu": {}})

    def test_settings_without_pickup(self):
        self.assertEqual(File(base(settings={"pickup": 0})).ruleset.settings["pickup"], 0)


class ApplyTest(StateTest):
    """Files and trials."""

    def test_same_file_again(self):
        before = self.state.generation
        self.assertFalse(self.go("apply", file=base()).changed)
        self.assertFalse(self.go("apply", file=file_of(self.state)).changed)
        self.assertEqual(self.state.generation, before)

    def test_generation_is_of_the_ruleset(self):
        before = self.state.generation
        self.go("apply", file=base(devices=[]))
        self.go("peer-add", peer="masters", addrs=["10.20.0.9"])
        self.assertEqual(self.state.generation, before)
        self.go("apply", file=base(devices=[]))
        self.assertEqual(self.state.generation, before + 1)
        self.go("apply", file=base(policies={}, devices=[]))
        self.assertEqual(self.state.generation, before + 2)

    def test_larger_pool(self):
        self.go("apply", file=base(pools=["10.64.0.0/15", "fd64::/40"]))

    def test_pool_goes_on_purpose(self):
        fewer = base(pools=["10.64.0.0/16"], devices=[])
        self.go("apply", REFUSED, file=fewer)
        self.go("apply", file=fewer, open=["fd64::/48"])

    def test_failsafe(self):
        self.go("apply", REFUSED, file=base(failsafe=["10.64.8.0/24"]))
        self.go("apply", file=base(failsafe=["10.64.8.0/24"], devices=base()["devices"]),
                trial="confirm", **{"for": 60})

    def test_quarantined_stays(self):
        self.quarantine(METER)
        self.go("apply", file=base(devices=base()["devices"][1:]))
        self.assertIn(METER, self.state.devices)
        self.assertIn(METER, self.state.holds)

    def test_file_without_devices(self):
        self.grant()
        file = base(policies={})
        del file["devices"]
        self.go("apply", file=file)
        self.assertEqual(len(self.state.devices), 2)
        self.assertEqual(len(self.state.grants), 1)

    def test_trial(self):
        self.go("confirm", NONE)
        self.go("revert", NONE)
        before, generation = lines(self.state), self.state.generation
        other = base(policies={"meter": {}, "rtu": {}}, peers={"masters": [], "more": []})
        self.go("apply", REFUSED, file=base(devices=[]), trial="confirm", **{"for": 60})
        self.go("apply", file=other, trial="revert", **{"for": 60})
        self.go("apply", REFUSED, file=base(settings={"icmp": 5}))
        self.go("flush", REFUSED)
        self.go("confirm", REFUSED)
        self.go("peer-add", peer="more", addrs=["10.20.0.9"])
        self.state.expire(self.now + 59)
        self.assertTrue(self.state.trial)
        self.state.expire(self.now + 61)
        self.assertEqual(self.state.generation, generation + 2)
        self.state.generation = generation
        self.assertEqual(lines(self.state), before)

    def test_confirmed(self):
        self.go("apply", file=base(settings={"icmp": 5}), trial="confirm", **{"for": 60})
        self.go("confirm")
        self.state.expire(self.now + 61)
        self.assertEqual(self.state.ruleset.settings["icmp"], 5)

    def test_flush(self):
        self.grant()
        self.go("flush")
        self.assertEqual((self.state.devices, self.state.grants), ({}, []))
        self.assertEqual(len(self.state.ruleset.pools), 2)

    def test_restored_generation(self):
        self.go("peer-add", peer="masters", addrs=["10.20.0.9"], **{"for": 3600})
        saved = self.state.copy()
        self.go("peer-del", peer="masters", addrs=["10.20.0.9"])
        generation = self.state.generation
        # what has a deadline is added to the ruleset that is in force already
        self.go("restore", state=saved, text="")
        self.assertIn(prefix("10.20.0.9"), self.state.peers["masters"])
        self.assertEqual(self.state.generation, generation)
        # and now the one in force has more than the file's ruleset
        self.go("restore", state=saved, text="")
        self.assertIn(prefix("10.20.0.9"), self.state.peers["masters"])
        self.assertEqual(self.state.generation, generation + 1)

    def test_gate(self):
        self.go("disarm", USAGE)
        self.go("arm", REFUSED)
        self.go("disarm", reason="test")
        self.go("quarantine", PART, words=[METER])
        self.go("arm")


class DeviceTest(StateTest):
    """Devices, one at a time and by the file."""

    def test_add(self):
        new = {"iccid": CAM, "policy": "rtu", "addrs": []}
        self.go("device-add", **new)
        self.go("device-add", REFUSED, **new)
        new["iccid"] = STRANGER
        self.go("device-add", REFUSED, **dict(new, addrs=["10.64.0.11"]))
        self.go("device-add", REFUSED, **dict(new, addrs=["10.1.0.1"]))
        self.go("device-add", USAGE, **dict(new, iccid="8988"))

    def test_del(self):
        self.go("device-del", NONE, iccid=STRANGER)
        self.grant()
        self.quarantine(METER)
        self.go("device-del", REFUSED, iccid=METER)
        self.go("release", words=[METER], reason="R")
        self.go("device-del", iccid=METER)
        self.assertEqual(self.state.grants, [])

    def test_bind(self):
        self.go("bind", iccid=METER, addr="10.64.1.7", dev="wwan*")
        self.go("bind", REFUSED, iccid=RTU, addr="10.64.1.7")
        self.go("bind", NONE, iccid=STRANGER, addr="10.64.1.8")
        self.assertEqual(self.state.target("10.64.1.7"), METER)
        self.go("unbind", iccid=METER, addrs=["10.64.1.7"])
        self.assertEqual(self.state.target("10.64.1.7"), RTU)
        for n in range(14):
            self.go("bind", iccid=METER, addr="10.64.2.%d" % n)
        self.go("bind", REFUSED, iccid=METER, addr="10.64.2.14")
        self.go("unbind", iccid=METER, addrs=[])
        self.assertEqual(self.state.devices[METER].addrs, {})

    def test_prefix_lengths(self):
        # there are those of a host and of a /24
        for n, length in enumerate([17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 31]):
            net = "10.64.%d.0/%d" % (128 if length < 20 else 2 * n + 64 & 0xf0, length)
            self.go("bind", iccid=RTU, addr=str(prefix(net)))
        self.go("bind", REFUSED, iccid=METER, addr="fd64::/64")

    def test_load(self):
        rows = [{"iccid": METER, "policy": "meter", "addr": "10.64.0.11", "dev": "wwan0"},
                {"iccid": CAM, "addr": "fd64::11@ppp0"}]
        self.go("device-load", rows=rows)
        self.assertFalse(self.go("device-load", rows=rows).changed)
        self.assertIsNone(self.state.devices[METER].asset)
        self.assertEqual(self.state.target("fd64::11"), CAM)
        self.go("device-load", USAGE, rows=rows + rows[:1])
        self.go("device-load", rows=[{"iccid": CAM, "policy": "none", "addr": "fd64::11@ppp0"}])
        self.quarantine(METER)
        self.go("device-load", REFUSED, rows=[{"iccid": CAM, "addr": "10.64.0.11"}])

    def test_limit(self):
        self.go("apply", file=base(settings={"devices": 2}))
        self.go("device-add", REFUSED, iccid=CAM, policy="rtu", addrs=[])
        self.go("device-load", REFUSED, rows=[{"iccid": CAM}])

    def test_too_many_addresses_come_first(self):
        addrs = ["10.64.7.%d" % n for n in range(17)]
        expect = self.go("device-add", REFUSED, iccid=METER, policy="meter", addrs=addrs)
        self.assertIn("16 bindings", expect.word)

    def test_limit_of_a_held_one(self):
        self.go("quarantine", words=[CAM], unknown=True)
        self.state.ruleset.settings["devices"] = 1
        self.go("device-add", iccid=CAM, policy="rtu", addrs=[])


class CutTest(StateTest):
    """Peer sets, quarantines, grants."""

    def test_peers(self):
        self.go("peer-add", NONE, peer="nobody", addrs=["10.20.0.9"])
        self.go("peer-add", USAGE, peer="masters", addrs=["10.20.0.9/8"])
        self.go("peer-add", REFUSED, peer="masters", addrs=["10.20.0.9"], actor="kernel")
        self.go("peer-add", peer="masters", addrs=["10.20.0.5", "10.20.0.9"], **{"for": 10})
        self.state.expire(self.now + 11)
        self.assertEqual(list(self.state.peers["masters"]), [prefix("fd20::5")])
        self.go("peer-replace", peer="masters", addrs=[])
        self.assertEqual(self.state.peers["masters"], {})

    def test_who_is_meant(self):
        for word in (METER, "M-1", "10.64.0.11", "fd64::11"):
            self.assertEqual(self.state.target(word), METER)
        self.go("device-add", iccid=CAM, policy="rtu", addrs=[], asset="M-1")
        self.go("quarantine", USAGE, words=["M-1"])
        self.go("quarantine", NONE, words=[METER, STRANGER], list=True)
        self.assertEqual(self.state.holds, {})

    def test_quarantine(self):
        self.quarantine(METER, reason="R", allow=["masters", "10.20.0.9"], **{"for": 10})
        self.assertEqual(len(self.state.holds[METER].allow), 3)
        self.quarantine(METER)
        self.assertEqual(self.state.holds[METER], ("me", None, frozenset(), None))
        self.go("release", USAGE, words=[METER])
        self.go("release", REFUSED, words=[METER, RTU], reason="R")
        self.go("release", words=[], policy="meter", reason="R")
        self.go("release", NONE, words=[], policy="meter", reason="R")

    def test_unknown(self):
        self.go("quarantine", NONE, words=[CAM])
        self.quarantine(CAM, unknown=True, **{"for": 10})
        self.go("device-add", iccid=CAM, policy="rtu", addrs=[])
        self.go("device-del", REFUSED, iccid=CAM)
        self.state.expire(self.now + 11)
        self.go("device-del", iccid=CAM)

    def test_grants(self):
        for missing in ("for", "ticket", "reason"):
            self.grant(REFUSED, **{missing: None})
        self.grant(REFUSED, **{"for": 86401})
        self.grant(NONE, word=STRANGER)
        self.grant(NONE, peer="nobody")
        self.grant(USAGE, proto="icmp/1")
        for _ in range(8):
            self.grant()
        self.grant(REFUSED)
        self.grant(word="R-1", actor="you")
        self.go("revoke", NONE, of_actor="eve")
        self.go("revoke", of_actor="me")
        self.assertEqual([g.iccid for g in self.state.grants], [RTU])
        self.state.expire(self.now + 61)
        self.assertEqual(self.state.grants, [])


SAVED = """\
version: 1
pools: ["10.64.0.0/16", "fd64::/48"]
failsafe: []
peers:
  "masters": ["fd20::5"]
settings:
  icmp: 31
policies:
  "meter":
    out:
      - { label: "a", proto: tcp, port: 80-90, to: "masters" }
devices:
  - iccid: "8988228000000000012"
    policy: "meter"
    addr: ["10.64.0.11"]
    dev: "wwan0"
saved: "2026-11-23T10:00:00Z"
quarantine:
  - { iccid: "8988228000000000012", actor: "me", reason: "say \\"no\\"", for: 60s }
peer_deadlines:
  - { peer: "masters", addr: "10.20.0.5", for: 3600s, until: "2026-11-23T11:00:00Z" }
grants:
  - iccid: "8988228000000000012"
    actor: "me"
    ticket: "T"
    reason: "R"
    for: 60s
    in:
      - { proto: any, from: "gone" }
interfaces:
  - { name: "sim*", side: sim, mode: none }
"""


class SeenTest(unittest.TestCase):
    """What `segctl save` writes, read back."""

    def test_saved(self):
        state = read_saved(SAVED, 100.0, 100.5)
        self.assertEqual(state.devices[METER].addrs, {prefix("10.64.0.11"): "wwan0"})
        self.assertEqual(state.peers["masters"],
                         {prefix("fd20::5"): None, prefix("10.20.0.5"): (3699.0, 3700.5)})
        self.assertEqual(state.holds[METER].reason, 'say "no"')
        self.assertEqual(state.grants[0].rule.peer, ("set", "gone"))
        self.assertEqual(state.interfaces, {"sim*": ("sim", "none")})
        self.assertEqual(differences(state, state), [])

    def test_differences(self):
        one, other = read_saved(SAVED, 100.0, 100.5), read_saved(SAVED, 100.2, 100.6)
        self.assertEqual(differences(one, other), [])
        later = differences(one, read_saved(SAVED, 200.0, 200.5))
        self.assertEqual(len(later), 3)
        other.devices[METER].policy = "rtu"
        self.assertEqual(len(differences(one, other)), 2)


class RandomTest(unittest.TestCase):
    """The changes that are made up."""

    def test_half_are_refused(self):
        codes, now = {}, 0.0
        for seed in range(8):
            changes, state = Changes(seed), State()
            for _ in range(250):
                now += 0.1
                change = changes.next(state)
                if change["kind"] in ("stale", "reload"):
                    continue
                command(change)
                before = lines(state)
                expect = state.do(change, (now, now))
                codes[expect.code] = codes.get(expect.code, 0) + 1
                if expect.code not in (0, PART):
                    self.assertEqual(lines(state), before, change)
        done = codes[0] + codes.get(PART, 0)
        self.assertGreater(done, 0.4 * sum(codes.values()))
        self.assertGreater(sum(codes.values()) - done, 0.4 * sum(codes.values()))
        self.assertEqual(sorted(set(codes) - {PART}), [0, USAGE, REFUSED, NONE])

    def test_seed_is_all(self):
        def made():
            changes, state, found = Changes(7), State(), []
            for step in range(100):
                change = changes.next(state)
                found.append(change)
                if change["kind"] not in ("stale", "reload"):
                    state.do(change, (step, step))
            return repr(found)
        self.assertEqual(made(), made())


if __name__ == "__main__":
    unittest.main()
