"""The demonstration's phones: a page that shows what each phone would receive. Exists in `station demo` only."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts, demo_phones, elders
from station.demo_phones import Received
from station.errors import NotFound
from station.vocabulary import N_, ROLES
from station.web import access, connection

bp = Blueprint("demo", __name__)

# What a message is about, by the kind that stands in it.
KINDS = {
    "soft_notice": N_("Somebody looked"),
    "notice": N_("Notice"),
    "ladder": N_("Ringing"),
    "place": N_("Place"),
    "message": N_("News"),
    "claimed": N_("Taken"),
    "closed": N_("Closed"),
    "drill": N_("Drill"),
    "entry": N_("Code for the family’s pages"),
    "code": N_("Code"),
    "application": N_("Application"),
    "mail": N_("E-mail"),
}


@bp.post("/demo/phones/<who>")
@access.public
def receive(who: str) -> ResponseReturnValue:
    """Take a webhook like any provider."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return "", 400
    demo_phones.keep(connection.config(), connection.ring(), who, body, connection.now())
    return "", 204


@bp.get("/demo/phones")
@access.public
def phones() -> ResponseReturnValue:
    columns: dict[str, list[Received]] = {}
    for message in reversed(demo_phones.received(connection.config(), connection.ring())):
        columns.setdefault(message.who, []).append(message)
    return render_template("demo_phones.html", columns=columns, owner=_owner, kinds=KINDS)


def _owner(who: str) -> tuple[str, str]:
    """Whose phone it is, in words: a name, and what the person has to do with it."""
    db, vault = connection.get_db(), connection.get_vault()
    if who == "applicants":
        return gettext("Families that apply"), gettext("their phones")
    if not who.startswith("family-"):
        row = db.row("SELECT id FROM staff WHERE username = ?", who)
        if row is None:
            return who, ""
        staff = accounts.get(db, vault, row["id"])
        return staff.name, gettext(ROLES[staff.role])
    contact_id = int(who.removeprefix("family-"))
    elder_id = db.scalar("SELECT elder_id FROM contact WHERE id = ?", contact_id)
    if elder_id is None:
        raise NotFound("There is no such phone.")
    names = {one.id: one.name for one in elders.contacts(db, vault, elder_id)}
    return names[contact_id], gettext("Family of %(name)s", name=elders.get(db, vault, elder_id).name)
