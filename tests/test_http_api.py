"""The doors that other programs rely on: docs/openapi.yaml says what they do, and they do it."""

import json
import re
import uuid
from pathlib import Path

import jsonschema_rs
import pytest
import schemathesis
import yaml
from conftest import NOW, Desk
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from provider import Provider, verify
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from walking import Things, of_wearer
from watch import SECRET, Watch, connect

from station import seal

DOCS = Path(__file__).parent.parent / "docs"
DESCRIBED = yaml.safe_load((DOCS / "openapi.yaml").read_text())
FILE = schemathesis.openapi.from_dict(DESCRIBED)
OPERATIONS = [(method.upper(), path) for path, item in DESCRIBED["paths"].items() for method in item if method in ("get", "post")]  # fmt: skip
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
# Addresses for people alone: pages and files that no program relies on.
PAGES = {
    "GET /",
    "POST /",
    "GET /robots.txt",
    "GET /favicon.ico",
    "GET /desk",
    "POST /desk/tonight/ask",
    "GET /desk/supplies",
    "POST /desk/supplies/domain",
    "POST /desk/supplies/channels/{channel_id}",
    "GET /apply/preview",
    "GET /login",
    "GET /p/{code}",
    "POST /p/{code}",
    "GET /p/{code}/{digits}",
    "GET /doubt",
    "POST /doubt",
    "GET /receipt",
    "POST /receipt",
    "GET /s/{token}/receipt",
    "POST /s/{token}/receipt",
}
EXAMPLES = 12


@pytest.fixture
def things(home, wang) -> Things:
    return of_wearer(home, wang)


@pytest.fixture
def desk(at_desk) -> Desk:
    return at_desk("duty")


def test_the_file_describes_every_door_and_no_other(app):
    routes = set()
    for rule in app.url_map.iter_rules():
        part = rule.endpoint.split(".")[0]
        if part in ("public", "desk", "links", "health", "partners", "answers") or rule.endpoint in (
            "account.session",
            "account.open_session",
        ):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).replace("{incident_id}", "{incident}")
            routes |= {f"{method} {path}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert {f"{method} {path}" for method, path in OPERATIONS} == routes - PAGES


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_door_answers_as_described_whatever_is_sent(app, desk, things, mode):
    """Sensible and senseless requests; `app.testing` lets every crash through to here."""
    for method, path in OPERATIONS:
        if path != "/healthz":
            values = things.values(path) | {"incident": things.incident_id}
            statuses = walk(app, FILE[path][method], desk, values, mode)
            # What comes through to who signs is in test_partners.py.
            closed = path == "/login" or path.startswith("/applications")
            assert statuses - {400, 401} or closed, f"{method} {path}: nothing came through"


def walk(app, operation, desk: Desk, real: dict[str, object], mode) -> set[int]:
    """Send made-up requests to one door, three of four times signed in and at something that exists."""
    statuses = set()
    json_alone = operation.path.startswith(("/desk", "/login"))

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), named=st.integers(0, 3), accept=st.booleans())
    def run(case, named, accept):
        if named:
            case.path_parameters.update({name: str(real[name]) for name in case.path_parameters})
            case.headers.update({"X-CSRF-Token": desk.token, "Referer": f"{BASE}/"})
        headers = JSON if accept or json_alone else {"Accept": "text/html"}
        answer = case.call(app=app, base_url=BASE, headers=headers, session=desk.client if named else None)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    run()
    return statuses


def described(method: str, path: str, answer) -> dict:
    """The JSON of an answer, after it was held against the file."""
    case = FILE[path][method].Case(path_parameters=dict.fromkeys(re.findall(r"{(\w+)}", path), "1"))
    case.validate_response(answer, checks=CHECKS[1:] if path == "/healthz" else CHECKS)
    return answer.get_json()


# The finder ---------------------------------------------------------------------------------------


def report(client, wang, **sent):
    return client.post(f"{wang.path}/scans", json={"request_id": str(uuid.uuid4())} | sent, base_url=BASE)


