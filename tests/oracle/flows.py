# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversations: each a Python generator of (sender, IP packet).

The sender is 0 for who began and 1 for the other. A conversation knows nothing
of rules; whether it is allowed is for the judges to say.
"""

import struct

import packet as pk
from packet import ACK, FIN, PSH, RST, SYN


class Ends:
    """Who talks to whom. `addr` and `port` are pairs: who begins, and the other."""

    def __init__(self, rng, addr, port):
        self.rng = rng
        self.addr = addr
        self.port = port

    def ip(self, side, proto, payload):
        src, dst = self.addr[side], self.addr[1 - side]
        rng = self.rng
        hops = rng.choice([64, 64, 64, 128, 255, 3])
        if ":" in src:
            if rng.random() < 0.06:
                return extended(rng, src, dst, proto, payload)
            return pk.ipv6(src, dst, proto, payload, hops)
        options = b"\x94\4\0\0" if rng.random() < 0.01 else b""     # router alert
        return pk.ipv4(src, dst, proto, payload, ident=rng.getrandbits(16), ttl=hops,
                       frag=rng.choice([0, 0x4000]), options=options)

    def pieces(self, side, proto, payload):
        """The payload as one packet, or, now and then, as fragments."""
        if len(payload) > 40 and self.rng.random() < 0.12:
            return fragmented(self.rng, self.addr[side], self.addr[1 - side], proto, payload)
        return [self.ip(side, proto, payload)]


def extended(rng, src, dst, proto, payload):
    """With IPv6 extension headers, mostly as many as a gateway has to follow."""
    headers = []
    n = rng.choice([1, 1, 1, 2, 3, 5, 8, 9])
    for at in range(n):
        kind = rng.choice([pk.DEST, pk.DEST, pk.ROUTING, pk.AH])
        if at == 0 and rng.random() < 0.3:
            kind = pk.HOP
        if kind == pk.ROUTING:
            routing = rng.choice([2, 3, 4, 0]) if rng.random() < 0.3 else 2
            body = bytes((routing, 0)) + bytes(20)
        elif kind == pk.AH:
            body = bytes(2) + rng.randbytes(20)
        else:
            # more padding than this in a hop-by-hop header Linux refuses to forward
            long = kind == pk.DEST and rng.random() < 0.3
            body = pk.PADN + (b"\1\6" + bytes(6) if long else b"")
        headers.append((kind, body))
    if rng.random() < 0.1 and n < 8:    # an atomic fragment
        inner = pk.fragment(src, dst, proto, payload, 0, False, rng.getrandbits(32))
        return inner
    return pk.extend(src, dst, headers, proto, payload)


def fragmented(rng, src, dst, proto, payload):
    """In order or not, now and then with a piece that is missing, double or overlaps."""
    ident = rng.getrandbits(32) if ":" in src else rng.getrandbits(16)
    slots = list(range(1, (len(payload) - 1) // 8 + 1))
    if not slots:
        slots = [1]
    cuts = sorted(8 * c for c in rng.sample(slots, min(len(slots), rng.randint(1, 4))))
    pieces = pk.fragments(src, dst, proto, payload, cuts, ident)
    roll = rng.random()
    if roll < 0.4:
        rng.shuffle(pieces)
    elif roll < 0.55:
        pieces.reverse()
    roll = rng.random()
    if roll < 0.15:
        del pieces[rng.randrange(len(pieces))]
    elif roll < 0.3:
        pieces.insert(rng.randrange(len(pieces)), rng.choice(pieces))
    elif roll < 0.45:
        start = max(0, cuts[0] - 8)
        pieces.insert(rng.randrange(len(pieces)), pk.fragment(
            src, dst, proto, payload[start:start + 24 - 24 % 8], start, True, ident))
    return pieces


# ---- TCP ------------------------------------------------------------------

class Tcp(Ends):
    def __init__(self, rng, addr, port, middle=0.08):
        super().__init__(rng, addr, port)
        self.middle = middle    # how often it is only seen from its middle on
        near_wrap = rng.random() < 0.2
        self.nxt = [(0xffffffff - rng.randrange(3000)) if near_wrap else rng.getrandbits(32)
                    for _ in range(2)]
        self.acked = [0, 0]     # what each side has acknowledged of the other
        self.window = [rng.choice([512, 4096, 8192, 65535]) for _ in range(2)]
        self.scales = [rng.choice([None, 0, 2, 7, 14]) for _ in range(2)]

    def make(self, side, flags, data=b"", seq=None, ack=None, options=b""):
        if ack is None:
            ack = self.acked[side] if flags & ACK else 0
        segment = pk.tcp(self.addr[side], self.addr[1 - side], self.port[side],
                         self.port[1 - side], flags, self.nxt[side] if seq is None else seq,
                         ack, self.window[side], options, data)
        return [(side, ip) for ip in self.pieces(side, pk.TCP, segment)]

    def send(self, side, flags, data=b"", options=b""):
        """In sequence; the other side has it and will acknowledge it."""
        out = self.make(side, flags, data, options=options)
        self.nxt[side] = (self.nxt[side] + len(data) + bool(flags & SYN)
                          + bool(flags & FIN)) & 0xffffffff
        self.acked[1 - side] = self.nxt[side]
        return out

    def syn_options(self, side):
        out = b"\2\4\5\xb4" if self.rng.random() < 0.8 else b""
        if self.scales[side] is not None:
            out += b"\1\3\3" + bytes((self.scales[side],))
        if self.rng.random() < 0.3:
            out += b"\4\2"
        return out

    def open(self):
        """True: there is a connection."""
        rng = self.rng
        roll = rng.random()
        yield from self.send(0, SYN, options=self.syn_options(0))
        if roll < 0.06:
            return False
        if roll < 0.12:         # again
            self.nxt[0] = (self.nxt[0] - 1) & 0xffffffff
            yield from self.send(0, SYN, options=self.syn_options(0))
        elif roll < 0.18:       # refused
            yield from self.make(1, RST | ACK, seq=0)
            return False
        elif roll < 0.22:       # both at once
            yield from self.make(1, SYN, options=self.syn_options(1))
            yield from self.make(0, SYN | ACK, seq=(self.nxt[0] - 1) & 0xffffffff,
                                 ack=(self.nxt[1] + 1) & 0xffffffff)
        elif roll < 0.26:       # an answer to something else
            yield from self.make(1, SYN | ACK, ack=rng.getrandbits(32))
        elif roll < 0.29:
            yield from self.make(0, rng.choice([RST, RST | ACK]))
        yield from self.send(1, SYN | ACK, options=self.syn_options(1))
        if rng.random() < 0.05:
            yield from self.make(1, SYN | ACK, seq=(self.nxt[1] - 1) & 0xffffffff)
        yield from self.make(0, ACK)
        return True

    def talk(self):
        rng = self.rng
        for _ in range(rng.randint(0, 6)):
            side = rng.randrange(2)
            data = bytes(rng.choice([0, 1, 10, 100, 700]))
            roll = rng.random()
            if roll < 0.06 and data:
                yield from self.make(side, ACK | PSH, data)     # lost further on
            elif roll < 0.12:
                yield from self.make(side, ACK, b"\0", seq=(self.nxt[side] - 1) & 0xffffffff)
            elif roll < 0.22:
                yield from self.blind()
            yield from self.send(side, ACK | PSH if data else ACK, data)
            if rng.random() < 0.7:
                yield from self.make(1 - side, ACK)

    def blind(self):
        """Who knows the ports and guesses the rest; or nearly does."""
        rng = self.rng
        side = rng.randrange(2)
        flags = rng.choice([RST, RST, RST | ACK, FIN | ACK, FIN | ACK, SYN, SYN | ACK, ACK, FIN,
                            0, SYN | FIN, FIN | PSH | 32])
        base = rng.choice([self.nxt[side], self.acked[1 - side],
                           self.acked[1 - side] + self.window[1 - side]])
        off = rng.choice([0, 0, 1, -1, 2, -2, 100, -100, 1 << 20, 1 << 31, rng.getrandbits(32)])
        yield from self.make(side, flags, seq=base + off,
                             ack=rng.choice([None, None, rng.getrandbits(32)]),
                             data=b"x" * rng.choice([0, 0, 0, 20]))

    def close(self):
        rng = self.rng
        first = rng.randrange(2)
        roll = rng.random()
        if roll < 0.2:
            yield from self.make(first, rng.choice([RST, RST | ACK]))
        elif roll < 0.3:        # a reset that may not fit
            yield from self.blind()
        elif roll < 0.9:
            yield from self.send(first, FIN | ACK, rng.choice([b"", b"bye"]))
            if rng.random() < 0.6:
                yield from self.make(1 - first, ACK)
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                yield from self.send(1 - first, ACK | PSH, b"more")
                yield from self.make(first, ACK)
            if rng.random() < 0.15:
                return
            yield from self.send(1 - first, FIN | ACK)
            yield from self.make(first, ACK)

    def after(self):
        """Late packets, and the same ports again, from either side."""
        rng = self.rng
        for _ in range(rng.choice([0, 0, 1, 2])):
            yield from self.make(rng.randrange(2), rng.choice([ACK, FIN | ACK, RST]))
        while rng.random() < 0.35:
            if rng.random() < 0.25:
                self.addr = self.addr[::-1]
                self.port = self.port[::-1]
                self.nxt.reverse()
            self.nxt = [(n + rng.choice([1, 70000, 1 << 24])) & 0xffffffff for n in self.nxt]
            self.acked = [0, 0]
            yield from self.once()

    def once(self):
        if (yield from self.open()):
            yield from self.talk()
            yield from self.close()

    def run(self):
        if self.rng.random() < self.middle:
            self.acked = [self.nxt[1], self.nxt[0]]
            yield from self.talk()
            yield from self.close()
            return
        yield from self.once()
        yield from self.after()


# ---- the others -----------------------------------------------------------

def udp(rng, addr, port, proto=pk.UDP):
    ends = Ends(rng, addr, port)
    side = 0
    for _ in range(rng.randint(1, 8)):
        data = bytes(rng.choice([0, 1, 20, 100, 1200]))
        datagram = pk.udp(addr[side], addr[1 - side], port[side], port[1 - side], data, proto)
        if proto == pk.UDP and "." in addr[0] and rng.random() < 0.05:
            datagram = datagram[:6] + b"\0\0" + data
        for ip in ends.pieces(side, proto, datagram):
            yield side, ip
        side = rng.randrange(2)


def echo(rng, addr, _port):
    ends = Ends(rng, addr, (0, 0))
    ident = rng.getrandbits(16)
    v6 = ":" in addr[0]
    for number in range(rng.randint(1, 4)):
        data = bytes(rng.choice([8, 56, 1000]))
        order = [(0, False), (1, True)]
        roll = rng.random()
        if roll < 0.15:
            order = [(1, True)]
        elif roll < 0.25:
            order = [(0, True), (1, False)]
        elif roll < 0.3:
            order = [(0, False), (1, False)]
        for side, reply in order:
            message = pk.echo(addr[side], addr[1 - side], ident, number, reply, data)
            for ip in ends.pieces(side, pk.ICMP6 if v6 else pk.ICMP, message):
                yield side, ip


def icmp_other(rng, addr, _port):
    """Timestamps, node information, neighbour discovery out of place, nonsense."""
    ends = Ends(rng, addr, (0, 0))
    v6 = ":" in addr[0]
    kind = rng.choice([139, 140, 133, 135, 136, 144, 200] if v6 else [13, 14, 15, 17, 9, 40])
    for _ in range(rng.randint(1, 3)):
        side = rng.randrange(2)
        message = pk.icmp(addr[side], addr[1 - side], kind, 0, 1, bytes(12))
        yield side, ends.ip(side, pk.ICMP6 if v6 else pk.ICMP, message)


def sctp(rng, addr, port):
    ends = Ends(rng, addr, port)
    tag = [rng.getrandbits(32) or 1, rng.getrandbits(32) or 1]
    tsn = [rng.getrandbits(32), rng.getrandbits(32)]

    def init(side, kind, more=b""):
        return pk.chunk(kind, 0, struct.pack("!IIHHI", tag[side], 65536, 1, 1, tsn[side]) + more)

    cookie = b"\0\7\0\x0c" + rng.randbytes(8)
    steps = [(0, 0, init(0, 1)), (1, tag[0], init(1, 2, cookie)),
             (0, tag[1], pk.chunk(10, 0, cookie[4:])), (1, tag[0], pk.chunk(11, 0))]
    for _ in range(rng.randint(0, 4)):
        side = rng.randrange(2)
        steps.append((side, tag[1 - side],
                      pk.chunk(0, 3, struct.pack("!IHHI", tsn[side], 0, 0, 0) + b"data")))
        steps.append((1 - side, tag[side],
                      pk.chunk(3, 0, struct.pack("!IIHH", tsn[side], 65536, 0, 0))))
    roll = rng.random()
    if roll < 0.3:
        steps.append((0, tag[1], pk.chunk(6, 0)))
    elif roll < 0.7:
        steps += [(0, tag[1], pk.chunk(7, 0, bytes(4))), (1, tag[0], pk.chunk(8, 0)),
                  (0, tag[1], pk.chunk(14, 0))]
    if rng.random() < 0.15:
        del steps[rng.randrange(len(steps))]
    for side, vtag, chunks in steps:
        yield side, ends.ip(side, pk.SCTP, pk.sctp(port[side], port[1 - side], vtag, chunks))


def dccp(rng, addr, port):
    """Request, response, acknowledgments, data; RFC 4340 with long sequence numbers."""
    ends = Ends(rng, addr, port)
    number = [rng.getrandbits(40), rng.getrandbits(40)]
    steps = [(0, 0), (1, 1), (0, 3), (0, 4), (1, 4)]
    for side, kind in steps[:rng.randint(1, 5)]:
        number[side] += 1
        rest = number[side].to_bytes(6, "big")
        if kind:
            rest += b"\0\0" + number[1 - side].to_bytes(6, "big")
        rest += bytes(4) if kind < 2 else b""
        size = (10 + len(rest)) // 4
        head = struct.pack("!HHBBHBB", port[side], port[1 - side], size, 0, 0, kind << 1 | 1, 0)
        segment = head + rest
        segment += b"\0" * (size * 4 - len(segment))
        total = pk.checksum(pk.pseudo(pk.raw(addr[side]), pk.raw(addr[1 - side]), pk.DCCP,
                                      len(segment)) + segment)
        yield side, ends.ip(side, pk.DCCP, segment[:6] + struct.pack("!H", total) + segment[8:])


def plain(rng, addr, proto):
    """GRE, ESP, and what has no ports at all."""
    ends = Ends(rng, addr, (0, 0))
    for number in range(rng.randint(1, 4)):
        side = rng.randrange(2) if number else 0
        if proto == pk.GRE:
            payload = pk.gre(bytes(40))
        elif proto == pk.ESP:
            payload = pk.esp(0x1234, number, bytes(40))
        else:
            payload = bytes(48)
        for ip in ends.pieces(side, proto, payload):
            yield side, ip
