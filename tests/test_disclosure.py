"""The officer shows one helper what is needed, for half an hour: by consent, or for life and health."""

import dataclasses
import io
import re
from datetime import datetime, timedelta

import pytest
from conftest import WANG, enrol
from PIL import Image
from provider import Provider
from sightings import lead, scan
from watch import Watch, connect

from station import clock, elders, portraits
from station.db import transaction
from station.incidents import disclosures
from station.web import connection

BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
JPEG = (lambda out: Image.effect_noise((48, 60), 80).save(out, "JPEG") or out.getvalue())(io.BytesIO())
ALL = ("page_call_name", "finder_photo", "health_notes", "finder_health")


@pytest.fixture
def li(home):
    """An elder whose family consents to everything that may be shown to a helper in need."""
    form = dataclasses.replace(WANG, name="李桂芳", call_name="李奶奶", consents=(*WANG.consents, *ALL))
    return with_photo(home, enrol(home, form, "form-li"))


@pytest.fixture
def shy(home, wang):
    """An elder whose family consents to nothing of it."""
    return with_photo(home, wang)


def with_photo(home, wearer):
    portraits.keep(home.db, home.vault, wearer.id, JPEG, by=1, now=clock.utcnow())
    return wearer


@pytest.fixture
def later(monkeypatch):
    """`later(minutes=31)`: every request that follows is that much later."""

    def pass_by(**length):
        moment = clock.utcnow() + timedelta(**length)
        monkeypatch.setattr(connection, "now", lambda: moment)

    return pass_by


class Case:
    """An incident that an officer holds, and the page of its finder."""

    def __init__(self, home, at_desk, wearer, act="with_elder"):
        answer = scan(home, wearer, act)
        self.home, self.duty, self.wearer = home, at_desk("duty"), wearer
        self.id, self.page = answer.incident_id, f"/s/{answer.status_token}"
        self.scan = home.db.scalar("SELECT max(id) FROM scan")
        self.path = f"/desk/incidents/{self.id}"
        self.duty.post(f"{self.path}/claim", json={"slot": "both"}, headers=JSON)

    def show(self, *items, desk=None, **more):
        sent = {"scan": str(self.scan), "items": list(items)} | more
        return (desk or self.duty).post(f"{self.path}/disclosures", json=sent, headers=JSON)

    def close(self):
        self.lead("closed")

    def lead(self, state):
        lead(self.home, self.duty, self.id, state, outcome="reunited")


@pytest.fixture
def case(home, at_desk, li):
    return Case(home, at_desk, li)


def look(client, case, what=""):
    return client.get(f"{case.page}{what}?l=zh", base_url=BASE)


def test_nothing_is_shown_before_the_officer_shows_it(client, case):
    page = look(client, case)
    assert "李奶奶" not in page.text
    assert "<img" not in page.text
    assert "img-src" not in page.headers["Content-Security-Policy"]
    assert look(client, case, "/photo").status_code == 404


def test_what_is_shown_stands_on_the_finder_s_page_with_its_end(client, case):
    assert case.show("call_name", "photo", "health_notes").status_code == 200
    page = look(client, case)
    assert "李奶奶" in page.text
    assert "糖尿病" in page.text
    assert f'src="{case.page}/photo"' in page.text
    assert "img-src 'self'" in page.headers["Content-Security-Policy"]
    assert "李桂芳" not in page.text
    photo = look(client, case, "/photo")
    assert (photo.status_code, photo.mimetype, photo.data) == (200, "image/jpeg", JPEG)
    assert photo.headers["Cache-Control"] == "no-store"
    told = client.get(case.page, headers=JSON, base_url=BASE).get_json()
    assert told["page"] == "call_name,photo,health_notes"
    assert told["unlocked"]["call_name"] == "李奶奶"
    until = datetime.fromisoformat(told["unlocked"]["until"])
    assert timedelta(minutes=29) < until - clock.utcnow() <= timedelta(minutes=30)


