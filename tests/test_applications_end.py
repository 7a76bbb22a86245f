"""When a family agreed and to what; and an application taken back, of which nothing is left."""

from dataclasses import replace

import pytest
from conftest import NOW
from drafted import ZHAO, checked, draft, later, sent

from station import clock, consents, vocabulary
from station.applications import confirming, decisions, drafts, keeping, pictures, questions, records
from station.db import transaction
from station.enrolment import ElderForm
from station.errors import Conflict

__all__ = ["draft", "sent"]


def ledger(home, elder_id) -> dict[str, tuple]:
    rows = consents.ledger(home.db, elder_id)
    return {
        row["item"]: (row["given"], row["at"], row["text_version"], row["given_by"], row["means"])
        for row in rows
    }


def test_the_ledger_says_when_the_family_agreed_and_not_when_the_station_approved(home, draft):
    drafts.send(home.db, home.vault, draft, checked(), station=1, now=NOW)
    with pytest.MonkeyPatch.context() as other:
        other.setattr(vocabulary, "CONSENT_VERSION", "2027-05")
        sent = records.by_code(home.db, home.vault, draft.code)
        form = replace(ZHAO, consents=("record", "family_place"))
        elder_id = decisions.approve(home.db, home.vault, sent.id, checked(form), by=1, now=later(days=3))
    then, now = clock.text(NOW), clock.text(later(days=3))
    assert ledger(home, elder_id) == {
        "record": (1, then, "2026-11.2", "relative", "online"),
        "photo": (0, now, "2027-05", "relative", "desk"),
        "family_place": (1, now, "2027-05", "relative", "desk"),
    }
    photo = [row for row in consents.ledger(home.db, elder_id) if row["item"] == "photo"]
    assert [(row["given"], row["at"]) for row in photo] == [(1, then), (0, now)]


def test_somebody_else_who_agrees_at_the_review_stands_in_the_ledger_beside_the_family(home, sent):
    form = replace(ZHAO, given_by="guardian")
    elder_id = decisions.approve(home.db, home.vault, sent.id, checked(form), by=1, now=later(days=1))
    rows = [row for row in consents.ledger(home.db, elder_id) if row["item"] == "record"]
    assert [(row["given_by"], row["at"]) for row in rows] == [
        ("relative", clock.text(NOW)),
        ("guardian", clock.text(later(days=1))),
    ]


def test_consents_that_were_corrected_on_being_asked_carry_the_time_of_the_answer(home, sent):
    questions.ask(home.db, home.vault, sent.id, "consent", "", by=1, now=NOW)
    [question] = questions.open_of(home.db, home.vault, sent.id)
    form = replace(ZHAO, consents=("record", "photo", "health_notes"))
    questions.answer(home.db, home.vault, question, "", changed=(form, checked(form)), now=later(hours=5))
    elder_id = decisions.approve(home.db, home.vault, sent.id, checked(form), by=1, now=later(days=3))
    assert {one[1] for one in ledger(home, elder_id).values()} == {clock.text(later(hours=5))}


def test_an_application_taken_back_leaves_nothing_of_what_was_typed_and_sent(home, sent):
    db, vault = home.db, home.vault
    questions.ask(db, vault, sent.id, "other", "有病历吗？", by=1, now=NOW)
    confirming.read_out(db, vault, sent.id, by=1, now=NOW)
    owns = [row["own"] for row in db.rows("SELECT own FROM application_picture")]
    for _ in range(2):
        decisions.withdraw(db, vault, sent.id, now=later(hours=1))
    gone = records.get(db, vault, sent.id)
    assert (gone.state, gone.form, gone.details, gone.decided_at) == (
        "withdrawn", ElderForm(), records.Details(), later(hours=1),
    )  # fmt: skip
    assert not any(vault.has(key) for key in (records.key(sent.uid), *(f"picture/{own}" for own in owns)))
    assert db.scalar("SELECT count(*) FROM phone_code") == 0
    assert questions.of(db, vault, sent.id)[0].text == ""
    assert records.count_waiting(db, 1) == 0
    assert db.scalar("SELECT count(*) FROM audit WHERE action = 'application.withdrawn'") == 1


def test_whichever_comes_first_counts_the_station_s_decision_or_the_family_s(home, sent):
    db, vault = home.db, home.vault
    stale = records.get(db, vault, sent.id)
    decisions.withdraw(db, vault, sent.id, now=NOW)
    for decide in (
        lambda: decisions.approve(db, vault, sent.id, checked(), by=1, now=NOW),
        lambda: decisions._register(db, vault, stale, checked(), by=1, now=NOW),
        lambda: decisions.refuse(db, vault, sent.id, "重复", by=1, now=NOW),
    ):
        with pytest.raises(Conflict):
            decide()
    assert db.scalar("SELECT count(*) FROM elder") == 0


def test_what_was_approved_is_not_taken_back_here(home, sent):
    decisions.approve(home.db, home.vault, sent.id, checked(), by=1, now=NOW)
    with pytest.raises(Conflict):
        decisions.withdraw(home.db, home.vault, sent.id, now=NOW)
    assert home.vault.has(records.key(sent.uid))


def test_a_crash_while_it_is_taken_back_leaves_nothing_either(home, sent):
    with transaction(home.db):
        home.db.write("UPDATE application SET state = 'withdrawn', decided_at = ?", clock.text(NOW))
    keeping.forget_old(home.db, home.vault, later(minutes=1))
    assert not home.vault.has(records.key(sent.uid))
    assert not pictures.of(home.db, sent.uid)["portrait"].is_there
