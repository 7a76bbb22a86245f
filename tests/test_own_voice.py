"""The elder's own voice: asked in plain words, answered by the right person, tried before decided, refused with a reason."""

import re
import uuid
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from conftest import NOW, WANG, Desk, enrol, here_today
from entering import form, id_of

from station import cards, clock, consents, coverage, elders, trials, vocabulary
from station.db import transaction


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


def asked(worker: Desk, elder_id: int, **answers: str):
    version = {"version": answers.pop("version", "1")}
    said = {f"answer_{item}": word for item, word in answers.items() if item in vocabulary.CONSENT_ITEMS}
    rest = {key: value for key, value in answers.items() if key not in vocabulary.CONSENT_ITEMS}
    return worker.post(f"/elders/{elder_id}/consent", data={"given_by": "elder"} | version | said | rest)


def test_each_consent_is_asked_in_plain_words_with_a_picture(worker, wang):
    page = worker.get(f"/elders/{wang.id}/consent").text
    assert page.count('<svg class="drawing"') == len(vocabulary.CONSENT_ITEMS)
    assert page.count("<fieldset") == len(vocabulary.CONSENT_ITEMS)
    assert "您" in page
    assert "checked" not in page
    english = worker.get(f"/elders/{wang.id}/consent?l=en").text
    assert "May we" in english


def test_answers_go_into_the_ledger_with_who_how_when_and_which_text(home, worker, wang):
    answer = asked(worker, wang.id, photo="no", page_call_name="yes")
    assert answer.status_code == 303
    assert consents.standing(home.db, wang.id) == (
        "record",
        "family_place",
        "finding_community",
        "page_call_name",
    )
    [taken_back] = [row for row in consents.ledger(home.db, wang.id) if row["item"] == "photo"][1:]
    said = {key: taken_back[key] for key in ("given", "given_by", "means", "text_version", "staff_id")}
    assert said == {
        "given": 0,
        "given_by": "elder",
        "means": "pictures",
        "text_version": "2026-11.2",
        "staff_id": 1,
    }
    assert taken_back["at"]
    assert cards.of_elder(home.db, home.vault, wang.id).call_name == "王奶奶"
    record = worker.get(f"/elders/{wang.id}").text
    for words in ("看图询问", "老人本人", "2026-11"):
        assert words in record


def test_a_yes_of_the_elder_after_the_familys_is_a_row_of_its_own(home, worker, wang):
    before = len(consents.ledger(home.db, wang.id))
    assert asked(worker, wang.id, photo="yes").status_code == 303
    newest = consents.ledger(home.db, wang.id)[before:]
    assert ("photo", "elder") in {(row["item"], row["given_by"]) for row in newest}


def test_a_no_of_the_elder_is_kept_too_and_was_not_taken_back(home, worker, wang):
    def newest() -> dict:
        return consents.latest(home.db, wang.id)["volunteers"]

    assert "还没有问过" in worker.get(f"/elders/{wang.id}/consent").text
    assert "volunteers" not in consents.latest(home.db, wang.id)
    assert asked(worker, wang.id, volunteers="no").status_code == 303
    assert (newest()["given"], newest()["given_by"], newest()["answer"]) == (0, "elder", "declined")
    rows = len(consents.ledger(home.db, wang.id))
    version = str(elders.get(home.db, home.vault, wang.id).version)
    assert asked(worker, wang.id, volunteers="no", version=version).status_code == 303
    assert len(consents.ledger(home.db, wang.id)) == rows, "the same again says nothing new"
    record = worker.get(f"/elders/{wang.id}").text
    said = re.search(r"历次同意和收回的记录.*?</table>", record, re.DOTALL)[0]
    assert "说了不同意" in said
    assert "收回</td>" not in said, "nothing was ever given"
    assert re.search(r"目前：不行，老人本人\d{4}年", worker.get(f"/elders/{wang.id}/consent").text)


