"""Applications come into the register, and nobody sees it who may not."""

import pytest
from entering import BESIDE, actions, applied, counts, far_away, form, id_of, worker

from station import consents, elders
from station.db import transaction
from station.issuing import orders, records

__all__ = ["applied", "far_away", "worker"]


# Applications


def test_an_application_is_corrected_and_approved_into_a_record(home, worker, applied):
    assert "赵桂芝" in worker.get("/applications").text
    before = actions(home)
    assert 'value="赵桂芝"' in worker.get(f"/applications/{applied}").text
    assert actions(home) == [*before, "application.view"]
    path, corrected = f"/applications/{applied}/approve", form(name="赵桂枝", identity_number="", do="make")
    elder_id = id_of(worker.post(path, data=corrected))
    assert id_of(worker.post(path, data=corrected)) == elder_id
    assert elders.get(home.db, home.vault, elder_id).name == "赵桂枝"
    assert len(records.of_elder(home.db, elder_id)) == 1
    answers = {(row["given"], row["means"]) for row in consents.ledger(home.db, elder_id)}
    assert answers == {(1, "online"), (0, "desk")}, "given by the family at home, taken out at the review"
    assert "赵桂芝" not in worker.get("/applications").text
    assert f"/elders/{elder_id}" in worker.get(f"/applications/{applied}").text


def test_a_wrong_correction_of_an_application_approves_nothing(home, worker, applied):
    before = counts(home, *BESIDE)
    answer = worker.post(f"/applications/{applied}/approve", data=form(contact1_phone="12"))
    assert answer.status_code == 422
    assert "李桂芬" in answer.text
    assert counts(home, *BESIDE) == before


def test_an_application_is_refused_with_a_reason_or_not_at_all(home, worker, applied):
    path = f"/applications/{applied}/refuse"
    assert worker.post(path, data={"reason": " "}).status_code == 422
    assert worker.post(path, data={"reason": "不住在本社区"}).status_code == 303
    assert worker.post(path, data={"reason": "再来"}).status_code == 409
    assert worker.post(f"/applications/{applied}/approve", data=form()).status_code == 409
    assert "不住在本社区" in worker.get(f"/applications/{applied}").text
    assert home.db.scalar("SELECT count(*) FROM elder") == 0


# Who may


@pytest.mark.parametrize("username", ["duty", "operator"])
def test_other_roles_see_no_register(at_desk, wang, applied, username):
    desk = at_desk(username)
    for path in ("/elders", "/elders/new", f"/elders/{wang.id}", "/applications", f"/applications/{applied}"):
        answer = desk.get(path)
        assert answer.status_code == 403, path
        assert "王秀兰" not in answer.text
    assert desk.post("/elders", data=form()).status_code == 403
    assert desk.get(f"/badges/{wang.badge_id}/badge.pdf").status_code == 403


def test_the_secretary_may_what_the_worker_may(at_desk, wang):
    assert at_desk("secretary").get(f"/elders/{wang.id}").status_code == 200


def test_strangers_are_sent_to_the_login(client, wang):
    for path in ("/elders", f"/elders/{wang.id}", f"/elders/{wang.id}/photo.jpg", "/applications"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/login"), path


def test_another_stations_people_do_not_exist_here(home, worker, far_away, now):
    badge = orders.order(home.db, home.vault, far_away, by=None, now=now)
    before = counts(home, *BESIDE)
    for path in ("", "/edit", "/photo.jpg"):
        assert worker.get(f"/elders/{far_away}{path}").status_code == 404, path
    for path in ("/edit", "/farewell", "/moving", "/photo", "/badges"):
        assert worker.post(f"/elders/{far_away}{path}", data=form(status="moved")).status_code == 404, path
    for path in ("badge.pdf", "state"):
        assert worker.get(f"/badges/{badge}/{path}").status_code == 404, path
    for path in ("hand-over", "announce", "end"):
        assert worker.post(f"/badges/{badge}/{path}", data={"state": "lost"}).status_code == 404, path
    assert counts(home, *BESIDE) == before
    assert "王秀兰" not in worker.get("/elders?q=wxl").text
    assert "王秀兰" not in worker.get("/elders").text


def test_another_stations_applications_do_not_exist_here(home, worker, applied, far_away):
    with transaction(home.db):
        home.db.write("UPDATE application SET station = 2")
    assert worker.get(f"/applications/{applied}").status_code == 404
    assert worker.post(f"/applications/{applied}/approve", data=form()).status_code == 404
    assert worker.post(f"/applications/{applied}/refuse", data={"reason": "x"}).status_code == 404
    assert "赵桂芝" not in worker.get("/applications").text
