"""The finder's own page: a report is followed to its end, and nobody is named on it."""

import dataclasses
import re
from datetime import timedelta

import pytest
from conftest import WANG, enrol
from reporting import look, post, scans, version

from station.db import transaction
from station.incidents import acts, views
from station.incidents.acts import Move

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


def test_a_message_too_long_for_the_door_gets_the_hotline(client, wang):
    status = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["status_url"]
    answer = client.post(f"{status}/messages", json={"text": "x" * 70_000})
    assert answer.status_code == 413
    assert "0432-62012345" in answer.text


# What was not taken is said -----------------------------------------------------------------------------


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
