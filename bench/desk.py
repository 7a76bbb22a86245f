"""What the registration desk does beside scans: photos straight from a camera, coverage, the register as a file."""

import http.client
import io
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import median
from urllib.parse import urlencode

from PIL import Image

from bench import load, stations
from bench.figures import Figure, at_most, median_ratio, percentile, verdict
from bench.stations import Station
from station import elders
from station.db import StationDatabase, transaction
from station.elders import Origin
from station.enrolment import CheckedContact, Enrolment
from station.vault import Vault

ELDERS = 10_000
UPLOADS, CLERKS = 50, 5
CAMERA = (4000, 3000)  # 12 megapixels
TOGETHER = 500
RATE = 50
ROUNDS, PHASE_S, SETTLE_S, MOST_S = 7, 5.0, 0.5, 600.0

Phase = tuple[float, float]


def run() -> list[Figure]:
    photo = _camera()
    with stations.running(elders=ELDERS, enter=_register) as station:
        scans = load.Plan(
            station.port, station.scans([station.page(n) for n in range(8)]), seconds=MOST_S, rate=RATE
        )
        load.run(replace(scans, seconds=3), 201)
        desk = Desk(station, "secretary")
        alone: list[float] = []
        _upload(desk, [1, 2, 3], photo, alone)
        took: list[float] = []
        works: list[tuple[str, Callable[[], object]]] = [
            (f"{UPLOADS} photos from {CLERKS} clerks", lambda: took.extend(_upload_many(desk, photo))),
            ("the coverage page, one look after the other", lambda: desk.get("/coverage")),
            (f"{ELDERS:,} elders written to a file and fetched", lambda: _export(desk)),
        ]
        beside = [_beside(name, scans, work) for name, work in works]
    return [
        at_most(f"a photo of 12 megapixels ({len(photo) / 1e6:.1f} MB) sent and kept", min(alone), 1, "s"),
        Figure(
            f"the same of {CLERKS} clerks at once: p50, p99",
            f"{percentile(took, 0.5):.2f} s, {percentile(took, 0.99):.2f} s",
        ),
        *beside,
    ]


class Desk:
    """A signed-in member of the staff on a connection of their own."""

    def __init__(self, station: Station, role: str) -> None:
        account = next(one for one in station.about["accounts"] if one["role"] == role)
        self._port, self._cookies = station.port, dict[str, str]()
        self.token = self._token("/login")
        self.post("/login", username=account["username"], password=account["password"])
        self.token = self._token("/elders/new")

    def get(self, path: str) -> bytes:
        return self.send("GET", path)[1]

    def post(self, path: str, **typed: str) -> str:
        body = urlencode({"csrf_token": self.token, **typed}).encode()
        return self.send("POST", path, body, "application/x-www-form-urlencoded")[0]

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[str, bytes]:
        """Where the answer leads, and its body."""
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        client.request(method, path, body, {"Content-Type": kind, "Cookie": cookies})
        answer = client.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies.update([value.split(";")[0].split("=", 1)])
        client.close()
        assert answer.status < 400, f"{method} {path}: {answer.status}"
        return answer.headers.get("Location", ""), content

    def _token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).decode())
        assert found
        return found[1]


def _beside(name: str, plan: load.Plan, work: Callable[[], object]) -> Figure:
    """Scans that never pause, while the work goes on and while it rests, in turns: p99 of the ones against the others.

    The median of the turns' ratios, since a disk that stands still for a moment falls into one turn or another.
    """
    scans, busy, calm = load.start(plan), [], []
    time.sleep(SETTLE_S)
    for _ in range(ROUNDS):
        calm.append(_during(lambda: time.sleep(PHASE_S)))
        busy.append(_during(work))
        time.sleep(SETTLE_S)
    outcome = load.stopped(scans)
    assert set(outcome.status) == {201}
    turns = [(_p99(outcome, one), _p99(outcome, other)) for one, other in zip(busy, calm, strict=True)]
    ratio, (beside, idle) = median_ratio(turns), (median(one) for one in zip(*turns, strict=True))
    return Figure(
        f"p99 of scans beside {name}",
        f"{ratio:.2f} × ({beside * 1000:.0f} : {idle * 1000:.0f} ms; {len(outcome.took)} scans)",
        "≤ 2 × idle",
        verdict(ratio <= 2),
    )


