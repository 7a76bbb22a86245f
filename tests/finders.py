"""The page behind a badge as the tests of it need it."""

import dataclasses
import re

import pytest
from conftest import WANG, enrol

LANGUAGES = ("zh", "en", "ko")


@pytest.fixture
def open_hearted(home):
    """An elder whose family lets strangers see all that may be shown."""
    form = dataclasses.replace(
        WANG,
        name="李桂芳",
        call_name="李奶奶",
        hints=("slowly", "no_chase", "korean"),
        consents=(*WANG.consents, "health_notes", "page_call_name", "page_hints", "page_flags"),
    )
    return enrol(home, form, "form-li")


def same_but_for_the_press(page: str) -> str:
    """A page without its request id and the three digits made from it."""
    page = re.sub(r'name="request_id" value="[^"]+"', "", page)
    return re.sub(r'data-code="\d{3}"', "", page)
