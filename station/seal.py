"""All cryptography: the keyring, badge tokens, sealed fields, blind indexes, derived secrets."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from station.errors import SettingError

SUITE = 1  # AES-256-GCM; the first byte of every sealed value, so that another suite can follow
TOKEN_LENGTH = 52
_TOKEN_BITS = 168


class Unsealable(Exception):
    """A sealed value that does not belong to this key, row or column, or was altered."""


@dataclass(frozen=True)
class Keyring:
    """The secrets of one instance. Loses nothing when printed: `keyring.json` and the paper copy are the same."""

    kek: dict[int, bytes]  # key id 0..255 -> 32 bytes; wraps the per-person keys
    badge: dict[str, bytes]  # one digit -> 64 bytes; old ones stay, or their badges die
    root: bytes  # 32 bytes; everything else is derived from it by label
    blind: bytes  # 32 bytes; blind indexes, apart because it is as secret as what it hides
    _derived: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    _siv: dict[str, AESSIV] = field(default_factory=dict, repr=False, compare=False)

    @property
    def newest_kek(self) -> int:
        return max(self.kek)

    @property
    def newest_badge_key(self) -> str:
        return max(self.badge)

    def siv(self, digit: str) -> AESSIV:
        if digit not in self._siv:
            self._siv[digit] = AESSIV(self.badge[digit])
        return self._siv[digit]

    def derive(self, label: str) -> bytes:
        """A 32-byte secret for one purpose (HKDF-Expand of RFC 5869 with a single block)."""
        if label not in self._derived:
            self._derived[label] = hmac.digest(self.root, label.encode() + b"\x01", "sha256")
        return self._derived[label]

    def check_value(self) -> str:
        """What a database remembers of its keyring, to refuse another one. Tells nothing about the keys."""
        return hmac.digest(
            self.root, b"check" + self.blind + b"".join(self.kek[k] for k in sorted(self.kek)[:1]), "sha256"
        ).hex()


def new_keyring() -> Keyring:
    return Keyring(
        kek={1: os.urandom(32)}, badge={"1": os.urandom(64)}, root=os.urandom(32), blind=os.urandom(32)
    )


def dump_keyring(ring: Keyring) -> str:
    """The keyring as JSON text."""

    def b64(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return json.dumps(
        {
            "version": 1,
            "kek": {str(k): b64(v) for k, v in ring.kek.items()},
            "badge": {k: b64(v) for k, v in ring.badge.items()},
            "root": b64(ring.root),
            "blind": b64(ring.blind),
        },
        indent=1,
    )


def load_keyring(text: str) -> Keyring:
    """The inverse of `dump_keyring`. Raises SettingError when the text is not a whole keyring."""
    try:
        raw = json.loads(text)
        ring = Keyring(
            kek={int(k): base64.b64decode(v, validate=True) for k, v in raw["kek"].items()},
            badge={k: base64.b64decode(v, validate=True) for k, v in raw["badge"].items()},
            root=base64.b64decode(raw["root"], validate=True),
            blind=base64.b64decode(raw["blind"], validate=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            "The keyring is damaged; bring it back from the paper copy: station keys from-paper"
        ) from error
    sizes_hold = (
        ring.kek
        and ring.badge
        and all(len(k) == 32 for k in [*ring.kek.values(), ring.root, ring.blind])
        and all(len(k) == 64 and d.isascii() and d.isdigit() and len(d) == 1 for d, k in ring.badge.items())
    )
    if not sizes_hold:
        raise SettingError(
            "The keyring lacks a key or holds one of the wrong size; bring it back from the paper copy."
        )
    return ring


def write_keyring(path: Path, ring: Keyring) -> None:
    """Write the keyring so that its owner alone can read it. Never overwrites one: a lost key is a dead badge."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w") as file:
        file.write(dump_keyring(ring))
        file.flush()
        os.fsync(file.fileno())


