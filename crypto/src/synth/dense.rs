//! Quantised dense layers with `ReLU`: `y = max(0, W x + b) >> shift`, signs and shifts by bits
//! (Jacob et al., CVPR 2018, for the arithmetic; Chen et al., ZKML, `EuroSys` 2024, for the circuits).

use super::circuit::Form;
use super::sketch::Sketch;
use crate::field::U256;

struct Layer {
    width: u32,
    weight_bits: u32,
    inputs: usize,
    constant: bool,
}

impl Layer {
    /// Bits of a weighted sum with its sign, the bias included.
    const fn sum_bits(&self) -> u32 {
        self.width + self.weight_bits + self.inputs.ilog2() + 2
    }

    /// Nodes of one neuron and of new inputs.
    const fn cost(&self) -> usize {
        self.inputs * (2 * (self.width + self.weight_bits) as usize + 6) + 2 * self.sum_bits() as usize + 3
    }
}

/// Draws networks until the target: the outputs of one layer are the inputs of the next.
pub fn build(s: &mut Sketch) {
    let layer = draw_layer(s);
    let mut values: Vec<Form> = Vec::new();
    loop {
        if values.len() < layer.inputs {
            values = (0..layer.inputs).map(|_| s.signed_input(layer.width)).collect();
        }
        values = forward(s, &layer, &values);
        values.iter().skip(layer.inputs).for_each(|value| s.publish(value, layer.width));
        if s.room() < layer.cost() {
            break;
        }
    }
    values.iter().for_each(|value| s.publish(value, layer.width));
}

fn draw_layer(s: &mut Sketch) -> Layer {
    let width = s.width(2, 12, 3).min(16);
    let weight_bits = s.draw.between(3, 8).min(width as usize + 1) as u32;
    let inputs = s.draw.between(1, (s.room() / (8 * width as usize + 16)).clamp(1, 16));
    Layer { width, weight_bits, inputs, constant: s.draw.chance(8) }
}

fn forward(s: &mut Sketch, layer: &Layer, values: &[Form]) -> Vec<Form> {
    let neurons = s.draw.between(1, 2 * layer.inputs);
    let mut out = Vec::new();
    while out.len() < neurons && (out.is_empty() || s.room() >= layer.cost()) {
        let sum = weighted_sum(s, layer, &values[..layer.inputs]);
        out.push(relu(s, layer, &sum));
    }
    out
}

fn weighted_sum(s: &mut Sketch, layer: &Layer, values: &[Form]) -> Form {
    let bound = (1 << (layer.weight_bits - 1)) - 1;
    let mut sum = s.small(1 << (layer.width + layer.weight_bits - 2));
    for value in values {
        let term = if layer.constant {
            let weight = s.small(bound);
            s.c.scaled(weight.value(), value)
        } else {
            let weight = s.signed_input(layer.weight_bits);
            s.c.multiply(&weight, value)
        };
        s.c.accumulate(&mut sum, U256::from(1), &term);
    }
    sum
}

/// The high bits of a sum if it is not negative, zero otherwise.
fn relu(s: &mut Sketch, layer: &Layer, sum: &Form) -> Form {
    let bits = layer.sum_bits();
    let half = s.c.constant(U256::from(1) << (bits - 1) as usize);
    let shifted = s.c.plus(sum, &half);
    let digits = s.c.bits(&shifted, bits);
    let high = &digits[(bits - layer.width) as usize..];
    let kept = s.c.word(&high[..high.len() - 1]);
    s.c.multiply(&high[high.len() - 1], &kept)
}
