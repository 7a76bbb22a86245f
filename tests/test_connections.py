"""A web process keeps few connections for many requests, and none to a database that is gone."""

import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from conftest import NOW, Home

from station import safekeeping


def open_files(home: Home) -> int:
    """How often this process holds station.db open."""
    held = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            held.append(one.readlink())
    return held.count(home.config.database)


def test_requests_one_after_the_other_share_one_connection_whatever_thread_answers(app, home, wang):
    before, answered, over = open_files(home), SimpleQueue(), threading.Event()

    def serve() -> None:
        answered.put(app.test_client().get(f"/n/{wang.digits}").status_code)
        over.wait(30)  # a thread that waits for its next request

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
        assert answered.get(timeout=30) == 200
    assert open_files(home) == before + 1
    over.set()
    for thread in threads:
        thread.join()


def test_a_restored_database_is_noticed_at_the_next_request(client, home, wang, tmp_path):
    backup = safekeeping.back_up(home.config, home.ring, tmp_path / "backups", NOW)
    followed = client.post(f"{wang.path}/scans", json={"act": "with_elder"}).get_json()["status_url"]
    assert client.get(followed).status_code == 200
    for path in (home.config.database, home.config.keys_database):
        path.rename(tmp_path / path.name)
    safekeeping.restore(home.config, home.ring, backup)
    assert client.get(followed).status_code == 404, "written after the backup was made"
    assert client.post(f"{wang.path}/scans", json={"act": "with_elder"}).status_code == 201
