"""A family applies from its phone, one question a page, and follows the badge until it is worn."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from conftest import NOW, Home
from families import ZHAO, Family, applied
from PIL import Image
from provider import Provider
from test_registry import counts
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from station import addresses, applicants, clock, elders, enrolment
from station.applications import confirming, decisions, drafts, pictures, questions, records
from station.db import transaction
from station.issuing import life, making, orders, trips

URL = "https://zj.example.cn"
TAIL = "0077"


def opener(client) -> Callable:
    def open_page(method: str, path: str, fields) -> str:
        sent = {"data": fields}
        if fields and any(isinstance(value, tuple) for value in fields.values()):
            files = {k: FileStorage(*v) if isinstance(v, tuple) else v for k, v in fields.items()}
            boundary, body = encode_multipart(files)
            sent = {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}
        answer = client.open(
            path, method=method, base_url=URL, follow_redirects=True, headers={"Referer": URL}, **sent
        )
        open_page.status = answer.status_code
        return answer.data.decode("latin-1" if answer.mimetype == "image/jpeg" else "utf-8")

    return open_page


@pytest.fixture
def family(client) -> Family:
    return Family(opener(client))


@pytest.fixture
def begun(family) -> Family:
    return family.begin()


@pytest.fixture
def sent(family) -> Family:
    return family.begin().fill().send()


@pytest.fixture
def elsewhere(app) -> Family:
    """Another browser."""
    return Family(opener(app.test_client()))


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 500)) -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return io.BytesIO(out.getvalue()), f"card.{kind.lower()}"


def the_only(home: Home) -> records.Application:
    [found] = records.waiting(home.db, home.vault, 1)
    return found


def approve(home: Home, now) -> int:
    waiting = the_only(home)
    locality = enrolment.Locality("0432", "吉林省吉林市丰满区龙城社区", frozenset([1, 2]))
    checked = enrolment.check(waiting.form, locality, now.date())
    return decisions.approve(home.db, home.vault, waiting.id, checked, by=1, now=now)


def title(page: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1].strip()


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


def test_a_family_applies_and_follows_the_badge_until_it_is_worn(home, sent, now):
    code = sent.code

    def step() -> str:
        page = sent.look("/apply/progress")
        assert "赵桂芝" not in page
        assert "江畔小区" not in page
        return re.search(r'aria-current="step">\s*<span>(.*?)</span>', page)[1]

    assert records.shown_code(code.replace(" ", "")) == code
    assert step() == "申请已收到"
    elder_id = approve(home, now)
    assert elders.get(home.db, home.vault, elder_id).consents == ("record", "family_place", "page_hints")
    badge_id = orders.order(home.db, home.vault, elder_id, by=1, now=now)
    assert step() == "已审核，正在制作胸牌"
    making.make(home.db, home.vault, badge_id, home.config.base_url, now)
    assert step() == "胸牌已做好"
    life.mark_printed(home.db, home.vault, badge_id, by=1, now=now)
    trips.take(home.db, home.vault, [badge_id], by=1, now=now)
    assert step() == "正送往老人手中"
    life.activate(home.db, home.vault, badge_id, by=1, now=now)
    assert step() == "已送到，老人已戴上"


def test_another_phone_follows_it_by_code_and_phone_and_by_nothing_less(sent, elsewhere):
    wrong = [(sent.code, "0078"), (sent.code, ""), ("0000 0000 0000", TAIL)]
    for code, tail in wrong:
        elsewhere.look("/apply/status")
        assert "没有查到这份申请" in elsewhere.press("/apply/status", code=code, tail=tail)
        assert elsewhere.open.status == 404
        assert "申请已收到" not in elsewhere.look("/apply/progress")
    elsewhere.look("/apply/status")
    assert "申请已收到" in elsewhere.press("/apply/status", code=sent.code.replace(" ", ""), tail=TAIL)


def test_guessing_the_phone_of_a_known_code_is_slowed_down_wherever_it_comes_from(sent, app):
    """The network changes with each try; the code does not."""
    answers = []
    for n in range(12):
        client = app.test_client()
        page = client.get("/apply/status", base_url=URL).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        tried = {"csrf_token": token, "code": sent.code, "tail": f"{n:04d}"}
        where = {"REMOTE_ADDR": f"10.0.{n}.1"}
        headers = {"Referer": URL}
        answers.append(
            client.post(
                "/apply/status", data=tried, base_url=URL, environ_overrides=where, headers=headers
            ).status_code
        )
    assert answers == [404] * 10 + [429] * 2


def test_guessing_codes_is_slowed_down(begun, elsewhere):
    elsewhere.look("/apply/resume")
    for n in range(10):
        assert "没有查到" in elsewhere.press("/apply/resume", code=f"{n:012d}")
    assert "次数太多" in elsewhere.press("/apply/resume", code=begun.code)
    assert elsewhere.open.status == 429


def test_it_is_gone_on_with_on_another_phone_by_its_code(begun, elsewhere):
    begun.fill(until="you")
    elsewhere.look("/apply/resume")
    assert title(elsewhere.press("/apply/resume", code=begun.code)) == "有事先打给谁？"
    assert "赵桂芝" in elsewhere.look("/apply/name")
    elsewhere.fill({step: ZHAO[step] for step in list(ZHAO)[4:]}).send()
    assert "申请已收到" in elsewhere.page
    assert "这份申请已经提交" in begun.press("/apply/send"), "the first phone learns that it was sent"


def test_the_code_of_one_that_was_sent_leads_to_its_state(sent, elsewhere):
    elsewhere.look("/apply/resume")
    assert "这份申请已经提交" in elsewhere.press("/apply/resume", code=sent.code)


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


def test_pictures_are_kept_shown_to_the_family_and_taken_away_again(home, begun, elsewhere):
    begun.fill(until="identity")
    assert "已收到这张照片" in begun.press("/apply/identity", picture=picture())
    kept = begun.open("GET", "/apply/identity.jpg", None)
    assert kept
    assert elsewhere.open("GET", "/apply/identity.jpg", None) == ""
    begun.press("/apply/identity", do="remove")
    assert begun.open("GET", "/apply/identity.jpg", None) == ""


HEIC = b"\0\0\0\x18ftypheic" + bytes(64)


BAD = [
    (b"", "空的"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    (HEIC, "HEIC"),
    (picture()[0].getvalue()[:500], "损坏"),
    (b"%PDF-1.7", "PDF"),
    (bytes(9 * 1024 * 1024), "8 MB"),
]


def test_a_bad_picture_is_refused_in_clear_words_and_the_rest_stays(begun):
    begun.fill(until="identity")
    for content, said in BAD:
        page = begun.press("/apply/identity", picture=(io.BytesIO(content), "card.jpg"))
        assert begun.open.status == 422, said
        assert said in page
        assert title(page) == "老人身份证照片"
    assert "赵桂芝" in begun.look("/apply/check")


def test_a_picture_beyond_all_measure_is_named_as_too_large(begun):
    begun.fill(until="portrait")
    page = begun.press("/apply/portrait", picture=(io.BytesIO(bytes(25 * 1024 * 1024)), "card.jpg"))
    assert begun.open.status == 413
    assert title(page) == "老人近照"
    assert "8 MB" in page


def test_the_reviewer_s_question_is_answered_on_the_same_page(home, sent, now):
    one = the_only(home)
    questions.ask(home.db, home.vault, one.id, "where", "哪个单元？", by=1, now=clock.utcnow())
    [asked] = questions.open_of(home.db, home.vault, one.id)
    page = sent.look("/apply/progress")
    assert "哪个单元？" in page
    assert "收到您的回答后" in page
    path = f"/apply/questions/{asked.id}"
    assert "江畔小区7号楼1单元202" in sent.look(path)
    assert "住址" in sent.press(path, community_id="1", address=" ", note="写错了")
    assert "写错了" in sent.page
    sent.press(path, community_id="1", address="江畔小区7号楼2单元303", note="写错了")
    found = the_only(home)
    assert (found.form.address, found.asked) == ("江畔小区7号楼2单元303", False)
    assert questions.of(home.db, home.vault, one.id)[0].answer == "写错了"
    assert "哪个单元？" not in sent.page


def test_a_question_about_a_picture_and_one_in_words(home, sent):
    one = the_only(home)
    for about, text in (("identity", "照片看不清"), ("other", "老人平时去哪儿？")):
        questions.ask(home.db, home.vault, one.id, about, text, by=1, now=clock.utcnow())
    asked = sent.look("/apply/progress")
    assert "老人平时去哪儿？" in asked
    assert "请写明" not in asked  # which is a word for the worker who asks
    picture_asked, words_asked = questions.open_of(home.db, home.vault, one.id)
    sent.look(f"/apply/questions/{picture_asked.id}")
    assert "请选择一张照片" in sent.press(f"/apply/questions/{picture_asked.id}", note="")
    sent.press(f"/apply/questions/{picture_asked.id}", picture=picture())
    assert pictures.of(home.db, one.uid)["identity"].is_there
    sent.look(f"/apply/questions/{words_asked.id}")
    assert "请写下回答" in sent.press(f"/apply/questions/{words_asked.id}", note=" ")
    sent.press(f"/apply/questions/{words_asked.id}", note="江边")
    assert not the_only(home).asked


def test_a_question_of_another_application_is_not_opened(home, sent, elsewhere):
    one = the_only(home)
    asked = questions.ask(home.db, home.vault, one.id, "other", "哪个单元？", by=1, now=clock.utcnow())
    other = applied(elsewhere.open)
    assert "哪个单元？" not in other.look(f"/apply/questions/{asked}")
    other.press(f"/apply/questions/{asked}", note="x")
    assert other.open.status == 404
    assert records.get(home.db, home.vault, one.id).asked


def test_the_station_s_code_confirms_the_phone(home, sent):
    one = the_only(home)
    assert one.confirmed_by == ""
    code = confirming.read_out(home.db, home.vault, one.id, by=1, now=clock.utcnow())
    sent.look("/apply/progress")
    assert "验证码不对" in sent.press("/apply/progress", code=f"{(int(code) + 1) % 10**6:06d}")
    assert "您的手机已确认" in sent.press("/apply/progress", code=code)
    assert the_only(home).confirmed_by == "station"


def test_a_refused_family_reads_the_reason(home, sent, now):
    decisions.refuse(home.db, home.vault, the_only(home).id, "不住在本社区", by=1, now=now)
    page = sent.look("/apply/progress")
    assert "不住在本社区" in page
    assert "赵桂芝" not in page


def test_when_it_is_late_the_reason_stands_there(home, sent):
    one = the_only(home)
    with transaction(home.db):
        home.db.write(
            "UPDATE application SET created_at = ?", clock.text(clock.utcnow() - timedelta(days=20))
        )
    assert "我们还没有打通您的电话" in sent.look("/apply/progress")
    decisions.set_delay(home.db, home.vault, one.id, "machine", by=1, now=clock.utcnow())
    assert "胸牌的机器正在维修" in sent.look("/apply/progress")


@pytest.fixture
def gateway(home):
    """The station has a channel to phones."""
    with Provider() as provider:
        addresses.add_channel(
            home.db, home.vault, station=1, kind="aliyun_sms", label="短信", allow_private=True, now=NOW,
            settings={
                "access_key_id": "k", "access_key_secret": "s", "sign_name": "龙城", "template": "T1",
                "template_code": "T2", "template_application": "T3", "base_url": provider.url,
            },
        )  # fmt: skip
        yield SimpleNamespace(
            provider=provider,
            send=lambda: applicants.send_due(home.db, home.vault, home.config, clock.utcnow()),
            plan=lambda: applicants.plan(home.db, home.vault, "Asia/Shanghai", clock.utcnow()),
        )


def test_a_code_goes_to_the_phone_and_confirms_it(home, begun, gateway):
    begun.fill(until="code")
    assert title(begun.page) == "确认这是您的手机"
    begun.press("/apply/code", do="send")
    assert "正发往 199 0000 0077" in begun.page
    assert "刚刚发出" in begun.press("/apply/code", do="send")
    assert gateway.send() == 1
    assert gateway.send() == 0
    [message] = gateway.provider.requests
    digits = home.db.row("SELECT * FROM phone_code")
    code = confirming.get(home.db, home.vault, digits["id"]).digits
    asked = message.body.decode() + message.path
    assert "19900000077" in asked
    assert code in asked
    assert "T2" in asked
    assert title(begun.press("/apply/code", do="next", code=code)) == "还可以打给谁？"
    begun.fill({step: ZHAO[step] for step in list(ZHAO)[6:]}).send()
    assert the_only(home).confirmed_by == "sms"


def test_each_step_is_told_once(home, sent, gateway, now):
    def told() -> list[str]:
        gateway.plan()
        gateway.send()
        return [row["kind"] for row in home.db.rows("SELECT kind FROM applicant_message ORDER BY id")]

    assert told() == told() == ["received"]
    elder_id = approve(home, now)
    assert told() == ["received", "approved"]
    badge_id = orders.order(home.db, home.vault, elder_id, by=1, now=now)
    making.make(home.db, home.vault, badge_id, home.config.base_url, now)
    assert told() == ["received", "approved", "made"]
    for request in gateway.provider.requests:
        assert "赵桂芝".encode() not in request.body
        assert b"T3" in request.body or "T3" in request.path


def test_without_a_channel_nothing_is_sent_and_nothing_is_lost(home, sent):
    assert applicants.plan(home.db, home.vault, "Asia/Shanghai", clock.utcnow()) == 1
    applicants.send_due(home.db, home.vault, home.config, clock.utcnow())
    assert home.db.rows("SELECT kind, state FROM applicant_message") == [
        {"kind": "received", "state": "no_way"}
    ]
    assert "申请已收到" in sent.look("/apply/progress")


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


def test_a_family_takes_its_application_back_and_only_that_stays_known(home, sent, elsewhere, at_desk):
    begun = sent.look("/apply/progress?l=zh")
    assert "/apply/withdraw" in begun
    asked = sent.look("/apply/withdraw?l=zh")
    assert "全部销毁" in asked
    assert the_only(home).state == "received", "a look changes nothing"
    assert "您已撤回这份申请" in sent.press("/apply/withdraw?l=zh")
    assert "您已撤回这份申请" in sent.press("/apply/withdraw?l=zh"), "pressed twice"
    assert "/apply/withdraw" not in sent.page
    elsewhere.look("/apply/status?l=zh")
    assert "您已撤回这份申请" in elsewhere.press("/apply/status?l=zh", code=sent.code, tail=TAIL)
    worker = at_desk("worker")
    assert "赵桂芝" not in worker.get("/applications").text
    decided = worker.get("/applications?show=decided").text
    assert "家属已撤回" in decided
    assert "家属已撤回" in worker.get("/applications/1").text
    stale = worker.post("/applications/1/approve", data={"name": "赵桂芝"})
    assert stale.status_code == 409
    assert "家属已撤回" in stale.text
    assert home.db.scalar("SELECT count(*) FROM elder") == 0


def test_what_was_asked_before_it_was_taken_back_needs_no_answer_any_more(home, sent):
    questions.ask(home.db, home.vault, the_only(home).id, "other", "有病历吗？", by=1, now=NOW)
    question = home.db.scalar("SELECT id FROM application_question")
    sent.look("/apply/progress?l=zh")
    sent.press("/apply/withdraw?l=zh")
    sent.press(f"/apply/questions/{question}?l=zh", note="有")
    assert sent.open.status == 404
    sent.look("/apply/progress?l=zh")
    sent.press("/apply/progress?l=zh", do="send")
    assert "您已撤回这份申请" in sent.page
    assert home.db.scalar("SELECT count(*) FROM phone_code") == 0


def test_an_approved_application_is_not_taken_back_and_the_page_says_why(home, sent, now):
    sent.look("/apply/withdraw?l=zh")
    elder_id = approve(home, now)
    sent.press("/apply/withdraw?l=zh")
    assert sent.open.status == 409
    assert "已经" in sent.page
    assert elders.get(home.db, home.vault, elder_id).name == "赵桂芝"


def test_nobody_takes_back_what_they_do_not_follow(home, sent, elsewhere):
    elsewhere.look("/apply/status?l=zh")
    elsewhere.press("/apply/withdraw?l=zh")
    assert the_only(home).state == "received"
