"""The review desk: a queue by the promise, pictures beside the fields, questions back, and one decision."""

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import NOW, WANG, Desk, Home, enrol
from drafted import PHONE, ZHAO, checked, jpeg
from entering import actions

from station import clock, elders, founding, reviewing
from station.applications import decisions, drafts, pictures, questions, records
from station.applications.drafts import Content
from station.db import transaction
from station.enrolment import ContactForm
from station.errors import Conflict
from station.issuing import records as badges

QIAN = replace(
    ZHAO,
    name="钱有福",
    identity_number="",
    birth_date="1940-01-01",
    contacts=(ContactForm("钱多", "19900000088", "son"),),
)
MARK = re.compile(r'src="data:image/jpeg;base64,([^"]+)" alt="(?:身份证照片|Picture)')


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def colleague(at_desk) -> Desk:
    return at_desk("secretary")


def send(home: Home, form=ZHAO, *, hours: float = 1, with_pictures: bool = True) -> records.Application:
    """A family's application of some hours ago."""
    then = clock.utcnow() - timedelta(hours=hours)
    draft = drafts.begin(home.db, home.vault, Content(form), then)
    if with_pictures:
        pictures.keep(home.db, home.vault, draft.uid, "identity", jpeg(), then)
        pictures.keep(home.db, home.vault, draft.uid, "portrait", jpeg("tan"), then)
    drafts.send(home.db, home.vault, draft, checked(form), station=1, now=then)
    return records.by_code(home.db, home.vault, draft.code)


def fields(page: str) -> dict:
    """What the form on the page would send when nothing is changed."""
    form = re.search(r'<form id="elder".*?</form>', page, re.DOTALL)[0]
    found = dict(re.findall(r'<input id="\w+" name="(\w+)" value="([^"]*)"', form))
    found |= dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    for name in ("consents", "health_notes", "hints"):
        found[name] = re.findall(rf'name="{name}" value="(\w+)"[^>]* checked', form)
    return found


def press(desk: Desk, sent: records.Application, where: str = "act", **more):
    page = desk.get(f"/applications/{sent.id}").text
    return desk.post(f"/applications/{sent.id}/{where}", data={**fields(page), **more})


def names(page: str) -> list[str]:
    return re.findall(r"<strong>(赵桂芝|钱有福|孙平安)</strong>", page)


# The queue


def test_the_most_pressing_comes_first_in_words_and_colour(home, worker):
    send(home, QIAN, hours=1)
    late = send(home, hours=24 * 9)
    asked = send(home, replace(QIAN, name="孙平安"), hours=24 * 12)
    questions.ask(home.db, home.vault, asked.id, "where", "", by=1, now=NOW)
    page = worker.get("/applications").text
    assert names(page) == ["赵桂芝", "钱有福", "孙平安"], "who waits for the family is not late"
    assert re.search(r'badge-state stop long">超时：答应 \d+月\d+日', page)
    assert "已问家属，暂不计时" in page
    assert names(worker.get("/applications?show=late").text) == ["赵桂芝"]
    assert names(worker.get("/applications?show=asked").text) == ["孙平安"]
    assert names(worker.get("/applications?community=2").text) == []
    decisions.refuse(home.db, home.vault, late.id, "住在外区", by=1, now=NOW)
    decided = worker.get("/applications?show=decided").text
    assert "赵桂芝" in decided
    assert "李敏" in decided
    assert actions(home).count("application.list") == 5


def test_an_answer_of_the_family_shows_in_the_queue(home, worker):
    sent = send(home)
    questions.ask(home.db, home.vault, sent.id, "other", "住几楼？", by=1, now=NOW)
    (open_one,) = questions.open_of(home.db, home.vault, sent.id)
    questions.answer(home.db, home.vault, open_one, "三楼", now=NOW)
    assert "家属已回答" in worker.get("/applications").text
    assert "三楼" in worker.get(f"/applications/{sent.id}").text


# From the queue to the badge


def test_two_clicks_lead_from_the_queue_to_a_badge_order(home, worker):
    sent = send(home)
    link = re.search(r'href="(/applications/\d+)"', worker.get("/applications").text)[1]
    page = worker.get(link).text
    answer = worker.post(f"{link}/approve", data={**fields(page), "do": "make"})
    assert answer.status_code == 303, answer.text
    elder_id = records.get(home.db, home.vault, sent.id).elder_id
    assert answer.headers["Location"] == f"/elders/{elder_id}"
    assert [one.state for one in badges.of_elder(home.db, elder_id)] == ["ordered"]
    assert elders.get(home.db, home.vault, elder_id).has_photo, "the portrait went along by consent"


