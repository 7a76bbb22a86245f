"""Unique words about a person, a life into which they are put, and the glass that finds them however they are written."""

import base64
import io
import re
import uuid
from urllib.parse import quote

from conftest import NOW, PASSWORD, Home
from families import applied
from PIL import Image
from provider import Provider
from watch import SECRET, Watch, connect

from station import clock, emergency, safekeeping, seal
from station.applications import questions
from station.care import visits
from station.db import transaction
from station.incidents import links
from station.issuing import life, making, records

BASE = "https://zj.example.cn"
JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html"}

# Of the elder and the family, none of which a stranger, a message or a file may show.
ELDER = {
    "name": "瞿麒麟",
    "identity_number": "22021119460305004X",
    "address": "翡翠湾77号楼9单元1904",
    "history": "爱去鹿鸣亭看鸽子",
    "contact1_name": "瞿苍穹",
    "contact1_phone": "19900008171",
    "contact2_name": "郗琉璃",
    "contact2_phone": "0432-62018173",
    "call_name": "麒麟爷爷",
}
# What a finder told: for staff, and the place for those who are sent there.
TOLD = {"note": "他手上有鹦鹉纹身", "phone": "19900008191"}
PLACE = "琥珀巷口的修鞋摊"
SAID = {"finder": "我们在躲雨棚下", "station": "穿橙马甲的同事就到"}
HANDED_TO = "瞿苍梧"
WISH = "琉璃湾9号楼"
ASKED, ANSWERED = "驼铃巷还住吗", "搬到驼铃巷尽头了"
# Words in every field that a person fills: none may be in a file of the instance.
EVERYTHING = [
    *ELDER.values(), *TOLD.values(), PLACE, *SAID.values(), HANDED_TO, WISH, ASKED, ANSWERED,
    "王强", "孙丽", "9900000001", "9900008171", "62018173", "9900008191", "220211194603050", PASSWORD, SECRET,
]  # fmt: skip


def _picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((90, 60), 80).convert("RGB").save(out, "JPEG")
    return out.getvalue()


PICTURE = _picture()


def readings(word: str) -> list[bytes]:
    """The word in every way in which a file, a log or a page may hold it."""
    escaped = word.encode("ascii", "backslashreplace")
    return [
        word.encode(),
        word.encode("utf-16-le"),
        word.encode("gbk", "ignore"),
        escaped,
        escaped.upper().replace(b"\\U", b"\\u"),
        quote(word).encode(),
        word.encode("ascii", "xmlcharrefreplace"),
        base64.b64encode(word.encode())[:-4],
        word.encode().hex().encode(),
    ]


def found_in(content: bytes, words: list[str]) -> list[str]:
    plain = content.replace(b" ", b"").replace(b"-", b"")
    return [
        word
        for word in words
        if any(len(r) > 3 and (r in content or r.replace(b"-", b"") in plain) for r in readings(word))
    ]


