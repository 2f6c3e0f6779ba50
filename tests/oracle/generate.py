#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A seed becomes a scenario; see FORMAT.md.

usage: generate.py [--script] SEED [PACKETS]      prints it, or the script for inject

About half of the conversations are what some rule allows; the others differ
from that in one field: a port, an address, the link, the direction, the
protocol. Between them come errors about them, malformed packets, and changes of
the configuration. The same seed gives the same bytes on every machine.
"""

import ipaddress
import json
import random
import sys

import flows
import packet as pk
import script
from model_judge import Gateway
from registry import listed
from worlds import SERVERS4, SERVERS6, Changes, Maker

PROTOS = {"tcp": pk.TCP, "udp": pk.UDP, "sctp": pk.SCTP, "dccp": pk.DCCP,
          "udplite": pk.UDPLITE, "gre": pk.GRE, "esp": pk.ESP, "ah": pk.AH}
ACTIVE = 12             # conversations at a time
RECENT = 60             # packets that an ICMP error may quote
BURST = 16              # sessions that a device may lose before a rest
REST = {"change": "rest"}


class Generator:
    def __init__(self, seed, packets):
        self.rng = random.Random(seed)
        maker = Maker(self.rng)
        self.limited = maker.limited
        self.middle = 0.4 if maker.pickup else 0.08
        self.flood_ports = list(range(600, 1000))   # each once, and nobody else's
        self.world = maker.world(seed)
        self.changes = Changes(maker, self.world)
        self.registry = self.changes.registry
        self.left = packets
        self.number = 0
        self.recent = []
        self.routes = sorted(((ipaddress.ip_network(p), link) for p, link in
                              self.world["routes"]), key=lambda r: -r[0].prefixlen)
        # where there is little room, something has to go now and then
        self.change_rate = self.rng.choice([0.03, 0.06] if self.limited else [0, 0.003, 0.01, 0.03])
        self.dead = []          # conversations that may speak again: ends of former ones

    # ---- who and where ----------------------------------------------------

    def link_of(self, addr):
        """Where a packet from this address comes in when all is well."""
        device, dev = self.registry.device_at(addr)
        if device:
            return self.rng.choice(self.registry.links_of(dev) or ["wwan0"])
        value = ipaddress.ip_address(addr)
        return next(link for network, link in self.routes if value in network)

    def host_in(self, network):
        """An address of the network, not always its first."""
        span = network.num_addresses
        return str(network[0 if span == 1 else self.rng.randrange(min(span, 250))])

    def device_addr(self, v6):
        """An address of some device in that family, or None."""
        have = [n for d in self.registry.devices.values() for n in d.bindings
                if (n.version == 6) == v6]
        return self.host_in(self.rng.choice(have)) if have else None

    def anyone(self, v6):
        rng = self.rng
        roll = rng.random()
        if roll < 0.15:
            addr = self.device_addr(v6)
            if addr:
                return addr
        if roll < 0.2:          # in a pool, and most likely nobody's
            return ("fd64::dead:%x" if v6 else "10.64.200.%d") % rng.randint(1, 200)
        return rng.choice(SERVERS6 if v6 else SERVERS4)

    def self_addr(self, v6):
        return self.rng.choice([a for a in self.world["self"] if (":" in a) == v6])

    def peer_of(self, rule, way, v6):
        peer = rule["to" if way == "out" else "from"]
        if peer == "any":
            return self.self_addr(v6) if self.rng.random() < 0.1 else self.anyone(v6)
        if peer == "self":
            return self.self_addr(v6)
        nets = self.registry.peers.get(peer) if isinstance(peer, str) else None
        if nets is None:
            nets = [ipaddress.ip_network(p) for p in listed(peer)]
        nets = sorted((n for n in nets if (n.version == 6) == v6), key=str)
        if not nets:
            return self.anyone(v6)
        network = self.rng.choice(nets)
        if network.prefixlen < 24:
            near = [a for a in (SERVERS6 if v6 else SERVERS4)
                    if ipaddress.ip_address(a) in network]
            device = self.device_addr(v6)
            return self.rng.choice(near) if near else device or self.anyone(v6)
        return self.host_in(network)

    # ---- a conversation that some rule wants --------------------------------

    def wanted(self):
        """(protocol, who begins, the other, port)"""
        rng = self.rng
        device = rng.choice(list(self.registry.devices.values()) or [None])
        if not device or not device.bindings:
            v6 = rng.random() < 0.5
            return ("udp", self.anyone(v6), self.anyone(v6), 5683)
        network = rng.choice(sorted(device.bindings, key=str))
        addr = self.host_in(network)
        v6 = network.version == 6
        way = rng.choice(["out", "in"])
        policy = self.registry.policies.get(device.policy, {})
        rules = device.own[way] + policy.get(way, [])
        rule = rng.choice(rules) if rules else {"to": "any", "from": "any"}
        proto = rule.get("proto", "any")
        if proto == "any":
            proto = rng.choice(["tcp", "udp", "icmp", "sctp", "gre", "esp"])
        port = rng.randint(1, 65535)
        if "port" in rule:
            low, _, high = str(rng.choice(listed(rule["port"]))).partition("-")
            port = rng.choice([int(low), int(high or low), rng.randint(int(low), int(high or low))])
        peer = self.peer_of(rule, way, v6)
        if peer == addr or peer in self.world["self"] and way == "in":
            return None
        return (proto, addr, peer, port) if way == "out" else (proto, peer, addr, port)

    def near_miss(self, want):
        """One thing is not as the rule has it; the last is a link or None."""
        proto, a, b, port = want
        v6 = ":" in a
        link = None
        what = self.rng.randrange(6)
        if what == 0:
            port = (port + self.rng.choice([1, -1, 1000]) - 1) % 65535 + 1
        elif what == 1:
            b = self.anyone(v6)
        elif what == 2:
            a = self.anyone(v6)
        elif what == 3:
            link = self.rng.choice(sorted(self.world["links"]))
        elif what == 4 and b not in self.world["self"]:
            a, b = b, a
        else:
            proto = self.rng.choice(["tcp", "udp", "icmp", "sctp", "gre"])
        return (proto, a, b, port), link

    def conversation(self):
        """A generator of (link, IP packet), or None."""
        rng = self.rng
        if self.dead and rng.random() < 0.15:
            want, link, sport = rng.choice(self.dead)
        else:
            want, link = self.wanted(), None
            if not want:
                return None
            if rng.random() < 0.5:
                want, link = self.near_miss(want)
            sport = rng.choice([rng.randint(1024, 65535), rng.randint(40000, 40020), want[3]])
            self.dead = (self.dead + [(want, link, sport)])[-40:]
        _, a, b, _ = want
        if a == b or a in self.world["self"]:
            return None
        return self.speak(want, link, sport)

    def speak(self, want, link, sport):
        proto, a, b, port = want
        ends = ((a, b), (sport, port))
        if proto == "tcp":
            talk = flows.Tcp(self.rng, *ends, middle=self.middle).run()
        elif proto in ("udp", "udplite"):
            talk = flows.udp(self.rng, *ends, proto=PROTOS[proto])
        elif proto == "icmp":
            talk = (flows.echo if self.rng.random() < 0.85 else flows.icmp_other)(self.rng, *ends)
        elif proto == "sctp":
            talk = flows.sctp(self.rng, *ends)
        elif proto == "dccp":
            talk = flows.dccp(self.rng, *ends)
        else:
            talk = flows.plain(self.rng, ends[0], PROTOS.get(proto) or int(proto))
        for _, ip in talk:
            src = pk.text(ip[8:24] if ip[0] >> 4 == 6 else ip[12:16])
            if src in self.world["self"]:
                continue        # the gateway's own answers are not ours to make
            where = self.link_of(src)
            if link and src == a:
                where = link
            elif self.rng.random() < 0.01:
                where = self.rng.choice(sorted(self.world["links"]))
            yield where, ip

    # ---- errors, and what is malformed --------------------------------------

    def icmp_error(self):
        """About something that was sent lately; from whoever, and not always right."""
        rng = self.rng
        if not self.recent:
            return None
        ip = rng.choice(self.recent)
        p = pk.decode(ip)
        if p.src is None or p.error:
            return None
        src, dst, v6 = pk.text(p.src), pk.text(p.dst), p.v == 6
        roll = rng.random()
        if roll < 0.4:
            sender = dst
        elif roll < 0.8:
            sender = rng.choice(SERVERS6 if v6 else SERVERS4)
        else:
            sender = self.device_addr(v6) or dst
        roll = rng.random()
        if roll < 0.1:
            src = self.anyone(v6)
        quote = self.quote_of(ip, p)
        if sender in self.world["self"] or sender == src:
            return None
        kinds = [(1, 0), (1, 4), (2, 0), (3, 0), (4, 1)] if v6 else \
            [(3, 0), (3, 1), (3, 3), (3, 4), (4, 0), (5, 1), (11, 0), (12, 0)]
        kind, code = rng.choice(kinds)
        message = pk.icmp(sender, src, kind, code, rng.choice([0, 1300]), quote)
        return self.link_of(sender), pk.ip(sender, src, pk.ICMP6 if v6 else pk.ICMP, message)

    def quote_of(self, ip, p):
        """The packet as an error quotes it, or nearly so."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.5 and p.at:
            return ip[:p.at + 8]
        if roll < 0.6 and p.at:
            return ip[:p.at + rng.choice([0, 2, 4, 7])]
        if roll < 0.7:
            return ip[:rng.randrange(len(ip))]
        if roll < 0.85 and p.at and p.sport is not None:
            at = p.at + rng.choice([0, 1, 2, 3])
            return (ip[:at] + bytes((ip[at] ^ 1,)) + ip[at + 1:])[:576]
        return ip[:576]

    def hostile(self):
        """A packet of before with bytes behind its IP header changed, or cut off."""
        rng = self.rng
        if not self.recent:
            return None
        ip = bytearray(rng.choice(self.recent))
        v6 = ip[0] >> 4 == 6
        start = 40 if v6 else (ip[0] & 15) * 4
        if v6 and ip[6] == pk.HOP:
            return None         # what its options say is IP's own business
        for _ in range(rng.randint(0, 3)):
            if len(ip) > start:
                ip[rng.randrange(start, min(len(ip), start + 24))] = rng.getrandbits(8)
        if rng.random() < 0.5:
            del ip[rng.randrange(start, len(ip) + 1):]
        if v6:
            ip[4:6] = (len(ip) - 40).to_bytes(2, "big")
        else:
            ip[2:4] = len(ip).to_bytes(2, "big")
            ip[10:12] = b"\0\0"
            ip[10:12] = pk.checksum(bytes(ip[:start])).to_bytes(2, "big")
        src = pk.text(bytes(ip[8:24] if v6 else ip[12:16]))
        return self.link_of(src), bytes(ip)

    def broken(self):
        """What IP itself throws away; it must throw it away in every case."""
        rng = self.rng
        if not self.recent:
            return None
        ip = bytearray(rng.choice(self.recent))
        v6 = ip[0] >> 4 == 6
        src = pk.text(bytes(ip[8:24] if v6 else ip[12:16]))
        what = rng.randrange(4)
        if what == 0:
            ip[0] = rng.choice([0x00, 0x15, 0x55, 0x75, 0xf5])
        elif what == 1:
            del ip[rng.randrange(1, 20):]
        elif what == 2:
            at = 4 if v6 else 2
            ip[at:at + 2] = b"\xff\xf0"
        elif v6:
            ip[8] = 0xff        # from a multicast address
        else:
            ip[10] ^= 0x55      # a wrong checksum
        return self.link_of(src), bytes(ip)

    def link_control(self):
        """DHCP and neighbour discovery to the gateway itself."""
        rng = self.rng
        v6 = rng.random() < 0.5
        addr, own = self.device_addr(v6), self.self_addr(v6)
        if not addr:
            return None
        if v6:
            message = pk.icmp(addr, own, rng.choice([133, 135, 136]), 0, 0, bytes(20))
            ip = pk.ipv6(addr, own, pk.ICMP6, message, rng.choice([255, 255, 64]))
        else:
            ip = pk.ipv4(addr, own, pk.UDP, pk.udp(addr, own, 68, rng.choice([67, 66]), bytes(240)))
        return self.link_of(addr), ip

    # ---- the scenario -------------------------------------------------------

    def line(self, link, ip, stack=False):
        line = {"packet": self.number, "in": link, "ip": ip.hex()}
        if stack:
            line["stack"] = True
        else:
            self.recent = (self.recent + [ip])[-RECENT:]
            p = pk.decode(ip)
            if p.proto in (pk.TCP, pk.UDP) and p.sport is not None and not p.fragment:
                self.changes.kills = (self.changes.kills + [self.number])[-30:]
        self.number += 1
        self.left -= 1
        return line

    def odd(self):
        """One packet that belongs to no conversation: (link, IP packet, stack)."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.5:
            got, stack = self.icmp_error(), False
        elif roll < 0.85:
            got, stack = self.hostile(), False
        elif roll < 0.95:
            got, stack = self.broken(), True
        else:
            got, stack = self.link_control(), False
        return got and got + (stack,)

    def flood(self):
        """As many first packets as a link takes; of one device, or to one, all."""
        want = self.wanted()
        if not want or all(self.registry.device_at(addr)[0] for addr in want[1:3]):
            return
        proto, a, b, port = want
        v6 = ":" in a
        for _ in range(min(self.left, self.rng.randint(2, BURST), len(self.flood_ports))):
            sport = self.flood_ports.pop()
            if proto == "tcp":
                payload = pk.tcp(a, b, sport, port, pk.SYN, self.rng.getrandbits(32))
            else:
                payload = pk.udp(a, b, sport, port, b"flood")
            yield self.line(self.link_of(a), pk.ip(a, b, pk.TCP if proto == "tcp" else pk.UDP,
                                                   payload))

    def lines(self):
        """With a rest wherever it could matter that something is not freed yet."""
        yield self.world
        gateway = Gateway(self.world) if self.limited else None
        for together in self.events():
            for line in together:
                yield line
                if gateway and must_rest(gateway, line, line is together[-1]):
                    yield REST

    def events(self):
        """Lists of lines; between those of one list a rest is seldom needed."""
        rng = self.rng
        active = []
        while self.left > 0:
            if rng.random() < self.change_rate:
                change = self.changes.draw()
                if change:
                    yield [change]
                continue
            if self.limited and rng.random() < 0.02:
                flood = list(self.flood())
                # a limit in total would have to know what is freed already
                yield from [flood] if self.limited == ("device",) else ([one] for one in flood)
                continue
            if rng.random() < 0.08:
                odd = self.odd()
                if odd:
                    yield [self.line(*odd)]
                continue
            if len(active) < ACTIVE and rng.random() < 0.3 or not active:
                talk = self.conversation()
                if talk:
                    active.append(talk)
                continue
            talk = rng.choice(active)
            got = next(talk, None)
            if got is None:
                active.remove(talk)
            else:
                yield [self.line(*got)]


def must_rest(gateway, line, last):
    """Has something ended whose memory could matter? Then the model has rested, too."""
    (gateway.change if "change" in line else gateway.packet)(line)
    ended = gateway.limits.ended
    # what a device has lost to a newer one matters later, unless it was another's, too
    if not (ended if last else [s for s in ended if len(s.sides()) > 1]):
        return False
    gateway.change(REST)
    return True


def generate(seed, packets=1000):
    """The lines of the scenario, as objects."""
    return Generator(seed, packets).lines()


def main(argv):
    as_script = argv[:1] == ["--script"]
    numbers = list(map(int, argv[as_script:]))
    if len(numbers) not in (1, 2):
        sys.exit("usage: generate.py [--script] SEED [PACKETS]")
    lines = list(generate(*numbers))
    if as_script:
        print(script.make(lines), end="")
        return
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1:])
