"""One HTTP request: no redirect followed, no proxy of the environment, no cookie, no reuse, one deadline.

http.client does all of this when it is handed a connected socket; requests would need an adapter, a pool and
two connection classes on private methods of urllib3 to dial a checked address, and its log has whole URLs.
"""

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, quote, urlsplit

from station.channels import addresses
from station.channels.base import Errand, Result
from station.channels.connect import TimedSocket, Undeliverable, dial, secure
from station.vocabulary import N_

_BODY_LIMIT = 64 * 1024
_PORTS = {"https": 443, "http": 80}
# A provider may ask for a pause, yet an alert must not sleep for an hour because one said so.
_LONGEST_PAUSE_S = 60.0
_TRY_AGAIN = {408, 425, 429}
TAKEN = N_("the message was taken")
ASK = N_("Ask whether it arrived: taken is not yet read.")
MOVED = N_("the server points to another address, which is not followed")
REFUSED = N_("the server refuses the message")
COMPARE = N_("Compare address and settings with those of the receiving side.")
TROUBLED = N_("the provider is busy or has trouble")
AGAIN = N_("Nothing to do: the station tries again by itself. If it lasts, ask the provider.")
_HOST = re.compile(r"[0-9A-Za-z._:-]+")


@dataclass(frozen=True)
class Target:
    """A checked web address; `host` is ASCII and without brackets, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Answer:
    """What the server said: the status, the body up to 64 KiB, and the pause it asks for in seconds."""

    status: int
    body: bytes
    retry_after_s: float | None


def target(url: str, *, plain: bool) -> Target:
    """Check a web address; `plain` permits http. Raises Undeliverable, never quoting the address."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Undeliverable(N_("the destination is not a web address")) from None
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise Undeliverable(N_("the destination is not a web address"))
    if parts.username is not None:
        raise Undeliverable(N_("the web address must not carry a user name or password"))
    if parts.scheme == "http" and not plain:
        raise Undeliverable(N_("the web address must begin with https://"))
    return Target(parts.scheme, host, port, _path(parts))


def home(errand: Errand, usual: str, hosts: tuple[str, ...] = ()) -> str:
    """The provider's address: the usual one, or the setting `base_url` when its host is one of `hosts`.

    Another host may only be named where the operator has opened the local network: a mistyped address must not
    send keys and phone numbers to a stranger.
    """
    chosen = (errand.settings.get("base_url") or usual).rstrip("/")
    if chosen != usual and not errand.allow_private and (urlsplit(chosen).hostname or "") not in hosts:
        raise Undeliverable(N_("the setting base_url is not an address of this provider"))
    return chosen


def host_header(to: Target) -> str:
    """What the Host header says, which some providers want signed."""
    host = f"[{to.host}]" if ":" in to.host else to.host
    return host if to.port == _PORTS[to.scheme] else f"{host}:{to.port}"


def get(to: Target, errand: Errand) -> Answer:
    """GET and return the answer. Raises as `post` does."""
    return _ask("GET", to, None, {}, errand)


def post(to: Target, body: bytes, headers: Mapping[str, str], errand: Errand) -> Answer:
    """POST a body and return the answer. Raises Undeliverable, OSError or http.client.HTTPException."""
    return _ask("POST", to, body, headers, errand)


def _ask(method: str, to: Target, body: bytes | None, headers: Mapping[str, str], errand: Errand) -> Answer:
    connection = http.client.HTTPConnection(to.host, to.port)
    connection.sock = _open(to, errand)
    try:
        connection.request(method, to.path, body, {**headers, "Host": host_header(to), "Connection": "close"})
        with connection.getresponse() as response:
            pause = retry_after(response.getheader("Retry-After"), errand.now)
            return Answer(response.status, _read(response), pause)
    finally:
        connection.close()


def verdict(answer: Answer) -> Result:
    """Judge by the HTTP status alone; any 2xx is ok."""
    said = f"the server answered HTTP {answer.status}"
    if 200 <= answer.status < 300:
        return Result("ok", detail=said, words=TAKEN, advice=ASK)
    if 300 <= answer.status < 400:
        return Result("permanent", detail=f"{said}; redirects are not followed", words=MOVED, advice=COMPARE)
    if 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN:
        return Result("permanent", detail=said, words=REFUSED, advice=COMPARE)
    return Result("retry", detail=said, retry_after_s=answer.retry_after_s, words=TROUBLED, advice=AGAIN)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3), seconds or a date, as seconds from 0 to 60; None if unreadable."""
    try:
        text = (header or "").strip()
        wait = float(text) if text.isdecimal() else (_http_date(text) - now).total_seconds()
    except ValueError:
        return None
    return min(max(wait, 0.0), _LONGEST_PAUSE_S)


def _http_date(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _path(parts: SplitResult) -> str:
    # Everything that HTTP forbids in a request line is escaped, what was escaped before stays so.
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


def _open(to: Target, errand: Errand) -> TimedSocket:
    permitted = addresses.local_too if errand.allow_private else addresses.public
    sock = dial(to.host, to.port, errand.deadline, permitted)
    return secure(sock, to.host, errand.settings.get("ca_file", "")) if to.scheme == "https" else sock


def _read(response: http.client.HTTPResponse) -> bytes:
    # The status has been said, so a body that drips, breaks off or never ends changes nothing for a channel
    # that goes by the status; one that needs the body finds it unreadable.
    try:
        return response.read(_BODY_LIMIT)
    except (OSError, http.client.HTTPException):
        return b""
