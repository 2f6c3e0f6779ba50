# SPDX-License-Identifier: GPL-2.0-or-later
"""So that `python3 -m unittest`, which looks for test*.py, finds model_test.py."""

from model_test import *  # noqa: F401,F403
