"""A family applies from its phone, and asks how far the badge is."""

import re

import pytest
from conftest import Home
from test_registry import counts

from station import elders, enrolment
from station.applications import decisions, records
from station.db import transaction
from station.issuing import life, making, orders

URL = "https://zj.example.cn"
ZHAO = {
    "contact1_name": "赵刚",
    "contact1_phone": "19900000077",
    "contact1_relation": "son",
    "name": "赵桂芝",
    "birth_date": "1944-11-02",
    "community_id": "1",
    "address": "江畔小区7号楼1单元202",
    "health_notes": ["memory", "heart"],
    "history": "爱听戏。",
    "call_name": "赵奶奶",
    "hints": ["slowly"],
    "consents": ["record", "family_place", "page_hints"],
    "given_by": "relative",
    "do": "send",
}


@pytest.fixture
def phone(client):
    """A family's phone with the form open: `phone(path, **changes)` sends it."""
    page = client.get("/apply", base_url=URL).text
    hidden = {
        name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf_token", "form_id")
    }
    return lambda path="/apply", **changes: client.post(
        path, data={**ZHAO, **hidden, **changes}, base_url=URL
    )


def code_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return re.search(r'class="code">(\d{4} \d{4})<', answer.text)[1]


def approve(home: Home, now) -> int:
    waiting = records.waiting(home.db, home.vault, 1)[0]
    locality = enrolment.Locality("0432", "吉林省吉林市丰满区龙城社区", frozenset([1, 2]))
    checked = enrolment.check(waiting.form, locality, now.date())
    return decisions.approve(home.db, home.vault, waiting.id, checked, by=1, now=now)


def test_a_family_applies_and_follows_the_badge_until_it_is_handed_over(home, phone, now):
    code = code_of(phone())

    def step() -> str:
        page = phone("/apply/status", code=code).text
        assert "赵桂芝" not in page
        assert "江畔小区" not in page
        return re.search(r'<li aria-current="step">(\S+)', page)[1]

    assert step() == "申请已收到"
    elder_id = approve(home, now)
    assert elders.get(home.db, home.vault, elder_id).name == "赵桂芝"
    badge_id = orders.order(home.db, home.vault, elder_id, by=1, now=now)
    assert step() == "已审核，正在制作胸牌"
    making.make(home.db, home.vault, badge_id, home.config.base_url, now)
    assert step() == "胸牌已做好"
    life.activate(home.db, home.vault, badge_id, by=1, now=now)
    assert step() == "已送到老人手中"


def test_a_refused_family_reads_the_reason(home, phone, now):
    code = code_of(phone())
    waiting = records.waiting(home.db, home.vault, 1)[0]
    decisions.refuse(home.db, home.vault, waiting.id, "请补一个能打通的电话", by=1, now=now)
    page = phone("/apply/status", code=code.replace(" ", "")).text
    assert "请补一个能打通的电话" in page
    assert "赵桂芝" not in page


def test_the_application_reaches_the_desk_of_the_chosen_community(home, phone, at_desk):
    code_of(phone(community_id="2"))
    assert "赵桂芝" in at_desk("worker").get("/applications").text


def test_the_same_form_sent_twice_is_one_application(home, phone):
    first = code_of(phone())
    before = counts(home)
    assert code_of(phone()) == first
    assert counts(home) == before


def test_two_applications_never_share_a_code(home, phone):
    """As if an older application had drawn the very eight digits that this form would get."""
    code = code_of(phone())
    with transaction(home.db):
        home.db.write("UPDATE application SET form_id = 'older'")
    other = code_of(phone())
    assert other != code
    assert home.db.scalar("SELECT count(*) FROM application") == 2
    assert code_of(phone()) == other


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("field", "typed", "zh", "en"),
    [
        ("identity_number", "22021119441102004", "18 位", "18 characters"),
        ("identity_number", "220211441102004", "15 位", "15-digit"),
        ("birth_date", "很久以前", "年-月-日", "year-month-day"),
        ("name", "", "请填写姓名", "Type a name"),
        ("contact1_phone", "1", "位数不对", "too short"),
        ("contact1_name", "", "请填写姓名", "Type a name"),
        ("community_id", "", "社区", "community"),
        ("address", " ", "住址", "where the elder lives"),
        ("consents", [], "同意", "consent"),
        ("name", "\ufffd桂芝", "乱码", "damaged"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written_or_lost(home, phone, language, field, typed, zh, en):
    before = counts(home)
    answer = phone(f"/apply?l={language}", **{field: typed})
    assert answer.status_code == 422
    assert (zh if language == "zh" else en) in answer.text
    assert f'href="#{field}"' in answer.text
    assert counts(home) == before
    for kept in ("赵刚", "爱听戏。", "赵奶奶"):
        assert kept in answer.text or field == "contact1_name"
    assert re.search(r'value="heart" checked', answer.text)
    assert f'action="/apply?l={language}"' in answer.text


def test_a_phone_without_area_code_gets_the_stations(home, phone, now):
    code_of(phone(contact1_phone="62010009"))
    assert elders.contacts(home.db, home.vault, approve(home, now))[0].phone == "+8643262010009"


def test_an_application_without_its_token_is_asked_for_again_with_everything_typed(home, client):
    before = counts(home)
    answer = client.post("/apply", data=ZHAO, base_url=URL)
    assert answer.status_code == 400
    assert "赵桂芝" in answer.text
    assert "江畔小区7号楼1单元202" in answer.text
    assert counts(home) == before


def test_bytes_that_are_no_utf_8_are_refused(home, client):
    before = counts(home)
    answer = client.post(
        "/apply", data=b"name=\xff\xfe", content_type="application/x-www-form-urlencoded", base_url=URL
    )
    assert answer.status_code == 422
    assert "乱码" in answer.text
    assert counts(home) == before


def test_an_oversize_application_is_refused_with_a_word(home, phone):
    before = counts(home)
    answer = phone(history="长" * 40_000)
    assert answer.status_code == 413
    assert "太大" in answer.text
    assert counts(home) == before


def test_the_preview_shows_what_was_consented_and_sends_nothing(home, phone):
    before = counts(home)
    answer = phone(do="preview")
    assert answer.status_code == 200
    seen = answer.text.split('id="stranger"')[1].split("</section>")[0]
    assert "请慢慢说话" in seen
    assert "赵奶奶" not in seen
    assert "赵桂芝" not in seen
    assert "心脏病" not in seen
    assert counts(home) == before


def test_a_wrong_code_tells_nothing_and_guessing_is_slowed_down(home, phone):
    code = code_of(phone())
    answers = [phone("/apply/status", code=f"{n:08d}") for n in range(12)]
    assert {answer.status_code for answer in answers[:10]} == {404}
    assert answers[-1].status_code == 429
    assert "没有查到" in answers[0].text
    assert phone("/apply/status", code=code).status_code == 429


def test_a_flood_of_applications_is_slowed_down_and_loses_no_typing(home, phone):
    for _ in range(30):
        phone(name="")
    answer = phone()
    assert answer.status_code == 429
    assert "赵桂芝" in answer.text
    assert home.db.scalar("SELECT count(*) FROM application") == 0


def test_opening_the_pages_writes_nothing(home, client):
    before = counts(home)
    for path in ("/apply", "/apply?l=en", "/apply/status"):
        assert client.get(path, base_url=URL).status_code == 200
    assert counts(home) == before
