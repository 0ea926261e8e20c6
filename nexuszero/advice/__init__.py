"""One circuit in, parameters and reasons out. Knows no network: one is handed in as a value."""

from nexuszero.advice.explanation import Explanation, describe, explain
from nexuszero.advice.recommendation import NO_MODEL, Landscape, landscape, levels, recommend
from nexuszero.advice.records import Level, Nearest, NotAsked, Proposal, Proposer, Recommendation, Refusal
from nexuszero.advice.text import render

__all__ = [
    "NO_MODEL",
    "Explanation",
    "Landscape",
    "Level",
    "Nearest",
    "NotAsked",
    "Proposal",
    "Proposer",
    "Recommendation",
    "Refusal",
    "describe",
    "explain",
    "landscape",
    "levels",
    "recommend",
    "render",
]
