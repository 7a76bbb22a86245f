"""Another system hands in applications: signed, once, into the families' queue; and learns how far they are."""

import hmac
import json
import re
from datetime import timedelta

import pytest
from canaries import found_in
from click.testing import CliRunner
from conftest import Home
from test_doorstep import Round, day

from station import clock, consents, enrolment, partners, vocabulary
from station.applications import decisions, questions, records
from station.cli.main import main
from station.db import transaction
from station.web import damping
from station.web import partners as door

BASE = "https://zj.example.cn"
SENT = {
    "client_id": "hmt-2026-000117",
    "name": "赵桂芝",
    "birth_date": "1944-11-02",
    "sex": "female",
    "community": "龙城社区",
    "address": "江畔小区7号楼1单元202",
    "contacts": [{"name": "赵刚", "phone": "199 0000 0077", "relation": "son"}],
    "health_notes": ["memory"],
    "consents": ["record", "family_place"],
    "given_by": "relative",
}


class Partner:
    """惠民通 with its key: signs what it sends."""

    def __init__(self, home: Home, client) -> None:
        self.made, self.secret = partners.add(home.db, home.vault, "惠民通", clock.utcnow())
        self.client = client

    def headers(self, what: bytes, late: float = 0, secret: str = "") -> dict[str, str]:
        at = str(int((clock.utcnow() - timedelta(seconds=late)).timestamp()))
        code = hmac.new((secret or self.secret).encode(), at.encode() + b"." + what, "sha256").hexdigest()
        return {"X-Station-Partner": self.made.uid, "X-Station-Signature": f"t={at},v1={code}"}

    def send(self, sent: object = None, body: bytes | None = None, **how):
        body = json.dumps(SENT if sent is None else sent).encode() if body is None else body
        return self.client.post(
            "/applications",
            data=body,
            headers=self.headers(body, **how),
            content_type="application/json",
            base_url=BASE,
        )

    def ask(self, client_id: str = SENT["client_id"], **how):
        path = f"/applications/by/{client_id}"
        return self.client.get(path, headers=self.headers(path.encode(), **how), base_url=BASE)


@pytest.fixture(autouse=True)
def rested() -> None:
    """Nobody has guessed for an hour."""
    for damper in vars(door).values():
        if isinstance(damper, damping.Damper):
            damper.forget()


@pytest.fixture
def partner(home, client) -> Partner:
    return Partner(home, client)


def count(home: Home) -> int:
    return int(home.db.scalar("SELECT count(*) FROM application"))


def test_an_application_lands_in_the_queue_like_a_family_s(home, partner, at_desk):
    answer = partner.send()
    assert answer.status_code == 201, answer.text
    assert re.fullmatch(r"\d{8}", answer.get_json()["case_code"])
    desk = at_desk("worker")
    assert "赵桂芝" in desk.get("/applications").text
    page = desk.get("/applications/1").text
    assert "由惠民通提交" in page
    assert "江畔小区7号楼1单元202" in page
    found = records.by_code(home.db, home.vault, answer.get_json()["case_code"])
    assert found.form.contacts[0].phone == "199 0000 0077"


def test_it_learns_each_step_and_nothing_of_the_elder(home, partner, at_desk):
    partner.send()
    asked = partner.ask()
    assert asked.get_json() | {"received_at": ""} == {
        "client_id": SENT["client_id"], "state": "received", "reason": "", "received_at": "", "decided_at": None,
        "asked": False, "promised_by": asked.get_json()["promised_by"], "late": False, "late_reason": "", "visit": None,
    }  # fmt: skip
    assert found_in(asked.data, ["赵桂芝", "江畔小区", "19900000077"]) == []
    at_desk("worker").post("/applications/1/refuse", data={"reason": "电话打不通"})
    assert (partner.ask().get_json()["state"], partner.ask().get_json()["reason"]) == (
        "refused",
        "电话打不通",
    )


def test_it_learns_the_promised_day_that_the_family_is_asked_and_why_it_is_late(home, partner):
    partner.send()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", partner.ask().get_json()["promised_by"])
    questions.ask(home.db, home.vault, 1, "birth", "", by=1, now=clock.utcnow())
    told = partner.ask().get_json()
    assert (told["asked"], told["promised_by"], told["late"]) == (True, None, False)
    with transaction(home.db):
        home.db.write("DELETE FROM application_question")
        home.db.write(
            "UPDATE application SET created_at = ?", clock.text(clock.utcnow() - timedelta(days=20))
        )
    told = partner.ask().get_json()
    assert (told["asked"], told["late"]) == (False, True)
    assert "打通您的电话" in told["late_reason"]


