"""A record in the register: found, looked at, corrected, and the life of its badge."""

import re
from dataclasses import replace

import pytest
from conftest import NOW, WANG, enrol
from entering import actions, applied, counts, form, id_of, worker

from station import addresses, audit, consents, elders, enrolment
from station.db import transaction
from station.issuing import making, records

__all__ = ["applied", "worker"]


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


# Who may


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
