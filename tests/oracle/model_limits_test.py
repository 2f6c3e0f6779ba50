#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the model: limits of sessions, and TCP that is taken up in its middle."""

import unittest

from model_build import ACK, FIN, RST, SYN, TCP, UDP, tcp, udp
from model_config import ScenarioError
from model_test import ModelTest, pairs, ruleset

BOTH_WAYS = {"out": [{"to": "any"}], "in": [{"from": "any"}]}
OUT = {"out": [{"to": "any"}]}
LINKS = {"meter": "wwan0", "rtu": "wwan1", "cam": "wwan0", "host": "wwan0"}


class LimitsTest(ModelTest):
    """Who loses a session, and who is refused."""

    def limit(self, policy=None, **most):
        """Make a gateway with limits; the meter has this policy, and all others may anything."""
        policies = {"meter": policy or BOTH_WAYS, "rtu": BOTH_WAYS, "cam": BOTH_WAYS}
        self.begin(self.family, settings=most, policies=policies)

    def go(self, sport, src="meter", dst="broker"):
        """Send a datagram and rest; return its reason."""
        got = self.udp(LINKS.get(src, "net0"), src, dst, 55, sport)
        self.change("rest")
        return got

    def respond(self, sport, src="meter", dst="broker"):
        """Send the answer to such a datagram and rest; return its reason."""
        got = self.send(LINKS.get(dst, "net0"), dst, src, UDP, udp(55, sport))
        self.change("rest")
        return got

    def tcp(self, flags, seq=0, ack=0):
        """Send a segment of the meter and rest; return its reason."""
        got = self.send("wwan0", "meter", "broker", TCP, tcp(1000, 8883, flags, seq, ack))
        self.change("rest")
        return got

    def closed(self):
        """Open a connection of the meter and close it."""
        self.assertEqual(self.tcp(SYN, 100), "rule")
        self.send("net0", "broker", "meter", TCP, tcp(8883, 1000, SYN | ACK, 500, 101))
        self.tcp(ACK, 101, 501)
        self.assertEqual(self.tcp(RST, 101), "session")

    def alive(self):
        """Return the source ports of the sessions that there are."""
        return sorted(flow[3] for flow in self.gateway.sessions)

    @pairs
    def test_oldest_half_open_goes(self):
        for limit in ("device_half_open", "device_sessions", "half_open", "sessions"):
            self.limit(**{limit: 2})
            self.assertEqual([self.go(n) for n in (4, 3, 2, 1)], ["rule"] * 4)
            self.assertEqual(self.alive(), [1, 2])

    @pairs
    def test_answered_session_stays(self):
        self.limit(OUT, device_half_open=1)
        self.assertEqual([self.go(1), self.respond(1), self.go(2)], ["rule", "session", "rule"])
        self.assertEqual([self.go(3), self.respond(2)], ["rule", "no-rule"])
        self.limit(device_sessions=2)
        self.assertEqual([self.go(1), self.respond(1), self.go(2)], ["rule", "session", "rule"])
        self.assertEqual([self.go(3), self.respond(3)], ["rule", "session"])
        self.assertEqual([self.go(4), self.go(1)], ["device-limit", "session"])

    @pairs
    def test_in_total(self):
        self.limit(half_open=2)
        self.assertEqual([self.go(1), self.go(2)], ["rule", "rule"])
        self.assertEqual(self.go(3, "cam"), "session-limit")
        self.assertEqual([self.go(4), self.respond(4)], ["rule", "session"])
        self.assertEqual(self.go(3, "cam"), "rule")
        self.assertEqual(self.alive(), [2, 3, 4])

    @pairs
    def test_same_role_first(self):
        self.limit(device_half_open=3)
        self.go(1)
        self.go(2)
        for sport in (3, 4):
            self.assertEqual(self.go(sport, "broker", "meter"), "rule")
        self.assertEqual(self.alive(), [1, 2, 4])
        self.limit(device_half_open=1)
        self.go(1)
        self.assertEqual(self.go(2, "broker", "meter"), "rule")
        self.assertEqual(self.alive(), [2])

    @pairs
    def test_both_devices_count(self):
        self.limit(device_half_open=2)
        for sport in (1, 2, 3):
            self.assertEqual(self.go(sport, "meter", "rtu"), "rule")
        self.assertEqual(self.alive(), [2, 3])
        self.assertEqual(self.go(4, "cam", "rtu"), "rule")
        self.assertEqual(self.alive(), [3, 4])

    @pairs
    def test_session_with_itself_counts_twice(self):
        self.limit(device_half_open=3)
        for sport in (1, 2, 3):
            self.assertEqual(self.go(sport, "host", "host"), "rule")
            self.assertEqual(self.alive(), [sport])
        self.assertEqual(self.go(4, "host"), "rule")
        self.assertEqual(self.alive(), [3, 4])

    @pairs
    def test_tcp_is_half_open_until_established(self):
        self.limit(device_half_open=1)
        self.closed()
        self.assertEqual(self.go(1), "rule")
        self.assertEqual(self.alive(), [1, 1000])

    @pairs
    def test_reused_session_still_counts(self):
        self.limit(device_sessions=1)
        self.closed()
        self.assertEqual(self.tcp(SYN, 9000), "device-limit")
        self.assertEqual(self.tcp(SYN, 9000), "rule")

    @pairs
    def test_without_a_rest(self):
        self.limit(device_half_open=1)
        for sport in range(1, 18):
            self.assertEqual(self.udp("wwan0", "meter", "broker", 55, sport), "rule")
        with self.assertRaises(ScenarioError):
            self.udp("wwan0", "meter", "broker", 55, 18)
        self.limit(device_sessions=1)
        self.assertEqual(self.udp("wwan0", "meter", "broker", 55, 1), "rule")
        self.change("kill", packet=self.number)
        with self.assertRaises(ScenarioError):
            self.udp("wwan0", "meter", "broker", 55, 2)

    @pairs
    def test_other_limits_with_a_ruleset(self):
        self.limit()
        for sport in range(5):
            self.go(sport)
        rules = ruleset(settings={"device_half_open": 3}, policies={"meter": BOTH_WAYS})
        self.change("apply", ruleset=rules)
        self.assertEqual(self.go(5), "rule")
        self.assertEqual(self.alive(), [1, 2, 3, 4, 5])

    @pairs
    def test_observed(self):
        self.limit({**BOTH_WAYS, "observe": True}, device_sessions=1)
        self.assertEqual([self.go(1), self.respond(1)], ["rule", "session"])
        self.assertEqual(self.go(2), "observed")
        self.assertEqual(self.go(2, "meter", "rtu"), "device-limit")

    @pairs
    def test_responder(self):
        self.limit(device_sessions=1)
        self.change("quarantine", device="meter", allow=[self.at("broker")])
        self.assertEqual([self.go(1), self.respond(1)], ["responder", "session"])
        self.assertEqual(self.go(2), "device-limit")


