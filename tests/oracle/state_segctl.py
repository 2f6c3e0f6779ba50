# SPDX-License-Identifier: GPL-2.0-or-later
"""A change as a command of segctl, and the state as segctl shows it."""

import csv
import io
import json
import os
import subprocess
import time
from collections import Counter, namedtuple

import yaml

import state_file
from state_file import Device, Policy, listed
from state_cuts import Grant, Hold
from state_model import State

# `begin` and `end`: seconds since boot.
Result = namedtuple("Result", "code out err begin end")


def boottime():
    """Return the seconds since boot, on the clock that deadlines use."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def options(change, *names):
    """Return the options that a change has of these."""
    words = []
    for name in names:
        value = change.get(name)
        if value is True:
            words.append("--" + name)
        elif value is not None and value is not False:
            words += ["--" + name, "%ds" % value if name == "for" else str(value)]
    return words


def csv_text(rows):
    """Return rows as RFC 4180 has them."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["iccid", "policy", "addr", "dev", "asset"], restval="",
                            lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


class Commands:
    """How segctl is told of each kind of change: (words, standard input)."""

    @staticmethod
    def apply(c):
        words = ["apply", "-"] + options(c, "strict", "reason", "ticket")
        for pool in c.get("open", []):
            words += ["--open-pool", pool]
        if c.get("trial"):
            words += [{"confirm": "--confirm-within", "revert": "--revert-after"}[c["trial"]],
                      "%ds" % c["for"]]
        return words + (["--dry-run"] if c.get("dry") else []), json.dumps(c["file"])

    @staticmethod
    def device_add(c):
        words = ["device", "add", c["iccid"], "policy", c["policy"]]
        for addr in c["addrs"]:
            words += ["addr", addr]
        for key in ("dev", "asset"):
            if c.get(key) is not None:
                words += [key, c[key]]
        return words + options(c, "strict"), None

    @staticmethod
    def device_del(c):
        return ["device", "del", c["iccid"]], None

    @staticmethod
    def device_load(c):
        return (["device", "load", "-"] + options(c, "strict", "reason", "ticket") +
                (["--dry-run"] if c.get("dry") else []), csv_text(c["rows"]))

    @staticmethod
    def bind(c):
        return ["bind", c["iccid"], c["addr"]] + (["dev", c["dev"]] if c.get("dev") else []), None

    @staticmethod
    def unbind(c):
        return ["unbind", c["iccid"]] + c["addrs"], None

    @staticmethod
    def peer_add(c):
        return ["peer", "add", c["peer"]] + c["addrs"] + options(c, "for"), None

    @staticmethod
    def peer_del(c):
        return ["peer", "del", c["peer"]] + c["addrs"], None

    @staticmethod
    def peer_replace(c):
        return ["peer", "replace", c["peer"]] + c["addrs"], None

    @staticmethod
    def targets(c):
        """A few as operands, more as a list."""
        if c.get("list"):
            return ["-"], "".join("%s  # one\n" % word for word in c["words"])
        return list(c["words"]), None

    @staticmethod
    def quarantine(c):
        words, stdin = Commands.targets(c)
        for word in c.get("allow", []):
            words += ["--allow", word]
        words += options(c, "reason", "ticket", "for", "policy", "unknown")
        return ["quarantine"] + words + (["--dry-run"] if c.get("dry") else []), stdin

    @staticmethod
    def release(c):
        words, stdin = Commands.targets(c)
        return ["release"] + words + options(c, "reason", "ticket", "policy"), stdin

    @staticmethod
    def grant(c):
        return (["grant", c["word"], c["way"], c["proto"], "peer", c["peer"]] +
                options(c, "for", "ticket", "reason", "iif"), None)

    @staticmethod
    def revoke(c):
        words = ["revoke"] + options(c, "reason")
        if "id" in c:
            return words + [str(c["id"])], None
        if "of_ticket" in c:
            return words + ["--ticket", c["of_ticket"]], None
        return words + ["--actor", c["of_actor"]], None

    @staticmethod
    def attach(c):
        return ["attach", c["name"], "--side", c["side"], "--mode", c["mode"]], None

    @staticmethod
    def detach(c):
        return ["detach", c["name"]], None

    @staticmethod
    def disarm(c):
        return ["disarm"] + options(c, "reason"), None

    @staticmethod
    def restore(c):
        return ["restore", "-"], c["text"]

    @staticmethod
    def plain(c):
        """Those that have no operands: confirm, revert, flush, arm."""
        return [c["kind"]], None


