"""A badge's life: made, printed, proved by scanning the real thing, worn, checked, replaced; and what old ones do."""

import uuid
from datetime import timedelta

import pytest
from conftest import NOW, WANG, Desk, Home, Wearer, enrol
from entering import actions, id_of

from station import clock, communities
from station.communities import Policy
from station.db import transaction
from station.incidents import reports
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import batches, checks, life, making, orders, records


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def ordered(home: Home) -> Wearer:
    """Granny Wang, whose badge is on order."""
    return enrol(home, WANG, "form-ordered")


@pytest.fixture
def made(home: Home, ordered: Wearer) -> Wearer:
    """The same with her badge drawn and checked."""
    making.make(home.db, home.vault, ordered.badge_id, home.config.base_url, NOW)
    return ordered


def state(home: Home, badge_id: int) -> str:
    return records.get(home.db, badge_id).state


def scan(client, wearer: Wearer, act: str = "opened"):
    return client.post(f"{wearer.path}/scans", json={"act": act, "request_id": uuid.uuid4().hex})


def token_of(home: Home, badge_id: int) -> str:
    return records.url(home.ring, records.get(home.db, badge_id), home.config.base_url)


# Handed over by the real thing


def test_the_first_scan_in_the_announced_window_hands_the_badge_over(home, client, worker, made):
    scan(client, made)
    assert state(home, made.badge_id) == "made", "a scan that nobody announced proves nothing"
    id_of(worker.post(f"/badges/{made.badge_id}/announce"))
    assert worker.get(f"/badges/{made.badge_id}/state").get_json()["tested"] is False
    assert scan(client, made).get_json()["incident"] is None
    assert worker.get(f"/badges/{made.badge_id}/state").get_json() == {
        "state": "worn", "failed": False, "tested": True, "confirmed": 0,
    }  # fmt: skip
    assert "已扫到这枚胸牌" in worker.get(f"/elders/{made.id}").text
    assert actions(home).count("badge.worn") == 1
    assert home.db.scalar("SELECT count(*) FROM incident") == 0


def test_looking_at_the_page_in_the_window_hands_nothing_over(home, client, worker, made):
    """Chat programs fetch every address they see; only a phone that ran the page or pressed sends a scan."""
    id_of(worker.post(f"/badges/{made.badge_id}/announce"))
    client.get(made.path)
    assert state(home, made.badge_id) == "made"


def test_a_badge_is_printed_and_handed_over_by_its_number_or_its_code(home, worker, made):
    for _ in range(2):
        id_of(worker.post(f"/badges/{made.badge_id}/printed"))
    assert state(home, made.badge_id) == "printed"
    code = token_of(home, made.badge_id)
    assert id_of(worker.post(f"/badges/{made.badge_id}/hand-over", data={"code": code})) == made.id
    assert state(home, made.badge_id) == "worn"
    assert actions(home).count("badge.printed") == 1


@pytest.mark.parametrize("code", ["", "12", "99999-9", "胸牌", "https://zj.example.cn/" + "1" * 52])
def test_what_is_no_badge_hands_nothing_over_and_keeps_what_was_typed(home, worker, made, code):
    answer = worker.post(f"/badges/{made.badge_id}/hand-over", data={"code": code})
    assert answer.status_code == 422
    assert f'value="{code}"' in answer.text
    assert "这不是胸牌号" in answer.text
    assert state(home, made.badge_id) == "made"


def test_a_neighbours_badge_is_never_handed_over(home, worker, made):
    other = orders.order(home.db, home.vault, made.id, form="cloth", by=1, now=NOW)
    for code in (records.shown_number(records.get(home.db, other).number), token_of(home, other)):
        answer = worker.post(f"/badges/{made.badge_id}/hand-over", data={"code": code})
        assert answer.status_code == 422
        assert "请不要发放" in answer.text
    assert state(home, made.badge_id) == "made"


def test_a_badge_that_has_ended_cannot_be_announced(home, worker, wang):
    """Else ten minutes of silence could be had for a badge that a finder holds."""
    id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": "lost"}))
    assert worker.post(f"/badges/{wang.badge_id}/announce").status_code == 409


