"""The registration desk: an elder is entered, nothing wrong is written and nobody is entered twice."""

import re

import pytest
from entering import BESIDE, counts, far_away, form, id_of, worker
from werkzeug.datastructures import MultiDict

from station import elders
from station.issuing import making, records

__all__ = ["far_away", "worker"]


# Entering


def test_an_elder_is_entered_and_the_badge_is_ordered_with_it(home, worker):
    elder_id = id_of(worker.post("/elders", data=form(do="make")))
    elder = elders.get(home.db, home.vault, elder_id)
    assert (elder.name, elder.birth_date, elder.sex, elder.id_last_four) == (
        "李桂芬",
        "1946-03-05",
        "female",
        "004X",
    )
    assert elder.address == "吉林省吉林市丰满区龙城社区帝景小区105号楼2单元301"
    assert [(c.name, c.phone, c.relation) for c in elder.contacts] == [("李强", "+8619900000123", "son")]
    assert elder.consents == ("record", "family_place")
    assert [badge.state for badge in records.of_elder(home.db, elder_id)] == ["ordered"]
    page = worker.get(f"/elders/{elder_id}").text
    assert "李桂芬" in page
    assert "制作中" in page
    assert 'http-equiv="refresh"' in page


def test_the_page_shows_everything_in_english_too(home, worker, wang):
    worker.client.set_cookie("language", "en", domain="zj.example.cn")
    page = worker.get(f"/elders/{wang.id}").text
    assert "Correct the record" in page
    assert "Poor memory, loses the way" in page


@pytest.mark.parametrize(
    ("typed", "kept"), [("阿依古丽 • 买买提", "阿依古丽·买买提"), ("王😀兰", "王😀兰"), ("<b>&王", "<b>&王")]
)
def test_any_name_is_kept_and_shown_as_text(home, worker, typed, kept):
    elder_id = id_of(worker.post("/elders", data=form(name=typed)))
    assert elders.get(home.db, home.vault, elder_id).name == kept
    page = worker.get(f"/elders/{elder_id}").text
    assert kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in page
    assert "<b>&" not in page


@pytest.mark.parametrize(
    "typed", ["２２０２１１１９４６０３０５００４Ｘ", "220211 19460305 004x", "220211-19460305-004X"]
)
def test_an_identity_number_is_understood_however_it_is_typed(home, worker, typed):
    elder_id = id_of(worker.post("/elders", data=form(identity_number=typed)))
    assert elders.get(home.db, home.vault, elder_id).id_last_four == "004X"


@pytest.mark.parametrize(
    "typed", ["62010009", "０４３２－６２０１０００９", "(0432) 6201 0009", "+86 432 62010009"]
)
def test_a_phone_without_area_code_gets_the_stations(home, worker, typed):
    elder_id = id_of(worker.post("/elders", data=form(contact1_phone=typed)))
    assert elders.get(home.db, home.vault, elder_id).contacts[0].phone == "+8643262010009"


def test_a_birth_date_in_chinese_writing_is_understood(home, worker):
    elder_id = id_of(worker.post("/elders", data=form(identity_number="", birth_date="1946年3月5日")))
    assert elders.get(home.db, home.vault, elder_id).birth_date == "1946-03-05"


