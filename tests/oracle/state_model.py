# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole state of one namespace, and what each change makes of it.

Written from segctl(8) and Documentation alone. A change is a dictionary: its kind,
and what the command line of segctl says. The model answers whether it is done or
refused, with which exit status and which words, and has the state that follows.

Time is a pair of seconds, the earliest and the latest that it can be: a command is
done at some moment between its beginning and its end.
"""

import copy

import state_file
from state_base import NONE, PART, REFUSED, USAGE, Expect, Names, Refused, after, refuse
from state_cuts import Grants, Peers, Quarantines
from state_file import BadFile, File, Ruleset, inside, overlap
from state_registry import PLENS_MAX, Registry, wire_lengths


def locks_out(ruleset):
    """Say whether management would be denied."""
    return any(overlap(net, ruleset.pools) for net in ruleset.failsafe)


def rounded(deadline):
    """Return a deadline that was saved: in whole seconds, by two clocks, the earlier counts."""
    return deadline and (deadline[0] - 2, deadline[1] + 1)


def restored(saved, now):
    """Return a state as a file of it has it, and as far as its time is not over."""
    state = saved.copy()
    state.trial = None
    state.expire(now[0])
    for peer in state.peers.values():
        peer.update((net, rounded(deadline)) for net, deadline in peer.items())
    for iccid, hold in state.holds.items():
        state.holds[iccid] = hold._replace(deadline=rounded(hold.deadline))
    state.grants = [g._replace(deadline=rounded(g.deadline)) for g in state.grants]
    return state


class State(Names, Registry, Peers, Quarantines, Grants):
    """Everything that `segctl save` writes, and what only status tells."""

    def __init__(self):
        self.ruleset = Ruleset()
        self.peers = {}         # name -> {prefix: deadline or None}
        self.devices = {}       # ICCID -> Device
        self.holds = {}         # ICCID -> Hold, of devices and of those that are unknown
        self.grants = []
        self.interfaces = {}    # name or pattern -> (side, mode)
        self.generation = 0
        self.armed = True
        self.trial = None       # (ruleset, peers, deadline, whether it can be confirmed)

    def copy(self):
        """Return the state as it is now, to come back to."""
        return copy.deepcopy(self)

    def do(self, change, now):
        """Do a change, or refuse it; return what is to be expected of it."""
        if change["actor"] == "kernel":
            # that is the module itself, and nobody else
            expect = self.copy().do(dict(change, actor="model"), now)
            return expect if expect.code not in (0, PART) else Expect(REFUSED, "kernel", False)
        try:
            return getattr(self, "do_" + change["kind"].replace("-", "_"))(change, now)
        except Refused as refused:
            return Expect(refused.code, refused.word, False)

    # ---- the ruleset --------------------------------------------------------------

    def read_file(self, spec, strict):
        """Return a file that has nothing wrong with itself."""
        try:
            return File(spec, strict)
        except BadFile as bad:
            raise Refused(USAGE, str(bad)) from None

    def wrong_pools(self, new, opened, trial):
        """A pool goes only on purpose; nobody locks himself out but for a while."""
        wrong = []
        if any(not inside(pool, new.pools) for pool in self.ruleset.pools - opened):
            wrong.append("pool in force")
        if not trial and locks_out(new) and not locks_out(self.ruleset):
            wrong.append("failsafe")
        return wrong

    def devices_of(self, wanted):
        """Return the devices that a file stands for: who is quarantined stays; and what
        is wrong with them."""
        if wanted is None:
            return self.devices, []
        devices, wrong = dict(wanted), []
        taken = {net for device in wanted.values() for net in device.addrs}
        for iccid, device in self.devices.items():
            if iccid in self.holds and iccid not in wanted:
                if taken & set(device.addrs):
                    wrong.append("quarantined")
                devices[iccid] = device
        return devices, wrong

    def wrong_devices(self, devices, settings):
        """Limits of the registry."""
        wrong = []
        if len(devices.keys() | self.holds) > settings["devices"]:
            wrong.append("setting devices")
        if len(wire_lengths(devices) | wire_lengths(self.devices)) > PLENS_MAX:
            wrong.append("length")
        return wrong

    def same_devices(self, devices):
        """Say whether these are the ones in force."""
        return devices.keys() == self.devices.keys() and all(
            device.same(self.devices[iccid]) for iccid, device in devices.items())

    def put_devices(self, devices):
        """Make them the ones in force; grants end with their device."""
        self.devices = {iccid: device.copy() for iccid, device in devices.items()}
        self.grants = [g for g in self.grants if g.iccid in self.devices]

    def put_ruleset(self, ruleset, peers):
        """Put a ruleset and its peer sets in force, as a new generation."""
        self.generation += 1
        self.ruleset = ruleset
        self.peers = peers

    def do_apply(self, change, now):
        """Make everything equal to the file, but for quarantine and grants."""
        file = self.read_file(change["file"], change.get("strict", False))
        opened = state_file.prefixes(change.get("open", []), 64)
        trial = change.get("trial")
        devices, wrong = self.devices_of(file.devices)
        peers = {name: dict.fromkeys(nets) for name, nets in file.peers.items()}
        same = file.ruleset.key() == self.ruleset.key() and peers == self.peers
        unchanged = same and self.same_devices(devices)
        wrong += self.wrong_pools(file.ruleset, opened, trial)
        if self.trial:
            wrong.append("confirm or revert it first")
        if trial and file.devices is not None and not self.same_devices(file.devices):
            wrong.append("would not go back")
        # a ruleset on trial comes without devices, which do not differ
        if file.devices is not None and not trial:
            wrong += self.wrong_devices(devices, file.ruleset.settings)
        refuse(wrong)
        if change.get("dry"):
            return Expect(0, None, False)
        if trial and not same:
            self.trial = (self.ruleset, self.peers, after(now, change["for"]), trial == "confirm")
        if not same:
            self.put_ruleset(file.ruleset, peers)
        self.put_devices(devices)
        self.put_interfaces(file.interfaces)
        return Expect(self.open_code(), "unchanged" if unchanged else None, not unchanged)

    def open_code(self):
        """Return the exit status of what is done while the gate is open."""
        return 0 if self.armed and self.ruleset.pools else PART

    def put_interfaces(self, interfaces):
        """Interfaces of a file are attached; others stay."""
        for i in interfaces:
            self.interfaces[i["name"]] = (i["side"], i.get("mode", "auto"))

    def on_trial(self):
        """Return the trial that there has to be."""
        if not self.trial:
            raise Refused(NONE, "no ruleset is on trial")
        return self.trial

    def do_confirm(self, _change, _now):
        """Keep what is on trial."""
        if not self.on_trial()[3]:
            raise Refused(REFUSED, "ends in any case")
        self.trial = None
        return Expect(0, None, True)

    def do_revert(self, _change, _now):
        """Put back what was before."""
        ruleset, peers, _, _ = self.on_trial()
        self.trial = None
        self.put_ruleset(ruleset, peers)
        return Expect(0, None, True)

    def do_flush(self, _change, _now):
        """Take away policies, devices and sessions; pools and who is quarantined stay."""
        if self.trial:
            raise Refused(REFUSED, "confirm or revert it first")
        ruleset = copy.copy(self.ruleset)
        ruleset.policies = {}
        self.put_ruleset(ruleset, self.peers)
        self.put_devices(self.devices_of({})[0])
        return Expect(0, None, True)

    def do_disarm(self, change, _now):
        """Open the gate."""
        if not change.get("reason"):
            raise Refused(USAGE, "needs --reason")
        self.armed = False
        return Expect(0, None, True)

    def do_arm(self, _change, _now):
        """Close it again."""
        if self.armed:
            raise Refused(REFUSED, "armed already")
        self.armed = True
        return Expect(0, None, True)

    # ---- sides of interfaces ----------------------------------------------------------

    def do_attach(self, change, _now):
        """Give a name or pattern its side, whether there is such an interface or not."""
        changed = self.interfaces.get(change["name"]) != (change["side"], change["mode"])
        self.interfaces[change["name"]] = (change["side"], change["mode"])
        return Expect(0, None, changed)

    def do_detach(self, change, _now):
        """Take the side away."""
        if change["name"] not in self.interfaces:
            raise Refused(NONE, "side")
        del self.interfaces[change["name"]]
        return Expect(0, None, True)

    # ---- saved states -----------------------------------------------------------------

    def do_restore(self, change, now):
        """Put a saved state in force again, quarantines first."""
        saved = restored(change["state"], now)
        for iccid, hold in sorted(saved.holds.items()):
            try:
                self.check_unknown(iccid)
            except Refused as why:
                if iccid == min(change["state"].holds):
                    raise
                # those before it were put back by then
                return Expect(PART, why.word, True)
            self.holds[iccid] = hold
        devices, wrong = self.devices_of(saved.devices)
        if self.trial:
            wrong.append("confirm or revert it first")
        # whatever was in force once may be so again: but no pool is opened by that
        wrong += self.wrong_pools(saved.ruleset, frozenset(), True)
        if wrong and change["state"].holds:
            # they were put back by then
            return Expect(PART, "|".join(wrong), True)
        refuse(wrong)
        # the file's ruleset is without elements that end, which are added to it afterwards
        lasting = {name: {net: None for net, deadline in peer.items() if not deadline}
                   for name, peer in saved.peers.items()}
        if saved.ruleset.key() != self.ruleset.key() or lasting != self.peers:
            self.put_ruleset(saved.ruleset, lasting)
        self.peers = copy.deepcopy(saved.peers)
        self.put_devices(devices)
        whole = self.restore_grants(saved.grants)
        self.interfaces.update(saved.interfaces)
        return Expect(self.open_code() if whole else PART, None, True)

    # ---- what ends by itself ------------------------------------------------------------

    def deadlines(self):
        """Yield every deadline that there is, with what it is of."""
        for name, peer in self.peers.items():
            for net, deadline in peer.items():
                if deadline:
                    yield deadline, ("peer", name, net)
        for iccid, hold in self.holds.items():
            if hold.deadline:
                yield hold.deadline, ("hold", iccid)
        for n, grant in enumerate(self.grants):
            yield grant.deadline, ("grant", n)
        if self.trial:
            yield self.trial[2], ("trial",)

    def expire(self, now):
        """End what is certainly over; return how many things that were."""
        over = [what for deadline, what in self.deadlines() if deadline[1] <= now]
        if self.trial:
            for peer in self.trial[1].values():
                for net in [n for n, d in peer.items() if d and d[1] <= now]:
                    del peer[net]
        gone = {what[1] for what in over if what[0] == "grant"}
        self.grants = [g for n, g in enumerate(self.grants) if n not in gone]
        for what in over:
            if what[0] == "peer":
                del self.peers[what[1]][what[2]]
            elif what[0] == "hold":
                del self.holds[what[1]]
            elif what[0] == "trial":
                self.do_revert({}, now)
        return len(over)

