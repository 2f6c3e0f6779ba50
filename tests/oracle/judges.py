# SPDX-License-Identifier: GPL-2.0-or-later
"""What the judges said, packet by packet, in one form."""

import json
import pathlib
import re

UAPI = pathlib.Path(__file__).resolve().parent.parent.parent / "include/uapi/linux/simseg_reason.h"


def verdicts():
    """The verdict of each reason, by its word."""
    found = re.findall(r'X\([A-Z_]+, "([a-z-]+)", (PASS|ALLOW|DENY),',
                       UAPI.read_text(encoding="utf-8"))
    return {word: verdict.lower() for word, verdict in found}


VERDICTS = verdicts()
# A packet with one of these reasons belongs to a session, or to what has one.
HELD = ("session", "rule", "related", "responder")


class Answer:
    """`out`: a link, "self", or None; several links stand with commas between."""

    __slots__ = ("verdict", "reason", "out", "why", "hash", "floor")

    def __init__(self, verdict, reason, out, why=(), digest=None, floor=None):
        self.verdict = verdict
        self.reason = reason
        self.out = out
        self.why = why          # nftables: the names of its decisions
        self.hash = digest
        self.floor = floor or reason    # before the guard of the way out had its say

    def __str__(self):
        if self.verdict:
            return "%s %s, out %s" % (self.verdict, self.reason or "-", self.out or "-")
        return "%s, out %s" % (", ".join(self.why) or "nothing said", self.out or "-")


def out_of(text):
    """A packet that left in pieces left once."""
    names = [] if text == "-" else text.split(",")
    return ",".join(sorted(set(names))) or None


def simseg_answer(p, outs, counts):
    """A denial decides: what the floor let through the guard may have dropped."""
    reasons = [] if counts == "-" else [c.split("+")[0] for c in counts.split(",")]
    reasons.sort(key=lambda r: VERDICTS[r] == "deny")
    if not reasons:
        return Answer("wait" if p.fragment else None, None, out_of(outs))
    return Answer(VERDICTS[reasons[-1]], reasons[-1], out_of(outs), floor=reasons[0])


def read_answers(path):
    """What inject wrote: a list of ("packet", fields) and ("change", error, text)."""
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def read_model(path):
    with open(path, encoding="utf-8") as f:
        answers = [json.loads(line) for line in f]
    return {a["packet"]: Answer(a["verdict"], a["reason"], a["out"]) for a in answers}


def simseg_and_nft(p, fields):
    _, _, outs, counts, digest, b_outs, b_logs, b_digest = fields
    why = () if b_logs == "-" else tuple(b_logs.split(","))
    return (simseg_answer(p, outs, counts),
            Answer(None, None, out_of(b_outs), why, b_digest), digest)
