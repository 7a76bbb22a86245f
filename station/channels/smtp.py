"""E-mail through the station's own mail server.

The server is the operator's choice and commonly stands in the local network, so any address is permitted.
"""

import contextlib
import hashlib
import re
import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from station.channels import addresses
from station.channels.base import Channel, Delivery, Result, mark, paragraphs
from station.channels.connect import TimedSocket, TimedTLSSocket, Undeliverable, dial, secure, tls_context
from station.channels.post import AGAIN, ASK, COMPARE, REFUSED, TAKEN, TROUBLED
from station.vocabulary import N_

_PORTS = {"tls": 465, "starttls": 587, "plain": 25}
# One plain ASCII mailbox and nothing that could become a second header or a second recipient.
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def deliver(delivery: Delivery) -> Result:
    mail = compose(delivery)
    try:
        with contextlib.closing(_greet(delivery)) as client:
            _encrypt(client, delivery)
            _log_in(client, delivery)
            client.send_message(mail, _mailbox(delivery.settings["sender"]), [_mailbox(delivery.destination)])
            # The mail is the server's now, whatever becomes of the good-bye.
            with contextlib.suppress(OSError):
                client.putcmd("QUIT")
    except smtplib.SMTPException as trouble:
        return judge(trouble)
    return Result(
        "ok",
        provider_id=mail["Message-ID"],
        detail=N_("the mail server took the message"),
        words=TAKEN,
        advice=ASK,
    )


def judge(trouble: smtplib.SMTPException) -> Result:
    """Judge by the reply code (RFC 5321, 4.2.1): 5xx permanent, 4xx and a broken talk retry."""
    if isinstance(trouble, smtplib.SMTPServerDisconnected):
        return Result("retry", detail=N_("the mail server broke off or did not answer in time"))
    code = _code(trouble)
    if code is None:
        return Result("permanent", detail=N_("the mail server offers no such way to log in or to encrypt"))
    final = 500 <= code < 600
    words, advice = (REFUSED, COMPARE) if final else (TROUBLED, AGAIN)
    said = f"the mail server answered {code}"
    return Result("permanent" if final else "retry", detail=said, words=words, advice=advice)


def compose(delivery: Delivery) -> EmailMessage:
    """Make the mail. All attempts at one message have one Message-ID, so a mail program can show it once."""
    message, sender = delivery.message, _mailbox(delivery.settings["sender"])
    mail = EmailMessage()
    mail["From"] = Address(_one_line(message.station), addr_spec=sender)
    mail["To"] = Address(addr_spec=_mailbox(delivery.destination))
    mail["Subject"] = _one_line(mark(message) + message.title)
    mail["Date"] = format_datetime(delivery.now)
    mail["Message-ID"] = f"<{hashlib.sha256(message.id.encode()).hexdigest()[:32]}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Importance"] = "high"
    said = [*paragraphs(message), *([message.url] if message.url else [])]
    # Base64 passes every server, also one that still wants seven bits.
    mail.set_content("\n\n".join(said) + "\n", cte="base64")
    return mail


class _Client(smtplib.SMTP):
    """smtplib's client on a socket that is connected already, as smtplib's own SMTP_SSL does it."""

    def __init__(self, sock: TimedSocket, host: str, me: str) -> None:
        self._ready = sock
        super().__init__(host, local_hostname=me)

    def _get_socket(self, host: str, port: int, timeout: float) -> TimedSocket:
        return self._ready


def _greet(delivery: Delivery) -> _Client:
    settings = delivery.settings
    host, security = settings["host"], settings.get("security", "tls")
    sock = dial(host, _port(settings.get("port", ""), security), delivery.deadline, addresses.anywhere)
    if security == "tls":
        sock = secure(sock, host, settings.get("ca_file", ""))
    # The name is given, because smtplib would else ask the resolver for one, without any deadline.
    return _Client(sock, host, _domain(_mailbox(settings["sender"])))


def _encrypt(client: _Client, delivery: Delivery) -> None:
    if delivery.settings.get("security") != "starttls":
        return
    client.starttls(context=tls_context(delivery.settings.get("ca_file", "")))
    assert isinstance(client.sock, TimedTLSSocket)
    client.sock.deadline = delivery.deadline


def _log_in(client: _Client, delivery: Delivery) -> None:
    user, password = delivery.settings.get("username", ""), delivery.settings.get("password", "")
    if user and not isinstance(client.sock, TimedTLSSocket):
        raise Undeliverable(
            N_("the password is not sent without encryption; set security to tls or starttls")
        )
    if user:
        client.login(user, password)


def _port(port: str, security: str) -> int:
    if security not in _PORTS:
        raise Undeliverable(N_("the setting security must be tls, starttls or plain"))
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise Undeliverable(N_("the setting port must be a number from 1 to 65535"))
    return int(port) if port else _PORTS[security]


def _code(trouble: smtplib.SMTPException) -> int | None:
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return next(code for code, _ in trouble.recipients.values())
    return trouble.smtp_code if isinstance(trouble, smtplib.SMTPResponseException) else None


def _mailbox(address: str) -> str:
    if not _MAILBOX.fullmatch(address.strip()):
        raise Undeliverable(N_("the sender or the destination is not an e-mail address"))
    return address.strip()


def _domain(mailbox: str) -> str:
    return mailbox.rpartition("@")[2]


def _one_line(words: str) -> str:
    return " ".join(words.split())


CHANNEL = Channel(
    deliver,
    required=("host", "sender"),
    optional=("port", "security", "username", "password", "ca_file", "deadline_s"),
    secret=("password",),
    to="mail",
)
