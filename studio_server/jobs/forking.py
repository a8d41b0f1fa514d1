"""No fork in the middle of a transaction of another thread's.

SQLite keeps in the process who holds which lock. A child that is forked while a thread of its parent holds
the write lock inherits that note, and nobody in the child will ever give the lock back: every write there
waits in vain, and ends as "database is locked".
"""

import os
import threading

QUIET = threading.Lock()
"""Held by whatever thread is at the database while jobs may be forked."""


def wait_for_quiet() -> None:
    """From now on a fork of this process waits until nobody holds `QUIET`. Called once."""
    os.register_at_fork(before=QUIET.acquire, after_in_parent=QUIET.release, after_in_child=QUIET.release)
