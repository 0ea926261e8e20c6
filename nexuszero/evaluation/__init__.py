"""How good a network is: measures against labels, what following it would cost, what an answer takes, golden rows."""

from nexuszero.evaluation.analysis import (
    Evaluation,
    Report,
    analyse,
    batch_size,
    read_analysis,
)
from nexuszero.evaluation.baselines import fit_baselines
from nexuszero.evaluation.costs import Costs, Way, measure_costs, pays
from nexuszero.evaluation.golden import compare_golden, recorded_seconds
from nexuszero.evaluation.metrics import (
    PROOF_SIZE_TARGET,
    Measures,
    SeedTarget,
    measures,
    targets_met,
)
from nexuszero.evaluation.real import corpus_files, fixture_files
from nexuszero.evaluation.regret import (
    Climb,
    Regret,
    Regrets,
    RegretSummary,
    choose_margin,
    regret_of_files,
    regret_of_split,
    summarise_regret,
)

__all__ = [
    "PROOF_SIZE_TARGET",
    "Climb",
    "Costs",
    "Evaluation",
    "Measures",
    "Regret",
    "RegretSummary",
    "Regrets",
    "Report",
    "SeedTarget",
    "Way",
    "analyse",
    "batch_size",
    "choose_margin",
    "compare_golden",
    "corpus_files",
    "fit_baselines",
    "fixture_files",
    "measure_costs",
    "measures",
    "pays",
    "read_analysis",
    "recorded_seconds",
    "regret_of_files",
    "regret_of_split",
    "summarise_regret",
    "targets_met",
]
