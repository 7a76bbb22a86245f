"""Crowds: thousands of scans, twenty claims, link previews, and clients that only hold on to the server."""

import http.client
import json
import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import crowd
import pytest
import requests
from provider import Provider
from running import Running, wait_for

from station import accounts, clock

PASSWORD = "snow at three o'clock"
PREVIEWS = (
    "WhatsApp/2.23", "Mozilla/5.0 MicroMessenger/8.0 wxwork", "WeChatShareExtensionNew", "DingTalkBot-LinkService/1.0",
    "facebookexternalhit/1.1", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0", "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0)", "Googlebot/2.1", "bingbot/2.0", "YandexBot/3.0", "Sogou web spider/4.0",
    "360Spider", "Bytespider", "PetalBot", "Applebot/0.1", "DuckDuckBot/1.1", "LinkedInBot/1.0", "Discordbot/2.0",
    "SkypeUriPreview", "Microsoft Office/16.0", "BingPreview/1.0b", "Barracuda Sentinel", "Mimecast", "Proofpoint URL Defense",
    "QQ/8.9", "AlipayClient/10.5", "Lark/7.0 preview", "HeadlessChrome/130",
)  # fmt: skip
WAYS = (
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"}),
    ("HEAD", {"Purpose": "prefetch"}),
    ("GET", {"Range": "bytes=0-511"}),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


@pytest.fixture(scope="module")
def station(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    # The ladder stands nearly still, so that no rung falls into a test that counts rows.
    options = ("--webhook", provider.url, "--clock-scale", "0.01")
    with crowd.start(tmp_path_factory.mktemp("crowds") / "data", *options) as running:
        yield running


def scan(station: Running, n: int, request_id: str = "") -> tuple[int, dict]:
    """A report of the n-th elder's badge."""
    path = station.elders[n]["scan_url"].removeprefix(station.base_url) + "/scans"
    return crowd.post(
        station.base_url, path, {"act": "with_elder", "request_id": request_id or uuid.uuid4().hex}
    )


def notices(provider: Provider, incident: str) -> list[str]:
    """The links in an incident's notices: each is one person's own."""
    messages = [request.json() for request in provider.taken()]
    return [
        message["url"]
        for message in messages
        if message["incident"] == incident and message["kind"] == "notice"
    ]


def test_a_thousand_scans_of_one_badge_are_one_incident_and_one_notice_a_person(station, provider) -> None:
    answers = crowd.at_once(lambda _: scan(station, 0), 1000, threads=16)
    assert {status for status, _ in answers} == {201}
    (incident,) = {answer["incident"] for _, answer in answers}
    assert len({answer["status_url"] for _, answer in answers}) == 1000
    with crowd.disk(station.data) as (db, _):
        counted = (
            "SELECT count(*) + sum(coalesce(more, 0)) FROM scan LEFT JOIN scan_count ON scan_id = scan.id "
            "WHERE incident_id = ?"
        )
        assert db.scalar(counted, incident) == 1000
        assert db.scalar("SELECT count(*) FROM scan WHERE incident_id = ?", incident) <= 9, "three a minute"
        people = "SELECT count(DISTINCT uid) FROM alert WHERE incident_id = ? AND kind = 'notice'"
        told = wait_for(lambda: db.scalar(people, incident))
    wait_for(lambda: len(notices(provider, incident)) >= told)
    links = notices(provider, incident)
    assert len(links) == len(set(links)) == told


def test_one_press_that_arrives_fifty_times_is_one_scan_with_one_answer(station) -> None:
    request_id = uuid.uuid4().hex
    answers = crowd.at_once(lambda _: scan(station, 1, request_id), 50, threads=50)
    assert {json.dumps(answer, sort_keys=True) for answer in answers} == {
        json.dumps(answers[0], sort_keys=True)
    }
    with crowd.disk(station.data) as (db, _):
        assert db.scalar("SELECT count(*) FROM scan WHERE incident_id = ?", answers[0][1]["incident"]) == 1


def test_of_twenty_who_claim_at_once_one_wins_and_the_others_hear_who(station) -> None:
    now = clock.utcnow()
    with crowd.disk(station.data) as (db, vault):
        for n in range(20):
            accounts.add(db, vault, accounts.NewStaff(f"crowd{n}", PASSWORD, "duty", 1, f"值班{n}"), now)
        # Twenty logins from one address would be damped; the sessions are opened where the accounts are.
        tokens = [accounts.log_in(db, vault, f"crowd{n}", PASSWORD, "", now) for n in range(20)]
    desks = [crowd.SignedIn(station.base_url, token) for token in tokens]
    incident = scan(station, 2)[1]["incident"]
    answers = crowd.at_once(
        lambda n: desks[n].post(f"/desk/incidents/{incident}/claim", {"slot": "on_site"}), 20, threads=20
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    with crowd.disk(station.data) as (db, _):
        assert (
            db.scalar("SELECT count(*) FROM event WHERE kind = 'claimed' AND incident_id = ?", incident) == 1
        )


def test_sixty_scans_of_as_many_badges_at_once_all_ring(station, provider) -> None:
    """The thousand of the long tests, in small."""
    paths = [crowd.badge_path(station.data, 30_000 + n) + "/scans" for n in range(60)]
    sent = {"act": "with_elder"}
    answers = crowd.at_once(
        lambda n: crowd.post(station.base_url, paths[n], sent | {"request_id": uuid.uuid4().hex}),
        60,
        threads=30,
    )
    assert {status for status, _ in answers} == {201}
    incidents = {answer["incident"] for _, answer in answers}
    assert len(incidents) == 60
    wait_for(lambda: incidents <= {m["incident"] for m in told(provider) if m["kind"] == "notice"})


def test_a_press_is_with_the_provider_long_before_the_next_round_of_the_auditor(station, provider) -> None:
    """Five, one after the other: the auditor, who finds what was overlooked, comes by every fifteen seconds."""
    for n in range(5):
        path = crowd.badge_path(station.data, 31_000 + n) + "/scans"
        _, answer = crowd.post(station.base_url, path, {"act": "with_elder", "request_id": uuid.uuid4().hex})
        incident = answer["incident"]
        wait_for(lambda one=incident: one in {m["incident"] for m in told(provider)}, 10, every=0.005)


def told(provider: Provider) -> list[dict]:
    return [request.json() for request in provider.taken()]


def test_link_previews_change_not_one_row(station, provider) -> None:
    incident = scan(station, 3)[1]["incident"]
    status = scan(station, 3)[1]["status_url"]
    one_tap = wait_for(lambda: notices(provider, incident))[0].removeprefix(station.base_url)
    with crowd.disk(station.data) as (db, _):
        wait_for(lambda: quiet(db))
    assert one_tap.startswith("/go/")
    badge = station.elders[3]["scan_url"].removeprefix(station.base_url)
    unissued = crowd.badge_path(station.data, 4000)
    paths = (one_tap, badge, status, unissued, "/", badge + "?l=ko&t=1", "/login")
    before = crowd.rows(station.data)
    visits = [(path, agent, way) for path in paths for agent in PREVIEWS for way in WAYS]
    assert len(PREVIEWS) >= 30
    assert len(visits) >= 1000
    statuses = crowd.at_once(lambda n: look(station, *visits[n]), len(visits), threads=30)
    assert set(statuses) == {200}
    after = crowd.rows(station.data)
    assert {name for name in after if after[name] != before[name]} == set()


def test_eighty_drippers_and_three_hundred_idle_sockets_do_not_stop_a_scan(station) -> None:
    host = ("127.0.0.1", int(station.base_url.rsplit(":", 1)[1]))
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(host, 10)) for _ in range(380)]
        drippers = held[:80]
        for dripper in drippers:
            dripper.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nX-Drip: ")
        for _ in range(5):
            for dripper in drippers:
                dripper.sendall(b"x")
            assert scan(station, 4)[0] == 201
            assert requests.get(station.elders[4]["scan_url"], timeout=10).status_code == 200


def quiet(db) -> bool:
    """Whether every alert that is planned is out and written down."""
    return db.scalar("SELECT count(*) FROM alert") > 0 and not db.scalar(
        "SELECT count(*) FROM alert WHERE state IN ('pending', 'sending')"
    )


def look(station: Running, path: str, agent: str, way: tuple[str, dict[str, str]]) -> int:
    method, headers = way
    connection = http.client.HTTPConnection(station.base_url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, headers={"User-Agent": agent, **headers})
        return connection.getresponse().status
    finally:
        connection.close()


def sockets(pid: int) -> int:
    count = 0
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it has just been closed
            count += str(one.readlink()).startswith("socket:")
    return count


def test_the_web_processes_share_the_connections_of_a_crowd(tmp_path: Path) -> None:
    with crowd.start(tmp_path / "data") as station:
        webs = [pid for name, pid in station.children().items() if name.startswith("web")]
        # On a machine that is busy one of them may miss its turns for once.
        taken = [connections_of_a_crowd(station, webs, 40) for _ in range(7)]
        assert median(min(one) for one in taken) >= 0.8 * 40 / len(webs), f"one takes nearly all: {taken}"


def connections_of_a_crowd(station: Running, webs: list[int], size: int) -> list[int]:
    """How many of so many connections each web process takes."""
    before = {pid: sockets(pid) for pid in webs}
    address = ("127.0.0.1", urlsplit(station.base_url).port)
    with ExitStack() as held:
        for _ in range(size):
            held.enter_context(socket.create_connection(address))
        wait_for(lambda: sum(sockets(pid) - before[pid] for pid in webs) >= size)
        taken = [sockets(pid) - before[pid] for pid in webs]
    wait_for(lambda: sum(sockets(pid) - before[pid] for pid in webs) <= 0)
    return taken
