"""`make translations`: collect every text to translate, bring the catalogs up to date, compile them."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from station import identity_number, names, phones, photos, places, tables

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LANGUAGES = ("zh", "ko")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "N_": None,
    "NotFound": None,
    "Conflict": None,
    "Refused": None,
    "Gone": None,
    "TooOften": None,
    "TooMany": None,
    "Invalid": (2,),
    "fail": (2,),
}
# A fixed date keeps the files the same when the texts are the same.
DATED = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = (
    identity_number.REASONS,
    names.REASONS,
    phones.REASONS,
    photos.REASONS,
    places.REASONS,
    tables.REASONS,
)


def template() -> Catalog:
    """All texts of the code, the templates and the modules' tables of reasons."""
    found = Catalog(project="anti-wandering-station", creation_date=DATED, charset="utf-8")
    for source, text, comments in [*_from_code(), *_from_templates()]:
        found.add(text, locations=[(source, 0)], auto_comments=comments)
    for table in TABLES:
        for text in table.values():
            found.add(text, locations=[("station", 0)])
    return found


def catalog_path(language: str) -> Path:
    return HERE / language / "LC_MESSAGES" / "messages.po"


def updated(language: str, texts: Catalog) -> Catalog:
    """The language's catalog with today's texts; texts that nobody uses any more are dropped."""
    path = catalog_path(language)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    else:
        catalog = Catalog(locale=language)
    catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = DATED
    catalog.project, catalog.version = "anti-wandering-station", "1"
    return catalog


def untranslated(catalog: Catalog) -> list[str]:
    """The texts that still lack a translation."""
    missing = []
    for message in catalog:
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.id and not all(strings):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def save(language: str, catalog: Catalog) -> None:
    path = catalog_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True, no_location=True, omit_header=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)


def wanted(language: str, texts: Catalog) -> Catalog:
    """Korean is spoken on the finder's pages only."""
    if language != "ko":
        return texts
    some = Catalog(project="anti-wandering-station", creation_date=DATED, charset="utf-8")
    for message in texts:
        if message.id and any("public" in source for source, _ in message.locations):
            some.add(message.id, locations=message.locations)
    return some


def main() -> int:
    texts, missing = template(), 0
    for language in LANGUAGES:
        catalog = updated(language, wanted(language, texts))
        save(language, catalog)
        for text in untranslated(catalog):
            sys.stdout.write(f"{language}: {text}\n")
            missing += 1
    return 1 if missing else 0


def _from_code() -> Iterator[tuple[str, str | tuple[str, ...], list[str]]]:
    for path in sorted((ROOT / "station").rglob("*.py")):
        for _, text, comments, _ in extract_from_file(
            "python", path, keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            yield _label(path), text, comments


def _from_templates() -> Iterator[tuple[str, str | tuple[str, ...], list[str]]]:
    options = {"**": {"trimmed": "true", "extensions": "jinja2.ext.i18n"}}
    found = extract_from_dir(
        ROOT / "templates", method_map=[("**", "jinja2")], options_map=options, keywords=KEYWORDS
    )
    for name, _, text, comments, _ in found:
        yield f"templates/{name}", text, comments


def _label(path: Path) -> str:
    """vocabulary.HINTS and the finder's reasons are read by finders too, so Korean needs them."""
    name = str(path.relative_to(ROOT))
    return re.sub(r"vocabulary", "vocabulary-public", name)


if __name__ == "__main__":
    sys.exit(main())
