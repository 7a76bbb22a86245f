"""How incidents ring: edited with a preview, frozen at the start, without end; and a broken policy never silences."""

import json
from dataclasses import replace

import pytest
from conftest import NOW, Home
from provider import Provider, respond
from test_alerting import scan
from test_roster_file import PLAN, instance, load  # noqa: F401 - the fixture of a founded instance
from watch import by_kind

from station import communities, duty
from station.communities import Policy, Step
from station.db import transaction
from station.incidents import acts
from station.incidents.acts import Move

DUTY, BACKUP, SECRETARY = 2, 3, 4
FORM = {
    "after0": "0", "who0": "on_duty", "after1": "60", "who1": "backup", "repeat_s": "90", "going_within": "5",
    "news_within": "15", "day": "1", "time": "03:00",
}  # fmt: skip


def rung(gateway: Provider, since: int = 0) -> set[str]:
    return {request.path for request in gateway.requests[since:] if request.json()["kind"] == "ladder"}


def stored(home: Home) -> Policy:
    return communities.station(home.db, 1).policy


def set_raw(home: Home, raw: dict) -> None:
    with transaction(home.db):
        home.db.write("UPDATE station SET policy = ?", json.dumps(raw))


def test_the_preview_says_who_rings_when_and_saves_nothing(home, watch, at_desk):
    before = stored(home)
    page = at_desk("secretary").post("/desk/policy", data=FORM | {"do": "preview"}).text
    told = page.split("周二 03:00：谁在什么时候响")[1].split("</ol>")[0]
    assert told.index("王强") < told.index("60 秒后") < told.index("赵军")
    assert "每 90 秒" in page
    assert stored(home) == before


def test_the_preview_of_a_step_without_anybody_names_the_next(home, watch, at_desk):
    duty.replace_roster(home.db, 1, duty.around_the_clock([DUTY]))
    page = at_desk("secretary").post("/desk/policy", data=FORM).text
    told = page.split("60 秒后")[1].split("</ol>")[0]
    assert "孙丽" in told, "the backup is empty and the last: everybody rings in its place"


def test_a_saved_policy_counts_for_new_incidents_and_not_for_open_ones(home, wang, watch, gateway, at_desk):
    scan(home, wang)
    assert at_desk("operator").post("/desk/policy", data=FORM | {"do": "save"}).status_code == 303
    saved = stored(home)
    assert saved.steps == (Step(0, "on_duty"), Step(60, "backup"))
    assert (saved.repeat_s, saved.going_within_s, saved.news_within_s) == (90, 300, 900)
    watch.at(0)
    marks = len(gateway.requests)
    watch.at(61)
    assert f"/staff/{BACKUP}" not in rung(gateway, marks), "the open one climbs as it began"


@pytest.mark.parametrize(
    "wrong",
    [
        {"who0": "", "who1": ""},
        {"after1": "0"},
        {"after0": "5"},
        {"after1": "soon"},
        {"after1": "nan"},
        {"after1": "1e9"},
        {"who1": "nobody"},
        {"repeat_s": "0"},
        {"going_within": "-1"},
    ],
)
def test_a_policy_that_could_not_ring_is_refused_with_its_reason(home, at_desk, wrong):
    before = stored(home)
    page = at_desk("secretary").post("/desk/policy", data=FORM | wrong | {"do": "save"})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert stored(home) == before


def test_a_file_without_steps_is_refused_with_its_reason(instance, tmp_path):  # noqa: F811
    plan = {"stations": [PLAN["stations"][0] | {"policy": {"steps": []}}]}
    status, said = load(tmp_path, plan)
    assert status == 1
    assert "at least one step" in said


@pytest.mark.parametrize(
    "steps", [[], [{"after_s": 0, "who": "the mayor"}], [{"after_s": -5, "who": "on_duty"}]]
)
def test_a_stored_policy_without_good_steps_rings_with_the_usual_ones(
    home, wang, watch, gateway, at_desk, steps
):
    set_raw(home, {"steps": steps})
    scan(home, wang)
    with transaction(home.db):
        home.db.write("UPDATE incident SET policy = ?", json.dumps({"steps": steps}))
    watch.at(0)
    watch.at(91)
    assert rung(gateway) >= {f"/staff/{DUTY}", f"/staff/{BACKUP}"}
    assert "无法呼叫" in at_desk("secretary").get("/desk/roster").text


def test_a_last_step_that_has_nobody_goes_on_with_everybody_for_ever(home, wang, watch, gateway):
    duty.replace_roster(home.db, 1, duty.around_the_clock([DUTY]))
    with transaction(home.db):
        communities.set_policy(home.db, 1, replace(Policy(), steps=(Step(0, "on_duty"), Step(60, "backup"))))
    scan(home, wang)
    watch.at(0)
    for ring in range(1, 30):
        marks = len(gateway.requests)
        watch.at(60 + 120 * ring)
        assert f"/staff/{SECRETARY}" in rung(gateway, marks), ring


def test_an_open_slot_keeps_ringing_the_others(home, wang, watch, gateway):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "on_site", by=DUTY, now=watch.now)
    marks = len(gateway.requests)
    messages = watch.at(91)
    assert rung(gateway, marks) == {f"/staff/{BACKUP}"}, "not who has a part already"
    text = next(m["text"] for m in messages if m["kind"] == "ladder")
    assert "联络家属" in text
    assert "还没人接" in text
    acts.claim(home.db, incident, "liaison", by=BACKUP, now=watch.now)
    assert by_kind(watch.at(200))["ladder"] == 0
    assert by_kind(watch.at(290))["ladder"] == 0


def test_an_open_slot_rings_on_while_the_other_is_on_the_way_and_stops_at_the_station(
    home, wang, watch, gateway
):
    incident = scan(home, wang).incident_id
    acts.claim(home.db, incident, "on_site", by=DUTY, now=NOW)
    for version, state in ((2, "going"), (3, "with_elder")):
        acts.move(home.db, home.vault, incident, Move(state, version), by=DUTY, now=NOW)
    watch.at(310)
    assert f"/staff/{SECRETARY}" in rung(gateway)
    acts.move(home.db, home.vault, incident, Move("at_station", 4), by=DUTY, now=watch.now)
    marks = len(gateway.requests)
    watch.at(800)
    assert rung(gateway, marks) == set()


def test_a_lone_officer_silences_it_by_taking_both(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "on_site", by=DUTY, now=watch.now)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    assert by_kind(watch.at(250))["ladder"] == 0


def test_silence_on_the_way_is_reminded_after_fifteen_minutes_and_rings_again_after_two_more(
    home, wang, watch
):
    incident = scan(home, wang).incident_id
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    acts.move(home.db, home.vault, incident, Move("going", 2), by=DUTY, now=NOW)
    watch.at(0)
    assert by_kind(watch.at(899))["ladder"] == 0
    assert by_kind(watch.at(901))["ladder"] == 1
    assert by_kind(watch.at(1019))["ladder"] == 0
    assert by_kind(watch.at(1021))["ladder"] >= 1
    assert home.db.scalar("SELECT state FROM incident") == "alerting"


def test_a_ring_that_waits_for_its_retry_is_dropped_when_its_person_takes_a_part(home, wang, watch, gateway):
    gateway.otherwise = respond(503)
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "on_site", by=DUTY, now=watch.now)
    gateway.otherwise = respond(204)
    marks = len(gateway.requests)
    watch.at(40)
    watch.at(91)
    assert rung(gateway, marks) == {f"/staff/{BACKUP}"}
