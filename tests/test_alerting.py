"""Alerts: who is told and rung when, until a person acts; with a clock that the test drives."""

import time
import uuid
from datetime import timedelta

import pytest
from conftest import NOW, Home, Wearer
from entering import refuse
from provider import Provider, respond, verify
from watch import SECRET, by_kind

from station import clock, duty, places
from station.alerts import outbox
from station.channels.base import Result
from station.communities import Policy
from station.db import transaction
from station.incidents import acts, events, leases, reports
from station.incidents.acts import Move
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import life, records

DUTY, BACKUP, SECRETARY, SECRETARY2 = 2, 3, 4, 5
HERE = Sighting(places.Point(43.8255, 126.5601), 15.0)
AT_THE_RIVER = Sighting(places.Point(43.8330, 126.5481), 20.0)  # inside the neighbouring community


def scan(
    home: Home, wang: Wearer, act: str = "with_elder", seconds: float = 0, status: str = "", **sent
) -> reports.Answer:
    badge = records.get(home.db, wang.badge_id)
    report = Report(uuid.uuid4().hex, act, status=status, **sent)
    return reports.report(
        home.db, home.vault, Door(1, badge.serial), report, NOW + timedelta(seconds=seconds)
    )


def reached(gateway: Provider, since: int = 0) -> set[str]:
    return {request.path for request in gateway.requests[since:]}


def test_notice_reaches_duty_secretary_and_family_with_the_place(home, wang, watch, gateway):
    scan(home, wang, sighting=HERE)
    messages = watch.at(0)
    notices = [message for message in messages if message["kind"] == "notice"]
    assert {request.path for request in gateway.requests if request.json()["kind"] == "notice"} == {
        f"/staff/{DUTY}", f"/staff/{SECRETARY}", "/contact/1", "/contact/2",
    }  # fmt: skip
    assert all(message["location"]["lat"] == HERE.point.lat for message in notices)
    assert all(message["badge_number"] == wang.number and message["attempt"] == 1 for message in messages)
    assert len({message["url"] for message in notices}) == 4, "each person has a link of their own"
    assert all(verify(SECRET, request.headers, request.body) for request in gateway.requests)


def test_the_secretary_of_the_finding_community_is_told_too(home, wang, watch, gateway):
    scan(home, wang, sighting=AT_THE_RIVER)
    watch.at(0)
    assert f"/staff/{SECRETARY2}" in reached(gateway)


def test_no_message_names_the_elder(home, wang, watch, gateway):
    scan(home, wang, note="她说她叫王秀兰", sighting=Sighting(place="江边"))
    watch.at(0)
    watch.at(400)
    for request in gateway.requests:
        text = request.body.decode()
        assert "王秀兰" not in text
        assert "\\u738b\\u79c0\\u5170" not in text
        assert "糖尿病" not in text


def test_the_ladder_climbs_and_never_ends(home, wang, watch, gateway):
    scan(home, wang)
    assert by_kind(watch.at(0))["ladder"] == 1
    assert watch.at(44) == []
    assert by_kind(watch.at(46)) == {"ladder": 1}
    marks = len(gateway.requests)
    watch.at(91)
    assert reached(gateway, marks) == {f"/staff/{BACKUP}"}
    marks = len(gateway.requests)
    watch.at(151)
    assert f"/staff/{SECRETARY}" in reached(gateway, marks)
    assert by_kind(watch.at(301))["ladder"] >= 5
    for ring in range(1, 40):
        assert by_kind(watch.at(301 + 120 * ring))["ladder"] >= 5, f"repeat {ring} is silent"


def test_a_claim_silences_the_ladder_and_tells_the_others(home, wang, watch, gateway):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    messages = watch.at(10)
    assert set(by_kind(messages)) == {"claimed"}
    assert f"/staff/{DUTY}" not in reached(gateway, len(gateway.requests) - len(messages))
    acts.move(home.db, home.vault, incident, Move("going", 2), by=DUTY, now=watch.now)
    assert watch.at(200) == []


