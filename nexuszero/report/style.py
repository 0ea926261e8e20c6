"""Imported first by every notebook: how tables look there, and which warnings stay out of a report.

import nexuszero.report.style
"""

from __future__ import annotations

import warnings

import pandas as pd


def shown(value: float) -> str:
    """A number as tables print it: four digits, whole from a thousand on, powers of ten where it is tiny.

    >>> shown(0.21652), shown(24415.8), shown(2.176e-05)
    ('0.2165', '24,416', '2.18e-05')
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.2e}"


pd.set_option("display.float_format", shown)
pd.set_option("display.max_colwidth", None)
pd.set_option("display.max_rows", 100)
# of packages, about packages: tqdm's bars are not used, PyTorch Geometric's use of TorchScript is its own affair
warnings.filterwarnings("ignore", message="IProgress not found")
warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated")
