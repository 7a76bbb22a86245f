"""Pages of finders whose report has no row of its own: all that such a page needs stands in its address.

Counted ones (counting.py), and those that wait in the spool, of which a flood's are counted when they are taken in.
"""

from dataclasses import dataclass

from station import seal
from station.db import StationDatabase
from station.seal import Keyring

_CODE_BITS, _COUNTED_SALT = 10, 22  # which leaves 32 for the number of a scan
# Of a waiting page's 88 bits; the other 40 of the address say that it is ours.
_SERIAL_BITS, _SALT_BITS, _SIZE = 24, 38, 11


@dataclass(frozen=True)
class Rowless:
    """The scan beside which a report was counted, and the report's own code.

    It is the report's `own` when the report had been written before it came once more and went to the spool.
    """

    scan_id: int
    code: str
    own: bool = False


@dataclass(frozen=True)
class Waiting:
    """What the address of a waiting report's page tells: whose badge it was, and the report's own code."""

    station: int
    serial: int
    code: str


def counted_page(ring: Keyring, scan_id: int, code: str, request_id: str) -> str:
    number = (scan_id << _CODE_BITS | int(code)) << _COUNTED_SALT | _salt(request_id, _COUNTED_SALT)
    return seal.number_token(ring, "counted", number)


def waiting_page(ring: Keyring, station: int, serial: int | None, code: str, uid: str) -> str | None:
    """The address for a report that cannot be written now; None for what is no badge of ours (a poster, another

    town's): such a one has its page by its `uid` alone, and is never counted.
    """
    if serial is None or not 0 <= serial < 1 << _SERIAL_BITS:
        return None
    badge = station << _SERIAL_BITS | serial
    number = (badge << _CODE_BITS | int(code)) << _SALT_BITS | _salt(uid, _SALT_BITS)
    return seal.number_token(ring, "waiting", number, _SIZE)


def waiting(ring: Keyring, token: str) -> Waiting | None:
    """What stands in the address of a waiting report's page; None when it is none."""
    number = seal.open_number_token(ring, "waiting", token, _SIZE)
    if number is None:
        return None
    badge, code = divmod(number >> _SALT_BITS, 1 << _CODE_BITS)
    return Waiting(badge >> _SERIAL_BITS, badge & (1 << _SERIAL_BITS) - 1, f"{code:03d}")


def is_page(ring: Keyring, token: str) -> bool:
    return seal.open_number_token(ring, "counted", token) is not None or waiting(ring, token) is not None


def find(db: StationDatabase, ring: Keyring, token: str) -> Rowless | None:
    """Where the report behind a page was counted: for one from the spool, beside the newest of its badge from there."""
    number = seal.open_number_token(ring, "counted", token)
    if number is not None:
        number >>= _COUNTED_SALT
        return Rowless(number >> _CODE_BITS, f"{number % (1 << _CODE_BITS):03d}")
    page = waiting(ring, token)
    if page is None:
        return None
    badge = (page.station, page.serial)
    for row in db.rows(
        "SELECT id, uid FROM scan WHERE station = ? AND serial = ? AND code = ?", *badge, page.code
    ):
        if waiting_page(ring, *badge, page.code, row["uid"]) == token:
            return Rowless(row["id"], page.code, own=True)
    scan_id = db.scalar("SELECT max(id) FROM scan WHERE station = ? AND serial = ? AND spooled = 1", *badge)
    return None if scan_id is None else Rowless(scan_id, page.code)


def _salt(text: str, bits: int) -> int:
    return int.from_bytes(seal.token_hash(text)[:8], "big") % (1 << bits)
