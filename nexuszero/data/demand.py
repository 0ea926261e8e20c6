"""What circuits ask of their parameters: whether q is free, the bits of the values, how many forms and rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nexuszero.data.columns import Array

# Columns of the array ``[circuits, 8]`` that a network learns.
DEMAND_FEATURES = 8
DEMAND_FREE = 0  # 0 or 1 in labels, a logit in a network
DEMAND_BITS = 1  # in units of DEMAND_BITS_UNIT, 0 where q is the field's prime
DEMAND_LOGS = slice(
    2, 8
)  # log2 of the forms, then of the heights by slots: 64, 32, 16, 8, 4
DEMAND_BITS_UNIT = 64


@dataclass(frozen=True)
class Demand:
    r"""What circuits ask, as the exact analysis has it or as a network reads it.

    Shapes:
        - **free** :math:`(|G|)`: probability that q is free, 0 or 1 where it is known
        - **bits** :math:`(|G|)`: bits of the largest value where q is free (B), 0 where it is not
        - **log2_forms** :math:`(|G|)`: of the private forms
        - **log2_heights** :math:`(|G|, 5)`: of the committed rows, by slots: 64, 32, 16, 8, 4
    """

    free: Array
    bits: Array
    log2_forms: Array
    log2_heights: Array

    @classmethod
    def from_array(cls, values: Array) -> Demand:
        """From a network's ``[circuits, 8]``, whose first column must be a probability."""
        return cls(
            free=values[:, DEMAND_FREE],
            bits=values[:, DEMAND_BITS] * DEMAND_BITS_UNIT,
            log2_forms=values[:, DEMAND_LOGS][:, 0],
            log2_heights=values[:, DEMAND_LOGS][:, 1:],
        )

    @property
    def array(self) -> Array:
        """As a network learns it, ``[circuits, 8]``."""
        scalars = [self.free, self.bits / DEMAND_BITS_UNIT, self.log2_forms]
        return np.column_stack([*scalars, self.log2_heights])

    def __len__(self) -> int:
        """The number of circuits."""
        return len(self.free)

    def __getitem__(self, circuits: Array | slice) -> Demand:
        """The demand of some circuits, in that order."""
        return Demand(
            self.free[circuits],
            self.bits[circuits],
            self.log2_forms[circuits],
            self.log2_heights[circuits],
        )
