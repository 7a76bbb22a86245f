"""Photos are worked on in a process of their own: it may die, hang or be flooded, and no desk waits for ever."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import crowd
import pytest
import requests
from entering import jpeg
from PIL import Image
from running import ROOT, Running, wait_for

from station import darkroom
from station.darkroom import Darkroom
from station.photos import PhotoError

# What stands at the other end of the door; begun anew each time it ends, as the parent of a station does.
PROCESS = """
import os, socket, sys, time
from pathlib import Path
from station import darkroom
from station.photos import PhotoError

def refuse(photo):
    raise PhotoError("unsupported", kind="HEIC")

def die_once(photo):
    if not os.path.exists(photo):
        Path(photo.decode()).touch()
        os._exit(1)
    return b"developed"

works = {
    "upper": bytes.upper, "refuse": refuse, "die": lambda photo: os._exit(1), "die_once": die_once,
    "sleep": lambda photo: (Path(photo.decode()).touch(), time.sleep(60)),
}
door = socket.socket(fileno=int(sys.argv[1]))
darkroom.serve(works, door, lambda: Path(sys.argv[2]).touch(), lambda: False)
"""


class Process:
    def __init__(self, door: int, beat: Path) -> None:
        self._command = [sys.executable, "-c", PROCESS, str(door), str(beat)]
        self._door, self._stop, self.starts = door, threading.Event(), 0
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def _keep(self) -> None:
        while not self._stop.is_set():
            with subprocess.Popen(self._command, cwd=ROOT, pass_fds=[self._door]) as self._running:
                self.starts += 1
                while self._running.poll() is None and not self._stop.wait(0.01):
                    pass
                self._running.kill()

    def kill(self) -> None:
        self._running.kill()

    def end(self) -> None:
        self._stop.set()
        self._keeper.join()


@pytest.fixture
def doors() -> Iterator[darkroom.Pair]:
    made = darkroom.doors()
    yield made
    for door in made:
        door.close()


@pytest.fixture
def room(doors: darkroom.Pair) -> Darkroom:
    """A room whose own works are none, so that only what goes through the door is done."""
    made = Darkroom({})
    made.go_to(doors[0])
    return made


@pytest.fixture
def process(doors: darkroom.Pair, tmp_path: Path) -> Iterator[Process]:
    made = Process(doors[1].fileno(), tmp_path / "beat")
    yield made
    made.end()


def test_photos_of_many_at_once_each_get_their_own_answer(room: Darkroom, process: Process) -> None:
    sent = [bytes([97 + n % 26]) * (1000 * n + 1) for n in range(60)]
    with ThreadPoolExecutor(20) as desks:
        assert list(desks.map(lambda photo: room.develop("upper", photo), sent)) == [s.upper() for s in sent]
    assert process.starts == 1


def test_what_is_refused_there_is_refused_here_with_the_same_reason(room: Darkroom, process: Process) -> None:
    with pytest.raises(PhotoError) as refused:
        room.develop("refuse", b"photo")
    assert (refused.value.code, refused.value.params) == ("unsupported", {"kind": "HEIC"})


def test_a_photo_during_which_the_process_was_killed_is_worked_on_again(
    room: Darkroom, process: Process, tmp_path: Path
) -> None:
    assert room.develop("die_once", str(tmp_path / "mark").encode()) == b"developed"
    assert process.starts == 2


def test_a_photo_that_kills_the_process_twice_is_damaged_and_the_next_one_is_not(
    room: Darkroom, process: Process
) -> None:
    with pytest.raises(PhotoError) as refused:
        room.develop("die", b"photo")
    assert refused.value.code == "damaged"
    assert room.develop("upper", b"photo") == b"PHOTO"


def test_one_that_waits_does_not_lose_its_turn_by_the_death_of_another(
    room: Darkroom, process: Process, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    with ThreadPoolExecutor(2) as desks:
        first = desks.submit(room.develop, "sleep", str(begun).encode())
        wait_for(begun.exists)
        second = desks.submit(room.develop, "upper", b"photo")
        assert not wait([second], timeout=0.5).done
        begun.unlink()
        process.kill()  # the first one begins once more, behind the second
        assert second.result(timeout=60) == b"PHOTO"
        wait_for(begun.exists)
        process.kill()
        with pytest.raises(PhotoError):
            first.result(timeout=60)


def test_whoever_is_not_answered_in_time_is_told_to_come_back(
    room: Darkroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "ANSWER_WITHIN_S", 0.2)  # and nobody is at the other end
    with pytest.raises(PhotoError) as refused:
        room.develop("upper", bytes(1_000_000))
    assert refused.value.code == "late"


def test_without_a_process_the_work_is_done_here() -> None:
    assert Darkroom({"upper": bytes.upper}).develop("upper", b"photo") == b"PHOTO"


# A whole station ----------------------------------------------------------------------------------


class Clerk:
    """A secretary who keeps photos of the first elder."""

    def __init__(self, station: Running) -> None:
        self.desk = station.desk("secretary")
        self.path = f"{station.base_url}/elders/1/photo"

    def send(self, photo: bytes) -> requests.Response:
        token = {"csrf_token": self.desk.token}
        return self.desk.http.post(
            self.path, data=token, files={"photo": ("a.jpg", photo, "image/jpeg")}, timeout=60
        )

    def size(self) -> tuple[int, int]:
        return Image.open(io.BytesIO(self.desk.http.get(f"{self.path}.jpg", timeout=60).content)).size


def test_a_photo_is_kept_though_its_process_hangs_and_scans_go_on_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATION_STALE_S", "2")
    with crowd.start(tmp_path / "data") as station, ThreadPoolExecutor(1) as desk:
        clerk, hung = Clerk(station), station.children()["photos"]
        os.kill(hung, signal.SIGSTOP)
        sent: Future[requests.Response] = desk.submit(clerk.send, jpeg(3000, 2000))
        assert station.scan(0, act="with_elder").status_code == 201
        assert not sent.done()
        answer = sent.result(timeout=120)
        assert answer.status_code == 200, answer.text
        assert clerk.size() == (480, 600)
        assert station.children()["photos"] != hung
        checks = requests.get(f"{station.base_url}/healthz", timeout=30).json()["checks"]
        assert checks["photos"] == {"ok": True, "text": "alive"}, json.dumps(checks)