WRONG = [
    ("identity_number", "22021119460305014X", "打错", "mistyped"),
    ("identity_number", "22021119460350004X", "打错", "mistyped"),
    ("identity_number", "220211460305004", "15 位", "15-digit"),
    ("identity_number", "22021119460305004", "18 位", "18 characters"),
    ("birth_date", "5.3.46", "年-月-日", "year-month-day"),
    ("name", " ", "请填写姓名", "Type a name"),
    ("name", "王\u202e兰", "看不见", "invisible"),
    ("contact1_phone", "1234", "位数不对", "too short"),
    ("contact1_phone", "120", "公共服务", "public service"),
    ("contact1_phone", "19900000123 / 19900000124", "一个电话", "one phone"),
    ("contact1_phone", "", "请填写电话", "Type a phone number"),
    ("address", "", "住址", "where the elder lives"),
    ("community_id", "99", "社区", "community"),
    ("history", "长" * 2001, "2000", "2000"),
    ("call_name", "王" * 13, "12", "12"),
    ("hints", ["slowly", "loudly", "forgets", "korean"], "3", "3"),
    ("consents", ["photo"], "同意", "consent"),
    ("name", "%E7王", "乱码", "damaged"),
    ("name", "王\ufffd", "乱码", "damaged"),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("field", "typed", "zh", "en"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_written_or_lost(home, worker, language, field, typed, zh, en):
    before = counts(home, *BESIDE)
    changed = {"identity_number": ""} if field == "birth_date" else {}
    answer = worker.post(f"/elders?l={language}", data=form(**{**changed, field: typed}))
    assert answer.status_code == 422
    assert (zh if language == "zh" else en) in answer.text
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert counts(home, *BESIDE) == before
    page = answer.text
    for kept in ("帝景小区105号楼2单元301", "李强", "喜欢去江边。"):
        assert kept in page or field in ("address", "history")
    assert re.search(r'value="diabetes"[^>]* checked', page)
    if isinstance(typed, str):
        assert typed.strip().replace("<", "&lt;") in page


def test_all_wrong_fields_are_named_at_once_in_the_pages_order(worker):
    answer = worker.post("/elders", data=form(name="", identity_number="1", address="", contact1_phone="1"))
    named = re.findall(r'<li><a href="#(\w+)"', answer.text)
    assert named == ["identity_number", "name", "address", "contact1_phone"]


def test_bytes_that_are_no_utf_8_are_refused(home, worker):
    before = counts(home, *BESIDE)
    body = (
        "&".join(f"{key}={value}" for key, value in form().items() if isinstance(value, str)).encode()
        + b"\xff\xfe"
    )
    answer = worker.post("/elders", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "乱码" in answer.text
    assert counts(home, *BESIDE) == before


def test_the_same_form_sent_twice_makes_one_elder_and_one_badge(home, worker, now):
    typed = form(do="make")
    first = id_of(worker.post("/elders", data=typed))
    badge = records.of_elder(home.db, first)[0]
    making.make(home.db, home.vault, badge.id, home.config.base_url, now)
    before = counts(home, "session", "audit")
    assert id_of(worker.post("/elders", data=typed)) == first
    assert counts(home, "session", "audit") == before


def test_a_form_without_its_token_is_asked_for_again_with_everything_typed(home, worker):
    before = counts(home, *BESIDE)
    typed = form()
    answer = worker.client.post("/elders", data=typed, base_url="https://zj.example.cn")
    assert answer.status_code == 400
    assert "李桂芬" in answer.text
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before
    again = MultiDict(re.findall(r'<textarea hidden name="(\w+)">\n([^<]*)</textarea>', answer.text))
    again["csrf_token"] = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)[1]
    sent = worker.client.post("/elders", data=again, base_url="https://zj.example.cn")
    assert elders.get(home.db, home.vault, id_of(sent)).name == "李桂芬"


# Somebody who may be registered already


def test_a_look_alike_is_shown_first_and_never_blocks(home, worker, wang):
    before = counts(home, *BESIDE)
    typed = form(contact1_phone="199 0000 0002")
    answer = worker.post("/elders", data=typed)
    assert answer.status_code == 409
    assert "可能已登记" in answer.text
    assert f'href="/elders/{wang.id}"' in answer.text
    assert "李桂芬" in answer.text
    assert counts(home, *BESIDE) == before
    shown = re.search(r'name="seen" form="elder" value="([^"]+)"', answer.text)[1]
    assert id_of(worker.post("/elders", data={**typed, "seen": shown})) != wang.id


def test_look_alikes_are_shown_while_typing_and_then_stop_nothing(worker, wang):
    def so_far(**typed: str) -> list[dict]:
        return worker.post("/elders/drafts", data=form(**typed)).get_json()["alike"]

    assert so_far(name="王秀") == []
    (one,) = so_far(name="王秀兰", contact1_phone="")
    assert (one["name"], one["why"], one["url"]) == ("王秀兰", "姓名相同", f"/elders/{wang.id}")
    (one,) = so_far(contact1_phone="199 0000 0002")
    assert one["why"] == "电话相同"
    assert so_far(contact1_phone="199 0000") == []
    saved = worker.post("/elders", data=form(name="王秀兰", seen=f"e99999 {one['code']}"))
    assert id_of(saved) != wang.id


def test_nobody_of_another_station_is_named_while_typing(worker, far_away):
    typed = form(name="王秀兰", contact1_phone="19900000002")
    assert worker.post("/elders/drafts", data=typed).get_json()["alike"] == []


def test_the_same_name_is_a_look_alike_too(worker, wang):
    assert worker.post("/elders", data=form(name="王秀兰")).status_code == 409


def test_nobody_of_another_station_is_named_as_a_look_alike(worker, far_away):
    id_of(worker.post("/elders", data=form(name="王秀兰", contact1_phone="19900000002")))


def test_an_identity_number_is_registered_once(home, worker):
    known = id_of(worker.post("/elders", data=form()))
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", data=form(name="另一位", seen=f"e{known}"))
    assert answer.status_code == 409
    assert "已经登记过" in answer.text
    assert f'href="/elders/{known}"' in answer.text
    assert "另一位" in answer.text
    assert counts(home, *BESIDE) == before
