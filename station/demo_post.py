"""The demonstration's mail server: takes what its people get by e-mail, from this machine alone, and sends nothing on."""

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BufferedRWPair

from station import demo_phones

Message = dict[str, str | None]

PATIENCE_S = 10.0
LONGEST_LINE = 2000  # bytes; RFC 5321 allows 1000
MOST_LINES = 2000  # of one mail
ANSWERS = {b"EHLO": "250 demo.example", b"HELO": "250 demo.example", b"QUIT": "221 bye", b"DATA": "354 go on"}


def serve(listener: socket.socket, take: Callable[[str, Message], None]) -> None:
    """Give each mail and whose it is to `take`, one sender after the other, for as long as the process lives."""
    listener.setblocking(True)
    while True:
        sock, _ = listener.accept()
        with sock, suppress(OSError, LookupError, ValueError):
            sock.settimeout(PATIENCE_S)
            with sock.makefile("rwb") as talk:
                for recipient, content in _mails(talk):
                    take(recipient.partition("@")[0], as_message(content))
                    _say(talk, "250 taken")


def as_message(content: bytes) -> Message:
    """A mail in the form in which the page shows messages; the link is its last paragraph."""
    mail = email.message_from_bytes(content, policy=email.policy.SMTP)
    paragraphs = mail.get_content().strip().split("\n\n")
    url = paragraphs.pop() if paragraphs[-1].startswith("http") else None
    name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
    return {"kind": demo_phones.MAILED, "id": name, "text": "\n".join(paragraphs), "url": url}


def _mails(talk: BufferedRWPair) -> Iterator[tuple[str, bytes]]:
    """Hold the talk (RFC 5321), and give each mail with its one recipient; whoever takes it says so."""
    _say(talk, "220 demo.example")
    recipient = ""
    while line := talk.readline(LONGEST_LINE):
        verb = line[:4].upper()
        if verb == b"RCPT":
            recipient = line.decode(errors="replace").partition("<")[2].partition(">")[0]
        _say(talk, ANSWERS.get(verb, "250 well"))
        if verb == b"QUIT":
            return
        if verb == b"DATA":
            yield recipient, _content(talk)


def _content(talk: BufferedRWPair) -> bytes:
    lines = []
    while (line := talk.readline(LONGEST_LINE)).rstrip(b"\r\n") != b".":
        lines.append(line.removeprefix(b"."))
        if not line or len(lines) > MOST_LINES:
            raise ConnectionError("the mail did not end")
    return b"".join(lines)


def _say(talk: BufferedRWPair, words: str) -> None:
    talk.write(words.encode() + b"\r\n")
    talk.flush()
