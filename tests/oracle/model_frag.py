# SPDX-License-Identifier: GPL-2.0-or-later
"""Gathering fragments.

Overlaps end a datagram (RFC 5722, and IPv4 is held to the same), because what
an end host would make of them is not known. A repetition of what is there is
ignored. Other mistakes end it where they do in Linux, which does the gathering.
Time does not pass, so nothing is ever given up.
"""

WAIT = "wait"
REFUSED = "refused"
MAX = 65535


class Datagram:
    """The fragments of one datagram that have come so far."""

    def __init__(self):
        self.pieces = {}
        self.runs = []
        self.total = None
        self.head = None

    def add(self, piece):
        """Take one fragment; return False if it does not belong here, None if none does now."""
        old = piece.head[0] >> 4 == 4
        if piece.more and old:
            # Linux cuts an odd length rather than to refuse it.
            piece.data = piece.data[: len(piece.data) & ~7]
        start, end = piece.offset, piece.offset + len(piece.data)
        if piece.more and len(piece.data) % 8:
            return None
        if end == start or not self.length_fits(piece, end):
            return None if old else False
        if end > (MAX - len(piece.head) if old else MAX):
            return False
        for low, high in self.runs:
            if low <= start and end <= high:
                return True
            if start < high and low < end:
                return None
        self.keep(piece, start, end)
        return True

    def keep(self, piece, start, end):
        """Keep a fragment; only what follows the last run makes that longer."""
        if self.runs and self.runs[-1][1] == start:
            self.runs[-1][1] = end
        else:
            self.runs = sorted([*self.runs, [start, end]])
        if not piece.more:
            self.total = end
        self.pieces[start] = piece.data
        if start == 0:
            self.head = piece.head

    def length_fits(self, piece, end):
        """Say whether the fragment agrees with the others about the whole length."""
        if not piece.more:
            if self.total is not None and self.total != end:
                return False
            return not self.runs or self.runs[-1][1] <= end
        return self.total is None or end <= self.total

    def complete(self):
        """Say whether nothing is missing."""
        ends = [0, *(end for _, end in self.runs)]
        return self.total == ends[-1] and [start for start, _ in self.runs] == ends[:-1]

    def whole(self):
        """Return the packet's bytes, or None if it would be too long."""
        head = bytearray(self.head)
        data = b"".join(self.pieces[start] for start in sorted(self.pieces))
        if head[0] >> 4 == 4:
            size = len(head) + len(data)
            head[6:8] = b"\0\0"
            at = 2
        else:
            size = len(head) - 40 + len(data)
            at = 4
        if size > MAX:
            return None
        head[at : at + 2] = size.to_bytes(2, "big")
        return bytes(head) + data


class Gatherer:
    """All datagrams of which fragments wait."""

    def __init__(self):
        self.waiting = {}

    def add(self, piece):
        """Take a fragment; return WAIT, REFUSED or the whole packet's bytes."""
        if piece.short:
            return REFUSED
        datagram = self.waiting.setdefault(piece.key, Datagram())
        fits = datagram.add(piece)
        if fits is None or not datagram.pieces:
            del self.waiting[piece.key]
        if not fits:
            return REFUSED
        if not datagram.complete():
            return WAIT
        del self.waiting[piece.key]
        return datagram.whole() or REFUSED
