"""A mail server on 127.0.0.1 whose answers can be set, to send alerts to."""

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from listener import Listener, drip, reset

HANG, DROP, DRIP, RESET = "HANG", "DROP", "DRIP", "RESET"


@dataclass
class Mail:
    """One mail as the server took it; `data` is the message without the closing dot."""

    encrypted: bool
    logged_in: bool = False
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    data: bytes = b""


class MailServer:
    """An SMTP server whose answers can be set: `answers["RCPT"] = "550 no such user"`, or one of the misdeeds
    HANG (silence), DROP (hang up), DRIP (a reply without end), RESET (the usual answer, then a TCP reset).

    Beside the verbs there are CONNECT (the greeting) and CONTENT (the reply after the final dot). With HANG or
    DROP as CONTENT the server has the mail and the client cannot know. With `certificate` it offers STARTTLS, or
    speaks TLS from the first byte when `security` is "tls".
    """

    def __init__(self, certificate: Path | None = None, security: str = "starttls") -> None:
        self.answers: dict[str, str] = {}
        self.mails: list[Mail] = []
        self._offers_tls = certificate is not None and security == "starttls"
        self._starts_with_tls = security == "tls"
        self._server = Listener(self._handle, certificate)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _handle(self, sock: socket.socket) -> None:
        if self._starts_with_tls:
            with self._server.encrypt(sock) as tls:
                self._greet(tls)
        elif self._greet(sock) == "STARTTLS":
            with self._server.encrypt(sock) as tls:
                self._talk(tls)

    def _greet(self, sock: socket.socket) -> str:
        return self._talk(sock) if self._say(sock, "CONNECT", "220 mail.test ready") else ""

    def _talk(self, sock: socket.socket) -> str:
        """Obey until the connection ends; return the verb that ended it."""
        mail = Mail(encrypted=isinstance(sock, ssl.SSLSocket))
        with sock.makefile("rb") as lines:
            for line in lines:
                verb, _, rest = line.decode().strip().partition(" ")
                self._note(mail, verb.upper(), rest)
                going_on = self._obey(sock, verb.upper(), mail)
                if verb.upper() == "DATA" and "DATA" not in self.answers:
                    going_on = self._take(sock, lines, mail)
                if not going_on:
                    return verb.upper()
        return ""

    def _note(self, mail: Mail, verb: str, rest: str) -> None:
        mailbox = rest.partition("<")[2].partition(">")[0]
        if verb == "AUTH":
            mail.logged_in = "AUTH" not in self.answers
        elif verb == "MAIL":
            mail.sender = mailbox
        elif verb == "RCPT":
            mail.recipients.append(mailbox)

    def _obey(self, sock: socket.socket, verb: str, mail: Mail) -> bool:
        starts_tls = verb == "STARTTLS" and self._offers_tls and "STARTTLS" not in self.answers
        offers = "250-mail.test\r\n250-AUTH PLAIN\r\n" + (
            "250-STARTTLS\r\n" if self._offers_tls and not mail.encrypted else ""
        )
        usual = {
            "EHLO": offers + "250 8BITMIME",
            "AUTH": "235 welcome",
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }
        said = self._say(sock, verb, usual.get(verb, "220 go ahead" if starts_tls else "250 fine"))
        return said and verb != "QUIT" and not starts_tls

    def _take(self, sock: socket.socket, lines: BinaryIO, mail: Mail) -> bool:
        mail.data = b"".join(iter(lines.readline, b".\r\n"))
        if self.answers.get("CONTENT", "250")[0] not in "45":
            self.mails.append(mail)
        return self._say(sock, "CONTENT", "250 queued")

    def _say(self, sock: socket.socket, step: str, usual: str) -> bool:
        """Give the answer of this step; False when the connection ends with it."""
        answer = self.answers.get(step, usual)
        if answer == HANG:
            self._server.closing.wait(20)
        elif answer == DRIP:
            drip(sock, self._server.closing.wait, b"250-", 0.05, 400)
        elif answer == RESET:
            reset(sock, usual.encode() + b"\r\n")
        elif answer != DROP:
            sock.sendall(answer.encode() + b"\r\n")
        return answer not in (HANG, DRIP, DROP, RESET)
