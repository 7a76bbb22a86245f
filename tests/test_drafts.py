"""Nothing that a worker types is lost: it is kept sealed while typing, offered again, and destroyed when it is saved."""

import io
import re
from datetime import timedelta

import pytest
from conftest import Desk, Home
from entering import form, id_of, jpeg
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from station import clock, drafts, elders, portraits
from station.seal import Unsealable

HALF = {"name": "欧阳秀", "identity_number": "2202041949", "contact1_phone": "0432", "do": "make"}


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


def keep(desk: Desk, **typed) -> dict:
    """What the page sends while somebody types."""
    page = desk.get("/elders/new").text
    form_id = re.search(r'name="form_id" value="([0-9a-f]{32})"', page)[1]
    sent = {"form_id": form_id, **HALF, **typed}
    return {**sent, **desk.post("/elders/drafts", data=sent).get_json()}


def with_photo(**typed) -> dict:
    boundary, body = encode_multipart(MultiDict({**typed, "photo": FileStorage(io.BytesIO(jpeg()), "a.jpg")}))
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def test_what_was_typed_is_offered_on_return_and_stands_in_the_form_again(worker):
    sent = keep(worker)
    assert sent["kept"]
    # What is empty is missed at the end alone.
    assert set(sent["slips"]) == {"identity_number", "contact1_phone"}
    assert "15 位" in keep(worker, identity_number="220204490817222")["slips"]["identity_number"]
    assert keep(worker, identity_number="220204194908172220")["number"].startswith("1949-08-17 · 女 · ")
    for page in ("/elders", "/elders/new"):
        offered = worker.get(page).text
        assert "你有一份没写完的登记" in offered
        assert "欧阳秀" in offered
    again = worker.get(f"/elders/new?draft={sent['form_id']}").text
    for typed in ('value="欧阳秀"', 'value="2202041949"', 'value="0432"', f'value="{sent["form_id"]}"'):
        assert typed in again


def test_a_draft_is_the_workers_own(worker, at_desk):
    sent = keep(worker)
    secretary = at_desk("secretary")
    assert "没写完" not in secretary.get("/elders/new").text
    assert secretary.get(f"/elders/new?draft={sent['form_id']}").status_code == 404
    assert secretary.post(f"/elders/drafts/{sent['form_id']}/drop").status_code == 404
    assert not secretary.post("/elders/drafts", data={**sent, "name": "别人"}).get_json()["kept"]
    assert "欧阳秀" in worker.get("/elders").text


def test_a_draft_is_sealed_and_its_key_goes_with_it(home: Home, worker):
    sent = keep(worker)
    row = home.db.row("SELECT * FROM draft")
    assert not any(text.encode() in row["content"] for text in ("欧阳秀", "2202041949"))
    assert worker.post(f"/elders/drafts/{sent['form_id']}/drop").status_code == 303
    assert home.db.rows("SELECT * FROM draft") == []
    with pytest.raises(Unsealable):
        home.vault.open(f"draft/{sent['form_id']}", f"draft|{sent['form_id']}|content", row["content"])
    assert "没写完" not in worker.get("/elders").text


def test_saving_ends_the_draft_and_a_late_request_does_not_bring_it_back(home, worker):
    sent = form(form_id=keep(worker)["form_id"])
    id_of(worker.post("/elders", data=sent))
    assert home.db.rows("SELECT * FROM draft") == []
    late = worker.post("/elders/drafts", data=sent).get_json()
    assert late == {"kept": False, "text": "", "alike": [], "slips": {}, "number": ""}
    assert home.db.rows("SELECT * FROM draft") == []


def test_without_scripts_a_form_that_could_not_be_saved_is_kept_with_its_photo(home, worker):
    typed = form(name="")
    answer = worker.post("/elders", **with_photo(**typed))
    assert answer.status_code == 422
    assert "选好的照片已留着" in answer.text
    assert "重新选" not in answer.text
    elder_id = id_of(worker.post("/elders", data={**typed, "name": "李桂芬"}))
    assert portraits.exists(home.db, elder_id)
    assert home.db.rows("SELECT * FROM draft") == []


def test_go_on_later_keeps_and_returns_to_the_list(worker):
    answer = worker.post("/elders", data=form(name="欧阳秀", do="later", contact1_phone=""))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/elders")
    assert "欧阳秀" in worker.get("/elders").text


def test_an_empty_form_is_no_draft(home, worker):
    assert not keep(worker, name="", identity_number="", contact1_phone="")["kept"]
    assert home.db.rows("SELECT * FROM draft") == []


def test_a_worker_has_a_few_drafts_and_none_for_ever(home, worker):
    names = [f"张{digit}" for digit in "一二三四五六七"]
    for name in names:
        keep(worker, name=name)
    kept = drafts.of_staff(home.db, home.vault, 1)
    assert [one.form.name for one in kept] == names[: -drafts.MOST - 1 : -1]
    drafts.forget_old(home.db, home.vault, clock.utcnow() + drafts.KEPT - timedelta(hours=1))
    assert len(drafts.of_staff(home.db, home.vault, 1)) == drafts.MOST
    drafts.forget_old(home.db, home.vault, clock.utcnow() + drafts.KEPT + timedelta(hours=1))
    assert home.db.rows("SELECT * FROM draft") == []


def test_a_session_that_slept_keeps_nothing_and_says_so(client):
    answer = client.post("/elders/drafts", data=HALF, headers={"Accept": "application/json"})
    assert answer.status_code in (400, 401)


def test_a_correction_is_kept_too_and_goes_with_the_elder(home, worker, wang):
    page = worker.get(f"/elders/{wang.id}/edit").text
    opened = dict(re.findall(r'name="(form_id|base|version|about)" value="([^"]*)"', page))
    sent = form(**opened) | {"history": "爱听评剧。"}
    assert worker.post("/elders/drafts", data=sent).get_json()["kept"]
    assert "没改完" in worker.get("/elders").text
    assert "爱听评剧。" in worker.get(f"/elders/{wang.id}/edit?draft={opened['form_id']}").text
    home.vault.destroy(f"elder/{elders.uid_of(home.db, wang.id)}", clock.utcnow())
    assert "没改完" not in worker.get("/elders").text
