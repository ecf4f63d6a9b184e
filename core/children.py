"""Processes that do not outlive who started them."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # Linux: prctl(2)
_libc = ctypes.CDLL(None)


def end_with_parent(parent: int, by: signal.Signals = signal.SIGTERM) -> None:
    """This process gets the signal when its parent ends, however it ends. Linux only; elsewhere nothing happens."""
    if not hasattr(_libc, "prctl"):
        return
    _libc.prctl(PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:  # it ended before we could ask
        os.kill(os.getpid(), by)
