"""The channels of a station as its operator sees them: set up, switched off, tried with a real message."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import addresses, answers, audit, clock, envelope
from station.channels import registry, templates
from station.channels.base import Channel, Outgoing, Result
from station.channels.connect import Undeliverable
from station.channels.registry import KINDS
from station.db import StationDatabase, transaction
from station.errors import Invalid, InvalidForm, NotFound
from station.vault import Vault
from station.vocabulary import N_

LONGEST_LABEL = 40
LONGEST_SETTING = 500

NAMES = {
    "webhook": N_("Webhook: a program of your own"),
    "wecom_robot": N_("WeCom group robot"),
    "wecom_app": N_("WeCom application"),
    "dingtalk_robot": N_("DingTalk group robot"),
    "feishu_robot": N_("Feishu group robot"),
    "aliyun_sms": N_("Text message (Alibaba Cloud)"),
    "aliyun_voice": N_("Phone call (Alibaba Cloud)"),
    "tencent_sms": N_("Text message (Tencent Cloud)"),
    "smtp": N_("E-mail"),
    "bark": N_("Bark (iPhone)"),
    "serverchan": N_("ServerChan (WeChat)"),
    "apprise": N_("Another service through Apprise, receipt not verified"),
}
DESTINATIONS = {
    "web": N_("A web address that begins with https://"),
    "mail": N_("An e-mail address"),
    "phone": N_("A phone number"),
    "robot": N_("The robot's whole address, or only the key in it"),
    "user": N_("The person's account in WeCom"),
    "key": N_("The key that the app shows"),
    "apprise": N_("An Apprise address"),
}
SETTINGS = {
    "secret": N_("Secret"),
    "callback_token": N_("Token of the callback"),
    "callback_key": N_("EncodingAESKey of the callback"),
    "password": N_("Password"),
    "username": N_("User name"),
    "host": N_("Mail server"),
    "sender": N_("Address of the sender"),
    "port": N_("Port"),
    "security": N_("Encryption: tls, starttls or plain"),
    "mention": N_("Whom to call in the group: @all, or accounts"),
    "corp_id": N_("Company id"),
    "agent_id": N_("Number of the application"),
    "access_key_id": N_("Access key id"),
    "access_key_secret": N_("Access key secret"),
    "secret_id": N_("Secret id"),
    "secret_key": N_("Secret key"),
    "app_id": N_("Number of the SMS application"),
    "sign_name": N_("Approved signature name"),
    "template": N_("Template of alerts"),
    "template_drill": N_("Template of drills"),
    "template_entry": N_("Template of codes for the family’s pages"),
    "template_plain": N_("Template of messages without a link"),
    "template_menu": N_("Template of a call that waits for key 1"),
    "template_taken": N_("Template that is read after key 1"),
    "template_menu_drill": N_("Template of a drill’s call that waits for key 1"),
    "template_taken_drill": N_("Template that is read after key 1 in a drill"),
    "template_code": N_("Template of codes that confirm an applicant's phone"),
    "template_application": N_("Template of news about an application"),
    "variables": N_("Variables of the templates, in order"),
    "shown_number": N_("Number that the call shows"),
    "region": N_("Region"),
    "base_url": N_("Another address of the provider"),
    "ca_file": N_("File with your own certificate authority"),
    "deadline_s": N_("Seconds that one attempt may take"),
}
# The first two of each call for all of it.
_KEY = ("template_menu", "template_taken", "shown_number")
TOGETHER = (
    _KEY,
    ("template_menu_drill", "template_taken_drill", *_KEY),
    ("callback_token", "callback_key"),
)


@dataclass(frozen=True)
class Card:
    """A channel in the list; `last` is the newest attempt on it: at, outcome, detail."""

    id: int
    kind: str
    label: str
    active: bool
    people: int
    last: Mapping[str, Any] | None
    door: str  # the secret end of the address where its provider reports; empty where there is none
    came: Mapping[str, int]  # what came in there within seven days

    @property
    def channel(self) -> Channel:
        return KINDS[self.kind]


def cards(db: StationDatabase, vault: Vault, station: int, now: datetime) -> list[Card]:
    """All channels of a station, without their secrets."""
    rows = db.rows(
        "SELECT channel.id, channel.uid, channel.door_epoch, kind, label, channel.active, count(address.id) AS people FROM channel "
        "LEFT JOIN address ON address.channel_id = channel.id AND address.active = 1 "
        "WHERE channel.station = ? GROUP BY channel.id ORDER BY channel.id",
        station,
    )
    return [
        Card(
            id=row["id"],
            kind=row["kind"],
            label=row["label"],
            active=bool(row["active"]),
            people=row["people"],
            last=_last(db, row["id"]),
            door=addresses.door_of(vault, row) if KINDS[row["kind"]].door else "",
            came=answers.counts(db, row["id"], now),
        )
        for row in rows
        if row["kind"] in KINDS
    ]


def set_up(
    db: StationDatabase,
    vault: Vault,
    *,
    station: int,
    kind: str,
    label: str,
    settings: Mapping[str, str],
    by: int,
    now: datetime,
) -> int:
    """Set up a channel. Raises InvalidForm with every setting that is missing or cannot be."""
    if kind not in KINDS:
        raise NotFound("There is no such kind of channel.")
    wanted = {name: value.strip() for name, value in settings.items() if value.strip()}
    wrong = [*_wrong_label(db, station, label.strip()), *_wrong_settings(KINDS[kind], wanted)]
    if wrong:
        raise InvalidForm(wrong)
    made = addresses.add_channel(
        db, vault, station=station, kind=kind, label=label.strip(), settings=wanted, now=now
    )
    _note(db, vault, "channel.add", made, by=by, now=now)
    return made


def switch(
    db: StationDatabase, vault: Vault, station: int, channel_id: int, *, on: bool, by: int, now: datetime
) -> None:
    """Switch a channel on or off; addresses and history stay. Raises NotFound."""
    _of_station(db, station, channel_id)
    addresses.switch_channel(db, channel_id, on=on)
    _note(db, vault, "channel.on" if on else "channel.off", channel_id, by=by, now=now)


def renew_door(
    db: StationDatabase, vault: Vault, station: int, channel_id: int, *, by: int | None, now: datetime
) -> None:
    """Give a channel another address for what its provider reports, because the one before is known to others.

    Raises NotFound, also for a kind that reports nothing.
    """
    if KINDS[_of_station(db, station, channel_id)["kind"]].door is None:
        raise NotFound("This channel reports nothing later.")
    addresses.renew_door(db, channel_id)
    _note(db, vault, "channel.door", channel_id, by=by, now=now)


def try_out(
    db: StationDatabase,
    vault: Vault,
    message: Outgoing,
    *,
    station: int,
    channel_id: int,
    destination: str,
    by: int,
    now: datetime,
) -> Result:
    """Really send a message by a channel, to the address typed or else to the tester's own, and say what came of it.

    Raises NotFound, Invalid. The provider is spoken to outside any transaction.
    """
    kind = str(_of_station(db, station, channel_id)["kind"])
    typed = checked(kind, destination) if destination.strip() else _own(db, vault, channel_id, by)
    if not typed:
        raise Invalid("destination", "Write where the test is to go: you have no address on this channel.")
    settings, allow_private = addresses.open_channel(db, vault, channel_id)
    result = registry.send(kind, settings, typed, message, now=now, allow_private=allow_private)
    _note(db, vault, f"channel.test.{result.outcome}", channel_id, by=by, now=now)
    return result


def trial(station: str, text: str, base_url: str, now: datetime) -> Outgoing:
    """A message that says it is a test; its link leads to a page that says so too."""
    return Outgoing(
        id=uuid.uuid4().hex,
        incident="0",
        kind="drill",
        title=station,
        text=text,
        url=f"{base_url}/go/test",
        station=station,
        badge_number=None,
        location=None,
        attempt=1,
        at=now,
    )


def checked(kind: str, destination: str) -> str:
    """The address as typed, without blanks around it. Raises Invalid when it cannot be one of this kind."""
    typed = destination.strip()
    channel = KINDS.get(kind)
    if channel and channel.to == "phone":
        try:
            templates.phone(typed, mobile=not channel.rings)
        except Undeliverable:
            raise Invalid(
                "destination",
                "This is no phone number that this channel can reach. Compare it and type it again.",
            ) from None
    if channel and channel.to == "web" and "://" not in typed:
        raise Invalid("destination", "This is no web address; it begins with https://.")
    return typed


def add_way(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    contact_id: int,
    *,
    channel_id: int,
    destination: str,
    by: int,
    now: datetime,
) -> None:
    """Let a contact be reached on one more channel, at an address of its kind. Raises NotFound, Invalid."""
    kind = db.scalar("SELECT kind FROM channel WHERE id = ?", channel_id)
    typed = checked(str(kind), destination)
    addresses.add_way(
        db, vault, elder_id, contact_id, channel_id=channel_id, destination=typed, by=by, now=now
    )


def _wrong_label(db: StationDatabase, station: int, label: str) -> list[Invalid]:
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        return [Invalid("label", "Give the channel a short name.")]
    if db.scalar("SELECT 1 FROM channel WHERE station = ? AND label = ?", station, label):
        return [Invalid("label", "There is a channel of this name already. Choose another name.")]
    return []


def _wrong_settings(channel: Channel, settings: Mapping[str, str]) -> list[Invalid]:
    known = {*channel.required, *channel.optional}
    wrong = [Invalid(name, "This is needed.") for name in channel.required if name not in settings]
    for name, value in settings.items():
        if name not in known:
            wrong.append(Invalid(name, "This channel has no such setting."))
        elif len(value) > LONGEST_SETTING or not value.isprintable():
            wrong.append(Invalid(name, "This is too long or has characters that cannot be shown."))
    return wrong or _wrong_together(channel, settings)


def _wrong_together(channel: Channel, settings: Mapping[str, str]) -> list[Invalid]:
    """Settings that are of use only with others; half of them would look set up and do nothing."""
    called_for = [
        name
        for group in TOGETHER
        if set(group) <= set(channel.optional) and settings.keys() & group[:2]
        for name in group
        if name not in settings
    ]
    wrong = [
        Invalid(name, "This is needed together with the others of its kind.")
        for name in dict.fromkeys(called_for)
    ]
    key = settings.get("callback_key")
    if key and not envelope.is_key(key):
        wrong.append(Invalid("callback_key", "An EncodingAESKey has 43 letters and digits."))
    return wrong


def change(
    db: StationDatabase,
    vault: Vault,
    channel_id: int,
    settings: Mapping[str, str],
    *,
    by: int | None,
    now: datetime,
) -> None:
    """Change some settings of a channel, an empty one to none; all others stay. Raises InvalidForm, NotFound."""
    kind = db.scalar("SELECT kind FROM channel WHERE id = ?", channel_id)
    if kind not in KINDS:
        raise NotFound("There is no such channel. Load the page again.")
    before, _ = addresses.open_channel(db, vault, channel_id)
    wanted = {name: value.strip() for name, value in {**before, **settings}.items() if value.strip()}
    if wrong := _wrong_settings(KINDS[kind], wanted):
        raise InvalidForm(wrong)
    addresses.change_channel(db, vault, channel_id, wanted)
    _note(db, vault, "channel.change", channel_id, by=by, now=now)


def _of_station(db: StationDatabase, station: int, channel_id: int) -> dict[str, Any]:
    row = db.row("SELECT id, kind FROM channel WHERE id = ? AND station = ?", channel_id, station)
    if row is None:
        raise NotFound("There is no such channel. Load the page again.")
    return row


def _own(db: StationDatabase, vault: Vault, channel_id: int, staff_id: int) -> str:
    address_id = db.scalar(
        "SELECT id FROM address WHERE channel_id = ? AND staff_id = ? AND active = 1 ORDER BY id DESC",
        channel_id,
        staff_id,
    )
    found = addresses.open_address(db, vault, address_id) if address_id else None
    return found.destination if found else ""


def _last(db: StationDatabase, channel_id: int) -> dict[str, Any] | None:
    row = db.row(
        "SELECT attempt.ended_at, attempt.outcome, attempt.detail FROM attempt JOIN alert ON alert.id = alert_id "
        "JOIN address ON address.id = address_id WHERE channel_id = ? AND attempt.ended_at IS NOT NULL "
        "ORDER BY attempt.id DESC LIMIT 1",
        channel_id,
    )
    return row and {**row, "at": clock.parse(row["ended_at"])}


def _note(
    db: StationDatabase, vault: Vault, action: str, channel_id: int, *, by: int | None, now: datetime
) -> None:
    with transaction(db):
        audit.record(db, vault.ring, staff_id=by, action=action, about=f"channel/{channel_id}", now=now)
