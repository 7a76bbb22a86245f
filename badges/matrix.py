"""From a badge address to the modules of its QR symbol (ISO/IEC 18004)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from qrcode import QRCode, util
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError

from badges import masks
from badges.errors import BadUrl

VERSION = 4
HOST_AT_Q, HOST_AT_M = 14, 30
LEVELS = {"L": ERROR_CORRECT_L, "M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q}
_STRICT = re.compile(r"https://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/(?P<token>[0-9]{52})")
_RELAXED = re.compile(r"https?://(?P<host>[a-z0-9.-]+(?::[0-9]{1,5})?)/(?P<token>[0-9]{52})")
_LONGEST_RELAXED = 100


@dataclass(frozen=True)
class Matrix:
    """A QR symbol without its quiet zone; modules[row][column] is True where it is black."""

    url: str
    version: int
    level: str
    size: int
    modules: tuple[tuple[bool, ...], ...]
    mask: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A matrix in a fiftieth of its memory, for the thousands of a large sheet."""

    url: str
    version: int
    level: str
    size: int
    modules: int  # bits row by row, the first one highest, 1 where it is black
    mask: int


def pack(code: Matrix) -> Packed:
    bits = "".join("1" if black else "0" for row in code.modules for black in row)
    return Packed(code.url, code.version, code.level, code.size, int(bits, 2), code.mask)


def unpack(code: Packed) -> Matrix:
    """The inverse of `pack`."""
    flags = [bit == "1" for bit in format(code.modules, f"0{code.size**2}b")]
    rows = tuple(tuple(flags[at : at + code.size]) for at in range(0, len(flags), code.size))
    return Matrix(code.url, code.version, code.level, code.size, rows, code.mask)


def make(url: str, *, relaxed: bool = False) -> Matrix:
    """The symbol of a badge address https://<host>/<52 digits>.

    Version 4 at the highest error level that fits: 14,560 degraded pictures showed that finer symbols
    lose distance and coarser ones lose dirt. A host too long for Q gets M rather than version 5 at Q: read
    50 to 47 times of 100 in bench/robustness.py. Upper case is refused since phones treat such links as text.
    relaxed admits what only a trial station has (http, a port, a long host) and takes the smallest
    version from 4 up at Q, else M. Raises BadUrl.
    """
    head, token = _parts(url, relaxed=relaxed)
    for version, level in _choices(len(head) - len("https:///"), relaxed=relaxed):
        segments = (
            util.QRData(head.encode(), util.MODE_8BIT_BYTE),
            util.QRData(token.encode(), util.MODE_NUMBER),
        )
        plain = _symbol(segments, version, level, 0)
        if plain is not None:
            rows, mask = masks.best(plain, _differences(version, level))
            return Matrix(url, version, level, len(rows), _modules(rows), mask)
    raise BadUrl(url, "is too long for a readable code", "Use a shorter host name.")


def _parts(url: str, *, relaxed: bool) -> tuple[str, str]:
    found = (_RELAXED if relaxed else _STRICT).fullmatch(url)
    if found is None:
        raise BadUrl(url, *_what_is_wrong(url, relaxed=relaxed))
    host, token = found["host"], found["token"]
    longest = _LONGEST_RELAXED if relaxed else HOST_AT_M
    if len(host) > longest:
        reason = f"has a host of {len(host)} characters; {longest} is the most for a readable code"
        raise BadUrl(url, reason, f"Use a shorter host name, best {HOST_AT_Q} characters or less.")
    return url.removesuffix(token), token


def _what_is_wrong(url: str, *, relaxed: bool) -> tuple[str, str]:
    """First rule the address breaks, as a reason and an advice."""
    wanted = "Write it as https://host/ and 52 digits."
    rest = url.partition("://")[2]
    host, _, path = rest.partition("/")
    rules = (
        (
            not url.isascii(),
            "has characters that are not plain ASCII",
            "Use the punycode form of the host name.",
        ),
        (
            url != url.lower(),
            "has upper case letters",
            "Phones may take it for text: write it in lower case.",
        ),
        (not relaxed and not url.startswith("https://"), "does not start with https://", wanted),
        ("@" in host, "has a user name in it", wanted),
        (
            not relaxed and ":" in host,
            "has a port",
            "Badges live for years: serve it on the normal https port.",
        ),
        (path.endswith("/"), "ends with a slash", wanted),
        ("/" in path or "?" in path or "#" in path, "has more than one path part", wanted),
        (re.fullmatch("[0-9]{52}", path) is None, "does not end with a 52-digit token", wanted),
    )
    return next(
        ((why, do) for wrong, why, do in rules if wrong), ("has a host name that cannot be right", wanted)
    )


def _choices(host_length: int, *, relaxed: bool) -> list[tuple[int, str]]:
    if relaxed:
        return [(version, level) for version in range(VERSION, 11) for level in "QM"]
    return [(VERSION, "Q" if host_length <= HOST_AT_Q else "M")]


def _symbol(segments: tuple[util.QRData, ...], version: int, level: str, mask: int) -> tuple[int, ...] | None:
    """Rows as whole numbers, bit 0 the leftmost module; None when the data does not fit."""
    code = QRCode(version=version, error_correction=LEVELS[level], border=0, mask_pattern=mask)
    for segment in segments:
        code.add_data(segment)
    try:
        code.make(fit=False)
    except DataOverflowError:
        return None
    assert code.version == version
    return tuple(sum(1 << x for x, black in enumerate(row) if black) for row in code.modules)


@lru_cache(maxsize=32)
def _differences(version: int, level: str) -> tuple[tuple[int, ...], ...]:
    """What to XOR onto the symbol with mask 0 to get masks 0 to 7; independent of the data."""
    any_data = (util.QRData(b"0", util.MODE_NUMBER),)
    symbols = [_symbol(any_data, version, level, mask) for mask in range(8)]
    plain = symbols[0]
    assert plain is not None
    return tuple(
        tuple(a ^ b for a, b in zip(plain, other, strict=True)) for other in symbols if other is not None
    )


def _modules(rows: tuple[int, ...]) -> tuple[tuple[bool, ...], ...]:
    return tuple(tuple(bool(row >> x & 1) for x in range(len(rows))) for row in rows)
