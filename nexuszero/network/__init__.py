"""The network: circuits in batches, its layers, its loss, its files, its predictions, and the search on these."""

from nexuszero.network.batches import Batch, Batches, GraphBatches
from nexuszero.network.checkpoint import (
    Checkpoint,
    Origin,
    load,
    publish,
    read_state,
    save,
    write_state,
)
from nexuszero.network.criterion import (
    DEMAND_WEIGHT,
    RANGE_WEIGHT,
    loss,
    losses,
    objective,
    training_loss,
)
from nexuszero.network.model import ModelConfig, ModelOutput, ParameterNet
from nexuszero.network.prediction import (
    Prediction,
    is_sure,
    predict,
    predict_batches,
    predict_nodes,
    read_demand,
)
from nexuszero.network.proposer import NetworkProposer
from nexuszero.network.reach import MOST_LOGIT
from nexuszero.network.search import NO_MARGIN, Margin, search_demand, search_rebuilt

__all__ = [
    "DEMAND_WEIGHT",
    "MOST_LOGIT",
    "NO_MARGIN",
    "RANGE_WEIGHT",
    "Batch",
    "Batches",
    "Checkpoint",
    "GraphBatches",
    "Margin",
    "ModelConfig",
    "ModelOutput",
    "NetworkProposer",
    "Origin",
    "ParameterNet",
    "Prediction",
    "is_sure",
    "load",
    "loss",
    "losses",
    "objective",
    "predict",
    "predict_batches",
    "predict_nodes",
    "publish",
    "read_demand",
    "read_state",
    "save",
    "search_demand",
    "search_rebuilt",
    "training_loss",
    "write_state",
]
