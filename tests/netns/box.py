#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in a box, by another reader than segctl's own: a sum of it, as JSON.

usage: box.py DIR [SEQS]

SEQS: a file of numbers of records, one a line; lacking: how many of them are not there.
chained: each record's chain, and that of each segment to the next, is right.
missing: numbers between the first and the last that are not there.
unwritten: zero bytes at the end of the last segment, from a record without its chain on.
told: how many of them the gap records say were lost; told_*: the same of one kind.
"""
import hashlib
import json
import os
import struct
import sys

HEAD, SLOT, RECORD, HASH = 256, 224, 192, 32
OPEN, CLOSE, DENY, CONFIG, GAP = 1, 3, 4, 5, 6


def blake(data):
    return hashlib.blake2b(data, digest_size=HASH).digest()


class Box:
    def __init__(self):
        self.seqs, self.opens, self.closes, self.denies = [], [], [], 0
        self.gaps, self.chained, self.configs = [], True, 0
        self.ordered, self.last = True, [0, 0]
        self.rulesets = set()
        self.unwritten = 0

    def record(self, raw):
        kind, seq = raw[4], struct.unpack_from("=Q", raw, 8)[0]
        self.seqs.append(seq)
        self.ordered &= seq > self.last[kind == DENY]
        self.last[kind == DENY] = seq
        if kind == OPEN:
            self.opens.append(struct.unpack_from("=Q", raw, 32)[0])
        elif kind == CLOSE:
            self.closes.append(struct.unpack_from("=Q", raw, 32)[0])
        elif kind == DENY:
            self.denies += 1
        elif kind == CONFIG:
            self.configs += 1
            self.rulesets.add(raw[56:88].hex())
        elif kind == GAP:
            first = struct.unpack_from("=Q", raw, 48)[0]
            self.gaps.append((first, struct.unpack_from("=8Q", raw, 64)))

    def segment(self, data, previous):
        chain = blake(data[:HEAD - HASH])
        self.chained &= chain == data[HEAD - HASH:HEAD]
        if previous is not None:
            self.chained &= data[80:112] == previous and not self.unwritten
        for at in range(HEAD, len(data) - SLOT + 1, SLOT):
            if not any(data[at + RECORD:at + SLOT]) and not any(data[at + RECORD:]):
                self.unwritten = len(data) - at - len(data[at:].rstrip(b"\0"))
                break
            raw = data[at:at + RECORD]
            chain = blake(chain + raw)
            self.chained &= chain == data[at + RECORD:at + SLOT]
            self.record(raw)
        return chain

    def read(self, where):
        previous = None
        for name in sorted(os.listdir(where)):
            if name.endswith(".seg"):
                with open(os.path.join(where, name), "rb") as f:
                    previous = self.segment(f.read(), previous)

    def sum(self, wanted):
        seqs, opens, closes = set(self.seqs), set(self.opens), set(self.closes)
        begin = min(seqs, default=0)
        span = max(seqs) - begin + 1 if seqs else 0
        gaps = [lost for first, lost in self.gaps if first >= begin]
        told = [sum(kind) for kind in zip(*gaps)] or [0] * 8
        return {
            "records": len(self.seqs), "twice": len(self.seqs) - len(seqs),
            "missing": span - len(seqs), "told": sum(told),
            "told_open": told[OPEN], "told_close": told[CLOSE],
            "told_deny": told[DENY], "opens": len(self.opens),
            "closes": len(self.closes), "denies": self.denies, "configs": self.configs,
            "opened_twice": len(self.opens) - len(opens),
            "closed_twice": len(self.closes) - len(closes),
            "never_closed": len(opens - closes), "chained": self.chained,
            "ordered": self.ordered, "rulesets": sorted(self.rulesets),
            "lacking": len(wanted - seqs), "unwritten": self.unwritten,
        }


def main():
    box = Box()
    box.read(os.path.join(sys.argv[1], "segments"))
    wanted = set()
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="ascii") as f:
            wanted = {int(line) for line in f}
    print(json.dumps(box.sum(wanted)))


main()
