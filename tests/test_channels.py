"""Each way to reach a person says truly what became of a message, and never hangs or tells a secret."""

import base64
import email
import email.policy
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mailserver import DRIP, DROP, HANG, RESET, MailServer
from provider import (
    Behaviour,
    Provider,
    code,
    drip_body,
    drip_headers,
    hang,
    raw,
    redirect,
    reset,
    respond,
    swallow,
    vanish,
    verify,
)

from station.channels import addresses
from station.channels.base import Outgoing, Result
from station.channels.registry import KINDS, send

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
SECRET = "webhook-secret-7f3a"
KEY = "0f1e2d3c-robot-key"
PASSWORD = "mail-password-91"
MESSAGE = Outgoing(
    id="m-4711",
    incident="127",
    kind="ladder",
    title="有人扫了胸牌",
    text="胸牌 2210 刚被扫码，请接单。",
    url="https://station.test/a/9876",
    station="园丁社区防走失驿站",
    badge_number="2210",
    location={"lat": 43.8378, "lon": 126.5494, "accuracy_m": 30, "place": "江湾公园东门"},
    attempt=1,
    at=NOW - timedelta(seconds=2),
)
PATIENT = "8"
IMPATIENT = "0.2"

Deliver = Callable[..., Result]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        yield server


@pytest.fixture
def mailserver() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, so it is its own CA file too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(secret + built.public_bytes(pem))
    return path


@pytest.fixture
def deliver(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Deliver]:
    """Send as the sender does, and see that neither result, log nor terminal tells a secret or an address."""
    caplog.set_level("DEBUG")
    private = {SECRET, KEY, PASSWORD, "wang@", "duty@", "127.0.0.1"}
    said: list[str] = []

    def attempt(
        kind: str, settings: dict[str, str], to: str, message: Outgoing = MESSAGE, **more: bool
    ) -> Result:
        result = send(kind, {"deadline_s": PATIENT} | settings, to, message, now=NOW, **more)
        said.append(result.detail)
        assert result.detail
        return result

    yield attempt
    told = " ".join([*said, caplog.text, *capfd.readouterr()])
    assert not [word for word in private if word in told]


@pytest.fixture
def hook(deliver: Deliver, provider: Provider) -> Deliver:
    """Send a webhook to the provider."""

    def attempt(message: Outgoing = MESSAGE, **settings: str) -> Result:
        return deliver(
            "webhook", {"secret": SECRET} | settings, f"{provider.url}/in", message, allow_private=True
        )

    return attempt


@pytest.fixture
def robot(deliver: Deliver, provider: Provider) -> Deliver:
    """Send to a WeCom robot behind the provider."""

    def attempt(message: Outgoing = MESSAGE, to: str = KEY, **settings: str) -> Result:
        return deliver("wecom_robot", {"base_url": provider.url} | settings, to, message, allow_private=True)

    return attempt


@pytest.fixture
def mail(deliver: Deliver, mailserver: MailServer) -> Deliver:
    """Send an e-mail through the mail server, without encryption."""

    def attempt(message: Outgoing = MESSAGE, to: str = "wang@mail.test", **settings: str) -> Result:
        usual = {"host": "127.0.0.1", "port": str(mailserver.port), "security": "plain"}
        return deliver("smtp", usual | {"sender": "duty@station.test"} | settings, to, message)

    return attempt


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
    assert time.monotonic() - began < 5  # each of them would go on for 20 s


def test_dripping_body_does_not_undo_what_the_status_said(hook: Deliver, provider: Provider) -> None:
    provider.script(drip_body(200), drip_body(503))
    began = time.monotonic()
    assert [hook(deadline_s="1").outcome, hook(deadline_s=IMPATIENT).outcome] == ["ok", "retry"]
    assert time.monotonic() - began < 5


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_refused(hook: Deliver, provider: Provider, status: int) -> None:
    with Provider() as elsewhere:
        provider.script(redirect(elsewhere.url, status))
        assert hook().outcome == "permanent"
        assert elsewhere.connections == 0


