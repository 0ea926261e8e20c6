"""Tables over training seeds: of each number the mean and the deviation (notebook 11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from nexuszero.report.style import shown

if TYPE_CHECKING:  # tables of a report that was read must not wait for torch
    from nexuszero.evaluation import Report

UNCHANGED = 1e-9  # relative deviation of numbers that no seed changes


def over_seeds(
    table: Callable[[Report], pd.DataFrame], reports: Sequence[Report]
) -> pd.DataFrame:
    """Mean and deviation over reports, one a seed, of each number in a table of one; how many have it, if not all."""
    tables = [table(report) for report in reports]
    spread = tables[0].astype(object)
    for column in spread.columns:
        for row in spread.index:
            values = [one.loc[row, column] for one in tables]
            if not isinstance(values[0], str):
                spread.loc[row, column] = _mean_and_deviation(
                    pd.to_numeric(pd.Series(values))
                )
    return spread


def _mean_and_deviation(values: pd.Series) -> str:
    kept = values.dropna()
    if kept.empty:
        return ""
    mean = kept.mean()
    deviation = kept.std()
    text = shown(mean)
    if deviation > UNCHANGED * abs(mean):
        text += f" ± {shown(deviation)}"
    if len(kept) < len(values):
        text += f" ({len(kept)} of {len(values)})"
    return text
