"""The code's own habits: what no linter knows, held by looking at every file."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from walking import Things, addresses, contents, of_wearer

from station import schema
from station.db import StationDatabase, create
from station.translations import __main__ as translations

ROOT = Path(__file__).parent.parent
PRODUCT = sorted(path for part in ("station", "badges") for path in (ROOT / part).rglob("*.py"))
PYTHON = PRODUCT + sorted(path for part in ("tests", "bench") for path in (ROOT / part).rglob("*.py"))
PAGES = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
SCRIPTS = sorted(
    path
    for path in (ROOT / "station" / "static").rglob("*")
    if path.suffix in (".js", ".css") and "vendor" not in path.parts
)
LONGEST_FUNCTION = 66
LONGEST_MODULE = 400
# What the libraries that were chosen bring along as parts of themselves.
PARTS = {"werkzeug": "flask", "jinja2": "flask", "click": "flask", "babel": "flask_babel"}
# Where the wall clock may be read, and where seconds may be counted by the machine's own clock.
READS_THE_CLOCK = {"clock.py", "web/connection.py", "processes.py", "sender.py", "cli/"}
COUNTS_SECONDS = {
    "heartbeat.py", "forked.py", "webserver.py", "serve.py", "processes.py", "sender.py", "fallback.py", "web/damping.py",
    "alerts/planner.py", "darkroom.py",
    "web/desk/stream.py", "web/public/card.py", "channels/connect.py",
}  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), name_of(path))


def strings(path: Path) -> Iterator[str]:
    """Every text of a module as one piece; what is filled in later stands as {}."""
    module = tree(path)
    parts = {
        id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def statements() -> Iterator[tuple[str, str]]:
    for path in PRODUCT:
        for text in strings(path):
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", text):
                yield name_of(path), text


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """A file is parsed for the first test that looks at it and kept for the others of this module."""
    yield
    tree.cache_clear()


@pytest.fixture(scope="module")
def databases(tmp_path_factory) -> Iterator[tuple[StationDatabase, StationDatabase]]:
    folder = tmp_path_factory.mktemp("schema")
    db, keys = create(folder / "station.db"), create(folder / "keys.db")
    schema.migrate(db)
    schema.migrate_keys(keys)
    yield db, keys
    db.close()
    keys.close()


def tables(databases) -> dict[str, set[str]]:
    """The columns of every table."""
    return {
        row["name"]: {column["name"] for column in db.rows(f"PRAGMA table_info({row['name']})")}
        for db in databases
        for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    } | {"sqlite_master": set(), "json_each": {"value"}}


def test_every_statement_names_tables_that_exist(databases):
    known = tables(databases)
    found = list(statements())
    assert len(found) > 100, "the statements are not found any more"
    for where, text in found:
        for table in re.findall(r"\b(?:FROM|JOIN|INTO|(?<!DO )UPDATE)\s+([a-z_.]+)", text):
            assert table.split(".")[-1] in known, f"{where}: {table}"


def test_every_whole_statement_can_be_prepared(databases):
    """SQLite itself checks tables and columns; sqlite-utils would make a table for a misspelt name."""
    for where, text in statements():
        if "{}" in text or "copy." in text:
            continue
        db = databases[1] if re.search(r"\b(dek|erased)\b", text) else databases[0]
        marks = [None] * text.count("?")
        db.conn.execute(f"EXPLAIN {text}", marks), where


def test_every_insert_names_a_table_and_its_columns(databases):
    known, seen = tables(databases), 0
    for path in PRODUCT:
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "insert" and call.args:
                table = call.args[0]
                if isinstance(table, ast.Constant) and isinstance(table.value, str):
                    seen += 1
                    columns = {keyword.arg for keyword in call.keywords if keyword.arg}
                    assert table.value in known, f"{name_of(path)}: {table.value}"
                    assert columns <= known[table.value], f"{name_of(path)}: {columns - known[table.value]}"
    assert seen > 10


def test_domain_modules_are_told_the_time():
    for path in PRODUCT:
        where = path.relative_to(ROOT / "station") if "station" in path.parts else path
        text = path.read_text()
        if not str(where).startswith(tuple(READS_THE_CLOCK)):
            assert not re.search(r"utcnow|datetime\.now|date\.today|time\.time\(|time_ns\(", text), where
        if str(where) not in COUNTS_SECONDS:
            assert not re.search(r"monotonic|perf_counter", text), where
    drains = ast.unparse(
        next(
            node
            for node in ast.walk(tree(ROOT / "station/sender.py"))
            if isinstance(node, ast.FunctionDef) and node.name == "drain"
        )
    )
    assert (ROOT / "station/sender.py").read_text().count("utcnow") == drains.count("utcnow")


def test_every_view_says_who_may_call_it(app: Flask):
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert rule.endpoint == "static" or getattr(view, "access", None), rule.rule


@pytest.fixture
def things(home, wang) -> Things:
    return of_wearer(home, wang)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_look_by_a_stranger_writes_nothing(app, client, home, things, method, accept):
    """Chat programs, crawlers and virus scanners fetch every address they see."""
    before = contents(home)
    for rule, path, access in addresses(app, things, "GET"):
        if access in ("public", None):
            got = client.open(
                path,
                method=method,
                base_url="https://zj.example.cn",
                headers={"Accept": accept},
                buffered=True,
            )
            assert got.status_code in (200, 204) or rule == "/healthz", rule
    assert contents(home) == before


@pytest.mark.parametrize("role", ["worker", "duty", "secretary", "operator"])
def test_a_look_by_staff_writes_the_audit_log_and_the_session_alone(app, at_desk, home, things, role):
    desk = at_desk(role)
    before = contents(home)
    for _, path, access in addresses(app, things, "GET"):
        if role in (access or ()):
            query = "?after=0" if path == "/desk/events" else ""
            assert desk.get(path + query).status_code in (200, 404), path
    after = contents(home)
    changed = {table for table in after if after[table] != before[table]}
    assert changed <= {"audit", "session", "sqlite_sequence"}


def test_nothing_is_marked_safe_and_no_address_comes_from_a_request():
    for path in PAGES:
        assert not re.search(r"\|\s*safe\b|_external|request\.(host|url|base_url)", path.read_text()), path
    forbidden = r"\bMarkup\b|_external|request\.(host|host_url|url|base_url|url_root|root_url)\b"
    for path in PRODUCT:
        assert not re.search(forbidden, path.read_text()), path


def test_no_page_loads_anything_from_elsewhere():
    loads = r"""(?:src|action|data|poster)\s*=\s*["']?(?:https?:)?//|<link[^>]+//|url\(\s*["']?(?:https?:)?//|@import"""
    calls = r"""(?:fetch|EventSource|WebSocket|import|open)\(\s*["'`](?:https?:|wss?:)?//"""
    for path in [*PAGES, *SCRIPTS]:
        assert not re.search(f"{loads}|{calls}", path.read_text()), path


def test_nothing_is_left_for_later():
    words = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "Not" + "Implemented"))
    for path in [*PYTHON, *PAGES, *SCRIPTS]:
        assert not re.search(rf"\b({words})", path.read_text()), path


