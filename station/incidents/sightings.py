"""What a finder told, sealed beside the scan; and whether a place is news to everybody."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from station import clock, communities, places
from station.db import StationDatabase
from station.incidents import events
from station.incidents.intake import Sighting
from station.vault import Vault

# A new place is news to everybody when the elder moved this far, and at most once in this time;
# anything nearer or sooner updates the console alone, so that no flood of scans becomes a flood of messages.
MOVED_M = 150.0
NEWS_EVERY = timedelta(seconds=60)
# The kinds of news of a place that everybody hears at once.
TOLD = ("first", "later")


def content_of(sighting: Sighting, note: str, phone: str, now: datetime) -> dict[str, Any]:
    content: dict[str, Any] = {"note": note, "phone": phone, "place": sighting.place}
    if sighting.point:
        content |= asdict(sighting.point) | {"accuracy_m": sighting.accuracy_m, "fixed_at": clock.text(now)}
    told = {key: value for key, value in content.items() if value not in ("", None)}
    # A point replaces the one before it, and so does whence it comes.
    return told | ({"basis": sighting.basis, "near": sighting.near} if sighting.point else {})


def sealed_content(vault: Vault, scan: dict[str, Any], content: dict[str, Any]) -> bytes:
    return vault.seal(f"incident/{scan['incident_id']}", f"scan_content|{scan['uid']}|content", content)


def read_content(vault: Vault, scan: dict[str, Any], sealed: bytes | None) -> dict[str, Any]:
    """What a finder told with one scan: lat, lon, accuracy_m, place, note, phone; only what was told."""
    if sealed is None:
        return {}
    found: dict[str, Any] = vault.open(
        f"incident/{scan['incident_id']}", f"scan_content|{scan['uid']}|content", sealed
    )
    return found


def note_place(
    db: StationDatabase,
    incident_id: int,
    scan: dict[str, Any],
    sighting: Sighting,
    vault: Vault,
    now: datetime,
) -> str:
    """Write down that a place became known, whether it is news to everybody, and which community it is in.

    Returns the kind of news, empty without a place. To be called before the report's content is changed.
    """
    if not (sighting.point or sighting.place):
        return ""
    db.write("UPDATE scan SET has_place = 1 WHERE id = ?", scan["id"])
    news = _is_news(db, vault, incident_id, scan["id"], sighting, now)
    events.add(db, incident_id, "place", actor="finder", scan_id=scan["id"], detail=news, now=now)
    if sighting.point and news in TOLD:
        _find_community(db, incident_id, sighting)
    return news


def _is_news(
    db: StationDatabase, vault: Vault, incident_id: int, scan_id: int, sighting: Sighting, now: datetime
) -> str:
    """`first` (came with the opening report), `later` (the first place at all: everybody must hear), `moved` (far from

    the one that was told: the sender tells it when its time has come) or `better` (for the console).
    """
    last = _told_last(db, incident_id)
    if last is None:
        opened_by = db.scalar("SELECT min(id) FROM scan WHERE incident_id = ?", incident_id)
        opened_at = db.scalar("SELECT opened_at FROM incident WHERE id = ?", incident_id)
        return "first" if opened_by == scan_id and opened_at == clock.text(now) else "later"
    return "moved" if _moved(_told_place(db, vault, last), sighting) else "better"


def is_news(db: StationDatabase, vault: Vault, incident_id: int, sighting: Sighting) -> bool:
    """Whether a place is the first at all, or far from the one that everybody was told."""
    if not (sighting.point or sighting.place):
        return False
    last = _told_last(db, incident_id)
    return last is None or _moved(_told_place(db, vault, last), sighting)


def verdict(db: StationDatabase, vault: Vault, scan_id: int, now: datetime) -> str:
    """What is to become of a place that had moved: `later` (tell it now), `waits`, or `settled` (no news any more)."""
    scan = db.row("SELECT * FROM scan WHERE id = ?", scan_id)
    assert scan is not None, "a sighting belongs to a scan"
    sighting, last = _sighting(db, vault, scan), _told_last(db, scan["incident_id"])
    if last is None:
        return "later"
    known = _told_place(db, vault, last)
    if not _moved(known, sighting):
        return "settled"
    # A moment in the future was written before the machine's clock stepped back: that must not hold anything up.
    if not timedelta(0) <= now - clock.parse(last["told_at"]) < NEWS_EVERY:
        return "later"
    # Words were all we had and now there is a point, or the finder's first fix was far off and is put right:
    # that is worth a message at once.
    corrects = last["id"] == scan_id and not _corrected(db, scan)
    fixed = known.point and not (known.basis == "words" and sighting.basis != "words")
    return "later" if sighting.point and (corrects or not fixed) else "waits"


def tell(db: StationDatabase, vault: Vault, scan_id: int) -> None:
    """Remember the place of a scan as the one that everybody is told, and the community it is in."""
    scan = db.row("SELECT * FROM scan WHERE id = ?", scan_id)
    assert scan is not None, "a sighting belongs to a scan"
    sealed = db.scalar("SELECT content FROM scan_content WHERE scan_id = ?", scan_id)
    content = read_content(vault, scan, sealed)
    content["told"] = told(content)
    db.write(
        "UPDATE scan_content SET content = ? WHERE scan_id = ?", sealed_content(vault, scan, content), scan_id
    )
    _find_community(db, scan["incident_id"], _sighting(db, vault, scan))


def told(content: dict[str, Any]) -> dict[str, Any]:
    """What is compared with later places."""
    return {key: content[key] for key in ("lat", "lon", "place", "basis") if key in content}


def _told_last(db: StationDatabase, incident_id: int) -> dict[str, Any] | None:
    """The scan whose place everybody was told last, and `told_at`."""
    # The terms of the index come first, so that a flood of places is not searched through.
    return db.row(
        "SELECT scan.*, event.at AS told_at FROM event JOIN scan ON scan.id = event.scan_id WHERE event.incident_id = ? "
        "AND event.kind = 'place' AND event.detail NOT IN ('better', 'moved') AND event.detail <> 'settled' "
        "ORDER BY event.id DESC LIMIT 1",
        incident_id,
    )


def _corrected(db: StationDatabase, scan: dict[str, Any]) -> bool:
    """Whether a later place of this very report was told already; further ones wait, as a flood does."""
    news = db.scalar(
        "SELECT count(*) FROM event WHERE incident_id = ? AND scan_id = ? AND kind = 'place' "
        "AND detail NOT IN ('better', 'moved') AND detail <> 'settled'",
        scan["incident_id"],
        scan["id"],
    )
    return int(news) > 1


def _moved(before: Sighting, after: Sighting) -> bool:
    if before.point and after.point:
        return places.distance_m(before.point, after.point) > MOVED_M
    return after.point is not None or after.place != before.place


def _told_place(db: StationDatabase, vault: Vault, scan: dict[str, Any]) -> Sighting:
    """The place of a scan that everybody was told; it may have got a better one since."""
    sealed = db.scalar("SELECT content FROM scan_content WHERE scan_id = ?", scan["id"])
    content = read_content(vault, scan, sealed)
    return as_sighting(content.get("told", content))


def _sighting(db: StationDatabase, vault: Vault, scan: dict[str, Any]) -> Sighting:
    """The place of a scan as it is known now."""
    sealed = db.scalar("SELECT content FROM scan_content WHERE scan_id = ?", scan["id"])
    return as_sighting(read_content(vault, scan, sealed))


def as_sighting(content: dict[str, Any]) -> Sighting:
    """The place in what a finder told."""
    point = places.Point(content["lat"], content["lon"]) if "lat" in content else None
    return Sighting(point, content.get("accuracy_m"), content.get("place", ""), content.get("basis", ""))


def _find_community(db: StationDatabase, incident_id: int, sighting: Sighting) -> None:
    """Remember the community that contains the point, else the nearest one within reach."""
    if sighting.point is None:
        return
    areas = [
        places.Area(c.id, c.name, places.Point(c.lat, c.lon), c.radius_m) for c in communities.communities(db)
    ]
    finding = places.finding(sighting.point, sighting.accuracy_m, areas)
    if finding and finding.area:
        db.write(
            "UPDATE incident SET community_id = ?, community_inside = ? WHERE id = ?",
            finding.area.id,
            int(finding.inside),
            incident_id,
        )