# Replaced


def test_a_new_badge_replaces_the_old_one_when_it_is_handed_over_and_not_before(home, worker, wang):
    for _ in range(2):
        id_of(worker.post(f"/badges/{wang.badge_id}/reissue"))
    new, old = records.of_elder(home.db, wang.id)
    assert (new.replaces, new.state, old.state) == (old.id, "ordered", "worn")
    making.make(home.db, home.vault, new.id, home.config.base_url, NOW)
    assert state(home, old.id) == "worn"
    id_of(worker.post(f"/badges/{new.id}/hand-over", data={"code": records.shown_number(new.number)}))
    new, old = records.of_elder(home.db, wang.id)
    assert (new.state, old.state, old.activated_at) == ("worn", "replaced", NOW)
    assert old.ended_at is not None
    assert (new.number, new.serial) != (old.number, old.serial)


def test_a_misprint_between_two_badges_does_not_keep_the_first_alive(home, worker, wang):
    misprint = orders.reissue(home.db, home.vault, wang.badge_id, by=1, now=NOW)
    making.make(home.db, home.vault, misprint, home.config.base_url, NOW)
    third = orders.reissue(home.db, home.vault, misprint, by=1, now=NOW)
    making.make(home.db, home.vault, third, home.config.base_url, NOW)
    life.activate(home.db, home.vault, third, by=1, now=NOW)
    assert [state(home, one) for one in (wang.badge_id, misprint, third)] == ["replaced", "replaced", "worn"]


def test_a_temporary_card_that_was_never_registered_as_worn_ends_too(home, ordered):
    card = orders.order(home.db, home.vault, ordered.id, form="card", temporary=True, by=1, now=NOW)
    draw_everything(home)
    life.activate(home.db, home.vault, ordered.badge_id, by=1, now=NOW)
    assert state(home, card) == "replaced", "it was given without a word, and must not be late on the board"


@pytest.mark.parametrize("ended", records.ENDED)
def test_the_file_of_a_badge_that_has_ended_is_given_to_nobody(home, worker, made, ended):
    for kind, mimetype in (("pdf", "application/pdf"), ("png", "image/png"), ("svg", "image/svg+xml")):
        got = worker.get(f"/badges/{made.badge_id}/badge.{kind}")
        assert (got.status_code, got.mimetype) == (200, mimetype)
    life.end(home.db, home.vault, made.badge_id, ended, by=1, now=NOW)
    for kind in ("pdf", "png", "svg"):
        assert worker.get(f"/badges/{made.badge_id}/badge.{kind}").status_code == 409


def test_a_lost_badge_stays_lost_when_its_successor_is_worn(home, worker, wang):
    id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": "lost"}))
    id_of(worker.post(f"/badges/{wang.badge_id}/reissue"))
    new = records.of_elder(home.db, wang.id)[0]
    making.make(home.db, home.vault, new.id, home.config.base_url, NOW)
    life.activate(home.db, home.vault, new.id, by=1, now=NOW)
    assert state(home, wang.badge_id) == "lost"


@pytest.mark.parametrize("ended", records.ENDED)
def test_an_old_badge_shows_the_same_page_and_still_opens_an_incident(home, client, worker, wang, ended):
    before = client.get(wang.path).data
    id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": ended}))
    after = client.get(wang.path).data
    assert len(after) == len(before)
    assert b"0432-6201" in after
    assert scan(client, wang, "with_elder").get_json()["incident"]


def test_the_desk_says_that_the_badge_is_an_old_one(home, client, worker, at_desk, wang):
    id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": "lost"}))
    scan(client, wang, "with_elder")
    desk = at_desk("duty")
    assert "旧胸牌：" in desk.get("/desk").text
    assert "这枚胸牌的状态是" in desk.get("/desk/incidents/1").text


# For today, and blank


