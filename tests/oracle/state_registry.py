# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices and their addresses, one after the other or by the file."""

import state_file
from state_base import NONE, REFUSED, USAGE, Expect, Refused, refuse
from state_file import Device, inside, is_iccid, luhn

BINDINGS_MAX = 16
PLENS_MAX = 16


def wire_length(net):
    """Return the prefix length as 128 bits have it."""
    return net.prefixlen + (96 if net.version == 4 else 0)


def wire_lengths(devices):
    """Return the lengths that the addresses of these have."""
    return {wire_length(net) for device in devices.values() for net in device.addrs}


class Registry:
    """The part of the state that has devices."""

    @staticmethod
    def parse(change):
        """Return the prefixes of a command line that has them after an ICCID."""
        if not is_iccid(change["iccid"]):
            raise Refused(USAGE, "bad ICCID")
        try:
            return [state_file.prefix(text) for text in change["addrs"]]
        except ValueError:
            raise Refused(USAGE, "bad address|bits set|IPv4 address") from None

    def check_bindings(self, iccid, nets, before=()):
        """Addresses that a device gets beside those that it has."""
        wrong = []
        if not all(inside(net, self.ruleset.pools) for net in nets):
            wrong.append("outside every pool")
        if any(net in d.addrs for other, d in self.devices.items() for net in nets
               if other != iccid):
            wrong.append("belongs to another")
        if len(set(nets)) != len(nets):
            wrong.append("twice")
        if len(set(nets) | set(before)) > BINDINGS_MAX:
            wrong.append("16 bindings")
        if len(wire_lengths(self.devices) | set(map(wire_length, nets))) > PLENS_MAX:
            wrong.append("length")
        refuse(wrong)

    def do_device_add(self, change, _now):
        """Add a device; one that is held comes as quarantined."""
        iccid, asset = change["iccid"], change.get("asset")
        nets = self.parse(change)
        if change.get("strict") and not luhn(iccid):
            raise Refused(USAGE, "check digit")
        if asset is not None and len(asset.encode()) > state_file.ASSET_MAX:
            raise Refused(USAGE, "asset|32 bytes")
        if change.get("dev") and not change["addrs"]:
            raise Refused(USAGE, "dev needs addr")
        if len(nets) > BINDINGS_MAX:
            raise Refused(REFUSED, "16 bindings")
        if iccid in self.devices:
            raise Refused(REFUSED, "exists")
        self.check_bindings(iccid, nets)
        self.check_unknown(iccid)
        self.devices[iccid] = Device(change["policy"], asset, dict.fromkeys(nets, change.get("dev")))
        return Expect(0, self.no_policy([self.devices[iccid]]), True)

    def no_policy(self, devices):
        """Return what is said if a policy of these does not exist: they are denied everything."""
        if all(d.policy in self.ruleset.policies for d in devices if d.policy):
            return None
        return "there is no policy"

    def do_device_del(self, change, _now):
        """Delete a device that is not quarantined."""
        iccid = change["iccid"]
        self.parse(dict(change, addrs=[]))
        self.known(iccid)
        if iccid in self.holds:
            raise Refused(REFUSED, "release it first")
        del self.devices[iccid]
        self.grants = [g for g in self.grants if g.iccid != iccid]
        return Expect(0, None, True)

    @staticmethod
    def row_device(row, strict, wrong):
        """Return the device that a row of a CSV file stands for, and its addresses."""
        asset, pairs = row.get("asset") or None, []
        if not is_iccid(row["iccid"]):
            wrong.append("bad ICCID")
        elif strict and not luhn(row["iccid"]):
            wrong.append("check digit")
        if asset and len(asset.encode()) > state_file.ASSET_MAX:
            wrong.append("asset")
        for word in (row.get("addr") or "").split():
            text, _, dev = word.partition("@")
            try:
                pairs.append((state_file.prefix(text), dev or row.get("dev") or None))
            except ValueError:
                wrong.append("bad address|bits set|IPv4 address")
        if row.get("dev") and not row.get("addr"):
            wrong.append("dev needs addr")
        if len(pairs) > BINDINGS_MAX:
            wrong.append("more than 16")
        return Device(row.get("policy") or "", asset, pairs), [net for net, _ in pairs]

    def read_rows(self, change):
        """Return the devices of a CSV file; of what is wrong with it all is told."""
        devices, nets, wrong = {}, [], []
        for row in change["rows"]:
            device, own = self.row_device(row, change.get("strict"), wrong)
            if row["iccid"] in devices:
                wrong.append("duplicate ICCID")
            devices[row["iccid"]] = device
            nets += own
        if len(set(nets)) != len(nets):
            wrong.append("duplicate address")
        if wrong:
            raise Refused(USAGE, "|".join(wrong))
        return devices

    def take_addresses(self, devices, rows):
        """Addresses of a row go over to it; return what is said if they may not."""
        taken = {net for device in rows.values() for net in device.addrs}
        for iccid, device in devices.items():
            both = taken & set(device.addrs)
            if iccid in rows or not both:
                continue
            if iccid in self.holds:
                return ["quarantined one has its address"]
            for net in both:
                del device.addrs[net]
        return []

    def do_device_load(self, change, _now):
        """Add the rows' devices, or make those that exist equal to them."""
        rows = self.read_rows(change)
        devices = {iccid: device.copy() for iccid, device in self.devices.items()}
        wrong = self.take_addresses(devices, rows)
        for iccid, device in rows.items():
            known = self.devices[iccid].addrs if iccid in self.devices else ()
            if not all(inside(net, self.ruleset.pools) or net in known for net in device.addrs):
                wrong.append("outside every pool")
            if iccid in devices:
                device.rules = devices[iccid].rules
            devices[iccid] = device
        settings = self.ruleset.settings
        if not devices.keys() - self.devices.keys() - self.holds.keys():
            settings = dict(settings, devices=len(devices.keys() | self.holds))
        refuse(wrong + self.wrong_devices(devices, settings))
        if change.get("dry"):
            return Expect(0, None, False)
        changed = not self.same_devices(devices)
        self.put_devices(devices)
        return Expect(0, self.no_policy(rows.values()), changed)

    def do_bind(self, change, _now):
        """Give a device an address."""
        iccid, nets = change["iccid"], self.parse(dict(change, addrs=[change["addr"]]))
        device = self.known(iccid)
        self.check_bindings(iccid, nets, device.addrs)
        device.addrs[nets[0]] = change.get("dev")
        return Expect(0, None, True)

    def do_unbind(self, change, _now):
        """Take these addresses from a device, or all."""
        nets = self.parse(change)
        held = self.holds.get(change["iccid"]) and Device("")
        device = self.devices.get(change["iccid"], held) or self.known(change["iccid"])
        if any(net not in device.addrs for net in nets):
            raise Refused(NONE, "no such binding")
        gone = nets or list(device.addrs)
        for net in gone:
            device.addrs.pop(net, None)
        return Expect(0, None, bool(gone))
