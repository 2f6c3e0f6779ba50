# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the judges said, and knows the deliberate differences.

Each class below is one entry of the file DIFFERENCES, where its reason stands.
A difference that fits no class is a failure.
"""

import packet as pk
from judges import simseg_and_nft

ICMPS = (pk.ICMP, pk.ICMP6)
# What conntrack wants to see of these before it believes them simseg leaves to the ends.
OTHER_INVALID = {pk.SCTP: "sctp", pk.DCCP: "dccp", pk.UDP: "length", pk.UDPLITE: "length"}


class Flow:
    """What the comparison has to remember of one flow, both directions."""

    __slots__ = ("alive", "cut", "missed", "history", "refused", "answered")

    def __init__(self):
        self.alive = None       # how many changes there were when simseg last allowed it
        self.cut = None         # the class by which nftables has it and simseg has not
        self.missed = None      # the class by which simseg has it and nftables has not
        self.refused = False    # simseg denied a SYN of it, which ended a closed session
        self.answered = False
        self.history = []


class Difference:
    def __init__(self, scenario, line, p, kind, a, b, m):
        self.scenario = scenario
        self.line = line
        self.packet = p
        self.kind = kind        # a class, "nft" (unknown) or "model"
        self.simseg = a
        self.nft = b
        self.model = m
        self.history = []


class Comparison:
    def __init__(self, name, registry):
        self.name = name
        self.registry = registry
        self.flows = {}
        self.datagrams = {}     # of a fragment: the key that its first piece told
        self.changes = 0
        self.last_change = {}
        self.classes = {}
        self.found = []

    # ---- flows --------------------------------------------------------------

    def flow_of(self, p):
        if p.src is None:
            return Flow()
        key = p.quote.key() if p.quote is not None and p.quote.src else p.key()
        if p.fragment:
            ident = (p.src, p.dst, p.proto, p.ident)
            if not p.offset:
                self.datagrams[ident] = key
            key = self.datagrams.get(ident, ident)
        return self.flows.setdefault(key, Flow())

    def change(self, line):
        self.changes += 1
        self.registry.change(line)

    # ---- one packet -----------------------------------------------------------

    def packet(self, line, fields, model):
        p = pk.decode(bytes.fromhex(line["ip"]))
        a, b, digest = simseg_and_nft(p, fields)
        flow = self.flow_of(p)
        flow.history.append((line["packet"], line["in"], p, a, b))
        del flow.history[:-40]
        if line.get("stack"):
            return
        kind = None
        if a.out != b.out:
            kind = self.classify(p, flow, a, b)
            if not kind:
                self.differ(line, p, "nft", a, b, model, flow)
            else:
                self.classes[kind] = self.classes.get(kind, 0) + 1
        elif a.out and not p.fragment and digest != b.hash:
            self.differ(line, p, "bytes", a, b, model, flow)
        if model and (a.verdict, a.reason, a.out) != (model.verdict, model.reason, model.out):
            self.differ(line, p, "model", a, b, model, flow)
        if not p.error:
            self.remember(p, flow, a, b, kind)

    def differ(self, line, p, kind, a, b, model, flow):
        d = Difference(self.name, line, p, kind, a, b, model)
        d.history = list(flow.history)
        self.found.append(d)

    def remember(self, p, flow, a, b, kind):
        if a.verdict == "allow":
            if a.reason in ("rule", "responder"):
                flow.answered = False
            flow.alive = self.changes
            flow.cut = None
            flow.refused = False
            flow.missed = None if b.out else kind or flow.missed
        elif a.verdict == "deny" and b.out:
            flow.cut = kind
        elif a.verdict == "deny" and p.proto == pk.TCP and p.flags is not None \
                and p.flags & 0x17 == pk.SYN:
            flow.refused = True

    # ---- deliberate differences -------------------------------------------------

    def classify(self, p, flow, a, b):
        """The class that this difference belongs to, or None."""
        if a.verdict == "wait" or (p.fragment and not b.why):
            return self.classify_fragment(p, a, b)
        if a.out and not b.out:
            return self.classify_narrower(p, flow, a, b)
        if b.out and not a.out:
            return self.classify_wider(p, flow, a, b)
        return None

    def classify_fragment(self, p, a, b):
        if a.reason == "not-governed" and p.fragment:
            return "fragment-ungoverned"
        return None

    def classify_narrower(self, p, flow, a, b):
        """nftables has dropped what simseg has let through."""
        why = b.why[-1] if b.why else None
        if a.reason == "link":
            return "link"
        if flow.missed and why in ("rule", "invalid", "not-syn", "no-policy"):
            return flow.missed
        if why == "invalid":
            if p.proto == pk.TCP and a.reason in ("session", "rule", "responder"):
                return "tcp-invalid"
            if p.proto in ICMPS and not p.echo and not p.error:
                return "icmp-other"
            return OTHER_INVALID.get(p.proto)
        if why == "not-syn" and a.reason == "session":
            return "unanswered"
        if why == "untracked" and p.proto == pk.ICMP6:
            return "icmp-other"
        return None

    def classify_wider(self, p, flow, a, b):
        """nftables has let through what simseg has dropped."""
        why = b.why[-1] if b.why else None
        if a.reason == "malformed" and p.headers > 8:
            return "long-chain"
        if why in ("established", "related"):
            if flow.cut:
                return flow.cut
            if flow.alive is not None and flow.alive != self.changes:
                return "live"
            if a.reason == "not-first" and flow.refused:
                return "reused"
        if why == "related" and a.reason == "unrelated" and self.stranger(p):
            return "stranger"
        return None

    def stranger(self, p):
        """Does an error come from a device that is neither end of what it quotes?"""
        sender = self.registry.device_at(pk.text(p.src))[0]
        ends = [self.registry.device_at(pk.text(a))[0] for a in (p.quote.src, p.quote.dst)]
        return sender is not None and sender not in ends