def test_every_module_says_what_it_is():
    for path in PYTHON:
        if path.name == "__init__.py":
            assert path.stat().st_size == 0, f"{path} shares objects from a package root"
        else:
            assert ast.get_docstring(tree(path)), path


def test_no_import_hides_inside_a_function():
    for path in PYTHON:
        for function in ast.walk(tree(path)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [
                    node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
                ]
                assert not inside, f"{path}: {function.name}"


def test_functions_and_modules_stay_short():
    for path in PRODUCT:
        lines = path.read_text().count("\n")
        assert lines <= LONGEST_MODULE, f"{path} has {lines} lines: make it a package"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= LONGEST_FUNCTION, f"{path}: {node.name} has {length} lines"


def test_errors_are_caught_by_name():
    """But once, around the sender's loop: whatever is wrong with one message, the others must go out."""
    broad = [
        name_of(path)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert broad in ([], ["station/alerts/planner.py"])


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_catalogs_are_complete_and_compiled(language):
    """A missing .mo file would speak English to everybody, silently."""
    path = translations.catalog_path(language)
    with path.open("rb") as file:
        written = read_po(file, locale=language)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    wanted = translations.updated(language, translations.wanted(language, translations.template()))
    assert translations.untranslated(wanted) == []
    assert texts(written) == texts(wanted), "run: make translations"
    assert texts(compiled) == texts(written), "run: make translations"


def texts(catalog) -> dict[object, object]:
    return {message.id: message.string for message in catalog if message.id}


def test_translations_keep_the_names_of_their_blanks():
    for language in translations.LANGUAGES:
        with translations.catalog_path(language).open("rb") as file:
            for message in read_po(file, locale=language):
                if isinstance(message.id, str) and message.id:
                    blanks = re.findall(r"%\(\w+\)[sd]", message.id)
                    assert sorted(re.findall(r"%\(\w+\)[sd]", message.string)) == sorted(blanks), message.id


def test_every_dependency_has_its_reason():
    listed = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(listed)
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for dependency in wanted:
        line = next(line for line in listed.splitlines() if f'"{dependency}"' in line)
        assert re.search(r'",?\s*# \S', line), f"{dependency}: say why"


def test_every_import_is_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {re.split(r"[>=; ]", text)[0].lower() for text in project["dependencies"]}
    distributions = packages_distributions()
    for path in PRODUCT:
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in {name.split(".")[0] for name in names} - sys.stdlib_module_names:
                if name not in ("station", "badges"):
                    top = PARTS.get(name, name)
                    owners = {owner.lower() for owner in distributions.get(top, [])}
                    assert owners & listed, f"{path}: {name}"
