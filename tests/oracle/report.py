# SPDX-License-Identifier: GPL-2.0-or-later
"""What the differential test has found, as TAP that people can read."""

import pathlib
import re
import time

import packet as pk
from examples import ALSO

BAD = re.compile(r"BUG:|WARNING:|suspicious RCU|circular locking|possible recursive|"
                 r"UBSAN:|Kernel panic|simseg-uml: .* failed|inject: .* failed")
SHOWN = 30              # differences that are told in full
HISTORY = 12            # packets of the flow before one


def known_classes(path):
    """The names in DIFFERENCES: each entry begins with one, in the first column."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.findall(r"^([a-z][a-z0-9-]+)$", text, re.M)


class Report:
    def __init__(self, differences, start):
        self.known = known_classes(differences)
        self.number = 0
        self.failed = 0
        self.packets = 0
        self.classes = {}
        self.shown = {}         # name of an example -> the classes it has shown
        self.found = []
        self.scenarios = []
        self.last = start

    def result(self, good, what):
        self.number += 1
        self.failed += not good
        print("%s %d - differential: %s" % ("ok" if good else "not ok", self.number, what),
              flush=True)

    @staticmethod
    def note(text):
        for line in text.splitlines():
            print("# " + line)

    def lap(self, what):
        now = time.monotonic()
        self.note("%s: %.1f s" % (what, now - self.last))
        self.last = now

    def model(self, unable):
        for path in unable:
            error = pathlib.Path(path[:-6] + ".model-err").read_text(encoding="utf-8")
            self.note("the model cannot answer %s: %s" % (pathlib.Path(path).stem,
                                                         error.strip()[-500:]))
        self.result(not unable, "the model answers every scenario")

    def kernel(self, log):
        text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "")
        ended = "\nsimseg-uml: end" in text
        bad = BAD.search(text)
        if bad:
            self.note(text[max(0, bad.start() - 200):bad.start() + 4000])
        elif not ended:
            self.note(text[-3000:])
        self.result(ended and not bad, "the kernel has nothing to say: " + log.stem)

    def scenario(self, path, found, classes, packets, complaint):
        stem = pathlib.Path(path).stem
        if complaint:
            self.note(complaint)
            self.scenarios.append(stem)
        self.packets += packets
        if stem.startswith("shows-"):
            self.shown[stem[6:]] = sorted(classes)
        self.found += found
        for name, n in classes.items():
            self.classes[name] = self.classes.get(name, 0) + n

    # ---- the end ----------------------------------------------------------------

    def tell(self, d):
        self.note("%s, packet %d on %s: %s" % (d.scenario, d.line["packet"], d.line["in"],
                                               pk.describe(d.packet)))
        self.note("    simseg: %s" % d.simseg)
        if d.model:
            self.note("    model:  %s" % d.model)
        self.note("    nft:    %s" % d.nft)
        for number, link, p, a, b in d.history[-HISTORY - 1:-1]:
            self.note("      before: %d %s %s" % (number, link, pk.describe(p)))
            self.note("              simseg %s; nft %s" % (a, b))

    def tell_some(self, kind):
        """Of each sort the first, the most frequent sorts first."""
        sorts = {}
        for d in self.found:
            if d.kind == kind:
                key = (d.simseg.verdict, d.simseg.reason, d.nft.why[-1:],
                       d.model.reason if kind == "model" else None)
                sorts.setdefault(key, []).append(d)
        ranked = sorted(sorts.values(), key=lambda ds: -len(ds))
        for ds in ranked[:SHOWN]:
            self.note("%d like this:" % len(ds))
            self.tell(ds[0])
        if len(ranked) > SHOWN:
            self.note("and %d other sorts" % (len(ranked) - SHOWN))
        return sum(map(len, ranked))

    def summary(self, whole):
        """`whole`: every deliberate difference has to be seen."""
        self.result(not self.scenarios and self.packets > 0,
                    "both gateways answer every line (%d packets)" % self.packets)
        n = self.tell_some("model")
        self.result(not n, "simseg judges as the model does (%d differences)" % n)
        n = self.tell_some("nft")
        self.result(not n, "packets arrive as with nftables (%d unknown differences)" % n)
        n = self.tell_some("bytes")
        self.result(not n, "both gateways send the same bytes (%d differences)" % n)
        self.note("deliberate differences: " + (", ".join(
            "%s %d" % item for item in sorted(self.classes.items())) or "none"))
        unknown = sorted(set(self.classes) - set(self.known))
        if unknown:
            self.note("not in DIFFERENCES: " + ", ".join(unknown))
        self.result(not unknown, "DIFFERENCES has every class of difference")
        for name in self.known if whole else ():
            self.result(self.shown.get(name) == sorted([name] + ALSO.get(name, [])),
                        "an example shows the difference %s: %s"
                        % (name, " ".join(self.shown.get(name, [])) or "none"))

    def end(self):
        print("1..%d" % self.number)
        return 1 if self.failed else 0
