"""Where photos are worked on: in a process of its own, one at a time, which steps back for everybody else.

Whoever has a photo sends one end of a new pair of sockets to that process and speaks with it on the other: so the system
keeps those who wait in order, and either side sees when the other dies. docs/decisions/0022 says why.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress

from badges import check
from station import photos
from station.photos import PhotoError

log = logging.getLogger("station.darkroom")

Works = Mapping[str, Callable[[bytes], bytes]]
Pair = tuple[socket.socket, socket.socket]

NICENESS = 10
# After each photo it rests for as long as it worked: many clerks at once must not have a core without a pause.
LONGEST_REST_S = 0.2
LOOK_EVERY_S = 0.2
ANSWER_WITHIN_S = 60.0  # a photo needs a tenth of a second; before it are those of everybody else
HAND_OVER_WITHIN_S = 10.0
TRIES = 2  # a process may be killed for what is not this photo's fault
DONE, REFUSED = b"+", b"-"
PIECE = 1 << 18
HEAD = 8  # bytes that say how many follow


class Darkroom:
    """The way to the process that works on photos; without one the work is done where it is asked for."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._door: socket.socket | None = None

    def go_to(self, door: socket.socket) -> None:
        """From now on send photos through this end of `doors()`."""
        door.settimeout(ANSWER_WITHIN_S)
        self._door = door

    def develop(self, work: str, photo: bytes) -> bytes:
        """What the work of this name makes of the bytes of a photo. Raises PhotoError.

        A photo at which the process dies twice is `damaged`; one that is not looked at within a minute comes too `late`.
        """
        if self._door is None:
            return self._works[work](photo)
        for _ in range(TRIES):
            try:
                return _result(self._ask(self._door, work, photo))
            except EOFError:
                log.warning("the process that works on photos died at one")
            except TimeoutError:
                raise PhotoError("late") from None
        raise PhotoError("damaged")

    def _ask(self, door: socket.socket, work: str, photo: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(door, [work.encode()], [theirs.fileno()])
            ours.settimeout(ANSWER_WITHIN_S)
            with suppress(BrokenPipeError, ConnectionResetError):  # its end is told by what is received
                _send(ours, photo)
            return _receive(ours)


def codes(photo: bytes) -> list[str]:
    """The texts of the codes in a photo. Raises PhotoError."""
    found: list[str] = json.loads(room.develop("codes", photo))
    return found


def doors() -> Pair:
    """A new pair of sockets: photos are sent through the first and come out of the second. Made before the forks."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)


def serve(works: Works, door: socket.socket, beat: Callable[[], object], ends: Callable[[], bool]) -> None:
    """Work on the photos that come out of the door, each as soon as the one before is done, until `ends`.

    `beat` is called between them, so that a photo without end counts as silence.
    """
    with suppress(OSError):
        os.nice(NICENESS)
    door.settimeout(LOOK_EVERY_S)
    while not ends():
        beat()
        with suppress(TimeoutError), ExitStack() as closing:
            name, handed, *_ = socket.recv_fds(door, 64, 1)
            theirs = closing.enter_context(socket.socket(fileno=handed[0]))
            theirs.settimeout(HAND_OVER_WITHIN_S)
            began = time.monotonic()
            with suppress(OSError, EOFError):  # whoever sent it is gone
                _send(theirs, _worked(works[name.decode()], _receive(theirs)))
            closing.close()
            time.sleep(min(time.monotonic() - began, LONGEST_REST_S))


def _worked(work: Callable[[bytes], bytes], photo: bytes) -> bytes:
    try:
        return DONE + work(photo)
    except PhotoError as error:
        return REFUSED + json.dumps([error.code, error.params]).encode()


def _result(answer: bytes) -> bytes:
    if answer[:1] == REFUSED:
        code, params = json.loads(answer[1:])
        raise PhotoError(code, **params)
    return answer[1:]


def _send(to: socket.socket, content: bytes) -> None:
    to.sendall(len(content).to_bytes(HEAD, "big"))
    to.sendall(content)


def _receive(sender: socket.socket) -> bytes:
    """What the other side sent with `_send`. Raises EOFError when it ended before."""
    return bytes(_exactly(sender, int.from_bytes(_exactly(sender, HEAD), "big")))


def _exactly(sender: socket.socket, count: int) -> bytearray:
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        try:
            got = sender.recv_into(rest, min(len(rest), PIECE))
        except ConnectionResetError:
            got = 0
        if not got:
            raise EOFError
        rest = rest[got:]
    return content


def _codes(photo: bytes) -> bytes:
    return json.dumps([code.text for code in check.read(photos.for_reading(photo))]).encode()


WORKS: Works = {
    "portrait": lambda photo: photos.clean(photo).jpeg,
    "document": lambda photo: photos.document(photo).jpeg,
    "codes": _codes,
}
room = Darkroom(WORKS)
