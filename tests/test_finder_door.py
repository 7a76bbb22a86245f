"""The finder's door: a report is taken however it comes, kept before it is confirmed, and followed to its end."""

import dataclasses
import json
import re
import shutil
from datetime import timedelta

import pytest
from conftest import WANG, enrol

from station import clock, founding, seal, spool
from station.db import transaction
from station.incidents import acts, reports, views
from station.incidents.acts import Move
from station.incidents.reports import Door


def post(client, wearer, **sent):
    return client.post(f"{wearer.path}/scans", json=sent)


def scans(home) -> list[dict]:
    return home.db.rows("SELECT * FROM scan ORDER BY id")


def look(client, status_url: str) -> dict:
    answer = client.get(f"{status_url}?l=zh", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return answer.get_json()


def version(home, incident_id) -> int:
    return home.db.scalar("SELECT version FROM incident WHERE id = ?", incident_id)


def remove_database(home) -> None:
    for path in home.config.data_dir.glob("station.db*"):
        path.unlink()


# What is sent ---------------------------------------------------------------------------------------


def test_a_press_opens_an_incident_that_is_on_the_disk_when_the_answer_comes(client, home, wang):
    answer = post(client, wang, act="with_elder", lat=43.83, lon=126.56, accuracy_m=12, place="永辉超市门口")
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["ignored"] == []
    assert body["incident"] == str(home.db.scalar("SELECT id FROM incident WHERE closed_at IS NULL"))
    assert re.fullmatch("/s/[0-9a-f]{32}", body["status_url"])
    best = views.best_place(home.db, home.vault, int(body["incident"]))
    assert (best.point.lat, best.point.lon, best.accuracy_m, best.place) == (
        43.83,
        126.56,
        12,
        "永辉超市门口",
    )


@pytest.mark.parametrize("act", ["opened", "test"])
def test_looking_and_trying_open_no_incident(client, home, wang, act):
    answer = post(client, wang, act=act)
    assert answer.status_code == 201
    assert answer.get_json()["incident"] is None
    assert not home.db.rows("SELECT 1 FROM incident")
    assert scans(home)[0]["act"] == act


@pytest.mark.parametrize("act", ["called", "hurt", "cannot_stay", "gone", "tag_only"])
def test_every_other_press_joins_the_open_incident(client, home, wang, act):
    first = post(client, wang, act="with_elder").get_json()
    assert post(client, wang, act=act).get_json()["incident"] == first["incident"]


def test_the_same_request_id_gets_the_first_answer_and_changes_nothing(client, home, wang):
    page_id = re.search(r'name="request_id" value="([^"]+)"', client.get(wang.path).text)[1]
    first = post(client, wang, act="with_elder", request_id=page_id).get_json()
    again = post(client, wang, act="gone", request_id=page_id, note="changed").get_json()
    assert (again["incident"], again["status_url"]) == (first["incident"], first["status_url"])
    assert len(scans(home)) == 1


def test_presses_of_one_page_are_several_reports_with_the_same_three_digits(client, home, wang):
    page = client.get(wang.path).text
    page_id = re.search(r'name="request_id" value="([^"]+)"', page)[1]
    for n, act in enumerate(("opened", "called", "with_elder"), 1):
        post(client, wang, act=act, request_id=f"{page_id}~{n}")
    assert [row["code"] for row in scans(home)] == [re.search(r'data-code="(\d{3})"', page)[1]] * 3


def test_a_better_place_goes_to_the_same_report_with_all_that_comes_along(client, home, wang):
    first = post(client, wang, act="with_elder").get_json()
    better = post(
        client,
        wang,
        act="with_elder",
        status=first["status_url"],
        lat=43.83,
        lon=126.56,
        phone="199 0000 0077",
    ).get_json()
    assert better["status_url"] == first["status_url"]
    (told,) = views.whole(home.db, home.vault, int(first["incident"])).told
    assert told.point
    assert told.phone == "199 0000 0077"


def test_a_better_place_sent_twice_changes_nothing_the_second_time(client, home, wang):
    first = post(client, wang, act="with_elder").get_json()
    better = {
        "act": "with_elder",
        "status": first["status_url"],
        "request_id": "b" * 20,
        "lat": 43.83,
        "lon": 126.56,
    }
    once = post(client, wang, **better).get_json()
    events = home.db.scalar("SELECT count(*) FROM event")
    assert post(client, wang, **better).get_json() == once
    assert home.db.scalar("SELECT count(*) FROM event") == events
    acts.move(
        home.db,
        home.vault,
        int(first["incident"]),
        Move("closed", 1, outcome="false_alarm"),
        by=1,
        now=clock.utcnow(),
    )
    assert post(client, wang, **better).get_json() == once, "a phone that repeats itself opens nothing new"
    assert post(client, wang, **better | {"request_id": "c" * 20}).get_json()["incident"] != once["incident"]


def test_a_call_back_number_that_comes_later_is_not_lost(client, home, wang):
    first = post(client, wang, act="with_elder").get_json()
    post(client, wang, act="with_elder", status=first["status_url"], phone="199 0000 0077", note="穿红衣服")
    told = views.whole(home.db, home.vault, int(first["incident"])).told
    assert [(one.phone, one.note) for one in told][0] == ("199 0000 0077", "穿红衣服")


BAD_FIELDS = [
    ('{"act":"with_elder","lat":NaN,"lon":126.5}', {"lat", "lon"}),
    ('{"act":"with_elder","lat":1e999,"lon":126.5}', {"lat", "lon"}),
    ('{"act":"with_elder","lat":"north","lon":true}', {"lat", "lon"}),
    ('{"act":"with_elder","lat":126.56,"lon":43.83}', {"lat"}),
    ('{"act":"with_elder","lat":43.83}', {"lat"}),
    ('{"act":"with_elder","lat":-999,"lon":126}', {"lat"}),
    ('{"act":"with_elder","lat":43.8,"lon":126.5,"accuracy_m":-5}', {"accuracy_m"}),
    ('{"act":"with_elder","lat":43.8,"lon":126.5,"accuracy_m":{"a":1}}', {"accuracy_m"}),
    ('{"act":"with_elder","place":["x"],"note":7}', {"place", "note"}),
    ('{"act":"with_elder","phone":"none"}', {"phone"}),
    ('{"act":"with_elder","status":"../../etc/passwd"}', {"status"}),
    ('{"act":"with_elder","request_id":"x"}', {"request_id"}),
    ('{"act":"with_elder","request_id":[1]}', {"request_id"}),
    ('{"act":"dance"}', {"act"}),
    ('{"act":["with_elder"]}', {"act"}),
    ("[]", {"body"}),
    ("null", {"body"}),
    ('"help"', {"body"}),
    ("{", {"body"}),
    ("[" * 60_000, {"body"}),
    ('{"lat":' + "9" * 5000 + "}", {"body"}),
    ("", set()),
]


@pytest.mark.parametrize(("body", "named"), BAD_FIELDS)
def test_a_bad_field_is_named_and_never_costs_the_report(client, home, wang, body, named):
    answer = client.post(f"{wang.path}/scans", data=body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.get_json()["incident"] is not None
    assert {one["field"] for one in answer.get_json()["ignored"]} == named
    assert all(one["reason"] for one in answer.get_json()["ignored"])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream", None])
def test_invalid_bytes_are_taken_as_a_press(client, home, wang, content_type):
    answer = client.post(
        f"{wang.path}/scans", data=b'{"act":"gone","note":"\xff\xfe"}', content_type=content_type
    )
    assert answer.status_code == 201
    assert answer.get_json()["ignored"][0]["field"] == "body"


def test_json_is_read_whatever_it_calls_itself(client, home, wang):
    for content_type in ("text/plain;charset=UTF-8", "application/json; charset=utf-8", None):
        answer = client.post(
            f"{wang.path}/scans", data=json.dumps({"act": "called"}), content_type=content_type
        )
        assert answer.get_json()["ignored"] == []
    assert {row["act"] for row in scans(home)} == {"called"}


def test_long_text_is_cut_and_named(client, home, wang):
    body = post(client, wang, act="gone", place="街" * 300, note="\u202eabc\x00\ud800" + "x" * 900).get_json()
    assert {(one["field"], one["reason"]) for one in body["ignored"]} == {("place", "cut"), ("note", "cut")}
    (told,) = views.whole(home.db, home.vault, int(body["incident"])).told
    assert told.place == "街" * 200
    assert told.note.startswith("abcx")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_000])
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_too_much_gets_the_hotline(client, home, wang, size, content_type):
    for accept in ("text/html", "application/json"):
        answer = client.post(
            f"{wang.path}/scans", data=b"a" * size, content_type=content_type, headers={"Accept": accept}
        )
        assert answer.status_code == 413
        assert "0432-62012345" in answer.text
    assert not scans(home)


