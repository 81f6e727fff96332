"""Ctrl-C and termination, also where a library swallows them: the first ends the measuring."""

import os
import signal

_seen = False


def install():
    """From now on; a second signal ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _handle)


def _handle(number, frame):
    global _seen  # noqa: PLW0603
    if _seen:
        os._exit(128 + number)
    _seen = True
    raise KeyboardInterrupt


def check():
    """Raise what a library, or a callback of the garbage collector, has swallowed."""
    if _seen:
        raise KeyboardInterrupt