def test_one_look_leaves_one_row(home, worker):
    sent = send(home)
    before = actions(home)
    worker.get(f"/applications/{sent.id}")
    assert actions(home)[len(before) :] == ["application.view"]


# Duplicates


def test_who_may_be_registered_already_is_linked_with_the_reason_and_keeps_nobody_back(home, worker):
    wang = enrol(home, WANG, "form-wang")
    twin = send(home, replace(QIAN, contacts=(ContactForm("钱多", "19900000089", "son"),)))
    sent = send(
        home,
        replace(
            QIAN,
            name="王秀兰",
            birth_date="1946-03-05",
            contacts=(ContactForm("张伟", "19900000002", "son"),),
        ),
    )
    page = worker.get(f"/applications/{sent.id}").text
    assert f'href="/elders/{wang.id}"' in page
    assert "姓名和出生日期相同" in page
    assert "电话相同" in page
    other = send(home, QIAN)
    page = worker.get(f"/applications/{other.id}").text
    assert f'href="/applications/{twin.id}"' in page
    assert press(worker, sent, "approve", do="make").status_code == 303
    assert press(worker, other, "approve", do="save").status_code == 303


def test_somebody_entered_since_the_page_was_opened_is_shown_first(home, worker):
    sent = send(home, QIAN)
    typed = fields(worker.get(f"/applications/{sent.id}").text)
    enrol(home, replace(WANG, name="钱有福"), "meanwhile")
    answer = worker.post(f"/applications/{sent.id}/approve", data={**typed, "do": "save"})
    assert answer.status_code == 409
    assert "钱有福" in answer.text
    assert records.get(home.db, home.vault, sent.id).state == "received"


def test_the_same_identity_number_is_found_however_it_is_typed(home, worker):
    enrol(home, replace(WANG, identity_number="220211194411020022", birth_date=""), "form-zhao")
    sent = send(home, replace(ZHAO, identity_number="２２０２１１ 194411020022", name="赵桂枝"))
    assert "身份证号相同" in worker.get(f"/applications/{sent.id}").text


# The identity card


def test_the_card_is_shown_once_to_one_person_with_a_mark_and_ends_with_the_decision(home, worker, colleague):
    sent = send(home)
    page = worker.get(f"/applications/{sent.id}").text
    assert not MARK.search(page)
    assert pictures.of(home.db, sent.uid)["identity"].shown_at is None, "a look at the page shows no card"
    first = press(worker, sent, act="identity", history="刚打过电话")
    assert first.status_code == 200
    assert MARK.search(first.text), "the card stands in the page"
    assert "刚打过电话" in first.text, "what was typed is kept"
    assert MARK.search(worker.get(f"/applications/{sent.id}").text)
    second = press(colleague, sent, act="identity")
    assert second.status_code == 409
    assert not MARK.search(second.text)
    assert "李敏" in colleague.get(f"/applications/{sent.id}").text, "who has seen it is said"
    assert actions(home).count("identity.show") == 1
    assert press(worker, sent, "approve", do="save").status_code == 303
    with pytest.raises(Exception, match="destroyed"):
        pictures.jpeg(home.db, home.vault, sent.uid, "identity")


def test_the_card_has_no_address_of_its_own(home, worker, app):
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/applications")]
    assert not [rule for rule in rules if "identity" in rule or "jpg" in rule]
    sent = send(home)
    for _ in range(2):
        answer = press(worker, sent, act="identity")
    assert answer.headers["Cache-Control"] == "no-store"


# Beside the form


def test_a_question_is_asked_answered_and_taken_back_without_losing_what_was_corrected(home, worker):
    sent = send(home)
    asked = press(worker, sent, act="ask", about="where", text="几单元？", name="赵桂芝芝")
    assert asked.status_code == 200
    assert 'value="赵桂芝芝"' in asked.text
    assert records.get(home.db, home.vault, sent.id).asked
    question = questions.open_of(home.db, home.vault, sent.id)[0]
    back = worker.post(
        f"/applications/{sent.id}/act?question={question.id}", data={**fields(asked.text), "act": "take_back"}
    )
    assert back.status_code == 200
    assert not records.get(home.db, home.vault, sent.id).asked
    wrong = press(worker, sent, act="ask", about="")
    assert wrong.status_code == 422
    assert 'id="about-error"' in wrong.text
    press(worker, sent, act="ask", about="other", text="会说普通话吗？")
    again = questions.open_of(home.db, home.vault, sent.id)[0]
    questions.answer(home.db, home.vault, again, "听得懂。", changed=None, now=NOW)
    assert "家属已回答</span> 听得懂。" in worker.get(f"/applications/{sent.id}").text


