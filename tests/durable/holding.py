"""Holds a SQLite store, so that nobody writes to it, until it is told a line.

usage: python -m tests.durable.holding FILE
"""

import sqlite3
import sys
from contextlib import closing

from tests.durable.restocking import say

if __name__ == "__main__":
    with closing(sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        say("holds")
        sys.stdin.readline()
        database.execute("ROLLBACK")
