#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk as a power cut leaves it, from the log of dm-log-writes.

usage: powercut.py LOG IMAGE SEED

LOG has all that was written to a disk, in order; IMAGE is the disk as it was before that.
The power fails a random moment after a random mark: what was flushed by then, or
written through, is in IMAGE; of each sector that was not, a coin decides. Of ext4's
superblock one decides for both sectors, which share a checksum: with half of it ext4 does
not mount, and fsck -p does not mend it. Prints as JSON where that was, and the text of
the last mark before it.
"""
import json
import random
import struct
import sys

MAGIC, SECTOR = 0x6A736677736872, 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
MOMENT = 64  # writes
SUPERBLOCK = 2  # the first of its sectors


def entries(log):
    """(sector, flags, data): a mark's data is its text, others' what was written."""
    magic, version, count, size = struct.unpack("<QQQL", log.read(28))
    if (magic, version, size) != (MAGIC, 1, SECTOR):
        sys.exit("powercut: no log of sectors of 512 bytes")
    for _ in range(count):
        log.seek(-log.tell() % SECTOR, 1)
        head = log.read(SECTOR)
        sector, sectors, flags, length = struct.unpack_from("<QQQQ", head)
        if flags & MARK:
            yield sector, flags, head[32:32 + length]
        else:
            yield sector, flags, b"" if flags & DISCARD else log.read(sectors * SECTOR)


def pieces(sector, data):
    """(sector, data) of what is written as a whole or not at all."""
    at = 0
    while at < len(data):
        end = at + SECTOR * (2 if sector + at // SECTOR == SUPERBLOCK else 1)
        yield sector + at // SECTOR, data[at:end]
        at = end


def write(image, sector, data):
    image.seek(sector * SECTOR)
    image.write(data)


def cut(log, image, rng):
    log = list(entries(log))
    # the last one is the target's own, when it goes
    marks = [i for i, entry in enumerate(log) if entry[1] & MARK and entry[2][:1].isdigit()]
    end = min(rng.choice(marks) + rng.randrange(1, MOMENT), len(log))
    unsure, mark, kept, lost = [], b"", 0, 0
    for sector, flags, data in log[:end]:
        if flags & MARK:
            mark = data if data[:1].isdigit() else mark
            continue
        if flags & FLUSH:
            for was in unsure:
                write(image, *was)
            unsure = []
        if flags & FUA:
            write(image, sector, data)
        else:
            unsure += pieces(sector, data)
    for was in unsure:
        if rng.random() < 0.5:
            write(image, *was)
            kept += 1
        else:
            lost += 1
    return {"writes": len(log), "cut": end, "kept": kept, "lost": lost,
            "mark": mark.rstrip(b"\0").decode()}


def main():
    with open(sys.argv[1], "rb") as log, open(sys.argv[2], "r+b") as image:
        print(json.dumps(cut(log, image, random.Random(sys.argv[3]))))


main()
