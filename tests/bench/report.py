#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turn what the guest has measured into a table and a JSON document.

usage: report.py [--unit UNIT] RESULTS JSON

RESULTS has a line "kernel<TAB>RELEASE" and lines "case<TAB>NAME<TAB>COST<TAB>ARRIVED<TAB>SENT".
"""

import argparse
import json
import sys

# What each work's costs are compared with: the columns of the table.
PEERS = [
    ("forward", "forward/established"),
    ("nft", "nft/{work}"),
    ("flowtable", "flowtable/established"),
    ("nft-events", "nft-events/{work}"),
    ("xdp-filter", "xdp-filter/{work}"),
]


def read(path):
    kernel, cases = "", []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.rstrip("\r\n").split("\t")
            if words[0] == "kernel":
                kernel = words[1]
            elif words[0] == "case":
                name, numbers = words[1], [int(word) for word in words[2:]]
                cases.append(dict(zip(["cost", "arrived", "sent"], numbers), name=name))
    return kernel, cases


def split(name):
    """WHO/WORK[/VARIANT...][/v6]/n=SIZE: its parts."""
    who, work, *variant, size = name.split("/")
    family = 6 if variant and variant[-1] == "v6" else 4
    if family == 6:
        variant.pop()
    return {
        "who": who,
        "work": work,
        "variant": variant[0] if variant else None,
        "beside": "/".join(variant[1:]) or None,
        "family": family,
        "size": size[2:],
    }


def peer_name(pattern, part):
    family = "/v6" if part["family"] == 6 else ""
    return pattern.format(work=part["work"]) + f"{family}/n={part['size']}"


def with_ratios(cases):
    cost = {case["name"]: case["cost"] for case in cases}
    for case in cases:
        part = split(case["name"])
        ratios = {}
        for peer, pattern in PEERS:
            name = peer_name(pattern, part)
            if cost.get(name) and name != case["name"]:
                ratios[peer] = round(case["cost"] / cost[name], 3)
        yield {"name": case["name"], **part, **case, "ratios": ratios}


def order(case):
    size = float(case["size"].replace("k", "e3").replace("M", "e6"))
    return (case["family"], size, case["work"])


def table(cases):
    group = None
    for case in sorted(cases, key=order):
        if group != order(case):
            group = order(case)
            print(f"\n{case['work']}, IPv{case['family']}, {case['size']} devices")
            print(f"  {'':34}{'cost':>7}  " + "".join(f"{'x ' + p:>13}" for p, _ in PEERS))
        who = "/".join(filter(None, [case["who"], case["variant"], case["beside"]]))
        ratios = "".join(f"{case['ratios'].get(p, ''):>13}" for p, _ in PEERS)
        print(f"  {who:34}{case['cost']:>7}  {ratios}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unit", default="instructions/packet")
    parser.add_argument("results")
    parser.add_argument("json")
    args = parser.parse_args()
    kernel, cases = read(args.results)
    if not cases:
        sys.exit("bench: nothing was measured")
    cases = list(with_ratios(cases))
    with open(args.json, "w", encoding="utf-8") as out:
        json.dump({"kernel": kernel, "unit": args.unit, "cases": cases}, out, indent=1)
        out.write("\n")
    print(f"\n{args.unit}, kernel {kernel}")
    table(cases)


main()
