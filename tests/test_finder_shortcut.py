"""The finder's door is answered alike the first time and ever after, packed and plain, whatever is sent."""

import gzip
import uuid

import pytest
from finders import open_hearted, same_but_for_the_press

__all__ = ["open_hearted"]


def test_the_second_look_is_answered_like_the_first(app, home, open_hearted, wang):
    """The first look goes through Flask, later ones of the same kind of phone take the shortcut."""
    for phone in ({"Accept-Encoding": "gzip", "Accept-Language": "ko"}, {"Accept-Language": "en"}, {}):
        for wearer in (open_hearted, wang):
            answers = [app.test_client().get(wearer.path, headers=phone) for _ in range(3)]
            pages = [
                gzip.decompress(answer.data).decode() if "Accept-Encoding" in phone else answer.text
                for answer in answers
            ]
            assert len({same_but_for_the_press(page) for page in pages}) == 1
            assert len(set(pages)) == 3
            headers = [{k: v for k, v in answer.headers if k != "Content-Length"} for answer in answers]
            assert headers[0] == headers[1] == headers[2]
            assert all(int(answer.headers["Content-Length"]) == len(answer.data) for answer in answers)
    assert app.test_client().get("/" + "1" * 52).status_code == 404
    assert app.test_client().head(wang.path).data == b""


def test_the_second_report_is_answered_like_the_first(app, home, wang):
    """The first report goes through Flask, later ones take the shortcut; a repeat of one gets its answer again."""
    reports = [
        {
            "act": "with_elder",
            "request_id": str(uuid.uuid4()),
            "lat": "north",
            "lon": 126.5,
            "note": "王" * 3000,
        },
        {"act": "opened", "request_id": str(uuid.uuid4())},
    ]
    for sent in reports:
        answers = [app.test_client().post(f"{wang.path}/scans", json=sent) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
        assert answers[0].headers == answers[1].headers == answers[2].headers
    first = app.test_client().post(f"{wang.path}/scans", json=reports[0]).get_json()
    assert {one["reason"] for one in first["ignored"]} == {"not_a_number", "incomplete", "cut"}
    assert home.db.scalar("SELECT count(*) FROM scan") == 2


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 201),
        ("application/json", b"[1]", 201),
        ("application/json", b"[" * 5000, 201),
        ("application/json", b'{"note": "' + b"a" * 40_000 + b'"}', 201),
        ("application/json", b'{"note": "' + b"a" * 100_000 + b'"}', 413),
        ("application/x-www-form-urlencoded", b"act=hurt", 303),
        ("text/plain", b"\xff\xfe", 201),
        (None, b"", 201),
    ],
)
def test_what_is_no_plain_report_is_taken_all_the_same(app, home, wang, kind, body, status):
    path = f"{wang.path}/scans"
    assert app.test_client().post(path, json={"act": "opened"}).status_code == 201
    assert app.test_client().post(path, data=body, content_type=kind).status_code == status
    assert home.db.scalar("SELECT count(*) FROM scan WHERE incident_id IS NOT NULL") == int(status != 413)


def test_packed_and_plain_are_the_same_page(client, wang):
    plain = client.get(wang.path)
    packed = client.get(wang.path, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert "Content-Encoding" not in plain.headers
    assert same_but_for_the_press(gzip.decompress(packed.data).decode()) == same_but_for_the_press(plain.text)
