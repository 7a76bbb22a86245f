"""The finder's page as it would be for an application that is being written: by the same code, but nothing is sent."""

import re
from dataclasses import replace

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import cards, communities, enrolment, vocabulary
from station.web import access, connection, drafting, language
from station.web.public import card, page
from station.web.public.blueprint import bp

_SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
_ITEMS = ("page_call_name", "page_hints", "page_flags", "health_notes")
EXAMPLE = "12345-6"


@bp.get("/apply/preview")
@access.public
def preview() -> ResponseReturnValue:
    """What a stranger would see; with `all`, if everything on the page about strangers were agreed to."""
    draft = drafting.current()
    form = draft.content.form if draft else enrolment.ElderForm()
    agreed = form.consents + (_ITEMS if request.args.get("all") == "1" else ())
    items = cards.preview(enrolment.unchecked(replace(form, consents=agreed)))
    station = card.of_station(_station(form.community_id))
    badge = replace(station, number=EXAMPLE, call_name=items.call_name, hints=items.hints)
    pieces = page.help_pieces(station, badge, _inert(), language.choose(), page.large())
    flags = [flag for flag in items.flags if flag in vocabulary.LIFE_CRITICAL]
    banner = render_template("public/preview.html", flags=flags, back=_back(), example=EXAMPLE)
    html = _SCRIPT.sub("", page.plain(pieces).decode()).replace("<main>", f"{banner}<main>", 1)
    return Response(html, headers=page.sent_with(page.policy(html)))


def _inert() -> str:
    """A form whose presses lead back to this very page; its tag stays open like the true one's."""
    return f'<form id="f" action="{url_for("public.preview")}">'


def _back() -> str:
    spoken = request.args.get("l")
    if request.args.get("all") == "1":
        return url_for("family.page", step="shown", l=spoken)
    return url_for("family.check", l=spoken)


def _station(community_id: str) -> int:
    db = connection.get_db()
    chosen = [c.station for c in communities.communities(db) if str(c.id) == community_id]
    return chosen[0] if chosen else communities.stations(db)[0].number
