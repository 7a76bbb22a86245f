"""A drill: the whole chain by the real channels, marked as one everywhere, with the seconds of each link."""

from datetime import timedelta

import pytest
from conftest import NOW, Home
from watch import by_kind

from station import seal
from station.db import transaction
from station.incidents import acts
from station.issuing import orders, records
from station.selfwatch import drills
from station.selfwatch.drills import Plan

JSON = {"Accept": "application/json"}
DUTY, BACKUP, SECRETARY, SECRETARY2 = 2, 3, 4, 5
THURSDAY_TEN = timedelta(days=4, hours=7)  # NOW is Sunday, three in the morning


def start(home: Home, seconds: float = 0) -> int:
    return drills.start(home.db, home.vault, 1, by=DUTY, now=NOW + timedelta(seconds=seconds))


def test_every_message_of_a_drill_says_so_and_no_family_hears_of_it(home, watch, gateway):
    incident = start(home)
    watch.at(0)
    watch.at(100)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(110)
    watch.at(250)
    messages = [request.json() for request in gateway.requests]
    assert {message["kind"] for message in messages} == {"drill"}
    assert [message["text"] for message in messages if "演练" not in message["text"]] == []
    assert len(messages) > 6
    assert not [request.path for request in gateway.requests if "/contact/" in request.path]
    assert {f"/staff/{one}" for one in (DUTY, BACKUP, SECRETARY, SECRETARY2)} <= {
        r.path for r in gateway.requests
    }


def test_a_drill_tells_the_seconds_of_each_link_and_who_was_silent(home, watch):
    incident = start(home)
    watch.at(2)
    watch.at(95)
    acts.seen(home.db, incident, by=BACKUP, now=NOW + timedelta(seconds=98))
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW + timedelta(seconds=100))
    watch.at(100)
    [went] = drills.newest(home.db, 1)
    assert (went.planned_s, went.tried_s, went.taken_s) == (2, 2, 2)
    assert (went.seen_s, went.claimed_s) == (98, 100)
    assert {one.staff_id: one.answered_s for one in went.people}[BACKUP] == 98
    assert set(went.silent) == {SECRETARY, SECRETARY2}


def test_a_drill_ends_by_itself_after_the_claim(home, watch):
    incident = start(home)
    watch.at(5)
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW + timedelta(seconds=10))
    watch.at(125)
    assert home.db.scalar("SELECT state FROM incident WHERE id = ?", incident) == "acked"
    assert by_kind(watch.at(131))["drill"] > 0, "whoever was told hears that it is over"
    row = home.db.row("SELECT * FROM incident WHERE id = ?", incident)
    assert (row["state"], row["outcome"]) == ("closed", "drill")
    assert drills.newest(home.db, 1)[0].ended_at is not None
    assert watch.at(1000) == []


def test_a_drill_that_nobody_answers_climbs_the_ladder_once_and_says_so(home, watch):
    start(home)
    for seconds in (0, 46, 91, 151, 301, 415):
        watch.at(seconds)
    assert drills.newest(home.db, 1)[0].ended_at is None
    watch.at(421)
    [went] = drills.newest(home.db, 1)
    assert went.ended_at is not None
    assert went.claimed_s is None
    assert set(went.silent) >= {DUTY, BACKUP, SECRETARY, SECRETARY2}
    assert all(one.taken_s is not None for one in went.people)


def test_a_real_incident_comes_first(home, wang, watch, client, at_desk):
    client.post(f"{wang.path}/scans", json={"act": "with_elder"})
    desk = at_desk("duty")
    refused = desk.post("/desk/drills", json={}, headers=JSON)
    assert refused.status_code == 409
    page = desk.post("/desk/drills", data={"csrf_token": desk.token}, headers={"Accept": "text/html"})
    assert page.status_code == 409
    assert 'role="alert"' in page.text
    assert home.db.scalar("SELECT count(*) FROM drill") == 0


def test_a_press_starts_a_drill_and_the_desk_shows_how_it_goes(home, watch, at_desk):
    desk = at_desk("secretary")
    incident = int(desk.post("/desk/drills", json={}, headers=JSON).get_json()["incident"])
    assert desk.post("/desk/drills", json={}, headers=JSON).status_code == 409, "one at a time"
    assert desk.get(f"/desk/incidents/{incident}", headers=JSON).get_json()["kind"] == "drill"
    page = desk.get(f"/desk/incidents/{incident}", headers={"Accept": "text/html"}).text
    assert "演练" in page
    shown = desk.get("/desk/drills", headers=JSON).get_json()["drills"][0]
    assert shown["incident"] == str(incident)
    assert shown["claimed_s"] is None