def test_only_the_named_item_is_shown(client, case):
    case.show("photo")
    page = look(client, case)
    assert "李奶奶" not in page.text
    assert "糖尿病" not in page.text
    assert look(client, case, "/voice").status_code == 404


def test_only_that_finder_sees_it(client, home, case, li):
    other = scan(home, li)
    case.show("call_name", "photo")
    for path in (f"/s/{other.status_token}", li.path, f"/n/{li.digits}"):
        page = client.get(f"{path}?l=zh", base_url=BASE).text
        assert "<img" not in page
        assert path == li.path or "李奶奶" not in page, "the help page has it by consent, always"
    assert client.get(f"/s/{other.status_token}/photo", base_url=BASE).status_code == 404
    assert look(client, case, "/photo").status_code == 200


def test_the_help_page_s_bytes_do_not_know_of_it(client, case, li):
    def page():
        return re.sub(r'name="request_id" value="[^"]+"|data-code="\d{3}"', "", client.get(li.path).text)

    before = page()
    case.show("call_name", "photo", "health_notes")
    assert page() == before


def test_it_follows_the_finder_to_the_page_of_a_later_press(client, case):
    case.show("photo")
    status = case.page.removeprefix("/s/")
    page = look(client, case).text
    action = re.search(r'action="(/s/[^"]+/scans[^"]+)"', page)[1].replace("&amp;", "&")
    press = client.post(action, data={"act": "hurt", "status": status}, base_url=BASE)
    fresh = press.headers["Location"].split("?")[0]
    assert fresh != case.page
    assert f'src="{fresh}/photo"' in client.get(fresh, base_url=BASE).text


def test_it_ends_after_half_an_hour(client, case, later):
    case.show("call_name", "photo")
    later(minutes=29)
    assert "李奶奶" in look(client, case).text
    later(minutes=31)
    page = look(client, case)
    assert "李奶奶" not in page.text
    assert "img-src" not in page.headers["Content-Security-Policy"]
    assert look(client, case, "/photo").status_code == 404


def test_the_officer_ends_it_sooner(client, home, case):
    case.show("call_name", "photo")
    shown = case.duty.get(case.path, headers=JSON).get_json()["disclosures"]
    photo = next(one for one in shown if one["item"] == "photo")
    ended = case.duty.post(f"{case.path}/disclosures/{photo['id']}/end", json={}, headers=JSON)
    assert ended.status_code == 200
    assert look(client, case, "/photo").status_code == 404
    assert "李奶奶" in look(client, case).text, "the other item stays"
    kinds = [e["kind"] for e in home.db.rows("SELECT kind FROM event WHERE incident_id = ?", case.id)]
    assert kinds.count("hidden") == 1


def test_it_ends_with_closing(client, case):
    case.show("call_name", "photo")
    case.close()
    assert "李奶奶" not in look(client, case).text
    assert look(client, case, "/photo").status_code == 404
    assert case.show("photo").status_code == 409


def test_it_ends_when_the_elder_is_safe(client, case):
    case.show("call_name", "photo")
    for state in ("going", "with_elder"):
        case.lead(state)
        assert look(client, case, "/photo").status_code == 200
    case.lead("at_station")
    assert "李奶奶" not in look(client, case).text
    assert look(client, case, "/photo").status_code == 404
    assert case.show("photo").status_code == 409


def test_a_consent_that_is_taken_back_ends_it_at_once(client, home, case, li):
    case.show("photo")
    with transaction(home.db):
        home.db.insert(
            "consent", elder_id=li.id, item="finder_photo", given=0, given_by="relative", means="desk",
            text_version="1", at=clock.text(clock.utcnow()),
        )  # fmt: skip
    assert look(client, case, "/photo").status_code == 404


def test_only_who_holds_the_incident_may_show(client, case, at_desk):
    refused = case.show("photo", desk=at_desk("duty2"))
    assert refused.status_code == 409
    assert look(client, case, "/photo").status_code == 404


