"""Every address of the application with sensible values in it, for the tests that walk all of them."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from conftest import NOW, PASSWORD, WANG, Home, Wearer
from flask import Flask

from station import (
    accounts,
    clock,
    communities,
    coverage,
    doubts,
    duty,
    elders,
    enrolment,
    institutions,
    places,
    portraits,
    readiness,
    seal,
    swaps,
)
from station import addresses as ways
from station.applications import intake
from station.care import proposals, visits
from station.db import transaction
from station.incidents import links, reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import batches, orders, records, rehearsals
from station.landmarks import records as landmarks
from station.lists import exports, imports, working


@dataclass(frozen=True)
class Things:
    """One of everything that an address can name."""

    elder_id: int
    badge_id: int
    contact_id: int
    address_id: int
    channel_id: int
    incident_id: int
    application_id: int
    batch_id: int
    badge_token: str
    digits: str
    status_token: str
    link_token: str
    drill_token: str
    disclosure_id: int
    doubt_id: int
    change_id: int
    swap_id: int
    staff_id: int
    trial_token: str
    landmark_id: int
    code: str
    import_id: int
    refusal_id: int
    move_id: int
    proposal_id: int
    family_token: str
    institution_id: int
    export_id: int

    def values(self, rule: str) -> dict[str, object]:
        """What stands in the variable parts of a rule."""
        first = rule.strip("/").split("/")[0]
        tokens = {
            "s": self.status_token,
            "go": self.link_token,
            "drill": self.drill_token,
            "ok": self.trial_token,
            "family": self.family_token,
        }
        return {
            "token": tokens.get(first, self.badge_token),
            "digits": self.digits,
            "elder_id": self.elder_id,
            "badge_id": self.badge_id,
            "contact_id": self.contact_id,
            "address_id": self.address_id,
            "incident_id": self.incident_id,
            "application_id": self.application_id,
            "batch_id": self.batch_id,
            "disclosure_id": self.disclosure_id,
            "doubt_id": self.doubt_id,
            "change_id": self.change_id,
            "swap_id": self.swap_id,
            "staff_id": self.staff_id,
            "landmark_id": self.landmark_id,
            "code": self.code,
            "kind": "csv" if "imports" in rule else "json" if "copy" in rule else "pdf",
            "move_id": self.move_id,
            "proposal_id": self.proposal_id,
            "answer": "refuse",
            "import_id": self.import_id,
            "refusal_id": self.refusal_id,
            "form_id": "0" * 32,
            "institution_id": self.institution_id,
            "export_id": self.export_id,
            "client_id": "none",
            "door": "0" * 32,
            "channel_id": self.channel_id,
            "channel_kind": "wecom_robot",
            "who": "duty",
            "step": "identity" if "identity" in rule else "name",
            "question_id": 1,
            "filename": "station.css",
        }


def of_wearer(home: Home, wearer: Wearer, link_of: int = 2) -> Things:
    """A scanned badge with its open incident, the finder's page, an officer's link, and a family's application."""
    badge = records.get(home.db, wearer.badge_id)
    sent = Report(uuid.uuid4().hex, "with_elder", Sighting(places.Point(43.8168, 126.5683), 15.0, "东市场"))
    answer = reports.report(home.db, home.vault, Door(badge.station, badge.serial), sent, NOW)
    assert answer.incident_id is not None
    contact_id = elders.contacts(home.db, home.vault, wearer.id)[0].id
    with transaction(home.db):
        link = links.make(home.db, home.vault, answer.incident_id, staff_id=link_of, now=NOW)
        batch_id = batches.add(home.db, home.vault, "sheet", [badge], by=None, now=NOW)
    rehearsals.confirm_by_call(home.db, home.vault, badge.id, contact_id, by=1, now=NOW)
    rehearsal_id = home.db.scalar("SELECT max(id) FROM rehearsal")
    landmark = _landmark(home, badge.station)
    return Things(
        elder_id=wearer.id,
        badge_id=wearer.badge_id,
        contact_id=contact_id,
        address_id=_reachable(home, badge.station, contact_id),
        channel_id=home.db.scalar("SELECT max(id) FROM channel WHERE station = ?", badge.station),
        incident_id=answer.incident_id,
        application_id=_apply(home, badge.station),
        batch_id=batch_id,
        badge_token=wearer.token,
        digits=wearer.digits,
        status_token=answer.status_token,
        link_token=link,
        drill_token=rehearsals.token(home.ring, rehearsal_id, contact_id),
        disclosure_id=_shown(home, wearer.id, answer.incident_id),
        doubt_id=_doubted(home, badge),
        **_rostered(home, badge.station),
        landmark_id=landmark.id,
        code=landmark.code,
        import_id=_listed(home, badge.station),
        refusal_id=_refused(home, wearer.id),
        **_of_family(home, wearer.id, contact_id, badge.station),
        institution_id=_housed(home, badge.station),
        export_id=_exported(home, badge.station),
    )


