"""The made pages are what the models and the measurements say; `python docs/make.py` renews them."""

import json
import re
from pathlib import Path

import make
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", make.PAGES)
def test_a_made_page_is_up_to_date(name):
    assert (ROOT / name).read_text(encoding="utf-8") == make.PAGES[name]()


def test_a_missing_key_is_an_error_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "some.json").write_text(json.dumps({"a": [{"b": 1}]}))
    monkeypatch.setattr(make, "REPORTS", tmp_path)
    measured = make.Measured("some.json")
    assert measured("a", 0, "b") == 1
    with pytest.raises(SystemExit, match=r"reports/some\.json: no a/0/c; measure again"):
        measured("a", 0, "c")


def test_every_key_of_a_stage_is_an_option():
    text = make.options()
    for model in make.STAGES.values():
        assert all(f"| `{name}` |" in text for name in model.model_fields)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{file.name}" for file in sorted((ROOT / "docs").glob("*.md")))])
def test_links_inside_the_repository_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    for link in links:
        if "://" not in link:
            assert ((ROOT / page).parent / link).exists(), f"{page}: {link}"