@pytest.mark.parametrize(
    "sent", [{"items": []}, {"items": ["address"]}, {"items": "photo"}, {"items": [{}]}, {"items": ["voice"]}]
)
def test_what_is_no_item_is_refused_with_a_word(case, sent):
    refused = case.duty.post(f"{case.path}/disclosures", json={"scan": str(case.scan)} | sent, headers=JSON)
    assert refused.status_code == 422
    assert refused.get_json()["error"]


def test_a_report_of_another_incident_cannot_be_named(home, case, wang):
    scan(home, wang)
    other = home.db.scalar("SELECT max(id) FROM scan")
    assert case.show("photo", scan=str(other)).status_code == 404
    assert case.show("photo", scan="999999").status_code == 404


# Without consent ------------------------------------------------------------------------------------


def test_without_consent_a_reason_of_life_and_health_is_asked_for(client, home, at_desk, shy):
    case = Case(home, at_desk, shy)
    for more in ({}, {"cause": "curious"}, {"cause": "other", "words": "  "}):
        refused = case.show("photo", **more)
        assert refused.status_code == 422
        assert look(client, case, "/photo").status_code == 404
    assert case.show("photo", cause="unconscious").status_code == 200
    assert look(client, case, "/photo").data == JPEG


def test_breaking_the_glass_is_written_down_for_good(home, at_desk, shy):
    case = Case(home, at_desk, shy)
    case.show("health_notes", cause="other", words="掉进江里了")
    audit = home.db.row("SELECT * FROM audit WHERE action = 'finder.disclosed'")
    assert audit["object"] == f"incident/{case.id}"
    assert audit["detail"] == f"health_notes.break_glass other scan/{case.scan}"
    assert audit["staff_id"] == 2
    page = case.duty.get(case.path, headers={"Accept": "text/html"}).text
    assert "未经同意" in page
    assert "掉进江里了" in page
    shown = case.duty.get(case.path, headers=JSON).get_json()["disclosures"][0]
    assert (shown["reason"], shown["cause"], shown["words"]) == ("break_glass", "other", "掉进江里了")


def test_by_consent_nothing_is_broken(home, case):
    case.show("photo", cause="danger")
    assert home.db.scalar("SELECT detail FROM audit WHERE action = 'finder.disclosed'").startswith(
        "photo.consent"
    )


def test_the_family_is_told_that_the_glass_was_broken_and_nothing_of_health(home, at_desk, shy):
    now = clock.utcnow()
    with Provider() as provider:
        connect(home, provider, now)
        watch = Watch(home, provider, now)
        case = Case(home, at_desk, shy)
        case.show("health_notes", "photo", cause="treatment")
        watch.at(5)
        told = [sent.json() for sent in provider.requests if sent.json()["kind"] == "message"]
    assert len(told) == len(shy.form.contacts), "one message to each, however many items"
    for message in told:
        assert "没有同意过" in message["text"]
        assert "0432-62012345" in message["text"]
        assert not [word for word in ("糖尿病", "健康提示", "照片", "王秀兰") if word in message["text"]]


def test_the_family_is_told_of_it_even_when_it_is_over(home, at_desk, shy):
    now = clock.utcnow()
    with Provider() as provider:
        connect(home, provider, now)
        watch = Watch(home, provider, now)
        case = Case(home, at_desk, shy)
        case.show("photo", cause="danger")
        case.close()
        watch.at(5)
        kinds = [sent.json()["kind"] for sent in provider.requests]
    assert kinds.count("message") == len(shy.form.contacts)


def test_by_consent_the_family_gets_no_message_of_it(home, case):
    now = clock.utcnow()
    with Provider() as provider:
        connect(home, provider, now)
        watch = Watch(home, provider, now)
        case.show("photo", "call_name")
        watch.at(5)
        assert "message" not in [sent.json()["kind"] for sent in provider.requests]