def _landmark(home: Home, station: int) -> landmarks.Landmark:
    """A safe place of the station."""
    where = communities.station(home.db, station)
    entry = landmarks.Entry("shop", "向阳药房", str(where.lat), str(where.lon), safe=True)
    checked = landmarks.check(entry, where, communities.communities(home.db))
    new = landmarks.add(home.db, home.ring, checked, station=station, by=None, now=NOW)
    return landmarks.get(home.db, new)


def _rostered(home: Home, station: int) -> dict[str, Any]:
    """Two officers of the station with a swap between them, a day that differs, and a trial of a phone."""
    ids = [
        accounts.add(
            home.db,
            home.vault,
            accounts.NewStaff(f"officer{n}-{uuid.uuid4().hex[:6]}", PASSWORD, "duty", station, "远方"),
            NOW,
        )
        for n in range(2)
    ]
    turn = duty.Change(date(2026, 12, 31), 480, 60, "on_duty")
    settings = {"host": "127.0.0.1", "sender": "station@example.cn"}
    channel = ways.add_channel(
        home.db, home.vault, station=station, kind="smtp", label="trial", settings=settings, now=NOW
    )
    with transaction(home.db):
        change_id = duty.add_change(home.db, station, replace(turn, on_id=ids[0]), by=None, now=NOW)
        swap_id = home.db.insert(
            "shift_swap",
            station=station,
            from_id=ids[0],
            to_id=ids[1],
            gives=swaps.dump(turn),
            asked_at=NOW.isoformat(),
        )
        ways.add(home.db, home.vault, channel_id=channel, destination="b@example.cn", staff_id=ids[0])
    readiness.try_out(home.db, home.vault, ids[0], by=ids[0], now=clock.utcnow())
    trial_id = home.db.scalar("SELECT max(id) FROM trial")
    token = readiness.token(home.db, home.ring, trial_id)
    return {"change_id": change_id, "swap_id": swap_id, "staff_id": ids[0], "trial_token": token}


def _shown(home: Home, elder_id: int, incident_id: int) -> int:
    """The finder of the incident is shown photo and voice, and has taken the receipt."""
    portraits.keep(home.db, home.vault, elder_id, b"a jpeg", by=1, now=NOW)
    uid, scan = (
        elders.uid_of(home.db, elder_id),
        home.db.row("SELECT * FROM scan WHERE incident_id = ?", incident_id),
    )
    sealed = home.vault.seal(f"elder/{uid}", f"voice_clip|{uid}|audio", b"a voice")
    shown = {
        "incident_id": incident_id,
        "scan_id": scan["id"],
        "reason": "break_glass",
        "cause": "danger",
        "staff_id": 2,
    }
    with transaction(home.db):
        home.db.insert(
            "voice_clip", elder_id=elder_id, kind="audio/mpeg", audio=sealed, made_at=NOW.isoformat()
        )
        home.db.insert("receipt", code_hash=uuid.uuid4().bytes, scan_id=scan["id"], issued_at=NOW.isoformat())
        ids = [
            home.db.insert("disclosure", uid=uuid.uuid4().hex, item=item, at=NOW.isoformat(), until="2999-01-01T00:00:00.000000+00:00", **shown)
            for item in ("photo", "voice")
        ]  # fmt: skip
    return ids[0]


def _doubted(home: Home, badge: records.Badge) -> int:
    doubts.keep(
        home.db, home.vault, doubts.Told(badge.station, badge.serial, "copied", "贴在墙上", b"source"), NOW
    )
    return int(home.db.scalar("SELECT max(id) FROM badge_doubt"))


def elsewhere(home: Home, name: str) -> Things:
    """The same at a second station, of which the staff of the first may see nothing."""
    with transaction(home.db):
        first = communities.station(home.db, 1)
        communities.add_station(home.db, replace(first, number=2, name="北山驿站"))
        community = communities.add_community(
            home.db, station=2, name="北山社区", lat=43.86, lon=126.53, radius_m=900
        )
    form = replace(WANG, name=name, community_id=str(community))
    checked = enrolment.check(form, _locality(home, 2), NOW.date())
    elder_id = elders.register(home.db, home.vault, checked, form_id="far", station=2, by=None, now=NOW)
    badge_id = orders.order(home.db, home.vault, elder_id, by=None, now=NOW)
    badge = records.get(home.db, badge_id)
    token = seal.badge_token(home.ring, 2, badge.serial, badge.key_digit)
    number = records.shown_number(badge.number)
    return of_wearer(home, Wearer(elder_id, form, badge_id, number, badge.number, token, f"/{token}"))