def test_who_answers_is_chosen_each_time_and_whose_word_counts_stands_above_the_questions(worker, wang):
    page = worker.get(f"/elders/{wang.id}/consent").text
    assert re.search(r'<option value="" selected>', page), "nobody is put into the elder's mouth"
    assert page.index("还没有记下") < page.index('name="given_by"') < page.index('name="answer_record"')
    missing = asked(worker, wang.id, photo="no", given_by="")
    assert missing.status_code == 422
    assert 'href="#given_by"' in missing.text


def test_without_the_record_nothing_can_be_kept_and_the_page_says_so(home, worker, wang):
    answer = asked(worker, wang.id, record="no", photo="no")
    assert answer.status_code == 422
    assert "photo" in consents.standing(home.db, wang.id)


def test_a_colleague_who_was_faster_is_not_overwritten(home, worker, wang):
    id_of(worker.post(f"/elders/{wang.id}/edit", data=form(version="1", identity_number="")))
    assert asked(worker, wang.id, photo="yes", version="1").status_code == 409


@pytest.mark.parametrize(
    ("capacity", "given_by", "fine"),
    [
        ("alone", "elder", True),
        ("alone", "relative", False),
        ("support", "elder", True),
        ("none", "elder", False),
        ("none", "relative", False),
        ("none", "guardian", True),
        ("none", "agreed", True),
        ("", "relative", True),
    ],
)
def test_the_right_person_consents(home, worker, capacity, given_by, fine):
    judged = {"capacity_judge": "doctor", "capacity_date": "2026-11-20"} if capacity else {}
    answer = worker.post("/elders", data=form(capacity=capacity, given_by=given_by, **judged))
    assert answer.status_code == (303 if fine else 422)
    if fine:
        elder = elders.get(home.db, home.vault, id_of(answer))
        assert (elder.capacity, elder.given_by) == (capacity, given_by)
        assert elder.capacity_date == ("2026-11-20" if capacity else "")
        assert {row["given_by"] for row in consents.ledger(home.db, elder.id)} == {given_by}


def test_who_judged_and_when_is_asked_for(worker):
    answer = worker.post("/elders", data=form(capacity="alone", given_by="elder", capacity_date="2999-01-01"))
    assert answer.status_code == 422
    assert 'href="#capacity_judge"' in answer.text
    assert 'href="#capacity_date"' in answer.text


def test_correcting_the_record_keeps_who_consented(home, worker):
    first = form(capacity="alone", capacity_judge="worker", given_by="elder")
    elder_id = id_of(worker.post("/elders", data=first))
    page = worker.get(f"/elders/{elder_id}/edit").text
    assert '<option value="elder" selected>' in page
    before = consents.ledger(home.db, elder_id)
    id_of(worker.post(f"/elders/{elder_id}/edit", data=first | {"version": "1", "history": "爱听戏。"}))
    assert consents.ledger(home.db, elder_id) == before


def test_the_texts_of_the_consents_belong_to_their_version():
    """Whoever changes a text gives it a new version, so that the ledger says to which words somebody agreed."""
    text = "\n".join(vocabulary.CONSENT_ITEMS.values())
    assert (vocabulary.CONSENT_VERSION, sha256(text.encode()).hexdigest()[:12]) == (
        "2026-11.2",
        "c2a3222261f8",
    )


# Trying a badge


def test_a_sample_is_lent_and_wearing_it_or_not_is_noted(home, worker, wang):
    assert worker.post(f"/elders/{wang.id}/trial", data={"form": "cloth"}).status_code == 303
    assert worker.post(f"/elders/{wang.id}/trial", data={"form": "cloth"}).status_code == 303
    assert trials.counts(home.db, 1) == {"": 1}
    assert "样品" in worker.get(f"/elders/{wang.id}").text
    today = here_today()
    assert trials.to_ask(home.db, 1, today) == []
    assert [one.elder_id for one in trials.to_ask(home.db, 1, today + trials.LASTS * 2)] == [wang.id]
    ended = worker.post(f"/elders/{wang.id}/trial/end", data={"outcome": "wears"})
    assert ended.status_code == 303
    assert trials.counts(home.db, 1) == {"wears": 1}
    assert worker.post(f"/elders/{wang.id}/trial/end", data={"outcome": "wears"}).status_code == 409


