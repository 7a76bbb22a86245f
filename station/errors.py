"""What went wrong for the person at the screen: what happened, and what to do next.

Messages are English gettext msgids with %(name)s parameters; the web layer translates them.
"""


class UserError(Exception):
    """An error that its reader can act on; `status` is the HTTP status it becomes."""

    status = 400

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.params = params


class NotFound(UserError):
    status = 404


class Superseded(Exception):
    """Another sender process leads now; this one must not send any more."""


class Conflict(UserError):
    status = 409


class Gone(UserError):
    """What was asked for existed and has ended."""

    status = 410


class Refused(UserError):
    status = 403


class Invalid(UserError):
    """One field is wrong; `field` is its name in the form."""

    status = 422

    def __init__(self, field: str, message: str, **params: object) -> None:
        super().__init__(message, **params)
        self.field = field


class InvalidForm(UserError):
    """Several fields are wrong; `errors` holds one Invalid for each."""

    status = 422

    def __init__(self, errors: list[Invalid]) -> None:
        super().__init__("Please look at the marked fields.")
        self.errors = errors


class SettingError(Exception):
    """A setting or key file that stops the start; the text says which and how to mend it."""


class StorageGone(Exception):
    """The database file is missing, replaced or cannot be written; a report goes to the spool."""
