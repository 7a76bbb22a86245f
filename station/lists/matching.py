"""Whether the person of a row is registered already: by identity number, else by name, birth date and a phone."""

from typing import Any

from station.db import StationDatabase
from station.enrolment import Enrolment
from station.errors import Invalid
from station.vault import Vault
from station.vocabulary import N_

ELSEWHERE = N_("This identity number is registered at another station. Ask there before the elder moves.")
TWIN = N_("The same person as in row %(row)s.")

Person = tuple[str, str]  # name, birth date


class Matcher:
    """Knows the register of one station, and the rows of one list that it was asked about."""

    def __init__(self, db: StationDatabase, vault: Vault, station: int) -> None:
        self._db, self._vault, self._station = db, vault, station
        self._people: dict[bytes, Person] = {}  # opened once, by their sealed bytes
        self._rows: dict[bytes | tuple[str, str, str], int] = {}

    def registered(self, enrolment: Enrolment) -> int | None:
        """The elder's id, or None. Raises Invalid when it is registered at another station."""
        identity = self._identity(enrolment)
        if identity:
            row = self._db.row("SELECT id, station FROM elder WHERE identity_index = ?", identity)
            if row and row["station"] != self._station:
                raise Invalid("identity_number", ELSEWHERE)
            if row:
                return int(row["id"])
        return self._by_phone(enrolment, identity)

    def refuse_twin(self, number: int, enrolment: Enrolment) -> None:
        """Raises Invalid when an earlier row of the list is the same person."""
        keys: list[bytes | tuple[str, str, str]] = [
            (enrolment.name, enrolment.birth_date, one.phone) for one in enrolment.contacts
        ]
        identity = self._identity(enrolment)
        keys = [identity] if identity else keys
        first = next((self._rows[key] for key in keys if key in self._rows), None)
        if first is not None:
            raise Invalid("name", TWIN, row=first)
        self._rows |= dict.fromkeys(keys, number)

    def _by_phone(self, enrolment: Enrolment, identity: bytes | None) -> int | None:
        wanted = (enrolment.name, enrolment.birth_date)
        for contact in enrolment.contacts:
            for row in self._db.rows(
                "SELECT DISTINCT elder.id, elder.uid, elder.name, elder.record, elder.identity_index FROM contact "
                "JOIN elder ON elder.id = contact.elder_id WHERE contact.phone_index = ? AND elder.station = ?",
                self._vault.blind("phone", contact.phone),
                self._station,
            ):
                # Two different numbers are two people, however alike they are.
                differ = identity and row["identity_index"] and identity != row["identity_index"]
                if not differ and self._person(row) == wanted:
                    return int(row["id"])
        return None

    def _person(self, row: dict[str, Any]) -> Person | None:
        known = self._people.get(row["record"])
        subject = f"elder/{row['uid']}"
        if known is None and self._vault.has(subject):  # an erased one is nobody
            name = self._vault.open(subject, f"elder|{row['uid']}|name", row["name"])["name"]
            record = self._vault.open(subject, f"elder|{row['uid']}|record", row["record"])
            known = self._people[row["record"]] = (name, record["birth_date"])
        return known

    def _identity(self, enrolment: Enrolment) -> bytes | None:
        return self._vault.blind("identity", enrolment.id_normal) if enrolment.id_normal else None
