"""Landmarks: words become a point, and nothing a person must believe."""

import uuid

import pytest
from waymarks import BASE, MARKET, market, put, send, whole

from station import places, spool
from station.alerts import people
from station.incidents import reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.landmarks import matching, records

__all__ = ["market"]


@pytest.mark.parametrize(
    "words",
    [
        "东市场公交站",
        "我们在 东市场公交站 旁边的长椅上",
        "东市场站牌对面",
        "dongshichanggongjiaozhan",
        "东市场",
    ],
)
def test_words_that_leave_no_doubt_become_a_point(client, home, wang, market, words):
    told = whole(home, send(client, wang, place=words)["incident"])
    assert told.best.point == MARKET
    assert (told.best.basis, told.best.near) == ("words", market.name)
    assert told.best.accuracy_m >= 60
    assert told.best.place == words
    assert told.brief.community_id == 1
    assert told.brief.community_inside


@pytest.mark.parametrize(
    "words",
    [
        "离开东市场公交站了",
        "老人往东市场公交站方向走了",
        "东市场公交站以北500米",
        "坐车去了东市场公交站",
        "东市场路12号",
        "东市场小学",
        "市场",
        "公交站",
        "不知道这是哪里",
        "left the dongshichanggongjiaozhan",
        "😀" * 200,
        "%_'\"; DROP TABLE landmark",
    ],
)
def test_words_that_may_mean_elsewhere_stay_words(client, home, wang, market, words):
    told = whole(home, send(client, wang, place=words)["incident"])
    assert told.best.point is None
    assert told.brief.community_id is None


def test_two_places_of_one_name_are_no_place_unless_they_are_side_by_side(client, home, wang, now):
    put(home, now, name="红旗药房", kind="shop")
    put(home, now, name="红旗药房", kind="shop", lat="43.8300")
    assert matching.match(home.db, "红旗药房门口") is None
    put(home, now, name="江边广场", kind="square")
    put(home, now, name="江边广场", kind="stop", lat=str(MARKET.lat + 0.0005))
    found = matching.match(home.db, "江边广场")
    assert places.distance_m(found.point, MARKET) < 40
    assert found.accuracy_m > 150


@pytest.mark.parametrize(
    "words", ["灯杆 12345", "路灯杆编号12345", "灯杆１２３４５", "lamp post 12345", "12345", "가로등 12345"]
)
def test_the_number_of_a_lamp_post_is_enough(home, now, words):
    put(home, now, name="灯杆 12345", kind="lamp_post")
    put(home, now, name="灯杆 1234", kind="lamp_post", lat="43.83")
    assert matching.match(home.db, words).point == MARKET


def test_a_gate_is_not_named_by_a_longer_number(home, now):
    put(home, now, name="帝景小区2号门", kind="gate", also="帝景二门")
    assert matching.match(home.db, "帝景小区二号门").point == MARKET
    assert matching.match(home.db, "2号门") is None, "many places have a gate 2"
    put(home, now, name="第三小学", kind="school", lat="43.83")
    assert matching.match(home.db, "第三小学门口").point.lat == pytest.approx(43.83)
    assert matching.match(home.db, "第十三小学") is None
    put(home, now, name="3道码头公交站", also="江畔人家1")
    assert matching.match(home.db, "在3道码头").point == MARKET
    assert matching.match(home.db, "在13道码头") is None
    assert matching.match(home.db, "江畔人家12号楼") is None


def test_a_form_without_javascript_and_a_call_find_the_place_too(client, home, wang, market, at_desk):
    form = {"act": "with_elder", "request_id": str(uuid.uuid4()), "place": "东市场公交站"}
    assert client.post(f"{wang.path}/scans", data=form, base_url=BASE).status_code == 303
    assert whole(home, "1").best.basis == "words"
    called = at_desk("duty").post("/desk/calls", json={"place": "在东市场公交站"}).get_json()
    told = whole(home, called["incident"])
    assert (told.best.point, told.brief.community_id) == (MARKET, 1)


def test_words_never_take_the_place_of_what_a_phone_has_found(client, home, wang, market):
    here = {"lat": 43.8250, "lon": 126.5600, "accuracy_m": 12}
    first = send(client, wang, **here)
    send(client, wang, place="东市场公交站", status=first["status_url"])
    send(client, wang, place="东市场公交站")
    told = whole(home, first["incident"])
    assert (told.best.point, told.best.basis) == (places.Point(43.8250, 126.5600), "")
    assert told.best.place == "东市场公交站"
    assert all(one.basis == "" for one in told.told)
    both = whole(home, send(client, wang, place="东市场公交站", **here)["incident"])
    assert both.best.point == places.Point(43.8250, 126.5600)


def test_what_a_phone_finds_later_takes_the_place_of_words(client, home, wang, market):
    first = send(client, wang, place="东市场公交站")
    send(client, wang, lat=43.8250, lon=126.5600, accuracy_m=12, status=first["status_url"])
    best = whole(home, first["incident"]).best
    assert (best.point, best.basis, best.place) == (places.Point(43.8250, 126.5600), "", "东市场公交站")


def test_the_finding_communitys_secretary_is_told_of_a_place_in_words(client, home, wang, now):
    put(home, now, name="滨江公园东门", kind="gate", lat="43.8330", lon="126.5480")
    incident = send(client, wang, place="滨江公园东门")["incident"]
    row = home.db.row("SELECT * FROM incident WHERE id = ?", int(incident))
    named = {
        home.db.scalar("SELECT username FROM staff WHERE id = ?", one.id)
        for one in people.secretaries(home.db, row)
    }
    assert named == {"secretary", "secretary2"}


def test_a_retired_landmark_is_found_no_more(home, now, market):
    records.retire(home.db, home.ring, market.id, by=1, now=now)
    assert matching.match(home.db, "东市场公交站") is None
    assert matching.candidates(home.db, "东市场公交站", station=1) == []


def test_a_report_in_the_spool_finds_its_place_when_it_is_taken_in(client, home, wang, market, now):
    report = Report(uuid.uuid4().hex, "with_elder", Sighting(place="东市场公交站"))
    spool.write(home.config.spool, home.ring, report, station=1, serial=1, source=b"x", now=now)
    (waiting,) = spool.waiting(home.config.spool, home.ring)
    answer = reports.report(home.db, home.vault, Door(1, 1), waiting.report, now)
    assert whole(home, str(answer.incident_id)).best.basis == "words"
