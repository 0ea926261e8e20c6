"""How a script of this folder is called: a configuration file, ``key=value``, and one line for every mistake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from nexuszero.errors import InputError, StageError
from nexuszero.settings import Stage, load

Model = TypeVar("Model", bound=Stage)


def run(model: type[Model], work: Callable[[Model], object]) -> None:
    """Reads the configuration off the command line and does the work; bad input exits with 2, as `nexuszero` does."""
    parser = argparse.ArgumentParser(description=str(model.__doc__))
    parser.add_argument(
        "--config", type=Path, help="a YAML file; paths in it are relative to it"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="may be repeated",
    )
    options = parser.parse_args()
    try:
        work(load(model, options.config, overrides=options.set))
    except InputError as error:
        _fail(error, 2)
    except StageError as error:
        _fail(error, 1)


def _fail(error: Exception, code: int) -> NoReturn:
    print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
    sys.exit(code)