def test_a_forged_token_is_refused_whatever_it_brings(client, home):
    for method in (
        {"json": {"act": "with_elder"}},
        {"data": {"act": "with_elder"}},
        {"data": b"x" * 10_000_000},
    ):
        assert client.post(f"/{'1' * 52}/scans", **method).status_code == 404
    assert not scans(home)


def test_a_badge_never_issued_opens_an_incident_without_an_elder(client, home):
    answer = client.post(f"/{seal.badge_token(home.ring, 1, 4242)}/scans", json={"act": "with_elder"})
    assert answer.status_code == 201
    row = home.db.row("SELECT * FROM incident")
    assert (row["serial"], row["elder_id"]) == (4242, None)


def test_a_form_without_script_leads_to_the_status_page(client, home, wang):
    page_id = re.search(r'name="request_id" value="([^"]+)"', client.get(wang.path).text)[1]
    form = {
        "request_id": page_id,
        "status": "",
        "act": "with_elder",
        "place": "江边3号门",
        "phone": "",
        "note": "",
    }
    answer = client.post(f"{wang.path}/scans?l=ko&t=1", data=form)
    assert answer.status_code == 303
    assert re.fullmatch(r"/s/[0-9a-f]{32}\?l=ko&t=1", answer.headers["Location"])
    page = client.get(answer.headers["Location"]).text
    assert '<html lang="ko" class="t">' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_the_number_door_reports_without_telling_the_badges_address(client, home, wang):
    page_id = re.search(r'name="request_id" value="([^"]+)"', client.get(f"/n/{wang.digits}").text)[1]
    answer = client.post(f"/n/{wang.digits}/scans", data={"act": "with_elder", "request_id": page_id})
    assert answer.status_code == 303
    assert home.db.row("SELECT elder_id FROM incident")["elder_id"] == wang.id
    assert wang.token not in client.get(answer.headers["Location"]).text
    assert client.post("/n/123450/scans", data={"act": "with_elder"}).status_code == 404


