"""Who may do what: every address of the application has a row here, and every role keeps to it."""

import pytest
from conftest import Desk
from walking import Things, addresses, contents, elsewhere, of_wearer

ROLES = ("worker", "duty", "secretary", "operator")
EVERYBODY = "everybody"
STAFF = "worker duty secretary operator"
LOOKS = "duty secretary operator"
ACTS = "duty secretary"
REGISTERS = "worker secretary"
SIGNED = "signed"  # another system; the door answers 401 to everybody else, whatever they ask for
UNGUESSABLE = "unguessable"  # a provider at its own door; to everybody else there is none

TABLE = {
    "GET /": EVERYBODY,
    "POST /": EVERYBODY,
    "GET /<token>": EVERYBODY,
    "POST /<token>/scans": EVERYBODY,
    "GET /p/<code>": EVERYBODY,
    "POST /p/<code>": EVERYBODY,
    "POST /p/<code>/scans": EVERYBODY,
    "GET /p/<code>/<digits>": EVERYBODY,
    "POST /p/<code>/<digits>/scans": EVERYBODY,
    "GET /n/<digits>": EVERYBODY,
    "POST /n/<digits>/scans": EVERYBODY,
    "GET /s/<token>": EVERYBODY,
    "GET /s/<token>/photo": EVERYBODY,
    "GET /s/<token>/voice": EVERYBODY,
    "GET /s/<token>/receipt": EVERYBODY,
    "POST /s/<token>/receipt": EVERYBODY,
    "GET /receipt": EVERYBODY,
    "POST /receipt": EVERYBODY,
    "GET /doubt": EVERYBODY,
    "POST /doubt": EVERYBODY,
    "POST /s/<token>/messages": EVERYBODY,
    "POST /s/<token>/scans": EVERYBODY,
    "GET /go/<token>": EVERYBODY,
    "POST /go/<token>": EVERYBODY,
    "GET /login": EVERYBODY,
    "POST /login": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /metrics": "operator",
    "GET /desk/tonight": LOOKS,
    "POST /desk/tonight": LOOKS,
    "POST /desk/tonight/ask": LOOKS,
    "GET /desk/supplies": LOOKS,
    "POST /desk/supplies/domain": "secretary operator",
    "POST /desk/supplies/channels/<int:channel_id>": "secretary operator",
    "POST /desk/tonight/hotline": ACTS,
    "GET /desk/drills": LOOKS,
    "POST /desk/drills": LOOKS,
    "POST /desk/drills/plan": "secretary operator",
    "GET /desk/incidents/<int:incident_id>/evidence": ACTS,
    "GET /desk/incidents/<int:incident_id>/evidence.csv": ACTS,
    "GET /desk/incidents/<int:incident_id>/evidence.pdf": ACTS,
    "POST /desk/incidents/<int:incident_id>/afterword": ACTS,
    "GET /robots.txt": EVERYBODY,
    "GET /favicon.ico": EVERYBODY,
    "GET /static/<path:filename>": EVERYBODY,
    "GET /desk": LOOKS,
    "GET /desk/roster": LOOKS,
    "POST /desk/roster": "secretary operator",
    "POST /desk/roster/changes": "secretary operator",
    "POST /desk/roster/changes/<int:change_id>/withdraw": "secretary operator",
    "POST /desk/roster/people/<int:staff_id>/trial": "secretary operator",
    "GET /desk/policy": LOOKS,
    "POST /desk/policy": "secretary operator",
    "GET /desk/climate": LOOKS,
    "POST /desk/climate": "secretary operator",
    "GET /desk/duty": ACTS,
    "POST /desk/duty/take-over": ACTS,
    "POST /desk/duty/trial": ACTS,
    "POST /desk/swaps": ACTS,
    "POST /desk/swaps/<int:swap_id>": ACTS,
    "POST /desk/incidents/<int:incident_id>/offer": ACTS,
    "POST /desk/incidents/<int:incident_id>/offer/answer": ACTS,
    "GET /ok/<token>": EVERYBODY,
    "POST /ok/<token>": EVERYBODY,
    "GET /desk/events": LOOKS,
    "GET /desk/incidents": LOOKS,
    "GET /desk/incidents/<int:incident_id>": ACTS,
    "POST /desk/calls": ACTS,
    "POST /desk/incidents/<int:incident_id>/claim": ACTS,
    "POST /desk/incidents/<int:incident_id>/identify": ACTS,
    "POST /desk/incidents/<int:incident_id>/messages": ACTS,
    "POST /desk/incidents/<int:incident_id>/move": ACTS,
    "POST /desk/incidents/<int:incident_id>/place": ACTS,
    "POST /desk/incidents/<int:incident_id>/seen": ACTS,
    "POST /desk/incidents/<int:incident_id>/suggest": ACTS,
    "POST /desk/incidents/<int:incident_id>/disclosures": ACTS,
    "POST /desk/incidents/<int:incident_id>/disclosures/<int:disclosure_id>/end": ACTS,
    "POST /desk/doubts/<int:doubt_id>/seen": ACTS,
    "GET /elders/<int:elder_id>/voice": REGISTERS,
    "POST /elders/<int:elder_id>/voice": REGISTERS,
    "POST /elders/<int:elder_id>/voice/off": REGISTERS,
    "GET /elders": REGISTERS,
    "POST /elders": REGISTERS,
    "GET /elders/new": REGISTERS,
    "POST /elders/preview": REGISTERS,
    "POST /elders/drafts": REGISTERS,
    "GET /institutions": REGISTERS,
    "POST /institutions": REGISTERS,
    "GET /institutions/<int:institution_id>": REGISTERS,
    "POST /institutions/<int:institution_id>": REGISTERS,
    "POST /institutions/<int:institution_id>/people": REGISTERS,
    "POST /institutions/<int:institution_id>/badges": REGISTERS,
    "POST /elders/<int:elder_id>/institution": REGISTERS,
    "GET /elders/<int:elder_id>/consent": REGISTERS,
    "POST /elders/<int:elder_id>/consent": REGISTERS,
    "GET /elders/trials": REGISTERS,
    "POST /elders/<int:elder_id>/trial": REGISTERS,
    "POST /elders/<int:elder_id>/trial/end": REGISTERS,
    "POST /elders/drafts/<form_id>/drop": REGISTERS,
    "GET /elders/<int:elder_id>": REGISTERS,
    "GET /elders/<int:elder_id>/edit": REGISTERS,
    "POST /elders/<int:elder_id>/edit": REGISTERS,
    "GET /elders/checks": REGISTERS,
    "GET /elders/checks/print": REGISTERS,
    "POST /elders/checks/seen": REGISTERS,
    "GET /elders/<int:elder_id>/check": REGISTERS,
    "POST /elders/<int:elder_id>/check": REGISTERS,
    "GET /elders/<int:elder_id>/farewell": REGISTERS,
    "POST /elders/<int:elder_id>/farewell": REGISTERS,
    "GET /elders/<int:elder_id>/moving": REGISTERS,
    "POST /elders/<int:elder_id>/moving": REGISTERS,
    "POST /elders/<int:elder_id>/ending/undo": REGISTERS,
    "POST /badges/<int:badge_id>/back": REGISTERS,
    "GET /moves": REGISTERS,
    "POST /moves/<int:move_id>/accept": REGISTERS,
    "POST /moves/<int:move_id>/refuse": REGISTERS,
    "POST /elders/<int:elder_id>/contacts/<int:contact_id>/entry": REGISTERS,
    "POST /elders/<int:elder_id>/contacts/<int:contact_id>/entry/off": REGISTERS,
    "GET /wishes": REGISTERS,
    "POST /wishes/<int:proposal_id>/<any(accept, refuse):answer>": REGISTERS,
    "GET /mine": EVERYBODY,
    "POST /mine": EVERYBODY,
    "GET /family/<token>": EVERYBODY,
    "POST /family/<token>": EVERYBODY,
    "GET /mine/photo.jpg": EVERYBODY,
    "POST /mine/wishes": EVERYBODY,
    "POST /mine/relation": EVERYBODY,
    "POST /mine/withdraw": EVERYBODY,
    "POST /mine/copy.<any(json, html):kind>": EVERYBODY,
    "POST /mine/leave": EVERYBODY,
    "POST /elders/<int:elder_id>/contacts/<int:contact_id>/ways": REGISTERS,
    "POST /elders/<int:elder_id>/ways/<int:address_id>/off": REGISTERS,
    "POST /elders/<int:elder_id>/badges": REGISTERS,
    "POST /elders/<int:elder_id>/photo": REGISTERS,
    "GET /elders/<int:elder_id>/photo.jpg": REGISTERS,
    "GET /badges/<int:badge_id>/badge.<any(pdf, png, svg):kind>": REGISTERS,
    "GET /badges/<int:badge_id>/state": REGISTERS,
    "POST /badges/<int:badge_id>/announce": REGISTERS,
    "POST /badges/<int:badge_id>/end": REGISTERS,
    "POST /badges/<int:badge_id>/hand-over": REGISTERS,
    "POST /elders/<int:elder_id>/badges/bind": REGISTERS,
    "POST /badges/<int:badge_id>/printed": REGISTERS,
    "POST /badges/<int:badge_id>/check": REGISTERS,
    "POST /badges/<int:badge_id>/reissue": REGISTERS,
    "GET /badges": REGISTERS,
    "POST /badges/<int:badge_id>/rehearse": REGISTERS,
    "POST /badges/<int:badge_id>/reached/<int:contact_id>": REGISTERS,
    "GET /badges/<int:badge_id>/card": REGISTERS,
    "GET /deliveries": REGISTERS,
    "POST /deliveries/take": REGISTERS,
    "GET /deliveries/sheet": REGISTERS,
    "GET /deliveries/grids": REGISTERS,
    "POST /deliveries/grids": REGISTERS,
    "GET /deliveries/<int:badge_id>": REGISTERS,
    "POST /deliveries/<int:badge_id>/outcome": REGISTERS,
    "GET /drill/<token>": EVERYBODY,
    "POST /drill/<token>": EVERYBODY,
    "POST /badges/blank": REGISTERS,
    "POST /badges/batches": REGISTERS,
    "GET /badges/batches/<int:batch_id>/file": REGISTERS,
    "GET /badges/batches/<int:batch_id>/state": REGISTERS,
    "POST /badges/batches/<int:batch_id>/printed": REGISTERS,
    "GET /elders/imports": REGISTERS,
    "POST /elders/imports": REGISTERS,
    "GET /elders/imports/template.<any(xlsx, csv):kind>": REGISTERS,
    "GET /elders/imports/<int:import_id>": REGISTERS,
    "GET /elders/imports/<int:import_id>/state": REGISTERS,
    "GET /elders/imports/<int:import_id>/rest.<any(xlsx, csv):kind>": REGISTERS,
    "POST /elders/imports/<int:import_id>/save": REGISTERS,
    "POST /elders/imports/<int:import_id>/discard": REGISTERS,
    "POST /elders/export": "secretary",
    "GET /elders/exports/<int:export_id>": "secretary",
    "GET /elders/exports/<int:export_id>/state": "secretary",
    "GET /elders/exports/<int:export_id>/file": "secretary",
    "POST /elders/exports/<int:export_id>/end": "secretary",
    "GET /coverage": "worker secretary operator",
    "POST /coverage/population": REGISTERS,
    "POST /coverage/refusals": REGISTERS,
    "POST /coverage/refusals/<int:refusal_id>/end": REGISTERS,
    "POST /elders/<int:elder_id>/refusal": REGISTERS,
    "GET /landmarks": REGISTERS,
    "POST /landmarks": REGISTERS,
    "GET /landmarks/new": REGISTERS,
    "GET /landmarks/export.csv": REGISTERS,
    "POST /landmarks/import": REGISTERS,
    "GET /landmarks/<int:landmark_id>": REGISTERS,
    "POST /landmarks/<int:landmark_id>": REGISTERS,
    "POST /landmarks/<int:landmark_id>/retire": REGISTERS,
    "GET /landmarks/<int:landmark_id>/poster.pdf": REGISTERS,
    "GET /apply": EVERYBODY,
    "POST /apply": EVERYBODY,
    "GET /apply/<any(who, name, birth, where, you, code, contacts, health, stranger, shown, identity, portrait, consent):step>": EVERYBODY,
    "POST /apply/<any(who, name, birth, where, you, contacts, health, stranger, shown, consent):step>": EVERYBODY,
    "GET /apply/check": EVERYBODY,
    "POST /apply/send": EVERYBODY,
    "GET /apply/sent": EVERYBODY,
    "GET /apply/later": EVERYBODY,
    "POST /apply/leave": EVERYBODY,
    "GET /apply/resume": EVERYBODY,
    "POST /apply/resume": EVERYBODY,
    "POST /apply/code": EVERYBODY,
    "POST /apply/<any(identity, portrait):step>": EVERYBODY,
    "GET /apply/<any(identity, portrait):step>.jpg": EVERYBODY,
    "GET /apply/withdraw": EVERYBODY,
    "POST /apply/withdraw": EVERYBODY,
    "GET /apply/status": EVERYBODY,
    "POST /apply/status": EVERYBODY,
    "GET /apply/progress": EVERYBODY,
    "POST /apply/progress": EVERYBODY,
    "GET /apply/questions/<int:question_id>": EVERYBODY,
    "POST /apply/questions/<int:question_id>": EVERYBODY,
    "GET /apply/preview": EVERYBODY,
    "POST /applications": SIGNED,
    "GET /applications/by/<client_id>": SIGNED,
    "GET /applications": REGISTERS,
    "GET /applications/<int:application_id>": REGISTERS,
    "POST /applications/<int:application_id>/approve": REGISTERS,
    "POST /applications/<int:application_id>/refuse": REGISTERS,
    "GET /receipts/<door>": UNGUESSABLE,
    "POST /receipts/<door>": UNGUESSABLE,
    "POST /applications/<int:application_id>/act": REGISTERS,
    "GET /channels": "operator",
    "GET /channels/new/<channel_kind>": "operator",
    "POST /channels/new/<channel_kind>": "operator",
    "POST /channels/<int:channel_id>/switch": "operator",
    "POST /channels/<int:channel_id>/door": "operator",
    "POST /channels/<int:channel_id>/test": "operator",
    "GET /desk/session": STAFF,
    "POST /language": STAFF,
    "POST /logout": STAFF,
}
CLOSED = {SIGNED: 401, UNGUESSABLE: 404}
BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}