def test_the_phone_is_confirmed_by_a_call_or_by_a_code_that_is_read_out(home, worker):
    sent = send(home)
    shown = press(worker, sent, act="code").text
    assert re.search(r'class="code">\d{6}<', shown)
    assert press(worker, sent, act="rang").status_code == 200
    assert records.get(home.db, home.vault, sent.id).confirmed_by == "call"
    assert "打电话确认过" in worker.get(f"/applications/{sent.id}").text


def test_the_family_is_told_why_it_takes_longer(home, worker):
    sent = send(home, hours=24 * 9)
    assert press(worker, sent, act="delay", delay="weather").status_code == 200
    assert records.get(home.db, home.vault, sent.id).delay == "weather"
    assert press(worker, sent, act="delay", delay="mood").status_code == 422
    assert press(worker, sent, act="dance").status_code == 422


# Two at once


def test_the_second_to_decide_sees_what_happened_and_loses_nothing(home, worker, colleague):
    sent = send(home)
    typed = fields(colleague.get(f"/applications/{sent.id}").text)
    assert press(worker, sent, "approve", do="save").status_code == 303
    same = colleague.post(f"/applications/{sent.id}/approve", data={**typed, "do": "save"})
    assert same.status_code == 409
    assert "李敏" in same.text
    corrected = {**typed, "do": "save", "name": "赵桂枝", "address": "江畔小区8号楼"}
    differs = colleague.post(f"/applications/{sent.id}/approve", data=corrected)
    assert differs.status_code == 409
    assert "赵桂枝" in differs.text
    assert "江畔小区8号楼" in differs.text
    for where, more in (("refuse", {"reason": "重复"}), ("act", {"act": "identity"})):
        late = colleague.post(f"/applications/{sent.id}/{where}", data={**typed, **more})
        assert late.status_code == 409
        assert "李敏" in late.text
    assert home.db.scalar("SELECT count(*) FROM elder") == 1


def test_a_refusal_that_came_first_stands(home, worker, colleague):
    sent = send(home)
    typed = fields(colleague.get(f"/applications/{sent.id}").text)
    assert press(worker, sent, "refuse", reason="住在外区").status_code == 303
    late = colleague.post(f"/applications/{sent.id}/approve", data={**typed, "do": "make"})
    assert late.status_code == 409
    assert "住在外区" in late.text
    assert home.db.scalar("SELECT count(*) FROM elder") == 0


def test_approved_and_refused_at_the_very_same_moment_it_is_one_of_the_two(home):
    """Each in a thread of its own, as two workers press."""
    for n in range(6):
        form = replace(QIAN, name=f"钱{'一二三四五六'[n]}")
        sent = send(home, form, with_pictures=False)
        start = threading.Barrier(2)

        def decide(approves: bool, sent=sent, start=start, form=form) -> None:
            with founding.opened(home.config, home.ring) as (db, vault):
                start.wait()
                try:
                    if approves:
                        decisions.approve(db, vault, sent.id, checked(form), by=1, now=NOW)
                    else:
                        decisions.refuse(db, vault, sent.id, "重复", by=2, now=NOW)
                except Conflict:
                    pass

        both = [threading.Thread(target=decide, args=(approves,)) for approves in (True, False)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        after = records.get(home.db, home.vault, sent.id)
        made = home.db.scalar("SELECT count(*) FROM elder WHERE form_id = ?", f"application-{sent.uid}")
        assert (after.state, made) in (("approved", 1), ("refused", 0))


def test_a_refusal_without_a_reason_keeps_what_was_corrected(home, worker):
    sent = send(home)
    answer = press(worker, sent, "refuse", reason=" ", name="赵桂芝芝")
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
    assert 'value="赵桂芝芝"' in answer.text


def test_the_promise_is_read_in_the_station_s_days(home):
    sent = send(home, hours=0)
    promise, pressing = reviewing.promised(home.db, sent, "Asia/Shanghai", clock.utcnow())
    assert (promise.is_late, pressing) == (False, "in_time")
    assert PHONE.endswith("77")
    with transaction(home.db):
        home.db.write("UPDATE application SET created_at = '2026-11-16T01:00:00.000000+00:00'")
    old = records.get(home.db, home.vault, sent.id)
    assert reviewing.promised(home.db, old, "Asia/Shanghai", NOW)[1] == "late"
