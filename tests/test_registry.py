"""The registration desk: an elder is entered, gets a badge, and it is handed over."""

import io
import re
import uuid
from dataclasses import replace

import pytest
from conftest import NOW, WANG, Desk, Home, enrol
from PIL import Image
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from station import addresses, audit, communities, consents, elders, enrolment
from station.applications import intake
from station.db import transaction
from station.issuing import making, orders, records

LI = {
    "name": "李桂芬",
    "identity_number": "22021119460305004X",
    "address": "帝景小区105号楼2单元301",
    "community_id": "1",
    "contact1_name": "李强",
    "contact1_phone": "19900000123",
    "contact1_relation": "son",
    "health_notes": ["memory", "diabetes"],
    "consents": ["record", "family_place"],
    "history": "喜欢去江边。",
    "given_by": "relative",
}

# What may change although nothing was saved: the session, and the draft with its key.
BESIDE = ("session", "draft", "dek")


def form(**changes) -> dict:
    return {**LI, "form_id": uuid.uuid4().hex, "do": "save", **changes}


def id_of(answer) -> int:
    assert answer.status_code == 303, answer.text
    return int(re.fullmatch(r"/elders/(\d+)", answer.headers["Location"])[1])


def counts(home: Home, *without: str) -> dict[str, int]:
    """The number of rows of every table but the given ones."""
    found = {}
    for db in (home.db, home.vault.keys):
        for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"):
            if row["name"] not in without:
                found[row["name"]] = db.scalar(f"SELECT count(*) FROM {row['name']}")
    return found


def actions(home: Home) -> list[str]:
    return [row["action"] for row in home.db.rows("SELECT action FROM audit ORDER BY seq")]


def jpeg(width: int = 60, height: int = 80) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG")
    return out.getvalue()


def with_file(content: bytes) -> dict:
    """A multipart body; made here, since the test client leaves its own temporary file open."""
    boundary, body = encode_multipart({**form(), "photo": FileStorage(io.BytesIO(content), "a.jpg")})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def far_away(home: Home) -> int:
    """An elder of another station that the same machine serves."""
    here = communities.station(home.db, 1)
    with transaction(home.db):
        communities.add_station(home.db, replace(here, number=2, name="江北社区防走失驿站"))
        place = communities.add_community(
            home.db, station=2, name="江北社区", lat=43.9, lon=126.5, radius_m=900
        )
    locality = enrolment.Locality("0432", "", frozenset([place]))
    typed = replace(WANG, community_id=str(place))
    checked = enrolment.check(typed, locality, NOW.date())
    return elders.register(home.db, home.vault, checked, form_id="far", station=2, by=None, now=NOW)


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


# What strangers see


def test_the_preview_shows_exactly_what_was_consented(home, worker):
    before = counts(home, *BESIDE)
    typed = form(name="", call_name="李奶奶", hints=["slowly"], consents=["health_notes", "page_flags"])
    items = worker.post("/elders/preview", data=typed, headers={"Accept": "application/json"}).get_json()
    assert items == {"call_name": "", "hints": [], "flags": ["糖尿病：可能需要糖或胰岛素"]}
    typed["consents"] = ["page_call_name", "page_hints"]
    items = worker.post("/elders/preview", data=typed, headers={"Accept": "application/json"}).get_json()
    assert "李奶奶" in items["call_name"]
    assert items["hints"] == ["请慢慢说话"]
    assert items["flags"] == []
    assert counts(home, *BESIDE) == before


@pytest.mark.parametrize("path", ["/elders", "/elders/preview"])
def test_without_javascript_the_preview_keeps_what_was_typed(home, worker, path):
    before = counts(home, *BESIDE)
    typed = form(do="preview", call_name="李奶奶", consents=["page_call_name"])
    page = worker.post(path, data=typed)
    assert page.status_code == 200
    assert re.search(r'data-shown="call_name">[^<]*李奶奶', page.text)
    assert "帝景小区105号楼2单元301" in page.text
    assert counts(home, *BESIDE) == before


# The photo


