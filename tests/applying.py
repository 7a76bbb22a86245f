"""A family that applies in the browser of the test client, and the reviewer's part in it."""

import io
import re
from collections.abc import Callable

import pytest
from conftest import Home
from families import Family
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from station import enrolment
from station.applications import decisions, records

URL = "https://zj.example.cn"
TAIL = "0077"


def opener(client) -> Callable:
    def open_page(method: str, path: str, fields) -> str:
        sent = {"data": fields}
        if fields and any(isinstance(value, tuple) for value in fields.values()):
            files = {k: FileStorage(*v) if isinstance(v, tuple) else v for k, v in fields.items()}
            boundary, body = encode_multipart(files)
            sent = {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}
        answer = client.open(
            path, method=method, base_url=URL, follow_redirects=True, headers={"Referer": URL}, **sent
        )
        open_page.status = answer.status_code
        return answer.data.decode("latin-1" if answer.mimetype == "image/jpeg" else "utf-8")

    return open_page


@pytest.fixture
def family(client) -> Family:
    return Family(opener(client))


@pytest.fixture
def begun(family) -> Family:
    return family.begin()


@pytest.fixture
def sent(family) -> Family:
    return family.begin().fill().send()


@pytest.fixture
def elsewhere(app) -> Family:
    """Another browser."""
    return Family(opener(app.test_client()))


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 500)) -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return io.BytesIO(out.getvalue()), f"card.{kind.lower()}"


def the_only(home: Home) -> records.Application:
    [found] = records.waiting(home.db, home.vault, 1)
    return found


def approve(home: Home, now) -> int:
    waiting = the_only(home)
    locality = enrolment.Locality("0432", "吉林省吉林市丰满区龙城社区", frozenset([1, 2]))
    checked = enrolment.check(waiting.form, locality, now.date())
    return decisions.approve(home.db, home.vault, waiting.id, checked, by=1, now=now)


def title(page: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)[1].strip()