def test_the_officer_s_page_offers_it_and_says_what_is_not_consented(home, at_desk, shy):
    case = Case(home, at_desk, shy)
    page = case.duty.get(case.path, headers={"Accept": "text/html"}).text
    assert "给好心人看 30 分钟" in page
    assert page.count("未同意") == 3
    other = at_desk("duty2").get(case.path, headers={"Accept": "text/html"}).text
    assert "给好心人看 30 分钟" not in other


def test_the_officer_s_form_shows_and_says_what_is_missing(client, home, at_desk, shy):
    case = Case(home, at_desk, shy)
    wrong = case.duty.post(f"{case.path}/disclosures", data={"scan": case.scan, "items": "photo"})
    assert wrong.status_code == 422
    assert 'href="#case-cause"' in wrong.text
    right = case.duty.post(
        f"{case.path}/disclosures",
        data={"scan": case.scan, "items": ["photo", "call_name"], "cause": "danger"},
    )
    assert right.status_code == 303
    assert look(client, case, "/photo").status_code == 200


def test_an_erased_person_is_not_shown(client, home, case, li):
    case.show("photo", "call_name")
    home.vault.destroy(f"elder/{elders.uid_of(home.db, li.id)}", clock.utcnow())
    assert look(client, case, "/photo").status_code == 404
    assert "李奶奶" not in look(client, case).text


def test_neither_photo_nor_reason_lies_readable_in_any_file(home, at_desk, shy, caplog):
    case = Case(home, at_desk, shy)
    case.show("photo", cause="other", words="掉进江里了")
    for path in home.config.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert JPEG[20:60] not in content, path
            assert "掉进江里了".encode() not in content, path
    assert "掉进江里了" not in caplog.text


def test_half_an_hour_is_half_an_hour():
    assert timedelta(minutes=30) == disclosures.LASTS


# Messages -------------------------------------------------------------------------------------------


def said(client, page):
    return [one["text"] for one in client.get(page, headers=JSON, base_url=BASE).get_json()["messages"]]


def test_a_helper_s_words_are_for_the_station_and_not_for_other_helpers(client, home, case, li):
    other = f"/s/{scan(home, li).status_token}"
    client.post(f"{case.page}/messages", json={"text": "我在药店门口"}, base_url=BASE)
    client.post(f"{other}/messages", json={"text": "我看到的是另一位"}, base_url=BASE)
    case.duty.post(f"{case.path}/messages", json={"text": "大家辛苦"}, headers=JSON)
    case.duty.post(f"{case.path}/messages", json={"text": "就到药店", "scan": str(case.scan)}, headers=JSON)
    assert said(client, case.page) == ["我在药店门口", "大家辛苦", "就到药店"]
    assert said(client, other) == ["我看到的是另一位", "大家辛苦"]
    everything = case.duty.get(case.path, headers=JSON).get_json()["messages"]
    assert len(everything) == 4


def test_both_sides_are_cut_at_500_characters_and_an_empty_message_is_none(client, case):
    for text in ("", "   ", "\u200b"):
        assert (
            client.post(f"{case.page}/messages", json={"text": text}, headers=JSON, base_url=BASE).status_code
            == 422
        )
        assert case.duty.post(f"{case.path}/messages", json={"text": text}, headers=JSON).status_code == 422
    client.post(f"{case.page}/messages", json={"text": "长" * 900}, base_url=BASE)
    case.duty.post(f"{case.path}/messages", json={"text": "久" * 900}, headers=JSON)
    assert said(client, case.page) == ["长" * 500, "久" * 500]


def test_without_script_a_link_brings_the_answer(client, case):
    page = look(client, case).text
    assert re.search(rf'<noscript><p><a class="o" href="{case.page}\?l=zh">', page)
    case.duty.post(f"{case.path}/messages", json={"text": "就到药店"}, headers=JSON)
    assert "就到药店" in look(client, case).text
