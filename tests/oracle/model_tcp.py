# SPDX-License-Identifier: GPL-2.0-or-later
"""The TCP state of a session, after Documentation/sessions.md.

The state decides one thing here: whether a SYN opens a new session in place
of the old one. So the rules are about who may close: nobody who can merely
guess the ports.
"""

from dataclasses import dataclass
from typing import Optional

NEW, REPLIED, ESTABLISHED, CLOSING, CLOSED = "new", "replied", "established", "closing", "closed"
PICKUP_SCALE = 14


def at_least(one, other):
    """Compare sequence numbers (RFC 1982)."""
    return (one - other) & 0xFFFFFFFF < 0x80000000


def highest(one, other):
    """Return the higher of two sequence numbers, the first of which may be missing."""
    return other if one is None or at_least(other, one) else one


@dataclass(slots=True)
class Side:
    """What is known from the packets of one side."""

    end: Optional[int] = None
    ack: Optional[int] = None
    edge: Optional[int] = None
    first: Optional[int] = None
    scale: Optional[int] = None
    finished: bool = False


class TcpState:
    """The state of one session; side 0 is the initiator."""

    def __init__(self, seg, picked_up=False):
        self.sides = (Side(), Side())
        self.picked_up = picked_up
        self.state = ESTABLISHED if picked_up else NEW
        if not picked_up:
            self.sides[0].first = seg.seq
            self.sides[0].scale = seg.scale
        self.note(seg, 0)

    @property
    def half_open(self):
        """Say whether it is not established yet."""
        return self.state in (NEW, REPLIED)

    def track(self, seg, who):
        """Take a packet of side `who` into account."""
        other = self.sides[1 - who]
        if self.state == CLOSED:
            return
        if seg.rst:
            # Its numbers are not kept: a second one could lean on the first.
            if self.rst_fits(seg, who):
                self.state = CLOSED
            return
        if seg.syn and self.state == NEW:
            me = self.sides[who]
            me.end, me.first, me.scale = None, seg.seq, seg.scale
        self.handshake(seg, who)
        self.note(seg, who)
        if seg.fin and self.state != NEW and self.fin_fits(seg, other):
            self.sides[who].finished = True
            self.state = CLOSED if other.finished else CLOSING

    def handshake(self, seg, who):
        """Make the steps that lead to the state established."""
        other = self.sides[1 - who]
        if self.state == NEW and who == 1 and seg.syn:
            if seg.ack is None or self.acknowledges_first(seg, other):
                self.state = REPLIED
        elif self.state == REPLIED and who == 0 and seg.ack is not None:
            if self.acknowledges_first(seg, other):
                self.state = ESTABLISHED

    @staticmethod
    def acknowledges_first(seg, other):
        """Say whether the other's first sequence number is acknowledged, nothing unsent."""
        return at_least(other.end, seg.ack) and at_least(seg.ack, (other.first + 1) & 0xFFFFFFFF)

    def shift(self, seg, side):
        """Return the scale of this segment's window."""
        if self.picked_up:
            return PICKUP_SCALE
        if seg.syn or any(s.scale is None for s in self.sides):
            return 0
        return side.scale

    def note(self, seg, who):
        """Keep the numbers of a packet."""
        me, other = self.sides[who], self.sides[1 - who]
        me.end = highest(me.end, seg.end)
        if seg.ack is None or other.end is None or not at_least(other.end, seg.ack):
            return
        me.ack = highest(me.ack, seg.ack)
        edge = (seg.ack + (seg.window << self.shift(seg, me))) & 0xFFFFFFFF
        me.edge = highest(me.edge, edge)

    @staticmethod
    def fin_fits(seg, other):
        """Say whether a FIN lies in what the other side has room for."""
        if other.ack is None:
            return False
        return at_least(seg.end, other.ack) and at_least((other.edge + 1) & 0xFFFFFFFF, seg.end)

    def rst_fits(self, seg, who):
        """Say whether a RST is one that only the end host, or who sees it, can make."""
        me, other = self.sides[who], self.sides[1 - who]
        if other.ack is not None:
            return at_least(seg.seq, other.ack) and at_least(other.edge, seg.seq)
        if self.picked_up:
            return False
        if who == 0:
            return seg.seq in (me.end, (me.end - 1) & 0xFFFFFFFF)
        return seg.ack is not None and seg.ack == other.end