def test_a_report_opens_an_incident_and_shows_on_its_own_page(client, wang):
    answer = report(client, wang, act="with_elder", lat=43.8255, lon=126.5601, accuracy_m=15)
    body = described("POST", "/{token}/scans", answer)
    assert (answer.status_code, body["incident"], body["ignored"]) == (201, "1", [])
    status = client.get(body["status_url"], headers=JSON, base_url=BASE)
    assert described("GET", "/s/{token}", status)["state"] == "sent"
    written = client.post(
        f"{body['status_url']}/messages", json={"text": "在站牌旁"}, headers=JSON, base_url=BASE
    )
    assert described("POST", "/s/{token}/messages", written) == {"ok": True}
    status = client.get(body["status_url"], headers=JSON, base_url=BASE)
    said = described("GET", "/s/{token}", status)["messages"]
    assert [(one["from"], one["text"]) for one in said] == [("finder", "在站牌旁")]


@pytest.mark.parametrize("act", ["opened", "test"])
def test_a_look_and_a_try_open_no_incident(client, wang, act):
    answer = report(client, wang, act=act)
    assert (answer.status_code, described("POST", "/{token}/scans", answer)["incident"]) == (201, None)


@pytest.mark.parametrize("act", ["with_elder", "called", "hurt", "cannot_stay", "gone", "tag_only"])
def test_every_other_act_joins_the_badge_s_one_incident(client, wang, act):
    first = described("POST", "/{token}/scans", report(client, wang, act=act))
    again = described("POST", "/{token}/scans", report(client, wang, act="with_elder"))
    assert first["incident"] == again["incident"] == "1"
    assert first["status_url"] != again["status_url"]


def test_the_same_request_again_gets_the_first_answer(client, home, wang):
    sent = {"request_id": str(uuid.uuid4()), "act": "with_elder"}
    answers = [report(client, wang, **sent, note=note).get_json() for note in ("一", "二", "三")]
    assert answers[0] == answers[1] == answers[2]
    assert home.db.scalar("SELECT count(*) FROM scan") == 1


BAD = [
    ({"act": "explode"}, "act", "not_known"),
    ({"act": None}, "act", "not_known"),
    ({"request_id": "short"}, "request_id", "not_known"),
    ({"lat": "north", "lon": 126.5}, "lat", "not_a_number"),
    ({"lat": 43.8}, "lat", "incomplete"),
    ({"lat": 143.8, "lon": 326.5}, "lat", "outside_the_world"),
    ({"lat": 126.5620, "lon": 43.8210}, "lat", "swapped"),
    ({"lat": 43.8, "lon": 126.5, "accuracy_m": -1}, "accuracy_m", "outside_the_world"),
    ({"note": ["a"]}, "note", "not_text"),
    ({"note": "长" * 501}, "note", "cut"),
    ({"place": "长" * 201}, "place", "cut"),
    ({"phone": "call me"}, "phone", "not_a_phone"),
    ({"status": "yesterday"}, "status", "not_known"),
]


@pytest.mark.parametrize(("sent", "field", "reason"), BAD)
def test_a_bad_optional_field_is_named_and_never_costs_the_report(client, wang, sent, field, reason):
    answer = report(client, wang, **({"act": "with_elder"} | sent))
    body = described("POST", "/{token}/scans", answer)
    assert answer.status_code == 201
    assert body["incident"] == "1"
    assert {"field": field, "reason": reason} in body["ignored"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5000])
def test_what_is_no_report_at_all_still_rings(client, wang, content):
    answer = client.post(f"{wang.path}/scans", data=content, content_type="application/json", base_url=BASE)
    assert (answer.status_code, described("POST", "/{token}/scans", answer)["incident"]) == (201, "1")


def test_a_form_is_led_to_its_page(client, wang):
    answer = client.post(f"{wang.path}/scans", data={"act": "hurt"}, base_url=BASE)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"], base_url=BASE)
    assert page.status_code == 200


def forged(token: str) -> list[str]:
    changed = str((int(token[30]) + 1) % 10)
    return [token[:30] + changed + token[31:], token[:-1], token + "0", "9" + token[1:], "0" * 52, "词" * 52]


