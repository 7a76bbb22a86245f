"""What belongs to an application from home: drafts, questions, pictures and codes, each with its own end."""

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from canaries import found_in
from conftest import NOW
from drafted import PHONE, ZHAO, checked, draft, jpeg, later, sent
from PIL import Image

from station import holidays, photos, portraits, progress, vocabulary
from station.applications import confirming, decisions, drafts, keeping, pictures, questions, records
from station.applications.drafts import Content
from station.db import transaction
from station.enrolment import ElderForm
from station.errors import Conflict, Gone, Invalid, NotFound
from station.vault import Unsealable

__all__ = ["draft", "sent"]


def test_a_draft_is_found_by_its_code_however_it_is_written(home, draft):
    assert len(draft.code) == 12
    for typed in (draft.code, records.shown_code(draft.code), f" {draft.code[:6]}－{draft.code[6:]} "):
        assert drafts.get(home.db, home.vault, typed, NOW).content.form == ZHAO
    wide = draft.code.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert drafts.get(home.db, home.vault, wide, NOW).uid == draft.uid


def test_two_phones_that_write_one_draft_each_keep_what_they_typed(home, draft):
    def name(content: Content) -> Content:
        return replace(content, form=replace(content.form, name="赵桂枝"))

    def address(content: Content) -> Content:
        return replace(content, form=replace(content.form, address="松江小区"))

    drafts.save(home.db, home.vault, draft, name, NOW)
    drafts.save(home.db, home.vault, draft, address, NOW)
    kept = drafts.get(home.db, home.vault, draft.code, NOW).content.form
    assert (kept.name, kept.address) == ("赵桂枝", "松江小区")


def test_a_draft_left_lying_is_destroyed_and_one_gone_on_with_is_not(home, draft):
    other = drafts.begin(home.db, home.vault, Content(ZHAO), NOW)
    pictures.keep(home.db, home.vault, other.uid, "portrait", jpeg(), NOW)
    drafts.save(home.db, home.vault, draft, lambda content: content, later(days=8))
    keeping.forget_old(home.db, home.vault, later(days=15))
    assert drafts.get(home.db, home.vault, draft.code, later(days=15)).content.form == ZHAO
    with pytest.raises(NotFound):
        drafts.get(home.db, home.vault, other.code, later(days=15))
    assert not home.vault.has(records.key(other.uid))
    assert home.db.scalar("SELECT count(*) FROM application_picture") == 0


def test_a_draft_that_ran_out_is_not_opened_even_before_it_is_cleared_away(home, draft):
    with pytest.raises(NotFound):
        drafts.get(home.db, home.vault, draft.code, later(days=14, seconds=1))


def test_sent_twice_it_is_one_application(home, draft):
    for _ in range(2):
        drafts.send(home.db, home.vault, draft, checked(), station=1, now=NOW)
    assert records.count_waiting(home.db, 1) == 1
    found = records.by_code(home.db, home.vault, draft.code)
    assert (found.form, found.uid) == (ZHAO, draft.uid)
    assert found.details.consent_version == vocabulary.CONSENT_VERSION
    assert records.phone_ends_with(home.db, home.vault, found, "0077")
    assert not records.phone_ends_with(home.db, home.vault, found, "0078")


def test_an_identity_picture_is_shown_once_to_one_person(home, sent):
    db, vault = home.db, home.vault
    with pytest.raises(Gone):
        pictures.viewed(db, vault, sent.id, by=1, mark="李敏", now=NOW)
    pictures.begin_viewing(db, vault, sent.id, by=1, now=NOW)
    shown = pictures.viewed(db, vault, sent.id, by=1, mark="李敏 2026-11-22 03:00", now=later(minutes=9))
    assert shown != pictures.jpeg(db, vault, sent.uid, "identity")
    with Image.open(io.BytesIO(shown)) as image:
        assert image.size == (640, 400)
        assert len(image.convert("L").crop((100, 60, 540, 340)).getcolors(512) or range(512)) > 30, "no mark"
    for by, when in ((4, later(minutes=1)), (1, later(minutes=10))):
        with pytest.raises(Gone):
            pictures.viewed(db, vault, sent.id, by=by, mark="x", now=when)
        with pytest.raises(Conflict):
            pictures.begin_viewing(db, vault, sent.id, by=by, now=when)
    rows = db.rows("SELECT staff_id FROM audit WHERE action = 'identity.show'")
    assert rows == [{"staff_id": 1}]


def test_a_new_identity_picture_is_shown_anew(home, sent):
    pictures.begin_viewing(home.db, home.vault, sent.id, by=1, now=NOW)
    pictures.keep(home.db, home.vault, sent.uid, "identity", jpeg("red"), later(hours=1))
    pictures.begin_viewing(home.db, home.vault, sent.id, by=4, now=later(hours=2))


