"""Text messages and calls whose words the provider has approved before: only variables are filled in.

In mainland China no free text is carried, and no variable may be an address: the host stands in the template and a
code is filled in (https://help.aliyun.com/document_detail/101346.html, isv.PARAM_NOT_SUPPORT_URL).
"""

import re
from collections.abc import Mapping

from station.channels.base import Delivery, Outgoing
from station.channels.connect import Undeliverable
from station.vocabulary import N_

NOTHING = "无"  # A variable may not be empty.
VARIABLES = ("badge", "code", "station", "incident")
_LONGEST = 20  # characters of one variable that every provider takes
_OF_APPLICANTS = {"code": "template_code", "application": "template_application"}
_MISSING = {
    "template": N_("the channel has no template of alerts (setting template)"),
    "template_drill": N_(
        "the channel has no template of drills, which tests use too (setting template_drill)"
    ),
    "template_plain": N_("the channel has no template of messages without a link (setting template_plain)"),
    "template_entry": N_("the channel has no template of codes for families (setting template_entry)"),
    "template_code": N_("the channel has no template of codes for applicants (setting template_code)"),
    "template_application": N_(
        "the channel has no template of news for applicants (setting template_application)"
    ),
}
_SET_IT = N_(
    "Have such a template approved by the provider and set the channel up with it (docs/channels.md)."
)
_CODE = re.compile(r"https?://[^/]+/(go|drill)/([0-9A-Za-z_-]+)")
_PHONE = re.compile(r"(?:\+?86)?(1\d{10}|0\d{9,11})")


def phone(destination: str, *, mobile: bool) -> str:
    """The number as it is dialled within mainland China: 19900000001, 043262012345."""
    digits = re.sub(r"[\s-]", "", destination)
    # +86 432 6201 2345 is dialled as 0432 6201 2345.
    landline = re.fullmatch(r"\+?86([2-9]\d{8,10})", digits)
    found = _PHONE.fullmatch(f"0{landline[1]}" if landline else digits)
    if not found:
        raise Undeliverable(N_("the destination is not a phone number of mainland China"))
    if mobile and found[1].startswith("0"):
        raise Undeliverable(N_("the destination is not a mobile number"))
    return found[1]


def chosen(delivery: Delivery, variables: str = "badge,code") -> tuple[str, list[tuple[str, str]]]:
    """The template for a message and its variables with their names, in the order of the setting.

    Messages with a personal link take `template`, drills of every sort `template_drill`, codes for the family's pages
    `template_entry`, all others `template_plain`.
    """
    if delivery.message.kind in _OF_APPLICANTS:
        return _of_applicant(delivery)
    link = _CODE.match(delivery.message.url or "")
    drilled = link is not None and "drill" in (link[1], delivery.message.kind)
    setting = "template_drill" if drilled else "template" if link else "template_plain"
    setting = "template_entry" if delivery.message.code else setting
    template = delivery.settings.get(setting, "")
    if not template:
        raise Undeliverable(_MISSING[setting], _SET_IT)
    return template, filled(delivery, variables)


def filled(delivery: Delivery, variables: str) -> list[tuple[str, str]]:
    """The variables of a message's template with what is filled in for them, in the order of the setting."""
    link = _CODE.match(delivery.message.url or "")
    code = delivery.message.code or (link[2] if link else "")
    names = [name for name in named(delivery.settings, variables) if code or name != "code"]
    if delivery.message.code:
        names = ["code"]
    return [(name, _value(name, delivery, code)) for name in names]


def _of_applicant(delivery: Delivery) -> tuple[str, list[tuple[str, str]]]:
    """The template of a code to type, or of news about an application, each with its one variable."""
    setting = _OF_APPLICANTS[delivery.message.kind]
    template = delivery.settings.get(setting, "")
    if not template:
        raise Undeliverable(_MISSING[setting], _SET_IT)
    return template, [("code", delivery.message.code or NOTHING)]


def named(settings: Mapping[str, str], usual: str) -> list[str]:
    """The variables of the templates, in their order."""
    names = [name.strip() for name in (settings.get("variables") or usual).split(",") if name.strip()]
    if not set(names) <= set(VARIABLES):
        raise Undeliverable(f"the setting variables may name {', '.join(VARIABLES)}")
    return names


def _value(name: str, delivery: Delivery, code: str) -> str:
    return _said(name, delivery.message, code) or NOTHING


def _said(name: str, message: Outgoing, code: str) -> str:
    values = {"badge": message.badge_number, "incident": message.incident, "station": message.station}
    return code if name == "code" else (values[name] or "")[:_LONGEST]
