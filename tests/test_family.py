"""A family applies from its phone, one question a page."""

import re

import pytest
from applying import URL, begun, elsewhere, family, title
from entering import counts
from families import ZHAO, applied

from station.applications import drafts, records

__all__ = ["begun", "elsewhere", "family"]


def test_it_asks_one_question_a_page_in_the_family_s_order(begun):
    seen = [title(begun.page)]
    for step, fields in ZHAO.items():
        if step != "code":
            begun.press(f"/apply/{step}", **fields)
            seen.append(title(begun.page))
    assert seen == [
        "为谁申请？", "老人叫什么名字？", "老人哪年哪月出生？", "老人住在哪里？", "有事先打给谁？", "还可以打给谁？",
        "照护老人要留意什么？", "怎样方便路人帮忙？", "路人看到的就是这些", "老人身份证照片", "老人近照", "您同意哪些事项？",
        "核对一遍",
    ]  # fmt: skip
    for typed in ("赵桂芝", "1944-11-02", "江畔小区7号楼1单元202", "199 0000 0077", "心脏病", "爱听戏。"):
        assert typed in begun.page


def test_it_is_gone_on_with_on_another_phone_by_its_code(begun, elsewhere):
    begun.fill(until="you")
    elsewhere.look("/apply/resume")
    assert title(elsewhere.press("/apply/resume", code=begun.code)) == "有事先打给谁？"
    assert "赵桂芝" in elsewhere.look("/apply/name")
    elsewhere.fill({step: ZHAO[step] for step in list(ZHAO)[4:]}).send()
    assert "申请已收到" in elsewhere.page
    assert "这份申请已经提交" in begun.press("/apply/send"), "the first phone learns that it was sent"


