"""A family follows its application: questions, codes, what is told, and taking it back."""

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from applying import TAIL, URL, approve, begun, elsewhere, family, picture, sent, the_only, title
from conftest import NOW
from families import ZHAO, applied

from station import addresses, applicants, clock, communities, elders
from station.applications import confirming, decisions, pictures, questions, records
from station.db import transaction
from station.issuing import life, making, orders, trips

__all__ = ["begun", "elsewhere", "family", "sent"]


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


def test_the_code_of_one_that_was_sent_leads_to_its_state(sent, elsewhere):
    elsewhere.look("/apply/resume")
    assert "这份申请已经提交" in elsewhere.press("/apply/resume", code=sent.code)


def test_the_reviewer_s_question_is_answered_on_the_same_page(home, sent, now):
    one = the_only(home)
    questions.ask(home.db, home.vault, one.id, "where", "哪个单元？", by=1, now=clock.utcnow())
    [asked] = questions.open_of(home.db, home.vault, one.id)
    page = sent.look("/apply/progress")
    assert "哪个单元？" in page
    assert "收到您的回答后" in page
    path = f"/apply/questions/{asked.id}"
    assert "江畔小区7号楼1单元202" in sent.look(path)
    with transaction(home.db):
        other = replace(communities.station(home.db, 1), number=2, address_prefix="吉林市船营区")
        communities.add_station(home.db, other)
        area = {"name": "北山社区", "lat": 43.86, "lon": 126.53, "radius_m": 900}
        place = communities.add_community(home.db, station=2, **area)
    assert "北山社区" not in sent.look(path)  # nobody at this station could read that answer
    assert "请选择老人居住的社区" in sent.press(path, community_id=str(place), address="北山1号楼")
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
    assert 'href="tel:+8643262012345"' in page
    assert "赵桂芝" not in page


def test_when_it_is_late_the_reason_stands_there(home, sent):
    one = the_only(home)
    with transaction(home.db):
        home.db.write(
            "UPDATE application SET created_at = ?", clock.text(clock.utcnow() - timedelta(days=20))
        )
    page = sent.look("/apply/progress")
    assert "我们还没有打通您的电话" in page
    assert 'href="tel:+8643262012345"' in page
    decisions.set_delay(home.db, home.vault, one.id, "machine", by=1, now=clock.utcnow())
    assert "胸牌的机器正在维修" in sent.look("/apply/progress")


@pytest.fixture
def gateway(home, gateway):
    """The station has a channel to phones."""
    addresses.add_channel(
        home.db, home.vault, station=1, kind="aliyun_sms", label="短信", allow_private=True, now=NOW,
        settings={
            "access_key_id": "k", "access_key_secret": "s", "sign_name": "龙城", "template": "T1",
            "template_code": "T2", "template_application": "T3", "base_url": gateway.url,
        },
    )  # fmt: skip
    return SimpleNamespace(
        provider=gateway,
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
