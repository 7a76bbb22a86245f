"""Each way to reach a person says truly what became of a message, and never hangs or tells a secret."""

import time
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from provider import (
    Behaviour,
    Provider,
    drip_body,
    drip_headers,
    hang,
    raw,
    reset,
    respond,
    swallow,
    vanish,
    verify,
)
from sending import IMPATIENT, MESSAGE, NOW, SECRET, Deliver, deliver, hook, provider, robot

from station.channels.base import Result
from station.channels.registry import KINDS

__all__ = ["deliver", "hook", "provider", "robot"]


def test_webhook_carries_the_documented_fields_and_no_others(hook: Deliver, provider: Provider) -> None:
    assert hook().outcome == "ok"
    request = provider.wait_for(1)[0]
    assert (request.method, request.path) == ("POST", "/in")
    assert request.headers["content-type"].startswith("application/json")
    assert request.json() == {
        "id": "m-4711",
        "incident": "127",
        "kind": "ladder",
        "text": "胸牌 2210 刚被扫码，请接单。",
        "url": "https://station.test/a/9876",
        "station": "园丁社区防走失驿站",
        "badge_number": "2210",
        "location": {"lat": 43.8378, "lon": 126.5494, "accuracy_m": 30, "place": "江湾公园东门"},
        "attempt": 1,
        "at": "2026-03-08T06:29:58.000Z",
        "receipt": None,
    }


def test_webhook_without_place_link_or_badge_says_null(hook: Deliver, provider: Provider) -> None:
    hook(replace(MESSAGE, location=None, url=None, badge_number=None))
    body = provider.wait_for(1)[0].json()
    assert (body["location"], body["url"], body["badge_number"]) == (None, None, None)


def test_webhook_retry_keeps_the_id_and_counts(hook: Deliver, provider: Provider) -> None:
    for attempt in (1, 2, 3):
        hook(replace(MESSAGE, attempt=attempt))
    assert [(r.json()["id"], r.json()["attempt"]) for r in provider.requests] == [
        ("m-4711", attempt) for attempt in (1, 2, 3)
    ]


def test_receiver_can_verify_the_signature(hook: Deliver, provider: Provider) -> None:
    hook()
    request = provider.wait_for(1)[0]
    assert request.headers["x-station-signature"].startswith(f"t={int(NOW.timestamp())},v1=")
    assert verify(SECRET, request.headers, request.body)


def test_forged_webhook_does_not_verify(hook: Deliver, provider: Provider) -> None:
    hook()
    request = provider.wait_for(1)[0]
    later = {"x-station-signature": request.headers["x-station-signature"].replace("t=1", "t=2", 1)}
    assert not verify("another secret", request.headers, request.body)
    assert not verify(SECRET, request.headers, request.body.replace(b"2210", b"2211"))
    assert not verify(SECRET, later, request.body)
    assert not verify(SECRET, {}, request.body)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(status, "ok") for status in (200, 201, 202, 204, 299)]
    + [(status, "permanent") for status in (300, 301, 302, 303, 304, 307, 308)]
    + [(status, "permanent") for status in (400, 401, 403, 404, 405, 410, 413, 415, 422, 451)]
    + [(status, "retry") for status in (408, 425, 429, 500, 501, 502, 503, 504, 521, 599, 101, 999)],
)
def test_webhook_is_judged_by_its_status(
    hook: Deliver, provider: Provider, status: int, outcome: str
) -> None:
    provider.script(respond(status, b"wang@ says no"))
    result = hook()
    assert result.outcome == outcome
    assert str(status) in result.detail


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("7200", 60.0),
        (format_datetime(NOW + timedelta(seconds=20), usegmt=True), 20.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_pause_that_a_server_asks_for_is_handed_on(
    hook: Deliver, provider: Provider, header: str, pause: float | None
) -> None:
    provider.script(respond(503, Retry_After=header))
    assert hook().retry_after_s == pause


def test_pause_is_only_for_messages_to_be_retried(hook: Deliver, provider: Provider) -> None:
    provider.script(respond(200, Retry_After="5"), respond(403, Retry_After="5"))
    assert [hook().retry_after_s, hook().retry_after_s] == [None, None]


@pytest.mark.parametrize(
    "trouble",
    [
        reset(),
        vanish(),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"HTTP/1.1 two hundred\r\n\r\n"),
        raw(b"\0" * 9),
    ],
    ids=lambda trouble: trouble.name,
)
def test_broken_answer_is_retried(hook: Deliver, provider: Provider, trouble: Behaviour) -> None:
    provider.script(trouble)
    assert hook().outcome == "retry"


