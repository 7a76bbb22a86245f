"""A finder's report over HTTP, and what it left on the disk."""


def post(client, wearer, **sent):
    return client.post(f"{wearer.path}/scans", json=sent)


def scans(home) -> list[dict]:
    return home.db.rows("SELECT * FROM scan ORDER BY id")


def look(client, status_url: str) -> dict:
    answer = client.get(f"{status_url}?l=zh", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return answer.get_json()


def version(home, incident_id) -> int:
    return home.db.scalar("SELECT version FROM incident WHERE id = ?", incident_id)


def remove_database(home) -> None:
    for path in home.config.data_dir.glob("station.db*"):
        path.unlink()


def told(client, wang, **sent) -> str:
    """The page that answers a form, as a phone without script shows it."""
    answer = client.post(f"{wang.path}/scans?l=zh", data={"act": "with_elder", **sent})
    assert answer.status_code == 303
    return client.get(answer.headers["Location"]).text
