"""Pages for when there is no help page to show; each puts a number to ring before anything else."""

from dataclasses import dataclass

from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station.web import access
from station.web.public import card, page
from station.web.public.card import HelpCard


@dataclass(frozen=True)
class Notice:
    title: str
    text: str
    ask_number: bool = False


def unknown_code() -> ResponseReturnValue:
    """Neutral: whether the code is forged, mistyped or another city's is nobody's business."""
    notice = Notice(
        gettext("This code is not one of ours"),
        gettext("Scan the badge once more, or compare the address with the one printed on it."),
        ask_number=True,
    )
    return answer(notice, 404, [])


def too_many_codes() -> ResponseReturnValue:
    """As neutral as for a single unknown code; a person with a scratched badge is helped by the number."""
    notice = Notice(
        gettext("This code is not one of ours"),
        gettext("Many unknown codes came from this network. Type the number of the badge, or ring 110."),
        ask_number=True,
    )
    return answer(notice, 429, [])


def unknown_number() -> ResponseReturnValue:
    notice = Notice(
        gettext("We do not find this badge number"),
        gettext("Compare the digits with those on the badge and type them again, or simply ring a station."),
        ask_number=True,
    )
    return answer(notice, 404, card.hotlines())


def too_many_numbers() -> ResponseReturnValue:
    """Says nothing about the number, so that trying numbers by machine tells nothing either."""
    notice = Notice(
        gettext("Please ring a station"),
        gettext("Many badge numbers were typed from this network. Wait a minute, or simply ring a station."),
    )
    return answer(notice, 429, card.hotlines())


def ended() -> ResponseReturnValue:
    notice = Notice(
        gettext("This page has ended"),
        gettext("If you still see the elder, scan the badge again or ring the station."),
        ask_number=True,
    )
    return answer(notice, 404, card.hotlines())


def too_large(station: HelpCard) -> ResponseReturnValue:
    notice = Notice(
        gettext("Please ring us"), gettext("That was too much to send at once. Ring us and tell it.")
    )
    return answer(notice, 413, [station])


def not_saved(stations: list[HelpCard]) -> ResponseReturnValue:
    notice = Notice(
        gettext("Please ring us now"),
        gettext("Your report could not be saved. Nobody has been told yet. Please ring."),
    )
    return answer(notice, 503, stations)


def not_sent(text: str, status: int) -> ResponseReturnValue:
    """A message of a finder that was not taken; `text` says why, translated."""
    return answer(Notice(gettext("The message was not sent"), text), status, card.hotlines())


def nobody_reads() -> ResponseReturnValue:
    return not_sent(gettext("Nobody reads here any more. Please ring the station."), 409)


def answer(notice: Notice, status: int, stations: list[HelpCard]) -> ResponseReturnValue:
    """The notice as a page, or as JSON with the hotlines."""
    if access.wants_json():
        return jsonify(error=notice.text, hotlines=[one.hotline_shown for one in stations]), status
    return page.render("notice.html", status, notice=notice, hotlines=stations)
