"""A real demo station in processes of its own, for the tests that need the whole thing."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent


class Running:
    """`station demo --json` on a free port; ends with the test. `whole` waits until really everything runs."""

    def __init__(self, data: Path, *options: str, whole: bool = True) -> None:
        self.data = data
        self.log = data.with_suffix(".log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "station",
                    "demo",
                    "--data",
                    str(data),
                    "--port",
                    "0",
                    "--json",
                    *options,
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.about = json.loads(line)
        self.base_url = self.about["base_url"]
        self.secret = self.about["webhook_secret"]
        self.elders = self.about["elders"]
        if whole and self.about["missing"]:  # a machine that is busy
            wait_for(
                lambda: requests.get(f"{self.base_url}/healthz", timeout=10).json()["checks"]["sender"]["ok"]
            )

    def account(self, role: str) -> dict:
        return next(one for one in self.about["accounts"] if one["role"] == role)

    def desk(self, role: str = "duty", username: str | None = None) -> "DeskSession":
        one = (
            next(a for a in self.about["accounts"] if a["username"] == username)
            if username
            else self.account(role)
        )
        return DeskSession(self.base_url, one["username"], one["password"])

    def scan(self, n: int = 0, **sent) -> requests.Response:
        """POST a report of the n-th elder's badge."""
        return requests.post(self.elders[n]["scan_url"] + "/scans", json=sent, timeout=30)

    def children(self) -> dict[str, int]:
        """The pids of web-1, web-2 …, sender and jobs."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError):
                status = (folder / "status").read_text()
                parent = int(
                    next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1]
                )
                called = (folder / "comm").read_text().strip()
                if parent == self.process.pid and called.startswith("station-"):
                    found[called.removeprefix("station-")] = int(folder.name)
        return found

    def kill(self, name: str) -> int:
        """kill -9 of one child; returns its pid."""
        pid = self.children()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_parent(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class DeskSession:
    """A signed-in staff member over real HTTP."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.base_url = base_url
        self.http = requests.Session()
        self.http.headers["Accept"] = "application/json"
        answer = self.http.post(
            f"{base_url}/login", json={"username": username, "password": password}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        self.token = self.get("/desk/session").json()["csrf_token"]

    def get(self, path: str, **more) -> requests.Response:
        return self.http.get(self.base_url + path, timeout=30, **more)

    def post(self, path: str, json: dict) -> requests.Response:
        return self.http.post(
            self.base_url + path, json=json, headers={"X-CSRF-Token": self.token}, timeout=30
        )


def wait_for(condition, seconds: float = 60.0, every: float = 0.05):
    """Call `condition` until it gives something true, and return that; fail after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"did not happen within {seconds} s: {condition}")
