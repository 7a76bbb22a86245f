"""The badge that a form shows: a photo of it, or else what was typed or read by a camera."""

from flask import request

from station import photos
from station.issuing import proofs
from station.issuing.proofs import Shown
from station.web import connection, elder_form


def shown() -> Shown:
    """Which badge it is. Raises Invalid when the photo shows none, or not this one alone."""
    ring, base_url = connection.ring(), connection.config().base_url
    if not elder_form.had_photo():
        return proofs.from_text(ring, request.form.get("code", ""), base_url)
    return proofs.from_photo(ring, request.files["photo"].read(photos.MAX_BYTES + 1), base_url)
