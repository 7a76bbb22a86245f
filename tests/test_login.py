"""Logging in: what opens a session, and what never does."""

import re

import pyotp
import pytest
from conftest import PASSWORD
from werkzeug.datastructures import MultiDict

from station import accounts
from station.db import transaction


def test_a_right_password_opens_a_session(at_desk):
    session = at_desk("duty").get("/desk/session").get_json()
    assert session["username"] == "duty"
    assert session["role"] == "duty"
    assert session["station"] == 1


@pytest.mark.parametrize(("username", "password"), [("duty", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_one_opens_none_and_tells_nothing(client, username, password):
    answer = client.post("/login", json={"username": username, "password": password})
    assert answer.status_code == 403
    assert "not right" in answer.get_json()["error"] or "不对" in answer.get_json()["error"]
    assert "Set-Cookie" not in answer.headers or "station-session" not in answer.headers["Set-Cookie"]


def test_logging_out_ends_the_session_on_the_server(at_desk):
    desk = at_desk("duty")
    cookie = desk.client.get_cookie("station-session", domain="zj.example.cn").value
    desk.post("/logout")
    desk.client.set_cookie("station-session", cookie, domain="zj.example.cn", secure=True)
    assert desk.get("/desk/session", headers={"Accept": "application/json"}).status_code == 401


def test_a_one_time_code_is_needed_once_it_is_set_and_works_once(home, client, now):
    address = accounts.set_totp(home.db, home.vault, "duty", now)
    totp = pyotp.parse_uri(address)
    db, vault = home.db, home.vault
    with pytest.raises(accounts.Refused):
        accounts.log_in(db, vault, "duty", PASSWORD, "", now)
    code = totp.at(now)
    assert accounts.log_in(db, vault, "duty", PASSWORD, code, now)
    with pytest.raises(accounts.Refused):
        accounts.log_in(db, vault, "duty", PASSWORD, code, now)


def test_a_session_sleeps_and_ends(home, now):
    token = accounts.log_in(home.db, home.vault, "worker", PASSWORD, "", now)
    assert accounts.of_session(home.db, home.vault, token, now)
    assert accounts.of_session(home.db, home.vault, token, now + accounts.IDLE["worker"] * 2) is None


def test_a_form_that_outlived_its_session_is_sent_after_logging_in(at_desk, home):
    desk = at_desk("worker")
    with transaction(home.db):
        home.db.write("DELETE FROM session")
    form = {"name": "郭玉兰", "consents": ["record", "photo"], "csrf_token": desk.token}
    asked = desk.post("/elders", data=form, headers={"Accept": "text/html"})
    assert asked.status_code == 401
    fields = re.findall(r'name="(resume_\w+)"(?: value="([^"]*)")?[^>]*>\n?([^<]*)', asked.text)
    login = MultiDict({"username": "worker", "password": PASSWORD, "csrf_token": desk.token})
    for name, value, words in fields:
        login.add(name, value or words)
    back = desk.post("/login", data=login, headers={"Accept": "text/html"})
    assert back.status_code == 200
    assert 'action="/elders"' in back.text
    assert "郭玉兰" in back.text
    assert back.text.count('name="consents"') == 2


def test_the_way_back_leads_to_no_other_host(at_desk):
    desk = at_desk("worker")
    desk.post("/logout")
    for path in ("//evil.example/x", "/\\evil.example", "https://evil.example/"):
        form = {"username": "worker", "password": PASSWORD, "resume_path": path, "csrf_token": desk.token}
        answer = desk.post("/login", data=form, headers={"Accept": "text/html"})
        assert answer.status_code in (303, 400)
        assert "evil" not in answer.headers.get("Location", "") + answer.text
