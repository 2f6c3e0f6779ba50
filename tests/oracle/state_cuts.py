# SPDX-License-Identifier: GPL-2.0-or-later
"""Peer sets, quarantines and grants: what changes apart from ruleset and devices."""

from collections import namedtuple

import state_file
from state_base import DURATION_MAX, NONE, PART, REFUSED, USAGE, Expect, Refused, after
from state_file import BadFile

ALLOW_MAX = 8
DEVICE_GRANTS_MAX = 8

Hold = namedtuple("Hold", "actor reason allow deadline")
Grant = namedtuple("Grant", "iccid rule iif actor ticket reason deadline id")


class Peers:
    """The part of the state that has peer sets."""

    def peer_set(self, name):
        """Return a set that has to exist."""
        if name not in self.peers:
            raise Refused(NONE, "peer set")
        return self.peers[name]

    @staticmethod
    def peer_prefixes(change):
        """Return the prefixes of the command line."""
        try:
            return [state_file.prefix(text) for text in change["addrs"]]
        except ValueError:
            raise Refused(USAGE, "bad address|bits set|IPv4") from None

    def do_peer_add(self, change, now):
        """Add prefixes; one that is there gets the new deadline, or none."""
        nets = self.peer_prefixes(change)
        peer = self.peer_set(change["peer"])
        if not nets:
            raise Refused(USAGE, "missing")
        deadline = after(now, change.get("for"))
        changed = any(net not in peer or peer[net] or deadline for net in nets)
        peer.update((net, deadline) for net in nets)
        return Expect(0, None, changed)

    def do_peer_del(self, change, _now):
        """Take prefixes, or all, from a set."""
        nets = self.peer_prefixes(change)
        peer = self.peer_set(change["peer"])
        if any(net not in peer for net in nets):
            raise Refused(NONE, "does not hold")
        gone = nets or list(peer)
        for net in gone:
            peer.pop(net, None)
        return Expect(0, None, bool(gone))

    def do_peer_replace(self, change, _now):
        """Put prefixes in the place of all that the set holds."""
        nets = self.peer_prefixes(change)
        peer = self.peer_set(change["peer"])
        changed = peer != dict.fromkeys(nets)
        peer.clear()
        peer.update(dict.fromkeys(nets))
        return Expect(0, None, changed)


class Quarantines:
    """The part of the state that knows who is cut off."""

    def allowed(self, words):
        """Return the prefixes with which a device may still talk."""
        nets = []
        for word in words:
            try:
                nets.append(state_file.prefix(word))
            except ValueError:
                if not state_file.NAME.fullmatch(word):
                    raise Refused(USAGE, "bad address|bits set") from None
                nets += list(self.peer_set(word))
        if len(set(nets)) > ALLOW_MAX:
            raise Refused(USAGE, "more than 8")
        return frozenset(nets)

    def do_quarantine(self, change, now):
        """Cut devices off, all of them or none."""
        seconds = change.get("for")
        if seconds is not None and not 0 < seconds <= DURATION_MAX:
            raise Refused(USAGE, "bad duration")
        found = self.targets(change, False)
        allow = self.allowed(change.get("allow", []))
        hold = Hold(change["actor"], change.get("reason"), allow, after(now, seconds))
        code = 0 if self.armed else PART
        if change.get("dry"):
            return Expect(0, None, False)
        self.check_unknown(*found)
        for iccid in found:
            self.holds[iccid] = hold
        return Expect(code, None, True)

    def check_unknown(self, *iccids):
        """ICCIDs that are not known yet count as devices; one that is held is known."""
        known = self.devices.keys() | self.holds
        if known < known | set(iccids) and len(known | set(iccids)) > \
                self.ruleset.settings["devices"]:
            raise Refused(REFUSED, "setting devices")

    def do_release(self, change, _now):
        """End quarantines, all of them or none."""
        if not change.get("reason"):
            raise Refused(USAGE, "needs --reason")
        found = self.targets(change, True)
        if any(iccid not in self.holds for iccid in found):
            raise Refused(REFUSED, "not quarantined")
        for iccid in found:
            del self.holds[iccid]
        return Expect(0, None, True)


class Grants:
    """The part of the state that has grants."""

    def grant_rule(self, change):
        """Return the one rule of a grant."""
        way, proto, _, port = (change["way"],) + change["proto"].partition("/")
        spec = {"proto": proto, "to" if way == "out" else "from": change["peer"]}
        if port:
            spec["port"] = port
        names = {change["peer"]} if state_file.NAME.fullmatch(change["peer"]) else set()
        try:
            return state_file.rules_of(spec, way, names)[0]
        except BadFile as bad:
            raise Refused(USAGE, str(bad)) from None

    def restore_grants(self, grants):
        """Make those that are not in force; say whether there was room for all."""
        known = [g._replace(deadline=None, id=None) for g in self.grants]
        for grant in grants:
            what = grant._replace(deadline=None, id=None)
            if what in known:
                known.remove(what)
                continue
            if sum(g.iccid == grant.iccid for g in self.grants) >= DEVICE_GRANTS_MAX:
                return False
            self.grants.append(grant)
        return True

    def do_grant(self, change, now):
        """Allow one device something more, for a while."""
        seconds = change.get("for")
        rule = self.grant_rule(change)
        if seconds is not None and not 0 < seconds <= DURATION_MAX:
            raise Refused(USAGE, "bad duration")
        iccid = self.target(change["word"])
        self.known(iccid)
        if rule.peer[0] == "set" and rule.peer[1] not in self.peers:
            raise Refused(NONE, "peer set")
        for value, word in ((seconds, "DURATION"), (change.get("ticket"), "TICKET"),
                            (change.get("reason"), "REASON")):
            if not value:
                raise Refused(REFUSED, word)
        # nothing made in a window may outlast what the ruleset before allows
        before = self.trial[0].settings["grant_max"] if self.trial else seconds
        if seconds > min(self.ruleset.settings["grant_max"], before):
            raise Refused(REFUSED, "grant_max")
        if sum(g.iccid == iccid for g in self.grants) >= DEVICE_GRANTS_MAX:
            raise Refused(REFUSED, "8 grants")
        self.grants.append(Grant(iccid, rule, change.get("iif"), change["actor"],
                                 change["ticket"], change["reason"], after(now, seconds),
                                 change.get("id")))
        return Expect(0, None, True)

    def do_revoke(self, change, _now):
        """End a grant, or all of an actor or for a ticket."""
        by, value = next((by, change[by]) for by in ("id", "of_actor", "of_ticket")
                         if by in change)
        field = {"id": "id", "of_actor": "actor", "of_ticket": "ticket"}[by]
        left = [g for g in self.grants if getattr(g, field) != value]
        if len(left) == len(self.grants):
            raise Refused(NONE, "grant")
        self.grants = left
        return Expect(0, None, True)