class PickUpTest(ModelTest):
    """TCP in its middle."""

    def both(self, flags, sport=1000):
        """Send a segment of each side; the meter may open it, the broker may not."""
        there = self.send("wwan0", "meter", "broker", TCP, tcp(sport, 8883, flags, 100, 500))
        self.change("kill", packet=self.number)
        back = self.send("net0", "broker", "meter", TCP, tcp(8883, sport, flags, 500, 100))
        return there, back

    @pairs
    def test_in_both_roles(self):
        self.begin(self.family, settings={"pickup": 60})
        for flags in (ACK, FIN | ACK):
            self.assertEqual(self.both(flags), ("rule", "rule"))
            self.change("kill", packet=self.number)
        for flags in (SYN | ACK, SYN | FIN, RST, RST | ACK, FIN, 0):
            self.assertEqual(self.both(flags), ("not-first", "not-first"))
        self.assertEqual(self.udp("net0", "broker", "meter", 1000, 8883), "no-rule")

    @pairs
    def test_picked_up_is_not_half_open(self):
        self.begin(self.family, settings={"pickup": 60, "device_half_open": 1})
        self.assertEqual(self.both(ACK, 1), ("rule", "rule"))
        self.assertEqual(self.both(ACK, 2), ("rule", "rule"))
        self.assertEqual(self.both(ACK, 1), ("session", "rule"))

    @pairs
    def test_first_ruleset_decides(self):
        later = {"change": "apply", "ruleset": ruleset(settings={"pickup": 60})}
        self.change(**later)
        self.assertEqual(self.both(ACK), ("not-first", "not-first"))
        self.begin(self.family, settings={"pickup": 60})
        self.assertEqual(self.both(ACK), ("rule", "rule"))

    @pairs
    def test_later_ruleset_ends_it(self):
        self.begin(self.family, settings={"pickup": 60})
        self.change("apply", ruleset=ruleset(settings={"pickup": 0}))
        self.assertEqual(self.both(ACK), ("not-first", "not-first"))


if __name__ == "__main__":
    unittest.main()
