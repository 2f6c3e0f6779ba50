#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the model: the verdict's rows, for IPv4 and IPv6, and what changes do."""

import functools
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import model
from model_build import ACK, FIN, RST, SYN, TCP, UDP, echo, extension, fragments, icmp, ip, tcp, udp
from model_judge import Gateway

ICCID = {"meter": "8988228000000000012", "rtu": "8988228000000000020"}
ICCID["cam"], ICCID["lan"] = "8988228000000000038", "8988228000000000046"

ADDRS = {
    "meter": ("10.64.0.11", "fd64::11"),
    "meter2": ("10.64.0.12", "fd64::12"),
    "rtu": ("10.64.0.21", "fd64::21"),
    "cam": ("10.64.0.31", "fd64::31"),
    "host": ("10.64.1.5", "fd64:0:0:1::5"),
    "nobody": ("10.64.0.99", "fd64::99"),
    "broker": ("10.20.0.8", "fd20::8"),
    "scada": ("10.20.0.5", "fd20::5"),
    "other": ("10.30.0.1", "fd30::1"),
    "self": ("192.0.2.1", "fd63::1"),
    "self2": ("10.64.0.1", "fd64::1"),
    "stray": ("10.99.0.1", "fd99::1"),
    "lan": ("10.64.1.0/24", "fd64:0:0:1::/64"),
}


def ruleset(**change):
    """The ruleset that most tests begin with."""
    rules = {
        "version": 1,
        "pools": ["10.64.0.0/16", "fd64::/16"],
        "peers": {"broker": list(ADDRS["broker"]), "scada": list(ADDRS["scada"])},
        "policies": {
            "meter": {
                "out": [
                    {"proto": "tcp", "port": 8883, "to": "broker"},
                    {"proto": "udp", "port": ["50-60", 123], "to": "any"},
                    {"proto": "icmp", "to": "scada"},
                    {"proto": "udp", "port": 53, "to": "self"},
                ]
            },
            "rtu": {
                "in": [
                    {"proto": "tcp", "port": 2404, "from": "scada"},
                    {"proto": "udp", "port": 55, "from": list(ADDRS["meter"])},
                ],
                "out": [{"to": "scada"}],
            },
            "cam": {"observe": True, "out": [{"proto": "udp", "port": 7, "to": "broker"}]},
        },
        "devices": [
            {"iccid": ICCID["meter"], "policy": "meter", "dev": "wwan0", "addr": addr("meter")},
            {"iccid": ICCID["rtu"], "policy": "rtu", "dev": "wwan*", "addr": addr("rtu")},
            {"iccid": ICCID["cam"], "policy": "cam", "addr": addr("cam")},
            {"iccid": ICCID["lan"], "policy": "meter", "addr": addr("lan")},
        ],
    }
    rules.update(change)
    return rules


def addr(name):
    """Both addresses of a name."""
    return list(ADDRS[name])


WORLD = {
    "scenario": 1,
    "links": {"wwan0": "sim", "wwan1": "sim", "net0": "net", "lo9": "none"},
    "self": addr("self") + addr("self2"),
    "routes": [["0.0.0.0/0", "net0"], ["::/0", "net0"]]
    + [["10.64.0.0/16", "wwan0"], ["fd64::/16", "wwan0"]]
    + [["10.64.0.21/32", "wwan1"], ["fd64::21/128", "wwan1"]],
}


def pairs(test):
    """Run a test for IPv4 and for IPv6, each with a gateway of its own."""

    @functools.wraps(test)
    def both(self):
        for family in (4, 6):
            with self.subTest(family=family):
                self.begin(family)
                test(self)

    return both


class ModelTest(unittest.TestCase):
    """A gateway, and short words for what comes in."""

    def begin(self, family=4, **change):
        """Make a new gateway."""
        self.family = family
        self.gateway = Gateway({**WORLD, "ruleset": ruleset(**change)})
        self.number = -1
        self.icmp = 1 if family == 4 else 58
        self.request, self.reply = (8, 0) if family == 4 else (128, 129)
        self.error = 3 if family == 4 else 1

    def at(self, name):
        """The address of a name in this family."""
        return ADDRS[name][self.family == 6]

    def put(self, link, data):
        """Let a packet come in; return its answer."""
        self.number += 1
        line = {"packet": self.number, "in": link, "ip": data.hex()}
        answer = self.gateway.packet(line)
        return answer.reason or answer.verdict, answer.out

    def send(self, link, src, dst, proto, payload, **opt):
        """Let a packet between two names come in; return its reason."""
        return self.put(link, ip(self.at(src), self.at(dst), proto, payload, **opt))[0]

    def udp(self, link, src, dst, dport, sport=1000):
        """Send a datagram."""
        return self.send(link, src, dst, UDP, udp(sport, dport))

    def change(self, change, **line):
        """Make a change."""
        if "device" in line:
            line["iccid"] = ICCID[line.pop("device")]
        self.gateway.change({"change": change, **line})