def test_proxies_of_the_environment_are_not_used(
    hook: Deliver, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Provider() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert hook().outcome == "ok"
        assert (proxy.connections, provider.connections) == (0, 1)


INSIDE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "localhost", "[::1]", "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]", "[::7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]", "0",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "2852039166", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "224.0.0.1", "[ff02::1]", "255.255.255.255",
    "240.0.0.1", "192.0.2.1", "198.18.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_webhook_cannot_reach_into_the_network(deliver: Deliver, provider: Provider, host: str) -> None:
    result = deliver("webhook", {"secret": SECRET}, f"https://{host}:{provider.port}/")
    assert result == Result("permanent", detail="the address is not one that messages may be sent to")
    assert provider.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433"])
def test_local_network_is_open_where_the_operator_says_so(
    deliver: Deliver, provider: Provider, host: str
) -> None:
    url = f"http://{host}:{provider.port}/in?x=1&y=一"
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "ok"
    assert provider.requests[0].path == "/in?x=1&y=%E4%B8%80"
    assert provider.requests[0].headers["host"] == f"{host}:{provider.port}"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255", "[::ffff:127.0.0.1]"],
)
def test_metadata_and_group_addresses_stay_closed_even_then(
    deliver: Deliver, provider: Provider, host: str
) -> None:
    url = f"http://{host}:{provider.port}/"
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "permanent"
    assert provider.connections == 0


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700:4700::1111"])
def test_ordinary_addresses_are_open(address: str) -> None:
    assert addresses.public(ip_address(address))
    assert addresses.local_too(ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.9", "100.64.3.4", "127.0.0.1", "::1", "fd12::1"])
def test_private_addresses_are_local(address: str) -> None:
    assert addresses.local_too(ip_address(address))
    assert not addresses.public(ip_address(address))


def test_name_is_looked_up_once_so_that_it_cannot_change_in_between(provider: Provider) -> None:
    # Audit hooks cannot be taken away again, so this runs in a process of its own.
    script = """if True:
        import sys, datetime
        from station.channels.registry import send
        from test_channels import MESSAGE
        found = []
        sys.addaudithook(lambda event, args: found.append(args[0]) if event == "socket.getaddrinfo" else None)
        now = datetime.datetime.fromtimestamp(0, datetime.UTC)
        print(send("webhook", {"secret": "s"}, sys.argv[1], MESSAGE, now=now, allow_private=True).outcome, *found)
    """
    url = f"http://localhost:{provider.port}/"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(
        [sys.executable, "-c", script, url], capture_output=True, text=True, env=paths, check=True
    )
    assert ran.stdout.split() == ["ok", "localhost"]


@pytest.mark.parametrize(
    "url",
    [
        "", "station", "https://", "ftp://example.com:21/", "file:///etc/passwd", "https://exa mple.com/",
        "https://[::1/", "https://a..b/", "https://example.com:99999/", "https://example.com:x/", "//example.com/",
        "https://wang:pw@example.com/", "https://example.com\x00.test/", "javascript:alert(1)", "https://%31/",
        "https://[fe80::1%25eth0]/", f"https://{'a' * 300}.test/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(deliver: Deliver, url: str) -> None:
    assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "permanent"


def test_plain_http_does_not_leave_the_local_network(deliver: Deliver) -> None:
    result = deliver("webhook", {"secret": SECRET}, "http://example.com/")
    assert result == Result("permanent", detail="the web address must begin with https://")


def test_https_checks_the_name_and_not_the_address(deliver: Deliver, certificate: Path) -> None:
    settings = {"secret": SECRET, "ca_file": str(certificate)}
    with Provider(certificate) as secure:
        named = deliver("webhook", settings, f"https://localhost:{secure.port}/", allow_private=True)
        bare = deliver("webhook", settings, f"https://127.0.0.1:{secure.port}/", allow_private=True)
        assert named.outcome == "ok"
        assert bare == Result("retry", detail="the server's certificate is not valid for its address")
        assert [(r.server_name, r.headers["host"]) for r in secure.requests] == [
            ("localhost", f"localhost:{secure.port}")
        ]


def test_unknown_certificate_is_not_trusted(deliver: Deliver, certificate: Path) -> None:
    with Provider(certificate) as secure:
        url = f"https://localhost:{secure.port}/"
        assert deliver("webhook", {"secret": SECRET}, url, allow_private=True).outcome == "retry"
        assert not secure.requests


def test_https_keeps_the_deadline_too(deliver: Deliver, certificate: Path) -> None:
    settings = {"secret": SECRET, "ca_file": str(certificate), "deadline_s": IMPATIENT}
    with Provider(certificate) as secure, Provider() as silent:
        secure.script(drip_headers(), swallow())
        silent.script(hang())  # never answers the handshake
        began = time.monotonic()
        for port in (secure.port, secure.port, silent.port):
            url = f"https://localhost:{port}/"
            assert deliver("webhook", settings, url, allow_private=True).outcome == "retry"
        assert time.monotonic() - began < 10


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


def test_robot_gets_a_text_with_title_place_and_link(robot: Deliver, provider: Provider) -> None:
    provider.script(code(0))
    assert robot().outcome == "ok"
    request = provider.wait_for(1)[0]
    assert request.path == f"/cgi-bin/webhook/send?key={KEY}"
    assert request.json() == {
        "msgtype": "text",
        "text": {
            "content": "有人扫了胸牌\n胸牌 2210 刚被扫码，请接单。\n江湾公园东门\nhttps://station.test/a/9876"
        },
    }


def test_second_attempt_is_marked_where_there_is_only_text(robot: Deliver, provider: Provider) -> None:
    for attempt in (1, 2, 11):
        robot(replace(MESSAGE, attempt=attempt))
    starts = [r.json()["text"]["content"][:9] for r in provider.wait_for(3)]
    assert [start[: start.find("]") + 1] for start in starts] == ["", "[#127-2]", "[#127-11]"]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ({"lat": 43.8, "lon": 126.5, "accuracy_m": 25, "place": None}, "\n43.8,126.5 ±25 m\n"),
        ({"lat": 43.8, "lon": 126.5, "accuracy_m": None, "place": ""}, "\n43.8,126.5\n"),
        ({"lat": None, "lon": None, "accuracy_m": None, "place": "北门"}, "\n北门\n"),
        ({"lat": None, "lon": None, "accuracy_m": None, "place": None}, "请接单。\nhttps"),
        (None, "请接单。\nhttps"),
        ({"place": "胸牌"}, "请接单。\nhttps"),  # said already
    ],
)
def test_robot_says_where(robot: Deliver, provider: Provider, location: dict | None, line: str) -> None:
    robot(replace(MESSAGE, location=location))
    assert line in provider.wait_for(1)[0].json()["text"]["content"]


def test_robot_calls_those_named_in_the_settings(robot: Deliver, provider: Provider) -> None:
    robot(mention="@all, lihua")
    assert provider.wait_for(1)[0].json()["text"]["mentioned_list"] == ["@all", "lihua"]


@pytest.mark.parametrize("extra", range(4))
def test_long_text_is_cut_to_what_the_robot_takes_but_the_link_stays(
    robot: Deliver, provider: Provider, extra: int
) -> None:
    robot(replace(MESSAGE, text="x" * extra + "路" * 3000))
    content = provider.wait_for(1)[0].json()["text"]["content"]
    assert 2040 <= len(content.encode()) <= 2048
    assert content.endswith("…\nhttps://station.test/a/9876")


CODES = [(0, "ok")]
CODES += [(code, "retry") for code in (-1, 42001, 45009, 45033, 1, 6000, 999999, -2)]
CODES += [(code, "permanent") for code in (40001, 40008, 40014, 40033, 40035, 40058, 40063, 41001, 44004)]
CODES += [(code, "permanent") for code in (45002, 48002, 60020, 93000, 93004, 93008)]


@pytest.mark.parametrize(("number", "outcome"), CODES)
def test_robot_is_judged_by_the_code_in_the_body(
    robot: Deliver, provider: Provider, number: int, outcome: str
) -> None:
    provider.script(code(number))
    result = robot()
    assert result.outcome == outcome
    assert str(number) in result.detail


def test_robot_that_sent_too_much_gets_a_pause(robot: Deliver, provider: Provider) -> None:
    provider.script(code(45009), code(-1))
    assert [robot().retry_after_s, robot().retry_after_s] == [30.0, None]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"ok", b"[]", b"{}", b"null", b'{"errcode": "0"}', b'{"errcode": false}', b'{"errcode": 0.0}',
        b'{"errcode": null}', b'{"errcode": 0', b"\xff\xfe", b"[" * 60_000, b'"errcode"',
    ],
)  # fmt: skip
def test_200_without_a_readable_code_is_not_success(robot: Deliver, provider: Provider, body: bytes) -> None:
    provider.script(respond(200, body))
    assert robot() == Result("retry", detail="the provider's answer cannot be read")


