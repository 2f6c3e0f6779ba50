# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict, row by row as in Documentation/design.md, and the sessions.

The sweep that follows a change is over before the next packet here. So a
session that is in the table is always one that would be allowed now, and no
epochs are needed: a change of hands is noticed when it happens.
"""

from dataclasses import dataclass
from typing import Any, Optional

import model_tcp
from model_addr import BROADCAST, PrefixMap, is_multicast, parse_prefix, prefix_holds
from model_config import Config, ScenarioError
from model_frag import REFUSED, WAIT, Gatherer
from model_limits import Limits
from model_packet import ECHO_REPLY, TCP, is_link_control, parse

VERDICTS = {
    "not-governed": "pass",
    "link": "pass",
    "session": "allow",
    "rule": "allow",
    "related": "allow",
    "responder": "allow",
    "observed": "allow",
}
PASSES = (None, "not-governed")


@dataclass(slots=True)
class Answer:
    """What is said about one packet; without a verdict simseg was not asked."""

    verdict: Optional[str] = None
    reason: Optional[str] = None
    out: Optional[str] = None
    session: Any = None


@dataclass(slots=True)
class Ends:
    """What the address rows found: the devices, or a reason to stop there."""

    src: Any = None
    dst: Any = None
    reason: Optional[str] = None
    responder: bool = False

    def sides(self, flow):
        """Yield each governed side: device, direction of its rule, its peer."""
        if self.src:
            yield self.src, "out", flow[4]
        if self.dst:
            yield self.dst, "in", flow[2]


class Session:
    """A flow that was allowed, as its first packet had it."""

    __slots__ = ("flow", "ends", "tcp", "replied")

    def __init__(self, flow, ends, tcp):
        self.flow = flow
        self.ends = ends
        self.tcp = tcp
        self.replied = False

    @property
    def half_open(self):
        """Say whether it still waits for the other side."""
        return self.tcp.half_open if self.tcp else not self.replied

    def sides(self):
        """Return (device, direction) of each governed side, the initiator's first."""
        return [(device, way) for device, way, _ in self.ends.sides(self.flow)]

    def track(self, pkt, who):
        """Take a packet of side `who` into account."""
        self.replied |= who == 1
        if self.tcp:
            self.tcp.track(pkt.tcp, who)