class RowsTest(ModelTest):
    """Rows 0 to 3: links and addresses."""

    @pairs
    def test_link_control_where_it_ends(self):
        self.assertEqual(self.udp("wwan0", "nobody", "self", 53), "unbound")
        if self.family == 4:
            dhcp = ip("0.0.0.0", "255.255.255.255", UDP, udp(68, 67))
            self.assertEqual(self.put("wwan0", dhcp), ("link", "self"))
            self.assertEqual(self.send("wwan0", "nobody", "self", 2, bytes(8)), "link")
            self.assertEqual(self.udp("wwan0", "nobody", "other", 67, 68), "unbound")
            return
        for kind, hop, reason in ((135, 255, "link"), (135, 254, "unbound"), (143, 1, "link")):
            got = self.send("wwan0", "nobody", "self", 58, icmp(kind), hop=hop)
            self.assertEqual(got, reason)
        self.assertEqual(
            self.send("wwan0", "nobody", "other", 58, icmp(135), hop=255), "unbound"
        )
        self.assertEqual(self.udp("wwan0", "nobody", "self", 547, 546), "link")

    @pairs
    def test_source_on_sim(self):
        self.assertEqual(self.udp("wwan0", "nobody", "other", 53), "unbound")
        self.assertEqual(self.udp("wwan0", "stray", "other", 53), "spoofed")
        self.assertEqual(self.udp("wwan1", "meter", "other", 53), "spoofed")
        self.assertEqual(self.udp("wwan0", "meter", "other", 53), "rule")
        self.assertEqual(self.udp("wwan0", "rtu", "scada", 53), "rule")
        self.assertEqual(self.udp("wwan1", "rtu", "scada", 53), "session")
        self.assertEqual(self.udp("wwan1", "host", "other", 53), "rule")
        self.assertEqual(self.udp("wwan0", "self", "other", 53), "spoofed")

    @pairs
    def test_pool_source_elsewhere(self):
        for link in ("net0", "lo9"):
            self.assertEqual(self.udp(link, "meter", "other", 53), "spoofed")
            self.assertEqual(self.udp(link, "nobody", "other", 53), "spoofed")
            self.assertEqual(self.udp(link, "self", "meter", 53), "spoofed")

    @pairs
    def test_not_governed_and_unbound(self):
        data = ip(self.at("other"), self.at("broker"), UDP, udp(1, 2))
        self.assertEqual(self.put("net0", data), ("not-governed", "net0"))
        data = ip(self.at("other"), self.at("self2"), UDP, udp(1, 2))
        self.assertEqual(self.put("net0", data), ("not-governed", "self"))
        self.assertEqual(self.udp("net0", "other", "nobody", 53), "unbound")
        self.assertEqual(self.udp("wwan0", "meter", "nobody", 53), "unbound")
        self.assertEqual(self.udp("wwan0", "meter", "self2", 53), "rule")

    @pairs
    def test_quarantine(self):
        self.change("quarantine", device="meter", allow=[self.at("scada")])
        self.assertEqual(self.udp("wwan0", "meter", "broker", 53), "quarantined")
        self.assertEqual(self.udp("net0", "broker", "meter", 53), "quarantined")
        self.assertEqual(self.udp("wwan1", "meter", "scada", 9), "spoofed")
        self.assertEqual(self.udp("wwan0", "meter", "scada", 9), "responder")
        self.assertEqual(self.udp("net0", "scada", "meter", 9), "responder")
        self.assertEqual(self.send("net0", "scada", "meter", TCP, tcp(1, 2, ACK)), "responder")
        self.assertEqual(self.send("net0", "scada", "meter", TCP, b"\0"), "malformed")
        self.change("release", device="meter")
        self.assertEqual(self.udp("wwan0", "meter", "scada", 9), "no-rule")

    @pairs
    def test_malformed_comes_after_the_addresses(self):
        for proto, payload in ((TCP, tcp(1, 2, SYN)[:19]), (UDP, b"\0\1"), (self.icmp, bytes(7))):
            self.assertEqual(self.send("wwan0", "meter", "broker", proto, payload), "malformed")
            self.assertEqual(self.send("wwan0", "nobody", "other", proto, payload), "unbound")
            self.assertEqual(self.send("net0", "other", "broker", proto, payload), "not-governed")

    def test_extension_headers(self):
        self.begin(6)
        syn = tcp(1, 8883, SYN)

        def with_chain(*chain):
            return self.send("wwan0", "meter", "broker", TCP, syn, ext=list(chain))

        options, routing0, routing2 = extension(60), extension(43), extension(43, 2)
        self.assertEqual(with_chain(*[options] * 9), "malformed")
        self.assertEqual(with_chain(options, routing0), "routing-header")
        self.assertEqual(with_chain(*[options] * 8), "rule")
        self.assertEqual(with_chain(extension(0), routing2, extension(51), options), "session")
        self.assertEqual(with_chain((60, b"\xff" + bytes(6))), "malformed")
        self.assertEqual(with_chain((44, bytes(7))), "session")


