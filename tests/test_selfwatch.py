"""The station watches over itself: it mends what was forgotten, counts it, and says to the outside whether it lives."""

import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import NOW, Desk, Home, Wearer
from provider import Provider, respond
from watch import Watch, by_kind

from station import clock, heartbeat
from station.app import create_app
from station.config import WEB_PROCESSES, read
from station.db import StationDatabase, transaction
from station.errors import SettingError
from station.incidents import acts, events, reports
from station.incidents.acts import Move
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import records
from station.selfwatch import health

BASE = "https://zj.example.cn"
DUTY = 2
TOKEN = "a-token-of-the-scraper"  # noqa: S105
PROCESSES = (*(f"web-{n}" for n in range(1, WEB_PROCESSES + 1)), "sender", "jobs", "photos")


def live(home: Home, *names: str) -> None:
    """Let processes say that they are alive."""
    home.config.beats.mkdir(exist_ok=True)
    for name in names or PROCESSES:
        heartbeat.beat(home.config.beats, name)


def scan(home: Home, wang: Wearer, request_id: str = "r1") -> int:
    badge = records.get(home.db, wang.badge_id)
    sent = Report(request_id, "with_elder")
    return reports.report(home.db, home.vault, Door(1, badge.serial), sent, NOW).incident_id


def checks(client) -> dict[str, dict]:
    return client.get("/healthz", base_url=BASE).get_json()["checks"]


def numbers(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def scrape(client, token: str = TOKEN):
    return client.get("/metrics", base_url=BASE, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def scraped(home: Home):
    app = create_app(replace(home.config, metrics_token=TOKEN), home.ring)
    app.testing = True
    return app.test_client()


# The auditor


def test_who_gives_a_sign_at_the_moment_of_the_look_is_not_taken_for_dead(home) -> None:
    home.config.beats.mkdir(exist_ok=True)
    heartbeat.beat(home.config.beats, "sender")
    ended = threading.Event()

    def live() -> None:
        while not ended.is_set():
            heartbeat.beat(home.config.beats, "sender")

    living = threading.Thread(target=live)
    living.start()
    ages = [heartbeat.age_s(home.config.beats, "sender") for _ in range(5000)]
    ended.set()
    living.join()
    assert None not in ages


def test_a_message_that_was_forgotten_is_sent_counted_and_written_down(home, wang, watch, gateway, caplog):
    incident = scan(home, wang)
    watch.at(0)
    told = len(gateway.requests)
    with transaction(home.db):
        home.db.write("DELETE FROM alert WHERE kind = 'notice' AND contact_id IS NOT NULL")
    watch.at(20)
    assert len(gateway.requests) == told + 2
    row = home.db.row("SELECT * FROM repair WHERE kind = 'late_alert'")
    assert (row["incident_id"], row["count"]) == (incident, 2)
    assert "late_alert, 2" in caplog.text


def test_what_is_planned_in_time_is_no_repair(home, wang, watch):
    scan(home, wang)
    for seconds in (0, 5, 46, 91, 151, 301, 421):
        watch.at(seconds)
    assert home.db.scalar("SELECT count(*) FROM repair WHERE kind = 'late_alert'") == 0


def test_an_attempt_of_which_nothing_came_back_goes_out_again(home, wang, watch, gateway):
    scan(home, wang)
    watch.at(0)
    told = len(gateway.requests)
    with transaction(home.db):
        home.db.write("UPDATE alert SET state = 'sending', accepted_at = NULL WHERE kind = 'notice'")
        home.db.write("UPDATE attempt SET outcome = 'sending', ended_at = NULL")
    watch.at(40)
    assert len(gateway.requests) == told, "an attempt may take half a minute"
    watch.at(44)
    assert home.db.scalar("SELECT count(*) FROM repair WHERE kind = 'stuck_attempt'") == 0
    before = len(gateway.requests)
    watch.at(125)
    again = [request.json() for request in gateway.requests[before:] if request.json()["kind"] == "notice"]
    assert len(again) == 4
    assert {message["attempt"] for message in again} == {2}
    assert home.db.scalar("SELECT count FROM repair WHERE kind = 'stuck_attempt'") == 4


# /healthz


def test_a_dead_sender_shows_on_every_desk_within_fifteen_seconds():
    """The page asks every few seconds, and silence counts as death after ten."""
    script = (Path(__file__).parent.parent / "station" / "static" / "desk.js").read_text()
    asks_every = int(re.search(r"HEALTH_S = (\d+);", script)[1])
    assert asks_every + 10 < 15
    if "STATION_STALE_S" not in os.environ:
        assert heartbeat.STALE_S == 10


def test_all_is_well_when_everything_lives(home, client):
    live(home)
    answer = client.get("/healthz", base_url=BASE)
    assert (answer.status_code, answer.get_json()["ok"]) == (200, True), answer.text
    assert set(answer.get_json()["checks"]) == {
        "database", "sender", "jobs", "photos", "web", "disk", "log", "spool", "emergency", "alerts", "reach", "clock",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "check"), [("sender", "sender"), ("jobs", "jobs"), ("photos", "photos"), ("web-1", "web")]
)
def test_a_process_without_a_sign_of_life_is_named(home, client, name, check):
    live(home)
    heartbeat.forget(home.config.beats, name)
    assert [key for key, one in checks(client).items() if not one["ok"]] == [check]
    silent(home, name, 9)
    assert all(one["ok"] for one in checks(client).values())
    silent(home, name, 11 if name == "sender" else 31)
    assert [key for key, one in checks(client).items() if not one["ok"]] == [check]


def silent(home: Home, name: str, seconds: int) -> None:
    """Let a process have been silent for so long."""
    heartbeat.beat(home.config.beats, name)
    moment = time.monotonic_ns() - seconds * 10**9
    os.utime(home.config.beats / f"{name}.beat", ns=(moment, moment))


def test_a_sender_that_went_silent_shows_on_every_page_of_the_staff(home, at_desk):
    live(home)
    desk = at_desk("secretary")
    assert "发送程序现在没有工作" not in desk.get("/desk/roster").text
    silent(home, "sender", 11)
    for page in ("/desk/roster", "/elders", "/desk/tonight"):
        assert "发送程序现在没有工作" in desk.get(page).text


def test_a_log_that_is_never_cut_is_named(home, client):
    live(home)
    log = home.config.database.with_name("station.db-wal")
    size = log.stat().st_size
    os.truncate(log, health.MOST_LOG_BYTES + 1)
    try:
        assert checks(client)["log"]["ok"] is False
    finally:
        os.truncate(log, size)
    assert checks(client)["log"]["ok"] is True


def test_a_log_that_somebody_holds_open_is_told_once_a_day_and_cut_when_it_is_let_go(home, watch, at_desk):
    watch.at(0)
    reader = StationDatabase(home.config.database)
    reader.conn.execute("BEGIN")
    reader.scalar("SELECT count(*) FROM station")
    with transaction(home.db):
        home.db.conn.execute("CREATE TABLE ballast (content BLOB)")
        home.db.conn.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [[1 << 20]] * 66)
    told = [message["text"] for message in watch.at(30)]
    assert len(told) == 3, "both secretaries and the operator"
    assert all("超过 64 MB" in text for text in told)
    assert watch.at(60) == []
    page = at_desk("duty").get("/desk", headers={"Accept": "text/html"}).text
    assert re.findall(r'data-guard="(\w+)"', page) == ["disk", "log", "clock"]
    reader.conn.execute("COMMIT")
    reader.close()
    for _ in range(2):  # the first copies it into the database, the second begins it anew
        with transaction(home.db):
            home.db.conn.execute("INSERT INTO ballast VALUES (x'00')")
    assert health.log_bytes(home.config) < health.MOST_LOG_BYTES / 2 + 1, "the limit in db.py"