def test_an_unauthentic_token_is_404_whatever_is_sent(client, home, wang):
    for token in forged(wang.token):
        assert client.get(f"/{token}", headers=JSON, base_url=BASE).status_code == 404
        answer = client.post(f"/{token}/scans", json={"act": "hurt"}, headers=JSON, base_url=BASE)
        assert answer.status_code == 404
        assert described("POST", "/{token}/scans", answer)["error"]
    assert home.db.scalar("SELECT count(*) FROM scan") == 0


def test_an_authentic_token_that_was_never_issued_still_helps(client, home):
    token = seal.badge_token(home.ring, 1, 4711)
    assert client.get(f"/{token}", base_url=BASE).status_code == 200
    answer = client.post(f"/{token}/scans", json={"act": "with_elder"}, base_url=BASE)
    assert described("POST", "/{token}/scans", answer)["incident"] == "1"
    assert home.db.row("SELECT elder_id, serial FROM incident") == {"elder_id": None, "serial": 4711}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_too_much_at_once_is_413_with_the_hotline(client, home, wang, kind):
    body = b"note=" + b"x" * 70_000
    for accept in ("application/json", "text/html"):
        sent = {"data": body, "content_type": kind, "headers": {"Accept": accept}, "base_url": BASE}
        answer = client.post(f"{wang.path}/scans", **sent)
        described("POST", "/{token}/scans", answer)
        assert answer.status_code == 413
        assert "62012345" in answer.text.replace("-", "").replace(" ", "")
    assert home.db.scalar("SELECT count(*) FROM scan") == 0


def test_without_the_database_a_report_waits_in_the_spool(client, home, wang):
    client.get("/healthz", base_url=BASE)
    home.config.database.rename(home.config.database.with_suffix(".away"))
    answer = report(client, wang, act="with_elder")
    body = described("POST", "/{token}/scans", answer)
    assert (answer.status_code, body["incident"]) == (202, None)
    status = client.get(body["status_url"], headers=JSON, base_url=BASE)
    assert described("GET", "/s/{token}", status)["state"] == "sent"
    health = client.get("/healthz", base_url=BASE)
    checks = described("GET", "/healthz", health)["checks"]
    assert health.status_code == 503
    assert not checks["database"]["ok"]
    assert not checks["spool"]["ok"]


# The desk -----------------------------------------------------------------------------------------


def test_the_desk_leads_an_incident_from_the_first_ring_to_its_end(desk, things):
    one = f"/desk/incidents/{things.incident_id}"
    listed = described("GET", "/desk/incidents", desk.get("/desk/incidents?open=1", headers=JSON))
    assert [line["id"] for line in listed] == [str(things.incident_id)]
    seen = desk.post(f"{one}/seen", json={}, headers=JSON)
    described("POST", "/desk/incidents/{incident}/seen", seen)
    claimed = desk.post(f"{one}/claim", json={"slot": "both"}, headers=JSON)
    assert described("POST", "/desk/incidents/{incident}/claim", claimed)["state"] == "acked"
    said = desk.post(f"{one}/messages", json={"text": "马上到"}, headers=JSON)
    version = described("POST", "/desk/incidents/{incident}/messages", said)["version"]
    for state in ("going", "with_elder", "handed_over", "closed"):
        step = {
            "state": state,
            "version": version,
            "eta_minutes": 8,
            "collected_by": "张伟",
            "outcome": "reunited",
        }
        moved = desk.post(f"{one}/move", json=step, headers=JSON)
        line = described("POST", "/desk/incidents/{incident}/move", moved)
        assert (moved.status_code, line["state"]) == (200, state)
        version = line["version"]
    stale = desk.post(
        f"{one}/move", json={"state": "closed", "version": 1, "outcome": "reunited"}, headers=JSON
    )
    assert stale.status_code == 409
    assert described("POST", "/desk/incidents/{incident}/move", stale)["state"] == "closed"
    whole = described("GET", "/desk/incidents/{incident}", desk.get(one, headers=JSON))
    assert whole["elder"]["name"] == "王秀兰"
    assert whole["handover"]["collected_by"] == "张伟"
    assert len(whole["timeline"]) >= 7
    events = described("GET", "/desk/events", desk.get("/desk/events?after=0", headers=JSON))
    assert events["events"][-1]["state"] == "closed"