# Without a database --------------------------------------------------------------------------------------


def test_without_the_database_a_report_waits_in_the_spool_and_is_imported(client, home, wang, now):
    home.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    keep = home.config.database.read_bytes()
    remove_database(home)
    answer = post(client, wang, act="hurt", request_id="the-same-press", place="江边")
    assert answer.status_code == 202
    body = answer.get_json()
    assert body["incident"] is None
    assert client.get(body["status_url"]).status_code == 200
    assert len(look(client, body["status_url"])["code"]) == 3, "there is something to say on the phone"
    assert (
        post(client, wang, act="hurt", request_id="the-same-press").get_json()["status_url"]
        == body["status_url"]
    )

    home.config.database.write_bytes(keep)
    waiting_page = client.get(body["status_url"] + "?l=zh")
    assert waiting_page.status_code == 200
    assert "0432-62012345" in waiting_page.text
    assert "已经保存" in waiting_page.text
    (waiting,) = spool.waiting(home.config.spool, home.ring)
    with founding.opened(home.config, home.ring) as (db, vault):
        door = Door(waiting.station, waiting.serial, waiting.source, spooled=True)
        imported = reports.report(db, vault, door, waiting.report, waiting.at)
        spool.done(waiting)
        assert f"/s/{imported.status_token}" == body["status_url"]
        assert views.best_place(db, vault, imported.incident_id).place == "江边"
    assert look(client, body["status_url"])["state"] == "sent"
    assert "已通知值班员" in look(client, body["status_url"])["text"]


