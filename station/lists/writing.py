"""Lists as files: the empty template, the rows that were not saved with their reasons, and the register."""

from collections.abc import Callable, Iterator
from datetime import datetime

from station import audit, communities, elders, institutions, phones, tables, vocabulary
from station.communities import Community
from station.db import StationDatabase, transaction
from station.elders import Elder
from station.errors import Invalid, UserError
from station.issuing import records
from station.lists import columns, imports
from station.lists.imports import Finding, Import
from station.vault import Vault
from station.vocabulary import N_

KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
# Why somebody takes a copy of the register out of the house; fixed words, since the audit log names nobody.
REASONS = {
    "visits": N_("For visits from door to door"),
    "emergency": N_("For an emergency: flood, fire, power cut, epidemic"),
    "authority": N_("An authority has asked for it by law"),
    "other_system": N_("To be taken into another system of the subdistrict"),
    "copy": N_("The families have asked for their data"),
}
NO_REASON = N_("Choose why the list is needed; it is kept in the audit log.")

Say = Callable[[UserError], str]
Tell = Callable[[int, int], None]
Rows = list[list[str]]


def write(kind: str, title: str, rows: Rows, more: dict[str, Rows] | None = None) -> bytes:
    """The rows as a file of the kind (a key of KINDS); further sheets in XLSX alone."""
    return tables.write_csv(rows) if kind == "csv" else tables.write_xlsx({title: rows, **(more or {})})


def template(db: StationDatabase, kind: str, station: int) -> bytes:
    """An empty list: headings, all cells as text, and a sheet that says what may stand in each column."""
    here = [one.name for one in communities.communities(db) if one.station == station]
    homes = institutions.names_of(db, station)
    return write(kind, "老人名单", [columns.headings()], {"填写说明": _notes(here, homes)})


def rest(db: StationDatabase, vault: Vault, one: Import, kind: str, *, say: Say) -> bytes:
    """The rows that cannot be saved as they came, each with the reasons; mended, the file can be sent again."""
    rows = imports.rows(db, vault, one)
    headings = {field: rows[0][place] for field, place in columns.find(rows[0]).items()}
    width = max(len(row) for row in rows)
    out = [["原因", *rows[0]]]
    for finding in imports.findings(db, vault, one):
        if finding.outcome == "wrong":
            row = [tables.bare(cell) for cell in rows[finding.row - 1]]
            out.append([_reasons(finding, headings, say), *row, *[""] * (width - len(row))])
    return write(kind, "未导入", out)


def _reasons(finding: Finding, headings: dict[str, str], say: Say) -> str:
    return "；".join(f"{headings.get(e.field, e.field)}：{say(e)}" for e in finding.errors)


def size(db: StationDatabase, station: int) -> int:
    """How many elders the register of a station holds."""
    return int(db.scalar("SELECT count(*) FROM elder WHERE station = ?", station))


def export(
    db: StationDatabase,
    vault: Vault,
    kind: str,
    *,
    station: int,
    reason: str,
    by: int | None,
    now: datetime,
    tell: Tell = lambda _done, _total: None,
) -> bytes:
    """The register of a station as a file; the audit row is written first. Raises Invalid without a reason."""
    with transaction(db):
        note_reason(db, vault, station, reason, by=by, now=now)
    return register(db, vault, kind, station, tell)


def note_reason(
    db: StationDatabase, vault: Vault, station: int, reason: str, *, by: int | None, now: datetime
) -> None:
    """Write into the audit log that the register goes out and why; inside a transaction.

    Raises Invalid without a reason.
    """
    if reason not in REASONS:
        raise Invalid("reason", NO_REASON)
    audit.record(
        db,
        vault.ring,
        staff_id=by,
        action="elder.export",
        about=f"station/{station}",
        detail=f"{reason} {size(db, station)}",
        now=now,
    )


def register(db: StationDatabase, vault: Vault, kind: str, station: int, tell: Tell) -> bytes:
    """The register of a station as a list that could be imported again.

    `tell` hears how many of how many elders are in it. Identity numbers are not in it: nobody has them.
    """
    ids = [row["id"] for row in db.rows("SELECT id FROM elder WHERE station = ? ORDER BY id", station)]
    areas = {one.id: one for one in communities.communities(db)}
    return write(kind, "老人名单", [_export_headings(), *_people(db, vault, ids, areas, tell)])