def test_it_learns_of_a_visit_in_vain_and_of_a_no(home, partner, at_desk):
    partner.send()
    walk = Round(home, at_desk("worker"))
    assert (partner.ask().get_json()["state"], partner.ask().get_json()["visit"]) == ("on_its_way", None)
    walk.say("not_home", 2)
    visit = partner.ask().get_json()["visit"]
    assert (visit["state"], visit["visits"], visit["next_on"]) == ("nobody", 1, day(2).isoformat())
    walk.say("refused", reason="shame")
    told = partner.ask()
    assert (told.get_json()["state"], told.get_json()["visit"]["state"]) == ("made", "declined")
    assert "shame" not in told.text


def test_the_same_application_again_is_the_same(home, partner):
    first, again = partner.send(), partner.send()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert count(home) == 1


def test_the_same_number_with_other_content_is_refused(home, partner):
    partner.send()
    assert partner.send({**SENT, "name": "钱桂芝"}).status_code == 409
    assert count(home) == 1


def test_numbers_of_two_partners_do_not_meet(home, partner, client):
    partner.send()
    other = Partner.__new__(Partner)
    other.made, other.secret = partners.add(home.db, home.vault, "吉事办", clock.utcnow())
    other.client = client
    assert other.ask().status_code == 404
    assert other.send({**SENT, "name": "钱桂芝"}).status_code == 201
    assert count(home) == 2


@pytest.mark.parametrize("late", [301, 86400, -301])
def test_a_signature_lives_five_minutes(home, partner, late):
    assert partner.send(late=late).status_code == 401
    assert partner.ask(late=late).status_code == 401
    assert count(home) == 0


def test_without_the_right_signature_nothing_happens(home, partner, client):
    body = json.dumps(SENT).encode()
    good = partner.headers(body)
    for headers in (
        {},
        {"X-Station-Partner": partner.made.uid},
        good | {"X-Station-Partner": "0" * 12},
        good | {"X-Station-Signature": good["X-Station-Signature"][:-1]},
        good | {"X-Station-Signature": "t=1,v1=" + "0" * 64},
        partner.headers(body + b" "),
        partner.headers(body, secret="guessed"),
    ):
        answer = client.post("/applications", data=body, headers=headers, base_url=BASE)
        assert answer.status_code == 401
        assert answer.is_json
    assert count(home) == 0


def test_a_signature_of_one_question_does_not_ask_another(partner, client):
    partner.send()
    headers = partner.headers(b"/applications/by/another")
    assert (
        client.get(f"/applications/by/{SENT['client_id']}", headers=headers, base_url=BASE).status_code == 401
    )


def test_guessing_is_slowed_down_and_the_partner_is_not(partner):
    statuses = [partner.send(secret="guessed").status_code for _ in range(30)]
    assert statuses[-1] == 429
    assert partner.send().status_code == 201


def test_a_key_that_was_ended_opens_nothing(home, partner, monkeypatch):
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    assert CliRunner().invoke(main, ["partner", "end", "惠民通"]).exit_code == 0
    assert partner.send().status_code == 401
    assert CliRunner().invoke(main, ["partner", "end", "惠民通"]).exit_code == 1
    assert "ended" in CliRunner().invoke(main, ["partner", "list"]).output


def test_the_secret_is_shown_once_and_lies_nowhere(home, monkeypatch):
    monkeypatch.setenv("STATION_DATA", str(home.config.data_dir))
    monkeypatch.setenv("STATION_BASE_URL", home.config.base_url)
    made = CliRunner().invoke(main, ["partner", "add", "惠民通"])
    secret = re.search(r"secret: ([0-9a-f]{64})", made.stdout)[1]
    assert secret not in CliRunner().invoke(main, ["partner", "list"]).output
    assert CliRunner().invoke(main, ["partner", "add", "惠民通"]).exit_code == 1
    for path in home.config.data_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_no_file_holds_what_was_handed_in(home, partner):
    secret = ["赵桂芝", "江畔小区", "19900000077", "22021119460305024", "赵刚"]
    partner.send({**SENT, "client_id": "220211194603050242"})
    assert count(home) == 1
    for path in home.config.data_dir.rglob("*"):
        if path.is_file() and path != home.config.keyring:
            assert found_in(path.read_bytes(), secret) == [], path


