"""A badge is handed over by showing the real thing: scanned, photographed, seen in a window, or at last its number."""

import io
import logging
import re
import uuid

import pytest
from conftest import NOW, WANG, Desk, Home, Wearer, enrol
from entering import id_of
from PIL import Image
from test_badge_life import scan, state, token_of

from badges import files
from badges.artwork import BadgeText
from station import photos
from station.db import transaction
from station.issuing import board, checks, life, making, orders, records

NEVER = "还没有真扫过"


@pytest.fixture
def worker(at_desk) -> Desk:
    return at_desk("worker")


@pytest.fixture
def made(home: Home) -> Wearer:
    """Granny Wang with her badge drawn and checked."""
    wearer = enrol(home, WANG, "form-made")
    making.make(home.db, home.vault, wearer.badge_id, home.config.base_url, NOW)
    return wearer


def front(home: Home, badge_id: int) -> Image.Image:
    with Image.open(io.BytesIO(making.file(home.db, home.vault, badge_id, "png"))) as drawn:
        return drawn.convert("RGB").resize((700, 700))


def drawn(address: str) -> Image.Image:
    text = BadgeText(address, "龙城社区防走失驿站", "0432-62010000", "0231-7")
    with Image.open(io.BytesIO(files.make(text).png)) as picture:
        return picture.convert("RGB").resize((700, 700))


def photo(*things: Image.Image, kind: str = "JPEG") -> bytes:
    """What a phone takes of badges that lie on a table, a little turned."""
    table = Image.new("RGB", (900 * max(1, len(things)), 1000), (120, 110, 100))
    for n, thing in enumerate(things):
        table.paste(thing.rotate(8, fillcolor=(120, 110, 100)), (100 + 900 * n, 150))
    out = io.BytesIO()
    table.save(out, kind)
    return out.getvalue()


def show(worker: Desk, where: str, picture: bytes, **typed: str):
    """Send the form as a browser without JavaScript does."""
    data = {"code": "", **typed, "photo": (io.BytesIO(picture), "image.jpg", "image/jpeg")}
    answer = worker.post(where, data=data, content_type="multipart/form-data")
    answer.request.input_stream.close()  # the test client keeps what is large in a file of its own
    return answer


def proofs_of(home: Home, badge_id: int) -> list[str]:
    rows = home.db.rows(
        "SELECT detail FROM audit WHERE action = 'badge.shown' AND object = ? ORDER BY seq",
        f"badge/{badge_id}",
    )
    return [row["detail"] for row in rows]


# A photo


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_of_the_badge_hands_it_over(home, worker, made, kind):
    where = f"/badges/{made.badge_id}/hand-over"
    assert id_of(show(worker, where, photo(front(home, made.badge_id), kind=kind))) == made.id
    assert state(home, made.badge_id) == "worn"
    assert proofs_of(home, made.badge_id) == ["photographed"]
    assert NEVER not in worker.get(f"/elders/{made.id}").text


def test_a_photo_binds_a_blank_and_proves_it(home, worker, made):
    (blank,) = orders.order_blanks(home.db, home.vault, 1, 1, by=1, now=NOW)
    making.make(home.db, home.vault, blank, home.config.base_url, NOW)
    assert id_of(show(worker, f"/elders/{made.id}/badges/bind", photo(front(home, blank)))) == made.id
    assert records.get(home.db, blank).elder_id == made.id
    number = {"code": records.get(home.db, blank).number}
    id_of(worker.post(f"/badges/{blank}/hand-over", data=number))
    assert proofs_of(home, blank) == ["photographed", "typed"]
    assert NEVER not in worker.get(f"/elders/{made.id}").text, "the thing itself was read an hour ago"


def test_a_photo_at_the_health_check_records_that_the_badge_can_be_read(home, worker, made):
    picture = photo(front(home, made.badge_id))
    assert show(worker, f"/badges/{made.badge_id}/check", picture).status_code == 409, "it is not worn yet"
    life.activate(home.db, home.vault, made.badge_id, by=1, now=NOW)
    for _ in range(2):
        id_of(show(worker, f"/badges/{made.badge_id}/check", picture))
    (found,) = checks.of_badge(home.db, made.badge_id)
    assert (found.result, found.means, found.staff_id) == ("readable", "scan", 1)


def test_a_number_is_no_health_check(home, worker, made):
    life.activate(home.db, home.vault, made.badge_id, by=1, now=NOW)
    typed = worker.post(f"/badges/{made.badge_id}/check", data={"code": made.number})
    assert (typed.status_code, "只凭号码看不出" in typed.text) == (422, True)
    assert checks.of_badge(home.db, made.badge_id) == []