def test_the_link_of_a_drill_takes_a_press_that_only_says_it_came(home, watch, client):
    incident = start(home)
    watch.at(0)
    token = seal.derived_token(home.ring, "link", f"{incident}|staff|{SECRETARY}")
    assert client.get(f"/drill/{token}").location == f"/go/{token}", (
        "an approved text has one address for drills"
    )
    assert "演练" in client.get(f"/go/{token}").text
    assert client.post(f"/go/{token}", data={"slot": "heard"}).status_code == 303
    assert home.db.scalar("SELECT state FROM incident WHERE id = ?", incident) == "alerting"
    assert SECRETARY not in drills.newest(home.db, 1)[0].silent


def test_that_press_is_refused_where_somebody_is_really_lost(home, wang, watch, client):
    client.post(f"{wang.path}/scans", json={"act": "with_elder"})
    watch.at(0)
    token = seal.derived_token(home.ring, "link", f"1|staff|{DUTY}")
    assert client.post(f"/go/{token}", data={"slot": "heard"}).status_code == 422


def test_the_drill_badge_drills_by_a_scan_too_and_never_once_an_elder_wears_it(home, wang, watch, client):
    badge_id = drills.badge_of(home.db, home.vault, 1, by=DUTY, now=NOW)
    badge = records.get(home.db, badge_id)
    path = f"/{seal.badge_token(home.ring, badge.station, badge.serial, badge.key_digit)}"
    client.post(f"{path}/scans", json={"act": "with_elder"})
    assert home.db.scalar("SELECT kind FROM incident") == "drill"
    watch.at(1)
    assert len(drills.newest(home.db, 1)) == 1
    acts.end_drill(home.db, 1, NOW)
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'made' WHERE id = ?", badge_id)
        orders.bind(home.db, home.vault, wang.id, badge.number, station=1, by=1, now=NOW)
    client.post(f"{path}/scans", json={"act": "with_elder"})
    assert home.db.scalar("SELECT kind FROM incident ORDER BY id DESC LIMIT 1") == "live"
    assert drills.badge_of(home.db, home.vault, 1, by=DUTY, now=NOW) != badge_id


def test_the_weekly_drill_starts_at_its_time_once(home, watch, at_desk):
    desk = at_desk("secretary")
    assert (
        desk.post("/desk/drills/plan", json={"weekday": "3", "at": "10:00"}, headers=JSON).status_code == 200
    )
    assert desk.get("/desk/drills", headers=JSON).get_json()["plan"] == {"weekday": 3, "at": "10:00"}
    home_time = THURSDAY_TEN.total_seconds()
    drills.set_plan(home.db, home.vault, 1, Plan(3, 600), by=SECRETARY, now=NOW)
    watch.at(home_time - 60)
    assert home.db.scalar("SELECT count(*) FROM drill") == 0
    watch.at(home_time + 1)
    assert home.db.scalar("SELECT count(*) FROM drill") == 1
    watch.at(home_time + 500)
    watch.at(home_time + 1000)
    assert home.db.scalar("SELECT count(*) FROM drill") == 1
    assert drills.newest(home.db, 1)[0].by_schedule


def test_a_weekly_drill_that_was_missed_for_hours_is_not_made_up_for(home, watch):
    drills.set_plan(home.db, home.vault, 1, Plan(3, 600), by=SECRETARY, now=NOW)
    watch.at(THURSDAY_TEN.total_seconds() + 2 * 3600)
    assert home.db.scalar("SELECT count(*) FROM drill") == 0


@pytest.mark.parametrize(
    "sent", [{"weekday": "7", "at": "10:00"}, {"weekday": "1", "at": "25:00"}, {"weekday": "1"}]
)
def test_a_time_that_is_none_is_refused(home, at_desk, sent):
    assert at_desk("operator").post("/desk/drills/plan", json=sent, headers=JSON).status_code == 422
    assert home.db.scalar("SELECT count(*) FROM drill_plan") == 0


def test_the_weekly_report_goes_to_the_secretaries_alone(home, watch, gateway):
    incident = start(home)
    watch.at(5)
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW + timedelta(seconds=10))
    watch.at(200)
    before = len(gateway.requests)
    monday_nine = timedelta(days=1, hours=6).total_seconds()
    watch.at(monday_nine + 5)
    reports = [request for request in gateway.requests[before:] if request.json()["kind"] == "report"]
    assert {request.path for request in reports} == {f"/staff/{SECRETARY}", f"/staff/{SECRETARY2}"}
    assert "10" in reports[0].json()["text"]
    watch.at(monday_nine + 100)
    assert sum(request.json()["kind"] == "report" for request in gateway.requests) == 2, "once a week"
