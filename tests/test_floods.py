"""Floods: a true scan always rings, and nobody is rung without end."""

import uuid

import pytest
from conftest import NOW
from flooding import DUTY, FAR, HERE, held, scan
from watch import by_kind

from bench import flood
from station import places
from station.incidents import acts, lanes, reports
from station.incidents.acts import Move
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door

__all__ = ["held", "scan"]


# What rings ---------------------------------------------------------------------------------------


def test_the_first_evidence_rings_at_once_while_another_badge_is_flooded(home, watch, scan):
    for n in range(100):
        sent = Report(uuid.uuid4().hex, "with_elder")
        reports.report(home.db, home.vault, Door(1, 4000, b"%d" % n), sent, NOW)
    watch.at(1)
    scan(2, "17")  # from a network of the flood
    assert by_kind(watch.at(2))["notice"] == 4


def test_a_new_source_rings_who_holds_the_incident_and_the_same_one_does_not(watch, held, scan):
    scan(10, "finder")
    assert watch.at(11) == []
    scan(12, "another")
    messages = watch.at(13)
    assert by_kind(messages) == {"message": 1}
    assert "另一位" in messages[0]["text"]
    scan(14, "another")
    assert watch.at(15) == []


def test_a_source_rings_again_after_half_an_hour(watch, held, scan):
    scan(10, "another")
    watch.at(11)
    scan(10 + 1700, "another")
    assert by_kind(watch.at(10 + 1701))["message"] == 0
    scan(10 + 1801, "another")
    assert by_kind(watch.at(10 + 1802))["message"] > 0


def test_what_waits_is_told_by_one_ring_that_counts_all(watch, held, scan):
    rings = 0
    for n in range(40):
        scan(10 + n, f"stranger{n}")
        rings += by_kind(watch.at(10 + n))["message"]
    assert rings == 2, "of three the opening has taken one"
    digest = [one for one in watch.at(320) if one["kind"] == "message"]
    assert len(digest) == 1
    assert "38" in digest[0]["text"]


def test_forged_presses_take_nothing_from_a_scan_with_evidence(watch, held, scan):
    for n in range(5):
        scan(6 + n, f"stranger{n}")
        watch.at(6 + n)
    scan(12, "true", phone="199 0000 0055")
    assert by_kind(watch.at(13))["message"] == 1


def test_a_digest_names_the_place_nearest_to_home_first(watch, held, scan):
    for n in range(3):
        scan(10, f"early{n}", phone="199 0000 0055")
    watch.at(11)
    scan(12, "known", sighting=HERE)
    watch.at(13)
    scan(14, "far", sighting=Sighting(places.Point(43.9210, 126.5620), 15.0))
    scan(14, "near", sighting=Sighting(places.Point(43.8215, 126.5620), 15.0))
    texts = [one["text"] for one in watch.at(75)]
    digest = next(text for text in texts if "离家最近" in text).split("离家最近")[1]
    assert digest.index("60") < digest.index("11")


def test_rings_are_kept_by_the_disk_over_a_restart_of_the_sender(watch, held, scan):
    for n in range(10):
        scan(10, f"stranger{n}")
    rung = by_kind(watch.at(11))["message"]
    watch.restart()
    assert rung == 1
    assert by_kind(watch.at(12))["message"] == 0, "nothing is repeated"
    scan(20, "late")
    assert by_kind(watch.at(21))["message"] == 1, "the last token"
    scan(22, "later")
    watch.restart()
    assert by_kind(watch.at(23))["message"] == 0
    assert by_kind(watch.at(330))["message"] == 1, "nothing is lost"


def test_a_clock_that_steps_back_an_hour_silences_no_sighting(home, watch, held, scan):
    for n in range(3):
        scan(4000 + n, f"stranger{n}")
        watch.at(4000 + n)
    scan(400, "true")
    assert by_kind(watch.at(401))["message"] > 0