def test_a_sender_that_beats_and_sends_nothing_is_named(home, wang, watch, client):
    live(home)
    scan(home, wang)
    watch.at(0)
    with transaction(home.db):
        late = clock.text(clock.utcnow() - timedelta(seconds=61))
        home.db.write("UPDATE alert SET state = 'pending', due_at = ?", late)
    assert checks(client)["alerts"]["ok"] is False


def test_a_clock_behind_the_records_is_named(home, client):
    live(home)
    with transaction(home.db):
        events.add(home.db, None, "test", actor="system", now=clock.utcnow() + timedelta(hours=1))
    assert checks(client)["clock"]["ok"] is False


def test_a_step_of_the_clock_is_written_down_and_named_for_a_while(home, wang, watch):
    watch.at(0)
    scan(home, wang)
    told = watch.at(3600, step=True)
    assert home.db.scalar("SELECT count(*) FROM repair WHERE kind = 'clock'") == 1
    assert "ladder" in by_kind(told), "the alarm goes out all the same"
    guards = [message["text"] for message in told if message["kind"] == "roster"]
    assert len(guards) == 3, "both secretaries and the operator"
    assert all("时钟跳动过" in text for text in guards)
    assert "roster" not in by_kind(watch.at(7200, step=True)), "once a day"
    looked = health.look(home.config, home.db, True, NOW + timedelta(seconds=7300))
    assert looked["clock"].ok is False
    assert health.look(home.config, home.db, True, NOW + timedelta(seconds=7900))["clock"].ok is True


# The sign of life


@pytest.fixture
def watcher() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def pinged(home: Home, watcher: Provider, gateway: Provider, now=NOW) -> Watch:
    config = replace(home.config, dead_man_url=f"{watcher.url}/ping/secret")
    watch = Watch(home, gateway, now)
    watch.sender.config = config
    return watch