def test_a_form_without_the_database_gets_a_page_that_says_saved_and_ring(client, home, wang):
    remove_database(home)
    answer = client.post(f"{wang.path}/scans", data={"act": "with_elder", "place": "江边"})
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"] + "?l=zh")
    assert page.status_code == 200
    assert "已经保存" in page.text
    assert "0432-62012345" in page.text
    assert len(list(spool.waiting(home.config.spool, home.ring))) == 1


def test_a_further_press_on_the_status_page_is_kept_without_the_database_too(client, home, wang):
    status_url = post(client, wang, act="with_elder").get_json()["status_url"]
    action = re.search(r'<form id="f"[^>]* action="([^"]+)"', client.get(status_url).text)[1].replace(
        "&amp;", "&"
    )
    remove_database(home)
    assert client.post(action, json={"act": "hurt"}).status_code == 202
    (waiting,) = spool.waiting(home.config.spool, home.ring)
    assert (waiting.station, waiting.serial, waiting.report.act) == (1, 1, "hurt")


def test_when_nothing_can_be_written_the_page_says_so_and_the_hotline_comes_first(client, home, wang):
    remove_database(home)
    shutil.rmtree(home.config.spool)
    answer = client.post(f"{wang.path}/scans?l=zh", data={"act": "with_elder"})
    assert answer.status_code == 503
    assert "0432-62012345" in answer.text
    assert answer.text.index("tel:+86") < answer.text.index("tel:110")
    assert "没能保存" in answer.text
    assert post(client, wang, act="with_elder").status_code == 503


# The finder's own page -------------------------------------------------------------------------------------


def test_the_finder_reads_what_the_station_does(client, home, wang, now):
    answer = post(client, wang, act="with_elder").get_json()
    incident, url = int(answer["incident"]), answer["status_url"]
    began = views.brief(home.db, incident).opened_at
    db, vault = home.db, home.vault

    def move(state, **more):
        acts.move(db, vault, incident, Move(state, version(home, incident), **more), by=2, now=began)

    first = look(client, url)
    assert set(first) == {
        "state",
        "late",
        "page",
        "unlocked",
        "text",
        "eta_minutes",
        "code",
        "messages",
        "safe_places",
    }
    assert first["state"] == "sent"
    assert first["code"] == scans(home)[0]["code"]
    acts.seen(db, incident, by=2, now=began)
    assert look(client, url)["state"] == "seen"
    assert "正在安排" not in look(client, url)["text"], "on a screen is not yet in somebody's hands"
    acts.claim(db, incident, "both", by=2, now=began)
    assert look(client, url)["state"] == "seen"
    assert "已看到" in look(client, url)["text"]
    move("going", eta_minutes=8)
    coming = look(client, url)
    assert (coming["state"], coming["eta_minutes"]) == ("coming", 8)
    assert "8 分钟" in coming["text"]
    assert "值班员" in coming["text"]
    assert "王强" not in client.get(url).text
    move("with_elder")
    assert look(client, url)["state"] == "with_elder"
    move("at_station")
    assert look(client, url)["state"] == "safe"
    move("handed_over", collected_by="张伟", relation="son", identity_seen=True)
    assert look(client, url)["state"] == "safe"
    move("closed", outcome="reunited")
    assert look(client, url)["state"] == "closed"
    assert "张伟" not in client.get(url).text


def test_how_it_ended_is_nobodys_business(client, home, wang):
    texts = set()
    for outcome in ("reunited", "hospital", "died", "false_alarm"):
        answer = post(client, wang, act="with_elder").get_json()
        incident = int(answer["incident"])
        acts.move(
            home.db,
            home.vault,
            incident,
            Move("closed", 1, outcome=outcome),
            by=2,
            now=views.brief(home.db, incident).opened_at,
        )
        page = client.get(answer["status_url"]).text.replace(answer["status_url"], "")
        texts.add(re.sub(r"<b>\d{3}</b>", "", page))
    assert len(texts) == 1


