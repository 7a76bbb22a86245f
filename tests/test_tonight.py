"""Is tonight covered? Every evening at eight, and whenever somebody asks: green, or a list of what to mend."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from conftest import NOW, Home, Wearer
from provider import Provider
from sending import certificate
from watch import Watch, connect

from station import addresses, clock, communities, duty, heartbeat, safekeeping
from station.channels import beacon
from station.cli.main import main
from station.config import WEB_PROCESSES
from station.db import transaction
from station.incidents import urgency
from station.selfwatch import health, outside, tonight
from station.selfwatch.tonight import Asked

__all__ = ["certificate"]

PAGE, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
EIGHT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # in the evening, in Jilin
DUTY, BACKUP, SECRETARY, SECRETARY2 = 2, 3, 4, 5
PROCESSES = (*(f"web-{n}" for n in range(1, WEB_PROCESSES + 1)), "sender", "jobs", "photos")


def look(home: Home, now: datetime = EIGHT) -> tonight.Look:
    config = home.config
    return tonight.look(home.db, Asked(config, 1, health.look(config, home.db, True, now), now))


def wrong(home: Home, now: datetime = EIGHT) -> set[str]:
    return {item.code for item in look(home, now).items if item.state == "mend"}


@pytest.fixture
def covered(home: Home, gateway: Provider, tmp_path) -> Home:
    """Everything is as it should be."""
    home.config.beats.mkdir(exist_ok=True)
    for name in PROCESSES:
        heartbeat.beat(home.config.beats, name)
    connect(home, gateway, EIGHT)
    with transaction(home.db):
        second = home.db.insert(
            "channel", uid="second", station=1, kind="webhook", label="second", settings=b"?"
        )
        ids = [
            addresses.add(home.db, home.vault, channel_id=second, destination="x", staff_id=one)
            for one in (DUTY, BACKUP)
        ]
        ids += [row["id"] for row in home.db.rows("SELECT id FROM address WHERE channel_id <> ?", second)]
        for one in ids:
            home.db.insert(
                "alert", uid=f"u{one}", dedup=f"d{one}", kind="roster", address_id=one, state="accepted",
                due_at=clock.text(EIGHT), created_at=clock.text(EIGHT), accepted_at=clock.text(EIGHT),
            )  # fmt: skip
        urgency.set_climate(home.db, 1, urgency.JILIN)
    safekeeping.back_up(home.config, home.ring, tmp_path / "backups", EIGHT - timedelta(hours=5))
    tonight.note_hotline(home.db, 1, by=DUTY, now=EIGHT - timedelta(days=1))
    return home


def test_all_that_is_in_order_is_green(covered):
    found = look(covered)
    assert wrong(covered) == set()
    assert found.good
    unknown = {item.code for item in found.items if item.state == "unknown"}
    assert unknown == {"certificate_unknown", "domain_unknown", "no_drill"}, "what cannot be asked is said"
    assert {one.staff_id for one in found.people} == {DUTY, BACKUP}


def test_a_hole_in_the_roster_is_told_with_its_minutes(covered):
    shifts = [duty.Shift(DUTY, day, 0, 1380, "on_duty") for day in range(7)]
    duty.replace_roster(covered.db, 1, shifts)
    [item] = [item for item in look(covered).items if item.state == "mend"]
    assert (item.code, item.values) == ("roster", {"minutes": 60})


def test_who_cannot_surely_be_reached_is_counted(covered):
    with transaction(covered.db):
        covered.db.write("UPDATE channel SET active = 0 WHERE label = 'second'")
    [item] = [item for item in look(covered).items if item.state == "mend"]
    assert (item.code, item.values) == ("reach", {"count": 2})


def test_a_delivery_of_last_month_proves_nothing(covered):
    assert "reach" in wrong(covered, EIGHT + timedelta(days=31))


@pytest.mark.parametrize(
    ("later", "code"), [(timedelta(hours=22), "backup"), (timedelta(days=6, hours=1), "hotline")]
)
def test_what_grows_old_is_to_be_mended(covered, later, code):
    assert code in wrong(covered, EIGHT + later)


def test_without_any_backup_or_test_call_that_is_said(home):
    assert {"no_backup", "hotline", "reach"} <= wrong(home)


def test_a_silent_machine_is_named(covered):
    heartbeat.forget(covered.config.beats, "jobs")
    [item] = [item for item in look(covered).items if item.state == "mend"]
    assert (item.code, item.values) == ("machine", {"check": "jobs"})


@pytest.mark.parametrize(("days", "state"), [(60, "good"), (13, "mend"), (-1, "mend")])
def test_the_certificate_counts_as_it_was_seen_last(covered, days, state):
    with transaction(covered.db):
        key = f"certificate {covered.config.host}"
        covered.db.insert("meta", key=key, value=clock.text(EIGHT + timedelta(days=days)))
    assert {item.code: item.state for item in look(covered).items}["certificate"] == state


def test_the_end_of_a_real_certificate_is_read(certificate):
    with Provider(certificate) as server:
        assert beacon.certificate_until("localhost", server.port, str(certificate)) == datetime(
            2120, 1, 1, tzinfo=UTC
        )
        assert beacon.certificate_until("localhost", server.port) is None, "nobody vouches for it"


def test_at_eight_it_goes_out_to_duty_and_secretaries_once_a_day(home, wang: Wearer, gateway):
    connect(home, gateway, NOW)
    watch = Watch(home, gateway, EIGHT - timedelta(minutes=1))
    watch.at(0)
    assert gateway.requests == []
    watch.at(61)
    told = [request for request in gateway.requests if request.json()["kind"] == "tonight"]
    assert {request.path for request in told} == {f"/staff/{one}" for one in (DUTY, SECRETARY, SECRETARY2)}
    assert "今晚还没有保障" in told[0].json()["text"]
    assert told[0].json()["url"].endswith("/desk/tonight")
    watch.at(3600)
    watch.restart()
    watch.at(7200)
    assert sum(request.json()["kind"] == "tonight" for request in gateway.requests) == 3
    watch.at(24 * 3600 + 61)
    assert sum(request.json()["kind"] == "tonight" for request in gateway.requests) == 6


def test_a_demonstration_has_no_evening(home, gateway):
    connect(home, gateway, NOW)
    watch = Watch(home, gateway, EIGHT)
    watch.sender.config = replace(home.config, demo=True)
    watch.at(0)
    assert gateway.requests == []


def test_the_page_shows_names_and_the_message_none(covered, gateway, at_desk):
    desk = at_desk("duty")
    page = desk.get("/desk/tonight", headers=PAGE).text
    assert "王强" in page
    assert desk.post("/desk/tonight", data={"csrf_token": desk.token}, headers=PAGE).status_code == 303
    watch = Watch(covered, gateway, clock.utcnow())
    watch.at(1)
    text = [r.json()["text"] for r in gateway.requests if r.json()["kind"] == "tonight"][0]
    assert "王强" not in text


def test_the_press_after_a_test_call_counts(home, at_desk):
    desk = at_desk("secretary")
    states = lambda got: {item["code"]: item["state"] for item in got.get_json()["items"]}  # noqa: E731
    assert states(desk.get("/desk/tonight", headers=JSON))["hotline"] == "mend"
    assert states(desk.post("/desk/tonight/hotline", json={}, headers=JSON))["hotline"] == "good"


def test_the_command_says_the_same_and_ends_with_its_verdict(home):
    environ = {
        "STATION_DATA": str(home.config.data_dir),
        "STATION_KEYRING": str(home.config.keyring),
        "STATION_BASE_URL": home.config.base_url,
    }
    result = CliRunner().invoke(main, ["tonight"], env=environ)
    assert result.exit_code == 1
    assert "MEND  Backup: No backup has been made: make one." in result.output
    assert result.output.splitlines()[-1] == "Tonight is not covered yet."
    CliRunner().invoke(main, ["tonight", "--send"], env=environ)
    assert home.db.scalar("SELECT count(*) FROM bulletin") == 1


def test_a_bulletin_keeps_no_name(covered):
    tonight.post(covered.db, Asked(covered.config, 1, {}, EIGHT + timedelta(days=40)), by=DUTY)
    content = covered.db.scalar("SELECT content FROM bulletin")
    assert '"reach"' in content
    for row in ("王强", "赵军", communities.station(covered.db, 1).name):
        assert row not in content


def test_a_press_lets_the_job_process_ask_for_the_certificate(home, at_desk):
    """Nothing answers at the address of the tests, and that is to be mended."""
    assert at_desk("operator").post("/desk/tonight/ask", json={}, headers=JSON).status_code == 200
    nowhere = replace(home.config, base_url="https://127.0.0.1")
    outside.ask_due(home.db, home.vault, nowhere, EIGHT)
    outside.ask_due(home.db, home.vault, home.config, EIGHT)  # asked once for one press
    found = tonight.look(home.db, Asked(nowhere, 1, {}, EIGHT))
    assert {item.code: item.state for item in found.items}["certificate"] == "mend"
    assert home.db.scalar("SELECT count(*) FROM meta WHERE key LIKE 'certificate%'") == 1


def test_one_that_is_asked_for_goes_out_besides_the_one_of_the_evening(home, gateway, at_desk):
    connect(home, gateway, NOW)
    watch = Watch(home, gateway, EIGHT)
    watch.at(1)
    evening = len(gateway.requests)
    tonight.post(home.db, Asked(home.config, 1, {}, EIGHT + timedelta(seconds=60)), by=DUTY)
    tonight.post(home.db, Asked(home.config, 1, {}, EIGHT + timedelta(seconds=90)), by=None)
    watch.at(100)
    assert len(gateway.requests) == 2 * evening
