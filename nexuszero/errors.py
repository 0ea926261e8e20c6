"""The exceptions that reach a user as one line: wrong input and what to do about it, or a stage that failed."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input, said in one line that names the file, the key and the remedy.

    Commands print the line on standard error and exit with 2; a library user may catch it as a
    ``ValueError``.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message.split())))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the line, without the way to it (IPython asks for this)."""
        return [f"{type(self).__name__}: {self}"]


class StageError(RuntimeError):
    """A stage of the week failed: the line names the notebook and the cell; commands exit with 1."""


def printable(text: str) -> str:
    """A text that cannot steer a terminal: what is not printable, a line's end aside, is written as an escape."""
    return "".join(
        letter
        if letter.isprintable() or letter == "\n"
        else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )


def missing_extra(error: ModuleNotFoundError, extra: str) -> InputError:
    """The extra of a command whose package is not installed (pyproject.toml, optional-dependencies)."""
    package = (error.name or str(error)).partition(".")[0]
    return InputError(f"{package} is not installed; pip install 'nexuszero[{extra}]'")
