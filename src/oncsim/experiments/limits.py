"""A limit on the time that one run may take: whatever it is doing, it is stopped and the next one begins."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator


class TooLongError(Exception):
    """A run took longer than it may."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise :class:`TooLongError` in this thread once the block has taken so long.

    It works in any thread, as workers of other engines have them, and interrupts Python code that never ends; a single
    call into compiled code is interrupted when it returns.
    """
    thread = threading.get_ident()
    over = threading.Event()

    def stop() -> None:
        if not over.is_set():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TooLongError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        over.set()
        timer.cancel()
