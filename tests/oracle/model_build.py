# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets for the model's own tests; checksums are left zero, nobody reads them."""

import ipaddress

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TCP, UDP = 6, 17


def ip(src, dst, proto, payload, **opt):
    """Build a packet of the addresses' family; `ext` is [(number, body)...] for IPv6."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    hop = opt.get("hop", 64)
    if src.version == 4:
        field = opt.get("offset", 0) // 8 | (0x2000 if opt.get("more") else 0)
        options = opt.get("options", b"")
        size = 20 + len(options) + len(payload)
        head = bytes([0x40 | (20 + len(options)) // 4, 0]) + size.to_bytes(2, "big")
        head += opt.get("ident", 1).to_bytes(2, "big") + field.to_bytes(2, "big")
        head += bytes([hop, proto, 0, 0]) + src.packed + dst.packed + options
        return head + payload
    chain = list(opt.get("ext", []))
    if opt.get("offset") or opt.get("more"):
        field = opt.get("offset", 0) | bool(opt.get("more"))
        body = field.to_bytes(2, "big") + opt.get("ident", 1).to_bytes(4, "big")
        chain.append((44, b"\0" + body))
    numbers = [number for number, _ in chain] + [proto]
    data = b"".join(bytes([numbers[i + 1]]) + body for i, (_, body) in enumerate(chain)) + payload
    head = b"\x60\0\0\0" + len(data).to_bytes(2, "big") + bytes([numbers[0], hop])
    return head + src.packed + dst.packed + data


def extension(number, first=0):
    """Build an extension header of eight bytes for `ext`; AH counts its length otherwise."""
    return number, bytes([0, first]) + bytes(5)


def tcp(sport, dport, flags, seq=0, ack=0, **opt):
    """Build a TCP segment."""
    options = bytes([3, 3, opt["scale"], 0]) if "scale" in opt else b""
    head = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    head += (seq & 0xFFFFFFFF).to_bytes(4, "big") + (ack & 0xFFFFFFFF).to_bytes(4, "big")
    head += bytes([(20 + len(options)) // 4 << 4, flags])
    head += opt.get("window", 1000).to_bytes(2, "big") + bytes(4)
    return head + options + opt.get("data", b"")


def udp(sport, dport, data=b""):
    """Build a UDP datagram."""
    size = 8 + len(data)
    return b"".join(n.to_bytes(2, "big") for n in (sport, dport, size, 0)) + data


def icmp(kind, code=0, rest=bytes(4), data=b""):
    """Build an ICMP or ICMPv6 message."""
    return bytes([kind, code, 0, 0]) + rest + data


def echo(kind, ident):
    """Build an echo request or reply."""
    return icmp(kind, rest=ident.to_bytes(2, "big") + b"\0\1")


def fragments(src, dst, proto, payload, cuts, **opt):
    """Cut a payload at `cuts` and build the fragments."""
    edges = [0, *cuts, len(payload)]
    return [
        ip(src, dst, proto, payload[a:b], offset=a, more=b < len(payload), **opt)
        for a, b in zip(edges, edges[1:])
    ]
