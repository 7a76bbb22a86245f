"""One row of a list: read into the form that a worker would have typed, with what is wrong in each cell."""

import re
from dataclasses import dataclass, field
from datetime import date

from station import enrolment, tables, vocabulary
from station.enrolment import ContactForm, ElderForm, Enrolment, Locality
from station.errors import Invalid, InvalidForm
from station.institutions import Institution
from station.lists import columns, ruined
from station.vocabulary import N_

BETWEEN = re.compile(r"[、,，;；/|\n]+")
NO_HEADINGS = N_(
    "The first row must name the columns: at least 姓名, 住址 and 联系人1电话. Download the template to see all of them."
)
UNKNOWN_WORD = N_("“%(word)s” is not known here. Write one of: %(choices)s")
UNKNOWN_HOME = N_(
    "No nursing home of this name is entered. Enter it first under “Nursing homes”, or write one of: %(choices)s"
)
UNKNOWN_COMMUNITY = N_("This is none of the station's communities. Write one of: %(choices)s")
YES_OR_NO = N_("Write 是 or 否.")
OTHER_BIRTH = N_("The birth date in the list differs from the identity number, which was taken.")
OTHER_SEX = N_("The sex in the list differs from the identity number, which was taken.")
# Where the errors of enrolment.check stand in a list.
PLACES = {"community_id": "community", "consents": "consent_record"}


@dataclass(frozen=True)
class Setting:
    """What a list is read against: the station, its communities by name, and the one that an empty cell means."""

    locality: Locality
    communities: dict[str, int]
    community_id: int | None
    today: date
    homes: dict[str, Institution] = field(default_factory=dict)  # nursing homes of the station, by name


@dataclass(frozen=True)
class ReadRow:
    """A row of the file; rows are counted as a spreadsheet does, headings are row 1."""

    number: int
    name: str
    enrolment: Enrolment | None  # None when something is wrong
    errors: tuple[Invalid, ...] = ()
    notes: tuple[Invalid, ...] = ()
    home: Institution | None = None  # the nursing home in which the elder lives


def places(first_row: list[str]) -> dict[str, int]:
    """Where each field stands. Raises Invalid when the first row does not name the needed ones."""
    found = columns.find(first_row)
    if not all(field in found for field in columns.NEEDED):
        raise Invalid("file", NO_HEADINGS)
    return found


def read(number: int, row: list[str], where: dict[str, int], setting: Setting) -> ReadRow:
    """Read and check one row; every wrong cell is named."""
    cells = {field: tables.bare(row[place]) if place < len(row) else "" for field, place in where.items()}
    reader = _Reader(cells, setting)
    form, home = reader.form(), reader.home()
    checked = None
    try:
        checked = enrolment.check(form, setting.locality, setting.today)
    except InvalidForm as error:
        reader.add(error.errors)
    if checked:
        reader.compare(checked)
    good = checked if not reader.errors else None
    return ReadRow(number, form.name, good, tuple(reader.errors), tuple(reader.notes), home)


class _Reader:
    """Reads the cells of one row and collects what is wrong."""

    def __init__(self, cells: dict[str, str], setting: Setting) -> None:
        self.cells = cells
        self.setting = setting
        self.errors: list[Invalid] = []
        self.notes: list[Invalid] = []

    def form(self) -> ElderForm:
        for name, text in self.cells.items():
            try:
                ruined.refuse_formula(name, text)
            except Invalid as error:
                self.errors.append(error)
        return ElderForm(
            name=self._text("name"),
            identity_number=self._identity_number(),
            birth_date=self._text("birth_date").removesuffix(" 00:00:00"),
            sex=self._word("sex", "sex"),
            address=self._text("address"),
            community_id=self._community(),
            contacts=tuple(self._contact(n) for n in range(1, enrolment.MOST_CONTACTS + 1)),
            health_notes=self._words("health_notes"),
            history=self._text("history"),
            call_name=self._text("call_name"),
            hints=self._words("hints"),
            consents=tuple(item for item in vocabulary.CONSENT_ITEMS if self._is_yes(f"consent_{item}")),
            given_by=self._word("given_by", "given_by") or "relative",
        )

    def home(self) -> Institution | None:
        """The nursing home that the row names; an empty cell or a no means that the elder lives at home."""
        text = columns.plain(self._text("institution"))
        if text in columns.NO:
            return None
        found = self.setting.homes.get(text)
        if found is None:
            known = "、".join(home.name for home in self.setting.homes.values()) or "–"
            self.errors.append(Invalid("institution", UNKNOWN_HOME, choices=known))
        return found

    def add(self, errors: list[Invalid]) -> None:
        """Take in what the check of the form says, unless the cell has its error already."""
        for error in errors:
            field = PLACES.get(error.field, error.field)
            if field not in {one.field for one in self.errors}:
                self.errors.append(Invalid(field, error.message, **error.params))

    def compare(self, checked: Enrolment) -> None:
        """What the list says beside an identity number may be right in life (lunar birthdays), so it is only noted."""
        if not checked.id_normal:
            return
        typed = enrolment.typed_date(self._text("birth_date").removesuffix(" 00:00:00"))
        if typed and typed != checked.birth_date:
            self.notes.append(Invalid("birth_date", OTHER_BIRTH))
        sex = columns.code("sex", self._text("sex"))
        if sex and sex != checked.sex:
            self.notes.append(Invalid("sex", OTHER_SEX))

    def _text(self, field: str) -> str:
        return self.cells.get(field, "")

    def _identity_number(self) -> str:
        try:
            return ruined.identity_number(self._text("identity_number"))
        except Invalid as error:
            self.errors.append(error)
            return ""

    def _contact(self, n: int) -> ContactForm:
        field = f"contact{n}_phone"
        phone = self._text(field)
        try:
            phone, notes = ruined.phone(field, phone, self.setting.locality.area_code)
            self.notes += notes
        except Invalid as error:
            self.errors.append(error)
        name = self._text(f"contact{n}_name")
        relation = self._word(f"contact{n}_relation", "relation") if name or phone else ""
        return ContactForm(name, phone, relation or "other")

    def _word(self, field: str, kind: str) -> str:
        text = self._text(field)
        if not text:
            return ""
        found = columns.code(kind, text)
        if found is None:
            self._unknown(field, kind, text)
        return found or ""

    def _words(self, field: str) -> tuple[str, ...]:
        found = []
        for text in filter(None, (part.strip() for part in BETWEEN.split(self._text(field)))):
            code = columns.code(field, text)
            if code is None and columns.plain(text) not in columns.NO:
                self._unknown(field, field, text)
            found += [code] if code else []
        return tuple(found)

    def _unknown(self, field: str, kind: str, text: str) -> None:
        self.errors.append(Invalid(field, UNKNOWN_WORD, word=text[:20], choices=columns.choices(kind)))

    def _is_yes(self, field: str) -> bool:
        plain = columns.plain(self._text(field))
        if plain not in columns.YES and plain not in columns.NO:
            self.errors.append(Invalid(field, YES_OR_NO))
        return plain in columns.YES

    def _community(self) -> str:
        text, known = self._text("community"), self.setting.communities
        if not text:
            return str(self.setting.community_id or "")
        found = known.get(columns.plain(text)) or known.get(columns.plain(text) + "社区")
        if found is None:
            self.errors.append(Invalid("community", UNKNOWN_COMMUNITY, choices="、".join(known)))
        return str(found or "")
