"""The finder's door: a report is taken however it comes, and kept before it is confirmed."""

import json
import re
import shutil

import pytest
from reporting import look, post, remove_database, scans

from station import clock, founding, seal, spool
from station.incidents import acts, reports, views
from station.incidents.acts import Move
from station.incidents.reports import Door

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
