#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The model: what simseg should answer, written from its documentation alone.

usage: model.py SCENARIO.jsonl

Prints one JSON line for each packet of the scenario; FORMAT.md describes both.
It shares no code with simseg, and its author has read none: where the two
differ, one of them, or the documentation, is wrong.
"""

import json
import sys

from model_config import ScenarioError
from model_judge import Gateway


def answers(lines):
    """Yield the answer to each packet of a scenario's lines."""
    gateway = None
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        line = json.loads(text)
        try:
            if "scenario" in line:
                gateway = Gateway(line)
            elif gateway is None:
                raise ScenarioError("the first line has to describe the world")
            elif "packet" in line and "ip" in line:
                answer = gateway.packet(line)
                yield {
                    "packet": line["packet"],
                    "verdict": answer.verdict,
                    "reason": answer.reason,
                    "out": answer.out,
                }
            else:
                gateway.change(line)
        except (ScenarioError, KeyError, ValueError) as error:
            raise ScenarioError(f"line {number}: {error!r}") from error


def main(argv):
    """Answer a scenario file."""
    if len(argv) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        with open(argv[1], encoding="utf-8") as lines:
            for answer in answers(lines):
                print(json.dumps(answer))
    except ScenarioError as error:
        print(f"{argv[1]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