def refused(worker: Desk, made: Wearer, picture: bytes, words: str, status: int = 422) -> None:
    """With the same word at each of the three places."""
    for where in (f"/badges/{made.badge_id}/hand-over", f"/elders/{made.id}/badges/bind"):
        answer = show(worker, where, picture)
        assert (answer.status_code, words in answer.text) == (status, True), (where, answer.text[-3000:])


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (photo(), "读不出二维码"),
        (b"", "文件是空的"),
        (b"hello", "不是图片"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG"),
        (b"\xff\xd8\xff" + b"0" * 500, "损坏"),
        (b"\xff\xd8" + b"0" * photos.MAX_BYTES, "8 MB"),
    ],
)
def test_what_shows_no_badge_gets_a_clear_word(home, worker, made, picture, words):
    refused(worker, made, picture, words)
    assert state(home, made.badge_id) == "made"


@pytest.mark.parametrize("side", [5_001, 30_000])
def test_a_picture_bomb_is_refused_before_it_goes_off(home, worker, made, side):
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    assert len(out.getvalue()) < 1_000_000
    refused(worker, made, out.getvalue(), "2500 万像素")


def test_several_codes_a_foreign_one_and_a_neighbours_are_not_handed_over(home, worker, made):
    mine = front(home, made.badge_id)
    where = f"/badges/{made.badge_id}/hand-over"
    foreign = drawn("https://zj.example.cn/" + "4" + "0123456789" * 5 + "9")
    other = orders.order(home.db, home.vault, made.id, form="cloth", by=1, now=NOW)
    neighbours = drawn(token_of(home, other))
    for picture, words in (
        (photo(mine, neighbours), "好几个二维码"),
        (photo(mine, foreign), "好几个二维码"),
        (photo(foreign), "不是本站胸牌上的"),
        (photo(neighbours), "请不要发放"),
    ):
        answer = show(worker, where, picture)
        assert (answer.status_code, words in answer.text) == (422, True), words
    assert id_of(show(worker, where, photo(mine, mine))) == made.id, "front and back say the same"


def test_our_token_behind_another_address_is_not_handed_over(home, worker, made):
    """It would lead every finder to somebody else's page."""
    elsewhere = token_of(home, made.badge_id).replace("zj.example.cn", "zj.example.com")
    where = f"/badges/{made.badge_id}/hand-over"
    for answer in (
        show(worker, where, photo(drawn(elsewhere))),
        worker.post(where, data={"code": elsewhere}),
    ):
        assert (answer.status_code, "通向别的网址" in answer.text) == (422, True)
    assert state(home, made.badge_id) == "made"


def test_an_unreadable_photo_keeps_the_number_that_was_typed(home, worker, made):
    answer = show(worker, f"/badges/{made.badge_id}/hand-over", photo(), code=made.number)
    assert answer.status_code == 422
    assert f'value="{made.number}"' in answer.text
    assert state(home, made.badge_id) == "made", "a bad photo is not overlooked"


def test_a_photo_is_kept_nowhere_and_its_code_reaches_no_log(home, worker, made, caplog):
    caplog.set_level(logging.DEBUG)
    picture = photo(front(home, made.badge_id))
    page = show(worker, f"/elders/{made.id}/badges/bind", picture).text
    id_of(show(worker, f"/badges/{made.badge_id}/hand-over", picture))
    assert made.token not in page
    assert made.token not in caplog.text
    kept = b"".join(file.read_bytes() for file in home.config.database.parent.rglob("*") if file.is_file())
    assert picture[200:260] not in kept
    assert made.token.encode() not in kept


def test_without_a_script_every_place_takes_a_photo(home, worker, made):
    page = worker.get(f"/elders/{made.id}").text
    assert page.count('name="photo" type="file" accept="image/*" capture="environment"') == 2
    life.activate(home.db, home.vault, made.badge_id, by=1, now=NOW)
    page = worker.get(f"/elders/{made.id}").text
    assert page.count('accept="image/*" capture="environment"') == 2, "the check and the blank"
    assert page.count("multipart/form-data") >= 3


# How it was shown


def listed(worker: Desk, wearer: Wearer) -> str:
    """What the record says of the looks at the badge."""
    page = worker.get(f"/elders/{wearer.id}").text
    return re.search(r"检查胸牌.*?</details>", page, re.DOTALL)[0]