def test_a_call_opens_an_incident(desk, home):
    called = desk.post("/desk/calls", json={"place": "解放路口", "phone": "19900000066"}, headers=JSON)
    incident = described("POST", "/desk/calls", called)["incident"]
    one = f"/desk/incidents/{incident}"
    found = desk.post(f"{one}/identify", json={"query": "王"}, headers=JSON)
    assert described("POST", "/desk/incidents/{incident}/identify", found) == {"found": []}
    nothing = desk.post("/desk/calls", json={}, headers=JSON)
    assert nothing.status_code == 422
    assert described("POST", "/desk/calls", nothing)["fields"]["number"]


def test_posts_of_a_session_need_its_token(desk, things):
    answer = desk.client.post(
        f"/desk/incidents/{things.incident_id}/claim", json={"slot": "both"}, base_url=BASE
    )
    assert answer.status_code == 400
    assert described("POST", "/desk/incidents/{incident}/claim", answer)["error"]


def test_no_number_is_too_long_for_an_answer(desk, things):
    """SQLite's integers end at 63 bits, and Python reads no number of 5,000 digits."""
    for digits in ("9" * 18, "9" * 19, "9" * 40, "9" * 5000):
        assert desk.get(f"/desk/incidents/{digits}", headers=JSON).status_code == 404
        for sent in ({"state": "going", "version": digits}, {"state": "going", "version": int(digits[:40])}):
            step = desk.post(f"/desk/incidents/{things.incident_id}/move", json=sent, headers=JSON)
            assert step.status_code == 422
        called = desk.post("/desk/calls", json={"elder_id": digits, "place": "路口"}, headers=JSON)
        assert called.status_code in (201, 404)
        assert desk.get(f"/desk/events?after={digits}", headers=JSON).status_code == 200


def test_a_link_shows_and_takes(client, things):
    look = client.get(f"/go/{things.link_token}", headers=JSON, base_url=BASE)
    assert described("GET", "/go/{token}", look)["may_claim"] is True
    taken = client.post(f"/go/{things.link_token}", json={"slot": "on_site"}, headers=JSON, base_url=BASE)
    assert described("POST", "/go/{token}", taken)["state"] == "acked"


# The webhook --------------------------------------------------------------------------------------


def test_every_message_is_as_described_and_signed(home, wang):
    webhook = DESCRIBED["webhooks"]["message"]["post"]
    signature = re.compile(webhook["parameters"][0]["schema"]["pattern"])
    shape = DESCRIBED["components"]["schemas"]["Webhook"] | {"components": DESCRIBED["components"]}
    with Provider() as provider:
        connect(home, provider, NOW)
        watch = Watch(home, provider, NOW)
        of_wearer(home, wang)
        for seconds in (0, 45, 90, 150, 300, 420):
            watch.at(seconds)
        sent = provider.wait_for(10)
    for request in sent:
        jsonschema_rs.validate(shape, json.loads(request.body))
        assert signature.fullmatch(request.headers["x-station-signature"])
        assert verify(SECRET, request.headers, request.body)
    assert {request.json()["kind"] for request in sent} >= {"notice", "ladder"}


# The prose ----------------------------------------------------------------------------------------


def test_every_example_of_the_prose_calls_a_door_that_exists():
    text = (DOCS / "http-api.md").read_text().replace("\\\n", " ")
    examples = re.findall(r"^curl .*$", text, re.MULTILINE)
    assert len(examples) >= 8
    doors = {(method, re.sub(r"\{\w+\}", "[^/]+", path)) for method, path in OPERATIONS}
    for example in examples:
        path = re.search(r"\$(?:BASE|SCAN|PAGE)([^\s'\"?]*)", example)
        assert path, example
        start = {"$BASE": "", "$SCAN": "/token", "$PAGE": "/s/token"}[path[0][:5]]
        method = "POST" if re.search(r"--data|--json|-X POST", example) else "GET"
        called = start + path[1].replace("$", "")
        assert any(m == method and re.fullmatch(pattern, called) for m, pattern in doors), example
