"""A station whose people are reached through real kinds of providers, and what those providers say later at its doors."""

import itertools
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import NOW, Home, Wearer
from flask import Flask, appcontext_pushed, g
from flask.testing import FlaskClient
from provider import Behaviour, Provider, respond
from provider_words import SECRETS
from watch import Watch

from station import addresses
from station.db import transaction
from station.incidents import reports
from station.incidents.intake import Report
from station.incidents.reports import Door
from station.issuing import records

BASE = "https://zj.example.cn"
PHONE = "19900000091"
SETTINGS = {
    "aliyun_sms": {
        "access_key_id": "LTAItest",
        "access_key_secret": "ali-secret-91",
        "sign_name": "龙城驿站",
        "template": "SMS_1",
        "template_plain": "SMS_2",
    },
    "aliyun_voice": {
        "access_key_id": "LTAItest",
        "access_key_secret": "ali-secret-91",
        "template": "TTS_1",
        "template_plain": "TTS_2",
        "template_drill": "TTS_3",
        "template_menu": "TTS_4",
        "template_taken": "TTS_5",
        "shown_number": "043262010092",
    },
    "tencent_sms": SECRETS["tencent_sms"],
    "wecom_app": {
        "corp_id": "ww-corp-91",
        "agent_id": "1000002",
        "secret": "app-secret-91",
        "callback_token": "QDG6eK91",
        "callback_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    },
    "webhook": {"secret": "a secret between friends"},
}
TO = {"wecom_app": "WangQiang"}


def yes() -> Behaviour:
    """One answer that every provider's channel takes for a yes, with a new id each time."""
    n = next(_ids)
    body = {
        "Code": "OK", "BizId": f"b^{n}", "CallId": f"c^{n}", "errcode": 0, "msgid": f"m{n}",
        "access_token": "token-91", "expires_in": 7200,
        "Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": f"t:{n}"}], "RequestId": "r"},
    }  # fmt: skip
    return respond(200, json.dumps(body).encode())


_ids = itertools.count(1)


def open_channel(home: Home, gateway: Provider, kind: str, staff: list[int], **more: str) -> int:
    """A channel of a kind behind the provider, with an address on it for each of the staff."""
    settings = SETTINGS[kind] | ({} if kind == "webhook" else {"base_url": gateway.url}) | more
    channel = addresses.add_channel(
        home.db,
        home.vault,
        station=1,
        kind=kind,
        label=kind,
        settings=settings,
        allow_private=True,
        now=NOW,
    )
    with transaction(home.db):
        for staff_id in staff:
            to = f"{gateway.url}/staff/{staff_id}" if kind == "webhook" else TO.get(kind, PHONE)
            addresses.add(home.db, home.vault, channel_id=channel, destination=to, staff_id=staff_id)
    return channel


@pytest.fixture
def gateway(gateway: Provider) -> Provider:
    """Behind it everybody says yes."""
    gateway.otherwise = yes
    return gateway


@pytest.fixture
def watch(home: Home, gateway: Provider, now, app: Flask) -> Iterator[Watch]:
    """The sender, and a web process whose clock is the sender's, which the test drives."""
    watch = Watch(home, gateway, now)

    def read_it(_: Flask) -> None:
        g.now = watch.now

    with appcontext_pushed.connected_to(read_it, app):
        yield watch


def door(home: Home, channel: int) -> str:
    row = home.db.row("SELECT uid, door_epoch FROM channel WHERE id = ?", channel)
    return f"/receipts/{addresses.door_of(home.vault, row)}"


def say(client: FlaskClient, path: str, body: object, **headers: str):
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=sent, headers=named, base_url=BASE)


def scan(home: Home, wang: Wearer) -> int:
    badge = records.get(home.db, wang.badge_id)
    answer = reports.report(home.db, home.vault, Door(1, badge.serial), Report("r1", "with_elder"), NOW)
    assert answer.incident_id is not None
    return answer.incident_id


def attempts(home: Home, **where: object) -> list[dict]:
    """The attempts with their alerts, oldest first, of those whose alert has these values."""
    rows = home.db.rows(
        "SELECT attempt.*, alert.kind, alert.step, alert.state, alert.staff_id, alert.incident_id, alert.last_detail, "
        "channel.kind AS channel FROM attempt JOIN alert ON alert.id = alert_id "
        "JOIN address ON address.id = address_id JOIN channel ON channel.id = channel_id ORDER BY attempt.id"
    )
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def asked(gateway: Provider, action: str = "") -> list[dict[str, str]]:
    """The parameters of the calls to Alibaba Cloud, with their action."""
    calls = [
        {"action": request.headers["x-acs-action"]}
        | {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        for request in gateway.requests
        if "x-acs-action" in request.headers
    ]
    return [call for call in calls if call["action"] == action or not action]


def holders(home: Home) -> tuple[int | None, int | None]:
    """Who has the two parts of the newest incident."""
    row = home.db.row("SELECT on_site_by, liaison_by FROM incident ORDER BY id DESC LIMIT 1")
    return row["on_site_by"], row["liaison_by"]