def _during(work: Callable[[], object]) -> Phase:
    """When the work, done again and again for at least five seconds, began and ended (time.monotonic)."""
    began = time.monotonic()
    while time.monotonic() < began + PHASE_S:
        work()
    return began, time.monotonic()


def _p99(outcome: load.Outcome, phase: Phase) -> float:
    """Seconds, of the scans that were sent in this phase."""
    began, ended = phase
    sent = zip(outcome.sent, outcome.took, strict=True)
    return percentile([took for at, took in sent if began <= at <= ended], 0.99)


def _upload_many(desk: Desk, photo: bytes) -> list[float]:
    """Fifty photos by five clerks; how long each took."""
    took: list[float] = []
    share = [range(1 + n, 1 + UPLOADS, CLERKS) for n in range(CLERKS)]
    clerks = [threading.Thread(target=_upload, args=(desk, one, photo, took)) for one in share]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    return took


def _upload(desk: Desk, elder_ids: Iterable[int], photo: bytes, took: list[float]) -> None:
    line = uuid.uuid4().hex
    parts = (
        f'--{line}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{desk.token}\r\n--{line}\r\n'
        'Content-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    body = parts.encode() + photo + f"\r\n--{line}--\r\n".encode()
    for elder_id in elder_ids:
        began = time.monotonic()
        desk.send("POST", f"/elders/{elder_id}/photo", body, f"multipart/form-data; boundary={line}")
        took.append(time.monotonic() - began)


def _camera() -> bytes:
    """A photo as a phone takes it: 12 megapixels with some grain, about 4 MB."""
    plain = Image.linear_gradient("L").resize(CAMERA)
    grain = Image.effect_noise(CAMERA, 40)
    out = io.BytesIO()
    Image.merge("RGB", (Image.blend(plain, grain, 0.3), plain, grain)).save(out, "JPEG", quality=80)
    return out.getvalue()


def _export(desk: Desk) -> None:
    """The register written in the background, looked at as a page does, fetched."""
    path = desk.post("/elders/export", kind="xlsx", reason="copy")
    while b'"ready"' not in desk.get(f"{path}/state"):
        time.sleep(0.7)
    assert len(desk.get(f"{path}/file")) > 100 * ELDERS // 10


def _register(db: StationDatabase, vault: Vault, count: int) -> None:
    """So many elders with whole records, hundreds to a transaction."""
    for begin in range(0, count, TOGETHER):
        uids = {n: uuid.uuid4().hex for n in range(begin, min(count, begin + TOGETHER))}
        vault.create((f"elder/{uid}" for uid in uids.values()), stations.BEGAN)
        with transaction(db):
            for n, uid in uids.items():
                elders.add(db, vault, uid, _person(n), Origin(f"bench-{n}", 1, None, "paper"), stations.BEGAN)


def _person(n: int) -> Enrolment:
    return Enrolment(
        name=stations.SURNAMES[n % 20] + stations.GIVEN[n % 23 : n % 23 + 2],
        community_id=1,
        address=f"吉林市帝景小区{n}号楼2单元301",
        birth_date=f"19{30 + n % 36}-03-05",
        sex="female",
        id_last_four="0000",
        id_normal="",
        contacts=tuple(CheckedContact("张伟", f"+861990{n:07d}"[:14], "son") for _ in range(1)),
        health_notes=("memory",),
        history="喜欢去江边。",
        call_name="",
        hints=(),
        consents=("record", "family_place"),
        given_by="relative",
    )
