"""What people mistype and phones mis-send, at the desk and from home: a clear word, nothing written by halves, nothing lost."""

import io
import re
import socket
import struct
import zlib

import pytest
from applying import opener, title
from conftest import Desk, Home
from entering import BESIDE, counts, form, id_of, jpeg
from families import ZHAO, Family
from PIL import Image
from running import Running
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from station import elders, search

LANGUAGES = ("zh", "en")


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def family(client) -> Family:
    return Family(opener(client)).begin()


# What is refused ----------------------------------------------------------------------------------

# Field at the desk, page of the application from home, what was typed, words of the answer.
REFUSED = {
    "one wrong digit": ("identity_number", "birth", "22021119460305104X", "打错", "mistyped"),
    "two digits swapped": ("identity_number", "birth", "22021119460350004X", "打错", "mistyped"),
    "wrong digit, full-width": ("identity_number", "birth", "２２０２１１１９４６０３０５１０４Ｘ", "打错", "mistyped"),
    "the old form": ("identity_number", "birth", "220211460305004", "15 位", "15-digit"),
    "one digit missing": ("identity_number", "birth", "2202111946030500X", "18 位", "18 characters"),
    "letters between": ("identity_number", "birth", "22021119A60305004X", "17 位数字", "17 digits"),
    "number of somebody unborn": ("identity_number", "birth", "220211209903050040", "将来", "future"),
    "born tomorrow and later": ("birth_date", "birth", "2099-03-05", "将来", "future"),
    "born too long ago": ("birth_date", "birth", "1846-03-05", "125", "125"),
    "no such day": ("birth_date", "birth", "1946-02-30", "年-月-日", "year-month-day"),
    "landline with a digit missing": ("contact1_phone", "you", "6201000", "位数不对", "too short"),
    "mobile with a digit too many": ("contact1_phone", "you", "199000001234", "位数不对", "too long"),
    "two numbers in one": ("contact1_phone", "you", "19900000123 19900000124转1", "分机", "extension"),
    "an emergency number": ("contact1_phone", "you", "110", "公共服务", "public service"),
    "a name that turns round": ("name", "name", "王\u202e兰", "看不见", "invisible"),
    "a name without end": ("name", "name", "王" * 41, "40", "40"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_the_desk_says_what_is_wrong_and_keeps_everything(home: Home, worker, language, row):
    field, _, typed, *words = row
    before = counts(home, *BESIDE)
    without = {"identity_number": ""} if field == "birth_date" else {}
    answer = worker.post(f"/elders?l={language}", data=form(**{**without, field: typed}))
    assert answer.status_code == 422
    assert words[LANGUAGES.index(language)] in told(answer.text, field)
    assert counts(home, *BESIDE) == before
    for kept in ("帝景小区105号楼2单元301", "李强", "喜欢去江边。", typed):
        assert kept in answer.text
    assert (
        "帝景小区105号楼2单元301" in worker.get("/elders/new").text or "继续写" in worker.get("/elders").text
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_reads_what_is_wrong_and_keeps_everything(home: Home, family, language):
    family.fill()
    for name, (field, step, typed, *words) in REFUSED.items():
        family.look(f"/apply/{step}")
        page = family.press(f"/apply/{step}?l={language}", **{**ZHAO[step], field: typed})
        assert family.open.status == 422, name
        assert words[LANGUAGES.index(language)] in told(page, field), name
        assert typed in page, name
        family.press(f"/apply/{step}", **{**ZHAO[step], **({field: ""} if field not in ZHAO[step] else {})})
    assert "赵桂芝" in family.look("/apply/check")
    assert home.db.scalar("SELECT count(*) FROM application") == 0


def told(page: str, field: str) -> str:
    """The message beside a field."""
    found = re.search(rf'id="{field}-error"[^>]*>(.*?)</p>', page, re.DOTALL)
    assert found, f"nothing is said beside {field}"
    return found[1]


# What looks strange and is right ------------------------------------------------------------------

# Field, what was typed, what is kept.
TAKEN = {
    "full-width number": ("identity_number", "２２０２１１１９４６０３０５００４Ｘ", "004X"),
    "number with spaces": ("identity_number", " 220211 19460305 004x ", "004X"),
    "phone without area code": ("contact1_phone", "62010009", "+8643262010009"),
    "phone in full-width digits": ("contact1_phone", "０４３２－６２０１０００９", "+8643262010009"),
    "name of a minority": ("name", "阿依古丽•买买提", "阿依古丽·买买提"),
    "long name of a minority": ("name", "古丽娜尔·阿不都热依木江", "古丽娜尔·阿不都热依木江"),
    "rare character": ("name", "𠮷䶮𪚥", "𠮷䶮𪚥"),
    "English name": ("name", "Mary  O’Neill-Smith", "Mary O’Neill-Smith"),
    "birth date as people write it": ("birth_date", "1946年3月5日", "1946-03-05"),
}


@pytest.mark.parametrize("row", TAKEN.values(), ids=TAKEN)
def test_what_is_right_however_it_is_typed_is_kept_and_found(home: Home, worker, row):
    field, typed, kept = row
    without = {"identity_number": ""} if field == "birth_date" else {}
    elder_id = id_of(worker.post("/elders", data=form(**{**without, field: typed})))
    elder = elders.get(home.db, home.vault, elder_id)
    values = {"identity_number": elder.id_last_four, "contact1_phone": elder.contacts[0].phone}
    assert values.get(field, getattr(elder, field, "")) == kept
    found = search.find(home.db, home.vault, elder.name, station=1, area_code="0432")
    assert [one.elder_id for one in found] == [elder_id]
    assert kept in worker.get(f"/elders/{elder_id}").text or field == "contact1_phone"


# Pictures that are none ---------------------------------------------------------------------------


def bomb() -> bytes:
    """A PNG of a few bytes that says it has ten thousand million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def large_png() -> bytes:
    """A true picture of 26 million pixels in few bytes."""
    out = io.BytesIO()
    Image.new("1", (6500, 4000)).save(out, "PNG")
    return out.getvalue()


# What came, words of the answer.
PICTURES = {
    "nothing": (b"", "空的", "empty"),
    "a bomb": (bomb(), "2500 万像素", "25 million pixels"),
    "too many pixels": (large_png(), "2500 万像素", "25 million pixels"),
    "SVG": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "SVG", "SVG"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "HEIC", "HEIC"),
    "half a JPEG": (jpeg(600, 800)[:900], "损坏", "damaged"),
    "a JPEG with a hole": (jpeg(600, 800)[:300] + bytes(50), "损坏", "damaged"),
    "a letter": (b"Dear station,", "不是图片", "no picture"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", PICTURES.values(), ids=PICTURES)
def test_the_desk_refuses_what_is_no_photo_and_keeps_everything(home: Home, worker, language, row):
    content, *words = row
    before = counts(home, *BESIDE)
    boundary, body = encode_multipart({**form(), "photo": FileStorage(io.BytesIO(content), "a.jpg")})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = worker.post(f"/elders?l={language}", data=body, content_type=kind)
    assert answer.status_code == 422
    assert words[LANGUAGES.index(language)] in told(answer.text, "photo")
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_is_told_why_a_picture_cannot_be_used(home: Home, family, language):
    family.fill(until="identity")
    for step in ("identity", "portrait"):
        for name, (content, *words) in PICTURES.items():
            family.look(f"/apply/{step}?l={language}")
            page = family.press(f"/apply/{step}?l={language}", picture=(io.BytesIO(content), "a.jpg"))
            assert family.open.status == 422, name
            assert words[LANGUAGES.index(language)] in told(page, "picture"), name
    assert home.db.scalar("SELECT count(*) FROM application_picture") == 0
    assert "赵桂芝" in family.look("/apply/check?l=zh")


# Ways of sending ----------------------------------------------------------------------------------


def test_a_body_that_was_cut_is_refused_with_a_word(home: Home, worker):
    """A proxy may hand on what arrived, with a length that fits."""
    before = counts(home, *BESIDE)
    boundary, body = encode_multipart({**form(), "photo": FileStorage(io.BytesIO(jpeg(600, 800)), "a.jpg")})
    answer = worker.post(
        "/elders", data=body[: len(body) // 2], content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 422
    assert "返回" in answer.text
    assert counts(home, *BESIDE) == before


@pytest.mark.e2e
def test_a_connection_that_breaks_in_the_middle_leaves_nothing_behind(demo: Running):
    worker = demo.desk("worker")
    cookies = "; ".join(f"{one.name}={one.value}" for one in worker.http.cookies)
    body = f"csrf_token={worker.token}&name=断线的人&address=1号楼".encode()
    head = (
        f"POST /elders HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body) + 500}\r\n\r\n"
    )
    host, port = demo.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as half:
        half.sendall(head.encode() + body)
    page = worker.http.get(f"{demo.base_url}/elders", timeout=30, headers={"Accept": "text/html"}).text
    assert "断线的人" not in page


def test_a_form_changed_after_it_was_saved_is_compared_with_the_record(home: Home, worker):
    """The back button leads to the form; what was typed then is neither saved as a second person nor lost."""
    first = form()
    elder_id = id_of(worker.post("/elders", data=first))
    assert id_of(worker.post("/elders", data=first)) == elder_id
    answer = worker.post("/elders", data=first | {"history": "爱听评书。", "contact1_phone": "19900000188"})
    assert answer.status_code == 409
    assert "已经保存过了" in answer.text
    assert "爱听评书。" in answer.text
    assert elders.get(home.db, home.vault, elder_id).history == "喜欢去江边。"
    hidden = dict(re.findall(r'name="(form_id|base|version)" value="([^"]*)"', answer.text))
    decided = (
        first | hidden | {"history": "爱听评书。", "contact1_phone": "19900000188", "identity_number": ""}
    )
    decided |= {"disputed": ["history", "contact1"], "take_history": "mine", "take_contact1": "theirs"}
    assert worker.post(f"/elders/{elder_id}/edit", data=decided).status_code == 303
    now = elders.get(home.db, home.vault, elder_id)
    assert (now.history, now.contacts[0].phone) == ("爱听评书。", "+8619900000123")
    assert home.db.scalar("SELECT count(*) FROM elder") == 1


def test_an_application_gone_back_to_after_it_was_sent_leads_to_its_state(home: Home, family):
    family.fill()
    family.look("/apply/name")
    old = family.page
    family.look("/apply/check")
    family.press("/apply/send")
    family.page = old
    assert "申请已" in family.press("/apply/name", name="赵桂枝") or title(family.page)
    assert family.open.status == 200
    assert home.db.scalar("SELECT count(*) FROM application") == 1


def test_a_form_whose_session_ended_comes_back_with_everything_typed(home: Home, worker):
    """The token of the form is checked first, then who sent it: both answers carry the form."""
    before = counts(home, *BESIDE)
    with_photo = encode_multipart({**form(), "photo": FileStorage(io.BytesIO(jpeg()), "a.jpg")})
    boundary, body = with_photo
    answer = worker.client.post(
        "/elders", data=body, content_type=f"multipart/form-data; boundary={boundary}", base_url="https://zj.example.cn"
    )  # fmt: skip
    assert answer.status_code == 400
    assert "帝景小区105号楼2单元301" in answer.text
    assert "重新选" in answer.text
    worker.client.delete_cookie("station-session", domain="zj.example.cn")
    answer = worker.post("/elders", data=form())
    assert answer.status_code == 401
    assert "帝景小区105号楼2单元301" in answer.text
    assert counts(home, *BESIDE) == before


def test_a_family_s_form_without_its_token_comes_back_with_everything_typed(home: Home, family, client):
    page = family.look("/apply/name")
    draft = re.search(r'name="draft" value="([^"]*)"', page)[1]
    answer = client.post(
        "/apply/name", data={"draft": draft, "name": "赵桂芝"}, base_url="https://zj.example.cn"
    )
    assert answer.status_code == 400
    assert "赵桂芝" in answer.text
    assert "再按一次" in answer.text
