"""One print file of badges of one design: A4 sheets, or a package of single files for the print shop."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import IO, Any

from badges import bundle, decode, render, sheets
from badges.artwork import BadgeText
from badges.bundle import Piece
from badges.errors import BadgeError
from station import seal
from station.db import StationDatabase
from station.issuing import making, workplace
from station.issuing.records import Badge
from station.vault import Vault

KINDS = {"sheet": "application/pdf", "package": "application/zip"}
Design = tuple[int, str, str, str]
Tell = Callable[[int, int], None]


def designs(chosen: Sequence[Badge]) -> dict[Design, list[Badge]]:
    """The badges by station, form, artwork and theme; a print file has one of each."""
    found: dict[Design, list[Badge]] = {}
    for badge in chosen:
        found.setdefault((badge.station, badge.form, badge.artwork, badge.theme), []).append(badge)
    return found


def write(
    db: StationDatabase,
    vault: Vault,
    kind: str,
    wanted: Sequence[Badge],
    base_url: str,
    *,
    out: IO[bytes],
    now: datetime,
    tell: Tell | None = None,
) -> list[dict[str, Any]]:
    """Write the checked file and return its proofs, without addresses. `tell` hears (steps done, steps).

    What passed its check before an interrupt is neither drawn nor checked again.
    Raises BadgeError when it cannot be made, Conflict while another process makes the same sheet, OSError.
    """
    if not wanted:
        raise BadgeError("There is nothing to print. Choose at least one badge.")
    if kind == "sheet":
        return _sheet(db, vault, wanted, base_url, out=out, now=now, tell=tell)
    return _package(db, vault, wanted, base_url, out=out, now=now, tell=tell)


def _sheet(
    db: StationDatabase,
    vault: Vault,
    wanted: Sequence[Badge],
    base_url: str,
    *,
    out: IO[bytes],
    now: datetime,
    tell: Tell | None,
) -> list[dict[str, Any]]:
    texts = [making.text_of(db, vault.ring, badge, base_url) for badge in wanted]
    station, form, artwork, theme = next(iter(designs(wanted)))
    key = _key(texts, form, artwork, theme)
    with workplace.entered(db.path.with_name("making"), vault, station, key, now) as memory:
        made = sheets.sheet(texts, form=form, artwork=artwork, theme=theme, progress=tell, memory=memory)
        making.check_tokens(vault.ring, wanted, [made.report])
        out.write(made.pdf)
    return [json.loads(making.proof(made.report))]


def _key(texts: Sequence[BadgeText], *design: str) -> str:
    """A name for the sheet of these badges as this program draws and checks it."""
    tools = (decode.NAME, render.NAME, sheets.DPI)
    return seal.sha256(json.dumps([tools, design, [astuple(text) for text in texts]]).encode())[:32]


def _package(
    db: StationDatabase,
    vault: Vault,
    wanted: Sequence[Badge],
    base_url: str,
    *,
    out: IO[bytes],
    now: datetime,
    tell: Tell | None,
) -> list[dict[str, Any]]:
    proofs: list[dict[str, Any]] = []

    def pieces() -> Iterator[Piece]:
        for done, badge in enumerate(wanted, start=1):
            proof = making.proven(db, vault, badge, base_url, now)
            yield _piece(db, vault, badge, proof)
            proofs.append(proof)
            if tell:
                tell(done, len(wanted))

    _, form, artwork, theme = next(iter(designs(wanted)))
    bundle.refuse([badge.number for badge in wanted])
    bundle.write(out, pieces(), (form, artwork, theme))
    return proofs


def _piece(db: StationDatabase, vault: Vault, badge: Badge, proof: dict[str, Any]) -> Piece:
    pdf, png = (making.file(db, vault, badge.id, kind) for kind in ("pdf", "png"))
    modules = sum(reading["modules"] for reading in proof["readings"])
    differing = sum(reading["differing"] for reading in proof["readings"])
    return Piece(making.shown_number(badge.number), pdf, png, proof["decoder"], modules, differing)
