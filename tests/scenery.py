"""A demo station in which something of everything has happened."""

import re
from dataclasses import dataclass, field

import requests
from browser import JILIN
from families import ZHAO, Family
from running import DeskSession, Running, wait_for
from shots import LED, Shot

from station import clock, founding, seal
from station.applications import questions
from station.config import Config


@dataclass
class Scenery:
    """The station, and what stands for the {…} of SHOTS."""

    running: Running
    values: dict[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return self.running.base_url

    def path(self, shot: Shot) -> str:
        return shot.path.format_map(self.values)

    def sent(self, shot: Shot) -> dict[str, str]:
        return {name: text.format_map(self.values) for name, text in (shot.sent or {}).items()}


def paint(running: Running) -> Scenery:
    """Let things happen at the station, over HTTP."""
    scenery, worker = Scenery(running), running.desk("worker")
    _lead_incidents(scenery, running.desk("duty"))
    _find_links(scenery)
    _apply(scenery, worker)
    _make_badges(scenery, worker)
    _list(scenery, worker)
    _write_register(scenery, running.desk("secretary"))
    _name_places(scenery, worker)
    _pay_in_advance(running.desk("operator"))
    _let_family_in(scenery, worker)
    bare, shy = running.elders[0], running.elders[1]
    scenery.values |= {
        "help": bare["scan_url"].removeprefix(running.base_url),
        "bare": shy["scan_url"].removeprefix(running.base_url),
        "digits": bare["badge_number"].replace("-", ""),
        "record": _record(worker, bare),
        "door": re.search(r'href="(/deliveries/\d+)', html(worker, "/deliveries"))[1],
    }
    return scenery


def _name_places(scenery: Scenery, worker: DeskSession) -> None:
    """A finder must leave, a caller names a place that may be two, and a poster hangs at a door."""
    left = scenery.running.scan(
        7,
        act="cannot_stay",
        lat=JILIN["latitude"],
        lon=JILIN["longitude"],
        accuracy_m=25,
        phone="19900008003",
    )
    called = scenery.running.desk("duty").post("/desk/calls", {"place": "灯杆旁边"}).json()
    landmark = re.search(r'href="(/landmarks/\d+)"', html(worker, "/landmarks?q=向阳药房"))[1]
    scenery.values |= {
        "status leaving": left.json()["status_url"],
        "incident words": f"/desk/incidents/{called['incident']}",
        "landmark": landmark,
        "poster": re.search(r'href="(/p/\w+)"', html(worker, landmark))[1],
    }


def _pay_in_advance(operator: DeskSession) -> None:
    """A channel with a balance; nobody has an address on it and nobody asks."""
    wanted = {
        "set-secret_id": "id",
        "secret-secret_key": "key",
        "set-app_id": "1",
        "set-sign_name": "站",
        "set-template": "1",
    }
    sent = {"csrf_token": operator.token, "label": "短信", **wanted}
    page = {"Accept": "text/html"}
    operator.http.post(f"{operator.base_url}/channels/new/tencent_sms", data=sent, headers=page, timeout=30)


def html(session: DeskSession, path: str) -> str:
    return session.get(path, headers={"Accept": "text/html"}).text


def _lead_incidents(scenery: Scenery, officer: DeskSession) -> None:
    for n, state in enumerate(LED):
        sent = {"act": "hurt" if n == 0 else "with_elder", "phone": "19900008001", "note": "穿蓝色外套"}
        place = {} if n == 1 else {"lat": JILIN["latitude"], "lon": JILIN["longitude"], "accuracy_m": 25}
        answer = scenery.running.scan(n, **sent, **place, place="东市场公交站").json()
        incident = f"/desk/incidents/{answer['incident']}"
        officer.post(f"{incident}/messages", {"text": "我们马上到，请陪着老人。"})
        for step in LED[1 : n + 1]:
            _step(officer, incident, step)
        scenery.values |= {f"status {state}": answer["status_url"], f"incident {state}": incident}
    _show_and_prove(scenery, officer)
    called = officer.post("/desk/calls", {"place": "江边长椅", "phone": "19900008002"}).json()
    scenery.values["incident unknown"] = f"/desk/incidents/{called['incident']}"


def _show_and_prove(scenery: Scenery, officer: DeskSession) -> None:
    """A helper is shown what the ambulance needs, another takes the receipt; the secretary cares for a family."""
    incident = scenery.values["incident with_elder"]
    scan = officer.get(incident).json()["helpers"][0]["scan"]
    shown = {"scan": scan, "items": ["call_name", "health_notes"], "cause": "treatment"}
    assert officer.post(f"{incident}/disclosures", shown).status_code == 200
    page = f"{scenery.base_url}{scenery.values['status handed_over']}"
    taken = requests.post(f"{page}/receipt", timeout=30)
    scenery.values["receipt"] = re.search(r"\d{4} \d{4} \d{4}", taken.text)[0]
    slot = {"slot": "liaison"}
    claimed = scenery.running.desk("secretary").post(f"{scenery.values['incident acked']}/claim", slot)
    assert claimed.status_code == 200


def _step(officer: DeskSession, incident: str, state: str) -> None:
    if state == "acked":
        answer = officer.post(f"{incident}/claim", {"slot": "on_site"})
    else:
        version = officer.get(incident).json()["version"]
        more = {"handed_over": {"collected_by": "女儿"}, "closed": {"outcome": "reunited"}}.get(state, {})
        answer = officer.post(f"{incident}/move", {"state": state, "version": version, **more})
    assert answer.status_code == 200, answer.text


def _find_links(scenery: Scenery) -> None:
    first, closed = scenery.running.elders[0], scenery.running.elders[LED.index("closed")]
    scenery.values |= {
        "link staff": _link(scenery, first, "王强"),
        "link family": _link(scenery, first, first["name"]),
        "link ended": _link(scenery, closed, closed["name"]),
    }


def _link(scenery: Scenery, wearer: dict[str, str], owner: str, door: str = "go") -> str:
    """A one-tap link lies in the messages that the demo's phones have received."""

    def found() -> str:
        page = requests.get(f"{scenery.base_url}/demo/phones", timeout=30).text
        about = [m for m in _messages(page, owner) if wearer["badge_number"] in m]
        links = re.findall(rf"/{door}/[0-9a-f]+", "".join(about))
        return links[0] if links else ""

    return wait_for(found)


def _messages(page: str, owner: str) -> list[str]:
    sections = [one for one in page.split("<section")[1:] if owner in one.split("</h2>")[0]]
    return [message for section in sections for message in section.split('class="sms"')[1:]]


def _apply(scenery: Scenery, worker: DeskSession) -> None:
    """Two families apply; the first is refused, the second is asked something. A third is still writing."""

    def browser() -> tuple[requests.Session, Family]:
        http = requests.Session()

        def open_page(method: str, path: str, fields: dict | None) -> str:
            return http.request(method, f"{scenery.base_url}{path}", data=fields, timeout=30).text

        return http, Family(open_page)

    def listed(name: str) -> str:
        return re.search(rf'href="(/applications/\d+)"><strong>{name}', html(worker, "/applications"))[1]

    for n, name in enumerate(("何玉英", "丁长海")):
        http, family = browser()
        phone = {**ZHAO["you"], "contact1_phone": f"1990000701{n}"}
        family.begin().fill(ZHAO | {"name": {"name": name}, "you": phone}).send()
        scenery.values["following"] = http.cookies["station-form"]
    names = {"decided": "何玉英", "application": "丁长海", "pictured": "郑玉兰", "late": "王秀兰"}
    scenery.values |= {what: listed(name) for what, name in names.items()}
    _press(worker, f"{scenery.values['decided']}/refuse", reason="电话打不通，请与驿站联系。")
    _press(worker, f"{scenery.values['pictured']}/act", act="identity")
    scenery.values["question"] = _ask(scenery, family)
    http, family = browser()
    family.begin().fill(until="contacts")
    scenery.values["writing"] = http.cookies["station-form"]


def _ask(scenery: Scenery, family: Family) -> str:
    """The reviewer asks something, straight at the station's records."""
    data = scenery.running.data
    config = Config(data, data / "keyring.json", scenery.base_url)
    with founding.opened(config, seal.read_keyring(config.keyring)) as (db, vault):
        application = int(scenery.values["application"].rsplit("/", 1)[1])
        asked = questions.ask(db, vault, application, "other", "老人平时爱去哪儿？", by=1, now=clock.utcnow())
    return f"/apply/questions/{asked}"


def _make_badges(scenery: Scenery, worker: DeskSession) -> None:
    """An elder gets a second badge, which is printed on a sheet; another's family rehearses."""
    spare, rehearsing = scenery.running.elders[4], scenery.running.elders[5]
    _press(worker, f"{_record(worker, spare)}/badges")
    made = wait_for(lambda: re.search(r'name="badge" value="(\d+)"', html(worker, "/badges")))[1]
    _press(worker, "/badges/batches", badge=made, kind="sheet")
    wait_for(lambda: re.search(r"/badges/batches/\d+/file", html(worker, "/badges")))
    worn = re.search(r"/badges/\d+", html(worker, _record(worker, rehearsing)))[0]
    _press(worker, f"{worn}/rehearse")
    scenery.values |= {"badge": worn, "rehearsal": _link(scenery, rehearsing, rehearsing["name"], "drill")}


def _list(scenery: Scenery, worker: DeskSession) -> None:
    """Two lists with a good row and a bad one; the second is saved. One family refuses."""
    for name, person in (("list", "沈兰英"), ("saved list", "沈长河")):
        rows = f"姓名,住址,电话,联系人,同意登记\n{person},1号楼,19900009001,沈家人,是\n{person},,123,,\n"
        sent = worker.http.post(
            f"{worker.base_url}/elders/imports",
            data={"csrf_token": worker.token, "community_id": "1"},
            files={"file": ("list.csv", rows.encode())},
            timeout=30,
        )
        scenery.values[name] = path = sent.url.removeprefix(worker.base_url)
        wait_for(lambda path=path: worker.get(f"{path}/state").json()["state"] == "checked")
    _press(worker, f"{path}/save")
    wait_for(lambda: worker.get(f"{path}/state").json()["state"] == "done")
    _press(worker, "/institutions", name="松花江颐养院", phone="0432-62010008", order="first")
    _press(worker, "/institutions/1/people", import_id=path.rsplit("/", 1)[1])
    scenery.values["house"] = "/institutions/1"
    _press(worker, "/coverage/population", community_id="1", over_60="812")
    _press(worker, "/coverage/refusals", community_id="1", reason="looks")


def _write_register(scenery: Scenery, secretary: DeskSession) -> None:
    sent = secretary.http.post(
        f"{secretary.base_url}/elders/export",
        data={"csrf_token": secretary.token, "reason": "copy", "kind": "csv"},
        timeout=30,
    )
    scenery.values["register"] = path = sent.url.removeprefix(secretary.base_url)
    wait_for(lambda: secretary.get(f"{path}/state").json()["state"] == "ready")


def _let_family_in(scenery: Scenery, worker: DeskSession) -> None:
    """A contact enters the family's own pages and wants something changed; another family has lost its elder."""
    due, gone = (_record(worker, scenery.running.elders[n]) for n in (7, 6))
    entry = re.search(rf"{due}/contacts/\d+/entry", html(worker, due))[0]
    slip = worker.http.post(f"{worker.base_url}{entry}", data={"csrf_token": worker.token}, timeout=30).text
    http, code = requests.Session(), re.search(r"\d{4} \d{4}", slip)[0]
    phone = re.search(r"tel:(\+?\d+)", html(worker, due))[1]
    sent = {"phone": phone, "code": code, "do": "enter"}
    for path in ("/mine", "/mine/wishes"):
        page = http.get(f"{scenery.base_url}/mine?l=zh", timeout=30).text
        sent["csrf_token"] = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        answer = http.post(f"{scenery.base_url}{path}?l=zh", data=sent, timeout=30)
        sent = {"field": "phone", "value": "199 0000 7777"}
    assert "等驿站核实" in answer.text
    _press(worker, f"{gone}/farewell", day="")
    scenery.values |= {"due": due, "gone": gone, "family door": f"/family/{'0' * 32}"}
    scenery.values["family session"] = http.cookies["station-family"]


def _record(worker: DeskSession, elder: dict[str, str]) -> str:
    """The address of an elder's record."""
    return re.search(r"/elders/\d+", html(worker, f"/elders?q={elder['name']}"))[0]


def _press(worker: DeskSession, path: str, **sent: str) -> None:
    data = {"csrf_token": worker.token, **sent}
    answer = worker.http.post(f"{worker.base_url}{path}", data=data, timeout=30)
    assert answer.status_code == 200, answer.text
