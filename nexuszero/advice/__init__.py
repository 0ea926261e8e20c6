"""One circuit in, parameters and reasons out. Knows no network: one is handed in as a value."""

from nexuszero.advice.analysis import Answer, analyse
from nexuszero.advice.components import Component, components
from nexuszero.advice.constraining import Constrained, constrain
from nexuszero.advice.explanation import Explanation, describe, explain
from nexuszero.advice.inputs import Help, Input, widths_that_help
from nexuszero.advice.recommendation import (
    NO_MODEL,
    Landscape,
    landscape,
    levels,
    recommend,
)
from nexuszero.advice.records import (
    Level,
    Nearest,
    NotAsked,
    Proposal,
    Proposer,
    Recommendation,
    Refusal,
)
from nexuszero.advice.simplifying import Simplified, simplify
from nexuszero.advice.text import render

__all__ = [
    "NO_MODEL",
    "Answer",
    "Component",
    "Constrained",
    "Explanation",
    "Help",
    "Input",
    "Landscape",
    "Level",
    "Nearest",
    "NotAsked",
    "Proposal",
    "Proposer",
    "Recommendation",
    "Refusal",
    "Simplified",
    "analyse",
    "components",
    "constrain",
    "describe",
    "explain",
    "landscape",
    "levels",
    "recommend",
    "render",
    "simplify",
    "widths_that_help",
]
