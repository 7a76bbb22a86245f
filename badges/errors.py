"""What can go wrong with a badge, told so that a person knows what to do next."""

import re


class BadgeError(ValueError):
    """A badge cannot be made. The message is plain English; code and params let a caller translate it."""

    code = "badge"

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.params = params


class TextMissing(BadgeError):
    """A text that must be printed is empty."""

    code = "text_missing"

    def __init__(self, field: str) -> None:
        super().__init__(f"The {field} is empty. Enter the {field} and make the badge again.", field=field)


class TextTooLong(BadgeError):
    """A text does not fit at a size that can still be read."""

    code = "text_too_long"

    def __init__(self, field: str, text: str, limit: int) -> None:
        message = (
            f"The {field} “{text}” has {len(text)} characters and does not fit in readable size. "
            f"Shorten it to {limit} characters or choose an artwork with more room."
        )
        super().__init__(message, field=field, text=text, length=len(text), limit=limit)


class MissingGlyph(BadgeError):
    """No installed font can draw a character, or it must not stand on a badge (emoji, right-to-left)."""

    code = "missing_glyph"

    def __init__(self, character: str, name: str, *, installable: bool) -> None:
        point = f"U+{ord(character):04X}"
        shown = f"“{character}” ({point} {name})" if character.isprintable() else f"{point} ({name})"
        advice = "Replace it, or install a font that has it (Noto Sans CJK SC Bold)."
        message = (
            f"The character {shown} cannot be printed on a badge. {advice if installable else 'Remove it.'}"
        )
        super().__init__(message, character=character, code_point=point, name=name)


class BadUrl(BadgeError):
    """An address that a phone might not open, or that makes the code too fine to read."""

    code = "bad_url"

    def __init__(self, url: str, reason: str, advice: str) -> None:
        # Whoever knows a token can raise an alert with it, so a message that may be logged has none.
        shown = re.sub(r"[0-9]{16,}", "…", url)
        super().__init__(
            f"The badge address {shown!r} {reason}. {advice}", url=shown, reason=reason, advice=advice
        )


class UnknownDesign(BadgeError):
    """A form, artwork or theme that does not exist."""

    code = "unknown_design"

    def __init__(self, kind: str, name: str, known: list[str]) -> None:
        message = f"There is no {kind} called {name!r}. Choose one of: {', '.join(known)}."
        super().__init__(message, kind=kind, name=name, known=known)


class CheckFailed(BadgeError):
    """The finished file does not carry what it should. It must not be printed."""

    code = "check_failed"

    def __init__(self, problem: str, **params: object) -> None:
        message = f"The finished file failed its check: {problem}. Do not print it; make it again."
        super().__init__(message, problem=problem, **params)
