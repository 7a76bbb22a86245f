"""Two looks at the outside: a sign of life at a watcher's address, and until when a certificate holds."""

import http.client
import ssl
from datetime import UTC, datetime

from station.channels import addresses
from station.channels.connect import Deadline, TimedSocket, Undeliverable, dial, secure
from station.channels.post import Target, target

_DEADLINE_S = 10.0


def ping(url: str, ca_file: str = "") -> bool:
    """GET an address that the operator set, and say whether it answered 2xx. Trouble outside never raises."""
    try:
        to = target(url, plain=True)
        return _get(to, ca_file) // 100 == 2
    except (Undeliverable, OSError, http.client.HTTPException):
        return False


def certificate_until(host: str, port: int = 443, ca_file: str = "") -> datetime | None:
    """When the certificate that `host` shows ends (aware, UTC).

    None when there is no valid one: no connection, another name, expired already.
    """
    try:
        deadline = Deadline.after(_DEADLINE_S)
        with secure(dial(host, port, deadline, addresses.anywhere), host, ca_file) as tls:
            shown = tls.getpeercert() or {}
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    except (Undeliverable, OSError, KeyError, ValueError):
        return None


def _get(to: Target, ca_file: str) -> int:
    connection = http.client.HTTPConnection(to.host, to.port)
    connection.sock = _open(to, ca_file)
    try:
        connection.request("GET", to.path, headers={"Host": to.host, "Connection": "close"})
        with connection.getresponse() as answer:
            return answer.status
    finally:
        connection.close()


def _open(to: Target, ca_file: str) -> TimedSocket:
    sock = dial(to.host, to.port, Deadline.after(_DEADLINE_S), addresses.anywhere)
    return secure(sock, to.host, ca_file) if to.scheme == "https" else sock