def test_robot_without_body_in_time_is_retried(robot: Deliver, provider: Provider) -> None:
    provider.script(drip_body(200), swallow(), reset(), code(0, status=503), code(0, status=404))
    results = [robot(deadline_s=IMPATIENT).outcome for _ in range(5)]
    assert results == ["retry", "retry", "retry", "retry", "permanent"]


def test_robot_is_known_by_its_whole_address_too(robot: Deliver, provider: Provider) -> None:
    provider.script(code(0))
    assert robot(to=f"{provider.url}/cgi-bin/webhook/send?key={KEY}").outcome == "ok"
    assert provider.wait_for(1)[0].path == f"/cgi-bin/webhook/send?key={KEY}"


@pytest.mark.parametrize(
    "to",
    ["", "a key", "key&debug=1", "../../x", "https://qyapi.weixin.qq.com.evil.test/cgi-bin/webhook/send?key=K",
     "https://evil.test/cgi-bin/webhook/send?key=K", "https://qyapi.weixin.qq.com@evil.test/?key=K",
     "https://qyapi.weixin.qq.com/cgi-bin/message/send?key=K", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?k=K",
     "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K"],
)  # fmt: skip
def test_robot_speaks_to_its_provider_alone(deliver: Deliver, to: str) -> None:
    assert deliver("wecom_robot", {}, to, allow_private=True).outcome == "permanent"


def test_robot_of_a_private_deployment_needs_the_local_network_opened(
    deliver: Deliver, provider: Provider
) -> None:
    base = {"base_url": f"https://localhost:{provider.port}"}
    assert deliver("wecom_robot", base, KEY).outcome == "permanent"
    assert provider.connections == 0


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
    assert time.monotonic() - began < 5


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


def test_manual_names_every_channel_and_setting() -> None:
    manual = (Path(__file__).parents[1] / "docs" / "channels.md").read_text()
    sections = dict(zip(KINDS, manual.split("\n## ")[1:], strict=False))
    for kind, channel in KINDS.items():
        names = [kind, *channel.required, *channel.optional]
        assert [name for name in names if f"`{name}`" not in sections[kind]] == []
