# SPDX-License-Identifier: GPL-2.0-or-later
"""What other commands than save show of the same state: lists, a dump, and the log."""

import csv
import io

import state_file
from state_base import PART

LOGGED = 200            # entries that are looked at


def different(what, have, want):
    """Return a line if it is not the same; of lists and mappings where they differ first."""
    if have == want:
        return []
    if isinstance(have, dict):
        have, want = sorted(have.items()), sorted(want.items())
    if isinstance(have, list):
        n = next((n for n, pair in enumerate(zip(have, want)) if pair[0] != pair[1]),
                 min(len(have), len(want)))
        have, want = have[n:n + 1], want[n:n + 1]
    return ["%s: %s, not %s" % (what, have, want)]


def shown_devices(devices):
    """Return `device list` as far as the model knows it."""
    return {d["iccid"]: (d["state"], d["policy"] or "", d["asset"],
                         {state_file.prefix(b["addr"]): b["dev"] for b in d["bindings"]},
                         (d["actor"], d["reason"], frozenset(map(state_file.prefix, d["allow"])))
                         if d["state"] != "active" else None) for d in devices}


def wanted_devices(model):
    """Return the same by the model; who is only held is there, too."""
    found = {}
    for iccid in set(model.devices) | set(model.holds):
        device, hold = model.devices.get(iccid), model.holds.get(iccid)
        state = "active" if not hold else "quarantined" if device else "unknown"
        found[iccid] = (state, device.policy if device else "", device and device.asset,
                        dict(device.addrs) if device else {},
                        (hold.actor, hold.reason, hold.allow) if hold else None)
    return found


def dumped(text):
    """Return what `device dump` has written."""
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        pairs = [word.partition("@") for word in row["addr"].split()]
        found[row["iccid"]] = (row["policy"], row["asset"],
                               {state_file.prefix(a): dev or row["dev"] for a, _, dev in pairs})
    return found


def check_lists(segctl, model):
    """Return how the lists differ from the model."""
    found = different("device list", shown_devices(segctl.json("device", "list")),
                      wanted_devices(model))
    found += different("policy list",
                       {p["name"]: (p["rules"], p["observe"]) for p in segctl.json("policy")},
                       {name: (len(p.rules), p.observe)
                        for name, p in model.ruleset.policies.items()})
    found += different("peer list", {p["name"]: p["prefixes"] for p in segctl.json("peer")},
                       {name: len(peer) for name, peer in model.peers.items()})
    found += different("grant list", sorted((g["id"], g["iccid"], g["actor"], g["ticket"])
                                            for g in segctl.json("grant")),
                       sorted((g.id, g.iccid, g.actor, g.ticket) for g in model.grants))
    return found + check_dump(segctl, model)


def check_dump(segctl, model):
    """Return how the CSV differs; loaded again, it changes nothing."""
    dump = segctl.run(["device", "dump"])
    ruled = any(d.rules for d in model.devices.values())
    found = different("device dump: exit status", dump.code, PART if ruled else 0)
    found += different("device dump", dumped(dump.out), {
        iccid: (d.policy, d.asset or "", {net: dev or "" for net, dev in d.addrs.items()})
        for iccid, d in model.devices.items()})
    again = segctl.run(["device", "load", "-", "--dry-run"], dump.out)
    return found + different(f"loaded again: {again.err.strip()}: exit status", again.code, 0)


class Log:
    """What has to stand in the log, from some change on."""

    def __init__(self, segctl):
        self.segctl = segctl
        self.wanted = []
        self.after = 0
        self.sync()

    def sync(self):
        """Begin anew from here."""
        self.after = max((e["seq"] for e in self.segctl.json("log", "--last", "1")), default=0)
        self.wanted = []

    def add(self, change, generation):
        """A change was done."""
        entries = 1
        if change["kind"] == "apply":
            entries += len(change["file"].get("interfaces", []))
        self.wanted += [(change["actor"], change.get("reason"), change.get("ticket"),
                         generation)] * entries

    def check(self):
        """Return how the log differs; what ended by itself is there between."""
        entries = [e for e in self.segctl.json("log", "--last", str(LOGGED))
                   if e["seq"] > self.after]
        have = [(e["actor"], e["reason"], e["ticket"], e["generation"])
                for e in entries if e["actor"] != "kernel"]
        found = different("log", have, self.wanted)
        seqs = [e["seq"] for e in entries]
        found += different("log: numbers", seqs, list(range(self.after + 1,
                                                            self.after + 1 + len(seqs))))
        self.wanted = []
        self.after = max(seqs, default=self.after)
        return found