class FlowsTest(ModelTest):
    """Rows 4 to 6: sessions and rules."""

    @pairs
    def test_session_both_ways(self):
        data = ip(self.at("meter"), self.at("broker"), UDP, udp(1000, 55))
        self.assertEqual(self.put("wwan0", data), ("rule", "net0"))
        self.assertEqual(self.put("wwan0", data), ("session", "net0"))
        data = ip(self.at("broker"), self.at("meter"), UDP, udp(55, 1000))
        self.assertEqual(self.put("net0", data), ("session", "wwan0"))
        self.assertEqual(self.udp("net0", "broker", "meter", 1001, 55), "no-rule")

    @pairs
    def test_rules(self):
        self.assertEqual(self.udp("wwan0", "meter", "other", 60), "rule")
        self.assertEqual(self.udp("wwan0", "meter", "other", 123), "rule")
        self.assertEqual(self.udp("wwan0", "meter", "other", 61), "no-rule")
        self.assertEqual(self.send("wwan0", "meter", "other", 136, udp(1, 60)), "no-rule")
        self.assertEqual(self.send("wwan1", "rtu", "scada", 136, udp(1, 60)), "rule")
        self.assertEqual(self.send("wwan1", "rtu", "scada", 47, bytes(4)), "rule")
        self.assertEqual(self.send("net0", "scada", "rtu", 47, bytes(4)), "session")
        self.assertEqual(self.send("wwan0", "meter", "broker", TCP, tcp(1, 8884, SYN)), "no-rule")
        self.assertEqual(self.send("wwan0", "meter", "self", TCP, tcp(1, 53, SYN)), "no-rule")

    @pairs
    def test_sim_to_sim_needs_both(self):
        data = ip(self.at("meter"), self.at("rtu"), UDP, udp(1, 55))
        self.assertEqual(self.put("wwan0", data), ("rule", "wwan1"))
        self.assertEqual(self.udp("wwan1", "rtu", "meter", 1, 55), "session")
        self.assertEqual(self.udp("wwan0", "meter", "rtu", 56), "no-rule")
        self.assertEqual(self.udp("wwan0", "host", "rtu", 55), "no-rule")
        self.assertEqual(self.udp("wwan0", "meter", "host", 55), "no-rule")

    @pairs
    def test_echo(self):
        def ping(link, src, dst, kind, ident):
            return self.send(link, src, dst, self.icmp, echo(kind, ident))

        self.assertEqual(ping("wwan0", "meter", "scada", self.reply, 7), "unrelated")
        self.assertEqual(ping("wwan0", "meter", "scada", self.request, 7), "rule")
        self.assertEqual(ping("net0", "scada", "meter", self.reply, 7), "session")
        self.assertEqual(ping("net0", "scada", "meter", self.reply, 8), "unrelated")
        self.assertEqual(ping("net0", "scada", "meter", self.request, 8), "no-rule")

    @pairs
    def test_icmp_error(self):
        first = ip(self.at("meter"), self.at("broker"), TCP, tcp(1000, 8883, SYN))
        error = functools.partial(icmp, self.error, data=first[: len(first) - 12])
        self.assertEqual(self.send("net0", "other", "meter", self.icmp, error()), "unrelated")
        self.put("wwan0", first)
        self.assertEqual(self.send("net0", "other", "meter", self.icmp, error()), "related")
        self.assertEqual(self.send("net0", "other", "rtu", self.icmp, error()), "unrelated")
        self.assertEqual(self.send("wwan1", "rtu", "meter", self.icmp, error()), "unrelated")
        short = icmp(self.error, data=first[: len(first) - 20])
        self.assertEqual(self.send("net0", "other", "meter", self.icmp, short), "unrelated")
        back = ip(self.at("broker"), self.at("meter"), TCP, tcp(8883, 1000, ACK))
        error = icmp(self.error, data=back)
        self.assertEqual(self.send("wwan0", "meter", "broker", self.icmp, error), "related")
        self.assertEqual(self.send("wwan1", "rtu", "broker", self.icmp, error), "unrelated")
        self.change("kill", packet=1)
        self.assertEqual(self.send("wwan0", "meter", "broker", self.icmp, error), "unrelated")

    @pairs
    def test_fragments(self):
        payload = udp(1000, 55, bytes(40))
        ends = self.at("meter"), self.at("broker"), UDP, payload, [16, 32]
        first, second, third = fragments(*ends)
        self.assertEqual(self.put("wwan0", third), ("wait", None))
        self.assertEqual(self.put("wwan0", third), ("wait", None))
        self.assertEqual(self.put("wwan1", second)[0], "spoofed")
        self.assertEqual(self.put("wwan0", first), ("wait", None))
        self.assertEqual(self.put("wwan0", second), ("rule", "net0"))
        self.assertEqual(self.put("wwan0", second), ("wait", None))
        over = ip(*ends[:3], payload[8:24], offset=8, more=True)
        self.assertEqual(self.put("wwan0", over)[0], "fragment")
        self.assertEqual(self.put("wwan0", first)[0], "wait")
        odd = ip(*ends[:3], payload[16:29], offset=16, more=True, ident=2)
        self.assertEqual(self.put("wwan0", odd)[0], "fragment")
        for piece in fragments(self.at("other"), self.at("broker"), UDP, payload, [8]):
            self.assertEqual(self.put("net0", piece), ("not-governed", "net0"))
        self.change("quarantine", device="meter")
        self.assertEqual(self.put("wwan0", second)[0], "quarantined")

    @pairs
    def test_observe(self):
        data = ip(self.at("cam"), self.at("broker"), UDP, udp(1, 8))
        for _ in range(2):
            self.assertEqual(self.put("wwan0", data), ("observed", "net0"))
        self.assertEqual(self.udp("wwan0", "cam", "broker", 7), "rule")
        self.assertEqual(self.send("wwan0", "cam", "broker", TCP, tcp(1, 2, ACK)), "observed")
        error = icmp(self.error, data=data)
        self.assertEqual(self.send("net0", "other", "cam", self.icmp, error), "observed")
        self.assertEqual(self.udp("wwan0", "cam", "rtu", 55), "no-rule")
        self.assertEqual(self.udp("wwan0", "meter", "cam", 55), "observed")
        self.assertEqual(self.udp("wwan0", "meter", "cam", 99), "no-rule")
        self.assertEqual(self.send("wwan0", "meter", "cam", TCP, tcp(1, 2, ACK)), "not-first")
        self.assertEqual(self.udp("net0", "cam", "broker", 7), "spoofed")
        self.assertEqual(self.send("wwan0", "cam", "broker", UDP, b""), "malformed")
        self.change("quarantine", device="cam")
        self.assertEqual(self.udp("wwan0", "cam", "broker", 7), "quarantined")


