"""How good a network is: measures against labels, what following it would cost, what an answer takes, golden rows."""

from nexuszero.evaluation.analysis import Analysis as Evaluation
from nexuszero.evaluation.analysis import analyse, read_analysis
from nexuszero.evaluation.costs import pays
from nexuszero.evaluation.golden import compare as compare_golden
from nexuszero.evaluation.golden import recorded as recorded_seconds
from nexuszero.evaluation.metrics import measures, targets_met
from nexuszero.evaluation.regret import compiled as regret_of_files
from nexuszero.evaluation.regret import drawn as regret_of_split
from nexuszero.evaluation.regret import margin as choose_margin
from nexuszero.evaluation.regret import summary as summarise_regret

__all__ = [
    "Evaluation",
    "analyse",
    "choose_margin",
    "compare_golden",
    "measures",
    "pays",
    "read_analysis",
    "recorded_seconds",
    "regret_of_files",
    "regret_of_split",
    "summarise_regret",
    "targets_met",
]
