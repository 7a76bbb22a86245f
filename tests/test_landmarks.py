"""Landmarks: words become a point, posters tell where one is, safe places are near; nothing a person must believe."""

import io
import re
import uuid

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from badges import decode
from station import coordinates, places, spool
from station.alerts import people
from station.cli.main import main
from station.communities import communities, station
from station.incidents import reports, views
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.landmarks import files, matching, records
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


@pytest.fixture
def safe_ones(home, now) -> list[records.Landmark]:
    """Three safe places, the nearest to the market first although entered last, and one that is none."""
    put(home, now, kind="shop", name="东市场菜店")
    far = put(home, now, kind="police", name="松园派出所", lat="43.8094", safe=True, phone="62010023")
    middle = put(home, now, kind="shop", name="老孙家面馆", lat="43.8226", safe=True)
    hours = {"hours": "8:00-20:00", "phone": "62010021"}
    near = put(home, now, kind="shop", name="向阳药房", lat="43.8172", safe=True, **hours)
    return [near, middle, far]


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


# At the registration desk -------------------------------------------------------------------------

TABLE = "类型,名称,纬度,经度,安全点,电话\n商店,向阳药房,43.8172,126.5671,是,62010021\n灯杆,灯杆 10432,43.8247,126.5594,,\n商店,,43.8,126.5,,\n学校,第三小学,126.5,43.8,,\n商店,远方店,31.2,121.4,,\n"


def upload(desk, content: bytes, name: str = "places.csv", crs: str = "wgs84"):
    return desk.post("/landmarks/import", data={"file": (io.BytesIO(content), name), "crs": crs})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_a_table_is_shown_with_its_mistakes_before_anything_is_saved(home, at_desk, encoding):
    desk = at_desk("worker")
    page = upload(desk, TABLE.encode(encoding))
    assert page.status_code == 200
    for row in ("第 4 行", "第 5 行", "第 6 行"):
        assert row in page.text
    assert home.db.scalar("SELECT count(*) FROM landmark") == 0
    kept = re.search(r'name="kept" value="([^"]+)"', page.text)[1]
    for _ in range(2):
        saved = desk.post("/landmarks/import", data={"kept": kept, "crs": "wgs84", "do": "save"})
        assert saved.status_code == 303
    assert [one.name for one in records.listing(home.db, 1)] == ["灯杆 10432", "向阳药房"]
    assert records.listing(home.db, 1)[1].phone == "+8643262010021"


def test_a_workbook_is_read_as_well(home, at_desk):
    book = Workbook()
    for row in (
        ["name", "lat", "lon", "kind"],
        ["灯杆 10432", 43.8247, 126.5594, "lamp_post"],
        [12345.0, 43.8, 126.5, "other"],
    ):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    page = upload(at_desk("worker"), out.getvalue(), "places.xlsx")
    assert page.status_code == 200
    assert "灯杆 10432" in page.text
    assert ">12345<" in page.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no zip",
        b"\x00\xff\x00\xff",
        b"one column\n1\n",
        b"name,lat,lon\n",
        "名称,纬度\n甲,1\n".encode(),
    ],
)
def test_what_is_no_table_of_places_is_refused_with_a_word(home, at_desk, content):
    page = upload(at_desk("worker"), content)
    assert page.status_code == 422
    assert 'role="alert"' in page.text


def test_coordinates_of_another_map_are_moved(home, at_desk):
    desk = at_desk("worker")
    lat, lon = coordinates.from_wgs84(MARKET.lat, MARKET.lon, "gcj02")
    typed = {"kind": "stop", "name": "东市场公交站", "lat": str(lat), "lon": str(lon), "crs": "gcj02"}
    assert desk.post("/landmarks", data=typed).status_code == 303
    (found,) = records.listing(home.db, 1)
    assert places.distance_m(found.point, MARKET) < 0.1
    assert found.community_id == 1
    assert desk.post("/landmarks", data=typed).status_code == 303
    assert len(records.listing(home.db, 1)) == 1, "the same form twice is one landmark"


def test_mistakes_in_the_form_are_named_and_what_was_typed_is_kept(at_desk):
    page = at_desk("worker").post(
        "/landmarks", data={"kind": "castle", "name": "x", "lat": "91", "lon": "", "also": "古堡"}
    )
    assert page.status_code == 422
    assert 'value="古堡"' in page.text
    assert page.text.count('aria-invalid="true"') >= 3


def test_a_landmark_is_changed_and_taken_out_and_its_code_stays(home, at_desk, market):
    desk = at_desk("secretary")
    path = f"/landmarks/{market.id}"
    assert desk.get(path).status_code == 200
    typed = {
        "kind": "stop",
        "name": "东市场北站",
        "lat": "43.8168",
        "lon": "126.5683",
        "crs": "wgs84",
        "safe": "1",
    }
    assert desk.post(path, data=typed).status_code == 303
    changed = records.get(home.db, market.id)
    assert (changed.name, changed.safe, changed.code) == ("东市场北站", True, market.code)
    assert matching.match(home.db, "东市场公交站") is None
    assert matching.match(home.db, "东市场北站").point == MARKET
    assert desk.post(f"{path}/retire").status_code == 303
    assert records.listing(home.db, 1) == []
    actions = [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]
    assert actions[-2:] == ["landmark.change", "landmark.retire"]


def test_what_was_written_out_can_be_taken_in_again(home, at_desk, now, safe_ones):
    put(home, now, name="=1+1店铺", kind="shop", also="甲,乙", lat="43.83")
    content = at_desk("worker").get("/landmarks/export.csv").data
    assert b"\n=1+1" not in content
    assert b"'=1+1" in content
    again = files.read(content, "wgs84", station(home.db, 1), communities(home.db))
    assert not again.wrong
    assert {(one.name, one.lat, one.phone) for one in again.good if one.safe} == {
        (one.name, one.lat, one.phone) for one in safe_ones
    }


@pytest.mark.parametrize("size", ["a6", "a5"])
def test_the_poster_leads_to_the_page_of_its_place(client, at_desk, market, size):
    file = at_desk("worker").get(f"/landmarks/{market.id}/poster.pdf?size={size}")
    assert file.mimetype == "application/pdf"
    (code,) = decode.read(file.data)
    assert code.text == f"{BASE}/p/{market.code}"
    assert client.get(code.text.removeprefix(BASE), base_url=BASE).status_code == 200


def test_a_name_that_cannot_be_printed_is_said(home, at_desk, now):
    odd = put(home, now, name="笑脸😀超市", kind="shop")
    page = at_desk("worker").get(f"/landmarks/{odd.id}/poster.pdf")
    assert page.status_code == 422
    assert "U+1F600" in page.text


def test_the_command_line_takes_in_and_writes_out(home, tmp_path, monkeypatch):
    home.db.close()
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", BASE)
    file = tmp_path / "places.csv"
    file.write_text(TABLE)
    run = CliRunner().invoke
    checked = run(main, ["landmarks", "import", str(file), "--check"])
    assert (checked.exit_code, "2 landmarks" in checked.output) == (1, True), checked.output
    assert "row 4" in checked.output
    taken = run(main, ["landmarks", "import", str(file)])
    assert "Added 2, renewed 0." in taken.output
    assert "Added 0, renewed 2." in run(main, ["landmarks", "import", str(file)]).output
    written = run(main, ["landmarks", "export", str(tmp_path / "out.csv")])
    assert written.exit_code == 0
    assert "向阳药房" in (tmp_path / "out.csv").read_text("utf-8-sig")
