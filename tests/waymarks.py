"""Landmarks on the map, and a report that names one."""

import uuid

import pytest

from station import places
from station.communities import communities, station
from station.incidents import views
from station.landmarks import records
from station.landmarks.records import Entry

MARKET = places.Point(43.8168, 126.5683)
BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}


def put(home, now, **fields) -> records.Landmark:
    """Enter a landmark."""
    entry = Entry(
        **{"kind": "stop", "name": "东市场公交站", "lat": str(MARKET.lat), "lon": str(MARKET.lon)} | fields
    )
    checked = records.check(entry, station(home.db, 1), communities(home.db))
    landmark_id = records.add(home.db, home.ring, checked, station=1, by=1, now=now)
    return records.get(home.db, landmark_id)


@pytest.fixture
def market(home, now) -> records.Landmark:
    return put(home, now)


def send(client, wang, **sent):
    body = {"act": "with_elder", "request_id": str(uuid.uuid4())} | sent
    answer = client.post(f"{wang.path}/scans", json=body, base_url=BASE)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def whole(home, incident: str) -> views.Whole:
    return views.whole(home.db, home.vault, int(incident))


@pytest.fixture
def safe_ones(home, now) -> list[records.Landmark]:
    """Three safe places, the nearest to the market first although entered last, and one that is none."""
    put(home, now, kind="shop", name="东市场菜店")
    far = put(home, now, kind="police", name="松园派出所", lat="43.8094", safe=True, phone="62010023")
    middle = put(home, now, kind="shop", name="老孙家面馆", lat="43.8226", safe=True)
    hours = {"hours": "8:00-20:00", "phone": "62010021"}
    near = put(home, now, kind="shop", name="向阳药房", lat="43.8172", safe=True, **hours)
    return [near, middle, far]
