"""A demo station in which something of everything has happened, and the list of all pages a person can see."""

import re
from dataclasses import dataclass, field

import requests
from browser import JILIN
from families import ZHAO, Family
from running import DeskSession, Running, wait_for

from station import clock, founding, seal
from station.applications import questions
from station.config import Config

# How far the open incidents of the scenery have been led; the last is over.
LED = ("alerting", "acked", "going", "with_elder", "at_station", "handed_over", "closed")
FORGED = "1" * 52
FAMILY = {
    "contact1_name": "郑家人",
    "contact1_phone": "19900007001",
    "contact1_relation": "daughter",
    "name": "郑桂香",
    "birth_date": "1945-02-03",
    "address": "江畔人家1号楼1单元102",
    "community_id": "1",
    "given_by": "relative",
}
# The pages of an application; the others look like one of these.
PAGES = ("who", "birth", "where", "you", "code", "contacts", "shown", "identity", "consent")
# What is uploaded as a table of landmarks: one good row, one without a name.
TABLE = "名称,纬度,经度,类型\n北门小卖部,43.8222,126.5611,商店\n,43.8,126.5,商店\n"


@dataclass(frozen=True)
class Shot:
    """One page: who sees it, where it is, and what is typed and sent there to get to it."""

    who: str
    path: str
    sent: dict[str, str] | None = None
    form: str = "main form"
    spoken: tuple[str, ...] = ("zh", "en")
    session: str = ""  # which application the browser writes or follows

    @property
    def languages(self) -> tuple[str, ...]:
        return ("zh", "en", "ko") if self.who == "finder" else self.spoken


