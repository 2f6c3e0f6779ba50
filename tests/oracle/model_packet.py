# SPDX-License-Identifier: GPL-2.0-or-later
"""From the bytes of a packet to what a verdict depends on.

Parsing never fails: what cannot be parsed is a packet whose `bad` names the
reason. The addresses are read first, because most denials need them alone.
"""

from dataclasses import dataclass
from typing import Any, Optional

ICMP, IGMP, TCP, UDP, ROUTING, FRAGMENT, AH, ICMPV6 = 1, 2, 6, 17, 43, 44, 51, 58
HOP_BY_HOP, DEST_OPTIONS = 0, 60
DCCP, SCTP, UDPLITE = 33, 132, 136
EXTENSIONS = {HOP_BY_HOP, ROUTING, FRAGMENT, AH, DEST_OPTIONS}
EXTENSIONS_MAX = 8
PORTS = {TCP, UDP, DCCP, SCTP, UDPLITE}

# ICMP errors (RFC 1122, 3.2.2); those of ICMPv6 have types below 128.
ICMP_ERRORS = {3, 4, 5, 11, 12}
ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


@dataclass(slots=True)
class Segment:
    """What the TCP rules need to know of one segment."""

    seq: int
    ack: Optional[int]
    window: int
    length: int
    syn: bool
    fin: bool
    rst: bool
    scale: Optional[int]

    @property
    def end(self):
        """The sequence number after the segment."""
        return (self.seq + self.length + self.syn + self.fin) & 0xFFFFFFFF

    @property
    def opens(self):
        """Say whether it is a connection's first packet."""
        return self.syn and self.ack is None and not self.fin and not self.rst


@dataclass(slots=True)
class Piece:
    """One fragment: where its data belongs, and the headers before it."""

    key: tuple
    offset: int
    more: bool
    head: bytes
    data: bytes


@dataclass(slots=True)
class Packet:
    """A parsed packet; `kind` is "ports", "echo", "error" or "other"."""

    family: int
    src: Optional[tuple] = None
    dst: Optional[tuple] = None
    hop: int = 0
    bad: Optional[str] = None
    piece: Optional[Piece] = None
    proto: int = 0
    kind: str = "other"
    sport: int = 0
    dport: int = 0
    type: int = -1
    tcp: Optional[Segment] = None
    quote: Any = None

    @property
    def flow(self):
        """The key of a session that this packet opens."""
        return self.proto, self.kind, self.src, self.sport, self.dst, self.dport

    @property
    def reverse_flow(self):
        """The key of a session whose reply this packet is."""
        return self.proto, self.kind, self.dst, self.dport, self.src, self.sport


def word(data, at, size=2):
    """Read a number in network byte order."""
    return int.from_bytes(data[at : at + size], "big")


def parse(data, quoted=False):
    """Parse a packet; a quoted one is mostly cut short, so lengths do not count."""
    family = data[0] >> 4 if data else 0
    if family == 4:
        return parse_v4(data, quoted)
    if family == 6:
        return parse_v6(data, quoted)
    return Packet(family, bad="malformed")


def parse_v4(data, quoted):
    """Parse an IPv4 header and what follows it."""
    pkt = Packet(4)
    if len(data) < 20:
        pkt.bad = "malformed"
        return pkt
    pkt.src = (4, word(data, 12, 4))
    pkt.dst = (4, word(data, 16, 4))
    pkt.hop = data[8]
    header = (data[0] & 15) * 4
    total = len(data) if quoted else word(data, 2)
    if header < 20 or header > total or total > len(data):
        pkt.bad = "malformed"
        return pkt
    data = data[:total]
    pkt.proto = data[9]
    offset, more = (word(data, 6) & 0x1FFF) * 8, bool(data[6] & 0x20)
    if offset or more:
        key = (pkt.src, pkt.dst, word(data, 4), pkt.proto)
        pkt.piece = Piece(key, offset, more, data[:header], data[header:])
        if not quoted or offset:
            return pkt
    parse_upper(pkt, data, header, quoted)
    return pkt


def parse_v6(data, quoted):
    """Parse an IPv6 header, its extension headers and what follows them."""
    pkt = Packet(6)
    if len(data) < 40:
        pkt.bad = "malformed"
        return pkt
    pkt.src = (6, word(data, 8, 16))
    pkt.dst = (6, word(data, 24, 16))
    pkt.hop = data[7]
    total = len(data) if quoted else 40 + word(data, 4)
    if total > len(data):
        pkt.bad = "malformed"
        return pkt
    data = data[:total]
    at = walk_extensions(pkt, data, quoted)
    if at is not None:
        parse_upper(pkt, data, at, quoted)
    return pkt


