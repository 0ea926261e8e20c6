"""The library against the golden rows."""

from nexuszero.evaluation import compare_golden


def test_golden_rows_agree():
    table = compare_golden()
    assert table["rows"].sum() > 1000
    assert (table["worst_difference"] < 1e-6).all()


def test_no_golden_rows_is_an_empty_table(tmp_path):
    assert compare_golden(tmp_path).empty
