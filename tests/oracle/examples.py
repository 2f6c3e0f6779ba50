# SPDX-License-Identifier: GPL-2.0-or-later
"""One small scenario for each deliberate difference; see DIFFERENCES.

The meter M is 10.64.0.8 and fd64::8 on wwan0 and may open anything but sees
nothing opened to it; the RTU R is 10.64.0.9 and fd64::9 on wwan1, and S is a
server, which may open anything to R. Each function below has the name of the
difference that it shows, and shows no other (but for ALSO).
"""

import packet as pk
from packet import ACK, FIN, RST, SYN

M, R, S, G = "10.64.0.8", "10.64.0.9", "10.20.0.5", "192.0.2.1"
M6, R6, S6 = "fd64::8", "fd64::9", "fd20::5"
ICCID_M, ICCID_R = "8988228000000000012", "8988228000000000020"
LINKS = {M: "wwan0", M6: "wwan0", R: "wwan1", R6: "wwan1"}

METER = {"out": [{"to": "any"}]}
RTU = {"in": [{"from": ["10.20.0.0/16", "fd20::/16"]}]}


def world(**policies):
    return {"scenario": 1, "seed": 0, "links": {"wwan0": "sim", "wwan1": "sim", "net0": "net"},
            "self": [G, "fd63::1"],
            "routes": [["0.0.0.0/0", "net0"], ["::/0", "net0"], ["10.64.0.0/16", "wwan0"],
                       ["fd64::/48", "wwan0"], ["10.64.0.9/32", "wwan1"],
                       ["fd64::9/128", "wwan1"]],
            "ruleset": ruleset(**policies)}


def ruleset(meter=None, rtu=None):
    return {"version": 1, "pools": ["10.64.0.0/16", "fd64::/48"],
            "policies": {"meter": METER if meter is None else meter,
                         "rtu": RTU if rtu is None else rtu},
            "devices": [{"iccid": ICCID_M, "policy": "meter", "addr": [M, M6], "dev": "wwan0"},
                        {"iccid": ICCID_R, "policy": "rtu", "addr": [R, R6], "dev": "wwan1"}]}


def on(ip):
    """A packet on the link where its source lives."""
    src = pk.text(ip[8:24] if ip[0] >> 4 == 6 else ip[12:16])
    return LINKS.get(src, "net0"), ip


def tcp(src, dst, sport, dport, flags, seq=0, ack=0, data=b""):
    return on(pk.ip(src, dst, pk.TCP, pk.tcp(src, dst, sport, dport, flags, seq, ack, data=data)))


def udp(src, dst, sport=5000, dport=5683, data=b"hello"):
    return on(pk.ip(src, dst, pk.UDP, pk.udp(src, dst, sport, dport, data)))


def handshake(src, dst, sport=40000, dport=8883):
    return [tcp(src, dst, sport, dport, SYN, 1000),
            tcp(dst, src, dport, sport, SYN | ACK, 5000, 1001),
            tcp(src, dst, sport, dport, ACK, 1001, 5001)]


def error(sender, about, kind=3, code=1):
    """An ICMP error that goes back to where a packet came from."""
    p = pk.decode(about)
    back = pk.text(p.src)
    proto = pk.ICMP6 if p.v == 6 else pk.ICMP
    return on(pk.ip(sender, back, proto, pk.icmp(sender, back, kind, code, 0, about[:p.at + 8])))


def live():
    opened = handshake(M, S)
    return [world(), *opened, {"change": "apply", "ruleset": ruleset(meter={})},
            tcp(M, S, 40000, 8883, ACK, 1001, 5001, b"more"),
            tcp(S, M, 8883, 40000, ACK, 5001, 1001, b"more"), error(S, opened[2][1])]


def tcp_invalid():
    return [world(), *handshake(M, S), tcp(S, M, 8883, 40000, RST, 0x70000000),
            tcp(S, M, 8883, 40000, FIN | ACK, 0x70000000, 1001),
            tcp(M, S, 40000, 8883, SYN | FIN, 1001),
            tcp(M, S, 40000, 8883, ACK, 1001, 5001, b"goes on")]


def unanswered():
    return [world(), tcp(M, S, 40000, 8883, SYN, 1000), tcp(M, S, 40000, 8883, RST, 1001)]


def reused():
    return [world(), *handshake(M, S), tcp(M, S, 40000, 8883, RST, 1001),
            tcp(S, M, 8883, 40000, SYN, 900000), tcp(S, M, 8883, 40000, ACK, 5001, 1001)]


def reopened():
    """Late segments of an earlier connection make a FIN of this one unbelievable."""
    late = 5001 + (1 << 30)
    return [world(), *handshake(M, S), tcp(S, M, 8883, 40000, ACK, late, 1001, b"late"),
            tcp(M, S, 40000, 8883, ACK, 1001, late + 4),
            tcp(S, M, 8883, 40000, FIN | ACK, 5001, 1001),
            tcp(M, S, 40000, 8883, FIN | ACK, 1001, 5002),
            tcp(S, M, 8883, 40000, ACK, 5002, 1002),
            tcp(S, M, 8883, 40000, SYN, 1 << 25)]


def refused():
    first = tcp(M, S, 40000, 8883, SYN, 1000)
    return [world(), first, tcp(S, M, 8883, 40000, RST | ACK, 0, 1001), error(S, first[1])]


def cut_header():
    return [world(), on(pk.ipv6(M6, S6, pk.FRAGMENT, bytes((pk.GRE, 0, 0, 1))))]


def odd_fragment():
    return [world(), on(pk.fragment(M6, S6, 2, b"x", 0, True, 5))]


