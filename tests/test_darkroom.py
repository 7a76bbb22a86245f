"""Photos of all processes are worked on one at a time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from station import darkroom

AT_WORK = """
import sys, time
from pathlib import Path
from station import darkroom
darkroom.turns.share(Path(sys.argv[1]))
darkroom.develop(lambda _: (print("begun", flush=True), time.sleep(60)), b"")
"""


def test_a_photo_waits_for_that_of_another_process_and_does_not_inherit_its_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "turns", darkroom.Turns())
    lock = tmp_path / "photos.lock"
    darkroom.turns.share(lock)
    command = [sys.executable, "-c", AT_WORK, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other, ThreadPoolExecutor(1) as desk:
        try:
            assert other.stdout
            assert other.stdout.readline() == b"begun\n"
            ours = desk.submit(darkroom.develop, bytes.upper, b"photo")
            assert not wait([ours], timeout=0.5).done
        finally:
            other.kill()
        assert ours.result(timeout=60) == b"PHOTO"


def test_a_photo_is_worked_on_where_no_lock_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "turns", darkroom.Turns())
    darkroom.turns.share(tmp_path / "no such folder" / "photos.lock")
    assert darkroom.develop(bytes.upper, b"photo") == b"PHOTO"