def test_silence_of_a_minute_is_said_and_puts_the_phone_first(client, home, wang, now):
    answer = post(client, wang, act="with_elder").get_json()
    page = client.get(answer["status_url"] + "?l=zh").text
    assert page.index('id="m"') < page.index("tel:+86")
    with transaction(home.db):
        home.db.write("UPDATE incident SET ring_since = ?", "2026-01-01T00:00:00.000000+00:00")
    page = client.get(answer["status_url"] + "?l=zh").text
    assert page.index("tel:+86") < page.index('id="m"')
    assert "还没有人回应" in look(client, answer["status_url"])["text"]
    acts.seen(home.db, int(answer["incident"]), by=2, now=now)
    seen = look(client, answer["status_url"])
    assert (seen["state"], seen["late"], "还没有人接" in seen["text"]) == ("seen", True, True)
    acts.claim(home.db, int(answer["incident"]), "both", by=2, now=now)
    assert not look(client, answer["status_url"])["late"]


def test_consented_flags_come_after_the_hurt_press_and_go_with_the_incident(client, home, now):
    li = enrol(
        home,
        dataclasses.replace(WANG, name="李桂芳", consents=(*WANG.consents, "health_notes", "page_flags")),
        "form-li",
    )
    calm = post(client, li, act="with_elder").get_json()
    hurt = post(client, li, act="hurt").get_json()
    assert "糖尿病" not in client.get(calm["status_url"] + "?l=zh").text
    page = client.get(hurt["status_url"] + "?l=zh").text
    assert "糖尿病" in page
    assert "记性" not in page, "memory is not life-critical"
    assert 'href="tel:120"' in page
    acts.move(
        home.db, home.vault, int(hurt["incident"]), Move("closed", 1, outcome="hospital"), by=2, now=now
    )
    assert "糖尿病" not in client.get(hurt["status_url"] + "?l=zh").text


def test_without_consent_the_hurt_press_shows_no_flag(client, wang):
    hurt = post(client, wang, act="hurt").get_json()
    assert "糖尿病" not in client.get(hurt["status_url"] + "?l=zh").text


def test_no_status_page_names_anybody(client, home, wang):
    for act in ("opened", "test", "with_elder", "hurt", "cannot_stay", "gone", "tag_only", "called"):
        url = post(client, wang, act=act).get_json()["status_url"]
        for spoken in ("zh", "en", "ko"):
            page = client.get(f"{url}?l={spoken}").text
            assert "0432-62012345" in page
            assert not [
                word
                for word in ("王秀兰", "王奶奶", "帝景", "张伟", "19900000002", wang.token)
                if word in page
            ]


def test_finder_and_station_write_to_each_other(client, home, wang, now):
    answer = post(client, wang, act="with_elder").get_json()
    incident, url = int(answer["incident"]), answer["status_url"]
    said = client.post(f"{url}/messages", json={"text": "老人在<b>喝水</b>"})
    assert said.status_code == 201
    acts.say(home.db, home.vault, incident, "我们马上到", by=2, now=now)
    form = client.post(f"{url}/messages?l=zh", data={"text": "好的"})
    assert form.status_code == 303
    assert form.headers["Location"] == f"{url}?l=zh"
    messages = look(client, url)["messages"]
    assert [(one["from"], one["text"]) for one in messages] == [
        ("finder", "老人在<b>喝水</b>"),
        ("station", "我们马上到"),
        ("finder", "好的"),
    ]
    assert all(one["at"] for one in messages)
    page = client.get(url).text
    assert "<b>喝水" not in page
    assert home.db.row("SELECT scan_id FROM message WHERE side = 'finder'")["scan_id"] == scans(home)[0]["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": "  "}, 422), ({}, 422), ([], 422), ({"text": 5}, 422), ({"text": "x" * 900}, 201)],
)
def test_empty_messages_are_refused_and_long_ones_cut(client, home, wang, body, status):
    url = post(client, wang, act="with_elder").get_json()["status_url"]
    assert client.post(f"{url}/messages", json=body).status_code == status


