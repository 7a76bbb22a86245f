"""Mail arrives readable, is encrypted, and is judged by what the server replied."""

import base64
import email
import email.policy
import time
from dataclasses import replace
from pathlib import Path

import pytest
from mailserver import DRIP, DROP, HANG, RESET, MailServer
from sending import IMPATIENT, MESSAGE, PASSWORD, Deliver, certificate, deliver, mail, mailserver

from station.channels.base import Result

__all__ = ["certificate", "deliver", "mail", "mailserver"]


def test_mail_arrives_readable(mail: Deliver, mailserver: MailServer) -> None:
    result = mail()
    assert result.outcome == "ok"
    (sent,) = mailserver.mails
    parsed = email.message_from_bytes(sent.data, policy=email.policy.default)
    assert (sent.sender, sent.recipients) == ("duty@station.test", ["wang@mail.test"])
    assert parsed["Subject"] == "有人扫了胸牌"
    assert parsed["From"] == "园丁社区防走失驿站 <duty@station.test>"
    assert parsed["Date"] == "Sun, 08 Mar 2026 06:30:00 +0000"
    assert parsed["Message-ID"] == result.provider_id
    assert parsed.get_content_type() == "text/plain"
    assert parsed.get_content().split() == [
        "胸牌", "2210", "刚被扫码，请接单。", "江湾公园东门", "https://station.test/a/9876",
    ]  # fmt: skip


def test_attempts_at_one_mail_share_its_message_id(mail: Deliver, mailserver: MailServer) -> None:
    ids = [mail(replace(MESSAGE, attempt=attempt)).provider_id for attempt in (1, 2)]
    other = mail(replace(MESSAGE, id="m-4712")).provider_id
    assert ids[0] == ids[1] != other
    subjects = [
        email.message_from_bytes(m.data, policy=email.policy.default)["Subject"] for m in mailserver.mails
    ]
    assert subjects == ["有人扫了胸牌", "[#127-2] 有人扫了胸牌", "有人扫了胸牌"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_is_encrypted_and_logged_in(deliver: Deliver, certificate: Path, security: str) -> None:
    with MailServer(certificate, security) as server:
        settings = {
            "host": "localhost",
            "port": str(server.port),
            "security": security,
            "sender": "duty@s.test",
        }
        settings |= {"username": "duty", "password": PASSWORD, "ca_file": str(certificate)}
        assert deliver("smtp", settings, "wang@mail.test").outcome == "ok"
        assert [(m.encrypted, m.logged_in) for m in server.mails] == [(True, True)]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_does_not_go_to_a_server_with_another_name(
    deliver: Deliver, certificate: Path, security: str
) -> None:
    with MailServer(certificate, security) as server:
        settings = {
            "host": "127.0.0.1",
            "port": str(server.port),
            "security": security,
            "sender": "duty@s.test",
        }
        result = deliver("smtp", settings | {"ca_file": str(certificate)}, "wang@mail.test")
        assert result == Result("retry", detail="the server's certificate is not valid for its address")
        assert not server.mails


def test_mail_does_not_fall_back_to_plain_text(mail: Deliver, mailserver: MailServer) -> None:
    assert mail(security="starttls").outcome == "permanent"
    assert not mailserver.mails


def test_password_is_not_sent_in_the_clear(mail: Deliver, mailserver: MailServer) -> None:
    assert mail(username="duty", password=PASSWORD).outcome == "permanent"
    assert not mailserver.mails


@pytest.mark.parametrize(
    ("step", "answer", "outcome"),
    [
        ("CONNECT", "421 busy", "retry"), ("CONNECT", "554 not you", "permanent"),
        ("MAIL", "451 later", "retry"), ("MAIL", "550 no", "permanent"),
        ("RCPT", "450 greylisted", "retry"), ("RCPT", "550 no such user wang@mail.test", "permanent"),
        ("DATA", "451 later", "retry"), ("DATA", "554 no", "permanent"),
        ("CONTENT", "452 disk full", "retry"), ("CONTENT", "552 too big", "permanent"),
        ("CONTENT", "what?", "retry"), ("QUIT", "421 too slow", "ok"),
    ],
)  # fmt: skip
def test_mail_is_judged_by_the_reply_code(
    mail: Deliver, mailserver: MailServer, step: str, answer: str, outcome: str
) -> None:
    mailserver.answers[step] = answer
    assert mail().outcome == outcome


@pytest.mark.parametrize(("answer", "outcome"), [("535 wrong", "permanent"), ("454 later", "retry")])
def test_refused_login_is_judged_by_the_reply_code(
    deliver: Deliver, certificate: Path, answer: str, outcome: str
) -> None:
    with MailServer(certificate, "tls") as server:
        server.answers["AUTH"] = answer
        settings = {
            "host": "localhost",
            "port": str(server.port),
            "sender": "duty@s.test",
            "username": "duty",
        }
        settings |= {"password": PASSWORD, "ca_file": str(certificate)}
        assert deliver("smtp", settings, "wang@mail.test").outcome == outcome


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "CONTENT"])
@pytest.mark.parametrize("trouble", [DROP, HANG, DRIP])
def test_mail_server_that_breaks_off_or_dawdles_is_retried(
    mail: Deliver, mailserver: MailServer, step: str, trouble: str
) -> None:
    mailserver.answers[step] = trouble
    began = time.monotonic()
    assert mail(deadline_s=IMPATIENT).outcome == "retry"
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(("step", "misdeed"), [("QUIT", DROP), ("QUIT", HANG), ("CONTENT", RESET)])
def test_mail_that_was_taken_is_ok_however_the_talk_ends(
    mail: Deliver, mailserver: MailServer, step: str, misdeed: str
) -> None:
    mailserver.answers[step] = misdeed
    assert mail().outcome == "ok"
    assert len(mailserver.mails) == 1


def test_mail_headers_cannot_be_smuggled_in(mail: Deliver, mailserver: MailServer) -> None:
    mail(replace(MESSAGE, title="走失\r\nBcc: evil@mail.test", station="驿站\nBcc: evil@mail.test"))
    (sent,) = mailserver.mails
    parsed = email.message_from_bytes(sent.data, policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert sent.recipients == ["wang@mail.test"]


@pytest.mark.parametrize(
    "to",
    ["", "wang", "wang@", "@mail.test", "wang@mail.test,evil@mail.test", "wang@mail.test\r\nBcc: evil@mail.test",
     "Wang <wang@mail.test>", "wang@mail.test> SIZE=1", "a b@mail.test"],
)  # fmt: skip
def test_what_is_no_mailbox_is_refused(mail: Deliver, mailserver: MailServer, to: str) -> None:
    assert mail(to=to).outcome == "permanent"
    assert not mailserver.mails


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"security": "ssl"}, "security"), ({"port": "http"}, "port"), ({"port": "70000"}, "port")],
)
def test_wrong_mail_setting_is_named(mail: Deliver, settings: dict[str, str], word: str) -> None:
    result = mail(**settings)
    assert result.outcome == "permanent"
    assert word in result.detail


def test_mail_with_a_text_of_any_script_stays_seven_bit(mail: Deliver, mailserver: MailServer) -> None:
    mail(replace(MESSAGE, text="길 잃은 어르신 " * 100))
    (sent,) = mailserver.mails
    assert sent.data.isascii()
    assert base64.b64decode(sent.data.split(b"\r\n\r\n")[1]).decode().startswith("길 잃은")
