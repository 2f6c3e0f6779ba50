# SPDX-License-Identifier: GPL-2.0-or-later
"""From a scenario to the script that inject runs; see inject.c."""

import ipaddress
import json

import packet
from nft import Translation


def header(world, out):
    for name, side in world["links"].items():
        out.append("link %s %s" % (name, side))
    for addr in world["self"]:
        v6 = ":" in addr
        out.append("ip addr add %s/%d dev lo%s" % (addr, 128 if v6 else 32,
                                                   " nodad" if v6 else ""))
    for prefix, link in world["routes"]:
        out.append("ip route add %s dev %s" % (prefix, link))
    out.append("start")


def body(verb, text, out):
    """A line with the number of bytes that follow it; `text` ends in a newline."""
    out.append("%s %d\n%s" % (verb, len(text.encode()), text[:-1]))


def session_of(ip):
    """What names the session of a packet: inject looks for it in both directions."""
    p = packet.decode(bytes.fromhex(ip))
    sport, dport = (p.echo_id, p.echo_id) if p.echo else (p.sport or 0, p.dport or 0)
    return "%s %s %d %d %d" % (packet.text(p.src), packet.text(p.dst), p.proto, sport, dport)


def change_words(line, registry):
    """The change as inject reads it; None: it is a ruleset."""
    kind = line["change"]
    if kind == "quarantine":
        return " ".join([kind, line["iccid"]] + line.get("allow", []))
    if kind in ("release", "device-del"):
        return "%s %s" % (kind, line["iccid"])
    if kind == "bind":
        owner = registry.owner_of(ipaddress.ip_network(line["addr"]))
        return "bind %s %s %s %s" % (line["iccid"], line["addr"], line.get("dev") or "-",
                                     owner or "-")
    if kind == "unbind":
        return "unbind %s %s" % (line["iccid"], line["addr"])
    if kind == "device-add":
        return "device-add %s %s" % (line["iccid"], line["policy"])
    if kind in ("peer-add", "peer-del"):
        return "%s %s %s" % (kind, line["peer"], line["prefix"])
    if kind == "kill":
        return "kill %d" % line["packet"]
    raise ValueError("no such change: %s" % kind)


def make(lines):
    """The text of the script for the scenario whose lines these are (parsed)."""
    world = lines[0]
    out = []
    translation = Translation(world)
    links = {name: n for n, name in enumerate(world["links"])}
    killed = {line["packet"] for line in lines[1:] if line.get("change") == "kill"}
    header(world, out)
    body("apply", json.dumps(world["ruleset"]) + "\n", out)
    body("nft", translation.commands(), out)
    for line in lines[1:]:
        if "packet" in line and "change" not in line:
            out.append("packet %d %d %s%s" % (line["packet"], links[line["in"]], line["ip"],
                                              " stack" if line.get("stack") else ""))
            if line["packet"] in killed:
                out.append("mark " + session_of(line["ip"]))
            continue
        if line["change"] == "rest":
            out.append("rest")
            continue
        if line["change"] == "apply":
            body("apply", json.dumps(line["ruleset"]) + "\n", out)
        else:
            out.append("change " + change_words(line, translation.registry))
        translation.change(line)
        commands = translation.commands()
        if commands:
            body("nft", commands, out)
    return "\n".join(out) + "\n"
