# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the judges said, and knows the deliberate differences.

Each class below is one entry of the file DIFFERENCES, where its reason stands.
A difference that fits no class is a failure.
"""

import packet as pk
from judges import HELD, Answer, simseg_and_nft

ICMPS = (pk.ICMP, pk.ICMP6)
# What nftables says of a packet whose connection it does not know.
NO_CONNECTION = ("rule", "no-policy", "invalid", "not-syn", "untracked")
# What simseg says of a packet whose session it does not know.
NO_SESSION = ("no-rule", "no-policy", "not-first", "unrelated")
# What simseg says of a packet for whose session there is no room.
LIMITS = ("device-limit", "session-limit")
# What simseg says of what it cannot read; of an error, about its quote.
UNREADABLE = ("malformed", "routing-header", "fragment", "unrelated")


class Flow:
    """What the comparison has to remember of one flow, both directions."""

    __slots__ = ("alive", "cut", "missed", "observed", "linked", "reused", "opener",
                 "answered", "forgotten", "history")

    def __init__(self):
        self.alive = None       # how many changes there were when simseg last allowed it
        self.cut = None         # the class by which nftables has it and simseg has not
        self.missed = None      # the class by which simseg has it and nftables has not
        self.observed = False   # simseg let a packet of it pass that opened no session
        self.linked = False     # a packet of it was link control
        self.reused = False     # simseg denied a SYN of it, which ended a closed session
        self.opener = None      # who sent the first packet for nftables
        self.answered = False
        self.forgotten = False  # an RST was the only answer: conntrack deletes it
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
        self.datagrams = {}     # what names a datagram -> its fragments
        self.changes = 0
        self.classes = {}
        self.found = []

    # ---- flows --------------------------------------------------------------

    def whole(self, p):
        """Of a fragment: the datagram, as far as it is known; else the packet itself."""
        if not p.fragment:
            return p
        pieces = self.datagrams.setdefault((p.src, p.dst, p.proto, p.ident), [])
        pieces.append(p)
        return pk.gather(pieces) or p

    def flow_of(self, p):
        if p.src is None:
            return Flow()
        if p.quote is not None and p.quote.src:
            return self.flows.setdefault(p.quote.key(), Flow())
        return self.flows.setdefault(p.key(), Flow())

    def change(self, line):
        self.changes += line["change"] != "rest"
        self.registry.change(line)

    # ---- one packet -----------------------------------------------------------

    def packet(self, line, fields, model):
        p = pk.decode(bytes.fromhex(line["ip"]))
        a, b, digest = simseg_and_nft(p, fields)
        whole = self.whole(p)
        flow = self.flow_of(whole)
        flow.history.append((line["packet"], line["in"], p, a, b))
        del flow.history[:-40]
        if line.get("stack"):
            return
        kind = None
        if a.out != b.out:
            kind = self.classify(p, whole, flow, a, b)
            if not kind:
                self.differ(line, p, "nft", a, b, model, flow)
        elif a.out and digest != b.hash and not p.fragment:
            kind = "atomic-fragment" if p.has(pk.FRAGMENT) else None
            if not kind:
                self.differ(line, p, "bytes", a, b, model, flow)
        if kind:
            self.classes[kind] = self.classes.get(kind, 0) + 1
        if model and (a.verdict, a.reason, a.out) != (model.verdict, model.reason, model.out):
            self.differ(line, p, "model", a, b, model, flow)
        if not whole.error:
            self.remember(whole, flow, a, b, kind)

    def differ(self, line, p, kind, a, b, model, flow):
        d = Difference(self.name, line, p, kind, a, b, model)
        d.history = list(flow.history)
        self.found.append(d)

    def remember(self, p, flow, a, b, kind):
        if a.floor in HELD:
            flow.alive = self.changes
            flow.cut = None
            flow.reused = flow.observed = False
            flow.missed = self.missed(p, flow, a, b, kind)
        elif a.floor == "observed":
            flow.alive = self.changes
            flow.observed = True
        elif a.reason == "link":
            flow.linked = True
        elif a.reason in LIMITS:
            flow.cut = "limits"
        elif a.verdict == "deny" and b.out:
            flow.cut = kind
        if a.verdict == "deny" and a.floor not in HELD and p.syn:
            flow.reused = True
        if b.out:
            self.remember_answer(p, flow, b)

    def missed(self, p, flow, a, b, kind):
        """simseg has this flow now; the class by which nftables has not."""
        if b.out or "egress" in b.why:
            return None
        if a.out:
            return kind or flow.missed
        # the guard has dropped it on its way out, but the session is there
        return self.classify_narrower(p, flow, Answer("allow", a.floor, None), b.why[-1]) \
            if b.why else None

    @staticmethod
    def remember_answer(p, flow, b):
        if b.why and b.why[-1] == "new":
            flow.opener, flow.answered, flow.forgotten = p.src, False, False
        elif p.src != flow.opener:
            if p.proto == pk.TCP and p.flags is not None and p.flags & pk.RST:
                flow.forgotten = not flow.answered
            flow.answered = True

    # ---- deliberate differences -------------------------------------------------

    def classify(self, p, whole, flow, a, b):
        """The class that this difference belongs to, or None."""
        why = b.why[-1] if b.why else None
        if a.reason == "not-governed" and (p.fragment or p.proto == pk.FRAGMENT):
            return "fragment-ungoverned"
        if a.reason == "fragment" and p.v == 6 and p.fragment and why in ("new", "established"):
            return "odd-fragment"
        if a.out and not b.out:
            return self.classify_narrower(whole, flow, a, why)
        if b.out and not a.out:
            return self.classify_wider(whole, flow, a, why)
        return None

    @staticmethod
    def classify_narrower(p, flow, a, why):
        """nftables has dropped what simseg has let through."""
        if a.reason == "link":
            return "link"
        if a.reason == "observed" and why in NO_CONNECTION:
            return "observe"
        if why == "invalid" and p.proto != pk.UDPLITE and not p.checksum_ok():
            return "checksum"
        if why == "invalid" and not p.length_ok():
            return "length"
        if p.proto == pk.UDPLITE and why == "invalid":
            return "udplite"
        if p.echo and a.reason == "session" and why in NO_CONNECTION:
            return "echo"
        if flow.missed and why in NO_CONNECTION:
            return flow.missed
        if p.has(pk.AH) and why in NO_CONNECTION:
            return "auth-header"
        if p.proto == pk.TCP and a.floor == "rule" and not p.syn and why in NO_CONNECTION:
            return "pick-up"
        if p.quote is not None and p.quote.echo and a.reason == "related" and why == "invalid":
            return "echo"
        about = p.quote if p.quote is not None and a.reason == "related" else p
        if about.proto in ICMPS and not about.echo and not about.error and why in NO_CONNECTION:
            return "icmp-other"
        if p.proto in (pk.SCTP, pk.DCCP) and why in NO_CONNECTION:
            return "sctp" if p.proto == pk.SCTP else "dccp"
        if p.proto == pk.TCP and why == "invalid" and a.reason in ("session", "rule"):
            return "tcp-invalid"
        if p.proto == pk.TCP and why == "not-syn" and a.reason == "session":
            return "unanswered"
        if p.syn and a.reason == "session" and why in ("rule", "no-policy"):
            return "reopened"
        if a.reason == "related" and why == "invalid" and flow.forgotten:
            return "refused"
        return None

    def classify_wider(self, p, flow, a, why):
        """nftables has let through what simseg has dropped."""
        about = p.quote if p.quote is not None and why == "related" else p
        if a.reason in UNREADABLE and about.headers > 8:
            return "long-chain"
        if a.reason in UNREADABLE and why == "responder" and p.quote is None:
            return "responder"
        if a.reason == "routing-header" and about.has(pk.ROUTING) > 1:
            return "second-routing-header"
        if a.reason == "unrelated" and about is not p and (pk.ROUTING, 0) in about.chain:
            return "second-routing-header"
        if a.reason == "malformed" and p.v == 6 and p.bad:
            return "cut-header"
        if p.has(pk.AH) and a.reason == "no-rule" and why == "new":
            return "auth-header"
        if a.reason in LIMITS:
            return "limits"
        if p.syn and flow.alive == self.changes and why == "established":
            return "reused"
        if a.reason not in NO_SESSION or why not in ("established", "related"):
            return None
        if flow.cut:
            return flow.cut
        if flow.observed or flow.linked:
            return "observe" if flow.observed else "link"
        if flow.alive is not None and flow.alive != self.changes:
            return "live"
        if a.reason in ("not-first", "unrelated") and flow.reused:
            return "reused"
        if flow.alive is not None and self.registry.is_limited():
            return "limits"
        if why == "related" and a.reason == "unrelated" and self.stranger(p):
            return "stranger"
        return None

    def stranger(self, p):
        """Does an error come from a device that is neither end of what it quotes?"""
        sender = self.registry.device_at(pk.text(p.src))[0]
        ends = [self.registry.device_at(pk.text(a))[0] for a in (p.quote.src, p.quote.dst)]
        return sender is not None and sender not in ends
