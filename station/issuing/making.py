"""Drawing a badge's files, each read back before it is kept, sealed in the database."""

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any

from badges import files
from badges.artwork import BadgeText
from badges.check import Report
from badges.errors import BadgeError
from badges.files import BadgeFiles
from station import clock, communities, phones, seal
from station.db import StationDatabase, transaction
from station.errors import NotFound
from station.issuing import records
from station.issuing.records import Badge, shown_number
from station.seal import Keyring
from station.vault import Vault


def waiting(db: StationDatabase) -> list[int]:
    """Ordered badges that have not failed, oldest first."""
    return [
        row["id"]
        for row in db.rows("SELECT id FROM badge WHERE state = 'ordered' AND problem = '' ORDER BY id")
    ]


def make(db: StationDatabase, vault: Vault, badge_id: int, base_url: str, now: datetime) -> None:
    """Draw and check the files of an ordered badge. A badge that fails its check stays ordered, with the reason."""
    badge = records.get(db, badge_id)
    if badge.state != "ordered":
        return
    try:
        made = _draw(db, vault.ring, badge, base_url)
    except BadgeError as error:
        with transaction(db):
            db.write("UPDATE badge SET problem = ? WHERE id = ?", error.code, badge_id)
        return
    vault.create([f"station/{badge.station}"], now)
    with transaction(db):
        changed = db.write(
            "UPDATE badge SET state = 'made', made_at = ?, problem = '' WHERE id = ? AND state = 'ordered'",
            clock.text(now),
            badge_id,
        )
        if changed:
            _keep_files(db, vault, badge, made, now)


def proven(db: StationDatabase, vault: Vault, badge: Badge, base_url: str, now: datetime) -> dict[str, Any]:
    """The proof of a badge's files, which are drawn and checked anew only if they say what no longer holds.

    Raises BadgeError.
    """
    text = text_of(db, vault.ring, badge, base_url)
    proof = _proof_of(db, badge.id)
    if proof.get("drawn_from") != _fingerprint(text, badge):
        redraw(db, vault, badge.id, base_url, now)
        proof = _proof_of(db, badge.id)
    return proof


def _proof_of(db: StationDatabase, badge_id: int) -> dict[str, Any]:
    stored = db.scalar("SELECT checked_with FROM badge_file WHERE badge_id = ? AND kind = 'pdf'", badge_id)
    found: dict[str, Any] = json.loads(stored or "{}")
    return found


def redraw(db: StationDatabase, vault: Vault, badge_id: int, base_url: str, now: datetime) -> None:
    """Draw the files of a made badge anew, for example after the station's address changed. Raises BadgeError."""
    badge = records.get(db, badge_id)
    made = _draw(db, vault.ring, badge, base_url)
    with transaction(db):
        db.write("DELETE FROM badge_file WHERE badge_id = ?", badge_id)
        _keep_files(db, vault, badge, made, now)


def file(db: StationDatabase, vault: Vault, badge_id: int, kind: str) -> bytes:
    """One checked file of a badge. Raises NotFound while there is none."""
    badge = records.get(db, badge_id)
    row = db.row("SELECT content FROM badge_file WHERE badge_id = ? AND kind = ?", badge_id, kind)
    if row is None:
        raise NotFound("This badge has no checked file yet. Wait a moment and load the page again.")
    return vault.open_bytes(f"station/{badge.station}", f"badge_file|{badge_id}|{kind}", row["content"])


def text_of(db: StationDatabase, ring: Keyring, badge: Badge, base_url: str) -> BadgeText:
    """All that a badge says; a temporary one says the same as any other."""
    station = communities.station(db, badge.station)
    return BadgeText(
        url=records.url(ring, badge, base_url),
        station_name=station.name,
        hotline=phones.from_e164(station.hotline).shown,
        number=shown_number(badge.number),
        relaxed=not base_url.startswith("https://"),
    )


def check_tokens(ring: Keyring, wanted: Sequence[Badge], reports: Sequence[Report]) -> None:
    """The digits that a decoder read from the finished files must open to these very badges, in this order."""
    opened = [
        seal.open_badge_token(ring, reading.url.rsplit("/", 1)[-1])
        for report in reports
        for reading in report.readings
    ]
    if opened != [(badge.station, badge.serial) for badge in wanted]:
        raise AssertionError("a finished badge decodes to another badge")


def proof(report: Report, **more: str) -> str:
    """The report as it is stored. Without addresses: whoever has one can raise an alert, and a database may be stolen."""
    kept = asdict(report) | more
    kept["readings"] = [{**reading, "url": ""} for reading in kept["readings"]]
    return json.dumps(kept, ensure_ascii=False, default=str)


def _fingerprint(text: BadgeText, badge: Badge) -> str:
    """By which it is known later whether the files still say what they should: name, hotline, address, design."""
    said = [*astuple(text), badge.form, badge.artwork, badge.theme]
    return seal.sha256(json.dumps(said, ensure_ascii=False).encode())


@dataclass(frozen=True)
class _Drawn:
    files: BadgeFiles
    proof: str


def _draw(db: StationDatabase, ring: Keyring, badge: Badge, base_url: str) -> _Drawn:
    """Files that badges.files has already decoded and compared; here the decoded digits are opened as well."""
    text = text_of(db, ring, badge, base_url)
    made = files.make(text, form=badge.form, artwork=badge.artwork, theme=badge.theme)
    check_tokens(ring, [badge], [made.report])
    return _Drawn(made, proof(made.report, drawn_from=_fingerprint(text, badge)))


def _keep_files(db: StationDatabase, vault: Vault, badge: Badge, made: _Drawn, now: datetime) -> None:
    for kind in ("pdf", "png", "svg"):
        content: bytes = getattr(made.files, kind)
        db.insert(
            "badge_file",
            badge_id=badge.id,
            kind=kind,
            sha256=seal.sha256(content),
            content=vault.seal(f"station/{badge.station}", f"badge_file|{badge.id}|{kind}", content),
            checked_at=clock.text(now),
            checked_with=made.proof,
        )
