"""Lets the tests of this folder import its tables: cases, operations, tolerances."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
