//! Range checks for declared bounds of private wires: what was an assumption becomes part of the circuit (labels.md,
//! section 1.7).
//!
//! A wire of `[lo, hi]` whose width `w = hi - lo` is `2^n - 1` is lo plus n new bits. For any other width `hi - x` has n
//! bits as well: both numbers are below `2^n` and add up to w modulo p, and `2^(n+1) <= p`, so they do as integers.

use std::sync::Arc;

use anyhow::{Result, ensure};
use dashu_int::IBig;
use zeroize::Zeroizing;

use crate::field::{Field, U256};
use crate::r1cs::{Builder, R1cs};
use crate::ranges::{Bounds, Interval, Ranges, bit_length, check_bounds};
use crate::relation::Relation;

/// A new wire: a bit of `x - lo`, or of `hi - x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// x.
    pub source: u32,
    /// The power of two that it stands for.
    pub place: u32,
    /// Whether it is a bit of `hi - x`.
    pub from_above: bool,
}

/// A circuit with range checks.
#[derive(Clone, Debug)]
pub struct Constrained {
    /// The constraints of the circuit, then those of the checks.
    pub r1cs: Arc<R1cs>,
    /// The new wires, which follow those of the circuit.
    pub bits: Vec<Bit>,
    /// The bounds that are checked, by wire.
    checked: Vec<(u32, Interval)>,
}

impl Constrained {
    /// Adds a check for each bound of a private wire that does not follow from the circuit and its public bounds.
    ///
    /// # Errors
    /// When a bound is not an interval of an existing wire inside the signed field, or too wide to be checked, or nothing
    /// satisfies the circuit.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let field = r1cs.field();
        check_bounds(bounds, field, r1cs.wires())?;
        let known: Bounds =
            bounds.range(..r1cs.first_private()).map(|(&wire, bound)| (wire, bound.clone())).collect();
        let relation = Relation::of(r1cs, &known);
        let ranges = Ranges::infer(&relation, field.modulus(), &known)?;
        let follows = |wire: u32, bound: &Interval| {
            let own = ranges.interval(wire);
            bound.lo <= own.lo && own.hi <= bound.hi
        };
        let checked: Vec<_> = bounds
            .range(r1cs.first_private()..)
            .filter(|&(&wire, bound)| !follows(wire, bound))
            .map(|(&wire, bound)| (wire, bound.clone()))
            .collect();

        let mut builder = Builder::new(*field);
        (0..r1cs.constraints()).try_for_each(|index| builder.copy(r1cs, index))?;
        let mut writer = Writer { builder, field, wires: r1cs.wires(), bits: Vec::new() };
        for (wire, bound) in &checked {
            writer.check(*wire, bound)?;
        }
        let Writer { builder, wires, bits, .. } = writer;
        let mut system = builder.finish(wires, r1cs.public_outputs(), r1cs.public_inputs())?;
        (system.private_inputs, system.gates) = (r1cs.private_inputs(), r1cs.gates().clone());
        Ok(Self { r1cs: Arc::new(system), bits, checked })
    }

    /// Number of wires that are checked.
    #[must_use]
    pub const fn checked(&self) -> usize {
        self.checked.len()
    }

    /// The values of all wires from those of the circuit's.
    ///
    /// # Errors
    /// When they are not as many, or a value lies outside its bound.
    pub fn extend(&self, witness: &[U256]) -> Result<Zeroizing<Vec<U256>>> {
        let wires = self.r1cs.wires() as usize - self.bits.len();
        ensure!(
            witness.len() == wires,
            "the witness has {} values, the circuit {wires} wires",
            witness.len()
        );
        let mut bits = self.bits.iter().peekable();
        let mut all = Zeroizing::new(Vec::with_capacity(self.r1cs.wires() as usize));
        all.extend_from_slice(witness);
        for (wire, Interval { lo, hi }) in &self.checked {
            let value = self.r1cs.field().to_integer(witness[*wire as usize]);
            ensure!(
                *lo <= value && value <= *hi,
                "the value of wire {wire} lies outside its bound [{lo}, {hi}]"
            );
            let [above, below] = [&value - lo, hi - &value];
            while let Some(bit) = bits.next_if(|bit| bit.source == *wire) {
                let number = if bit.from_above { &below } else { &above };
                let set: IBig = (number >> bit.place as usize) & IBig::ONE;
                all.push(if set.is_one() { U256::from(1) } else { U256::ZERO });
            }
        }
        Ok(all)
    }
}

/// Appends checks to a circuit.
struct Writer<'a> {
    builder: Builder,
    field: &'a Field,
    wires: u32,
    bits: Vec<Bit>,
}

impl Writer<'_> {
    fn check(&mut self, wire: u32, Interval { lo, hi }: &Interval) -> Result<()> {
        let width = hi - lo;
        if lo.is_zero() && width.is_one() {
            return self.boolean(wire);
        }
        let bits = bit_length(&width);
        let checkable = bits + 1 < self.field.bits();
        ensure!(checkable, "bound of wire {wire}: [{lo}, {hi}] is too wide to be checked in this field");
        self.decompose(wire, lo, bits, false)?;
        if (&width & (&width + IBig::ONE)).is_zero() {
            return Ok(());
        }
        self.decompose(wire, hi, bits, true)
    }

    /// `b (b - 1) = 0`.
    fn boolean(&mut self, wire: u32) -> Result<()> {
        let one = U256::from(1);
        self.combination(&[(wire, one)])?;
        self.combination(&[(wire, one), (0, self.field.neg(one))])?;
        self.combination(&[])
    }

    /// `x - end`, or `end - x`, is a sum of new bits.
    fn decompose(&mut self, source: u32, end: &IBig, count: u32, from_above: bool) -> Result<()> {
        let first = self.wires;
        ensure!(first.checked_add(count).is_some(), "more than 2^32 wires");
        self.wires += count;
        for place in 0..count {
            self.bits.push(Bit { source, place, from_above });
            self.boolean(first + place)?;
        }
        let one = U256::from(1);
        let sign = |value: U256| if from_above { value } else { self.field.neg(value) };
        let mut sum = vec![(source, sign(one))];
        let constant = self.field.of_integer(&if from_above { -end } else { end.clone() });
        if !constant.is_zero() {
            sum.push((0, constant));
        }
        sum.extend((0..count).map(|place| (first + place, one << place as usize)));
        self.combination(&[])?;
        self.combination(&[])?;
        self.combination(&sum)
    }

    fn combination(&mut self, terms: &[(u32, U256)]) -> Result<()> {
        for &(wire, value) in terms {
            self.builder.term(wire, value)?;
        }
        self.builder.end_combination()
    }
}