def test_messages_end_with_the_incident_and_cannot_flood_it(client, home, wang, now):
    answer = post(client, wang, act="with_elder").get_json()
    url = answer["status_url"]
    assert [client.post(f"{url}/messages", json={"text": "喂"}).status_code for _ in range(12)][-1] == 429
    other = post(client, wang, act="with_elder").get_json()["status_url"]
    acts.move(home.db, home.vault, int(answer["incident"]), Move("closed", 1, outcome="test"), by=2, now=now)
    assert client.post(f"{other}/messages", json={"text": "喂"}).status_code == 409
    tried = post(client, wang, act="test").get_json()["status_url"]
    assert client.post(f"{tried}/messages", json={"text": "喂"}).status_code == 409


def test_a_status_page_dies_a_day_after_closing(client, home, wang, now):
    answer = post(client, wang, act="with_elder").get_json()
    long_ago = views.brief(home.db, int(answer["incident"])).opened_at - timedelta(days=2)
    acts.move(
        home.db, home.vault, int(answer["incident"]), Move("closed", 1, outcome="test"), by=2, now=long_ago
    )
    for url in (answer["status_url"], "/s/" + "0" * 32, "/s/nonsense"):
        page = client.get(url)
        assert page.status_code == 404
        assert "0432-62012345" in page.text
        assert client.post(f"{url}/messages", json={"text": "喂"}).status_code == 404
        assert client.post(f"{url}/scans", json={"act": "gone"}).status_code == 404


def test_the_status_page_takes_further_presses(client, home, wang):
    answer = post(client, wang, act="with_elder").get_json()
    page = client.get(answer["status_url"]).text
    action = re.search(r'<form id="f"[^>]* action="([^"]+)"', page)[1].replace("&amp;", "&")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    sent = client.post(
        action, data={**fields, "act": "with_elder", "place": "江边3号门", "note": "", "phone": ""}
    )
    assert sent.headers["Location"] == answer["status_url"], "a place goes to the same report"
    gone = client.post(action, json={"act": "gone"}).get_json()
    assert gone["incident"] == answer["incident"]
    assert [row["act"] for row in scans(home)] == ["with_elder", "gone"]


def test_a_door_cannot_be_forged(client, home, wang):
    answer = post(client, wang, act="with_elder").get_json()
    for door in ("MXwy", "", "'", "ü", "A" * 80):
        client.post(f"{answer['status_url']}/scans?door={door}", json={"act": "gone"})
    assert {row["serial"] for row in scans(home)} == {1}


def test_a_badge_of_a_station_that_is_not_served_here_rings_us(client, home, at_desk):
    """Another town's badge, or one of a station that was given up: the elder is here, so we are told."""
    for serial in (5, 5, 6):
        token = seal.badge_token(home.ring, 77, serial)
        answer = client.post(f"/{token}/scans", json={"act": "with_elder", "place": "东市场"})
        assert answer.status_code == 201
    found = at_desk("duty").get("/desk/incidents?open=1", headers={"Accept": "application/json"}).get_json()
    assert len(found) == 2
    assert client.get(answer.get_json()["status_url"]).status_code == 200


def test_the_same_request_id_at_another_badge_is_another_report(client, home, wang):
    other = seal.badge_token(home.ring, 1, 999)
    sent = {"act": "with_elder", "request_id": "the-same-words-twice"}
    first = client.post(f"{wang.path}/scans", json=sent).get_json()
    second = client.post(f"/{other}/scans", json=sent).get_json()
    assert first["incident"] != second["incident"]
    assert client.post(f"{wang.path}/scans", json=sent).get_json()["incident"] == first["incident"]