@pytest.mark.parametrize("end", ["approve", "refuse", "time"])
def test_the_identity_picture_ends_with_the_decision_or_by_time(home, sent, end):
    db, vault = home.db, home.vault
    own = db.scalar("SELECT own FROM application_picture WHERE kind = 'identity'")
    if end == "approve":
        decisions.approve(db, vault, sent.id, checked(), by=1, now=NOW)
    elif end == "refuse":
        decisions.refuse(db, vault, sent.id, "不住在本社区", by=1, now=NOW)
    else:
        keeping.forget_old(db, vault, later(days=15))
    with pytest.raises(Gone):
        pictures.jpeg(db, vault, sent.uid, "identity")
    assert not vault.has(f"picture/{own}")
    assert pictures.of(db, sent.uid)["identity"].destroyed_at is not None


def test_the_portrait_becomes_the_record_s_photo_by_consent_alone(home, sent):
    elder_id = decisions.approve(home.db, home.vault, sent.id, checked(), by=1, now=NOW)
    assert portraits.jpeg(home.db, home.vault, elder_id) == jpeg("tan")
    assert not pictures.of(home.db, sent.uid)["portrait"].is_there


def test_without_consent_the_portrait_ends(home, sent):
    form = checked(replace(ZHAO, consents=("record",)))
    assert not portraits.exists(home.db, decisions.approve(home.db, home.vault, sent.id, form, by=1, now=NOW))
    assert not pictures.of(home.db, sent.uid)["portrait"].is_there


def test_after_the_decision_the_number_goes_at_once_and_the_form_in_time(home, sent):
    decisions.refuse(home.db, home.vault, sent.id, "不住在本社区", by=1, now=NOW)
    kept = records.get(home.db, home.vault, sent.id)
    assert (kept.form.identity_number, kept.form.name) == ("", "赵桂芝")
    keeping.forget_old(home.db, home.vault, later(days=91))
    gone = records.get(home.db, home.vault, sent.id)
    assert (gone.form, gone.reason) == (ElderForm(), "不住在本社区")
    with pytest.raises(Unsealable):
        home.vault.seal(records.key(sent.uid), "x", "y")


def test_a_question_is_answered_by_a_corrected_page(home, sent):
    db, vault = home.db, home.vault
    questions.ask(db, vault, sent.id, "where", "哪个单元？", by=1, now=NOW)
    questions.ask(db, vault, sent.id, "where", "几单元几号？", by=1, now=NOW)
    [question] = questions.open_of(db, vault, sent.id)
    assert question.text == "几单元几号？"
    assert records.get(db, vault, sent.id).asked
    assert progress.promise(db, sent, "Asia/Shanghai", NOW).day is not None
    asked = records.get(db, vault, sent.id)
    assert progress.promise(db, asked, "Asia/Shanghai", later(days=9)) == progress.Promise(None, False)
    form = replace(ZHAO, address="江畔小区7号楼2单元303")
    questions.answer(db, vault, question, "写错了", changed=(form, checked(form)), now=later(days=9))
    answered = records.get(db, vault, sent.id)
    assert (answered.form.address, answered.asked) == (form.address, False)
    assert questions.of(db, vault, sent.id)[0].answer == "写错了"
    assert progress.promise(db, answered, "Asia/Shanghai", later(days=9)).day == date(2026, 12, 3)


def test_a_decided_application_is_neither_asked_nor_answered(home, sent):
    questions.ask(home.db, home.vault, sent.id, "other", "有病历吗？", by=1, now=NOW)
    [question] = questions.open_of(home.db, home.vault, sent.id)
    decisions.refuse(home.db, home.vault, sent.id, "重复", by=1, now=NOW)
    with pytest.raises(Conflict):
        questions.ask(home.db, home.vault, sent.id, "name", "", by=1, now=NOW)
    with pytest.raises(Conflict):
        questions.answer(home.db, home.vault, question, "有", now=NOW)


def test_a_question_taken_back_needs_no_answer(home, sent):
    made = questions.ask(home.db, home.vault, sent.id, "name", "", by=1, now=NOW)
    [question] = questions.open_of(home.db, home.vault, sent.id)
    questions.take_back(home.db, home.vault, sent.id, made, by=1, now=NOW)
    assert not records.get(home.db, home.vault, sent.id).asked
    with pytest.raises(NotFound):
        questions.answer(home.db, home.vault, question, "x", now=NOW)


