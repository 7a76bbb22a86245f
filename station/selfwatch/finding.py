"""One thing that the evening's look has looked at."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """`code` is a key of staff_words.TONIGHT; values hold numbers and names of channels, and no names of people.

    `state` is good, soon (the night is covered, and somebody should see to it), mend, or unknown. One that is soon
    is told in the evening's message unless `values` say otherwise by `quiet`.
    """

    code: str
    state: str
    values: dict[str, Any] = field(default_factory=dict)


def judge(code: str, good: bool, **values: Any) -> Item:
    return Item(code, "good" if good else "mend", {} if good else values)