@pytest.fixture
def things(home, wang) -> Things:
    return of_wearer(home, wang)


def rows(app, things) -> list[tuple[str, str, str]]:
    """(row of the table, method, path) of every address."""
    return [
        (f"{method} {rule}", method, path)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for rule, path, _ in addresses(app, things, method)
    ]


def answer(caller: Desk, method: str, path: str, headers: dict[str, str]):
    # A console's stream never ends by itself, so it is asked to poll.
    path += "?after=0" if path == "/desk/events" else ""
    if method == "GET":
        return caller.get(path, headers=headers, buffered=True)
    return caller.post(path, data={}, headers=headers)


def test_every_address_has_a_row_and_every_row_an_address(app, things):
    assert {row for row, _, _ in rows(app, things)} == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_its_row_says_and_nothing_else(app, at_desk, home, things, role):
    desk = at_desk(role)
    for row, method, path in rows(app, things):
        before = contents(home)
        got = answer(desk, method, path, JSON)
        allowed = TABLE[row] == EVERYBODY or role in TABLE[row].split()
        if not allowed:
            assert got.status_code == CLOSED.get(TABLE[row], 403), (row, role)
            assert contents(home) == before, f"{row} wrote for {role}"
        elif row != "POST /login":
            assert got.status_code not in (401, 403, 405, 500), (row, role, got.status_code)
        if row == "POST /logout":
            assert desk.get("/desk/session", headers=JSON).status_code == 401
            desk = at_desk(role)