def echo():
    return [world(), on(pk.ip(M, S, pk.ICMP, pk.echo(M, S, 7, 1))),
            on(pk.ip(S, M, pk.ICMP, pk.echo(S, M, 7, 1))),
            on(pk.ip(M, S, pk.ICMP, pk.echo(M, S, 7, 1, True)))]


def icmp_other():
    return [world(), on(pk.ip(M, S, pk.ICMP, pk.icmp(M, S, 40, 0))),
            on(pk.ip(M6, S6, pk.ICMP6, pk.icmp(M6, S6, 135, 0, 0, bytes(16))))]


def stranger():
    opened = udp(M, S)
    return [world(rtu={"in": RTU["in"], "out": [{"to": "any", "proto": "tcp"}]}), opened,
            error(R, opened[1])]


def sctp():
    data = pk.chunk(0, 3, bytes(12) + b"data")
    return [world(), on(pk.ip(M, S, pk.SCTP, pk.sctp(3000, 3001, 1, data))),
            on(pk.ip(S, M, pk.SCTP, pk.sctp(3001, 3000, 1, data)))]


def dccp():
    head = bytes.fromhex("0bb80bb9" "06000000" "08000001" "00000001" "00000000" "00000001")
    total = pk.checksum(pk.pseudo(pk.raw(M), pk.raw(S), pk.DCCP, len(head)) + head)
    return [world(), on(pk.ip(M, S, pk.DCCP, head[:6] + total.to_bytes(2, "big") + head[8:]))]


def udplite():
    return [world(), on(pk.ip(M, S, pk.UDPLITE, pk.udp(M, S, 5000, 5001, b"data", pk.UDPLITE)))]


def checksum():
    good = pk.udp(M, S, 5000, 5683, b"hello")
    bad = good[:6] + bytes((good[6] ^ 1, good[7])) + good[8:]
    return [world(), on(pk.ip(M, S, pk.UDP, bad)), udp(S, M, 5683, 5000)]


def length():
    good = pk.udp(M, S, 5000, 5683, b"hello")
    longer = good[:4] + b"\0\x20\0\0" + good[8:]
    return [world(), on(pk.ip(M, S, pk.UDP, longer))]


def auth_header():
    ah = [(pk.AH, bytes(22))]
    segment = pk.tcp(M6, S6, 40000, 8883, SYN, 1000)
    return [world(meter={"out": [{"to": "any", "proto": "tcp"}]}),
            on(pk.extend(M6, S6, ah, pk.TCP, segment)),
            tcp(S6, M6, 8883, 40000, SYN | ACK, 1, 1001)]


def long_chain():
    headers = [(pk.DEST, pk.PADN)] * 9
    datagram = pk.udp(M6, S6, 5000, 5683, b"hello")
    return [world(), on(pk.extend(M6, S6, headers, pk.UDP, datagram))]


def second_routing_header():
    headers = [(pk.ROUTING, bytes((2, 0)) + bytes(20)), (pk.ROUTING, bytes(22))]
    return [world(), on(pk.extend(M6, S6, headers, pk.UDP, pk.udp(M6, S6, 5000, 5683)))]


def fragment_ungoverned():
    other = "198.51.100.7"
    pieces = pk.fragments(S, other, pk.UDP, pk.udp(S, other, 5000, 5683, bytes(100)), [40], 9)
    return [world()] + [on(piece) for piece in pieces]


def atomic_fragment():
    datagram = pk.udp(M6, S6, 5000, 5683, b"hello")
    return [world(), on(pk.fragment(M6, S6, pk.UDP, datagram, 0, False, 77))]


def link():
    return [world(rtu={}), udp(R, G, 68, 67)]


def responder():
    cut = pk.ip(M, S, pk.TCP, pk.tcp(M, S, 40000, 8883, SYN)[:12])
    return [world(), {"change": "quarantine", "iccid": ICCID_M, "allow": [S]},
            udp(S, M), on(cut)]


def observe():
    return [world(meter={"observe": True}), tcp(M, S, 40000, 8883, ACK, 1, 1),
            udp(M, R)]


def limits():
    """What is lost to the next one, and what there is no room for."""
    few = world()
    few["ruleset"]["settings"] = {"device_sessions": 2}
    rest = {"change": "rest"}
    return [few, udp(M, S, 5000), udp(M, S, 5001), udp(M, S, 5002), rest,
            udp(S, M, 5683, 5000), udp(S, M, 5683, 5001), udp(S, M, 5683, 5002),
            udp(M, S, 5003), udp(S, M, 5683, 5003)]


def pick_up():
    early = world()
    early["ruleset"]["settings"] = {"pickup": 3600}
    return [early, tcp(S, M, 8883, 40000, ACK, 5001, 1001, b"first seen"),
            tcp(M, S, 40000, 8883, ACK, 1001, 5011)]


ALL = [live, tcp_invalid, unanswered, reused, reopened, refused, cut_header, odd_fragment, echo,
       icmp_other, stranger, sctp, dccp, udplite, checksum, length, auth_header, long_chain,
       second_routing_header, fragment_ungoverned, atomic_fragment, link, responder, observe,
       limits, pick_up]


# What an example cannot do without.
ALSO = {"reopened": ["tcp-invalid"]}


def name_of(function):
    return function.__name__.replace("_", "-")


def lines_of(function):
    """The scenario, as objects."""
    world_line, *events = function()
    yield world_line
    number = 0
    for event in events:
        if isinstance(event, dict):
            yield event
        else:
            yield {"packet": number, "in": event[0], "ip": event[1].hex()}
            number += 1
