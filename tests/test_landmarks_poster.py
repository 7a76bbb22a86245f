"""Landmarks: a poster at a door tells where one is; who must leave sees the nearest safe places."""

import re
import uuid

import pytest
from waymarks import BASE, JSON, MARKET, market, put, safe_ones, send, whole

from station.landmarks import records

__all__ = ["market", "safe_ones"]


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


# Help for who must leave --------------------------------------------------------------------------


def test_who_must_leave_sees_the_nearest_safe_places(client, wang, safe_ones):
    sent = send(client, wang, act="cannot_stay", lat=MARKET.lat, lon=MARKET.lon, accuracy_m=15)
    page = client.get(f"{sent['status_url']}?l=zh", base_url=BASE).text
    found = [page.index(one.name) for one in (safe_ones[0], safe_ones[1], safe_ones[2])]
    assert found == sorted(found)
    assert "东市场菜店" not in page
    assert "8:00-20:00" in page
    assert "40 米" in page
    assert 'href="tel:+86-432-6201-0021"' in page
    assert 'href="tel:110"' in page
    listed = client.get(sent["status_url"], headers=JSON, base_url=BASE).get_json()["safe_places"]
    assert [(one["name"], one["distance_m"]) for one in listed][0] == ("向阳药房", 40)
    stays = send(client, wang, act="with_elder", lat=MARKET.lat, lon=MARKET.lon)
    assert "向阳药房" not in client.get(stays["status_url"], base_url=BASE).text


def test_a_distance_that_nobody_knows_is_not_shown(client, wang, safe_ones):
    sent = send(client, wang, act="cannot_stay")
    listed = client.get(sent["status_url"], headers=JSON, base_url=BASE).get_json()["safe_places"]
    assert {one["distance_m"] for one in listed} == {None}


def test_who_must_leave_can_ask_to_be_rung_back(client, home, wang, at_desk, safe_ones):
    sent = send(client, wang, act="cannot_stay")
    page = client.get(f"{sent['status_url']}?l=en", base_url=BASE).text
    form = re.search(
        r'<form method="post" action="([^"]+)">\n<input[^>]+name="request_id" value="([^"]+~back)"', page
    )
    action, request_id = form.groups()
    back = client.post(
        action.replace("&amp;", "&"),
        data={
            "request_id": request_id,
            "phone": "199 0000 0077",
            "act": "cannot_stay",
            "status": sent["status_url"],
        },
        base_url=BASE,
    )
    assert back.status_code == 303
    assert home.db.scalar("SELECT count(*) FROM incident") == 1
    desk = at_desk("duty").get("/desk/incidents/1", headers={"Accept": "text/html"}).text
    assert "这位好心人得走了，等着回电话：199 0000 0077" in desk


def test_staff_send_a_safe_place_with_one_press(client, wang, at_desk, safe_ones):
    sent = send(client, wang, lat=MARKET.lat, lon=MARKET.lon, accuracy_m=15)
    desk = at_desk("duty")
    listed = desk.get("/desk/incidents/1", headers=JSON).get_json()["safe_places"]
    assert [one["name"] for one in listed] == ["向阳药房", "老孙家面馆", "松园派出所"]
    answer = desk.post("/desk/incidents/1/suggest", json={"landmark": listed[0]["landmark"]})
    assert answer.status_code == 201
    (said,) = client.get(sent["status_url"], headers=JSON, base_url=BASE).get_json()["messages"]
    assert said["from"] == "station"
    for word in (
        "向阳药房",
        "40 米",
        "8:00-20:00",
        "0432-62010021",
        "You can bring the elder",
        "about 40 m away",
    ):
        assert word in said["text"]
    assert desk.post("/desk/incidents/1/suggest", json={"landmark": "999"}).status_code in (404, 422)


def test_words_in_doubt_are_shown_to_the_officer_who_decides(client, home, wang, at_desk, now):
    near = put(home, now, name="红旗药房", kind="shop")
    put(home, now, name="红旗药房", kind="shop", lat="43.8300")
    sent = send(client, wang, place="红旗药房那边", note="穿红衣服")
    desk = at_desk("duty")
    page = desk.get("/desk/incidents/1", headers={"Accept": "text/html"}).text
    assert page.count("就在这里：红旗药房") == 2
    listed = desk.get("/desk/incidents/1", headers=JSON).get_json()
    assert listed["place"]["lat"] is None, "a candidate is no truth"
    assert str(near.id) in {one["landmark"] for one in listed["candidates"]}
    assert desk.post("/desk/incidents/1/place", json={"landmark": str(near.id)}).status_code == 200
    told = whole(home, sent["incident"])
    assert (told.best.point, told.best.basis, told.told[0].note) == (MARKET, "officer", "穿红衣服")
    assert "值班员根据文字选定" in desk.get("/desk/incidents/1", headers={"Accept": "text/html"}).text
    assert desk.post("/desk/incidents/1/place", json={"landmark": str(near.id)}).status_code == 409