def test_a_claim_without_news_is_reminded_then_rings_again(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(1)
    assert by_kind(watch.at(301)) == {"ladder": 1}, "the holder alone is reminded"
    again = watch.at(425)
    assert by_kind(again)["ladder"] == 1, "then it rings from the first rung"
    assert "接单的同事没有消息了" in next(m["text"] for m in again if m["kind"] == "ladder")
    assert home.db.scalar("SELECT state FROM incident") == "alerting"
    assert home.db.scalar("SELECT on_site_by FROM incident") is None


def test_the_desk_says_when_news_is_due_and_who_went_silent(home, wang, watch, at_desk):
    incident, page = scan(home, wang).incident_id, {"Accept": "text/html"}
    now = clock.utcnow()
    acts.claim(home.db, incident, "both", by=DUTY, now=now)
    desk = at_desk("duty2")
    assert "前按一次进展" in desk.get(f"/desk/incidents/{incident}", headers=page).text
    with transaction(home.db):
        home.db.write("UPDATE incident SET lease_until = ?", clock.text(now - timedelta(seconds=5)))
    assert "该报的消息还没有报" in desk.get(f"/desk/incidents/{incident}", headers=page).text
    leases.lapse(home.db, now + timedelta(minutes=5))
    assert "王强 接单后没有消息" in desk.get(f"/desk/incidents/{incident}", headers=page).text
    for path in (f"/desk/incidents/{incident}", "/desk"):
        shown = desk.get(path, headers=page).text
        assert "又在响铃，还没人接" in shown, path
        assert "新警报，还没人接" not in shown, path


def test_in_a_quicker_demonstration_the_promised_minutes_run_out_quicker(home, wang, watch):
    home.db.conn.execute("UPDATE station SET policy = ?", [Policy().scaled(60).dump()])
    incident = scan(home, wang).incident_id
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    acts.move(home.db, home.vault, incident, Move("going", 2, eta_minutes=20), by=DUTY, now=NOW)
    lease = home.db.scalar("SELECT lease_until FROM incident")
    assert lease == clock.text(NOW + timedelta(seconds=20))


def test_closing_tells_everybody_once_and_stops_all(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.move(home.db, home.vault, incident, Move("closed", 1, outcome="false_alarm"), by=DUTY, now=watch.now)
    assert set(by_kind(watch.at(5))) == {"closed"}
    assert watch.at(1000) == []


def test_a_later_place_is_a_message_of_its_own(home, wang, watch):
    first = scan(home, wang)
    assert all(message["location"] is None for message in watch.at(0))
    scan(home, wang, seconds=20, status=first.status_token, sighting=HERE)
    messages = watch.at(21)
    assert by_kind(messages) == {"place": 4}
    assert messages[0]["location"]["accuracy_m"] == 15.0
    scan(
        home,
        wang,
        seconds=25,
        status=first.status_token,
        sighting=Sighting(places.Point(43.8256, 126.5601), 8.0),
    )
    assert watch.at(26) == [], "a better fix of the same place is for the console alone"


FAR = Sighting(places.Point(43.8355, 126.5701), 8.0)  # 1.3 km from HERE


@pytest.mark.parametrize("first", [Sighting(place="市场门口"), HERE])
def test_the_finder_puts_the_place_right_and_everybody_hears_it_at_once(home, wang, watch, first):
    answer = scan(home, wang, sighting=first)
    watch.at(0)
    scan(home, wang, seconds=5, status=answer.status_token, sighting=FAR)
    messages = watch.at(6)
    assert by_kind(messages) == {"place": 4}
    assert {message["location"]["lat"] for message in messages} == {FAR.point.lat}
    scan(home, wang, seconds=20, status=answer.status_token, sighting=HERE)
    assert watch.at(21) == [], "one correction goes out at once, further ones wait"
    scan(home, wang, seconds=70, status=answer.status_token, sighting=HERE)
    assert by_kind(watch.at(71))["place"] == 4, "what was told last counts, not what was written last"


def test_who_is_rung_with_the_place_does_not_hear_it_again(home, wang, watch, gateway):
    first = scan(home, wang)
    watch.at(0)
    scan(home, wang, seconds=20, status=first.status_token, sighting=HERE)
    watch.at(21)
    before = len(gateway.requests)
    assert by_kind(watch.at(91)) == {"ladder": 2}
    assert watch.at(100) == []
    assert f"/staff/{BACKUP}" in reached(gateway, before)


def test_opening_the_page_is_one_soft_notice_to_duty_and_no_ladder(home, wang, watch, gateway):
    for _ in range(3):
        scan(home, wang, act="opened")
    assert by_kind(watch.at(0)) == {"soft_notice": 1}
    assert reached(gateway) == {f"/staff/{DUTY}"}
    assert watch.at(3000) == []


def test_a_test_scan_alerts_nobody(home, wang, watch):
    scan(home, wang, act="test")
    assert watch.at(0) == watch.at(400) == []


def test_a_badge_announced_at_the_desk_may_be_scanned_without_alarm(home, wang, watch):
    life.announce(home.db, home.vault, wang.badge_id, by=1, now=NOW)
    assert scan(home, wang).incident_id is None
    assert watch.at(0) == []
    assert scan(home, wang, seconds=601).incident_id is not None


@pytest.mark.parametrize("act", ["with_elder", "opened"])
def test_an_old_badge_is_called_one_in_every_message_and_rings_like_any_other(home, wang, watch, act):
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'lost'")
    scan(home, wang, act=act)
    messages = [one for one in watch.at(0) if one["kind"] in ("notice", "ladder", "soft_notice")]
    assert messages
    assert all("这是旧胸牌" in one["text"] and wang.form.name not in one["text"] for one in messages)


def test_nobody_on_duty_brings_in_the_next_at_once(home, wang, watch, gateway):
    duty.replace_roster(home.db, 1, duty.around_the_clock([BACKUP], level="backup"))
    scan(home, wang)
    watch.at(0)
    rung = {request.path for request in gateway.requests if request.json()["kind"] == "ladder"}
    assert rung == {f"/staff/{BACKUP}"}


def test_an_empty_roster_rings_the_secretary_at_once(home, wang, watch, gateway):
    duty.replace_roster(home.db, 1, [])
    scan(home, wang)
    watch.at(0)
    rung = {request.path for request in gateway.requests if request.json()["kind"] == "ladder"}
    assert rung == {f"/staff/{SECRETARY}"}


def test_a_family_that_did_not_agree_is_not_told(home, wang, watch, gateway):
    refuse(home, wang.id, "family_place")
    scan(home, wang)
    watch.at(0)
    assert not any(path.startswith("/contact") for path in reached(gateway))


def test_an_outage_is_retried_with_the_same_id_until_it_ends(home, wang, watch, gateway):
    gateway.otherwise = respond(503)
    scan(home, wang)
    watch.at(0)
    for second in (3, 8, 20, 45):
        watch.at(second)
    gateway.otherwise = respond(204)
    delivered = watch.at(120)
    first = {request.json()["id"] for request in gateway.requests[:5]}
    assert first <= {message["id"] for message in delivered}
    assert max(message["attempt"] for message in delivered) >= 4
    assert home.db.scalar("SELECT count(*) FROM alert WHERE state NOT IN ('accepted', 'cancelled')") == 0


def test_a_refused_address_is_recorded_and_not_tried_again(home, wang, watch, gateway):
    gateway.otherwise = respond(410)
    scan(home, wang)
    watch.at(0)
    assert watch.at(40) == []
    row = home.db.row("SELECT state, last_detail FROM alert LIMIT 1")
    assert row["state"] == "failed"
    assert row["last_detail"]


def test_what_a_dead_sender_left_in_the_air_goes_out_again(home, wang, watch, gateway):
    scan(home, wang)
    watch.at(0)
    with transaction(home.db):
        home.db.write("UPDATE alert SET state = 'sending', accepted_at = NULL WHERE kind = 'notice'")
        home.db.write("UPDATE attempt SET outcome = 'sending'")
    watch.restart()
    again = watch.at(2)
    assert by_kind(again) == {"notice": 4}
    assert all(message["attempt"] == 2 for message in again)


def test_a_sender_that_was_away_for_an_hour_rings_each_person_once(home, wang, watch):
    scan(home, wang)
    messages = watch.at(3600)
    rings = [message["url"] for message in messages if message["kind"] == "ladder"]
    assert len(rings) == len(set(rings))


def test_the_finder_says_hurt_later_and_the_officer_hears_it(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(1)
    scan(home, wang, act="hurt", seconds=5)
    scan(home, wang, act="hurt", seconds=6)
    messages = watch.at(7)
    assert by_kind(messages) == {"message": 1}


def test_what_a_finder_writes_stays_behind_the_link(home, wang, watch):
    answer = scan(home, wang)
    watch.at(0)
    acts.say(home.db, home.vault, answer.incident_id, "她说她叫王秀兰", by=None, scan_id=1, now=NOW)
    messages = watch.at(5)
    assert set(by_kind(messages)) == {"message"}
    assert not any("王秀兰" in message["text"] for message in messages)


def test_every_attempt_is_written_down(home, wang, watch, gateway):
    gateway.script(respond(503))
    answer = scan(home, wang)
    watch.at(0)
    watch.at(10)
    outcomes = [row["outcome"] for row in outbox.of_incident(home.db, answer.incident_id)]
    assert outcomes.count("retry") == 1
    assert outcomes.count("ok") == len(outcomes) - 1


def test_backoff_grows_to_thirty_seconds_and_stays():
    assert [outbox.backoff_s(n, 0.5) for n in range(1, 9)] == [1, 2, 5, 10, 20, 30, 30, 30]
    assert all(0 < outbox.backoff_s(n, chance) <= 30 for n in range(1, 50) for chance in (0.0, 0.99))


def test_a_provider_that_says_yes_and_means_no_is_retried(home, wang, watch):
    """Recorded results, whatever the channel was, decide what happens next."""
    scan(home, wang)
    watch.at(0)
    due = outbox.Due(1, "u", "notice", 0, 1, None, None, 1, DUTY, None, 1)
    outbox.record(home.db, [(due, Result("retry", detail="45009"))], NOW)
    assert home.db.scalar("SELECT state FROM alert WHERE id = 1") == "pending"


def test_the_state_can_be_replayed_from_the_events(home, wang, watch):
    incident = scan(home, wang).incident_id
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    for state, more in (
        ("going", {}),
        ("with_elder", {}),
        ("handed_over", {"collected_by": "张伟"}),
        ("closed", {"outcome": "reunited"}),
    ):
        version = home.db.scalar("SELECT version FROM incident")
        acts.move(home.db, home.vault, incident, Move(state, version, **more), by=DUTY, now=NOW)
        assert events.replay(events.of_incident(home.db, incident)) == state


def test_the_reminder_does_not_wait_for_the_next_audit(home, wang, watch):
    incident = scan(home, wang).incident_id
    watch.at(0)
    acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
    watch.at(1)
    watch.now = NOW + timedelta(seconds=302)
    watch.sender.last_look, watch.sender.last_plan = -1e9, time.monotonic()
    watch.sender.tick(watch.now)
    assert home.db.scalar("SELECT count(*) FROM alert WHERE kind = 'ladder' AND step = -1") == 1


def test_a_step_back_brings_the_minutes_back(home, wang, watch):
    incident = scan(home, wang).incident_id
    acts.claim(home.db, incident, "both", by=DUTY, now=NOW)
    acts.move(home.db, home.vault, incident, Move("going", 2, eta_minutes=8), by=DUTY, now=NOW)
    arrives = home.db.scalar("SELECT arrives_at FROM incident")
    acts.move(home.db, home.vault, incident, Move("with_elder", 3), by=DUTY, now=NOW)
    acts.move(home.db, home.vault, incident, Move("going", 4), by=DUTY, now=NOW)
    assert home.db.scalar("SELECT arrives_at FROM incident") == arrives is not None