def test_closing_and_scanning_on_rings_anew_each_time_but_fills_no_budget(home, watch, scan):
    """A new incident is a person's own doing, by closing the last; its sightings share the badge's budget."""
    rings = 0
    for n in range(6):
        incident = scan(60 * n, f"first{n}").incident_id
        assert by_kind(watch.at(60 * n))["notice"] == 4, "the true one may be among them"
        acts.claim(home.db, incident, "both", by=DUTY, now=watch.now)
        for m in range(5):
            scan(60 * n + 1 + m, f"stranger{n}-{m}")
            rings += by_kind(watch.at(60 * n + 1 + m))["message"]
        version = home.db.scalar("SELECT version FROM incident WHERE id = ?", incident)
        acts.move(
            home.db,
            home.vault,
            incident,
            Move("closed", version, outcome="false_alarm"),
            by=DUTY,
            now=watch.now,
        )
        watch.at(60 * n + 20)
    assert rings <= 3


def test_a_place_that_moved_within_the_minute_is_told_when_it_is_over(watch, scan):
    answer = scan(sighting=HERE)
    watch.at(0)
    scan(5, status=answer.status_token, sighting=FAR)
    assert by_kind(watch.at(6))["place"] == 4
    scan(20, status=answer.status_token, sighting=HERE)
    assert by_kind(watch.at(21))["place"] == 0
    messages = [one for one in watch.at(66) if one["kind"] == "place"]
    assert len(messages) == 4
    assert {one["location"]["lat"] for one in messages} == {HERE.point.lat}


def test_a_place_that_is_no_news_when_the_minute_is_over_is_not_told(watch, scan):
    answer = scan(sighting=HERE)
    watch.at(0)
    scan(5, status=answer.status_token, sighting=FAR)
    watch.at(6)
    scan(20, status=answer.status_token, sighting=HERE)
    watch.at(21)
    scan(30, status=answer.status_token, sighting=FAR)
    assert by_kind(watch.at(70))["place"] == 0


def test_typed_places_share_the_plain_budget(home, watch, held, scan):
    for n in range(60):
        scan(10 + 60 * n, f"stranger{n}", sighting=Sighting(place=f"第{n}个路口"))
        watch.at(11 + 60 * n)
    told = "SELECT count(*) FROM event WHERE kind IN ('place', 'rung') AND detail <> 'moved' AND detail <> 'better'"
    assert 10 <= home.db.scalar(told) <= 16


def test_soft_notices_are_ten_minutes_apart_wherever_the_clock_stands(watch, scan):
    for seconds, notices in ((590, 1), (610, 0), (1180, 0), (1191, 1), (1200, 0)):
        scan(seconds, act="opened")
        assert by_kind(watch.at(seconds))["soft_notice"] == notices, seconds
    watch.restart()
    assert watch.at(1201) == []


# Misses -------------------------------------------------------------------------------------------


def test_unknown_codes_are_slowed_down_and_known_ones_never(client, wang):
    forged = [client.get(f"/{'1' * 40}{n:012d}").status_code for n in range(100)]
    assert forged[0] == 404
    assert forged[-1] == 429
    assert client.post(f"/{'1' * 52}/scans", json={}).status_code == 429
    assert client.get(wang.path).status_code == 200
    assert client.post(f"{wang.path}/scans", json={"act": "hurt"}).status_code == 201


# The whole, in small ------------------------------------------------------------------------------


@pytest.mark.parametrize("evidence", [0.0, 0.5])
def test_in_a_flood_every_true_scan_rings_in_time_and_the_rest_stays_bounded(evidence):
    with flood.furnished() as (db, vault):
        outcome = flood.hour(db, vault, flood.Flood("in small", 20, 300, evidence), 50_000, 1)
    assert len(outcome.true_scans) == flood.TRUE_SCANS
    tick = flood.TICK.total_seconds()
    for lane, delay in outcome.true_scans:
        assert delay is not None, f"a scan in the {lane} lane never rang"
        assert delay <= lanes.EVERY[lane].total_seconds() + tick
    assert outcome.rings["plain"] <= 16
    assert outcome.rings["evidence"] <= 64


def test_a_status_that_is_no_page_is_named_and_a_missing_act_is_not(client, wang):
    answer = client.post(f"{wang.path}/scans", json={"status": "0" * 32}).get_json()
    assert answer["ignored"] == [{"field": "status", "reason": "not_known"}]
    known = client.post(f"{wang.path}/scans", json={"status": answer["status_url"]}).get_json()
    assert known["ignored"] == []
