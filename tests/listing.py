"""A spreadsheet of elders, and the worker who sends it."""

import csv
import io
import re

import openpyxl
import pytest

from station.lists import working

HEAD = [
    "姓名",
    "身份证号",
    "出生日期",
    "性别",
    "住址",
    "社区",
    "联系人",
    "联系电话",
    "关系",
    "健康提示",
    "同意登记",
]
SUN = {
    "姓名": "孙桂兰",
    "身份证号": "220211194603050242",
    "住址": "江畔小区7号楼1单元202",
    "社区": "龙城社区",
    "联系人": "孙家明",
    "联系电话": "19900000041",
    "关系": "儿子",
    "健康提示": "记性差、糖尿病",
    "同意登记": "是",
}
LI = {
    **SUN,
    "姓名": "李长海",
    "身份证号": "",
    "出生日期": "1944年11月2日",
    "性别": "男",
    "联系电话": "62010042",
}


def table(*rows: dict[str, str]) -> list[list[str]]:
    return [HEAD, *([row.get(heading, "") for heading in HEAD] for row in rows)]


def as_csv(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table(*rows))
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: dict[str, object]) -> bytes:
    """As a spreadsheet writes it: numbers as numbers, formulas as formulas without a stored value."""
    book = openpyxl.Workbook()
    for row in [dict(zip(HEAD, HEAD, strict=True)), *rows]:
        book.active.append([row.get(heading) for heading in HEAD])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Clerk:
    """A worker at the page of lists; the job process does its part at once."""

    def __init__(self, home, desk, now) -> None:
        self.home, self.desk, self.now = home, desk, now

    def work(self) -> None:
        for import_id in working.waiting(self.home.db):
            working.work(self.home.db, self.home.vault, import_id, today=self.now.date(), now=self.now)

    def upload(self, content: bytes, name: str = "名单.csv", **more: str) -> str:
        """The address of the uploaded list, looked at."""
        data = {"file": (io.BytesIO(content), name), "community_id": "1", **more}
        sent = self.desk.post("/elders/imports", data=data)
        assert sent.status_code == 303, sent.text
        self.work()
        return sent.headers["Location"]

    def see(self, path: str) -> str:
        page = self.desk.get(path)
        assert page.status_code == 200
        return re.sub(r"<[^>]+>|\s+", " ", page.text)

    def save(self, path: str) -> str:
        assert self.desk.post(f"{path}/save").status_code == 303
        self.work()
        return self.see(path)

    def people(self) -> int:
        return int(self.home.db.scalar("SELECT count(*) FROM elder"))


@pytest.fixture
def clerk(home, at_desk, now) -> Clerk:
    return Clerk(home, at_desk("worker"), now)
