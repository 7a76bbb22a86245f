"""What runs out in silence is seen in time: money for messages and calls, approved templates, the domain."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import NOW, Desk, Home, here_today
from provider import Behaviour, Provider, hang, respond
from watch import Watch, connect

from station import addresses, clock
from station.channels import balance
from station.db import transaction
from station.selfwatch import outside, supplies, tonight
from station.selfwatch.tonight import Asked

PAGE, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
EIGHT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # in the evening, in Jilin
SECRETARY = 4
ALIYUN = {
    "access_key_id": "LTAItest",
    "access_key_secret": "ali-secret",
    "sign_name": "站",
    "template": "SMS_1",
}
TENCENT = {
    "secret_id": "AKIDtest", "secret_key": "tc-secret", "app_id": "1400006666", "sign_name": "站", "template": "1110",
}  # fmt: skip


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as made:
        yield made


def says(body: object, status: int = 200) -> Behaviour:
    return respond(status, json.dumps(body).encode())


def account(amount: str) -> Behaviour:
    return says({"Code": "200", "Success": True, "Data": {"AvailableAmount": amount, "Currency": "CNY"}})


def packages(*lefts: tuple[int, int, int]) -> Behaviour:
    """Each: amount, used, and the days from `EIGHT` at which it ends."""
    found = [
        {
            "PackageAmount": amount, "CurrentUsage": used, "PackageEffectiveTime": 1617292800,
            "PackageExpiredTime": int((EIGHT + timedelta(days=days)).timestamp()),
        }
        for amount, used, days in lefts
    ]  # fmt: skip
    return says({"Response": {"SmsPackagesStatisticsSet": found, "RequestId": "r"}})


def channel(home: Home, provider: Provider, kind: str = "aliyun_sms", label: str = "短信") -> int:
    settings = {**(TENCENT if kind == "tencent_sms" else ALIYUN), "base_url": provider.url, "deadline_s": "1"}
    return addresses.add_channel(
        home.db, home.vault, station=1, kind=kind, label=label, settings=settings, allow_private=True, now=NOW
    )


def items(home: Home, now: datetime = EIGHT) -> dict[str, tonight.Item]:
    return {one.code: one for one in tonight.look(home.db, Asked(home.config, 1, {}, now)).items}


def typed(**more: str) -> dict[str, str]:
    return {"source": "typed", "amount": "500", "noted": "2026-11-20", "warn_below": "100", **more}


def keep(home: Home, channel_id: int, **more: str) -> None:
    form = typed(**more)
    supplies.keep(home.db, home.vault, 1, channel_id, form, today=EIGHT.date(), by=SECRETARY, now=EIGHT)


@pytest.mark.parametrize(
    ("amount", "code", "state", "left"),
    [("10,000.00", "balance", "good", None), ("49.40", "balance_yuan", "soon", 49), ("0.00", "balance_empty", "mend", 0), ("-3.10", "balance_empty", "mend", -3)],
)  # fmt: skip
def test_the_account_is_asked_and_judged(home, provider, amount, code, state, left):
    channel(home, provider)
    provider.script(account(amount))
    outside.ask(home.db, home.vault, replace(home.config, base_url="http://127.0.0.1"), EIGHT)
    found = items(home)[code]
    assert (found.state, found.values.get("left")) == (state, left)
    [request] = provider.requests
    assert request.headers["x-acs-action"] == "QueryAccountBalance"
    assert request.headers["x-acs-version"] == "2017-12-14"
    assert request.headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=LTAItest,")


def test_packages_count_while_they_can_be_used(provider):
    provider.script(packages((1000, 400, 30), (500, 0, -1), (100, 120, 5)))
    settings = {**TENCENT, "base_url": provider.url}
    found = balance.ask("tencent_sms", settings, now=EIGHT, allow_private=True)
    assert (found.amount, found.unit, found.trouble) == (600, "messages", "")
    request = provider.requests[0]
    assert request.headers["x-tc-action"] == "SmsPackagesStatistics"
    sent = request.json()
    assert sent["EndTime"] == "2026112119"
    assert sent["SmsSdkAppId"] == "1400006666"


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        ("aliyun_sms", says({"Code": "NotAuthorized", "Message": "no"}, 400), "the account may not do this"),
        ("aliyun_voice", says({"Code": "InvalidAccessKeyId.NotFound"}, 404), "the secret, key or account is not valid"),
        ("aliyun_sms", says({"Code": "200", "Success": True, "Data": {"AvailableAmount": "lots"}}), "a code that is not in the table"),
        ("aliyun_sms", respond(200, b"<html>"), "the provider's answer cannot be read"),
        ("tencent_sms", says({"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound"}}}), "the secret, key or account is not valid"),
        ("tencent_sms", says([1]), "the provider's answer cannot be read"),
        ("tencent_sms", respond(503), "the provider's answer cannot be read"),
    ],
)  # fmt: skip
def test_a_question_that_fails_says_why(home, provider, kind, answer, words):
    provider.script(answer)
    settings = {**ALIYUN, **TENCENT, "base_url": provider.url}
    found = balance.ask(kind, settings, now=EIGHT, allow_private=True)
    assert (found.amount, found.trouble) == (None, words)
    assert found.advice


def test_no_money_question_goes_to_a_stranger(provider):
    found = balance.ask("aliyun_sms", {**ALIYUN, "base_url": provider.url}, now=EIGHT)
    assert found.trouble == "the setting base_url is not an address of this provider"
    assert provider.connections == 0


def test_a_failing_question_is_told_and_the_last_number_stays(home, provider, at_desk):
    made = channel(home, provider)
    config = replace(home.config, base_url="http://127.0.0.1")
    provider.script(account("80.00"), says({"Code": "NoPermission"}, 403))
    outside.ask(home.db, home.vault, config, EIGHT)
    outside.ask(home.db, home.vault, config, EIGHT + timedelta(hours=1))
    found = items(home)["balance_failed"]
    assert (found.state, found.values["why"]) == ("soon", "the account may not do this")
    [one] = supplies.of_station(home.db, 1, "Asia/Shanghai")
    assert (one.channel_id, one.amount) == (made, 80)
    page = at_desk("secretary").get("/desk/tonight", headers=PAGE).text
    assert "短信：余额查不到（" in page


def test_an_answer_of_the_day_before_yesterday_proves_nothing(home, provider):
    channel(home, provider)
    provider.script(account("800"))
    outside.ask(home.db, home.vault, replace(home.config, base_url="http://127.0.0.1"), EIGHT)
    assert items(home, EIGHT + timedelta(hours=47))["balance"].state == "good"
    assert items(home, EIGHT + timedelta(hours=49))["balance_unknown"].state == "unknown"


def test_it_is_asked_once_every_evening_and_when_somebody_presses(home, provider, at_desk):
    channel(home, provider)
    provider.otherwise = account("800")
    config = replace(home.config, base_url="http://127.0.0.1")

    def ask(now: datetime, **changed: object) -> int:
        outside.ask_due(home.db, home.vault, replace(config, **changed), now)
        return len(provider.requests)

    assert ask(EIGHT - timedelta(hours=2)) == 0, "18:00"
    assert ask(EIGHT, demo=True) == 0
    assert ask(EIGHT - timedelta(minutes=59)) == 1
    assert ask(EIGHT) == 1
    assert ask(EIGHT + timedelta(days=1)) == 2
    assert at_desk("duty").post("/desk/tonight/ask", json={}, headers=JSON).status_code == 200
    assert ask(EIGHT + timedelta(days=1, hours=9)) == 3
    assert ask(EIGHT + timedelta(days=1, hours=9)) == 3


def test_a_silent_provider_holds_nobody_up(home, provider):
    provider.script(hang())
    settings = {**ALIYUN, "base_url": provider.url, "deadline_s": "0.2"}
    assert balance.ask("aliyun_sms", settings, now=EIGHT, allow_private=True).trouble == balance.NO_ANSWER


def test_a_typed_number_goes_down_with_every_message(home, provider, wang, client):
    made = channel(home, provider)
    keep(home, made, amount="103")
    assert items(home)["balance"].state == "good"
    connect(home, provider, NOW)
    with transaction(home.db):
        home.db.write("UPDATE address SET channel_id = ? WHERE staff_id IS NOT NULL", made)
    for n, outcome in enumerate(("ok", "ok", "unknown", "ok", "retry", "permanent")):
        with transaction(home.db):
            alert = home.db.insert(
                "alert", uid=f"a{n}", dedup=f"d{n}", kind="trial", address_id=1, staff_id=2,
                due_at=clock.text(EIGHT), created_at=clock.text(EIGHT),
            )  # fmt: skip
            home.db.insert(
                "attempt", alert_id=alert, number=1, started_at=clock.text(EIGHT - timedelta(hours=n)),
                ended_at=clock.text(EIGHT), outcome=outcome,
            )  # fmt: skip
    found = items(home)["balance_messages"]
    assert (found.state, found.values["left"]) == ("soon", 99)
    keep(home, made, amount="103", noted="2026-11-21", warn_below="0")
    assert supplies.of_station(home.db, 1, "Asia/Shanghai")[0].amount == 99, "those of the same day count"
    keep(home, made, amount="4")
    assert items(home)["balance_empty"].state == "mend"


def send(desk: Desk, path: str, form: dict[str, str]):
    return desk.post(path, data={"csrf_token": desk.token, **form}, headers=PAGE)


def test_the_page_keeps_what_is_typed_and_the_audit_log_knows(home, provider, at_desk):
    made = channel(home, provider)
    desk = at_desk("operator")
    form = typed(noted=here_today().isoformat(), template_state="rejected")
    assert send(desk, f"/desk/supplies/channels/{made}", form).status_code == 303
    page = desk.get("/desk/supplies", headers=PAGE).text
    assert "<strong>500</strong> 条" in page
    assert "模板没通过" in page
    row = home.db.row("SELECT action, object, role FROM audit ORDER BY seq DESC LIMIT 1")
    assert tuple(row.values()) == ("supply.save", f"channel/{made}", "operator")
    assert send(at_desk("duty"), f"/desk/supplies/channels/{made}", form).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("source", ""), ("amount", "-1"), ("amount", "viele"), ("noted", "2099-01-01"), ("noted", ""), ("warn_below", ""),
     ("template_state", "lost"), ("template_until", "soon")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(home, provider, at_desk, field, value):
    made = channel(home, provider)
    form = typed(noted=here_today().isoformat(), warn_below="77") | {field: value}
    answer = send(at_desk("secretary"), f"/desk/supplies/channels/{made}", form)
    assert answer.status_code == 422
    assert f'id="{field}-{made}-err"' in answer.text
    assert f'href="#{field}-{made}"' in answer.text
    assert home.db.scalar("SELECT count(*) FROM supply") == 0


def test_a_channel_of_another_kind_or_station_has_no_supply(home, provider, at_desk):
    connect(home, provider, NOW)
    assert send(at_desk("secretary"), "/desk/supplies/channels/1", typed()).status_code == 404
    assert supplies.of_station(home.db, 1, "Asia/Shanghai") == []


@pytest.mark.parametrize(
    ("form", "code", "state"),
    [
        ({}, "template_unknown", "unknown"),
        ({"template_state": "approved"}, "template", "good"),
        ({"template_state": "in_review"}, "template_in_review", "mend"),
        ({"template_state": "rejected"}, "template_rejected", "mend"),
        ({"template_state": "approved", "template_until": "2026-12-31"}, "template", "good"),
        ({"template_state": "approved", "template_until": "2026-12-21"}, "template_ends", "soon"),
        ({"template_state": "approved", "template_until": "2026-11-28"}, "template_ends", "mend"),
    ],
)
def test_a_template_that_ends_or_was_not_approved_is_seen(home, provider, form, code, state):
    keep(home, channel(home, provider), **form)
    assert items(home)[code].state == state


@pytest.mark.parametrize(
    ("days", "state", "told"),
    [(61, "good", False), (60, "soon", True), (59, "soon", False), (30, "soon", True), (8, "soon", False), (7, "mend", True), (-1, "mend", True)],
)  # fmt: skip
def test_the_domain_s_end_is_told_in_time(home, provider, days, state, told):
    until = (date(2026, 11, 21) + timedelta(days=days)).isoformat()
    supplies.keep_domain(home.db, home.vault, home.config.host, until, by=SECRETARY, now=EIGHT)
    assert items(home)["domain"].state == state
    connect(home, provider, NOW)
    watch = Watch(home, provider, EIGHT - timedelta(seconds=10))
    watch.at(10)
    texts = {r.json()["text"] for r in provider.requests if r.json()["kind"] == "tonight"}
    assert len(texts) == 1
    assert ("域名再过" in texts.pop()) is told


def test_the_domain_s_day_is_typed_on_the_page(home, at_desk):
    desk = at_desk("secretary")
    assert "没人记下它哪天到期" in desk.get("/desk/supplies", headers=PAGE).text
    wrong = send(desk, "/desk/supplies/domain", {"domain_until": "31.12."})
    assert (wrong.status_code, 'id="domain_until-err"' in wrong.text) == (422, True)
    assert send(desk, "/desk/supplies/domain", {"domain_until": "2031-05-01"}).status_code == 303
    assert "2031-05-01 到期" in desk.get("/desk/supplies", headers=PAGE).text
    assert home.db.scalar("SELECT action FROM audit ORDER BY seq DESC LIMIT 1") == "domain.save"


def test_a_press_says_that_it_is_being_asked(home, at_desk):
    desk = at_desk("secretary")
    for back, path in (("", "/desk/tonight"), ("supplies", "/desk/supplies")):
        answer = send(desk, "/desk/tonight/ask", {"back": back})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?asked=1")
        assert "正在查" in desk.get(f"{path}?asked=1", headers=PAGE).text
