"""The README's table of options is that of the configuration models; UPDATE_README=1 renews it."""

import os
from pathlib import Path

from nexuszero.config import GenerateConfig, TrainConfig, TuneConfig

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- options, from nexuszero/config.py -->\n", "<!-- end of options -->\n"
STAGES = {"generate": GenerateConfig, "tune": TuneConfig, "train": TrainConfig}


def table():
    """One row an option: the stages that have it, its default, its meaning."""
    rows = {}
    for stage, model in STAGES.items():
        for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in model.__annotations__):
            default = str(field.default).lower() if field.default in (None, True, False) else str(field.default)
            rows.setdefault((name, default, str(field.description)), []).append(stage)
    lines = ["| option | of | default | meaning |", "| --- | --- | --- | --- |"]
    for (name, default, meaning), stages in rows.items():
        flag = "--" + name.replace("_", "-")
        lines.append(f"| `{flag}` | {', '.join(stages)} | `{default}` | {meaning.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_options():
    text = README.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    wanted = f"{before}{START}\n{table()}\n{END}{after}"
    if os.environ.get("UPDATE_README"):
        README.write_text(wanted)
    assert README.read_text() == wanted