def test_a_temporary_card_comes_with_a_page_for_the_own_printer(home, worker, ordered):
    id_of(worker.post(f"/elders/{ordered.id}/badges", data={"temporary": "1", "form": "card"}))
    card = records.of_elder(home.db, ordered.id)[0]
    assert (card.temporary, card.form, card.state) == (True, "card", "ordered")
    draw_everything(home)
    page = worker.get(f"/elders/{ordered.id}").text
    assert "自己打印" in page
    pdf = worker.get("/badges/batches/1/file")
    assert (pdf.mimetype, pdf.data[:4]) == ("application/pdf", b"%PDF")
    life.activate(home.db, home.vault, card.id, by=1, now=NOW)
    life.activate(home.db, home.vault, ordered.badge_id, by=1, now=NOW)
    assert state(home, card.id) == "replaced", "it ends by itself when the real one is worn"


def draw_everything(home: Home) -> None:
    for badge_id in making.waiting(home.db):
        making.make(home.db, home.vault, badge_id, home.config.base_url, NOW)
    for batch_id in batches.waiting(home.db):
        batches.make(home.db, home.vault, batch_id, home.config.base_url, NOW)


def test_a_blank_badge_is_bound_in_the_field_and_handed_over(home, client, worker, ordered):
    assert worker.post("/badges/blank", data={"count": "2"}).status_code == 303
    draw_everything(home)
    blank = [badge for badge in records.unfinished(home.db, 1) if badge.elder_id is None][0]
    code = token_of(home, blank.id)
    for _ in range(2):
        assert id_of(worker.post(f"/elders/{ordered.id}/badges/bind", data={"code": code})) == ordered.id
    bound = records.get(home.db, blank.id)
    assert (bound.elder_id, bound.state) == (ordered.id, "made")
    id_of(worker.post(f"/badges/{blank.id}/announce"))
    client.post(code.removeprefix(home.config.base_url) + "/scans", json={"act": "opened"})
    assert state(home, blank.id) == "worn"
    assert actions(home).count("badge.bind") == 1


def test_only_a_free_made_blank_of_this_station_can_be_bound(home, worker, wang, ordered):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    refused = {
        "12345": "这不是本站的胸牌",
        wang.number: "已经有主人了",
        records.shown_number(records.get(home.db, blank).number): "还在制作",
    }
    for code, words in refused.items():
        answer = worker.post(f"/elders/{ordered.id}/badges/bind", data={"code": code})
        assert (answer.status_code, words in answer.text) == (422, True), code
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'revoked' WHERE id = ?", blank)
    code = records.get(home.db, blank).number
    assert "已停用" in worker.post(f"/elders/{ordered.id}/badges/bind", data={"code": code}).text


def test_an_unbound_blank_that_is_scanned_reaches_the_station(home, client):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    path = token_of(home, blank).removeprefix(home.config.base_url)
    incident = client.post(f"{path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    assert home.db.row("SELECT elder_id, badge_id FROM incident WHERE id = ?", incident) == {
        "elder_id": None, "badge_id": blank,
    }  # fmt: skip