class TcpTest(ModelTest):
    """The TCP states; a SYN after the end shows which one it was."""

    def out(self, flags, seq=0, ack=0, **opt):
        """Send a segment of the initiator."""
        segment = tcp(1000, 8883, flags, seq, ack, **opt)
        return self.send("wwan0", "meter", "broker", TCP, segment)

    def back(self, flags, seq=0, ack=0, **opt):
        """Send a segment of the responder."""
        segment = tcp(8883, 1000, flags, seq, ack, **opt)
        return self.send("net0", "broker", "meter", TCP, segment)

    def connect(self, **opt):
        """Make a connection; both sides have sent one number, from 100 and 500."""
        self.assertEqual(self.out(SYN, 100, **opt), "rule")
        self.assertEqual(self.back(SYN | ACK, 500, 101, **opt), "session")
        self.assertEqual(self.out(ACK, 101, 501), "session")

    def is_closed(self):
        """Say whether a SYN opens a new session."""
        return self.out(SYN, 100) == "rule"

    def check(self, closes, *segments):
        """Connect anew, send, and see whether that ended it."""
        self.begin(self.family)
        self.connect()
        for side, *segment in segments:
            self.assertEqual(getattr(self, side)(*segment), "session")
        self.assertEqual(self.is_closed(), closes, segments)

    @pairs
    def test_opening(self):
        for flags in (ACK, SYN | ACK, RST, FIN, SYN | FIN, SYN | RST, 0):
            self.assertEqual(self.out(flags), "not-first")
        self.assertEqual(self.out(SYN | 8, 100), "rule")
        self.assertEqual(self.out(SYN, 900), "session")
        self.assertEqual(self.back(SYN, 500), "session")

    @pairs
    def test_rst_before_an_answer(self):
        for seq, ack, closes in ((0, 101, True), (0, 100, False), (0, 102, False)):
            self.begin(self.family)
            self.out(SYN, 100)
            self.back(RST | ACK, seq, ack)
            self.assertEqual(self.is_closed(), closes)
        for seq, closes in ((101, True), (100, True), (99, False), (102, False)):
            self.begin(self.family)
            self.out(SYN, 100)
            self.out(RST, seq)
            self.out(RST, seq)
            self.assertEqual(self.is_closed(), closes)

    @pairs
    def test_rst(self):
        self.check(True, ("out", RST, 101))
        self.check(True, ("out", RST, 1101))
        self.check(False, ("out", RST, 100), ("out", RST, 1102))
        self.check(True, ("back", RST, 501))
        self.check(True, ("back", RST, 1501))
        self.check(False, ("back", RST, 500), ("back", RST, 1502))

    @pairs
    def test_window_scale(self):
        for offered, closes in ((True, True), (False, False)):
            self.begin(self.family)
            self.connect(**({"scale": 4} if offered else {}))
            self.out(RST, 1101 + 5)
            self.back(RST, 501 + 16000)
            self.assertEqual(self.is_closed(), closes)

    @pairs
    def test_fin(self):
        one, two = ("out", FIN | ACK, 101, 501), ("back", FIN | ACK, 501, 102)
        self.check(True, one, two)
        self.check(True, two, one)
        self.check(False, one, one)
        self.check(False, one)
        self.check(False, one, ("back", FIN | ACK, 499, 102))
        self.check(False, one, ("back", FIN | ACK, 1502, 102))
        self.check(True, one, ("back", FIN | ACK, 1501, 102))

    @pairs
    def test_fin_before_the_handshake(self):
        self.out(SYN, 100)
        self.out(FIN | ACK, 101, 501)
        self.back(FIN | ACK, 501, 101)
        self.assertFalse(self.is_closed())

    @pairs
    def test_reuse_by_the_responder_is_a_new_flow(self):
        self.check(False)
        self.out(RST, 101)
        self.assertEqual(self.back(ACK, 501, 101), "session")
        self.assertEqual(self.back(SYN, 501), "no-rule")
        self.assertEqual(self.out(ACK, 101, 501), "not-first")

    @pairs
    def test_serial_numbers_wrap(self):
        self.assertEqual(self.out(SYN, 0xFFFFFFFF), "rule")
        self.back(SYN | ACK, 0xFFFFFFF0, 0)
        self.out(ACK, 0, 0xFFFFFFF1)
        self.out(RST, 900)
        self.assertTrue(self.is_closed())

    def test_pick_up(self):
        self.begin(4, settings={"pickup": 60})
        self.assertEqual(self.back(ACK, 7, 9), "rule")
        self.assertEqual(self.out(ACK, 9, 7), "session")
        self.out(RST, 9)
        self.assertFalse(self.is_closed())
        self.back(ACK, 7, 9)
        self.out(RST, 9)
        self.assertTrue(self.is_closed())


