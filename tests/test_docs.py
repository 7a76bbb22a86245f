"""What the documents say is so: settings, commands, targets, files, links and pictures."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
from PIL import Image

from station import config
from station.cli.main import main

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
OPERATING = (ROOT / "docs" / "operating.md").read_text()
# How tests wait less; nobody else sets it.
INTERNAL = {"STATION_STALE_S"}
SOURCES = {".py", ".md", ".html", ".txt", ".css", ".js", ".toml", ".yaml", ".po", ".sql", ""}


def tracked() -> list[Path]:
    """Every file of the project, without what .gitignore and the tools' own folders leave out."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]

    def ours(path: Path) -> bool:
        parts = path.relative_to(ROOT).parts
        hidden = parts[0].startswith(".") and parts[0] not in (".ci", ".gitignore")
        return not hidden and not any(fnmatch(part, mark) for part in parts for mark in ignored)

    return sorted(path for path in ROOT.rglob("*") if path.is_file() and ours(path))


FILES = tracked()
PAGES = [path for path in FILES if path.suffix == ".md"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(page: str) -> Iterator[str]:
    """Every line of the code blocks, without its comment, and every piece of code in a sentence."""
    fences = r"^```\w*\n(.*?)^```"
    for block in re.findall(fences, page, re.M | re.S):
        yield from (line.split(" #")[0].strip() for line in block.splitlines())
    prose = re.sub(fences, "", page, flags=re.M | re.S)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))


def commands(program: str) -> list[tuple[str, list[str]]]:
    """(page, words after the program) of each call of `program` in a document."""
    return [
        (name_of(page), shlex.split(line)[1:])
        for page in PAGES
        for line in code(page.read_text())
        if re.match(rf"{program}( |$)", line)
    ]


def test_every_setting_is_explained_and_every_explained_setting_exists():
    class Asked(dict):
        def get(self, name, default=None):
            known.add(name)
            return super().get(name, default)

    known: set[str] = set()
    config.read(Asked(STATION_DATA="/tmp", STATION_BASE_URL="https://zj.example.cn"))  # noqa: S108
    assert len(known) > 5
    for path in (ROOT / "station").rglob("*.py"):
        known |= set(re.findall(r"""environ(?:\.get\(|\[)"(STATION_\w+)""", path.read_text()))
    table = "".join(line for line in OPERATING.splitlines() if line.startswith("| `STATION_"))
    assert set(re.findall(r"`(STATION_\w+)`", table)) == known - INTERNAL


def test_defaults_in_the_table_are_the_ones_in_the_code():
    read = config.read({"STATION_DATA": "/srv", "STATION_BASE_URL": "https://zj.example.cn"})
    rows = dict(re.findall(r"^\| (`STATION_.+?) \| (.+?) \|", OPERATING, re.M))
    defaults = {name: value for name, value in rows.items() if "`STATION_HOST`" in name}
    assert list(defaults.values()) == [f"`{read.listen_host}`, `{read.listen_port}`"]
    assert rows["`STATION_TIMEZONE`"] == f"`{read.timezone}`"
    assert rows["`STATION_LANGUAGE`"] == f"`{read.language}`"
    assert rows["`STATION_KEYRING`"].startswith(f"`{read.keyring.name}`")


def parse(words: list[str]) -> None:
    """Raises a click.UsageError when the words are no `station` command or lack or add an option."""
    command: click.Command = main
    context = click.Context(command, info_name="station")
    while isinstance(command, click.Group) and words:
        _, found, words = command.resolve_command(context, words)
        command = found or command
        context = click.Context(command, parent=context, info_name=command.name)
    wanted = [option for option in command.params if isinstance(option, click.Option) and option.required]
    given = [word for word in words if word != "…"]
    command.make_parser(context).parse_args(list(given))
    if given:
        missing = [option.name for option in wanted if not set(option.opts) & set(given)]
        assert not missing, f"needs {missing}"


def test_every_station_command_in_the_documents_can_be_typed():
    found = commands("station")
    assert len(found) > 10
    for page, words in found:
        try:
            parse([] if words[:1] == ["…"] else words)
        except (click.UsageError, AssertionError) as error:
            pytest.fail(f"{page}: station {' '.join(words)}: {error}")


@pytest.mark.parametrize(
    "words", ["demo --porto 1", "flee", "user add --name Wang wang", "keys from-papyrus"]
)
def test_a_command_that_does_not_exist_would_be_noticed(words):
    with pytest.raises((click.UsageError, AssertionError)):
        parse(words.split())


def test_every_make_target_in_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    found = commands("make")
    assert len(found) > 5
    for page, words in found:
        names = [word for word in words if "=" not in word]
        assert set(names) <= targets, f"{page}: make {' '.join(words)}"
        if names == ["run"]:
            parse(["demo", *shlex.split(" ".join(word.partition("=")[2] for word in words[1:]))])


def test_both_readmes_name_every_target_that_a_newcomer_needs():
    for readme in (README, CHINESE):
        named = {words[0] for page, words in commands("make") if page == readme.name and words}
        assert {"run", "test", "check", "bench"} <= named


def in_map(readme: Path) -> set[str]:
    """What the first column of the map names: folders, and modules without saying whether one is a package by now."""
    rows = re.findall(r"^\| ((?:`[\w./]+` ?)+)\|", readme.read_text(), re.M)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda path: path.name)
def test_the_map_names_what_exists_and_every_folder(readme):
    named = in_map(readme)
    for name in named:
        assert (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file(), name
    parts = [path.relative_to(ROOT).parts for path in FILES]
    top = {p[0] for p in parts if len(p) > 1}
    inner = {f"station/{p[1]}" for p in parts if p[0] == "station" and len(p) > 2}
    assert top | inner <= {name.rstrip("/") for name in named}


def links(page: str) -> list[str]:
    """Targets of links and pictures within the project."""
    page = re.sub(r"^```.*?^```", "", page, flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)", page) + re.findall(r'(?:src|href)="([^"]+)"', page)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(page: str) -> set[str]:
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_picture_leads_somewhere(page):
    for target in links(page.read_text()):
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_a_document_calls_as_witness_exists(page):
    for name in re.findall(r"tests/test_\w+\.py", page.read_text()):
        assert (ROOT / name).is_file(), name


def test_both_readmes_show_the_same_pictures_and_lead_to_the_same_places():
    english, chinese = (links(readme.read_text()) for readme in (README, CHINESE))
    pictures = [target for target in english if target.endswith(".png")]
    assert pictures == [target for target in chinese if target.endswith(".png")]
    assert len(pictures) > 4
    assert set(english) - {CHINESE.name} == set(chinese) - {README.name}


def test_every_picture_is_shown_and_small():
    shown = {ROOT / target for target in links(README.read_text())}
    for path in (ROOT / "docs" / "pictures").iterdir():
        assert path in shown, path
        assert path.stat().st_size <= 64_000, path
        with Image.open(path) as picture:
            assert picture.mode == "P", path
            assert not picture.info.keys() & {"Software", "Comment", "exif"}, path


def test_nothing_tells_of_the_machine_it_was_written_on():
    foreign = ("/wo" + "rk/", "files.python" + "hosted", "pypi." + "org/simple", "/ho" + "me/", "/ro" + "ot/")
    for path in FILES:
        if path.suffix in SOURCES:
            text = path.read_text()
            assert [word for word in foreign if word in text] == [], path


def test_an_installed_copy_has_its_templates_where_it_looks_for_them():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["station", "badges"], "force-include": {"templates": "station/templates"}}
