"""A WeCom app gets its token once, renews it when it is refused, and names whom it left out."""

from urllib.parse import parse_qs, urlsplit

import pytest
from provider import Provider
from provider_words import LINK, TOKEN, YES, Deliver, fresh_token, no, provider, says, tell

from station.channels import codes, wecom

__all__ = ["fresh_token", "provider", "tell"]


def test_app_gets_a_token_once_and_shares_it(tell: Deliver, provider: Provider, fresh_token) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"]), says(YES["wecom_app"]))
    results = [tell("wecom_app", **fresh_token) for _ in range(2)]
    assert [(one.outcome, one.provider_id) for one in results] == [("ok", "w-1")] * 2
    asked = [urlsplit(request.path) for request in provider.requests]
    assert [one.path for one in asked] == ["/cgi-bin/gettoken", *["/cgi-bin/message/send"] * 2]
    assert parse_qs(asked[0].query) == {"corpid": [fresh_token["corp_id"]], "corpsecret": ["app-secret-91"]}
    assert parse_qs(asked[1].query) == {"access_token": ["token-1"]}
    sent = provider.requests[1].json()
    assert (sent["touser"], sent["msgtype"], sent["agentid"]) == ("lihua", "text", 1000002)
    assert sent["text"]["content"].endswith(LINK)


@pytest.mark.parametrize(
    "code", [code for code, meaning in wecom.CODES.items() if meaning.outcome == "refresh"]
)
def test_app_renews_a_token_that_is_refused_and_sends_at_once(
    tell: Deliver, provider: Provider, fresh_token, code: int
) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"]))
    tell("wecom_app", **fresh_token)
    new = TOKEN | {"access_token": "token-2"}
    provider.script(says(no("wecom_app", code)), says(new), says(YES["wecom_app"]))
    assert tell("wecom_app", **fresh_token).outcome == "ok"
    assert "access_token=token-2" in provider.requests[-1].path


def test_app_whose_fresh_token_is_refused_waits_instead_of_going_round(
    tell: Deliver, provider: Provider, fresh_token
) -> None:
    provider.script(says(TOKEN), says(no("wecom_app", 40014)))
    assert tell("wecom_app", **fresh_token).outcome == "retry"
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("code", "meaning"), [(code, meaning) for code, meaning in wecom.CODES.items() if code != 0]
)
def test_every_code_of_the_app_is_classified(
    tell: Deliver, provider: Provider, fresh_token, code: int, meaning: codes.Meaning
) -> None:
    provider.script(says(TOKEN), says(no("wecom_app", code)))
    outcome = "permanent" if meaning.outcome == "permanent" else "retry"
    assert tell("wecom_app", **fresh_token).outcome == outcome
    provider.script(says(no("wecom_app", code)))
    other = {"corp_id": fresh_token["corp_id"] + "-other"}
    assert tell("wecom_app", **other).outcome == outcome, "a refused token request says the same"


@pytest.mark.parametrize(
    "answer", [{"errcode": 0}, {"errcode": 0, "access_token": ""}, {"access_token": "x"}, []]
)
def test_app_without_a_token_sends_nothing(tell: Deliver, provider: Provider, fresh_token, answer) -> None:
    provider.script(says(answer))
    assert tell("wecom_app", **fresh_token).outcome == "retry"
    assert len(provider.requests) == 1


@pytest.mark.parametrize("left_out", [{"invaliduser": "lihua"}, {"unlicenseduser": "lihua"}])
def test_app_that_leaves_the_person_out_has_not_sent(
    tell: Deliver, provider: Provider, fresh_token, left_out
) -> None:
    provider.script(says(TOKEN), says(YES["wecom_app"] | left_out))
    assert tell("wecom_app", **fresh_token).outcome == "permanent"