def _export_headings() -> list[str]:
    named = {field: words[0] for field, words in columns.fields().items()}
    named["identity_number"] = "身份证后四位"
    return [*named.values(), "状态", "登记日期", "胸牌"]


def _people(
    db: StationDatabase, vault: Vault, ids: list[int], areas: dict[int, Community], tell: Tell
) -> Iterator[list[str]]:
    for done, elder_id in enumerate(ids, 1):
        tell(done, len(ids))
        uid = elders.uid_of(db, elder_id)
        if vault.has(f"elder/{uid}"):  # who was erased is an empty row
            home = institutions.of_elder(db, elder_id)
            more = {"institution": home[1] if home else ""}
            yield _person(elders.get(db, vault, elder_id), areas, _badges(db, elder_id), more)


def _badges(db: StationDatabase, elder_id: int) -> str:
    return "、".join(
        records.shown_number(badge.number)
        for badge in records.of_elder(db, elder_id)
        if badge.state == "worn"
    )


def _person(elder: Elder, areas: dict[int, Community], badges: str, more: dict[str, str]) -> list[str]:
    # The file leaves the station, so health notes and history are in it by consent alone.
    may_tell = "health_notes" in elder.consents
    told = elder.health_notes if may_tell else ()
    cells = {
        "name": elder.name,
        "identity_number": elder.id_last_four,
        "birth_date": elder.birth_date,
        "sex": columns.shown("sex", elder.sex) if elder.sex else "",
        "address": elder.address,
        "community": areas[elder.community_id].name,
        "health_notes": "、".join(columns.shown("health_notes", code) for code in told),
        "history": elder.history if may_tell else "",
        "call_name": elder.call_name,
        "hints": "、".join(columns.shown("hints", code) for code in elder.hints),
        "given_by": columns.shown("given_by", elder.given_by),
        **{f"consent_{item}": "是" if item in elder.consents else "否" for item in vocabulary.CONSENT_ITEMS},
        **more,
    }
    for n, one in enumerate(elder.own_contacts, 1):
        cells[f"contact{n}_name"] = one.name
        cells[f"contact{n}_phone"] = phones.from_e164(one.phone).shown
        cells[f"contact{n}_relation"] = columns.shown("relation", one.relation)
    status = {"living": "在住", "moved": "已迁出", "deceased": "已离世"}[elder.status]
    listed = [cells.get(field, "") for field in columns.fields()]
    return [*listed, status, elder.created_at.date().isoformat(), badges]


def _notes(communities_here: list[str], homes: list[str]) -> Rows:
    """What may stand in a column, in the words of the template."""
    words = {kind: columns.choices(kind) for kind in columns.WORDS}
    yes = "是 或 否；空着就是否"
    rows = [
        ["列", "怎么填"],
        ["姓名", "必填。少数民族姓名用 · 分隔"],
        ["身份证号", "18 位，可空着。这一列是文本格式，请不要改成数字，否则末尾几位会丢"],
        ["出生日期", "例如 1946-03-05；有身份证号时可空着"],
        ["性别", words["sex"]],
        ["住址", "必填。小区、楼、单元、门牌"],
        ["社区", "、".join(communities_here)],
        ["联系人1电话", "必填。手机或带区号的座机"],
        ["联系人1关系", words["relation"]],
        [
            "养老机构",
            f"住在养老机构的填机构名称，要先在“养老机构”页登记；空着就是住家里。已登记：{'、'.join(homes) or '还没有'}",
        ],
        ["健康提示", f"可填多个，用、分隔：{words['health_notes']}"],
        ["页面提示", f"最多 {vocabulary.MOST_HINTS} 个：{words['hints']}"],
        ["同意人", words["given_by"]],
        ["同意登记", "必须是 是：没有同意不能登记"],
    ]
    return rows + [[words[0], yes] for item, words in columns.CONSENTS.items() if item != "record"]
