"""Safe places near a finder who must go: where to bring the elder or leave word, with hours and phone."""

from dataclasses import asdict, dataclass

from flask_babel import gettext

from station import phones
from station.incidents import locating
from station.incidents.views import FinderStatus
from station.landmarks import records
from station.landmarks.records import Near
from station.web import connection
from station.web.public import card


@dataclass(frozen=True)
class SafePlace:
    """As a finder reads it; the distance is None when nobody knows where the finder is."""

    name: str
    distance_m: int | None
    hours: str
    phone: str
    phone_uri: str
    lat: float
    lon: float

    @property
    def far(self) -> str:
        """640 m, 3.2 km."""
        if self.distance_m is None:
            return ""
        if self.distance_m < 1000:
            return str(gettext("%(n)s m", n=self.distance_m))
        return str(gettext("%(n)s km", n=f"{self.distance_m / 1000:g}"))

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def near(found: FinderStatus) -> list[SafePlace]:
    """The nearest safe places from where the finder is, else from the station; none for who can stay."""
    if found.act != "cannot_stay" or found.state == "closed" or found.incident_id is None:
        return []
    db, vault = connection.get_db(), connection.get_vault()
    here = locating.place_of(db, vault, found.incident_id, found.scan_id)
    start = here or card.point(found.station)
    if start is None:
        return []
    return [_shown(one, known=here is not None) for one in records.safe_near(db, found.station, start)]


def _shown(one: Near, *, known: bool) -> SafePlace:
    """Measured from the station a distance would be wrong for the finder, so then there is none."""
    place = one.landmark
    phone = phones.from_e164(place.phone) if place.phone else None
    return SafePlace(
        name=place.name,
        distance_m=one.distance_m if known else None,
        hours=place.hours,
        phone=phone.shown if phone else "",
        phone_uri=phone.tel_uri if phone else "",
        lat=place.lat,
        lon=place.lon,
    )