class Story:
    """An elder's whole way: entered, given a badge, lost, found, taken home."""

    def __init__(self, home: Home, app, client, at_desk, provider: Provider) -> None:
        self.home, self.app, self.client = home, app, client
        self.worker, self.duty = at_desk("worker"), at_desk("duty")
        self.provider = provider
        self.shown: list[bytes] = []  # what strangers saw, headers and all
        self.meant: list[str] = []  # what staff saw

    def look(self, path: str, headers: dict[str, str] = PAGE):
        """A stranger opens an address."""
        return self.keep(self.client.get(path, headers=headers, base_url=BASE, buffered=True))

    def keep(self, answer):
        self.shown.append(str(answer.headers).encode() + answer.data)
        return answer

    def live(self) -> None:
        self._enter()
        self._apply()
        self._let_family_in()
        connect(self.home, self.provider, NOW)
        self.watch = Watch(self.home, self.provider, NOW)
        self._scan()
        self._talk()
        self._take_home()
        self.watch.at(400)

    def _enter(self) -> None:
        form = {
            **ELDER, "community_id": "1", "contact1_relation": "son", "contact2_relation": "other", "form_id": uuid.uuid4().hex,
            "do": "make", "health_notes": ["memory", "seizures"], "given_by": "relative",
            "consents": ["record", "family_place", "finding_community", "photo"], "hints": ["slowly"],
        }  # fmt: skip
        entered = self.worker.post("/elders", data=form)
        assert entered.status_code == 303, entered.text
        self.meant.append(self.worker.get(entered.headers["Location"]).text)
        home = self.home
        making.make(home.db, home.vault, 1, home.config.base_url, NOW)
        life.activate(home.db, home.vault, 1, by=1, now=NOW)
        badge = records.get(home.db, 1)
        self.number = badge.number
        self.token = seal.badge_token(home.ring, 1, badge.serial, badge.key_digit)

    def _apply(self) -> None:
        """A family applies from home with both pictures, and answers a question."""
        page_by_page = {
            "who": {"given_by": "relative"},
            "name": {"name": ELDER["name"]},
            "birth": {"birth_date": "1946-03-05"},
            "where": {"community_id": "1", "address": ELDER["address"]},
            "you": {key: ELDER[key] for key in ("contact1_name", "contact1_phone")},
            "contacts": {key: ELDER[key] for key in ("contact2_name", "contact2_phone")},
            "health": {"history": ELDER["history"]},
            "stranger": {"call_name": ELDER["call_name"]},
            "identity": {"picture": (io.BytesIO(PICTURE), "card.jpg")},
            "portrait": {"picture": (io.BytesIO(PICTURE), "face.jpg")},
            "consent": {"consents": ["record"]},
        }

        def open_page(method: str, path: str, fields: dict | None) -> str:
            return self.client.open(
                path,
                method=method,
                data=fields,
                headers={"Referer": BASE},
                base_url=BASE,
                follow_redirects=True,
            ).text

        self.applicant = applied(open_page, page_by_page)
        asked = questions.ask(self.home.db, self.home.vault, 1, "other", ASKED, by=1, now=clock.utcnow())
        self.applicant.look(f"/apply/questions/{asked}")
        self.applicant.press(f"/apply/questions/{asked}", note=ANSWERED)
        self.meant.append(self.worker.get("/applications/1").text)

    def _let_family_in(self) -> None:
        """A contact enters the family's own pages and wants something changed."""
        slip = self.worker.post("/elders/1/contacts/1/entry").text
        self.code = re.search(r"\d{4} \d{4}", slip)[0].replace(" ", "")
        self.entry = visits.link(self.home.ring, 1, 1)
        self.look(f"/family/{self.entry}")
        form = self.look("/mine").text.split('name="csrf_token" value="')[1].split('"')[0]
        sent = {"csrf_token": form, "code": self.code, "phone": ELDER["contact1_phone"]}
        entered = self.client.post(
            f"/family/{self.entry}", data=sent, headers={"Referer": BASE}, base_url=BASE
        )
        assert entered.status_code == 303
        wish = {"csrf_token": form, "field": "address", "value": WISH}
        self.client.post("/mine/wishes", data=wish, headers={"Referer": BASE}, base_url=BASE)
        self.meant.append(self.client.get("/mine", base_url=BASE).text)
        self.meant.append(self.worker.get("/elders/1").text)
        assert WISH in self.meant[-1]
        self.family_session = self.client.get_cookie(
            "station-family", domain="zj.example.cn", path="/mine"
        ).value
        self.client.delete_cookie("station-family", domain="zj.example.cn", path="/mine")

    def _scan(self) -> None:
        sent = {
            "act": "hurt",
            "request_id": str(uuid.uuid4()),
            "lat": 43.8255,
            "lon": 126.5601,
            "place": PLACE,
            **TOLD,
        }
        self.look(f"/{self.token}")
        answer = self.keep(self.client.post(f"/{self.token}/scans", json=sent, base_url=BASE)).get_json()
        assert answer["incident"] == "1"
        self.status = answer["status_url"]
        self.watch.at(1)
        with transaction(self.home.db):
            self.links = [links.make(self.home.db, self.home.vault, 1, now=NOW, **who) for who in ({"staff_id": 2}, {"contact_id": 1})]  # fmt: skip

    def _talk(self) -> None:
        self.client.post(
            f"{self.status}/messages", json={"text": SAID["finder"]}, headers=JSON, base_url=BASE
        )
        self.duty.post("/desk/incidents/1/messages", json={"text": SAID["station"]}, headers=JSON)
        self.watch.at(100)

    def _take_home(self) -> None:
        line = self.duty.post("/desk/incidents/1/claim", json={"slot": "both"}, headers=JSON).get_json()
        self.watch.at(150)
        for state in ("going", "with_elder", "handed_over"):
            step = {"state": state, "version": line["version"], "eta_minutes": 5, "collected_by": HANDED_TO}
            line = self.duty.post("/desk/incidents/1/move", json=step, headers=JSON).get_json()
        self.meant.append(self.duty.get("/desk/incidents/1").text)
        self.family_saw = self.keep(self.client.get(f"/go/{self.links[1]}", headers=PAGE, base_url=BASE)).text
        step = {"state": "closed", "version": line["version"], "outcome": "reunited"}
        assert self.duty.post("/desk/incidents/1/move", json=step, headers=JSON).status_code == 200

    def tokens(self) -> list[str]:
        sessions = [
            desk.client.get_cookie("station-session", domain="zj.example.cn")
            for desk in (self.worker, self.duty)
        ]
        return [
            self.token,
            self.status.removeprefix("/s/"),
            *self.links,
            self.entry,
            self.family_session,
            *(one.value for one in sessions if one),
        ]

    def files(self) -> dict[str, bytes]:
        """Every file of the instance but the keyring, and a backup."""
        safekeeping.back_up(self.home.config, self.home.ring, self.home.config.data_dir, NOW)
        emergency.refresh(
            self.home.db, self.home.vault, self.home.config.emergency_file, "Asia/Shanghai", NOW
        )
        return {
            str(path.relative_to(self.home.config.data_dir)): path.read_bytes()
            for path in self.home.config.data_dir.rglob("*")
            if path.is_file() and path != self.home.config.keyring
        }
