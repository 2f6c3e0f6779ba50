# SPDX-License-Identifier: GPL-2.0-or-later
"""So that `python3 -m unittest`, which looks for test*.py, finds the models' tests."""

from model_limits_test import *  # noqa: F401,F403
from model_test import *  # noqa: F401,F403
from state_test import *  # noqa: F401,F403