def test_server_that_is_down_is_retried(deliver: Deliver) -> None:
    with Provider() as gone:
        pass
    result = deliver("webhook", {"secret": SECRET}, gone.url, allow_private=True)
    assert result == Result("retry", detail="the server refuses connections")


def test_name_that_does_not_exist_is_retried(deliver: Deliver) -> None:
    # Without a network the resolver may be silent; then the deadline speaks, with the same outcome.
    result = deliver("webhook", {"secret": SECRET, "deadline_s": "1"}, "https://no-such-station.invalid/")
    assert (result.outcome, result.provider_id) == ("retry", None)


@pytest.mark.parametrize(
    "delay",
    [hang(), swallow(), drip_headers(), drip_headers(every=0.001, size=20_000)],
    ids=lambda delay: delay.name,
)
def test_server_that_dawdles_is_left_at_the_deadline(
    hook: Deliver, provider: Provider, delay: Behaviour
) -> None:
    provider.script(delay)
    began = time.monotonic()
    assert hook(deadline_s=IMPATIENT).outcome == "retry"
    assert time.monotonic() - began < 15  # each of them would go on for 20 s


def test_dripping_body_does_not_undo_what_the_status_said(hook: Deliver, provider: Provider) -> None:
    provider.script(drip_body(200), drip_body(503))
    began = time.monotonic()
    assert [hook(deadline_s="1").outcome, hook(deadline_s=IMPATIENT).outcome] == ["ok", "retry"]
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "flood",
    [
        raw(
            b"HTTP/1.1 200 OK\r\n"
            + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 60_000) for n in range(20))
            + b"\r\n"
        ),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000 + b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["headers", "continue"],
)
def test_flood_of_headers_is_cut(hook: Deliver, provider: Provider, flood: Behaviour) -> None:
    provider.script(flood)
    assert hook() == Result("retry", detail="the connection broke off")


def test_big_body_is_cut(hook: Deliver, robot: Deliver, provider: Provider) -> None:
    provider.script(respond(200, b"x" * 50_000_000), respond(200, b" " * 65_536 + b'{"errcode": 0}'))
    assert hook().outcome == "ok"
    assert robot().outcome == "retry"


@pytest.mark.parametrize(
    ("kind", "settings", "word"),
    [
        ("pigeon", {}, "no channel"),
        ("webhook", {}, "secret"),
        ("webhook", {"secret": ""}, "secret"),
        ("webhook", {"secret": "s", "deadline_s": "soon"}, "deadline_s"),
        ("webhook", {"secret": "s", "deadline_s": "3600"}, "deadline_s"),
        ("webhook", {"secret": "s", "deadline_s": "nan"}, "deadline_s"),
        ("webhook", {"secret": "s", "ca_file": "/no/such/file"}, "ca_file"),
        ("smtp", {"host": "mail.test"}, "sender"),
        ("smtp", {"sender": "duty@station.test"}, "host"),
    ],
)
def test_missing_or_wrong_setting_is_named(
    deliver: Deliver, provider: Provider, kind: str, settings: dict[str, str], word: str
) -> None:
    result = deliver(kind, settings, f"https://localhost:{provider.port}/", allow_private=True)
    assert result.outcome == "permanent"
    assert word in result.detail


def test_manual_names_every_channel_and_setting() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "channels.md").read_text()
    sections = dict(zip(KINDS, manual.split("\n## ")[1:], strict=False))
    for kind, channel in KINDS.items():
        names = [kind, *channel.required, *channel.optional]
        assert [name for name in names if f"`{name}`" not in sections[kind]] == []
