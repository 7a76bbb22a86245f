"""Sockets that keep one deadline for a whole talk and reach only permitted addresses.

The usual timeout of a socket starts anew with every byte, so a peer that drips could hold a sender slot
for hours. Here each read gets only what is left of the total.
"""

import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Any

import certifi

from station.channels.addresses import Permission
from station.vocabulary import N_

# More than any provider says; past it the peer is broken or hostile.
_ANSWER_LIMIT = 256 * 1024
_TRIED_PER_FAMILY = 2
_OPEN_IT = N_(
    "Name a public address. A receiver in your own network is opened on the server: station channel add --allow-private."
)


class Undeliverable(Exception):
    """The message cannot go out this way however often one tries; the text says why, without addresses.

    Both are msgids; `advice` is what to do about it, where that is not to compare the settings.
    """

    def __init__(self, words: str, advice: str = "") -> None:
        super().__init__(words)
        self.advice = advice


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    end: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds left, more than 0; raises TimeoutError when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def is_over(self) -> bool:
        return time.monotonic() >= self.end


class TimedSocket(socket.socket):
    """A socket whose reads and writes together end at the deadline, and which reads a limited number of bytes."""

    deadline: Deadline
    received = 0

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(self.deadline.left())
        count = super().recv_into(*args, **kwargs)
        self.received += count
        if self.received > _ANSWER_LIMIT:
            raise ConnectionAbortedError("the answer is too long")
        return count

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(self.deadline.left())
        super().sendall(*args, **kwargs)


class TimedTLSSocket(TimedSocket, ssl.SSLSocket):
    """The same after a TLS handshake; OpenSSL's own waits count towards the timeout set before each call."""


def dial(host: str, port: int, deadline: Deadline, permitted: Permission) -> TimedSocket:
    """Connect to the first permitted address of a host that answers.

    Raises Undeliverable when no address of the host is permitted, OSError when none answers.
    """
    tries = _tries([found for found in _look_up(host, port, deadline) if permitted(ip_address(found[1][0]))])
    if not tries:
        raise Undeliverable(N_("the address leads into a local network, where nothing is sent"), _OPEN_IT)
    for family, where_to in tries[:-1]:
        try:
            return _connect(family, where_to, deadline, deadline.left() / len(tries))
        except OSError:
            continue  # A dead address among several must not stop the message.
    family, where_to = tries[-1]
    return _connect(family, where_to, deadline, deadline.left())


def secure(sock: TimedSocket, host: str, ca_file: str) -> TimedTLSSocket:
    """Do the TLS handshake; the certificate must be for `host`, whatever address was dialled."""
    deadline = sock.deadline
    try:
        sock.settimeout(deadline.left())
        tls = tls_context(ca_file).wrap_socket(sock, server_hostname=host)
    except (OSError, Undeliverable):
        sock.close()
        raise
    except ValueError:
        sock.close()
        raise Undeliverable(N_("the server's name cannot be used for encryption")) from None
    assert isinstance(tls, TimedTLSSocket)
    tls.deadline = deadline
    return tls


@cache
def tls_context(ca_file: str) -> ssl.SSLContext:
    """Trust the machine's certificates, those of certifi, and those of `ca_file` unless it is ""."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.sslsocket_class = TimedTLSSocket
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except OSError:
        raise Undeliverable(N_("the file named by the setting ca_file holds no certificate")) from None
    return context


def _look_up(host: str, port: int, deadline: Deadline) -> list[tuple[int, Any]]:
    # The system's resolver knows no deadline and may take half a minute, so it is asked from a thread that
    # can be left behind. A plain address needs no resolver and no thread.
    answers: queue.SimpleQueue[list[tuple[int, Any]] | OSError] = queue.SimpleQueue()
    if _is_address(host):
        _resolve(host, port, answers)
    else:
        threading.Thread(target=_resolve, args=(host, port, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("the name look-up took too long") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _resolve(host: str, port: int, answers: queue.SimpleQueue[list[tuple[int, Any]] | OSError]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put([(family, where_to) for family, _, _, _, where_to in found])
    except OSError as trouble:
        answers.put(trouble)
    except ValueError:  # A name too long, or with a character that no name has.
        answers.put(socket.gaierror("not a name"))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _tries(found: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    # IPv4 first, and some of each family: an IPv6 that leads nowhere is the commoner fault of a small network.
    old = [each for each in found if each[0] == socket.AF_INET]
    new = [each for each in found if each[0] == socket.AF_INET6]
    return old[:_TRIED_PER_FAMILY] + new[:_TRIED_PER_FAMILY]


def _connect(family: int, where_to: Any, deadline: Deadline, seconds: float) -> TimedSocket:
    sock = TimedSocket(family, socket.SOCK_STREAM)
    sock.deadline = deadline
    try:
        sock.settimeout(seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(where_to)
    except OSError:
        sock.close()
        raise
    return sock
