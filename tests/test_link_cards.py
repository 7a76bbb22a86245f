"""Chats whose buttons can only be links get a card with one, in which nothing typed is a link."""

import time
from dataclasses import replace

from doors import SETTINGS
from provider import Provider
from provider_words import MESSAGE, TOKEN, Deliver, provider, says, tell

__all__ = ["provider", "tell"]

APP = SETTINGS["wecom_app"]
BUTTON = {"look": "查看并接单", "press": "我来接单", "ref": "7-1-1764000000"}


def body_of(tell: Deliver, provider: Provider, kind: str, **more: str) -> dict:
    provider.script(says({"errcode": 0, "code": 0}))
    message = replace(MESSAGE, text="她说 [点这里](https://evil.test) <at id=all></at>", **BUTTON)
    assert tell(kind, message, **more).outcome == "ok"
    return provider.requests[-1].json()


def test_dingtalk_gets_a_card_with_a_link_in_which_nothing_typed_is_one(tell, provider):
    sent = body_of(tell, provider, "dingtalk_robot")
    card = sent["actionCard"]
    assert (sent["msgtype"], card["singleTitle"], card["singleURL"]) == (
        "actionCard",
        "查看并接单",
        MESSAGE.url,
    )
    assert "[点这里]" not in card["text"]
    assert "江湾公园东门" in card["text"]
    assert body_of(tell, provider, "dingtalk_robot", mention="@all")["msgtype"] == "text", (
        "a card calls nobody"
    )


def test_feishu_gets_a_card_with_a_link_and_only_the_settings_call(tell, provider):
    sent = body_of(tell, provider, "feishu_robot")
    buttons = [one["actions"] for one in sent["card"]["elements"] if one["tag"] == "action"]
    assert (sent["msg_type"], buttons[0][0]["url"]) == ("interactive", MESSAGE.url)
    markdown = [one for one in sent["card"]["elements"] if one.get("text", {}).get("tag") == "lark_md"]
    assert markdown == []
    called = body_of(tell, provider, "feishu_robot", mention="@all")["card"]["elements"][0]
    assert called["text"] == {"tag": "lark_md", "content": "<at id=all></at>"}


def test_a_wecom_robot_gets_a_card_unless_it_calls_people_or_the_text_is_long(tell, provider):
    card = body_of(tell, provider, "wecom_robot")["template_card"]
    assert (card["card_type"], card["card_action"]["url"], card["jump_list"][0]["title"]) == (
        "text_notice", MESSAGE.url, "查看并接单",
    )  # fmt: skip
    assert body_of(tell, provider, "wecom_robot", mention="@all")["msgtype"] == "text"
    provider.script(says({"errcode": 0}))
    tell("wecom_robot", replace(MESSAGE, text="长" * 200, **BUTTON))
    assert provider.requests[-1].json()["msgtype"] == "text"


def test_a_card_that_is_not_understood_goes_as_a_text_at_once(tell, provider):
    provider.script(says(TOKEN), says({"errcode": 40058}), says({"errcode": 0, "msgid": "w-1"}))
    callback = {name: APP[name] for name in ("callback_token", "callback_key")}
    result = tell("wecom_app", replace(MESSAGE, **BUTTON), corp_id=f"ww-{time.monotonic_ns()}", **callback)
    assert (result.outcome, result.provider_id) == ("ok", "w-1")
    kinds = [one.json()["msgtype"] for one in provider.requests if "message/send" in one.path]
    assert kinds == ["template_card", "text"]


def test_what_is_sent_again_is_a_text_with_the_link(tell, provider):
    for kind in ("dingtalk_robot", "feishu_robot", "wecom_robot"):
        provider.script(says({"errcode": 0, "code": 0}))
        tell(kind, replace(MESSAGE, attempt=2, **BUTTON))
        sent = provider.requests[-1].json()
        assert sent.get("msgtype", sent.get("msg_type")) == "text"
