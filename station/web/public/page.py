"""Sending a finder's page in one piece: inline style and script, their hashes in the policy, gzip."""

import base64
import gzip
import hashlib
import re
import secrets
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from flask import Response, render_template, request
from flask_babel import force_locale

from station.incidents import reports
from station.web import connection, language
from station.web.public.card import HelpCard

_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
# Stand in the cached page for what differs from badge to badge and from request to request.
_BADGE, _PRESS = "@badge@", "@press@"
_ZIPPED = ("Content-Encoding", "gzip")


class Segment(NamedTuple):
    """A piece of a page, raw and as a deflate block that refers to nothing before it, so that pieces can be joined."""

    raw: bytes
    deflated: bytes


class Frame(NamedTuple):
    """The help page of one station in one language, without the badge's own lines and the press form's own words."""

    before: Segment
    between: Segment
    after: Segment
    headers: list[tuple[str, str]]


def large() -> bool:
    return request.args.get("t") == "1"


def host() -> str:
    """The official domain, as it stands on every badge."""
    return connection.config().base_url.split("://", 1)[-1]


def query() -> str:
    """The chosen language and type size, carried from page to page; empty when nothing was chosen."""
    chosen = request.args.get("l", "")
    parts = [f"l={chosen}"] if chosen in language.PUBLIC else []
    parts += ["t=1"] if large() else []
    return "?" + "&".join(parts) if parts else ""


def render(template: str, http_status: int = 200, /, **values: object) -> Response:
    """A whole page from a template."""
    html = render_template(
        f"public/{template}", language=language.choose(), large=large(), query=query(), host=host(), **values
    )
    body, headers = html.encode(), sent_with(policy(html))
    if _takes_gzip():
        body, headers = gzip.compress(body, 6, mtime=0), [*headers, _ZIPPED]
    return Response(body, http_status, headers)


def render_help(station: HelpCard, badge: HelpCard, press: str) -> Response:
    """The help page; `press` is the opening of its form."""
    spoken = language.choose()
    pieces = help_pieces(station, badge, press, spoken, large())
    headers = [*_frame(station, spoken, large()).headers, ("Content-Language", spoken)]
    if _takes_gzip():
        return Response(joined(pieces), headers=[*headers, _ZIPPED])
    return Response(plain(pieces), headers=headers)


def help_pieces(
    station: HelpCard, badge: HelpCard, press: str, spoken: str, large_type: bool = False
) -> tuple[Segment, ...]:
    """The help page in pieces. All but the badge's lines and the press form was rendered and packed once."""
    frame = _frame(station, spoken, large_type)
    return frame.before, _badge_lines(badge, spoken), frame.between, _stored(press), frame.after


def press_form(action: str) -> str:
    """The opening of the help page's form. Its path is digits, the rest is made here: nothing to escape."""
    request_id = secrets.token_urlsafe(16)
    code = reports.call_code(connection.ring(), request_id)
    return (
        f'<form id="f" method="post" action="{action}" data-code="{code}">'
        f'<input type="hidden" name="request_id" value="{request_id}">'
    )


def joined(pieces: Iterable[Segment]) -> bytes:
    """One gzip file (RFC 1952) of all pieces; an empty last block ends it."""
    packed, check, size = [_GZIP_HEADER], 0, 0
    for raw, deflated in pieces:
        packed.append(deflated)
        check = zlib.crc32(raw, check)
        size += len(raw)
    packed.append(b"\x03\x00" + check.to_bytes(4, "little") + size.to_bytes(4, "little"))
    return b"".join(packed)


def plain(pieces: Iterable[Segment]) -> bytes:
    return b"".join(piece.raw for piece in pieces)


def policy(html: str) -> str:
    """The Content-Security-Policy that allows exactly the inline style and script of this page."""
    hashes: dict[str, str] = {"style": "'none'", "script": "'none'"}
    for kind, content in _INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        hashes[kind] = f"'sha256-{digest}'"
    # Only the page on which the station shows a photo or plays a voice may load one.
    media = "img-src 'self'; " if "<img " in html else ""
    media += "media-src 'self'; " if "<audio " in html else ""
    return (
        f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}; connect-src 'self'; {media}"
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


@lru_cache(maxsize=256)
def _frame(station: HelpCard, spoken: str, large_type: bool) -> Frame:
    with force_locale(spoken):
        html = render_template(
            "public/help.html",
            card=station,
            host=host(),
            badge_mark=_BADGE,
            press_mark=_PRESS,
            language=spoken,
            large=large_type,
        )
    html = _INLINE.sub(_tight, _trimmed(html))
    before, rest = html.split(_BADGE)
    between, after = rest.split(_PRESS)
    return Frame(_packed(before), _packed(between), _packed(after), sent_with(policy(html)))


def _trimmed(html: str) -> str:
    """Without indentation, and without the line ends between elements: none of them stands in a line of text."""
    return re.sub(r"(?<=>)\n(?=<)", "", re.sub(r"\n\s*", "\n", html))


def _tight(inline: re.Match[str]) -> str:
    """Style or script without the line ends that mean nothing."""
    return re.sub(r"(?<=[;{},])\n" if inline[1] == "style" else r"(?<=[;{,])\n", "", inline[0])


@lru_cache(maxsize=8192)
def _badge_lines(badge: HelpCard, spoken: str) -> Segment:
    """What is this badge's own."""
    with force_locale(spoken):
        return _packed(_trimmed(render_template("public/badge.html", card=badge)))


def _takes_gzip() -> bool:
    return "gzip" in request.accept_encodings


def _packed(text: str) -> Segment:
    raw = text.encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Segment(raw, packer.compress(raw) + packer.flush(zlib.Z_FULL_FLUSH))


def _stored(text: str) -> Segment:
    """A piece as it is: a few random digits do not pack, and packing them costs more than sending them."""
    raw = text.encode()
    size = len(raw)
    return Segment(raw, b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + raw)


def sent_with(csp: str) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", csp),
        ("Permissions-Policy", "geolocation=(self), camera=(), microphone=()"),
        ("Vary", "Accept-Encoding, Accept-Language"),
    ]