def test_a_message_too_long_for_the_door_gets_the_hotline(client, wang):
    status = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["status_url"]
    answer = client.post(f"{status}/messages", json={"text": "x" * 70_000})
    assert answer.status_code == 413
    assert "0432-62012345" in answer.text


# What was not taken is said -----------------------------------------------------------------------------


def told(client, wang, **sent) -> str:
    """The page that answers a form, as a phone without script shows it."""
    answer = client.post(f"{wang.path}/scans?l=zh", data={"act": "with_elder", **sent})
    assert answer.status_code == 303
    return client.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"note": "长" * 501}, "写得太长"),
        ({"place": "长" * 201, "phone": "1" * 31}, "写得太长"),
        ({"phone": "没有"}, "没看懂您的电话号码"),
        ({"lat": "91", "lon": "900"}, "没看懂手机发来的位置"),
        ({"lat": "126.5601", "lon": "43.8255"}, "经纬度颠倒了"),
        ({"status": "0" * 32}, "按新的报告"),
        ({"act": "fly"}, "有一部分没看懂"),
    ],
)
def test_without_script_the_answer_says_what_was_not_taken(client, wang, sent, said):
    plain = told(client, wang)
    page = told(client, wang, **sent)
    assert said in page
    assert said not in plain
    assert "0432-62012345" in page


def test_a_finder_who_was_only_counted_is_asked_to_ring(client, home, wang):
    for n in range(35):
        page = told(client, wang, place=f"第{n}个路口")
    assert "请打电话" in page.partition('role="alert"')[2][:120]
    assert home.db.scalar("SELECT sum(more) FROM scan_count") == 5


def test_the_script_is_led_to_the_same_words(client, wang):
    answer = client.post(
        f"{wang.path}/scans?l=zh&t=1", json={"act": "with_elder", "note": "长" * 501}
    ).get_json()
    assert answer["page"] == f"{answer['status_url']}?l=zh&t=1&w=cut"
    assert "写得太长" in client.get(answer["page"]).text
    assert post(client, wang, act="gone").get_json()["page"].startswith("/s/")


def test_a_message_that_was_cut_is_said_to_be(client, wang):
    status = post(client, wang, act="with_elder").get_json()["status_url"]
    answer = client.post(f"{status}/messages?l=zh", data={"text": "长" * 501})
    assert "写得太长" in client.get(answer.headers["Location"]).text
    answer = client.post(f"{status}/messages?l=zh", data={"text": "长" * 500})
    assert answer.headers["Location"] == f"{status}?l=zh"


def test_nobody_can_make_the_page_say_anything_else(client, wang):
    status = post(client, wang, act="with_elder").get_json()["status_url"]
    page = client.get(f"{status}?l=zh&w=<script>alert(1)</script>.请转账.cut")
    assert "写得太长" in page.text
    assert "转账" not in page.text
    assert "alert(1)" not in page.text


def test_without_script_a_press_for_the_location_says_that_none_came(client, wang):
    assert "手机没有发来位置" in told(client, wang)
    assert "手机没有发来位置" not in told(client, wang, place="东市场")
    assert "手机没有发来位置" not in told(client, wang, act="gone")


def test_the_page_says_that_the_place_is_known_and_asks_for_nothing_when_the_elder_is_with_us(
    client, home, wang, at_desk
):
    status = post(client, wang, act="with_elder", place="东市场").get_json()["status_url"]
    before = client.get(f"{status}?l=zh").text
    assert "驿站已收到您的位置" in before
    assert 'id="g"' in before
    desk = at_desk("duty")
    desk.post("/desk/incidents/1/claim", json={"slot": "both"})
    for state in ("going", "with_elder"):
        version = desk.get("/desk/incidents/1", headers={"Accept": "application/json"}).get_json()["version"]
        desk.post("/desk/incidents/1/move", json={"state": state, "version": version})
    after = client.get(f"{status}?l=zh").text
    assert "我们的人已经到了" in after
    for part in ('id="g"', 'name="place"', 'value="cannot_stay"', "情况有变化"):
        assert part not in after
    assert look(client, status)["page"] == "with_elder"