class Gateway:
    """One gateway: where packets go, and what becomes of them."""

    def __init__(self, world):
        self.links = world["links"]
        self.routes = PrefixMap((parse_prefix(p), link) for p, link in world["routes"])
        self.config = Config(world["self"])
        self.limits = Limits()
        self.sessions = self.limits.sessions
        self.apply(world["ruleset"])
        self.gatherer = Gatherer()
        self.session_of = {}

    def apply(self, ruleset):
        """Put a ruleset in force."""
        self.config.apply(ruleset)
        self.limits.apply(ruleset.get("settings") or {})

    # Packets

    def packet(self, line):
        """Answer one packet of the scenario."""
        if line.get("stack"):
            return Answer()
        answer = self.judge(parse(bytes.fromhex(line["ip"])), line["in"])
        if answer.session:
            self.session_of[line["packet"]] = answer.session
        return answer

    def route(self, dst):
        """Return where IP takes a packet: a link, "self", or None."""
        if dst in self.config.own or dst == BROADCAST or is_multicast(dst):
            return "self"
        return self.routes.lookup(dst)

    def judge(self, pkt, link):
        """Judge a packet where it comes in, and where it leaves."""
        answer = self.judge_forward(pkt, link)
        if answer.verdict in ("allow", "pass") and self.links.get(answer.out) == "sim":
            binding = self.config.bindings.lookup(pkt.dst)
            if binding is None:
                at_home = self.config.pools.lookup(pkt.dst) is None
            else:
                at_home = binding.may_appear_on(answer.out)
            if not at_home:
                return Answer("deny", "unbound", None, answer.session)
        return answer

    def judge_forward(self, pkt, link):
        """Judge a packet, or a fragment until its datagram is whole."""
        if pkt.src is None:
            return Answer("deny", pkt.bad)
        out = self.route(pkt.dst)
        if out == "self" and is_link_control(pkt):
            return Answer("pass", "link", out)
        if pkt.piece and pkt.family == 4 and pkt.dst in self.config.own:
            return self.own_fragment(pkt, link)
        ends = self.address_rows(pkt, link)
        if out is None and ends.reason in PASSES:
            # No route: IP drops it before simseg can judge it.
            return Answer()
        if ends.reason:
            return self.answer(ends.reason, out)
        if pkt.piece and not pkt.bad:
            return self.gather(pkt.piece, link, pkt.family)
        if pkt.bad:
            return self.answer(pkt.bad, out)
        return self.flow_rows(pkt, ends, out)

    def own_fragment(self, pkt, link):
        """IP gathers what ends here before simseg sees it, if its addresses allow that."""
        reason = self.address_rows(pkt, link).reason
        if reason not in PASSES:
            return self.answer(reason, "self")
        return self.gather(pkt.piece, link, 4)

    def gather(self, piece, link, family):
        """Take a fragment; judge the whole when it is there."""
        whole = self.gatherer.add(piece)
        if whole is WAIT:
            return Answer("wait")
        if whole is REFUSED:
            # IPv4's own reassembly drops it, and all that it had.
            return Answer("wait") if family == 4 else Answer("deny", "fragment")
        pkt = parse(whole)
        if pkt.piece:
            pkt.bad, pkt.piece = "fragment", None
        return self.judge(pkt, link)

    @staticmethod
    def answer(reason, out, session=None):
        """Make the answer that belongs to a reason."""
        verdict = VERDICTS.get(reason, "deny")
        return Answer(verdict, reason, None if verdict == "deny" else out, session)

    # Rows 1 to 3

    def address_rows(self, pkt, link):
        """Judge by what addresses alone can say."""
        config = self.config
        ends = Ends()
        src_own, dst_own = pkt.src in config.own, pkt.dst in config.own
        src_pool = config.pools.lookup(pkt.src) is not None
        dst_pool = not dst_own and config.pools.lookup(pkt.dst) is not None
        if self.links[link] == "sim":
            ends.reason = self.sim_source(pkt.src, src_own, src_pool, link)
        elif src_pool or (src_own and dst_pool):
            ends.reason = "spoofed"
        elif not dst_pool:
            ends.reason = "not-governed"
        if ends.reason:
            return ends
        ends.src, ends.dst = config.owner(pkt.src), config.owner(pkt.dst)
        lost = dst_pool and ends.dst is None
        # The guard, which knows quarantine already, lets link control pass.
        if lost and is_link_control(pkt):
            ends.reason = "unbound"
            return ends
        for device, peer in ((ends.src, pkt.dst), (ends.dst, pkt.src)):
            if device and device.quarantined:
                if device.allow.lookup(peer) is None:
                    ends.reason = "quarantined"
                    return ends
                ends.responder = True
        if lost:
            ends.reason = "unbound"
        return ends

    def sim_source(self, src, src_own, src_pool, link):
        """Row 1 where devices live: return why this source does not belong here."""
        binding = None if src_own else self.config.bindings.lookup(src)
        if binding is None:
            return "unbound" if src_pool and not src_own else "spoofed"
        return None if binding.may_appear_on(link) else "spoofed"

    # Rows 4 to 6

    def flow_rows(self, pkt, ends, out):
        """Judge by session and rules."""
        self.limits.reused = []
        if pkt.kind == "error":
            if self.is_related(pkt, ends):
                return self.answer("related", out)
            if ends.responder:
                return self.answer("responder", out)
            return self.refuse_all(ends, "unrelated", out)
        session, who = self.find(pkt)
        if session and session.tcp and session.tcp.state == model_tcp.CLOSED and pkt.tcp.opens:
            self.limits.reuse(session)
            session = None
        if session:
            session.track(pkt, who)
            return self.answer("session", out, session)
        return self.new_flow(pkt, ends, out)

    def find(self, pkt):
        """Return the session of a packet and which side of it sent it."""
        session = self.sessions.get(pkt.flow)
        if session:
            return session, 0
        return self.sessions.get(pkt.reverse_flow), 1

    def is_related(self, pkt, ends):
        """Say whether an ICMP error belongs to a live session."""
        quote = pkt.quote
        if quote is None or quote.src != pkt.dst:
            return False
        session, _ = self.find(quote)
        if session is None:
            return False
        return ends.src is None or ends.src in (session.ends.src, session.ends.dst)

    def new_flow(self, pkt, ends, out):
        """Judge what belongs to no session."""
        if ends.responder:
            tcp = pkt.tcp and model_tcp.TcpState(pkt.tcp, not pkt.tcp.syn)
            return self.open(pkt.flow, ends, tcp, out, "responder")
        if pkt.kind == "echo" and pkt.type == ECHO_REPLY[pkt.family]:
            return self.refuse_all(ends, "unrelated", out)
        if pkt.proto == TCP and not pkt.tcp.opens:
            return self.pick_up(pkt, ends, out)
        denials = self.denials(pkt.flow, ends)
        if denials:
            return self.refuse(denials, out)
        return self.open(pkt.flow, ends, pkt.tcp and model_tcp.TcpState(pkt.tcp), out)

    def pick_up(self, pkt, ends, out):
        """Take up a TCP session in its middle, if it is the time for that."""
        if not self.config.pickup or pkt.tcp.syn or pkt.tcp.rst or pkt.tcp.ack is None:
            return self.refuse_all(ends, "not-first", out)
        state = model_tcp.TcpState(pkt.tcp, True)
        denials = self.denials(pkt.flow, ends)
        if not denials:
            return self.open(pkt.flow, ends, state, out)
        turned = Ends(ends.dst, ends.src)
        if self.denials(pkt.reverse_flow, turned):
            return self.refuse(denials, out)
        state.sides = state.sides[::-1]
        return self.open(pkt.reverse_flow, turned, state, out)

    def open(self, flow, ends, tcp, out, reason="rule"):
        """Begin a session, if there may be one more."""
        session = Session(flow, ends, tcp)
        refusal = self.limits.refusal(session)
        if refusal:
            return self.refuse_all(ends, refusal, out)
        self.sessions[flow] = session
        return self.answer(reason, out, session)

    def policy(self, device):
        """Return a device's policy, or None if it is gone."""
        return self.config.policies.get(device.policy)

    def denials(self, flow, ends):
        """Return (device, reason) of each governed side that does not allow a flow."""
        denials = []
        for device, direction, peer in ends.sides(flow):
            policy = self.policy(device)
            if policy is None:
                denials.append((device, "no-policy"))
            elif not any(
                rules.allow(direction, flow, peer, self.config) for rules in (policy, device.own)
            ):
                denials.append((device, "no-rule"))
        return denials

    def refuse_all(self, ends, reason, out):
        """Deny for a reason that counts for every side."""
        return self.refuse([(d, reason) for d in (ends.src, ends.dst) if d], out)

    def refuse(self, denials, out):
        """Deny, unless all that deny do no more than observe."""
        for device, reason in denials:
            policy = self.policy(device)
            if policy is None or not policy.observe:
                return self.answer(reason, out)
        return self.answer("observed", out)

    # Changes

    def change(self, line):
        """Make one change and end the sessions that it ends."""
        if line.get("refused"):
            return
        name = "change_" + line["change"].replace("-", "_")
        if not hasattr(self, name):
            raise ScenarioError(f"unknown change {line['change']}")
        getattr(self, name)(line)

    def sweep(self, ended):
        """End all sessions of which `ended` is true."""
        for session in [s for s in self.sessions.values() if ended(s)]:
            self.limits.end(session)

    def is_moved(self, session):
        """Say whether an end of a session belongs to somebody else now."""
        owner = self.config.owner
        _, _, src, _, dst, _ = session.flow
        return owner(src) is not session.ends.src or owner(dst) is not session.ends.dst

    def is_revoked(self, session):
        """Say whether a session's first packet would no longer be allowed."""
        if self.has_responder(session):
            return False
        return bool(self.denials(session.flow, session.ends))

    @staticmethod
    def has_responder(session):
        """Say whether an end is quarantined: what lives then is the responder's."""
        return any(device.quarantined for device, _, _ in session.ends.sides(session.flow))

    def sweep_device(self, device):
        """End all sessions of a device."""
        self.sweep(lambda s: s.ends.src is device or s.ends.dst is device)

    def sweep_prefix(self, prefix, ended):
        """End the sessions with an end in a prefix of which `ended` is true."""

        def is_hit(session):
            _, _, src, _, dst, _ = session.flow
            return (prefix_holds(prefix, src) or prefix_holds(prefix, dst)) and ended(session)

        self.sweep(is_hit)

    def change_apply(self, line):
        """Put another ruleset in force."""
        self.apply(line["ruleset"])
        self.sweep(lambda s: self.is_moved(s) or self.is_revoked(s))

    def change_quarantine(self, line):
        """Cut a device off."""
        self.config.quarantine(line["iccid"], line.get("allow"))
        device = self.config.devices.get(line["iccid"])
        if device:
            self.sweep_device(device)

    def change_release(self, line):
        """End a quarantine."""
        self.config.release(line["iccid"])
        self.sweep(self.is_revoked)

    def change_bind(self, line):
        """Give a device an address."""
        self.config.bind(line["iccid"], line["addr"], line.get("dev"))
        self.sweep_prefix(parse_prefix(line["addr"]), self.is_moved)

    def change_unbind(self, line):
        """Take an address from a device."""
        self.config.unbind(line["iccid"], line.get("addr"))
        if "addr" in line:
            self.sweep_prefix(parse_prefix(line["addr"]), self.is_moved)
        else:
            self.sweep(self.is_moved)

    def change_device_add(self, line):
        """Add a device."""
        self.config.add_device(line)
        self.sweep(self.is_moved)

    def change_device_del(self, line):
        """Delete a device."""
        device = self.config.device(line["iccid"])
        self.config.delete_device(line["iccid"])
        self.sweep_device(device)

    def change_peer_add(self, line):
        """Add to a peer set; that narrows nothing."""
        self.config.change_peer(line["peer"], line["prefix"], True)

    def change_peer_del(self, line):
        """Take from a peer set."""
        self.config.change_peer(line["peer"], line["prefix"], False)
        self.sweep_prefix(parse_prefix(line["prefix"]), self.is_revoked)

    def change_rest(self, _line):
        """Change nothing, but let what has ended be freed."""
        self.limits.rest()

    def change_kill(self, line):
        """End the session that a packet belonged to, if it is still that one."""
        session = self.session_of.get(line["packet"])
        if session and self.sessions.get(session.flow) is session:
            self.limits.end(session)
