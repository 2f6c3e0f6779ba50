# SPDX-License-Identifier: GPL-2.0-or-later
"""Gathering fragments.

Overlaps end a datagram (RFC 5722, and IPv4 is held to the same), because what
an end host would make of them is not known. A repetition of what is there is
ignored. Time does not pass, so nothing is ever given up.
"""

WAIT = "wait"
REFUSED = "refused"
MAX = 65535


class Datagram:
    """The fragments of one datagram that have come so far."""

    def __init__(self):
        self.pieces = {}
        self.total = None
        self.head = None

    def runs(self):
        """Return the stretches [start, end) that are there without a hole."""
        runs = []
        for start in sorted(self.pieces):
            end = start + len(self.pieces[start])
            if runs and runs[-1][1] == start:
                runs[-1][1] = end
            else:
                runs.append([start, end])
        return runs

    def add(self, piece):
        """Take one fragment; return False if it cannot belong here."""
        start, end = piece.offset, piece.offset + len(piece.data)
        room = MAX - len(piece.head) if piece.head[0] >> 4 == 4 else MAX
        if end == start or end > room or (piece.more and len(piece.data) % 8):
            return False
        runs = self.runs()
        if not self.length_fits(piece, end, runs):
            return False
        if not piece.more:
            self.total = end
        for low, high in runs:
            if low <= start and end <= high:
                return True
            if start < high and low < end:
                return False
        self.pieces[start] = piece.data
        if start == 0:
            self.head = piece.head
        return True

    def length_fits(self, piece, end, runs):
        """Say whether the fragment agrees with the others about the whole length."""
        if not piece.more:
            if self.total is not None and self.total != end:
                return False
            return not runs or runs[-1][1] <= end
        return self.total is None or end <= self.total

    def complete(self):
        """Say whether nothing is missing."""
        return self.total is not None and self.runs() == [[0, self.total]]

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
        datagram = self.waiting.setdefault(piece.key, Datagram())
        if not datagram.add(piece):
            del self.waiting[piece.key]
            return REFUSED
        if not datagram.complete():
            return WAIT
        del self.waiting[piece.key]
        return datagram.whole() or REFUSED
