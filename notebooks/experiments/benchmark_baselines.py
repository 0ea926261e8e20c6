"""The benchmark's own baselines (docs/benchmark.md), a plain GIN for circuits and boosting on single nodes, and the
published network beside them.

python notebooks/experiments/benchmark_baselines.py --set epochs=5
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import command
import numpy as np
import torch
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
from sklearn.ensemble import HistGradientBoostingRegressor as Regressor
from torch import Tensor, nn

from nexuszero.benchmark import Evaluator, R1CSDataset, both_ways
from nexuszero.config import Count, Seed
from nexuszero.crypto import SHIFTED
from nexuszero.data import FIELD_BITS, FIELD_BITS_UNIT, TARGETS, Array, rebuild
from nexuszero.evaluation import batch_size
from nexuszero.files import write_json
from nexuszero.network import (
    Checkpoint,
    load,
    predict,
    predict_nodes,
    search_rebuilt,
)
from nexuszero.paths import PUBLISHED
from nexuszero.report import provenance
from nexuszero.settings import Located, Stage

with warnings.catch_warnings():  # torch-geometric 2.8 still scripts functions
    warnings.simplefilter("ignore", FutureWarning)
    from torch_geometric.loader import DataLoader
    from torch_geometric.nn import GIN, global_add_pool

NODES = 300_000  # of the train split, that boosting is fitted to
NETWORK = "published network"
Row = dict[str, Any]


class BenchmarkConfig(Stage):
    """What is trained, on which data."""

    data: Located = Field(Path("data/full"), description="directory of the splits")
    epochs: Count = Field(5, description="of the GIN")
    seed: Seed = Field(0, description="of its weights and order")
    out: Located = Field(
        Path("reports/benchmark.json"), description="JSON file of the figures"
    )


class GraphNet(nn.Module):
    """Five layers of GIN (Xu et al., ICLR 2019), a sum over the nodes, and a head: targets ``[circuits, 6]``."""

    def __init__(self, features: int, hidden: int = 128) -> None:
        super().__init__()
        self.convolutions = GIN(features, hidden, num_layers=5, norm="layer_norm")
        self.head = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, TARGETS)
        )

    def forward(self, batch: Any) -> Tensor:
        """Of a batch with edges both ways."""
        nodes = self.convolutions(batch.x, batch.edge_index)
        pooled = global_add_pool(nodes, batch.batch, batch.num_graphs)
        out: Tensor = self.head(pooled.abs().log1p())
        return out


def measure(config: BenchmarkConfig) -> Row:
    """Trains and measures on every split but train -> what ``config.out`` holds."""
    train = R1CSDataset(config.data, "train", both_ways)
    gin = fit(train, config.epochs, config.seed)
    knows_nodes = fit_nodes(train)
    network = load(PUBLISHED)

    splits = {}
    for name in ("test", *SHIFTED):
        dataset = R1CSDataset(config.data, name, both_ways)
        evaluator = Evaluator(config.data, name)
        answered = {
            "mean": np.zeros((len(dataset), TARGETS)),
            "GIN": answers(gin, dataset),
            **of_network(network, dataset, name),
        }
        known = {
            "nothing narrows": _field_bits(dataset),
            "boosting, a node's features": knows_nodes(dataset),
            NETWORK: predict_nodes(network, dataset.split, batch_size(name)),
        }
        splits[name] = {
            "circuits": {
                model: evaluator.eval(values) for model, values in answered.items()
            },
            "nodes": {
                model: evaluator.eval_nodes(bits) for model, bits in known.items()
            },
        }
    content = {
        "provenance": provenance.collect(),
        "data": train.split.content_hash,
        "epochs": config.epochs,
        "seed": config.seed,
        "network_seed": network.origin.seed,
        "splits": splits,
    }
    write_json(config.out, content)
    return content


def fit(train: R1CSDataset, epochs: int, seed: int) -> GraphNet:
    """A GIN after so many epochs."""
    torch.manual_seed(seed)
    model = GraphNet(train.num_node_features)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(epochs):
        for batch in DataLoader(train, batch_size=32, shuffle=True):
            optimiser.zero_grad()
            nn.functional.mse_loss(model(batch), batch.y).backward()
            optimiser.step()
    return model.eval()


def answers(model: GraphNet, dataset: R1CSDataset) -> Tensor:
    """Predictions in the units of ``y``, ``[circuits, 6]``."""
    with torch.no_grad():
        batches = DataLoader(dataset, batch_size=8)
        return torch.cat([model(batch) for batch in batches])


def of_network(
    network: Checkpoint, dataset: R1CSDataset, split: str
) -> dict[str, Array]:
    """What a network answers, and the search to what it reads, in the units of ``y``: ``[circuits, 6]``."""
    found = predict(network, dataset.split, batch_size(split))
    searched = search_rebuilt(rebuild(dataset.split), found.demand, found.targets)
    both = {NETWORK: found.targets, f"{NETWORK}, searched": searched}
    return {
        model: dataset.standardiser.transform(targets)
        for model, targets in both.items()
    }


def fit_nodes(train: R1CSDataset) -> Any:
    """Boosted trees on a node's twelve features: does it fill its field, and if not how many bits has it."""
    split = train.split
    chosen = np.random.default_rng(0).permutation(len(split.x))[:NODES]
    features = split.x[chosen]
    bits = split.node_bits[chosen].astype(float)
    full = bits >= _field_bits(train)[chosen]
    fills = Classifier(random_state=0).fit(features, full)
    width = Regressor(random_state=0).fit(features[~full], bits[~full])

    def predict(dataset: R1CSDataset) -> Array:
        x, field = dataset.split.x, _field_bits(dataset)
        below = np.minimum(width.predict(x), field - 1)
        narrowed: Array = np.where(fills.predict(x), field, below)
        return narrowed

    return predict


def _field_bits(dataset: R1CSDataset) -> Array:
    bits: Array = np.rint(dataset.split.x[:, FIELD_BITS] * FIELD_BITS_UNIT)
    return bits


if __name__ == "__main__":
    command.run(BenchmarkConfig, measure)
