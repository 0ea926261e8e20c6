"""Muon: against PyTorch's own, which works in bfloat16; what is a matrix to it; the rest is AdamW."""

import pytest
import torch

from nexuszero.training import muon as module
from nexuszero.training.muon import MATRICES, OTHERS, optimisers, orthogonal


@pytest.mark.parametrize("shape", [(16, 16), (20, 64), (64, 20)])
def test_orthogonal_keeps_singular_vectors_and_levels_values(
    shape: tuple[int, int],
) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.T @ orthogonal(matrix) @ v.T
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), atol=1e-4, rtol=0)


def test_matrices_step_as_in_pytorch_and_the_rest_as_in_adamw() -> None:
    generator = torch.Generator().manual_seed(1)
    weight, small = (
        torch.randn(shape, generator=generator) for shape in ((24, 48), (24, 120))
    )
    ours, theirs = (
        [torch.nn.Parameter(value.clone()) for value in (weight, small)]
        for _ in range(2)
    )
    rate = 1e-3
    own = optimisers(ours, rate, 0.1)
    assert [optimiser.param_groups[0]["lr"] for optimiser in own] == [
        OTHERS * rate,
        MATRICES * rate,
    ]
    muon = torch.optim.Muon(theirs[:1], lr=MATRICES * rate, weight_decay=0.1)
    adamw = torch.optim.AdamW(theirs[1:], lr=OTHERS * rate, weight_decay=0.1)
    for _ in range(3):
        gradients = [
            torch.randn(value.shape, generator=generator) for value in (weight, small)
        ]
        for parameters in (ours, theirs):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient.clone()
        for each in (*own, muon, adamw):
            each.step()
    torch.testing.assert_close(
        ours[0], theirs[0], atol=4e-3, rtol=0
    )  # a step is up to 0.04 times bfloat16's 2^-8
    assert (ours[0] - weight).abs().max() > 0.01
    torch.testing.assert_close(ours[1], theirs[1])


def test_momentum_of_what_gets_no_gradient_does_not_become_subnormal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run() -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(2)
        weight = torch.nn.Parameter(torch.randn(16, 16, generator=generator))
        bias = torch.nn.Parameter(torch.zeros(16))
        _, muon = optimisers([weight, bias], 1e-5, 0.01)
        for step in range(2000):
            gradient = torch.randn(16, 16, generator=generator)
            if step:
                gradient[:4] = 0  # units that died
            weight.grad = gradient
            muon.step()
        return weight.detach(), muon.state[weight]["momentum"]

    def subnormal(values: torch.Tensor) -> bool:
        size = values.abs()
        return bool(((size > 0) & (size < torch.finfo(size.dtype).tiny)).any())

    weight, momentum = run()
    assert not subnormal(momentum)
    monkeypatch.setattr(module, "LEAST_MOMENTUM", 0.0)
    same, without = run()
    assert subnormal(without)
    assert torch.equal(weight, same)


def test_its_state_is_saved_and_loaded() -> None:
    def run(steps: int, resumed: int) -> torch.Tensor:
        torch.manual_seed(0)
        model = torch.nn.Linear(32, 16)
        both = optimisers(model.parameters(), 1e-3, 0.01)
        for step in range(steps):
            if step == resumed:
                states = [optimiser.state_dict() for optimiser in both]
                both = optimisers(model.parameters(), 1.0, 0.0)
                for optimiser, state in zip(both, states, strict=True):
                    optimiser.load_state_dict(state)
            model.zero_grad()
            model(torch.full((2, 32), step + 1.0)).square().sum().backward()
            for optimiser in both:
                optimiser.step()
        return torch.cat([model.weight.detach(), model.bias.detach()[:, None]], dim=1)

    assert torch.equal(run(4, resumed=2), run(4, resumed=9))


def test_a_network_without_matrices_has_adamw_alone() -> None:
    """The smallest networks, and none of their layers is wide enough."""
    adamw, muon = optimisers(torch.nn.Linear(4, 4).parameters(), 1e-3, 0.01)
    assert (
        len(adamw.param_groups[0]["params"]) == 2 and not muon.param_groups[0]["params"]
    )
    muon.step()
