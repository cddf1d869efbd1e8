"""Locks on open files, alike on every system: held by whoever has the file open, gone with its process."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import msvcrt

    def locked(descriptor: int) -> bool:
        """Take the whole lock, if nobody has it; whether it was taken."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def share(descriptor: int) -> None:
        """Take a share of the lock; waits while somebody has the whole of it."""
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # it shares nothing: beside a file works one anyway

else:
    import fcntl

    def locked(descriptor: int) -> bool:
        """Take the whole lock, if nobody has it or a share of it; whether it was taken."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(descriptor: int) -> None:
        """Take a share of the lock; waits while somebody has the whole of it."""
        fcntl.flock(descriptor, fcntl.LOCK_SH)