def test_a_stranger_is_asked_to_log_in_and_nothing_happens(app, client, home, things):
    for row, method, path in rows(app, things):
        if TABLE[row] == EVERYBODY:
            continue
        before = contents(home)
        if TABLE[row] in CLOSED:
            shut = client.open(path, method=method, headers=PAGE, base_url=BASE)
            assert shut.status_code == CLOSED[TABLE[row]]
            continue
        page = client.open(path, method=method, headers=PAGE, base_url=BASE)
        # Without a token of the form a POST ends before anybody asks who it was.
        assert page.status_code in ((302, 303) if method == "GET" else (400,)), row
        if method == "GET":
            assert page.headers["Location"] == "/login"
        assert client.open(path, method=method, headers=JSON, base_url=BASE).status_code in (400, 401), row
        assert contents(home) == before, row


def test_a_stranger_with_a_form_token_of_their_own_is_no_further(app, client, home, things):
    form = client.get("/login", base_url=BASE).text
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    headers = PAGE | {"X-CSRF-Token": token, "Referer": f"{BASE}/"}
    for row, method, path in rows(app, things):
        if method == "POST" and TABLE[row] not in (EVERYBODY, *CLOSED):
            before = contents(home)
            got = client.post(path, headers=headers, base_url=BASE)
            assert (got.status_code, got.headers.get("Location")) == (303, "/login"), row
            assert contents(home) == before, row


