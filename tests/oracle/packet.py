# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets, from the IP header on: made, and taken apart again."""

import ipaddress
import struct

ICMP, TCP, UDP, IPV6, GRE, ESP, AH, ICMP6, NONE, DCCP, SCTP, UDPLITE = (
    1, 6, 17, 41, 47, 50, 51, 58, 59, 33, 132, 136)
HOP, ROUTING, FRAGMENT, DEST = 0, 43, 44, 60
EXTENSIONS = (HOP, ROUTING, FRAGMENT, AH, DEST)
PORTS = (TCP, UDP, SCTP, DCCP, UDPLITE)

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128

NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp", GRE: "gre", ESP: "esp", AH: "ah",
         ICMP6: "icmpv6", DCCP: "dccp", SCTP: "sctp", UDPLITE: "udplite"}

_cache = {}


def raw(addr):
    """The bytes of an address in text."""
    got = _cache.get(addr)
    if got is None:
        got = _cache[addr] = ipaddress.ip_address(addr).packed
    return got


def text(packed):
    """The other way round."""
    return str(ipaddress.ip_address(packed))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(src, dst, proto, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, proto, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, proto)


# ---- layer 4 --------------------------------------------------------------

def tcp(src, dst, sport, dport, flags, seq=0, ack=0, window=8192, options=b"", data=b""):
    options += b"\1" * (-len(options) % 4)
    head = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                       (5 + len(options) // 4) << 4, flags, window, 0, 0)
    segment = head + options + data
    total = checksum(pseudo(raw(src), raw(dst), TCP, len(segment)) + segment)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def udp(src, dst, sport, dport, data=b"", proto=UDP):
    # UDP-Lite: the same place holds the coverage; 0 is all of it
    length = 8 + len(data) if proto == UDP else 0
    datagram = struct.pack("!HHHH", sport, dport, length, 0) + data
    total = checksum(pseudo(raw(src), raw(dst), proto, len(datagram)) + datagram) or 0xffff
    return datagram[:6] + struct.pack("!H", total) + data


def icmp(src, dst, kind, code, rest=0, data=b""):
    """Of the addresses' family; the caller knows what the type means there."""
    message = struct.pack("!BBHI", kind, code, 0, rest) + data
    if len(raw(src)) == 16:
        total = checksum(pseudo(raw(src), raw(dst), ICMP6, len(message)) + message)
    else:
        total = checksum(message)
    return message[:2] + struct.pack("!H", total) + message[4:]


def echo(src, dst, ident, number, reply=False, data=b""):
    if len(raw(src)) == 16:
        kind = 129 if reply else 128
    else:
        kind = 0 if reply else 8
    return icmp(src, dst, kind, 0, ident << 16 | number, data)


CRC32C = []
for _n in range(256):
    for _ in range(8):
        _n = _n >> 1 ^ (0x82f63b78 if _n & 1 else 0)
    CRC32C.append(_n)


def sctp(sport, dport, tag, chunks):
    packet = struct.pack("!HHII", sport, dport, tag, 0) + chunks
    crc = 0xffffffff
    for byte in packet:
        crc = CRC32C[(crc ^ byte) & 0xff] ^ crc >> 8
    return packet[:8] + struct.pack("<I", crc ^ 0xffffffff) + chunks


def chunk(kind, flags, data=b""):
    return struct.pack("!BBH", kind, flags, 4 + len(data)) + data + b"\0" * (-len(data) % 4)


def gre(data=b"", proto=0x0800):
    return struct.pack("!HH", 0, proto) + data


def esp(spi, number, data=b""):
    return struct.pack("!II", spi, number) + data


# ---- IP -------------------------------------------------------------------

def ipv4(src, dst, proto, payload, ident=0, frag=0, ttl=64, options=b"", tos=0):
    """`frag`: flags and offset as the header has them."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos,
                       20 + len(options) + len(payload), ident, frag, ttl, proto, 0,
                       raw(src), raw(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, proto, payload, hops=64, label=0):
    return struct.pack("!IHBB16s16s", 6 << 28 | label, len(payload), proto, hops,
                       raw(src), raw(dst)) + payload


def ip(src, dst, proto, payload, **more):
    if len(raw(src)) == 16:
        return ipv6(src, dst, proto, payload, hops=more.get("ttl", 64))
    return ipv4(src, dst, proto, payload, **more)


def extend(src, dst, headers, proto, payload, hops=64):
    """IPv6 with extension headers: a list of (type, body)."""
    out = payload
    nxt = proto
    for kind, body in reversed(headers):
        if kind == AH:
            body += b"\0" * (-(len(body) + 2) % 8)
            size = (len(body) + 2) // 4 - 2
        else:
            body += b"\0" * (-(len(body) + 2) % 8)
            size = (len(body) + 2) // 8 - 1
        out = bytes((nxt, size)) + body + out
        nxt = kind
    return ipv6(src, dst, nxt, out, hops)


PADN = b"\1\4\0\0\0\0"


def fragments(src, dst, proto, payload, cuts, ident):
    """The payload in pieces that end at `cuts` (multiples of 8, rising) and at its end."""
    pieces = []
    for start, end in zip([0] + cuts, cuts + [len(payload)]):
        pieces.append(fragment(src, dst, proto, payload[start:end], start,
                               end != len(payload), ident))
    return pieces


def fragment(src, dst, proto, data, offset, more, ident):
    if len(raw(src)) == 4:
        return ipv4(src, dst, proto, data, ident=ident & 0xffff,
                    frag=offset // 8 | (0x2000 if more else 0))
    head = struct.pack("!BBHI", proto, 0, offset | (1 if more else 0), ident)
    return ipv6(src, dst, FRAGMENT, head + data)


# ---- taken apart ----------------------------------------------------------

class Packet:
    """What can be told of a packet; fields it does not have are None."""

    __slots__ = ("v", "src", "dst", "proto", "sport", "dport", "flags", "seq", "ack", "kind",
                 "code", "ident", "echo_id", "quote", "offset", "more", "headers", "chain",
                 "bad", "hops", "length", "at", "data")

    def __init__(self):
        for name in self.__slots__:
            setattr(self, name, None)
        self.headers = 0
        self.chain = []         # (type, its third byte) of each IPv6 extension header
        self.bad = False

    @property
    def fragment(self):
        return bool(self.offset or self.more)

    @property
    def syn(self):
        """Would it open a TCP connection?"""
        return self.proto == TCP and self.flags is not None and self.flags & 0x17 == SYN

    @property
    def error(self):
        return self.proto == ICMP and self.kind in (3, 4, 5, 11, 12) or \
            self.proto == ICMP6 and self.kind is not None and self.kind < 128

    @property
    def echo(self):
        return self.proto == ICMP and self.kind in (0, 8) or \
            self.proto == ICMP6 and self.kind in (128, 129)

    def has(self, kind):
        """How many extension headers of a type it has."""
        return sum(1 for k, _ in self.chain if k == kind)

    def checksum_ok(self):
        """Is the checksum behind the IP header right, where there is one?"""
        body = self.data[self.at:] if self.at else b""
        if self.proto == ICMP and self.v == 4:
            return checksum(body) == 0
        size = {TCP: 20, UDP: 8, ICMP6: 8, UDPLITE: 8, DCCP: 12}.get(self.proto)
        if not size or len(body) < size or self.fragment:
            return True
        if self.proto == UDP and body[6:8] == b"\0\0" and self.v == 4:
            return True
        return checksum(pseudo(self.src, self.dst, self.proto, len(body)) + body) == 0

    def length_ok(self):
        """Does the length, or the coverage, that UDP's header tells fit the packet?"""
        body = self.data[self.at:] if self.at else b""
        if self.proto not in (UDP, UDPLITE) or len(body) < 8 or self.fragment:
            return True
        told, = struct.unpack_from("!H", body, 4)
        if self.proto == UDP:
            return told == len(body)
        return told == 0 or 8 <= told <= len(body)

    def key(self):
        """The same for both directions of a flow."""
        if self.echo:
            a = (self.src, self.echo_id)
            b = (self.dst, self.echo_id)
        elif self.proto in PORTS:
            a = (self.src, self.sport)
            b = (self.dst, self.dport)
        else:
            a = (self.src, 0)
            b = (self.dst, 0)
        return (min(a, b), max(a, b), self.proto)


def decode(data, quoted=False):
    p = Packet()
    p.data = data
    p.length = len(data)
    if not data:
        p.bad = True
        return p
    p.v = data[0] >> 4
    if p.v == 4 and len(data) >= 20:
        at = _decode4(p, data)
    elif p.v == 6 and len(data) >= 40:
        at = _decode6(p, data)
    else:
        p.bad = True
        return p
    p.at = at
    if at is not None and not p.offset:
        _decode_layer4(p, data[at:], quoted)
    return p


def _decode4(p, data):
    p.src, p.dst = data[12:16], data[16:20]
    p.proto = data[9]
    p.hops = data[8]
    frag, = struct.unpack_from("!H", data, 6)
    p.offset = (frag & 0x1fff) * 8
    p.more = bool(frag & 0x2000)
    p.ident, = struct.unpack_from("!H", data, 4)
    return (data[0] & 15) * 4


def _decode6(p, data):
    p.src, p.dst = data[8:24], data[24:40]
    p.hops = data[7]
    nxt, at = data[6], 40
    while nxt in EXTENSIONS:
        if at + 8 > len(data):
            p.bad = True
            p.proto = nxt
            return None
        p.headers += 1
        p.chain.append((nxt, data[at + 2]))
        if nxt == FRAGMENT:
            field, p.ident = struct.unpack_from("!HI", data, at + 2)
            p.offset, p.more = field & 0xfff8, bool(field & 1)
            nxt, at = data[at], at + 8
            if p.offset:
                break
            continue
        size = (data[at + 1] + 2) * 4 if nxt == AH else (data[at + 1] + 1) * 8
        nxt, at = data[at], at + size
    p.proto = nxt
    return at


def _decode_layer4(p, rest, quoted):
    if p.proto in PORTS and len(rest) >= 4:
        p.sport, p.dport = struct.unpack_from("!HH", rest)
        if p.proto == TCP and len(rest) >= 20:
            p.seq, p.ack = struct.unpack_from("!II", rest, 4)
            p.flags = rest[13]
    elif p.proto in (ICMP, ICMP6) and len(rest) >= 8:
        p.kind, p.code = rest[0], rest[1]
        if p.echo:
            p.echo_id, = struct.unpack_from("!H", rest, 4)
        elif p.error and not quoted:
            p.quote = decode(rest[8:], True)


def gather(pieces):
    """What the fragments (as Packet) were before, roughly; None: there is no first one.

    Overlaps are for the judges; this is to tell what a whole datagram was about.
    """
    first = next((p for p in pieces if not p.offset and p.at), None)
    if first is None:
        return None
    payload = bytearray()
    for p in sorted((p for p in pieces if p.at), key=lambda p: p.offset):
        payload[p.offset:] = p.data[p.at:]
    src, dst = text(first.src), text(first.dst)
    if first.v == 4:
        return decode(ipv4(src, dst, first.proto, bytes(payload)))
    return decode(ipv6(src, dst, first.proto, bytes(payload)))


def flag_names(flags):
    return "".join(c for bit, c in enumerate("FSRPAUEC") if flags >> bit & 1) or "-"


def describe(p):
    """One line for people."""
    if p.src is None:
        return "no IP packet, %d bytes" % p.length
    what = NAMES.get(p.proto, "proto %s" % p.proto)
    if p.fragment:
        what += " fragment id %s %d%s" % (p.ident, p.offset, "+" if p.more else "")
    if p.sport is not None:
        ends = "%s:%d > %s:%d" % (text(p.src), p.sport, text(p.dst), p.dport)
    else:
        ends = "%s > %s" % (text(p.src), text(p.dst))
    out = "%s %s" % (what, ends)
    if p.flags is not None:
        out += " [%s] seq %d ack %d" % (flag_names(p.flags), p.seq, p.ack)
    if p.kind is not None:
        out += " type %d code %d" % (p.kind, p.code)
        out += " id %d" % p.echo_id if p.echo else ""
    if p.headers:
        out += " (%d extension headers)" % p.headers
    if p.quote is not None:
        out += " {%s}" % describe(p.quote)
    return out + ", %d bytes" % p.length
