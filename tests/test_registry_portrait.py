"""The registration desk shows what strangers will see, and keeps a photo small."""

import io
import re

import pytest
from entering import BESIDE, actions, counts, form, id_of, jpeg, worker
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

__all__ = ["worker"]


def with_file(content: bytes) -> dict:
    """A multipart body; made here, since the test client leaves its own temporary file open."""
    boundary, body = encode_multipart({**form(), "photo": FileStorage(io.BytesIO(content), "a.jpg")})
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


# What strangers see


def test_the_preview_shows_exactly_what_was_consented(home, worker):
    before = counts(home, *BESIDE)
    typed = form(name="", call_name="李奶奶", hints=["slowly"], consents=["health_notes", "page_flags"])
    items = worker.post("/elders/preview", data=typed, headers={"Accept": "application/json"}).get_json()
    assert items == {"call_name": "", "hints": [], "flags": ["糖尿病：可能需要糖或胰岛素"]}
    typed["consents"] = ["page_call_name", "page_hints"]
    items = worker.post("/elders/preview", data=typed, headers={"Accept": "application/json"}).get_json()
    assert "李奶奶" in items["call_name"]
    assert items["hints"] == ["请慢慢说话"]
    assert items["flags"] == []
    assert counts(home, *BESIDE) == before


@pytest.mark.parametrize("path", ["/elders", "/elders/preview"])
def test_without_javascript_the_preview_keeps_what_was_typed(home, worker, path):
    before = counts(home, *BESIDE)
    typed = form(do="preview", call_name="李奶奶", consents=["page_call_name"])
    page = worker.post(path, data=typed)
    assert page.status_code == 200
    assert re.search(r'data-shown="call_name">[^<]*李奶奶', page.text)
    assert "帝景小区105号楼2单元301" in page.text
    assert counts(home, *BESIDE) == before


# The photo


def test_a_photo_is_kept_small_and_seeing_it_is_noted(home, worker):
    elder_id = id_of(worker.post("/elders", data=form(photo=(io.BytesIO(jpeg(3000, 2000)), "a.jpg"))))
    before = actions(home)
    answer = worker.get(f"/elders/{elder_id}/photo.jpg")
    assert answer.mimetype == "image/jpeg"
    assert Image.open(io.BytesIO(answer.data)).size == (480, 600)
    assert actions(home) == [*before, "elder.photo.view"]


def test_a_text_file_as_photo_is_refused_with_everything_typed_kept(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", data=form(photo=(io.BytesIO(b"a letter"), "photo.jpg")))
    assert answer.status_code == 422
    assert "不是图片" in answer.text
    assert "重新选一次" in answer.text
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_photo_of_eight_megabytes_is_taken(home, worker):
    id_of(worker.post("/elders", **with_file(jpeg() + bytes(8 * 1024 * 1024 - 10_000))))
    assert home.db.scalar("SELECT count(*) FROM elder_photo") == 1


def test_a_larger_photo_is_refused_at_its_field_with_everything_typed_kept(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", **with_file(jpeg() + bytes(12 * 1024 * 1024)))
    assert answer.status_code == 422
    assert 'href="#photo"' in answer.text
    assert "8 MB" in answer.text
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_body_that_can_be_no_photo_is_refused_with_a_word(home, worker):
    before = counts(home, *BESIDE)
    answer = worker.post("/elders", **with_file(bytes(25 * 1024 * 1024)))
    assert answer.status_code == 413
    assert "8 MB" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_photo_can_be_added_later(home, worker, wang):
    path = f"/elders/{wang.id}/photo"
    assert worker.post(path, data={"photo": (io.BytesIO(b"no"), "a.jpg")}).status_code == 422
    assert worker.post(path, data={}).status_code == 422
    assert worker.get(f"/elders/{wang.id}/photo.jpg").status_code == 404
    id_of(worker.post(path, data={"photo": (io.BytesIO(jpeg()), "a.jpg")}))
    assert worker.get(f"/elders/{wang.id}/photo.jpg").status_code == 200
