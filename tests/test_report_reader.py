"""What goes wrong in a notebook is one line there, in the notebook itself."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from nexuszero.errors import InputError
from nexuszero.paths import NOTEBOOKS
from nexuszero.report.reader import refuse_elsewhere

READ = "import pathlib, nexuszero.data\nnexuszero.data.read(pathlib.Path('none'))"
TABLE = "import pandas\npandas.DataFrame({'bits': [1.5, float('nan')]})"
LOAD = "%load_ext nexuszero.report.reader"


@pytest.mark.filterwarnings("default")  # a kernel may warn
def test_a_missing_package_and_a_missing_stage_are_a_line_each_and_no_number_a_dash(
    tmp_path,
):
    sources = (LOAD, READ, "import absent.part", TABLE)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(tmp_path)}}
    options = {"kernel_name": "python3", "allow_errors": True}
    NotebookClient(notebook, resources=where, **options).execute()
    assert [cell.outputs[0].traceback for cell in notebook.cells[1:3]] == [
        [
            "InputError: none: no such dataset; run `nexuszero generate`, or correct the data path"
        ],
        ["InputError: absent is not installed; pip install 'nexuszero[lab]'"],
    ]
    table = notebook.cells[3].outputs[0].data["text/html"]
    assert "<td>\N{EN DASH}</td>" in table
    assert "NaN" not in table


def test_a_notebook_that_was_opened_from_elsewhere_says_so(tmp_path):
    names = {"out": "../build/notebooks/search/answer.json", "security": 128}
    refuse_elsewhere(names, NOTEBOOKS)
    refuse_elsewhere({"out": "reports/answer.json"}, tmp_path)
    with pytest.raises(
        InputError, match=r"out = .* counts from the folder .*notebooks.*`make lab`"
    ):
        refuse_elsewhere(names, Path(tmp_path))
