# SPDX-License-Identifier: GPL-2.0-or-later
"""How many sessions there may be, after Documentation/sessions.md.

What has ended counts until its memory is back, and only a rest of the scenario
says when that is. Where it matters before the next rest, there is no answer. But
what a packet evicts counts no more for this packet itself.
"""

from model_config import ScenarioError

DEFAULTS = {
    "sessions": 65536,
    "device_sessions": 1024,
    "half_open": 16384,
    "device_half_open": 256,
}
WAITING_MAX = 16


class Limits:
    """What a gateway's settings say of its table of sessions."""

    def __init__(self):
        self.sessions = {}
        self.ended = []
        self.reused = []
        self.evicted = {}
        self.heaviest = None
        self.most = DEFAULTS

    def apply(self, settings):
        """Take the limits of a ruleset; what is missing has its default."""
        self.most = {name: int(settings.get(name, most)) for name, most in DEFAULTS.items()}

    def rest(self):
        """Let the memory of all that has ended come back."""
        self.ended, self.evicted = [], {}

    def end(self, session):
        """End a session."""
        del self.sessions[session.flow]
        self.ended.append(session)

    def reuse(self, session):
        """End a session whose ports are opened anew; for what comes next it is there."""
        self.reused = [session]
        self.end(session)

    def refusal(self, new):
        """Make room for a session; return a reason if there is none."""
        if 2 * (len(self.sessions) + len(self.ended)) + 1 < min(self.most.values()):
            return None
        unsure = [s for s in self.ended if s not in self.reused]
        for device, way in new.sides():
            counted = self.of(device, self.counted())
            if way == "in" and new.ends.src is device:
                counted.append(new)
            if self.is_full("device_", new, counted, self.of(device, unsure)):
                if not self.evict(device, way):
                    return "device-limit"
        full = self.is_full("", new, self.counted(), unsure)
        near = self.is_near(new, unsure)
        for device, way in new.sides():
            if near:
                self.weigh(device, new)
            if full and self.evict(self.payer(device, new), way):
                full = False
        return "session-limit" if full else None

    def is_near(self, new, unsure):
        """Say whether more than half of a total is there, so that it matters who has most."""
        known = self.is_half(self.counted(), new)
        if known != self.is_half(self.counted() + unsure, new):
            raise ScenarioError("who has most depends on what has ended since the last rest")
        return known

    def is_half(self, sessions, new):
        """Say whether these and the new one are more than half of what may be."""
        if len(sessions) + 1 > self.most["sessions"] // 2:
            return True
        half_open = sum(s.half_open for s in self.sessions.values()) + 1
        return new.half_open and half_open > self.most["half_open"] // 2

    def weight(self, device, new):
        """Return how many half-open sessions a device has, the new one among them."""
        counted = self.of(device, [*self.sessions.values(), new])
        return sum(s.half_open for s in counted)

    def weigh(self, device, new):
        """Remember the device that has the most half-open sessions."""
        if self.heaviest is None or self.weight(device, new) > self.weight(self.heaviest, new):
            self.heaviest = device

    def payer(self, device, new):
        """Return who makes room in the total: the one with the most, for who has few."""
        if self.heaviest and 2 * self.weight(device, new) < self.weight(self.heaviest, new):
            return self.heaviest
        return device

    def counted(self):
        """Return the sessions that surely count."""
        return [*self.sessions.values(), *self.reused]

    @staticmethod
    def of(device, sessions):
        """Return a device's sessions of these; what it has with itself is there twice."""
        return [s for s in sessions for d, _ in s.sides() if d is device]

    def is_full(self, prefix, new, counted, unsure):
        """Say whether one more session, of a device or at all, would be too many."""
        full = self.is_reached(prefix, counted, new)
        if full != self.is_reached(prefix, counted + unsure, new):
            raise ScenarioError("a limit depends on what has ended since the last rest")
        return full

    def is_reached(self, prefix, sessions, new):
        """Say whether there are as many as may be."""
        if len(sessions) >= self.most[prefix + "sessions"]:
            return True
        half_open = sum(s.half_open for s in sessions)
        return new.half_open and half_open >= self.most[prefix + "half_open"]

    def evict(self, device, way):
        """End a half-open session of a device, if it has one.

        That is the oldest that goes the same way as the new one, or else the
        oldest that goes the other way.
        """
        half_open = [s for s in self.of(device, self.sessions.values()) if s.half_open]
        if not half_open:
            return False
        self.evicted[device] = self.evicted.get(device, 0) + 1
        if self.evicted[device] > WAITING_MAX:
            raise ScenarioError("too much was evicted since the last rest")
        alike = [s for s in half_open if (device, way) in s.sides()]
        self.end((alike or half_open)[0])
        return True
