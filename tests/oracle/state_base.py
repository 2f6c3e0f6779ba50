# SPDX-License-Identifier: GPL-2.0-or-later
"""What the parts of the model of the state have in common: how a change is refused,
and whom a name on the command line means."""

import ipaddress
from collections import namedtuple

from state_file import is_iccid

USAGE, REFUSED, PART, NONE = 1, 2, 3, 4
DURATION_MAX = 366 * 86400

# What is expected of a change: exit status, a pattern in what is printed, whether it
# has changed anything.
Expect = namedtuple("Expect", "code word changed")


class Refused(Exception):
    """A change that is not done."""

    def __init__(self, code, word):
        super().__init__(word)
        self.code = code
        self.word = word


def refuse(wrong):
    """Refuse a change if something is wrong; of several things any may be said."""
    if wrong:
        raise Refused(REFUSED, "|".join(wrong))


def after(now, seconds):
    """Return when it is over, None if never."""
    return None if seconds is None else (now[0] + seconds, now[1] + seconds)


def owner_in(devices, addr):
    """Return the ICCID of the device whose longest prefix holds an address, or None."""
    addr = ipaddress.ip_address(addr)
    best = None
    for iccid, device in devices.items():
        for net in device.addrs:
            if addr in net and (best is None or net.prefixlen > best[0]):
                best = (net.prefixlen, iccid)
    return best and best[1]


class Names:
    """The part of the state that knows who is meant."""

    def known(self, iccid):
        """Return a device that has to exist."""
        if iccid in self.holds and iccid not in self.devices:
            raise Refused(REFUSED, "held|quarantined")
        if iccid not in self.devices:
            raise Refused(NONE, "no device")
        return self.devices[iccid]

    def target(self, word, unknown=False):
        """Return the ICCID that an ICCID, address or asset id stands for."""
        if is_iccid(word):
            if word in self.devices or word in self.holds or unknown:
                return word
            raise Refused(NONE, "no device")
        try:
            found = [owner_in(self.devices, word)]
        except ValueError:
            found = [i for i, d in self.devices.items() if d.asset == word]
        if len(found) > 1:
            raise Refused(USAGE, "names %d devices" % len(found))
        if not found or not found[0]:
            raise Refused(NONE, "no device")
        return found[0]

    def targets(self, change, quarantined):
        """Return the ICCIDs that a quarantine or release is about."""
        words, policy = change["words"], change.get("policy")
        if policy is not None and (words or change.get("list")):
            raise Refused(USAGE, "exclude")
        if policy is not None and change.get("unknown"):
            raise Refused(USAGE, "needs ICCIDs")
        if policy is not None:
            found = [i for i, d in self.devices.items()
                     if d.policy == policy and (i in self.holds or not quarantined)]
            if not found:
                raise Refused(NONE, "policy|is quarantined")
            return found
        if not words:
            raise Refused(USAGE, "names no device|which device")
        found, bad = [], []
        for word in words:
            try:
                found.append(self.target(word, change.get("unknown", False)))
            except Refused as refused:
                bad.append(refused)
        if not bad:
            return list(dict.fromkeys(found))
        if change.get("unknown") and not change.get("list") and bad[0].code == NONE:
            raise Refused(USAGE, "needs an ICCID")
        raise Refused(max(one.code for one in bad), "|".join(one.word for one in bad))