def addresses(app: Flask, things: Things, method: str) -> Iterator[tuple[str, str, object]]:
    """(rule, path, access mark) of every address that takes the method."""
    urls = app.url_map.bind("zj.example.cn", url_scheme="https")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            values = {name: things.values(rule.rule)[name] for name in rule.arguments}
            access = getattr(app.view_functions[rule.endpoint], "access", None)
            yield rule.rule, urls.build(rule.endpoint, values, method), access


def contents(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Every row of both databases, and every waiting report."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for db in (home.db, home.vault.keys):
        for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
            found[row["name"]] = list(db.conn.execute(f"SELECT * FROM {row['name']}"))
    found["spool"] = [(path.name,) for path in sorted(home.config.spool.iterdir())]
    found["emergency"] = [(home.config.emergency_file.read_bytes(),)]
    return found


def _listed(home: Home, station: int) -> int:
    """A list with one row that can be saved and one that cannot."""
    head, row = "姓名,住址,电话,联系人,同意登记", "沈兰英,1号楼,19900000031,沈家人,是"
    new = imports.keep(
        home.db, home.vault, f"{head}\n{row}\n,,,,".encode() + b"1", station=station,
        community_id=min(_locality(home, station).community_ids), form_id=uuid.uuid4().hex, by=None, now=NOW,
    )  # fmt: skip
    working.work(home.db, home.vault, new, today=NOW.date(), now=NOW)
    return new


def _of_family(home: Home, elder_id: int, contact_id: int, station: int) -> dict[str, Any]:
    """A contact who may enter and wants something changed; a record that was offered to this station and not taken."""
    slip = visits.admit(home.db, home.vault, elder_id, contact_id, by=1, now=NOW)
    who = visits.Visitor(contact_id, elder_id, station)
    proposals.propose(home.db, home.vault, who, "other", "换了护工。", now=NOW)
    other = home.db.scalar("SELECT number FROM station WHERE number <> ?", station)
    if other is None:
        other = station + 100
        with transaction(home.db):
            communities.add_station(
                home.db, replace(communities.station(home.db, station), number=other, name="西山驿站")
            )
    at = NOW.isoformat()
    ends = {"from_station": other, "to_station": station, "given_by": "elder", "means": "desk"}
    with transaction(home.db):
        move_id = home.db.insert(
            "elder_move", elder_id=elder_id, **ends, state="refused", offered_at=at, decided_at=at
        )
    proposal_id = home.db.scalar("SELECT max(id) FROM family_proposal")
    return {"move_id": move_id, "proposal_id": proposal_id, "family_token": slip.link}


def _housed(home: Home, station: int) -> int:
    typed = institutions.Typed("松花江颐养院", "0432-62010008")
    return institutions.add(home.db, home.vault, typed, station=station, area_code="0432", by=1, now=NOW)


def _exported(home: Home, station: int) -> int:
    """The register as a file that the station's secretary (or who there is) can fetch."""
    who = home.db.scalar(
        "SELECT id FROM staff WHERE station = ? ORDER BY role = 'secretary' DESC, id", station
    )
    new = exports.ask(
        home.db, home.vault, "csv", station=station, reason="copy", form_id=uuid.uuid4().hex, by=who, now=NOW
    )
    exports.work(home.db, home.vault, new, now=clock.utcnow())
    return new


def _refused(home: Home, elder_id: int) -> int:
    community = elders.get(home.db, home.vault, elder_id).community_id
    said = {"community_id": community, "elder_id": elder_id, "form_id": uuid.uuid4().hex}
    coverage.refuse(home.db, home.vault, "looks", **said, by=1, now=NOW)
    return int(home.db.scalar("SELECT max(id) FROM refusal"))


def _reachable(home: Home, station: int, contact_id: int) -> int:
    """Give a contact a mailbox, on a channel of the station that leads nowhere."""
    settings = {"host": "127.0.0.1", "sender": "station@example.cn"}
    channel = ways.add_channel(
        home.db, home.vault, station=station, kind="smtp", label="mail", settings=settings, now=NOW
    )
    with transaction(home.db):
        return ways.add(
            home.db, home.vault, channel_id=channel, destination="a@example.cn", contact_id=contact_id
        )


def _apply(home: Home, station: int) -> int:
    form = replace(WANG, community_id=str(min(_locality(home, station).community_ids)))
    checked = enrolment.check(form, _locality(home, station), NOW.date())
    intake.receive(home.db, home.vault, form, checked, form_id=intake.new_form_id(), station=station, now=NOW)
    return int(home.db.scalar("SELECT max(id) FROM application"))


def _locality(home: Home, station: int) -> enrolment.Locality:
    here = communities.station(home.db, station)
    ids = frozenset(c.id for c in communities.communities(home.db) if c.station == station)
    return enrolment.Locality(here.area_code, here.address_prefix, ids)
