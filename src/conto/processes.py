"""What the processes of Conto share: a port of their own, an end when they are told, or when their parent is gone."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys

READY_VARIABLE = "CONTO_READY_DESCRIPTOR"
"""Number of the pipe on which a parent says that the database is ready."""

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel tell this process to stop when its parent dies, however that comes about (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for_parent() -> None:
    """Where a parent started this process: wait until it says that the database is ready.

    The pipe that closes without a word means that the parent has given up.
    """
    descriptor = os.environ.pop(READY_VARIABLE, None)
    if descriptor is None:
        return
    with os.fdopen(int(descriptor), "rb") as pipe:
        if not pipe.read(1):
            raise SystemExit(1)


def stop_event() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def free_address(host: str, port: int) -> str:
    """The IP address to listen on: that of a name, or the address itself.

    Servers of our kind on one port would share its connections without a word, so look before starting.

    Raises:
        OSError: something listens there, or nothing can.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        # As the server does: connections that have ended and linger are no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    return str(address[0])


def spare_what_stays() -> None:
    """Take all objects there are out of the garbage collector's sight.

    What is there before the work begins stays for good; looking through it would halt everything for a tenth of a
    second, now and then.
    """
    gc.collect()
    gc.freeze()
