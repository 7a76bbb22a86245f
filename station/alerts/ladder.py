"""When which rung of the ringing ladder is due: pure functions of the policy and the seconds since ringing began."""

from dataclasses import dataclass

from station.communities import Policy


@dataclass(frozen=True)
class Rung:
    """One rung that is due. `number` counts on through the repeats, so that each ring is a message of its own."""

    number: int
    who: str
    repeat: int  # 0 the first time, then 1, 2 … for the repeats of the last step


def due(policy: Policy, elapsed_s: float) -> list[Rung]:
    """The rungs due after so many seconds, first to last. Of the endless repeats of the last one only the newest."""
    steps = policy.steps
    rungs = [Rung(n, step.who, 0) for n, step in enumerate(steps) if step.after_s <= elapsed_s]
    if len(rungs) == len(steps):
        repeats = int((elapsed_s - steps[-1].after_s) // policy.repeat_s)
        if repeats:
            rungs.append(Rung(len(steps) - 1 + repeats, steps[-1].who, repeats))
    return rungs


def begins_s(policy: Policy, number: int) -> float:
    """How many seconds after ringing began the rung of this number is due."""
    steps = policy.steps
    if number < len(steps):
        return steps[number].after_s
    return steps[-1].after_s + policy.repeat_s * (number - len(steps) + 1)


def next_after(policy: Policy, elapsed_s: float) -> float:
    """How many seconds after ringing began the next rung is due. There is always one: the ladder never ends."""
    for step in policy.steps:
        if step.after_s > elapsed_s:
            return step.after_s
    last = policy.steps[-1].after_s
    return last + policy.repeat_s * ((elapsed_s - last) // policy.repeat_s + 1)