def test_a_press_without_the_form_token_does_nothing(app, at_desk, home, things):
    desk = at_desk("secretary")
    for row, method, path in rows(app, things):
        if method == "POST" and TABLE[row] not in (EVERYBODY, *CLOSED):
            before = contents(home)
            got = desk.client.post(path, headers=PAGE, base_url=BASE)
            assert got.status_code == 400, row
            assert contents(home) == before, row


@pytest.mark.parametrize("role", ROLES)
def test_what_belongs_to_another_station_does_not_exist(app, at_desk, home, things, role):
    name = "欧阳北山"
    far = elsewhere(home, name)
    desk = at_desk(role)
    for row, method, path in rows(app, far):
        if "_id>" in row and role in TABLE[row].split():
            before = contents(home)
            got = answer(desk, method, path, JSON)
            assert got.status_code == 404, (row, role)
            assert name not in got.text
            assert contents(home) == before, row
    for path in (
        "/desk",
        "/desk/incidents?open=1",
        "/elders?q=欧阳",
        "/applications",
        "/desk/events?after=0",
    ):
        page = desk.get(path, headers=PAGE)
        assert name not in page.text
        assert f"/incidents/{far.incident_id}" not in page.text
    listed = desk.get("/desk/incidents", headers=JSON).get_json()
    assert str(far.incident_id) not in [one["id"] for one in listed] if role in LOOKS.split() else True


def test_an_elder_of_another_station_cannot_be_named_at_the_desk(at_desk, home, things):
    far = elsewhere(home, "欧阳北山")
    desk = at_desk("duty")
    called = desk.post("/desk/calls", json={"elder_id": str(far.elder_id), "place": "路口"}, headers=JSON)
    assert called.status_code == 404
    opened = desk.post("/desk/calls", json={"place": "路口"}, headers=JSON).get_json()["incident"]
    named = desk.post(
        f"/desk/incidents/{opened}/identify", json={"elder_id": str(far.elder_id)}, headers=JSON
    )
    assert named.status_code == 404


def test_the_operator_sees_no_person(app, at_desk, home, things, wang):
    """The operator keeps the machine running; the list and its events name nobody and no place."""
    desk = at_desk("operator")
    shown = [
        desk.get(path, headers=how).text for path in ("/desk", "/desk/incidents") for how in (PAGE, JSON)
    ]
    shown.append(desk.get("/desk/events?after=0", headers=JSON).text)
    for text in shown:
        assert wang.form.name not in text
        assert "东市场" not in text