def test_a_healthy_station_says_so_to_the_watcher_and_once_a_minute(home, wang, gateway, watcher):
    live(home)
    watch = pinged(home, watcher, gateway)
    watch.at(0)
    watch.at(0.5)
    watch.sender.pool.shutdown(wait=True)
    assert [(request.method, request.path) for request in watcher.requests] == [("GET", "/ping/secret")]


@pytest.mark.parametrize("trouble", ["jobs", "spool", "emergency"])
def test_the_sign_of_life_stops_when_something_is_wrong(home, wang, gateway, watcher, trouble):
    live(home)
    if trouble == "jobs":
        heartbeat.forget(home.config.beats, "jobs")
    elif trouble == "spool":
        (home.config.spool / "x.damaged").write_bytes(b"?")
    else:
        home.config.emergency_file.write_bytes(b"?")
    watch = pinged(home, watcher, gateway)
    watch.at(0)
    watch.sender.pool.shutdown(wait=True)
    assert watcher.requests == []


def test_a_watcher_that_fails_harms_nothing(home, wang, gateway, watcher):
    live(home)
    watcher.otherwise = respond(503)
    watch = pinged(home, watcher, gateway)
    watch.at(0)
    watch.sender.pool.shutdown(wait=True)
    assert len(watcher.requests) == 1


@pytest.mark.parametrize("url", ["ftp://x", "watcher.example/ping", "https://user:secret@example.cn"])
def test_a_watcher_s_address_that_is_none_stops_the_start_and_is_not_quoted(url):
    with pytest.raises(SettingError) as error:
        read({"STATION_DATA": "/srv", "STATION_BASE_URL": BASE, "STATION_DEAD_MAN_URL": url})
    assert url not in str(error.value)


def test_a_token_that_is_easily_guessed_stops_the_start():
    with pytest.raises(SettingError, match="STATION_METRICS_TOKEN"):
        read({"STATION_DATA": "/srv", "STATION_BASE_URL": BASE, "STATION_METRICS_TOKEN": "short"})


# /metrics


def test_the_token_or_the_operator_may_read_and_nobody_else(home, app, scraped):
    assert scrape(scraped).status_code == 200
    assert scrape(scraped, "another").status_code in (302, 401)
    assert scrape(scraped, "").status_code in (302, 401)
    assert Desk(app, "operator").get("/metrics").status_code == 200
    assert Desk(app, "duty").get("/metrics").status_code == 403


def test_without_a_token_in_the_settings_an_empty_one_opens_nothing(client):
    for shown in ("Bearer ", "", "Bearer"):
        got = client.get("/metrics", base_url=BASE, headers={"Authorization": shown})
        assert got.status_code in (302, 401)


def test_the_figures_follow_what_happens(home, wang, watch, gateway, scraped):
    gateway.otherwise = respond(503)
    incident = scan(home, wang)
    watch.at(0)
    gateway.otherwise = respond(200)
    watch.at(40)
    before = numbers(scrape(scraped).text)
    assert before['station_incidents_open{kind="live",state="alerting"}'] == 1
    assert before["station_unacted_seconds"] > 0
    assert before['station_attempts_total{channel="webhook",result="retry"}'] >= 4
    assert before['station_attempts_total{channel="webhook",result="ok"}'] >= 4
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW + timedelta(seconds=60))
    acts.move(
        home.db,
        home.vault,
        incident,
        Move("closed", 2, outcome="reunited"),
        by=DUTY,
        now=NOW + timedelta(seconds=90),
    )
    after = numbers(scrape(scraped).text)
    assert after["station_unacted_seconds"] == 0
    assert after['station_state_seconds_total{state="alerting"}'] == pytest.approx(60, abs=0.1)
    assert after['station_state_seconds_total{state="acked"}'] == pytest.approx(30, abs=0.1)
    assert after['station_state_left_total{state="acked"}'] == 1


def test_the_figures_hold_no_personal_data(home, wang, watch, scraped):
    scan(home, wang)
    watch.at(0)
    text = scrape(scraped).text
    for hidden in ("王", "phones", "19900000", wang.number, wang.token):
        assert hidden not in text
    assert set(re.findall(r'(\w+)="', text)) <= {"kind", "state", "channel", "result", "process"}


def test_the_figures_of_two_web_processes_are_the_same(home, wang, watch, scraped):
    """They are counted in the database, so it does not matter which process is asked."""
    scan(home, wang)
    watch.at(0)
    other = create_app(replace(home.config, metrics_token=TOKEN), home.ring)
    moving = ("silent", "unacted", "disk", "log_bytes", "late")
    one, two = (
        {
            name: value
            for name, value in numbers(scrape(client).text).items()
            if not any(m in name for m in moving)
        }
        for client in (scraped, other.test_client())
    )
    assert one == two