class ChangesTest(ModelTest):
    """What changes do to sessions."""

    def open(self):
        """Open one session of TCP and one of UDP."""
        self.assertEqual(self.tcp(SYN), "rule")
        self.assertEqual(self.udp("wwan0", "meter", "broker", 55), "rule")

    def tcp(self, flags=ACK):
        """Send a segment of the meter."""
        return self.send("wwan0", "meter", "broker", TCP, tcp(1000, 8883, flags))

    def both(self, tcp_reason, udp_reason):
        """See what becomes of both sessions."""
        got = self.tcp(), self.udp("wwan0", "meter", "broker", 55)
        self.assertEqual(got, (tcp_reason, udp_reason))

    @pairs
    def test_apply_keeps_what_is_still_allowed(self):
        self.open()
        rules = ruleset()
        del rules["devices"]
        self.change("apply", ruleset=rules)
        self.both("session", "session")
        rules["policies"]["meter"]["out"][0]["port"] = 1
        self.change("apply", ruleset=rules)
        self.both("not-first", "session")
        del rules["policies"]["meter"]
        self.change("apply", ruleset=rules, refused=True)
        self.both("not-first", "session")
        self.change("apply", ruleset=rules)
        self.both("not-first", "no-policy")

    @pairs
    def test_apply_replaces_devices(self):
        self.open()
        rules = ruleset()
        self.change("apply", ruleset=rules)
        self.both("session", "session")
        rules["devices"][1]["addr"] = addr("meter2")
        self.change("apply", ruleset=rules)
        self.both("session", "session")
        self.assertEqual(self.udp("wwan1", "rtu", "scada", 1), "unbound")
        self.change("quarantine", device="cam")
        self.change("apply", ruleset={**rules, "devices": []})
        self.both("unbound", "unbound")
        self.assertEqual(self.udp("wwan0", "cam", "broker", 7), "quarantined")

    @pairs
    def test_peer_set(self):
        self.open()
        here = {"peer": "broker", "prefix": self.at("broker")}
        self.change("peer-del", **here)
        self.both("not-first", "session")
        self.assertEqual(self.tcp(SYN), "no-rule")
        self.change("peer-add", **here)
        self.assertEqual(self.tcp(SYN), "rule")

    @pairs
    def test_moved_address(self):
        self.open()
        self.change("bind", device="lan", addr=self.at("meter"), dev="wwan0")
        self.both("not-first", "rule")
        self.change("bind", device="meter", addr=self.at("meter"))
        self.both("not-first", "rule")
        self.change("bind", device="meter", addr=self.at("meter"), dev="wwan0")
        self.both("not-first", "session")
        self.change("unbind", device="meter", addr=self.at("meter"))
        self.both("unbound", "unbound")

    @pairs
    def test_longer_prefix_takes_an_address(self):
        self.assertEqual(self.udp("wwan0", "host", "broker", 55), "rule")
        self.change("bind", device="rtu", addr=self.at("host"))
        self.assertEqual(self.udp("wwan0", "host", "broker", 55), "no-rule")
        self.change("unbind", device="rtu", addr=self.at("host"))
        self.assertEqual(self.udp("wwan0", "host", "broker", 55), "rule")

    @pairs
    def test_devices(self):
        self.open()
        self.change("device-del", device="meter")
        self.both("unbound", "unbound")
        self.change("quarantine", device="meter")
        self.change("device-add", device="meter", policy="meter")
        self.change("bind", device="meter", addr=self.at("meter"))
        self.both("quarantined", "quarantined")
        self.change("release", device="meter")
        self.both("not-first", "rule")

    @pairs
    def test_quarantine_ends_sessions(self):
        self.open()
        self.change("quarantine", device="meter", allow=["broker"])
        self.both("responder", "responder")
        self.change("release", device="meter")
        self.both("not-first", "rule")

    @pairs
    def test_kill(self):
        self.open()
        self.both("session", "session")
        self.change("kill", packet=2)
        self.change("kill", packet=3)
        self.both("not-first", "rule")
        self.change("kill", packet=1)
        self.both("not-first", "session")


class FileTest(unittest.TestCase):
    """The program: a file in, lines out."""

    def test_answers(self):
        data = ip("10.64.0.11", "10.20.0.8", UDP, udp(1, 55)).hex()
        lines = [
            {**WORLD, "ruleset": ruleset()},
            {"packet": 0, "in": "wwan0", "ip": data},
            {"change": "kill", "packet": 0},
            {"packet": 1, "in": "wwan0", "ip": data, "stack": True},
        ]
        with tempfile.NamedTemporaryFile("w+", suffix=".jsonl") as file:
            file.write("\n".join(map(json.dumps, lines)))
            file.flush()
            with open(file.name, encoding="utf-8") as text:
                got = list(model.answers(text))
        first = {"packet": 0, "verdict": "allow", "reason": "rule", "out": "net0"}
        self.assertEqual(got[0], first)
        self.assertEqual(got[1], {"packet": 1, "verdict": None, "reason": None, "out": None})


if __name__ == "__main__":
    unittest.main()