WRONG = [
    ({"name": ""}, "name"),
    ({"name": 7}, "name"),
    ({"identity_number": "220211194603050241"}, "identity_number"),
    ({"identity_number": "220211460305024"}, "identity_number"),
    ({"birth_date": "2099-01-01"}, "birth_date"),
    ({"community": "火星社区"}, "community"),
    ({"community": None}, "community"),
    ({"address": ""}, "address"),
    ({"contacts": []}, "contact1_phone"),
    ({"contacts": "张伟"}, "contacts"),
    ({"contacts": ["张伟"]}, "contact1_phone"),
    ({"contacts": [{"name": "赵刚", "phone": "12"}]}, "contact1_phone"),
    ({"contacts": [{"name": "赵刚", "phone": 19900000077}]}, "contact1_phone"),
    ({"health_notes": ["dragons"]}, "health_notes"),
    ({"hints": [[]]}, "hints"),
    ({"consents": []}, "consents"),
    ({"consented_at": "2999-01-01T00:00:00+08:00"}, "consented_at"),
    ({"consented_at": "2019-01-01T00:00:00+08:00"}, "consented_at"),
    ({"consented_at": "2026-11-21T19:00:00"}, "consented_at"),
    ({"consented_at": "yesterday"}, "consented_at"),
    ({"consent_version": "x" * 41}, "consent_version"),
    ({"client_id": ""}, "client_id"),
    ({"client_id": 117}, "client_id"),
    ({"client_id": "a/b"}, "client_id"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_wrong_field_is_named_and_nothing_is_kept(home, partner, change, field):
    answer = partner.send({**SENT, **change})
    assert answer.status_code == 422
    assert field in answer.get_json()["fields"]
    assert count(home) == 0
    assert home.db.scalar("SELECT count(*) FROM partner_application") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 50_000])
def test_what_is_no_object_is_refused_in_words(home, partner, body):
    answer = partner.send(body=body)
    assert (answer.status_code, list(answer.get_json()["fields"])) == (422, ["body"])


def test_too_large_a_body_is_413_in_json(home, partner):
    answer = partner.send({**SENT, "history": "长" * 40_000})
    assert answer.status_code == 413
    assert answer.is_json


def test_broken_off_between_number_and_application_it_goes_on(home, partner):
    partner.send()
    with transaction(home.db):
        home.db.write("DELETE FROM application")
    assert partner.ask().status_code == 404
    assert partner.send().status_code == 201
    assert count(home) == 1


def test_who_agreed_when_and_to_which_text_goes_into_the_ledger_as_it_was_handed_in(home, partner, at_desk):
    agreed = clock.utcnow() - timedelta(days=2)
    said = {"consented_at": agreed.isoformat(), "consent_version": "惠民通 3.1", "given_by": "guardian"}
    assert partner.send(SENT | said).status_code == 201
    found = the_only(home)
    page = at_desk("worker").get(f"/applications/{found.id}").text
    assert "惠民通 3.1" in page
    elder_id = approved(home, found)
    rows = consents.ledger(home.db, elder_id)
    assert {row["item"] for row in rows} == set(SENT["consents"])
    assert {(row["at"], row["text_version"], row["given_by"], row["means"]) for row in rows} == {
        (clock.text(agreed), "惠民通 3.1", "guardian", "online")
    }


def test_a_partner_that_says_nothing_of_it_agreed_now_to_the_text_of_today(home, partner):
    partner.send()
    found = the_only(home)
    rows = consents.ledger(home.db, approved(home, found, after=timedelta(days=3)))
    assert {(row["at"], row["text_version"]) for row in rows} == {
        (clock.text(found.created_at), vocabulary.CONSENT_VERSION)
    }


def test_the_partner_learns_that_the_family_took_it_back(home, partner):
    partner.send()
    decisions.withdraw(home.db, home.vault, the_only(home).id, now=clock.utcnow())
    told = partner.ask().get_json()
    assert (told["state"], told["reason"]) == ("withdrawn", "")
    assert told["decided_at"]
    assert partner.send().get_json()["state"] == "withdrawn", "the same again brings it not back"


def the_only(home: Home) -> records.Application:
    [found] = records.waiting(home.db, home.vault, 1)
    return found


def approved(home: Home, found: records.Application, after: timedelta = timedelta()) -> int:
    now = found.created_at + after
    local = enrolment.Locality("0432", "", frozenset([1, 2]))
    checked = enrolment.check(found.form, local, now.date())
    return decisions.approve(home.db, home.vault, found.id, checked, by=1, now=now)
