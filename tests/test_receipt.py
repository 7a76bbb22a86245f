"""Proof of help: taken when the elder is safe, confirmed by the station, and without a word about the elder."""

import re

import pytest
from sightings import lead, scan

from station.db import transaction

BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
PRIVATE = ("王秀兰", "王奶奶", "帝景", "张伟", "糖尿病", "东市场")


class Helped:
    def __init__(self, home, at_desk, wearer, act="with_elder"):
        answer = scan(home, wearer, act, place="东市场")
        self.home, self.duty = home, at_desk("duty")
        self.page, self.path = f"/s/{answer.status_token}", f"/desk/incidents/{answer.incident_id}"
        self.id = answer.incident_id
        self.duty.post(f"{self.path}/claim", json={"slot": "both"}, headers=JSON)

    def lead(self, *states, **more):
        lead(self.home, self.duty, self.id, *states, **{"collected_by": "张伟"} | more)


@pytest.fixture
def helped(home, at_desk, wang):
    return Helped(home, at_desk, wang)


def take(client, helped, spoken="zh"):
    return client.post(f"{helped.page}/receipt?l={spoken}", base_url=BASE)


def code_on(client, helped) -> str:
    page = client.get(f"{helped.page}/receipt?l=zh", base_url=BASE).text
    return re.search(r"\d{4} \d{4} \d{4}", page)[0]


def ask(client, code, address="203.0.113.5"):
    return client.post(
        "/receipt?l=zh", data={"code": code}, base_url=BASE, environ_base={"REMOTE_ADDR": address}
    )


def test_before_the_elder_is_safe_there_is_no_receipt(client, helped):
    for states in ((), ("going",), ("with_elder",)):
        helped.lead(*states)
        assert "领取助人证明" not in client.get(f"{helped.page}?l=zh", base_url=BASE).text
        refused = take(client, helped)
        assert refused.status_code == 409
        assert "0432-62012345" in refused.text
        assert client.get(f"{helped.page}/receipt", base_url=BASE).status_code == 404


@pytest.mark.parametrize(
    "states", [("going", "with_elder", "at_station"), ("going", "with_elder", "handed_over")]
)
def test_when_the_elder_is_safe_it_can_be_taken_and_the_station_confirms_it(client, helped, states):
    helped.lead(*states)
    assert "领取助人证明" in client.get(f"{helped.page}?l=zh", base_url=BASE).text
    assert "老人平安" in client.get(f"{helped.page}?l=zh", base_url=BASE).text
    taken = take(client, helped)
    assert (taken.status_code, taken.headers["Location"]) == (303, f"{helped.page}/receipt?l=zh")
    code = code_on(client, helped)
    confirmed = ask(client, code)
    assert confirmed.status_code == 200
    assert "属实" in confirmed.text
    assert "龙城社区防走失驿站" in confirmed.text


def test_after_closing_it_can_still_be_taken(client, helped):
    helped.lead("going", "with_elder", "handed_over")
    helped.lead("closed", outcome="reunited")
    assert take(client, helped).status_code == 303
    assert ask(client, code_on(client, helped)).status_code == 200


@pytest.mark.parametrize("spoken", ["zh", "en", "ko"])
def test_the_receipt_says_date_station_code_and_nothing_of_the_elder(client, helped, home, spoken):
    helped.lead("going", "with_elder", "at_station")
    take(client, helped)
    page = client.get(f"{helped.page}/receipt?l={spoken}", base_url=BASE).text
    assert "龙城社区防走失驿站" in page
    assert "zj.example.cn/receipt" in page
    assert re.search(r"20\d\d", page)
    digits = home.db.scalar("SELECT number FROM badge")
    answer = ask(client, code_on(client, helped)).text
    for word in (*PRIVATE, f"{digits[:-1]}-{digits[-1]}"):
        assert word not in page
        assert word not in answer


def test_taken_twice_it_is_the_same_one(client, helped, home):
    helped.lead("going", "with_elder", "at_station")
    codes = set()
    for _ in range(3):
        take(client, helped)
        codes.add(code_on(client, helped))
    assert len(codes) == home.db.scalar("SELECT count(*) FROM receipt") == 1
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'receipt'") == 1


@pytest.mark.parametrize("outcome", ["false_alarm", "test", "drill"])
def test_a_hoax_is_not_thanked_with_a_receipt(client, helped, outcome):
    helped.lead("closed", outcome=outcome)
    assert take(client, helped).status_code == 409


def test_who_only_looked_or_tried_gets_none(client, helped, home, wang):
    helped.lead("going", "with_elder", "at_station")
    for act in ("opened", "test"):
        page = f"/s/{scan(home, wang, act).status_token}"
        assert client.post(f"{page}/receipt", base_url=BASE).status_code == 409


def test_a_code_may_be_typed_as_people_type(client, helped):
    helped.lead("going", "with_elder", "at_station")
    take(client, helped)
    digits = code_on(client, helped).replace(" ", "")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in digits)
    for typed in (digits, wide, f" {digits[:4]}-{digits[4:8]} {digits[8:]} "):
        assert ask(client, typed).status_code == 200


@pytest.mark.parametrize(
    "typed", ["", "1", "0" * 12, "9" * 400, "abc", "<script>alert(1)</script>", "٣" * 12]
)
def test_a_code_that_is_none_is_not_known(client, helped, typed):
    answer = ask(client, typed)
    assert answer.status_code == 404
    assert "查不到" in answer.text
    assert "<script>alert" not in answer.text


def test_codes_are_not_found_by_trying(client, helped):
    helped.lead("going", "with_elder", "at_station")
    take(client, helped)
    code = code_on(client, helped)
    for n in range(40):
        last = ask(client, f"{n:012d}")
    assert last.status_code == 429
    assert ask(client, code).status_code == 429, "the same network learns nothing more"
    assert "0432-62012345" in last.text
    assert ask(client, code, "198.51.100.7").status_code == 200


def test_no_file_holds_the_code(client, helped, home):
    helped.lead("going", "with_elder", "at_station")
    take(client, helped)
    code = code_on(client, helped)
    for path in home.config.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert code.encode() not in content
            assert code.replace(" ", "").encode() not in content


def test_the_receipt_s_page_ends_with_the_finder_s_page_and_the_code_stays_good(client, helped, home):
    helped.lead("going", "with_elder", "handed_over")
    helped.lead("closed", outcome="reunited")
    take(client, helped)
    code = code_on(client, helped)
    with transaction(home.db):
        home.db.write("UPDATE incident SET closed_at = ?", "2026-01-01T00:00:00.000000+00:00")
    assert client.get(f"{helped.page}/receipt", base_url=BASE).status_code == 404
    assert ask(client, code).status_code == 200


def test_looking_at_the_form_tells_nothing(client, helped, home):
    page = client.get("/receipt?l=zh", base_url=BASE)
    assert page.status_code == 200
    assert "查不到" not in page.text


def test_the_helper_s_fear_is_answered_while_it_matters(client, helped):
    page = client.get(f"{helped.page}?l=zh", base_url=BASE).text
    assert "因自愿实施紧急救助行为造成受助人损害的，救助人不承担民事责任" in page
