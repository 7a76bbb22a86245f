"""Two workers correct one record: the second sees what changed, decides field by field, and nothing is lost."""

import re

import pytest
from conftest import Desk
from entering import form, id_of

from station import elders
from station.db import transaction


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def li(worker) -> int:
    return id_of(worker.post("/elders", data=form(contact2_name="李娜", contact2_phone="19900000124")))


def opened(desk: Desk, elder_id: int) -> dict:
    """The form as the page brings it."""
    return hidden(desk.get(f"/elders/{elder_id}/edit").text)


def hidden(page: str) -> dict:
    return dict(re.findall(r'name="(form_id|base|version)" value="([^"]*)"', page))


def typed(**changes) -> dict:
    return form(identity_number="", contact2_name="李娜", contact2_phone="19900000124") | changes


def save(desk: Desk, elder_id: int, start: dict, **changes):
    return desk.post(f"/elders/{elder_id}/edit", data=typed(**changes) | start)


def now(home, elder_id: int) -> elders.Elder:
    return elders.get(home.db, home.vault, elder_id)


def test_what_only_the_colleague_changed_is_taken_over_and_shown(home, worker, at_desk, li):
    mine, colleague = opened(worker, li), at_desk("secretary")
    id_of(save(colleague, li, opened(colleague, li), address="江畔小区7号楼", contact1_phone="19900000999"))
    answer = save(worker, li, mine, history="爱听戏。")
    assert answer.status_code == 409
    assert "孙丽" in answer.text
    for theirs in ("江畔小区7号楼", "199 0000 0999"):
        assert theirs in answer.text
    assert "你们都改了" not in answer.text
    assert now(home, li).history == "喜欢去江边。"
    taken = {"address": "江畔小区7号楼", "contact1_phone": "199 0000 0999"}
    id_of(save(worker, li, hidden(answer.text), history="爱听戏。", **taken))
    saved = now(home, li)
    assert (saved.history, saved.address.endswith("江畔小区7号楼")) == ("爱听戏。", True)
    assert [one.phone for one in saved.contacts] == ["+8619900000999", "+8619900000124"]


@pytest.mark.parametrize(("choice", "stands"), [("mine", "爱听戏。"), ("theirs", "常去公园。")])
def test_what_both_changed_is_asked_and_the_answer_stands(home, worker, at_desk, li, choice, stands):
    mine, colleague = opened(worker, li), at_desk("secretary")
    id_of(save(colleague, li, opened(colleague, li), history="常去公园。"))
    answer = save(worker, li, mine, history="爱听戏。")
    assert answer.status_code == 409
    assert "你们都改了" in answer.text
    again = hidden(answer.text)
    open_question = save(worker, li, again, history="爱听戏。", disputed="history")
    assert open_question.status_code == 422
    assert "你们都改了" in open_question.text
    assert now(home, li).history == "常去公园。"
    id_of(save(worker, li, again, history="爱听戏。", disputed="history", take_history=choice))
    assert now(home, li).history == stands


def test_contacts_are_merged_one_by_one(home, worker, at_desk, li):
    mine, colleague = opened(worker, li), at_desk("secretary")
    id_of(save(colleague, li, opened(colleague, li), contact3_name="李梅", contact3_phone="19900000125"))
    answer = save(worker, li, mine, contact1_name="李强强")
    assert answer.status_code == 409
    assert 'value="李梅"' in answer.text
    assert 'value="李强强"' in answer.text
    assert "你们都改了" not in answer.text


def test_a_change_that_is_no_field_of_the_form_disturbs_nobody(home, worker, li):
    mine = opened(worker, li)
    with transaction(home.db):
        home.db.write("UPDATE elder SET status = 'moved', version = version + 1 WHERE id = ?", li)
    id_of(save(worker, li, mine, history="爱听戏。"))
    assert (now(home, li).history, now(home, li).status) == ("爱听戏。", "moved")


def test_a_third_change_while_deciding_is_seen_as_well(home, worker, at_desk, li):
    mine, colleague = opened(worker, li), at_desk("secretary")
    id_of(save(colleague, li, opened(colleague, li), history="常去公园。"))
    again = hidden(save(worker, li, mine, history="爱听戏。").text)
    id_of(save(colleague, li, opened(colleague, li), history="常去江边。"))
    answer = save(worker, li, again, history="爱听戏。", disputed="history", take_history="mine")
    assert answer.status_code == 409
    assert "常去江边。" in answer.text


def test_the_fingerprints_tell_no_value(worker, li):
    base = opened(worker, li)["base"]
    assert len(base) < 500
    assert "2026" not in base
    assert re.fullmatch(r"(\w+:[0-9a-f]{12} ?)+", base)