def test_who_is_to_be_asked_stands_on_a_page_with_one_press_for_each_answer(home, worker, wang):
    assert "/elders/trials" not in worker.get("/elders").text, "nobody is to be asked"
    others = [
        enrol(home, replace(WANG, name=name), f"form-{name}").id
        for name in ("李桂芳", "赵玉兰", "钱有福", "孙平安")
    ]
    today = here_today()
    lent = dict(
        zip(
            (wang.id, *others),
            (today - timedelta(days=30), today - trials.LASTS, today, today, today),
            strict=True,
        )
    )
    for elder_id, day in lent.items():
        trials.lend(home.db, home.vault, elder_id, "badge", today=day, by=1, now=NOW)
    with transaction(home.db):
        home.db.write("UPDATE elder SET status = 'deceased' WHERE id = ?", others[-1])
    assert "要询问的试戴：2" in worker.get("/elders").text
    assert "/elders/trials" in worker.get("/elders/checks").text
    page = worker.get("/elders/trials").text
    due, later = page.split('id="later-title"')
    assert due.index("王秀兰") < due.index("李桂芳"), "the longest first"
    assert "逾期 23 天" in due
    assert "赵玉兰" in later
    assert "孙平安" not in page, "of the dead nobody is asked"
    assert 'value="refused:looks"' in due
    answer = worker.post(f"/elders/{wang.id}/trial/end", data={"outcome": "wears", "back": "trials"})
    assert answer.headers["Location"].startswith("/elders/trials")
    noted = worker.get(answer.headers["Location"]).text
    assert "已记下" in noted
    assert "王秀兰" in noted
    later_id = others[0]
    assert (
        worker.post(f"/elders/{later_id}/trial/end", data={"outcome": "later", "back": "trials"}).status_code
        == 303
    )
    assert [one.elder_id for one in trials.to_ask(home.db, 1, today)] == []
    assert trials.of_elder(home.db, later_id).ask_on > today
    refused = {"outcome": "refused:shame", "form_id": uuid.uuid4().hex, "back": "trials"}
    assert worker.post(f"/elders/{later_id}/trial/end", data=refused).status_code == 303
    assert coverage.refusal_of(home.db, later_id).reason == "shame"
    assert worker.post(f"/elders/{later_id}/trial/end", data={"outcome": "later"}).status_code == 409


def test_who_does_not_want_it_after_trying_counts_among_the_refusals_with_the_reason(home, worker):
    elder_id = enrol(home, replace(WANG, name="李桂芳"), "form-li").id
    worker.post(f"/elders/{elder_id}/trial", data={"form": "badge"})
    no_reason = {"outcome": "refused", "form_id": uuid.uuid4().hex}
    assert worker.post(f"/elders/{elder_id}/trial/end", data=no_reason).status_code == 422
    worker.post(f"/elders/{elder_id}/trial/end", data=no_reason | {"reason": "looks"})
    refusal = coverage.refusal_of(home.db, elder_id)
    assert refusal is not None
    assert refusal.reason == "looks"
    whole = coverage.areas(home.db, home.vault, 1, clock.utcnow(), here_today())[-1]
    assert whole.refused == {"looks": 1}


# Every option off


def test_the_service_brings_home_who_consented_to_nothing_but_the_record(home, client, at_desk):
    shy = enrol(home, replace(WANG, consents=("record",)), "form-shy")
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'worn', activated_at = ?", NOW.isoformat())
    page = client.get(shy.path).text
    assert "王奶奶" not in page
    sent = {"act": "with_elder", "request_id": uuid.uuid4().hex, "lat": 43.8255, "lon": 126.5601}
    told = client.post(f"{shy.path}/scans", json=sent)
    assert told.status_code == 201
    duty = at_desk("duty")
    [incident] = duty.get("/desk/incidents?open=1", headers={"Accept": "application/json"}).get_json()
    path = f"/desk/incidents/{incident['id']}"
    assert duty.post(f"{path}/claim", json={"slot": "both"}).status_code == 200
    seen = duty.get(path).text
    assert "王秀兰" in seen
    assert "199 0000 0002" in seen
