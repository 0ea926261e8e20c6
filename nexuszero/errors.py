"""The one exception that means: the input is wrong, and here is what to do about it."""


class InputError(ValueError):
    """Bad input, told in one line that names the file, the key and the remedy.

    Commands print the line on standard error and exit with 2; a library user may catch it as a
    ``ValueError``.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
