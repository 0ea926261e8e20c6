"""What goes wrong while somebody reads a notebook is said there in a sentence, with the command that helps.

    %load_ext nexuszero.report.reader

Bad input has its one line anyway (:class:`nexuszero.errors.InputError`). Here are the other two: a package that is not
installed, and a notebook that was opened from elsewhere, so that its own paths lead nowhere.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from nexuszero.errors import InputError, missing_extra
from nexuszero.paths import NOTEBOOKS, ROOT

OWN = (
    "../build/notebooks/",
    "../tests/",
    "../reports/",
)  # where a notebook's defaults begin
EXTRA = "lab"
NOTHING = "\N{EN DASH}"
ROWS = 100  # of a table that are shown


def load_ipython_extension(shell: Any) -> None:
    """IPython calls it for ``%load_ext``."""
    # Optuna imports tqdm, whose bars are not used, before any module here could say so
    warnings.filterwarnings("ignore", message="IProgress not found")
    shell.set_custom_exc((ModuleNotFoundError,), _explain)
    html = shell.display_formatter.formatters["text/html"]
    html.for_type_by_name("pandas", "DataFrame", _table)
    refuse_elsewhere(shell.user_ns, Path.cwd())


def refuse_elsewhere(names: Mapping[str, Any], here: Path) -> None:
    """An `InputError` if a parameter has its default path and the checkout's folders are not beside the notebook's."""
    if (here.parent / "tests").resolve() == (ROOT / "tests").resolve():
        return
    for name, value in names.items():
        if isinstance(value, str) and value.startswith(OWN):
            folder = os.path.relpath(NOTEBOOKS, here)
            raise InputError(
                f"{name} = {value!r} counts from the folder {folder}, and this notebook runs in another; "
                f"open it by `make lab`, or name other paths in the cell above"
            )


def _table(table: Any) -> str:
    """A table as a notebook shows it: a dash where there is no number."""
    return str(table.to_html(na_rep=NOTHING, border=0, max_rows=ROWS))


def _explain(
    shell: Any,
    kind: type[BaseException],
    error: ModuleNotFoundError,
    trace: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """Shows one line where a package is missing; what is wrong in one's own code keeps its traceback."""
    name = (error.name or "").partition(".")[0]
    if name in sys.modules or not name:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    line = missing_extra(error, EXTRA)
    shell.showtraceback((InputError, line, None), tb_offset=tb_offset)