def read_keyring(path: Path) -> Keyring:
    """Read the keyring. Raises SettingError when it is missing or others can read it."""
    if not path.exists():
        raise SettingError(
            f"There is no keyring at {path}. Make one with `station init`, or bring it back from the paper copy."
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SettingError(
            f"Others on this machine can read the keyring ({mode:04o}). Mend it with: chmod 400 {path}"
        )
    return load_keyring(path.read_text())


# Badge tokens -------------------------------------------------------------------------------------


def badge_token(ring: Keyring, station: int, serial: int, digit: str | None = None) -> str:
    """The 52 digits on a badge: one key digit, then AES-SIV (RFC 5297) over station (16 bit) and serial (24 bit).

    Deterministic, so that a badge is reprinted from its serial and no token is stored.
    """
    digit = digit or ring.newest_badge_key
    plain = station.to_bytes(2, "big") + serial.to_bytes(3, "big")
    sealed = ring.siv(digit).encrypt(plain, [b"badge/1", digit.encode()])
    return digit + f"{int.from_bytes(sealed, 'big'):051d}"


def open_badge_token(ring: Keyring, token: str) -> tuple[int, int] | None:
    """The (station, serial) of an authentic token, else None. Costs microseconds and no database read."""
    if len(token) != TOKEN_LENGTH or not (token.isascii() and token.isdigit()) or token[0] not in ring.badge:
        return None
    number = int(token[1:])
    if number >> _TOKEN_BITS:
        return None
    try:
        plain = ring.siv(token[0]).decrypt(number.to_bytes(21, "big"), [b"badge/1", token[0].encode()])
    except InvalidTag:
        return None
    return int.from_bytes(plain[:2], "big"), int.from_bytes(plain[2:], "big")


# Sealed values ------------------------------------------------------------------------------------


def new_key() -> bytes:
    """A fresh 32-byte key of one person (or of one incident's finders)."""
    return os.urandom(32)


def seal(key: bytes, plain: bytes, place: str, key_id: int = 0) -> bytes:
    """AES-256-GCM of `plain`, bound to `place` (table|row|column): suite 1, key id 1, nonce 12, ciphertext, tag 16."""
    nonce = os.urandom(12)
    header = bytes((SUITE, key_id))
    return header + nonce + AESGCM(key).encrypt(nonce, plain, header + place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The inverse of `seal`. Raises Unsealable on any other key, place, or altered byte."""
    if len(sealed) < 30 or sealed[0] != SUITE:
        raise Unsealable("not a sealed value of a known suite")
    try:
        return AESGCM(key).decrypt(sealed[2:14], sealed[14:], sealed[:2] + place.encode())
    except InvalidTag as error:
        raise Unsealable(f"a sealed value does not open at {place.split('|')[0]}") from error


def wrap_key(ring: Keyring, key: bytes, subject: str) -> bytes:
    return seal(ring.kek[ring.newest_kek], key, f"dek|{subject}", ring.newest_kek)


def unwrap_key(ring: Keyring, wrapped: bytes, subject: str) -> bytes:
    if len(wrapped) < 2 or wrapped[1] not in ring.kek:
        raise Unsealable("wrapped by a key that this keyring does not hold")
    return unseal(ring.kek[wrapped[1]], wrapped, f"dek|{subject}")


def blind_index(ring: Keyring, label: str, value: str) -> bytes:
    """A keyed fingerprint by which an exact phone or identity number is found without being stored."""
    return hmac.digest(ring.blind, f"{label}|{value}".encode(), "sha256")[:16]


# Derived secrets ----------------------------------------------------------------------------------


def derived_token(ring: Keyring, purpose: str, subject: str) -> str:
    """A 128-bit token that can be made again from what it stands for, so that only its hash is stored."""
    return hmac.digest(ring.derive(purpose), subject.encode(), "sha256")[:16].hex()


def number_token(ring: Keyring, purpose: str, number: int, size: int = 8) -> str:
    """128 bits that hold a number of `size` bytes, so that nothing need be stored: one AES block of it and zero bytes.

    Encode-then-encipher (Bellare and Rogaway, 2000): who has no keyring makes a valid one with 2^-64 a guess (of eight
    bytes; the longer the number, the fewer zeros tell).
    """
    block = _block(ring, purpose).encryptor()
    return (block.update(number.to_bytes(size, "big") + bytes(16 - size)) + block.finalize()).hex()


def open_number_token(ring: Keyring, purpose: str, token: str, size: int = 8) -> int | None:
    """The number in an authentic token of 32 hexadecimal digits, else None."""
    block = _block(ring, purpose).decryptor()
    plain = block.update(bytes.fromhex(token)) + block.finalize()
    authentic = hmac.compare_digest(plain[size:], bytes(16 - size))
    return int.from_bytes(plain[:size], "big") if authentic else None


def _block(ring: Keyring, purpose: str) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(ring.derive(purpose)), modes.ECB())  # noqa: S305 - a single block


def random_token() -> str:
    """A 256-bit token for a session."""
    return secrets.token_hex(32)


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def three_digits(ring: Keyring, request_id: str) -> str:
    """The code beside the call button; the same request id gives the same code on the page and in the report."""
    return f"{int.from_bytes(hmac.digest(ring.derive('call-code'), request_id.encode(), 'sha256')[:4], 'big') % 1000:03d}"


def chain(ring: Keyring, previous: bytes, row: bytes) -> bytes:
    """The code of one audit row, bound to the row before it."""
    return hmac.digest(ring.derive("audit"), previous + row, "sha256")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
