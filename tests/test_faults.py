"""What breaks around a running station: providers, the database file, the disk, the clock."""

import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import crowd
import pytest
import requests
from conftest import NOW, Home, Wearer
from provider import Provider, hang, mixture, reset, respond, swallow
from running import ROOT, Running, wait_for
from sightings import incident
from watch import Watch, connect

from station import processes, spool
from station.communities import Policy
from station.db import transaction
from station.incidents.intake import Report
from station.issuing import records


def scan_new_badges(station: Running, count: int) -> dict[str, tuple[int, dict]]:
    """So many reports of as many badges, by request id."""
    answers = {}
    for n in range(count):
        request_id = uuid.uuid4().hex
        path = crowd.badge_path(station.data, 100 + n) + "/scans"
        answers[request_id] = crowd.post(
            station.base_url, path, {"act": "with_elder", "request_id": request_id, "place": "江边"}
        )
    return answers


@pytest.fixture(scope="module")
def outside() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def station(outside: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A station for the faults that leave it whole."""
    with crowd.start(tmp_path_factory.mktemp("faults") / "data", "--webhook", outside.url) as running:
        yield running


def test_no_alert_is_lost_to_a_provider_that_fails_in_every_way(station, outside) -> None:
    faults = {respond(503): 3, reset(): 2, hang(0.3): 1, swallow(0.3): 1, respond(429, Retry_After="1"): 1}
    outside.otherwise = mixture(faults, seed=1)
    answers = scan_new_badges(station, 5)
    tried = {request.json()["id"] for request in outside.wait_for(12)}
    outside.otherwise = respond(200)
    wait_for(lambda: not crowd.untold(station.data, crowd.ids(outside.taken())))
    taken = [request.json() for request in outside.taken() if request.behaviour == "200"]
    assert crowd.lost(station.data, answers) == []
    again = [message for message in taken if message["id"] in tried]
    assert again, "a retry keeps its id"
    assert max(message["attempt"] for message in again) >= 2


def test_an_address_that_is_gone_for_good_is_recorded_as_failed(station, outside) -> None:
    outside.otherwise = respond(410)
    assert station.scan(5, act="with_elder").status_code == 201
    with crowd.disk(station.data) as (db, _):
        failed = "SELECT last_detail FROM alert WHERE kind = 'notice' AND state = 'failed'"
        details = wait_for(lambda: db.rows(failed))
    assert all(row["last_detail"] for row in details)


def test_a_removed_database_costs_neither_hotline_nor_report_nor_alarm(tmp_path: Path) -> None:
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        database, away = station.data / "station.db", tmp_path / "away.db"
        page = station.elders[0]["scan_url"]
        database.rename(away)
        shown = requests.get(page, timeout=30)
        assert shown.status_code == 200
        assert "0432-62012345" in shown.text
        told = station.scan(0, act="hurt", request_id="while-it-was-gone", place="江边")
        assert told.status_code == 202
        first = provider.wait_for(1)[0].json()
        assert "江边" in first["text"]
        # Both on duty and on backup have one webhook address here: a second round would show as a third message.
        wait_for(lambda: len(provider.requests) >= 2)
        time.sleep(2.5)
        assert len(provider.requests) == 2, "told again and again"
        assert len({request.json()["id"] for request in provider.requests}) == 2, "one id for two people"
        assert not database.exists(), "an empty database was made in its place"
        away.rename(database)
        wait_for(lambda: not list((station.data / "spool").glob("*.report")))
        wait_for(lambda: not crowd.untold(station.data, crowd.ids(provider.taken())))
        with crowd.disk(station.data) as (db, _):
            assert db.rows("SELECT act, spooled FROM scan") == [{"act": "hurt", "spooled": 1}]
            assert db.scalar("SELECT count(*) FROM incident") == 1
        assert requests.get(page, timeout=30).status_code == 200


def test_when_no_file_can_grow_reports_wait_in_the_spool_and_duty_hears(tmp_path: Path) -> None:
    """As on a full disk, every write that would make the database longer fails; files of a few kB still fit."""
    with Provider() as provider, crowd.start(tmp_path / "data", "--webhook", provider.url) as station:
        set_largest_file(station, 8192)
        answers = scan_new_badges(station, 6)
        assert {status for status, _ in answers.values()} == {202}
        assert crowd.lost(station.data, answers) == []
        # Two officers are on duty; each hears of each report in a message of their own.
        wait_for(lambda: len({request.json()["id"] for request in provider.requests}) == 2 * 6)
        assert len(station.children()) == len(processes.NAMES)
        set_largest_file(station, resource.RLIM_INFINITY)
        wait_for(lambda: not list((station.data / "spool").glob("*.report")))
        wait_for(lambda: not crowd.untold(station.data, crowd.ids(provider.taken())))
        with crowd.disk(station.data) as (db, _):
            assert db.scalar("PRAGMA integrity_check") == "ok"
            assert db.scalar("SELECT count(*) FROM scan") == db.scalar("SELECT count(*) FROM incident") == 6


def set_largest_file(station: Running, size: int) -> None:
    for pid in station.children().values():
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))


# The clock, with a sender whose `now` the test drives. ------------------------------------------------------


@pytest.fixture
def watch(home: Home, wang: Wearer, gateway: Provider) -> Watch:
    """Everybody's phone, and a ladder that is at its end after 0.3 s and repeats every half second."""
    connect(home, gateway, NOW)
    with transaction(home.db):
        quick = Policy(steps=Policy().scaled(1000).steps, repeat_s=0.5)
        home.db.write("UPDATE station SET policy = ?", quick.dump())
    return Watch(home, gateway, NOW)


def rings(watch: Watch, seconds: float) -> int:
    """How many rings go out in one look when the machine's clock shows this."""
    return len([message for message in watch.at(seconds) if message["kind"] == "ladder"])


@pytest.mark.parametrize("step", [-3600, 3600], ids=["back", "forward"])
def test_a_clock_step_of_an_hour_does_not_silence_the_ladder(home, wang, watch, step) -> None:
    incident(home, records.get(home.db, wang.badge_id).serial)
    assert rings(watch, 0)
    time.sleep(0.5)  # the ladder has come to its end by the machine's own count
    assert rings(watch, 0.5)
    for seconds in (1.05, 1.6):
        time.sleep(0.55)
        assert rings(watch, step + seconds), "silent after the step"
    for seconds in (2.15, 2.7):
        time.sleep(0.55)
        assert rings(watch, seconds), "silent after the clock was set right"


def test_a_sender_that_restarts_after_a_step_back_goes_on_ringing(home, wang, watch) -> None:
    incident(home, records.get(home.db, wang.badge_id).serial)
    for half_seconds in range(12):
        assert rings(watch, half_seconds / 2)
    watch.at(-3600)
    watch.restart()
    watch.at(-3600)
    time.sleep(0.55)
    assert rings(watch, -3600), "the ladder began anew and is silent until it comes to where it was"


def test_a_retry_does_not_wait_out_a_step_back(home, wang, watch, gateway) -> None:
    gateway.otherwise = respond(503)
    incident(home, records.get(home.db, wang.badge_id).serial)
    assert watch.at(0)
    gateway.otherwise = respond(200)
    notices = [message for message in watch.at(-3600) if message["kind"] == "notice"]
    assert notices
    assert all(message["attempt"] == 2 for message in notices)
    assert home.db.scalar("SELECT count(*) FROM alert WHERE kind = 'notice' AND state <> 'accepted'") == 0


# A defect in one place. --------------------------------------------------------------------------------------


def test_one_broken_incident_does_not_silence_the_others(home, wang, watch, gateway) -> None:
    broken, sound = incident(home, 71), incident(home, 72)
    with transaction(home.db):
        home.db.write("UPDATE incident SET policy = 'no policy' WHERE id = ?", broken)
    told = {message["incident"] for message in watch.at(0)}
    assert str(sound) in told


def test_one_incident_without_a_free_code_does_not_silence_the_others(home, wang, watch, caplog) -> None:
    full, sound = incident(home, 73), incident(home, 74)
    with transaction(home.db):  # as if all its codes belonged to other open incidents
        home.db.write(
            f"CREATE TRIGGER no_code BEFORE INSERT ON claim_code WHEN NEW.incident_id = {full} "
            "BEGIN SELECT RAISE(IGNORE); END"
        )
    assert {message["incident"] for message in watch.at(0)} == {str(sound)}
    assert f"what incident {full} calls for cannot be written" in caplog.text
    with transaction(home.db):
        home.db.write("DROP TRIGGER no_code")
    assert str(full) in {message["incident"] for message in watch.at(1)}


def test_a_report_that_cannot_be_imported_does_not_hold_up_the_others(home, wang, watch) -> None:
    home.config.spool.mkdir(exist_ok=True)
    for act, name in (("unheard of", "broken"), ("with_elder", "sound")):
        report = Report(f"{name}-request", act)
        spool.write(home.config.spool, home.ring, report, station=1, serial=5, source=b"", now=NOW)
        time.sleep(0.01)  # they are imported in the order in which they came
    assert watch.at(1)
    assert home.db.scalar("SELECT count(*) FROM scan") == 1
    assert len(list(home.config.spool.glob("*.damaged"))) == 1
    assert not list(home.config.spool.glob("*.report"))


FILL_THE_DISK = """
import os, sys, pathlib, subprocess
from datetime import UTC, datetime
from station import seal, spool
from station.incidents.intake import Report
small = pathlib.Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", small], check=True)
ring, folder = seal.new_keyring(), small / "spool"
spool.prepare(folder)
ball = os.open(small / "ball", os.O_WRONLY | os.O_CREAT)
try:
    while os.write(ball, bytes(4096)):
        pass
except OSError as full:
    print(full.strerror)
for n in range(50):
    report = Report(f"request-{n}", "with_elder", note="长" * 500, phone="1" * 30)
    spool.write(folder, ring, report, station=1, serial=n, source=b"", now=datetime(2026, 11, 21, tzinfo=UTC))
spool.prepare(folder)
print(len(list(spool.waiting(folder, ring))))
"""


@pytest.mark.soak
def test_a_disk_without_a_free_block_still_takes_reports(tmp_path: Path) -> None:
    """On a real file system of 2 MB, which needs a kernel that lets users mount one for themselves."""
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        sys.executable,
        "-c",
        FILL_THE_DISK,
        tmp_path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=True)
    assert done.stdout.split("\n")[-3:] == ["No space left on device", "50", ""]
