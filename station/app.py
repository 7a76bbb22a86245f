"""create_app connects the parts and decides nothing."""

from pathlib import Path

from flask import Flask

from station.config import Config
from station.emergency import EmergencyFile
from station.seal import Keyring
from station.web import (
    account,
    alive,
    answers,
    channels,
    connection,
    demo,
    health,
    language,
    links,
    metrics,
    mine,
    pages,
    partners,
    registry,
    rehearsal,
)
from station.web.connection import Service
from station.web.desk import doors as desk
from station.web.family import doors as family
from station.web.public import doors as public
from station.web.roster import doors as roster

LARGEST_BODY = 64 * 1024  # bytes; the registry raises it for photos


def create_app(config: Config, ring: Keyring) -> Flask:
    """The web application of one instance."""
    app = pages.Application(
        "station", root_path=str(Path(__file__).parent), template_folder=str(_templates())
    )
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SECRET_KEY=ring.derive("session").hex(),
        SESSION_COOKIE_SECURE=config.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="station-form",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRF-Token"],
        WTF_CSRF_SSL_STRICT=False,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["station"] = Service(config, ring, EmergencyFile(config.emergency_file, ring))
    connection.install(app)
    account.csrf.init_app(app)
    language.install(app)
    app.add_template_global(alive.sender_is_silent)
    pages.install(app)
    for module in (
        account,
        desk,
        roster,
        channels,
        registry,
        family,
        mine,
        partners,
        answers,
        links,
        rehearsal,
        health,
        metrics,
        public,
    ):
        app.register_blueprint(module.bp)
    if config.demo:
        app.register_blueprint(demo.bp)
        account.csrf.exempt(demo.bp)
    for module in (public, links, partners, rehearsal, answers):
        account.csrf.exempt(module.bp)
    return app


def _templates() -> Path:
    """In an installed package the templates lie inside it, in a checkout beside it."""
    inside = Path(__file__).parent / "templates"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "templates"