def test_a_photo_is_kept_small_and_seeing_it_is_noted(home, worker):
    elder_id = id_of(worker.post("/elders", data=form(photo=(io.BytesIO(jpeg(3000, 2000)), "a.jpg"))))
    before = actions(home)
    answer = worker.get(f"/elders/{elder_id}/photo.jpg")
    assert answer.mimetype == "image/jpeg"
    assert Image.open(io.BytesIO(answer.data)).size == (480, 600)
    assert actions(home) == [*before, "elder.photo.view"]


def test_a_text_file_as_photo_is_refused_with_everything_typed_kept(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", data=form(photo=(io.BytesIO(b"a letter"), "photo.jpg")))
    assert answer.status_code == 422
    assert "不是图片" in answer.text
    assert "重新选一次" in answer.text
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_photo_of_eight_megabytes_is_taken(home, worker):
    id_of(worker.post("/elders", **with_file(jpeg() + bytes(8 * 1024 * 1024 - 10_000))))
    assert home.db.scalar("SELECT count(*) FROM elder_photo") == 1


def test_a_larger_photo_is_refused_at_its_field_with_everything_typed_kept(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", **with_file(jpeg() + bytes(12 * 1024 * 1024)))
    assert answer.status_code == 422
    assert 'href="#photo"' in answer.text
    assert "8 MB" in answer.text
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_body_that_can_be_no_photo_is_refused_with_a_word(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", **with_file(bytes(25 * 1024 * 1024)))
    assert answer.status_code == 413
    assert "8 MB" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_photo_can_be_added_later(home, worker, wang):
    path = f"/elders/{wang.id}/photo"
    assert worker.post(path, data={"photo": (io.BytesIO(b"no"), "a.jpg")}).status_code == 422
    assert worker.post(path, data={}).status_code == 422
    assert worker.get(f"/elders/{wang.id}/photo.jpg").status_code == 404
    id_of(worker.post(path, data={"photo": (io.BytesIO(jpeg()), "a.jpg")}))
    assert worker.get(f"/elders/{wang.id}/photo.jpg").status_code == 200


# Finding and looking


@pytest.mark.parametrize(
    "query", ["王秀兰", "秀兰", "wxl", "WXL", "wangxiu", "19900000002", "62010003", "number"]
)
def test_an_elder_is_found_by_name_pinyin_phone_and_badge_number(home, worker, wang, query):
    enrol(
        home,
        replace(WANG, name="单雄信", contacts=(enrolment.ContactForm("单敏", "62015555", "daughter"),)),
        "s",
    )
    page = worker.get("/elders", query_string={"q": wang.number if query == "number" else query}).text
    found = page.split('id="found-title"')[1].split("</section>")[0]
    assert "王秀兰" in found
    assert "单雄信" not in found


def test_the_list_shows_badges_that_wait_and_applications(home, worker, wang, now):
    waiting = enrol(home, replace(WANG, name="单雄信"), "s")
    page = worker.get("/elders").text
    open_badges = page.split('id="badges-title"')[1].split("</section>")[0]
    assert waiting.number in open_badges
    assert "单雄信" in open_badges
    assert wang.number not in open_badges
    assert "待审核申请：0" in page


def test_looking_at_a_record_writes_one_audit_row_and_nothing_else(home, worker, wang):
    before = actions(home)
    worker.get(f"/elders/{wang.id}")
    assert actions(home) == [*before, "elder.view"]
    assert home.db.scalar("SELECT object FROM audit ORDER BY seq DESC") == f"elder/{wang.id}"
    assert audit.first_broken(home.db, home.ring) is None


def test_looking_writes_nothing_but_audit_and_session(home, worker, wang, applied):
    making.make(
        home.db,
        home.vault,
        enrol(home, replace(WANG, name="单雄信"), "s").badge_id,
        home.config.base_url,
        NOW,
    )
    before = counts(home, "audit", "session")
    for path in (
        "/elders",
        "/elders?q=wxl",
        "/elders/new",
        f"/elders/{wang.id}",
        f"/elders/{wang.id}/edit",
        "/badges/2/badge.pdf",
        "/badges/2/badge.png",
        "/badges/2/state",
        "/applications",
        f"/applications/{applied}",
    ):
        assert worker.get(path).status_code == 200, path
    assert counts(home, "audit", "session") == before


# Correcting and marking


def test_a_record_is_corrected_and_the_identity_number_stays(home, worker):
    elder_id = id_of(worker.post("/elders", data=form()))
    page = worker.get(f"/elders/{elder_id}/edit").text
    assert 'value="帝景小区105号楼2单元301"' in page
    assert "004X" in page
    changed = form(version="1", identity_number="", address="帝景小区1号楼", contact1_phone="199 0000 0123")
    id_of(worker.post(f"/elders/{elder_id}/edit", data=changed))
    elder = elders.get(home.db, home.vault, elder_id)
    assert elder.address.endswith("帝景小区1号楼")
    assert (elder.id_last_four, elder.version) == ("004X", 2)
    assert worker.post("/elders", data=form(name="另一位")).status_code == 409


def test_who_saves_second_sees_what_the_first_changed_and_loses_nothing(home, worker, at_desk):
    elder_id = id_of(worker.post("/elders", data=form()))
    colleague = at_desk("secretary")
    id_of(colleague.post(f"/elders/{elder_id}/edit", data=form(version="1", address="江畔小区7号楼")))
    mine = form(version="1", identity_number="", history="爱听戏。")
    answer = worker.post(f"/elders/{elder_id}/edit", data=mine)
    assert answer.status_code == 409
    assert "江畔小区7号楼" in answer.text
    assert "爱听戏。" in answer.text
    assert elders.get(home.db, home.vault, elder_id).history == "喜欢去江边。"
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    id_of(
        worker.post(f"/elders/{elder_id}/edit", data={**mine, "version": version, "address": "江畔小区7号楼"})
    )
    elder = elders.get(home.db, home.vault, elder_id)
    assert (elder.history, elder.address.endswith("江畔小区7号楼")) == ("爱听戏。", True)


def test_saving_a_correction_twice_is_no_quarrel(worker, home):
    elder_id = id_of(worker.post("/elders", data=form()))
    changed = form(version="1", history="爱听戏。")
    id_of(worker.post(f"/elders/{elder_id}/edit", data=changed))
    id_of(worker.post(f"/elders/{elder_id}/edit", data=changed))


def test_a_wrong_correction_changes_nothing(home, worker, wang):
    answer = worker.post(f"/elders/{wang.id}/edit", data=form(version="1", name=""))
    assert answer.status_code == 422
    assert elders.get(home.db, home.vault, wang.id).version == 1


def test_consents_are_taken_back_one_by_one_and_the_ledger_keeps_both(home, worker):
    elder_id = id_of(worker.post("/elders", data=form()))
    id_of(
        worker.post(
            f"/elders/{elder_id}/edit", data=form(version="1", identity_number="", consents=["record"])
        )
    )
    assert consents.standing(home.db, elder_id) == ("record",)
    ledger = worker.get(f"/elders/{elder_id}").text.split("<table>")[1].split("</table>")[0]
    assert ledger.count("<tr>") == 1 + 3
    assert "收回" in ledger


# Badges


def test_a_badge_is_downloaded_only_after_its_check_and_then_handed_over(home, worker, now):
    elder_id = id_of(worker.post("/elders", data=form(do="make")))
    badge = records.of_elder(home.db, elder_id)[0]
    assert worker.get(f"/badges/{badge.id}/badge.pdf").status_code == 404
    assert worker.get(f"/badges/{badge.id}/state").get_json() == {
        "state": "ordered",
        "failed": False,
        "tested": False,
        "confirmed": 0,
    }
    number = {"code": records.shown_number(badge.number)}
    assert worker.post(f"/badges/{badge.id}/hand-over", data=number).status_code == 409
    making.make(home.db, home.vault, badge.id, home.config.base_url, now)
    before = actions(home)
    pdf, png = worker.get(f"/badges/{badge.id}/badge.pdf"), worker.get(f"/badges/{badge.id}/badge.png")
    assert actions(home) == [*before, "badge.download", "badge.download"]
    assert pdf.data.startswith(b"%PDF")
    assert png.data.startswith(b"\x89PNG")
    name = f"badge-{records.shown_number(badge.number)}.pdf"
    assert pdf.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert worker.get(f"/badges/{badge.id}/badge.gif").status_code == 404
    for _ in range(2):
        assert id_of(worker.post(f"/badges/{badge.id}/hand-over", data=number)) == elder_id
    assert records.get(home.db, badge.id).state == "worn"
    assert actions(home).count("badge.worn") == 1


def test_a_badge_that_failed_its_check_says_so_in_words(home, worker):
    elder_id = id_of(worker.post("/elders", data=form(do="make")))
    badge = records.of_elder(home.db, elder_id)[0]
    with transaction(home.db):
        home.db.write(
            "UPDATE badge SET problem = 'The finished file failed its check.' WHERE id = ?", badge.id
        )
    page = worker.get(f"/elders/{elder_id}").text
    assert "没能做成" in page
    assert "The finished file failed its check." in page
    assert 'http-equiv="refresh"' not in page
    assert worker.get(f"/badges/{badge.id}/state").get_json()["failed"] is True
    id_of(worker.post(f"/badges/{badge.id}/end", data={"state": "revoked"}))
    id_of(worker.post(f"/elders/{elder_id}/badges"))
    assert [one.state for one in records.of_elder(home.db, elder_id)] == ["ordered", "revoked"]


def test_a_test_window_is_announced_for_ten_minutes(home, worker, wang):
    id_of(worker.post(f"/badges/{wang.badge_id}/announce"))
    assert "只算测试" in worker.get(f"/elders/{wang.id}").text
    assert records.get(home.db, wang.badge_id).window_until is not None


@pytest.mark.parametrize("state", records.ENDED)
def test_a_badge_ends_once(home, worker, wang, state):
    for _ in range(2):
        id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": state}))
    assert records.get(home.db, wang.badge_id).state == state
    assert worker.post(f"/badges/{wang.badge_id}/end", data={"state": "worn"}).status_code == 409
    number = {"code": wang.number}
    assert worker.post(f"/badges/{wang.badge_id}/hand-over", data=number).status_code == 409


# Applications


@pytest.fixture
def applied(home: Home) -> int:
    """A family's application that waits."""
    typed = replace(WANG, name="赵桂芝", contacts=(enrolment.ContactForm("赵刚", "19900000077", "son"),))
    locality = enrolment.Locality("0432", "吉林省吉林市丰满区龙城社区", frozenset([1, 2]))
    checked = enrolment.check(typed, locality, NOW.date())
    intake.receive(home.db, home.vault, typed, checked, form_id="b" * 32, station=1, now=NOW)
    return int(home.db.scalar("SELECT max(id) FROM application"))


def test_an_application_is_corrected_and_approved_into_a_record(home, worker, applied):
    assert "赵桂芝" in worker.get("/applications").text
    before = actions(home)
    assert 'value="赵桂芝"' in worker.get(f"/applications/{applied}").text
    assert actions(home) == [*before, "application.view"]
    path, corrected = f"/applications/{applied}/approve", form(name="赵桂枝", identity_number="", do="make")
    elder_id = id_of(worker.post(path, data=corrected))
    assert id_of(worker.post(path, data=corrected)) == elder_id
    assert elders.get(home.db, home.vault, elder_id).name == "赵桂枝"
    assert len(records.of_elder(home.db, elder_id)) == 1
    answers = {(row["given"], row["means"]) for row in consents.ledger(home.db, elder_id)}
    assert answers == {(1, "online"), (0, "desk")}, "given by the family at home, taken out at the review"
    assert "赵桂芝" not in worker.get("/applications").text
    assert f"/elders/{elder_id}" in worker.get(f"/applications/{applied}").text


def test_a_wrong_correction_of_an_application_approves_nothing(home, worker, applied):
    before = counts(home, *BESIDE)
    answer = worker.post(f"/applications/{applied}/approve", data=form(contact1_phone="12"))
    assert answer.status_code == 422
    assert "李桂芬" in answer.text
    assert counts(home, *BESIDE) == before


def test_an_application_is_refused_with_a_reason_or_not_at_all(home, worker, applied):
    path = f"/applications/{applied}/refuse"
    assert worker.post(path, data={"reason": " "}).status_code == 422
    assert worker.post(path, data={"reason": "不住在本社区"}).status_code == 303
    assert worker.post(path, data={"reason": "再来"}).status_code == 409
    assert worker.post(f"/applications/{applied}/approve", data=form()).status_code == 409
    assert "不住在本社区" in worker.get(f"/applications/{applied}").text
    assert home.db.scalar("SELECT count(*) FROM elder") == 0


# Who may


@pytest.mark.parametrize("username", ["duty", "operator"])
def test_other_roles_see_no_register(at_desk, wang, applied, username):
    desk = at_desk(username)
    for path in ("/elders", "/elders/new", f"/elders/{wang.id}", "/applications", f"/applications/{applied}"):
        answer = desk.get(path)
        assert answer.status_code == 403, path
        assert "王秀兰" not in answer.text
    assert desk.post("/elders", data=form()).status_code == 403
    assert desk.get(f"/badges/{wang.badge_id}/badge.pdf").status_code == 403


def test_the_secretary_may_what_the_worker_may(at_desk, wang):
    assert at_desk("secretary").get(f"/elders/{wang.id}").status_code == 200


def test_strangers_are_sent_to_the_login(client, wang):
    for path in ("/elders", f"/elders/{wang.id}", f"/elders/{wang.id}/photo.jpg", "/applications"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login"), path


def test_another_stations_people_do_not_exist_here(home, worker, far_away, now):
    badge = orders.order(home.db, home.vault, far_away, by=None, now=now)
    before = counts(home, *BESIDE)
    for path in ("", "/edit", "/photo.jpg"):
        assert worker.get(f"/elders/{far_away}{path}").status_code == 404, path
    for path in ("/edit", "/farewell", "/moving", "/photo", "/badges"):
        assert worker.post(f"/elders/{far_away}{path}", data=form(status="moved")).status_code == 404, path
    for path in ("badge.pdf", "state"):
        assert worker.get(f"/badges/{badge}/{path}").status_code == 404, path
    for path in ("hand-over", "announce", "end"):
        assert worker.post(f"/badges/{badge}/{path}", data={"state": "lost"}).status_code == 404, path
    assert counts(home, *BESIDE) == before
    assert "王秀兰" not in worker.get("/elders?q=wxl").text
    assert "王秀兰" not in worker.get("/elders").text


def test_another_stations_applications_do_not_exist_here(home, worker, applied, far_away):
    with transaction(home.db):
        home.db.write("UPDATE application SET station = 2")
    assert worker.get(f"/applications/{applied}").status_code == 404
    assert worker.post(f"/applications/{applied}/approve", data=form()).status_code == 404
    assert worker.post(f"/applications/{applied}/refuse", data={"reason": "x"}).status_code == 404
    assert "赵桂芝" not in worker.get("/applications").text


def test_a_contact_gets_an_address_and_the_alert_goes_there(at_desk, home, wang, now):
    channel = addresses.add_channel(
        home.db,
        home.vault,
        station=1,
        kind="smtp",
        label="mail",
        settings={"host": "127.0.0.1", "sender": "a@b.cn"},
        now=now,
    )
    desk = at_desk("worker")
    path = f"/elders/{wang.id}/contacts/1/ways"
    wrong = desk.post(
        path, data={"channel_id": channel, "destination": "not a mailbox", "csrf_token": desk.token}
    )
    assert wrong.status_code == 422
    assert "not a mailbox" in wrong.text
    assert addresses.of_contact(home.db, 1) == []
    desk.post(path, data={"channel_id": channel, "destination": "zhang@example.cn", "csrf_token": desk.token})
    (way,) = addresses.of_contact(home.db, 1)
    assert addresses.open_address(home.db, home.vault, way).destination == "zhang@example.cn"
    assert "zhang@example.cn" in desk.get(f"/elders/{wang.id}").text
    desk.post(f"/elders/{wang.id}/ways/{way}/off", data={"csrf_token": desk.token})
    assert addresses.of_contact(home.db, 1) == []


def test_a_contact_of_another_elder_is_not_reached_through_this_one(at_desk, home, wang, now):
    channel = addresses.add_channel(
        home.db, home.vault, station=1, kind="webhook", label="hook", settings={"secret": "x"}, now=now
    )
    desk = at_desk("worker")
    form = {"channel_id": channel, "destination": "https://example.cn/x", "csrf_token": desk.token}
    assert desk.post(f"/elders/{wang.id}/contacts/99/ways", data=form).status_code == 404
