#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draw what report.py has written as bars, shorter is better.

usage: chart.py JSON SVG [SIZE]
"""

import json
import sys
from xml.sax.saxutils import escape

WORKS = [
    ("established", "a packet of an established session"),
    ("new", "the first packet of a session"),
    ("deny-unlisted", "denied: a source that nobody listed"),
    ("deny-rule", "denied: a device, but no rule"),
]
PEERS = {
    "forward": "plain forwarding",
    "forward/conntrack": "conntrack alone",
    "nft": "nftables",
    "nft-events": "nftables, conntrack -E reads",
    "flowtable": "nftables, flowtable",
    "ipset": "iptables with ipset",
    "flower": "tc flower, stateless",
    "xdp-filter": "xdp-filter, stateless",
    "xdp/drop": "bare XDP drop",
    "xdp/redirect": "bare XDP redirect",
    "simseg/floor": "simseg, no XDP",
    "simseg/pass": "simseg, XDP by source",
    "simseg/redirect": "simseg, XDP forwards",
}
LEFT, WIDTH, ROW, GAP = 210, 800, 18, 34
STYLE = """text { font: 12px sans-serif; fill: #24292f } .h { font-weight: bold }
 .peer { fill: #9aa4af } .bare { fill: #d0d7de } .simseg { fill: #0b7285 }
 rect.page { fill: #ffffff }"""


def key(case):
    return "/".join(filter(None, [case["who"], case["variant"], case["beside"]]))


def kind(name):
    who = name.split("/")[0]
    return who if who == "simseg" else "bare" if who in ("forward", "xdp") else "peer"


def bars(cases, work):
    found = {key(case): case["cost"] for case in cases if case["work"] == work}
    return sorted(
        ((PEERS[name], kind(name), cost) for name, cost in found.items() if name in PEERS),
        key=lambda bar: bar[2],
    )


def draw(document, size):
    cases = [c for c in document["cases"] if c["family"] == 4 and c["size"] == size]
    groups = [(title, bars(cases, work)) for work, title in WORKS]
    groups = [(title, group) for title, group in groups if group]
    if not groups:
        sys.exit(f"chart: nothing was measured with {size} devices")
    scale = (WIDTH - LEFT - 70) / max(bar[2] for _, group in groups for bar in group)
    y, out = 24, []
    head = f"{document['unit']}, {size} devices, IPv4, Linux {document['kernel']}; less is better"
    out.append(f'<text class="h" x="10" y="{y}">{escape(head)}</text>')
    for title, group in groups:
        y += GAP
        out.append(f'<text class="h" x="10" y="{y}">{escape(title)}</text>')
        for label, css, cost in group:
            y += ROW
            width = round(cost * scale, 1)
            out.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(label)}</text>')
            out.append(
                f'<rect class="{css}" x="{LEFT}" y="{y - 11}" width="{width}" height="13"/>'
            )
            out.append(f'<text x="{LEFT + width + 6}" y="{y}">{cost:,}</text>')
    height = y + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">\n'
        f'<style>{STYLE}</style>\n<rect class="page" width="{WIDTH}" height="{height}"/>\n'
        + "\n".join(out)
        + "\n</svg>\n"
    )


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as source:
        document = json.load(source)
    picture = draw(document, sys.argv[3] if len(sys.argv) == 4 else "1k")
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(picture)


main()