def command(change):
    """Return the words and the standard input of a change."""
    make = getattr(Commands, change["kind"].replace("-", "_"), Commands.plain)
    return make(change)


class Segctl:
    """Runs segctl, and reads what it shows."""

    def __init__(self, path):
        self.path = path

    def run(self, words, stdin=None, actor="model"):
        """Run a command; who does it is in the environment."""
        env = dict(os.environ, SEGCTL_ACTOR=actor, LC_ALL="C.UTF-8")
        begin = boottime()
        done = subprocess.run([self.path, "-j"] + words, input=stdin or "", env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=120)
        return Result(done.returncode, done.stdout, done.stderr, begin, boottime())

    def change(self, change):
        """Do a change."""
        words, stdin = command(change)
        return self.run(words, stdin, change["actor"])

    def json(self, *words):
        """Return what a command tells that only reads."""
        result = self.run(list(words))
        if result.code not in (0, 3):
            raise RuntimeError("segctl %s: %s" % (" ".join(words), result.err))
        return json.loads(result.out)


# ---- a saved state, read back ------------------------------------------------------


def spread(left, begin, end):
    """Return between when and when something ends that was left so many seconds."""
    left = int(left[:-1])
    return begin + left - 1, end + left


def saved_rules(spec, sets):
    """Return rules as they stand; a name that is no peer set any more is one all the same."""
    names = {entry.get("to", entry.get("from")) for way in ("out", "in")
             for entry in listed(spec.get(way)) if isinstance(entry.get("to", entry.get("from")), str)}
    return state_file.rule_list(spec, set(sets) | names, state_file.RULES_MAX)


def saved_device(spec, sets):
    """Return a device of a saved state."""
    return Device(spec.get("policy", ""), spec.get("asset"), state_file.addresses(spec),
                  saved_rules(spec, sets))


def read_ruleset(state, doc):
    """Pools, policies, settings, and the peers that have no deadline."""
    state.ruleset.pools = state_file.prefixes(doc["pools"], 64)
    state.ruleset.failsafe = state_file.prefixes(doc["failsafe"], 64)
    state.ruleset.settings = {k: int(v) for k, v in (doc.get("settings") or {}).items()}
    for name, nets in (doc.get("peers") or {}).items():
        state.peers[name] = dict.fromkeys(state_file.prefixes(nets, 65536))
    state.ruleset.names = frozenset(state.peers)
    for name, spec in (doc.get("policies") or {}).items():
        state.ruleset.policies[name] = Policy(spec.get("observe") == "true",
                                              saved_rules(spec, state.peers))


def read_saved(text, begin, end):
    """Return the state that `segctl save` has written between two moments."""
    doc = yaml.load(text, Loader=yaml.CBaseLoader)
    state = State()
    read_ruleset(state, doc)
    for spec in doc["devices"]:
        state.devices[spec["iccid"]] = saved_device(spec, state.peers)
    for hold in doc.get("quarantine") or []:
        deadline = spread(hold["for"], begin, end) if "for" in hold else None
        state.holds[hold["iccid"]] = Hold(hold.get("actor"), hold.get("reason"),
                                          state_file.prefixes(hold.get("allow"), 8), deadline)
    for timed in doc.get("peer_deadlines") or []:
        net = state_file.prefix(timed["addr"])
        state.peers[timed["peer"]][net] = spread(timed["for"], begin, end)
    for grant in doc.get("grants") or []:
        rule, = saved_rules(grant, state.peers)
        state.grants.append(Grant(grant["iccid"], rule, grant.get("iif"), grant["actor"],
                                  grant["ticket"], grant["reason"],
                                  spread(grant["for"], begin, end), None))
    for i in doc.get("interfaces") or []:
        state.interfaces[i["name"]] = (i["side"], i["mode"])
    return state


