"""The list of all pages a person can see: who sees each, where it is, and what leads there."""

from dataclasses import dataclass

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
