"""Landmarks: words become a point, posters tell where one is, safe places are near; nothing a person must believe."""

import re
import uuid

import pytest

from station import places, spool
from station.alerts import people
from station.communities import communities, station
from station.incidents import reports, views
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.landmarks import matching, records
from station.landmarks.records import Entry

MARKET = places.Point(43.8168, 126.5683)
BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}


def put(home, now, **fields) -> records.Landmark:
    """Enter a landmark."""
    entry = Entry(
        **{"kind": "stop", "name": "东市场公交站", "lat": str(MARKET.lat), "lon": str(MARKET.lon)} | fields
    )
    checked = records.check(entry, station(home.db, 1), communities(home.db))
    landmark_id = records.add(home.db, home.ring, checked, station=1, by=1, now=now)
    return records.get(home.db, landmark_id)


@pytest.fixture
def market(home, now) -> records.Landmark:
    return put(home, now)


def send(client, wang, **sent):
    body = {"act": "with_elder", "request_id": str(uuid.uuid4())} | sent
    answer = client.post(f"{wang.path}/scans", json=body, base_url=BASE)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def whole(home, incident: str) -> views.Whole:
    return views.whole(home.db, home.vault, int(incident))


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


# The poster at a door -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "words"), [("zh", "您在这里"), ("en", "You are here"), ("ko", "현재 위치")]
)
def test_the_posters_page_says_where_one_is_and_whom_to_ring(client, market, spoken, words):
    page = client.get(f"/p/{market.code}?l={spoken}", base_url=BASE)
    assert page.status_code == 200
    assert words in page.text
    assert "东市场公交站" in page.text
    assert 'href="tel:+86-432-6201-2345"' in page.text
    assert 'href="tel:120"' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    packed = client.get(f"/p/{market.code}?l={spoken}", headers={"Accept-Encoding": "gzip"}, base_url=BASE)
    assert len(packed.data) <= 5000


def test_a_report_by_badge_number_at_a_poster_carries_its_place(client, home, wang, market):
    typed = client.post(f"/p/{market.code}?l=en", data={"number": wang.number}, base_url=BASE)
    assert typed.headers["Location"] == f"/p/{market.code}/{wang.digits}?l=en"
    page = client.get(typed.headers["Location"], base_url=BASE)
    action = re.search(r'action="([^"]+)"', page.text)[1]
    sent = client.post(action, json={"act": "with_elder", "request_id": str(uuid.uuid4())}, base_url=BASE)
    told = whole(home, sent.get_json()["incident"])
    assert told.brief.badge_number == wang.number
    assert (told.best.point, told.best.basis, told.best.place) == (MARKET, "poster", market.name)


def test_what_the_finders_phone_knows_counts_more_than_the_poster(client, home, wang, market):
    sent = {"act": "with_elder", "lat": 43.8250, "lon": 126.5600, "accuracy_m": 12, "place": "长椅上"}
    answer = client.post(f"/p/{market.code}/{wang.digits}/scans", json=sent, base_url=BASE).get_json()
    best = whole(home, answer["incident"]).best
    assert (best.point.lat, best.basis, best.place) == (43.8250, "", "长椅上")


def test_somebody_without_a_badge_can_be_reported_at_a_poster(client, home, market, at_desk):
    for _ in range(3):
        sent = {"act": "with_elder", "request_id": str(uuid.uuid4()), "note": "蓝色外套"}
        answer = client.post(f"/p/{market.code}/scans", data=sent, base_url=BASE)
        assert answer.status_code == 303
    assert home.db.scalar("SELECT count(*) FROM incident") == 1, "one open incident for each poster"
    told = whole(home, "1")
    assert (told.best.point, told.brief.badge_number) == (MARKET, "")
    status = client.get(answer.headers["Location"], base_url=BASE)
    assert status.status_code == 200
    page = at_desk("duty").get("/desk/incidents/1", headers={"Accept": "text/html"}).text
    assert "东市场公交站" in page
    assert "This badge is real but belongs to nobody" not in page
    assert "胸牌是真的" not in page


def test_an_old_or_invented_poster_still_leads_to_the_hotline(client, home, now, market):
    records.retire(home.db, home.ring, market.id, by=1, now=now)
    for code in (market.code, "nonsense", "٣" * 8):
        for answer in (
            client.get(f"/p/{code}?l=zh", base_url=BASE),
            client.post(f"/p/{code}/scans?l=zh", data={}, base_url=BASE),
            client.post(f"/p/{code}?l=zh", data={"number": "1"}, base_url=BASE),
        ):
            assert answer.status_code == 404
            assert "0432-62012345" in answer.text
    assert home.db.scalar("SELECT count(*) FROM scan") == 0


def test_without_the_database_the_poster_leads_to_the_hotline(client, home, market):
    for path in home.config.data_dir.glob("*.db*"):
        path.unlink()
    page = client.get(f"/p/{market.code}?l=zh", base_url=BASE)
    assert page.status_code == 503
    assert "0432-62012345" in page.text