def test_a_code_proves_the_very_phone_it_was_sent_to(home, draft):
    db, vault = home.db, home.vault
    index = vault.blind("phone", PHONE)
    code = confirming.get(db, vault, confirming.send(db, vault, draft.uid, phone=PHONE, station=1, now=NOW))
    other = vault.blind("phone", "+8619900000078")
    with pytest.raises(Invalid):
        confirming.confirm(db, vault, draft.uid, code.digits, phone_index=other, now=NOW)
    confirming.confirm(
        db, vault, draft.uid, f"{code.digits[:3]} {code.digits[3:]}", phone_index=index, now=NOW
    )
    assert confirming.of_draft(db, draft.uid, index)
    drafts.send(db, vault, draft, checked(), station=1, now=NOW)
    assert records.by_code(db, vault, draft.code).confirmed_by == "sms"


def test_a_code_dies_of_time_and_of_wrong_tries(home, draft):
    db, vault = home.db, home.vault
    index = vault.blind("phone", PHONE)
    code = confirming.get(db, vault, confirming.send(db, vault, draft.uid, phone=PHONE, station=1, now=NOW))
    with pytest.raises(Invalid, match="run out"):
        confirming.confirm(db, vault, draft.uid, code.digits, phone_index=index, now=later(minutes=16))
    wrong = f"{(int(code.digits) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(Invalid, match="not the code"):
            confirming.confirm(db, vault, draft.uid, wrong, phone_index=index, now=NOW)
    with pytest.raises(confirming.TooOften):
        confirming.confirm(db, vault, draft.uid, code.digits, phone_index=index, now=NOW)


def test_nobody_has_the_station_send_codes_without_end(home):
    """One phone, however many drafts: three an hour, five a day. One draft, however many phones: six a day."""
    db, vault = home.db, home.vault

    def sent_to(phones: list[str], one_draft: bool, start) -> int:
        uid, count = drafts.begin(db, vault, Content(), NOW).uid, 0
        for n, phone in enumerate(phones):
            uid = uid if one_draft else drafts.begin(db, vault, Content(), NOW).uid
            try:
                confirming.send(db, vault, uid, phone=phone, station=1, now=start + timedelta(minutes=2 * n))
                count += 1
            except confirming.TooOften:
                continue
        return count

    assert sent_to([PHONE] * 20, False, NOW) == 3
    assert sent_to([PHONE] * 20, False, later(hours=2)) == 2
    assert sent_to([f"+86199000001{n:02d}" for n in range(20)], True, NOW) == 6


def test_a_worker_reads_a_code_out_or_says_that_the_phone_was_answered(home, sent):
    db, vault = home.db, home.vault
    code = confirming.read_out(db, vault, sent.id, by=1, now=NOW)
    assert code == confirming.read_out(db, vault, sent.id, by=1, now=later(hours=1))
    confirming.confirm(db, vault, sent.uid, code, phone_index=vault.blind("phone", PHONE), now=later(days=2))
    assert records.get(db, vault, sent.id).confirmed_by == "station"
    confirming.by_call(db, vault, sent.id, by=1, now=NOW)
    assert records.get(db, vault, sent.id).confirmed_by == "station"


def test_no_file_holds_what_a_family_typed_or_photographed(home, sent, draft):
    secret = jpeg()
    questions.ask(home.db, home.vault, sent.id, "other", "麒麟问题", by=1, now=NOW)
    words = ["赵桂芝", "江畔小区", "19900000077", "22021119441102", "赵刚", "麒麟问题", draft.code]
    for path in home.config.data_dir.rglob("*"):
        if path.is_file() and path != home.config.keyring:
            content = path.read_bytes()
            assert found_in(content, words) == [], path
            assert secret[200:260] not in content, path


@pytest.mark.parametrize(
    ("received", "promised"),
    [
        (date(2026, 11, 23), date(2026, 11, 25)),  # Monday
        (date(2026, 11, 27), date(2026, 12, 1)),  # Friday: the weekend is between
        (date(2026, 9, 30), date(2026, 10, 9)),  # the National Day week, and Saturday 10 October is worked
        (date(2026, 11, 28), date(2026, 12, 1)),  # Saturday
    ],
)
def test_two_working_days_follow_the_calendar(received, promised):
    assert holidays.known(received)
    assert progress.working_days_after(received, 2) == promised


def test_a_document_stays_whole_and_loses_what_the_phone_wrote_into_it():
    exif = Image.Exif()
    exif[0x0110] = "赵刚的手机"
    exif[0x0112] = 6  # on its side
    out = io.BytesIO()
    Image.new("RGB", (3000, 2000), "navy").save(out, "JPEG", exif=exif)
    found = photos.document(out.getvalue())
    assert (found.width, found.height) == (1067, 1600)
    assert "赵刚的手机".encode() not in found.jpeg


def test_marking_needs_no_transaction_left_open(home, sent):
    """A look at the picture writes nothing, so that it may be an address."""
    pictures.begin_viewing(home.db, home.vault, sent.id, by=1, now=NOW)
    with transaction(home.db):
        pictures.viewed(home.db, home.vault, sent.id, by=1, mark="李敏", now=NOW)
