"""What a worker shows of the badge on the table: its code, scanned or photographed, or its number, typed."""

from dataclasses import dataclass

from station import darkroom, photos, seal
from station.errors import Invalid
from station.photos import PhotoError
from station.seal import Keyring

TYPED, SCANNED, PHOTOGRAPHED, WINDOW = PROOFS = ("typed", "scanned", "photographed", "window")


@dataclass(frozen=True)
class Shown:
    """What a badge's code or number said. A code may raise an alert, so it goes to no log."""

    code: str
    proof: str  # one of PROOFS; who typed a number may have read it from the screen


def from_text(ring: Keyring, text: str, base_url: str) -> Shown:
    """What was typed, or filled in by a camera. Raises Invalid for a code that leads to another address."""
    token = _token(text.strip())
    if seal.open_badge_token(ring, token) is None:
        return Shown(text, TYPED)
    if token != text.strip():
        _refuse_elsewhere(text.strip(), base_url)
    return Shown(token, SCANNED)


def from_photo(ring: Keyring, photo: bytes, base_url: str) -> Shown:
    """The one badge in a photo, which is not kept. Raises Invalid for no code, several, or one that is not ours."""
    try:
        found = set(darkroom.codes(photo))
    except PhotoError as error:
        raise Invalid("photo", photos.REASONS[error.code], **error.params) from None
    if not found:
        raise Invalid(
            "photo",
            "No code can be read in the photo. Go nearer, without glare and shadow, and take it once more.",
        )
    if len(found) > 1:
        raise Invalid("photo", "There are several codes in the photo. Photograph this one badge alone.")
    text = found.pop()
    token = _token(text)
    if seal.open_badge_token(ring, token) is None:
        raise Invalid(
            "photo",
            "The code in the photo is not of our badges. Photograph the badge itself, from the front.",
        )
    _refuse_elsewhere(text, base_url)
    return Shown(token, PHOTOGRAPHED)


def _token(text: str) -> str:
    return text.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]


def _refuse_elsewhere(text: str, base_url: str) -> None:
    address = text.split("?", 1)[0].rstrip("/").rpartition("/")[0]
    if address.lower() != base_url.lower():
        raise Invalid(
            "code",
            "The code leads to another address than ours. Do not hand this badge over; make a new one.",
        )