def read_status(state, status, begin, end):
    """Add what only status tells."""
    state.generation = status["generation"]
    state.armed = status["armed"]
    if status["trial_ns"]:
        left = status["trial_ns"] / 1e9
        state.trial = (None, None, (begin + left, end + left), status["trial_confirm"])


# ---- the state as lines, to be compared ------------------------------------------


def rule_text(rule):
    """Return a rule as one line."""
    peer = " ".join([rule.peer[0]] + (sorted(map(str, rule.peer[1])) if rule.peer[0] == "nets"
                                      else list(rule.peer[1:])))
    ports = "" if rule.low is None else " %d-%d" % (rule.low, rule.high)
    return "%s %s%s peer %s label %s" % (rule.way, rule.proto, ports, peer, rule.label)


def grant_text(grant):
    """Return all of a grant but its id and its end."""
    return "grant %s %s iif %s by %r for %r: %r" % (
        grant.iccid, rule_text(grant.rule), grant.iif, grant.actor, grant.ticket, grant.reason)


def ruleset_lines(state):
    """Yield the ruleset and the peer sets."""
    for pool in state.ruleset.pools:
        yield "pool %s" % pool
    for net in state.ruleset.failsafe:
        yield "failsafe %s" % net
    for name, value in state.ruleset.settings.items():
        yield "setting %s %d" % (name, value)
    for name, policy in state.ruleset.policies.items():
        yield "policy %s%s" % (name, " observes" if policy.observe else "")
        for n, rule in enumerate(policy.rules):
            yield "policy %s rule %d %s" % (name, n + 1, rule_text(rule))
    for name, peer in state.peers.items():
        yield "peer %s" % name
        for net, deadline in peer.items():
            yield "peer %s %s%s" % (name, net, " timed" if deadline else "")


def registry_lines(state):
    """Yield devices, quarantines, grants and interfaces."""
    for iccid, device in state.devices.items():
        yield "device %s policy %r asset %r" % (iccid, device.policy, device.asset)
        for net, dev in device.addrs.items():
            yield "device %s addr %s dev %s" % (iccid, net, dev)
        for n, rule in enumerate(device.rules):
            yield "device %s rule %d %s" % (iccid, n + 1, rule_text(rule))
    for iccid, hold in state.holds.items():
        yield "hold %s by %r: %r allow %s%s" % (
            iccid, hold.actor, hold.reason, sorted(map(str, hold.allow)),
            " timed" if hold.deadline else "")
    yield from map(grant_text, state.grants)
    for name, (side, mode) in state.interfaces.items():
        yield "interface %s %s %s" % (name, side, mode)


def lines(state):
    """Return the state as sorted lines."""
    found = list(ruleset_lines(state)) + list(registry_lines(state))
    found.append("generation %d" % state.generation)
    found.append("armed" if state.armed else "disarmed")
    if state.trial:
        found.append("on trial, %s" % ("to be confirmed" if state.trial[3] else "for a while"))
    return sorted(found)


def ends(state):
    """Return when what ends; of grants that look the same the one that ends first."""
    grants = sorted(state.grants, key=lambda g: (grant_text(g), g.deadline))
    found = {("grant", n, grant_text(g)): g.deadline for n, g in enumerate(grants)}
    found.update((what, deadline) for deadline, what in state.deadlines() if what[0] != "grant")
    return found


def differences(model, seen):
    """Return how two states differ, a line each; '-' is what the model has alone."""
    mine, theirs = Counter(lines(model)), Counter(lines(seen))
    found = ["- " + line for line in (mine - theirs).elements()]
    found += ["+ " + line for line in (theirs - mine).elements()]
    if found:
        return found
    wanted, shown = ends(model), ends(seen)
    for what, (low, high) in wanted.items():
        if shown[what][1] < low or high < shown[what][0]:
            found.append("%s ends at %.1f to %.1f, not %.1f to %.1f"
                         % ((" ".join(map(str, what)),) + shown[what] + (low, high)))
    return found