# {…} is filled from Scenery.values.
SHOTS = {
    "help": Shot("finder", "{help}"),
    "help without consents": Shot("finder", "{bare}"),
    "help in large type": Shot("finder", "{help}?t=1"),
    "number": Shot("finder", "/n/{digits}"),
    "status, hurt": Shot("finder", "{status alerting}"),
    "status, going": Shot("finder", "{status going}"),
    "status, closed": Shot("finder", "{status closed}"),
    "status, must leave": Shot("finder", "{status leaving}"),
    "poster": Shot("finder", "{poster}"),
    "poster, badge": Shot("finder", "{poster}/{digits}"),
    "poster that has ended": Shot("finder", "/p/nonsense"),
    "status, shown something": Shot("finder", "{status with_elder}"),
    "status, safe": Shot("finder", "{status at_station}"),
    "proof of help": Shot("finder", "{status handed_over}/receipt"),
    "check a receipt": Shot("finder", "/receipt"),
    "known receipt": Shot("finder", "/receipt", {"code": "{receipt}"}),
    "unknown receipt": Shot("finder", "/receipt", {"code": "1234 5678 9012"}),
    "doubt": Shot("finder", "/doubt?n=12345-6"),
    "doubt without its kind": Shot("finder", "/doubt", {"note": "二维码被贴过"}),
    "doubt told": Shot("finder", "/doubt", {"kind": "copied"}),
    "start": Shot("finder", "/"),
    "forged code": Shot("finder", f"/{FORGED}"),
    "unknown number": Shot("finder", "/n/000000"),
    "ended status": Shot("finder", "/s/" + "0" * 32),
    "login": Shot("stranger", "/login"),
    "login refused": Shot("stranger", "/login", {"username": "nobody", "password": "x"}),
    "expired": Shot("stranger", "/apply", {"csrf_token": "old", **FAMILY}),
    "demo phones": Shot("stranger", "/demo/phones"),
    "apply": Shot("family", "/apply"),
    **{
        f"apply, {step}": Shot("family", f"/apply/{step}", session="writing", spoken=("zh",))
        for step in PAGES
    },
    "apply, name wrong": Shot("family", "/apply/name", {"name": "!"}, session="writing"),
    "apply, check": Shot("family", "/apply/check", session="writing"),
    "apply, later": Shot("family", "/apply/later", session="writing", spoken=("zh",)),
    "apply, preview": Shot("family", "/apply/preview?all=1", session="writing", spoken=("zh",)),
    "apply, other browser": Shot("family", "/apply/resume"),
    "apply, wrong code": Shot("family", "/apply/resume", {"code": "1234"}, spoken=("zh",)),
    "receipt": Shot("family", "/apply/sent", session="following"),
    "apply status": Shot("family", "/apply/status"),
    "apply status, wrong code": Shot("family", "/apply/status", {"code": "1234 5678"}),
    "progress": Shot("family", "/apply/progress", session="following"),
    "taking it back": Shot("family", "/apply/withdraw", session="following"),
    "question": Shot("family", "{question}", session="following"),
    "answer missing": Shot("family", "{question}", {"note": ""}, session="following", spoken=("zh",)),
    "link of staff": Shot("family", "{link staff}"),
    "link of the family": Shot("family", "{link family}"),
    "link that has ended": Shot("family", "{link ended}"),
    "rehearsal": Shot("family", "{rehearsal}"),
    "console": Shot("secretary", "/desk"),
    "console of the operator": Shot("operator", "/desk"),
    "my duty": Shot("secretary", "/desk/duty"),
    "my duty without the ring": Shot(
        "secretary", "/desk/duty", {"nothing": ""}, "form[action$=take-over]", spoken=("zh",)
    ),
    "roster": Shot("secretary", "/desk/roster"),
    "roster of the operator": Shot("operator", "/desk/roster", spoken=("zh",)),
    "roster with an error": Shot(
        "secretary", "/desk/roster", {"starts0": "", "ends0": ""}, "#week form", spoken=("zh",)
    ),
    "policy": Shot("secretary", "/desk/policy"),
    "policy with an error": Shot("secretary", "/desk/policy", {"after1": "0"}, "form#steps", spoken=("zh",)),
    "climate": Shot("secretary", "/desk/climate"),
    "climate with errors": Shot(
        "secretary", "/desk/climate", {"coldest1": "x", "warmest2": "-40"}, "form#table", spoken=("zh",)
    ),
    "claim code that opens nothing": Shot("finder", "/", {"code": "123123"}, "form:has(#code)"),
    "channels": Shot("operator", "/channels"),
    "channel, refused": Shot("operator", "/channels", {"destination": "ftp://"}, "main form[action$=test]"),
    "new channel": Shot("operator", "/channels/new/aliyun_sms"),
    "new channel with errors": Shot("operator", "/channels/new/smtp", {"label": ""}),
    "new channel without receipts": Shot("operator", "/channels/new/serverchan", spoken=("zh",)),
    # The states of an incident differ in what they offer, not in how it looks: one is looked at in English.
    "incident alerting": Shot("secretary", "{incident alerting}"),
    **{
        f"incident {state}": Shot("secretary", f"{{incident {state}}}", spoken=("zh",))
        for state in (*LED[1:], "unknown")
    },
    "incident with an error": Shot(
        "secretary", "{incident with_elder}", {"collected_by": ""}, "#handover form"
    ),
    "showing with an error": Shot("secretary", "{incident acked}", {"cause": ""}, "#part-showing form"),
    "evidence": Shot("secretary", "{incident with_elder}/evidence"),
    "tonight": Shot("secretary", "/desk/tonight"),
    "tonight of the operator": Shot("operator", "/desk/tonight", spoken=("zh",)),
    "supplies": Shot("secretary", "/desk/supplies"),
    "supplies with errors": Shot(
        "secretary",
        "/desk/supplies",
        {"source": "typed", "amount": "x", "noted": ""},
        "form[action*=channels]",
        spoken=("zh",),
    ),
    "drills": Shot("secretary", "/desk/drills"),
    "drills with an error": Shot(
        "secretary", "/desk/drills", {"weekday": "1", "at": "10"}, "form[action$=plan]", spoken=("zh",)
    ),
    "call with an error": Shot("secretary", "/desk", {"number": "1"}, "#call form"),
    "elders": Shot("secretary", "/elders"),
    "elders found": Shot("worker", "/elders?q=wxl"),
    "new": Shot("worker", "/elders/new"),
    "new with errors": Shot("worker", "/elders/new", {"contact1_phone": "12"}, "#elder"),
    # What was refused a moment ago is kept as a draft.
    "new, unfinished": Shot("worker", "/elders/new"),
    "record": Shot("worker", "{record}"),
    "edit": Shot("worker", "{record}/edit"),
    "nursing homes": Shot("worker", "/institutions", {"name": "", "phone": "12"}, spoken=("zh",)),
    "nursing home": Shot("worker", "{house}"),
    "consent with pictures": Shot("worker", "{record}/consent"),
    "edit, both changed": Shot(
        "worker", "{record}/edit", {"version": "0", "base": "name:x", "history": "爱听戏。"}, "#elder"
    ),
    "lists": Shot("secretary", "/elders/imports"),
    "list": Shot("worker", "{list}"),
    "saved list": Shot("worker", "{saved list}"),
    "register as a file": Shot("secretary", "{register}"),
    "export without a reason": Shot("secretary", "/elders/imports", {"reason": ""}, "form[action$=export]"),
    "coverage": Shot("secretary", "/coverage"),
    "coverage of the operator": Shot("operator", "/coverage", spoken=("zh",)),
    "badges": Shot("worker", "/badges"),
    "badges with an error": Shot("worker", "/badges", {"count": "-1"}, "form:has(#count)"),
    "round": Shot("worker", "/deliveries"),
    "round, nothing ticked": Shot(
        "worker", "/deliveries", {"nothing": ""}, "form[action$=take]", spoken=("zh",)
    ),
    "door": Shot("worker", "{door}"),
    "door with an error": Shot("worker", "{door}", {"reason": ""}, "form:has(#reason)", spoken=("zh",)),
    "round on paper": Shot("worker", "/deliveries/sheet"),
    "grids": Shot("worker", "/deliveries/grids"),
    "paper card": Shot("worker", "{badge}/card"),
    "landmarks": Shot("worker", "/landmarks"),
    "landmarks without a file": Shot("worker", "/landmarks", {"crs": "gcj02"}, "form[enctype]"),
    "landmark": Shot("worker", "{landmark}"),
    "landmark, new": Shot("worker", "/landmarks/new"),
    "landmark with errors": Shot("worker", "/landmarks/new", {"name": "x"}),
    "landmark table": Shot("worker", "/landmarks", {"file": TABLE}, "form[enctype]"),
    "incident in words": Shot("secretary", "{incident words}"),
    "applications": Shot("worker", "/applications"),
    "review": Shot("worker", "{application}"),
    "review beside the card": Shot(
        "worker", "{pictured}", {"act": "identity"}, "#elder[action]", spoken=("zh",)
    ),
    "review, late and alike": Shot("worker", "{late}", spoken=("zh",)),
    "decided applications": Shot("worker", "/applications?show=decided"),
    "decided": Shot("worker", "{decided}"),
    "check list": Shot("worker", "/elders/checks"),
    "samples on trial": Shot("worker", "/elders/trials"),
    "check list on paper": Shot("worker", "/elders/checks/print", spoken=("zh",)),
    "check": Shot("worker", "{due}/check"),
    "farewell": Shot("worker", "{record}/farewell"),
    "farewell with an error": Shot("worker", "{record}/farewell", {"day": "1800-01-01"}, spoken=("zh",)),
    "farewell said": Shot("worker", "{gone}/farewell"),
    "moving": Shot("worker", "{record}/moving"),
    "moves": Shot("worker", "/moves"),
    "wishes": Shot("worker", "/wishes"),
    "record with a wish": Shot("worker", "{due}", spoken=("zh",)),
    "slip": Shot("worker", "{record}", {}, "form[action$=entry]"),
    "family door": Shot("family", "{family door}"),
    "family door, wrong code": Shot("family", "{family door}", {"code": "1"}),
    "family pages": Shot("family", "/mine"),
    "family pages with an error": Shot(
        "family", "/mine", {"value": "1"}, "form:has([name=field][value=phone])", spoken=("zh",)
    ),
    "family copy": Shot("family", "/mine", {}, "form[action*='copy.html']"),
    "not allowed": Shot("worker", "/desk"),
    "no such page": Shot("secretary", "/desk/incidents/999999"),
}


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
