#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What packets executed, by function: of the files that plugin.c has left.

usage: report.py [--blocks FUNCTION] KALLSYMS PACKETS TRACE

Prints instructions and calls a packet, the most expensive function first; or the blocks
of one function, by address: where it is, instructions, times a packet.
"""
import bisect
import sys


def symbols(path):
    table = []
    with open(path, encoding="ascii") as text:
        for line in text:
            addr, kind, name, *module = line.split()
            if kind in "tTwW":
                table.append((int(addr, 16), name, module[0] if module else ""))
    table.sort()
    return table


def blocks(path):
    with open(path, encoding="ascii") as text:
        for line in text:
            addr, n, times = line.split()
            yield int(addr, 16), int(n), int(times)


def by_function(table, path):
    starts = [entry[0] for entry in table]
    sums = {}
    for addr, n, times in blocks(path):
        at = bisect.bisect_right(starts, addr) - 1
        name = " ".join(table[at][1:]) if at >= 0 and addr >= 1 << 63 else "user space"
        entry = sums.setdefault(name, [0, 0, []])
        entry[0] += n * times
        if at >= 0 and addr == starts[at]:
            entry[1] += times
        entry[2].append((addr - (starts[at] if at >= 0 else 0), n, times))
    return sums


def main():
    args = sys.argv[1:]
    wanted = None
    if args and args[0] == "--blocks":
        wanted = args[1]
        args = args[2:]
    table = symbols(args[0])
    packets = int(args[1])
    sums = by_function(table, args[2])
    total = sum(entry[0] for entry in sums.values())
    if wanted:
        found = [entry[2] for name, entry in sums.items() if name.split()[0] == wanted]
        if not found:
            sys.exit(f"report.py: no packet was in {wanted}")
        for offset, n, times in sorted(found[0]):
            if times * 20 >= packets:
                print(f"{offset:6x} {n:4} x {times / packets:.2f}")
        return
    print(f"{total / packets:9.1f}         total")
    for name, entry in sorted(sums.items(), key=lambda item: -item[1][0]):
        if entry[0] * 2 >= packets:
            print(f"{entry[0] / packets:9.1f} {entry[1] / packets:7.2f} {name}")


if __name__ == "__main__":
    main()