WRONG = [
    ("who", "given_by", "", "为谁申请", "for whom"),
    ("name", "name", "", "请填写姓名", "Type a name"),
    ("name", "name", "\ufffd桂芝", "乱码", "damaged"),
    ("birth", "identity_number", "22021119441102004", "18 位", "18 characters"),
    ("birth", "identity_number", "220211441102004", "15 位", "15-digit"),
    ("birth", "birth_date", "很久以前", "年-月-日", "year-month-day"),
    ("where", "community_id", "", "社区", "community"),
    ("where", "address", " ", "住址", "where the elder lives"),
    ("you", "contact1_phone", "1", "位数不对", "too short"),
    ("you", "contact1_phone", "", "至少", "at least one"),
    ("contacts", "contact2_phone", "12", "", ""),
    ("consent", "consents", [], "同意", "consent"),
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_field_is_named_beside_itself_and_what_was_typed_is_kept(home, begun, language):
    begun.fill()
    for step, field, typed, zh, en in WRONG:
        begun.look(f"/apply/{step}")
        page = begun.press(f"/apply/{step}?l={language}", **{**ZHAO[step], field: typed})
        assert begun.open.status == 422, field
        assert (zh if language == "zh" else en) in page, field
        assert f'href="#{field}"' in page
        assert f'id="{field}' in page
        for name, kept in ZHAO[step].items():
            if name != field and isinstance(kept, str):
                assert kept in page or f'value="{kept}" selected' in page, name
        if isinstance(typed, str) and typed.strip() and "\ufffd" not in typed:
            assert typed in begun.look(f"/apply/{step}"), "even the wrong answer is on file"
        begun.press(f"/apply/{step}", **ZHAO[step])
    assert home.db.scalar("SELECT count(*) FROM application") == 0


def test_it_cannot_be_sent_while_something_is_missing(home, begun):
    begun.fill(until="consent")
    begun.look("/apply/check")
    assert "还差这些" in begun.press("/apply/send")
    assert begun.open.status == 422
    assert 'href="/apply/consent' in begun.page
    assert home.db.scalar("SELECT count(*) FROM application") == 0


def test_sent_twice_it_is_one_application_and_one_receipt(home, begun):
    begun.fill()
    begun.look("/apply/check")
    check = begun.page
    first = begun.press("/apply/send")
    begun.page = check
    assert begun.press("/apply/send") == first
    assert records.count_waiting(home.db, 1) == 1


def test_the_back_button_changes_an_answer_without_going_through_all_again(begun):
    begun.fill()
    begun.look("/apply/name")
    assert title(begun.press("/apply/name", name="赵桂枝")) == "核对一遍"
    assert "赵桂枝" in begun.page


def test_two_applications_beside_each_other_do_not_mix(home, begun):
    first_page = begun.page
    begun.begin()
    begun.press("/apply/who", given_by="elder")
    begun.page = first_page
    begun.press("/apply/name", name="第一位老人")
    kept = [
        drafts._draft(home.vault, row, "").content.form.name
        for row in home.db.rows("SELECT * FROM application_draft ORDER BY id")
    ]
    assert kept == ["第一位老人", ""]


def test_what_was_typed_when_the_browser_forgot_is_taken_along(begun, client):
    begun.fill(until="where")
    client.delete_cookie("station-form", domain="zj.example.cn")
    page = begun.press("/apply/where", **ZHAO["where"])
    assert begun.open.status == 400
    assert "江畔小区7号楼1单元202" in page
    # The page to send it again comes with a new token, but no draft.
    page = begun.press("/apply/where", **ZHAO["where"])
    assert "刚才填的还在" in page
    carried = {"carried": "where", **ZHAO["where"]}
    page = begun.press("/apply/resume", code=begun.code, **carried)
    assert title(page) == "老人住在哪里？"
    assert "江畔小区7号楼1单元202" in page


def test_without_a_code_it_begins_anew_with_what_was_just_typed(elsewhere):
    elsewhere.look("/apply/name")
    page = elsewhere.press("/apply", carried="name", name="赵桂芝")
    assert title(page) == "老人叫什么名字？"
    assert "赵桂芝" in page


def test_bytes_that_are_no_utf_8_are_refused(home, client):
    before = counts(home)
    answer = client.post(
        "/apply/name", data=b"name=\xff\xfe", content_type="application/x-www-form-urlencoded", base_url=URL
    )
    assert answer.status_code == 422
    assert "乱码" in answer.text
    assert counts(home) == before


def test_an_oversize_page_is_refused_with_a_word_and_nothing_before_is_lost(begun):
    begun.fill(until="health")
    assert "太大" in begun.press("/apply/health", history="长" * 40_000)
    assert begun.open.status == 413
    assert "赵桂芝" in begun.look("/apply/name")


def test_the_preview_is_the_finder_s_own_page_and_shows_no_more_than_was_agreed(home, begun, wang, client):
    begun.fill(until="shown")
    inline = begun.page.split('id="stranger"')[1].split("</section>")[0]
    assert "赵奶奶" in inline
    assert "请慢慢说话" in inline
    assert "心脏病" in inline
    assert "接通后请报" not in inline  # nobody is on the phone here
    whole = begun.look("/apply/preview?all=1")
    assert "接通后请报" in whole
    assert "赵奶奶" in whole
    assert "<script" not in whole
    begun.look("/apply/shown")
    begun.press("/apply/shown", consents=["page_hints"])
    agreed = begun.look("/apply/preview")
    assert "请慢慢说话" in agreed
    for hidden in ("赵奶奶", "心脏病", "赵桂芝", "江畔小区", "19900000077"):
        assert hidden not in agreed
    real = client.get(wang.path, base_url=URL).text
    for line in re.findall(r"<(?:h1|h2|li|label)[^>]*>[^<]+<", real.split("<main>")[1]):
        assert line in agreed or "王奶奶" in line, line


def test_a_borrowed_phone_forgets_and_a_draft_is_destroyed_on_demand(home, begun, elsewhere):
    begun.fill(until="where")
    begun.look("/apply/later")
    begun.press("/apply/leave")
    assert "赵桂芝" not in begun.look("/apply/name")
    elsewhere.look("/apply/resume")
    elsewhere.press("/apply/resume", code=begun.code)
    elsewhere.look("/apply/later")
    elsewhere.press("/apply/leave", do="destroy")
    assert home.db.scalar("SELECT count(*) FROM application_draft") == 0


def test_beginning_without_end_is_slowed_down(home, family):
    for _ in range(35):
        family.look("/apply")
        family.press("/apply")
    assert home.db.scalar("SELECT count(*) FROM application_draft") == 30
    assert family.open.status == 429


def test_opening_the_pages_writes_nothing(home, client):
    before = counts(home)
    for path in ("/apply", "/apply?l=en", "/apply/name", "/apply/check", "/apply/resume", "/apply/status"):
        assert client.get(path, base_url=URL).status_code == 200
    assert counts(home) == before


def test_the_application_reaches_the_desk_of_the_chosen_community(home, family, at_desk):
    answers = ZHAO | {"where": {"community_id": "2", "address": "滨江小区1号楼"}}
    applied(family.open, answers)
    assert "赵桂芝" in at_desk("worker").get("/applications").text
