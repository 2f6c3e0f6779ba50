# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses and prefixes.

An address is a pair (family, number), so that no IPv6 address, not even an
IPv4-mapped one, can ever be taken for an IPv4 address.
"""

import ipaddress

BITS = {4: 32, 6: 128}
BROADCAST = (4, 0xFFFFFFFF)


def parse_addr(text):
    """Return the address that `text` spells."""
    addr = ipaddress.ip_address(text)
    return addr.version, int(addr)


def parse_prefix(text):
    """Return (family, network, prefix length); a bare address is a host prefix.

    Host bits are cleared: the wire form has them zero.
    """
    net = ipaddress.ip_network(text, strict=False)
    return net.version, int(net.network_address), net.prefixlen


def is_multicast(addr):
    """Say whether IP delivers to a group instead of one host."""
    family, number = addr
    if family == 4:
        return number >> 28 == 0xE
    return number >> 120 == 0xFF


def prefix_holds(prefix, addr):
    """Say whether one prefix holds one address."""
    family, network, plen = prefix
    shift = BITS[family] - plen
    return addr[0] == family and addr[1] >> shift == network >> shift


class PrefixMap:
    """A mapping of prefixes to values; the longest prefix wins.

    One dictionary for each prefix length that occurs: a lookup costs as many
    steps as there are lengths, however many prefixes there are.
    """

    def __init__(self, items=()):
        self.tables = {4: {}, 6: {}}
        self.order = {4: [], 6: []}
        for prefix, value in items:
            self[prefix] = value

    def __setitem__(self, prefix, value):
        family, network, plen = prefix
        shift = BITS[family] - plen
        table = self.tables[family].setdefault(plen, {})
        table[network >> shift] = value
        if len(self.order[family]) != len(self.tables[family]):
            self.order[family] = sorted(self.tables[family], reverse=True)

    def __delitem__(self, prefix):
        family, network, plen = prefix
        table = self.tables[family][plen]
        del table[network >> (BITS[family] - plen)]
        if not table:
            del self.tables[family][plen]
            self.order[family] = sorted(self.tables[family], reverse=True)

    def exact(self, prefix):
        """Return the value of this very prefix, or None."""
        family, network, plen = prefix
        return self.tables[family].get(plen, {}).get(network >> (BITS[family] - plen))

    def lookup(self, addr):
        """Return the value of the longest prefix that holds `addr`, or None."""
        family, number = addr
        bits = BITS[family]
        tables = self.tables[family]
        for plen in self.order[family]:
            value = tables[plen].get(number >> (bits - plen))
            if value is not None:
                return value
        return None

    def items(self):
        """Yield all prefixes with their values."""
        for family, tables in self.tables.items():
            for plen, table in tables.items():
                shift = BITS[family] - plen
                for key, value in table.items():
                    yield (family, key << shift, plen), value


def prefix_set(texts):
    """Return a PrefixMap that is used as a set."""
    return PrefixMap((parse_prefix(text), True) for text in texts)