def test_a_typed_number_hands_over_and_stays_amber_until_the_thing_is_scanned(home, client, worker, made):
    id_of(worker.post(f"/badges/{made.badge_id}/hand-over", data={"code": made.number}))
    assert proofs_of(home, made.badge_id) == ["typed"]
    assert NEVER in worker.get("/badges").text
    assert NEVER in worker.get(f"/elders/{made.id}").text
    assert "发放时输入了号码，没有扫码" in worker.get(f"/elders/{made.id}").text
    checks.record(home.db, home.vault, made.badge_id, "readable", by=1, now=NOW)
    assert NEVER in worker.get("/badges").text, "looking at it is not reading it"
    assert "看上去完好，没有扫码" in listed(worker, made)
    assert "能扫" not in listed(worker, made), "nobody says that it can be read before something has read it"
    id_of(worker.post(f"/badges/{made.badge_id}/announce"))
    scan(client, made)
    assert proofs_of(home, made.badge_id) == ["typed", "window"]
    assert NEVER not in worker.get("/badges").text
    assert NEVER not in worker.get(f"/elders/{made.id}").text
    assert "码能扫出来" in listed(worker, made)


def test_a_health_scan_ends_the_amber_too(home, client, worker, made):
    id_of(worker.post(f"/badges/{made.badge_id}/hand-over", data={"code": made.number}))
    assert [one.id for one in board.read(home.db, 1, NOW).unproven] == [made.badge_id]
    id_of(worker.post(f"/badges/{made.badge_id}/check", data={"code": token_of(home, made.badge_id)}))
    assert board.read(home.db, 1, NOW).unproven == []


@pytest.mark.parametrize("way", ["scanned", "window"])
def test_what_was_really_read_at_the_hand_over_is_never_amber(home, client, worker, made, way):
    if way == "window":
        id_of(worker.post(f"/badges/{made.badge_id}/announce"))
        scan(client, made)
    else:
        code = {"code": token_of(home, made.badge_id)}
        id_of(worker.post(f"/badges/{made.badge_id}/hand-over", data=code))
    assert state(home, made.badge_id) == "worn"
    assert proofs_of(home, made.badge_id) == [way]
    assert NEVER not in worker.get("/badges").text


def test_of_a_badge_from_before_nothing_is_said(home, worker, wang):
    assert NEVER not in worker.get("/badges").text
    assert NEVER not in worker.get(f"/elders/{wang.id}").text


# Replaced


def test_why_a_new_one_is_made_is_asked_and_kept(home, worker, wang):
    page = worker.get(f"/elders/{wang.id}").text
    assert all(f'<option value="{reason}">' in page for reason in orders.REASONS)
    assert worker.post(f"/badges/{wang.badge_id}/reissue", data={"reason": "eaten"}).status_code == 422
    id_of(worker.post(f"/badges/{wang.badge_id}/reissue", data={"reason": "stolen"}))
    new = records.of_elder(home.db, wang.id)[0]
    assert _reason(home, new.id) == "stolen"
    id_of(worker.post(f"/badges/{new.id}/reissue"))
    assert _reason(home, records.of_elder(home.db, wang.id)[0].id) == "damaged"


def _reason(home: Home, badge_id: int) -> str:
    return home.db.scalar(
        "SELECT detail FROM audit WHERE action = 'badge.order' AND object = ?", f"badge/{badge_id}"
    )


# An old badge in somebody's incident


@pytest.mark.parametrize("ended", ["lost", "replaced", "revoked"])
def test_an_old_badge_that_joins_an_incident_is_called_old_in_its_report_and_its_story(
    home, client, worker, at_desk, wang, ended
):
    new = orders.order(home.db, home.vault, wang.id, form="cloth", by=1, now=NOW)
    with transaction(home.db):
        home.db.write("UPDATE badge SET state = 'worn' WHERE id = ?", new)
    path = token_of(home, new).removeprefix(home.config.base_url)
    sent = {"act": "with_elder", "request_id": uuid.uuid4().hex}
    opened = client.post(f"{path}/scans", json=sent).get_json()["incident"]
    scan(client, wang, "with_elder")
    desk = at_desk("duty")
    assert "旧胸牌" not in desk.get(f"/desk/incidents/{opened}").text, "it counted when it was scanned"
    id_of(worker.post(f"/badges/{wang.badge_id}/end", data={"state": ended}))
    assert scan(client, wang, "hurt").get_json()["incident"] == opened
    page = desk.get(f"/desk/incidents/{opened}").text
    report, story = page[page.index('id="told-title"') :], page[page.index('id="story-title"') :]
    assert report[: report.index("</section>")].count("旧胸牌：") == 1
    assert story[: story.index("</section>")].count("旧胸牌：") == 1