def test_a_blank_that_is_bound_while_its_incident_is_open_tells_the_desk_whose_it_is(
    home, client, at_desk, worker, ordered
):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    making.make(home.db, home.vault, blank, home.config.base_url, NOW)
    path = token_of(home, blank).removeprefix(home.config.base_url)
    incident = client.post(f"{path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    duty = at_desk("duty")
    assert WANG.name not in duty.get(f"/desk/incidents/{incident}").text
    for _ in range(2):
        code = {"code": records.get(home.db, blank).number}
        id_of(worker.post(f"/elders/{ordered.id}/badges/bind", data=code))
    page = duty.get(f"/desk/incidents/{incident}").text
    assert WANG.name in page
    assert page.count("把这枚胸牌发给了这位老人") == 1
    assert actions(home).count("incident.identify") == 1
    again = client.post(f"{path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    assert again == incident


def test_a_blank_that_is_bound_leaves_the_elder_s_other_open_incident_alone(home, client, worker, ordered):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    making.make(home.db, home.vault, blank, home.config.base_url, NOW)
    path = token_of(home, blank).removeprefix(home.config.base_url)
    of_blank = client.post(f"{path}/scans", json={"act": "with_elder"}).get_json()["incident"]
    of_wang = scan(client, ordered, "with_elder").get_json()["incident"]
    code = {"code": records.get(home.db, blank).number}
    id_of(worker.post(f"/elders/{ordered.id}/badges/bind", data=code))
    assert records.get(home.db, blank).elder_id == ordered.id
    elders_of = {row["id"]: row["elder_id"] for row in home.db.rows("SELECT id, elder_id FROM incident")}
    assert elders_of == {int(of_blank): None, int(of_wang): ordered.id}


def test_an_unbound_blank_in_a_window_is_not_worn_by_nobody(home, client, worker):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    making.make(home.db, home.vault, blank, home.config.base_url, NOW)
    assert worker.post(f"/badges/{blank}/announce").status_code == 303
    path = token_of(home, blank).removeprefix(home.config.base_url)
    client.post(f"{path}/scans", json={"act": "opened"})
    assert state(home, blank) == "made"
    number = {"code": records.get(home.db, blank).number}
    assert worker.post(f"/badges/{blank}/hand-over", data=number).status_code == 409


@pytest.mark.parametrize("count", ["0", "201", "", "many", "-1"])
def test_a_silly_number_of_blanks_is_refused(home, worker, count):
    assert worker.post("/badges/blank", data={"count": count}).status_code == 422
    assert home.db.scalar("SELECT count(*) FROM badge") == 0


# Checked


def test_a_scan_in_an_announced_check_records_that_the_badge_can_be_read(home, client, worker, wang):
    id_of(worker.post(f"/badges/{wang.badge_id}/announce", data={"why": "check"}))
    for _ in range(2):
        scan(client, wang)
    (found,) = checks.of_badge(home.db, wang.badge_id)
    assert (found.result, found.means, found.staff_id) == ("readable", "scan", 1)


def test_a_try_is_no_check(home, client, worker, wang):
    id_of(worker.post(f"/badges/{wang.badge_id}/announce"))
    scan(client, wang)
    assert checks.of_badge(home.db, wang.badge_id) == []


def test_a_worker_records_what_was_found(home, worker, wang):
    for result in checks.RESULTS:
        id_of(worker.post(f"/badges/{wang.badge_id}/check", data={"result": result}))
    assert [one.result for one in checks.of_badge(home.db, wang.badge_id)] == list(checks.RESULTS)[::-1]
    assert worker.post(f"/badges/{wang.badge_id}/check", data={"result": "fine"}).status_code == 422


def test_a_badge_is_due_half_a_year_after_it_was_last_found_well(home, wang):
    def due(days: float) -> list[int]:
        return [one.badge.id for one in checks.due(home.db, 1, NOW + timedelta(days=days))]

    assert (due(179), due(180)) == ([], [wang.badge_id])
    with transaction(home.db):
        communities.set_policy(home.db, 1, Policy(check_days=90))
    assert (due(89), due(90)) == ([], [wang.badge_id])
    with transaction(home.db):
        communities.set_policy(home.db, 1, Policy())
    checks.record(home.db, home.vault, wang.badge_id, "readable", by=1, now=NOW + timedelta(days=180))
    assert (due(200), due(360)) == ([], [wang.badge_id])
    checks.record(home.db, home.vault, wang.badge_id, "worn_out", by=1, now=NOW + timedelta(days=181))
    assert due(182) == [wang.badge_id], "a bad finding keeps it on the list"


def test_a_window_ends_by_itself(home, wang):
    life.announce(home.db, home.vault, wang.badge_id, by=1, now=NOW)
    badge = records.get(home.db, wang.badge_id)
    late = NOW + life.WINDOW
    assert badge.is_announced(NOW)
    assert not badge.is_announced(late)
    sent = Report(uuid.uuid4().hex, "with_elder")
    assert reports.report(home.db, home.vault, Door(1, badge.serial), sent, late).incident_id
    assert clock.text(late) == clock.text(badge.window_until)
