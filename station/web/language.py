"""Which language a page speaks, and how times and words are shown in it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask, request
from flask_babel import Babel, format_date, format_datetime, get_locale, gettext

from station import family_words, staff_words, vocabulary
from station.web import connection

PUBLIC = ("zh", "en", "ko")
STAFF = ("zh", "en")
COOKIE = "language"


def install(app: Flask) -> None:
    """Set up translations and the filters that templates use."""
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=choose)
    app.add_template_filter(clock_time)
    app.add_template_filter(day_time)
    app.add_template_filter(week_day)
    app.add_template_filter(second_time)
    app.add_template_filter(whole_day)
    app.add_template_filter(_words, "words")
    app.add_template_global(current, "language")
    app.jinja_env.globals["vocabulary"] = vocabulary
    app.jinja_env.globals["staff_words"] = staff_words
    app.jinja_env.globals["family_words"] = family_words


def choose() -> str:
    """`?l=` first. Strangers then by what their phone asks for; staff by the cookie, then the station's setting."""
    asked = request.args.get("l", "")
    if is_public_page():
        # Korean is spoken on the finder's pages alone; elsewhere a Korean phone is told the truth about the language.
        spoken = PUBLIC if request.blueprint == "public" else STAFF
        return asked if asked in spoken else request.accept_languages.best_match(spoken, "zh") or "zh"
    chosen = asked or request.cookies.get(COOKIE, "")
    return chosen if chosen in STAFF else connection.config().language


def is_public_page() -> bool:
    return request.blueprint in (None, "public", "family", "links", "mine")


def current() -> str:
    return str(get_locale())


def clock_time(moment: datetime) -> str:
    """14:03 in the station's time."""
    return moment.astimezone(ZoneInfo(connection.config().timezone)).strftime("%H:%M")


def second_time(moment: datetime) -> str:
    """11-21 14:03:09 in the station's time, for what is evidence."""
    return moment.astimezone(ZoneInfo(connection.config().timezone)).strftime("%m-%d %H:%M:%S")


def day_time(moment: datetime) -> str:
    """Day and time in the station's time and the reader's language."""
    local = moment.astimezone(ZoneInfo(connection.config().timezone))
    pattern = {"zh": "M月d日 HH:mm", "ko": "M월 d일 HH:mm"}.get(current(), "d MMM HH:mm")
    return str(format_datetime(local, pattern, rebase=False))


def week_day(day: date) -> str:
    """A day of the coming weeks with its weekday, in the reader's language."""
    pattern = {"zh": "M月d日 EEE", "ko": "M월 d일 EEE"}.get(current(), "EEE d MMM")
    return str(format_date(day, pattern))


def whole_day(moment: datetime) -> str:
    """The date with its year, in the station's time and the reader's language."""
    local = moment.astimezone(ZoneInfo(connection.config().timezone))
    pattern = {"zh": "y年M月d日", "ko": "y년 M월 d일"}.get(current(), "d MMMM y")
    return str(format_datetime(local, pattern, rebase=False))


def _words(text: str) -> str:
    """Translate a text of vocabulary.py."""
    return str(gettext(text)) if text else ""
