"""A relay between Mason and a metastore: it does what networks do, or lets others act between two requests."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CUT_BEFORE = "cut before"
"""The connection ends before the metastore sees the request."""
CUT_AFTER = "cut after"
"""The metastore carries the request out, and its answer never arrives."""
SILENT = "silent"
"""The request is never answered."""

_STRICT = b"\x80\x01\x00\x01"


@dataclass
class Relay:
    """What stands at ``uri``. ``faults`` and ``before`` are by the names of methods, and used up by the first request;
    ``asked`` are the methods that were asked for, ``wires`` the connections to Mason."""

    uri: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    before: dict[str, list[Callable[[], object]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    wires: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """End all connections, as a restart of the metastore does."""
        for wire in self.wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay to the metastore at ``port`` of this machine, while the context lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    relay = Relay(f"thrift://127.0.0.1:{listening.getsockname()[1]}")
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                wire, _ = listening.accept()
            except OSError:
                return
            relay.wires.append(wire)
            threading.Thread(target=_relay, args=(relay, wire, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield relay
    finally:
        ended.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _relay(relay: Relay, wire: socket.socket, port: int) -> None:
    with wire, socket.create_connection(("127.0.0.1", port)) as server:
        fault = [""]

        def answers() -> None:
            with suppress(OSError):
                while piece := server.recv(1 << 16):
                    if fault[0] == CUT_AFTER:
                        wire.shutdown(socket.SHUT_RDWR)
                        return
                    wire.sendall(piece)

        threading.Thread(target=answers, daemon=True).start()
        with suppress(OSError):
            while piece := wire.recv(1 << 16):
                if piece.startswith(_STRICT):
                    method = piece[8 : 8 + struct.unpack(">i", piece[4:8])[0]].decode()
                    relay.asked.append(method)
                    if relay.before.get(method):
                        relay.before[method].pop(0)()
                    fault[0] = relay.faults.pop(method, "")
                if fault[0] == CUT_BEFORE:
                    return
                if fault[0] != SILENT:
                    server.sendall(piece)
