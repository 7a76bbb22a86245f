"""In the cold and with a life-critical note alarms ring faster, and the desk says why; who is lost again is flagged."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import NOW, WANG, Home, Wearer, enrol
from watch import Watch, connect

from station import clock, elders
from station.cli.main import main
from station.communities import Policy
from station.db import transaction
from station.errors import Invalid
from station.incidents import reports, urgency
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.incidents.urgency import JILIN, Month
from station.issuing import records

PAGE, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
JANUARY_NIGHT = datetime(2027, 1, 14, 19, 0, tzinfo=UTC)
MAY_NOON = datetime(2027, 5, 14, 4, 0, tzinfo=UTC)
BACKUP = 3


@pytest.fixture
def jilin(home: Home) -> Home:
    with transaction(home.db):
        urgency.set_climate(home.db, 1, JILIN)
    return home


def scan(home: Home, wearer: Wearer, now: datetime) -> int:
    badge = records.get(home.db, wearer.badge_id)
    report = Report(f"r{now.timestamp()}", "with_elder")
    return reports.report(home.db, home.vault, Door(1, badge.serial), report, now).incident_id


def policy(home: Home, incident: int) -> Policy:
    return Policy.load(home.db.scalar("SELECT policy FROM incident WHERE id = ?", incident))


def careful(home: Home) -> Wearer:
    """An elder with diabetes whose family lets helpers see that in need."""
    form = replace(WANG, name="刘桂芝", consents=(*WANG.consents, "health_notes", "page_flags"))
    return enrol(home, form, "form-careful")


@pytest.mark.parametrize(
    ("degrees", "notes", "minutes"),
    [(20, False, 480), (20, True, 240), (10, False, 240), (0, False, 120), (-10, False, 60), (-23, False, 30), (-23, True, 15),
     (28, False, 240), (33, False, 60), (15, False, 240), (-15, False, 30)],
)  # fmt: skip
def test_cold_heat_and_a_note_leave_less_time(degrees, notes, minutes):
    assert urgency.minutes_outside(degrees, notes=notes) == minutes


def test_a_winter_night_makes_the_ladder_three_times_as_fast(jilin, wang):
    usual, fast = Policy(), policy(jilin, scan(jilin, wang, JANUARY_NIGHT))
    assert [step.after_s for step in fast.steps] == [step.after_s / 3 for step in usual.steps]
    assert [step.who for step in fast.steps] == [step.who for step in usual.steps]
    assert fast.repeat_s == usual.repeat_s / 3
    assert (fast.going_within_s, fast.minute_s) == (usual.going_within_s, usual.minute_s)


def test_the_phones_really_ring_earlier(jilin, wang, gateway):
    connect(jilin, gateway, JANUARY_NIGHT)
    watch = Watch(jilin, gateway, JANUARY_NIGHT)
    scan(jilin, wang, JANUARY_NIGHT)
    watch.at(0)
    watch.at(16)
    marks = len(gateway.requests)
    watch.at(31)
    assert {request.path for request in gateway.requests[marks:]} == {f"/staff/{BACKUP}"}


def test_a_mild_noon_changes_nothing(jilin, wang):
    assert policy(jilin, scan(jilin, wang, MAY_NOON)) == Policy()
    assert jilin.db.scalar("SELECT count(*) FROM event WHERE kind = 'urgent'") == 0


def test_without_a_table_nothing_changes(home, wang):
    assert policy(home, scan(home, wang, JANUARY_NIGHT)) == Policy()


def test_a_note_counts_only_with_the_family_s_consent(jilin, wang):
    """王秀兰 has diabetes too, but her family has not agreed that anybody is told."""
    evening = datetime(2027, 10, 14, 14, 0, tzinfo=UTC)  # one degree
    assert policy(jilin, scan(jilin, wang, evening)).repeat_s == 120 / 1.5
    assert policy(jilin, scan(jilin, careful(jilin), evening)).repeat_s == 120 / 2


def test_what_was_frozen_stays_when_the_table_changes(jilin, wang):
    incident = scan(jilin, wang, JANUARY_NIGHT)
    before = policy(jilin, incident)
    with transaction(jilin.db):
        urgency.set_climate(jilin.db, 1, tuple(Month(20, 22) for _ in range(12)))
    assert policy(jilin, incident) == before


def test_the_desk_says_why_and_names_no_illness(jilin, at_desk):
    incident = scan(jilin, careful(jilin), JANUARY_NIGHT)
    desk = at_desk("duty")
    shown = desk.get(f"/desk/incidents/{incident}", headers=JSON).get_json()["urgency"]
    assert (shown["factor"], shown["minutes"], shown["degrees"]) == (3, 15, -23)
    assert "-23" in shown["why"]
    live = desk.get(f"/desk/incidents/{incident}?part=live", headers=PAGE).text
    assert shown["why"] in live
    assert "糖尿病" not in live
    stored = jilin.db.scalar("SELECT detail FROM event WHERE kind = 'urgent'")
    assert stored == "3 15 -23 notes"


def test_an_incident_opens_even_when_the_record_is_erased(jilin, wang):
    jilin.vault.destroy(f"elder/{elders.uid_of(jilin.db, wang.id)}", NOW)
    assert scan(jilin, wang, JANUARY_NIGHT)


@pytest.mark.parametrize("months", [JILIN[:11], (*JILIN[:11], Month(10, -10)), (*JILIN[:11], Month(-80, 0))])
def test_an_impossible_table_is_refused(home, months):
    with pytest.raises(Invalid), transaction(home.db):
        urgency.set_climate(home.db, 1, months)
    assert urgency.climate(home.db, 1) == ()


def test_the_file_of_the_roster_brings_the_table(home, tmp_path, monkeypatch):
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    file = tmp_path / "station.json"
    table = [[n, n + 5] for n in range(-12, 0)]
    for given, wanted in ((table, Month(-12, -7)), ("jilin", JILIN[0])):
        file.write_text(json.dumps({"stations": [{"number": 1, "temperatures": given}]}))
        main(["roster", "load", str(file)], standalone_mode=False)
        assert urgency.climate(home.db, 1)[0] == wanted


def lost(home: Home, elder_id: int, days_ago: int, **more) -> None:
    at = clock.text(clock.utcnow() - timedelta(days=days_ago))
    row = {"state": "closed", "outcome": "reunited", "kind": "live"} | more
    with transaction(home.db):
        home.db.insert(
            "incident", station=1, elder_id=elder_id, source="scan", opened_at=at, ring_since=at,
            closed_at=at, policy=Policy().dump(), **row,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "flagged"),
    [((10, 80), True), ((10, 100), False), ((10, 200, 360), True), ((100, 200, 370), False), ((5,), False)],
)
def test_who_is_lost_again_and_again_is_flagged(home, wang, at_desk, days, flagged):
    for day in days:
        lost(home, wang.id, day)
    page = at_desk("worker").get(f"/elders/{wang.id}", headers=PAGE).text
    assert ("多次走失" in page) is flagged


def test_the_flag_stands_on_the_desk_with_the_open_incident(home, wang, client, at_desk):
    lost(home, wang.id, 30)
    client.post(f"{wang.path}/scans", json={"act": "with_elder"})
    desk = at_desk("duty")
    assert "多次走失" in desk.get("/desk", headers=PAGE).text
    incident = home.db.scalar("SELECT max(id) FROM incident")
    assert desk.get(f"/desk/incidents/{incident}", headers=JSON).get_json()["repeats"] == {
        "in_90_days": 2, "in_a_year": 2,
    }  # fmt: skip
    assert "多次走失" not in at_desk("operator").get("/desk", headers=PAGE).text


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "false_alarm"},
        {"outcome": "tag_only"},
        {"outcome": "drill", "kind": "drill"},
        {"kind": "drill"},
    ],
)
def test_false_alarms_and_drills_do_not_count(home, wang, at_desk, more):
    for day in (10, 20, 30):
        lost(home, wang.id, day, **more)
    assert "多次走失" not in at_desk("worker").get(f"/elders/{wang.id}", headers=PAGE).text