def walk_extensions(pkt, data, quoted):
    """Follow the chain; return where the upper layer begins, or None.

    A fragment ends the walk: what follows it is known when all are there.
    """
    pkt.proto, pointer, at = data[6], 6, 40
    for _ in range(EXTENSIONS_MAX):
        if pkt.proto not in EXTENSIONS:
            return at
        if at + 8 > len(data):
            break
        size = extension_size(pkt.proto, data[at + 1])
        if at + size > len(data):
            break
        if pkt.proto == ROUTING and data[at + 2] == 0:
            pkt.bad = "routing-header"
            return None
        if pkt.proto == FRAGMENT and word(data, at + 2) & 0xFFF9:
            pkt.piece = fragment_v6(pkt, data, at, pointer)
            if not quoted or pkt.piece.offset:
                return None
        pkt.proto, pointer, at = data[at], at, at + size
    if pkt.proto in EXTENSIONS:
        pkt.bad = "malformed"
        return None
    return at


def extension_size(proto, field):
    """Return the size of an extension header from its length field."""
    if proto == FRAGMENT:
        return 8
    if proto == AH:
        return (field + 2) * 4
    return (field + 1) * 8


def fragment_v6(pkt, data, at, pointer):
    """Read a fragment header; `pointer` is where its number stands."""
    head = bytearray(data[:at])
    head[pointer] = data[at]
    field = word(data, at + 2)
    key = (pkt.src, pkt.dst, word(data, at + 4, 4))
    return Piece(key, field & 0xFFF8, bool(field & 1), bytes(head), data[at + 8 :])


def parse_upper(pkt, data, at, quoted):
    """Parse the transport header at `at`."""
    rest = len(data) - at
    if pkt.proto in PORTS:
        pkt.kind = "ports"
        if rest < 4:
            pkt.bad = "malformed"
            return
        pkt.sport, pkt.dport = word(data, at), word(data, at + 2)
        if pkt.proto == TCP and not quoted:
            parse_tcp(pkt, data, at)
    elif pkt.proto == (ICMP if pkt.family == 4 else ICMPV6):
        if rest < 8:
            pkt.bad = "malformed"
            return
        parse_icmp(pkt, data, at, quoted)


def parse_icmp(pkt, data, at, quoted):
    """Parse an ICMP message; an error's quote is a packet of its own."""
    pkt.type = data[at]
    if pkt.type in (ECHO_REQUEST[pkt.family], ECHO_REPLY[pkt.family]):
        pkt.kind = "echo"
        pkt.sport = pkt.dport = word(data, at + 4)
    elif pkt.type in ICMP_ERRORS if pkt.family == 4 else pkt.type < 128:
        pkt.kind = "error"
        if not quoted:
            quote = parse(data[at + 8 :], quoted=True)
            if quote.family == pkt.family and quoted_flow_is_known(quote):
                pkt.quote = quote


def quoted_flow_is_known(quote):
    """Say whether a quote names a flow; later fragments have no ports."""
    if quote.bad or (quote.piece and quote.piece.offset):
        return False
    return quote.kind != "error"


def parse_tcp(pkt, data, at):
    """Parse a TCP header; only a SYN's options matter."""
    if len(data) - at < 20:
        pkt.bad = "malformed"
        return
    header = (data[at + 12] >> 4) * 4
    if header < 20 or at + header > len(data):
        pkt.bad = "malformed"
        return
    flags = data[at + 13]
    pkt.tcp = Segment(
        seq=word(data, at + 4, 4),
        ack=word(data, at + 8, 4) if flags & ACK else None,
        window=word(data, at + 14),
        length=len(data) - at - header,
        syn=bool(flags & SYN),
        fin=bool(flags & FIN),
        rst=bool(flags & RST),
        scale=None,
    )
    if pkt.tcp.syn:
        pkt.tcp.scale = window_scale(data[at + 20 : at + header])


def window_scale(options):
    """Return the window scale of TCP options, 14 at most, or None."""
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if at + 1 >= len(options):
            break
        size = options[at + 1]
        if size < 2 or at + size > len(options):
            break
        if kind == 3 and size == 3:
            return min(options[at + 2], 14)
        at += size
    return None


DHCP_V4 = {(68, 67), (67, 68)}
DHCP_V6 = {(546, 547), (547, 546)}


def is_link_control(pkt):
    """Row 0, for a packet that ends here: what keeps a link alive is not judged."""
    if pkt.bad or pkt.piece:
        return False
    if pkt.proto == UDP:
        pairs = DHCP_V4 if pkt.family == 4 else DHCP_V6
        return (pkt.sport, pkt.dport) in pairs
    if pkt.family == 4:
        return pkt.proto == IGMP
    if pkt.proto != ICMPV6:
        return False
    if 133 <= pkt.type <= 137:
        return pkt.hop == 255
    return pkt.type in (130, 131, 132, 143)
