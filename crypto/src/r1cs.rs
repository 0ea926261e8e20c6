//! Rank-1 constraint systems: `<A_i, w> * <B_i, w> = <C_i, w>` over a prime field.
//!
//! Three linear combinations a constraint, stored one after another (compressed rows), with every
//! distinct coefficient stored once: circuits use few of them, and later stages work by their number.

use std::hash::BuildHasher;

use anyhow::{Result, ensure};
use hashbrown::{DefaultHashBuilder, HashTable};
use sha2::{Digest, Sha256};

use crate::field::{Field, U256};

/// The distinct coefficients of a system, numbered in order of first use.
#[derive(Clone, Debug, Default)]
pub struct Coefficients {
    values: Vec<U256>,
    numbers: HashTable<(u32, u32)>, // with half a hash, so that the table grows without the values
    hasher: DefaultHashBuilder,
}

impl PartialEq for Coefficients {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Eq for Coefficients {}

impl Coefficients {
    /// The number of `value`, which is added if it is new.
    pub fn intern(&mut self, value: U256) -> u32 {
        let Self { values, numbers, hasher } = self;
        let hash = hasher.hash_one(value) as u32;
        let spread = |half: u32| u64::from(half) << 32 | u64::from(half);
        let known = |&(number, half): &(u32, u32)| half == hash && values[number as usize] == value;
        let entry = numbers.entry(spread(hash), known, |&(_, half)| spread(half));
        let add = || {
            values.push(value);
            ((values.len() - 1) as u32, hash)
        };
        entry.or_insert_with(add).get().0
    }

    /// The coefficients by number.
    #[must_use]
    pub fn values(&self) -> &[U256] {
        &self.values
    }
}

/// A linear combination: wires ascending, and the number of each one's coefficient.
#[derive(Clone, Copy, Debug)]
pub struct Combination<'a> {
    /// Wire numbers, ascending and distinct; wire 0 is the constant one.
    pub wires: &'a [u32],
    /// For each wire, its coefficient's number in [`R1cs::coefficients`].
    pub coefficients: &'a [u32],
}

impl<'a> Combination<'a> {
    /// `(wire, coefficient number)` in ascending order of wires.
    pub fn terms(self) -> impl Iterator<Item = (u32, u32)> + 'a {
        self.wires.iter().copied().zip(self.coefficients.iter().copied())
    }

    /// The terms on wires from `first` on.
    #[must_use]
    pub fn from_wire(self, first: u32) -> Self {
        let start = self.wires.partition_point(|&wire| wire < first);
        Self { wires: &self.wires[start..], coefficients: &self.coefficients[start..] }
    }

    /// Whether no term is there: the zero form.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.wires.is_empty()
    }

    /// The coefficient's number of one wire.
    #[must_use]
    pub fn coefficient_of(self, wire: u32) -> Option<u32> {
        self.wires.binary_search(&wire).ok().map(|index| self.coefficients[index])
    }

    /// Whether no wire but the constant is mentioned.
    #[must_use]
    pub fn is_constant(self) -> bool {
        self.wires.last().is_none_or(|&wire| wire == 0)
    }
}

/// A custom gate of circom: a template and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The template's name, without the zero byte.
    pub name: Vec<u8>,
    /// Canonical field elements.
    pub parameters: Vec<U256>,
}

/// The custom gates of a file. What they demand of their wires stands in no constraint, so nothing
/// that is said of a system covers them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomGates {
    /// The gates by number.
    pub list: Vec<Gate>,
    /// For each use, the gate's number and the wires that it ties.
    pub uses: Vec<(u32, Vec<u32>)>,
}

/// A checked constraint system: every wire exists, no wire twice in a combination, coefficients
/// canonical and not zero. Only [`Builder::finish`] builds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R1cs {
    field: Field,
    wires: u32,
    public_outputs: u32,
    public_inputs: u32,
    pub(crate) private_inputs: u32,
    pub(crate) gates: CustomGates,
    ends: Vec<u32>, // [3 * constraints]: where each combination ends
    term_wires: Vec<u32>,
    term_coefficients: Vec<u32>,
    coefficients: Coefficients,
}

impl R1cs {
    /// The field of the coefficients.
    #[must_use]
    pub const fn field(&self) -> &Field {
        &self.field
    }

    /// Number of wires, the constant wire 0 included.
    #[must_use]
    pub const fn wires(&self) -> u32 {
        self.wires
    }

    /// Number of public outputs, wires `1..=public_outputs`.
    #[must_use]
    pub const fn public_outputs(&self) -> u32 {
        self.public_outputs
    }

    /// Number of public inputs, the wires after the outputs.
    #[must_use]
    pub const fn public_inputs(&self) -> u32 {
        self.public_inputs
    }

    /// Private inputs that the file declares, where circom counts those that it dropped, too; none
    /// are kept apart from other private wires where no file was read.
    #[must_use]
    pub const fn private_inputs(&self) -> u32 {
        self.private_inputs
    }

    /// The custom gates that the file holds beside the constraints.
    #[must_use]
    pub const fn gates(&self) -> &CustomGates {
        &self.gates
    }

    /// The first private wire.
    #[must_use]
    pub const fn first_private(&self) -> u32 {
        1 + self.public_outputs + self.public_inputs
    }

    /// Number of constraints.
    #[must_use]
    pub const fn constraints(&self) -> usize {
        self.ends.len() / 3
    }

    /// Number of terms over all combinations.
    #[must_use]
    pub const fn terms(&self) -> usize {
        self.term_wires.len()
    }

    /// The distinct coefficients.
    #[must_use]
    pub const fn coefficients(&self) -> &Coefficients {
        &self.coefficients
    }

    /// `A`, `B` and `C` of constraint `index`.
    #[must_use]
    pub fn constraint(&self, index: usize) -> [Combination<'_>; 3] {
        [3 * index, 3 * index + 1, 3 * index + 2].map(|row| {
            let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
            let range = start..self.ends[row] as usize;
            Combination {
                wires: &self.term_wires[range.clone()],
                coefficients: &self.term_coefficients[range],
            }
        })
    }

    /// Whether constraint `index` is linear: `A` or `B` mentions no wire but the constant (labels.md, section 1.1).
    #[must_use]
    pub fn is_linear(&self, index: usize) -> bool {
        let [a, b, _] = self.constraint(index);
        a.is_constant() || b.is_constant()
    }

    /// The first constraint that `witness` (one element a wire, `witness[0] = 1`) violates.
    #[must_use]
    pub fn first_violation(&self, witness: &[U256]) -> Option<usize> {
        (0..self.constraints()).find(|&index| {
            let [a, b, c] = self.constraint(index).map(|form| self.evaluate(form, witness));
            self.field.mul(a, b) != c
        })
    }

    /// The wires of a constraint, ascending, without the constant one.
    #[must_use]
    pub fn wires_of(&self, index: usize) -> Vec<u32> {
        let mut wires: Vec<u32> =
            self.constraint(index).iter().flat_map(|form| form.wires).copied().collect();
        wires.sort_unstable();
        wires.dedup();
        wires.retain(|&wire| wire != 0);
        wires
    }

    fn evaluate(&self, form: Combination<'_>, witness: &[U256]) -> U256 {
        form.terms().fold(U256::ZERO, |sum, (wire, number)| {
            let term = self.field.mul(self.coefficients.values[number as usize], witness[wire as usize]);
            self.field.add(sum, term)
        })
    }

    /// The same wires with some of the constraints alone.
    ///
    /// # Errors
    /// Never for a system that was built, which has room for fewer constraints.
    pub fn part(&self, keep: impl Fn(usize) -> bool) -> Result<Self> {
        let mut builder = Builder::new(self.field);
        (0..self.constraints())
            .filter(|&index| keep(index))
            .try_for_each(|index| builder.copy(self, index))?;
        builder.finish(self.wires, self.public_outputs, self.public_inputs)
    }

    /// SHA-256 of the system's content: field, wire counts and every term.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.field.modulus().to_le_bytes::<32>());
        for count in [self.wires, self.public_outputs, self.public_inputs] {
            hash.update(count.to_le_bytes());
        }
        for column in [&self.ends, &self.term_wires, &self.term_coefficients] {
            hash.update(column.iter().flat_map(|entry| entry.to_le_bytes()).collect::<Vec<_>>());
        }
        for value in &self.coefficients.values {
            hash.update(value.to_le_bytes::<32>());
        }
        hash.finalize().into()
    }
}

/// Collects a system combination by combination.
#[derive(Debug)]
pub struct Builder {
    system: R1cs,
    open: Vec<(u32, U256)>,
}

impl Builder {
    /// An empty system over `field`.
    #[must_use]
    pub fn new(field: Field) -> Self {
        let system = R1cs {
            field,
            wires: 1,
            public_outputs: 0,
            public_inputs: 0,
            private_inputs: 0,
            gates: CustomGates::default(),
            ends: Vec::new(),
            term_wires: Vec::new(),
            term_coefficients: Vec::new(),
            coefficients: Coefficients::default(),
        };
        Self { system, open: Vec::new() }
    }

    /// Adds a term to the combination that is open.
    ///
    /// # Errors
    /// When the coefficient is zero or not below the modulus.
    pub fn term(&mut self, wire: u32, coefficient: U256) -> Result<()> {
        ensure!(!coefficient.is_zero(), "{}: coefficient of wire {wire} is zero", self.place());
        ensure!(
            coefficient < self.system.field.modulus(),
            "{}: coefficient of wire {wire} is not below the field's prime",
            self.place()
        );
        self.open.push((wire, coefficient));
        Ok(())
    }

    /// Closes the combination (`A`, `B`, `C`, `A`, ... in turn).
    ///
    /// # Errors
    /// When a wire occurs twice in it, or the system has `2^32` terms.
    pub fn end_combination(&mut self) -> Result<()> {
        self.open.sort_unstable_by_key(|&(wire, _)| wire);
        if let Some(pair) = self.open.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            anyhow::bail!("{}: wire {} occurs twice", self.place(), pair[0].0);
        }
        let terms = self.system.term_wires.len() + self.open.len();
        ensure!(u32::try_from(terms).is_ok(), "more than 2^32 terms");
        for (wire, coefficient) in self.open.drain(..) {
            self.system.term_wires.push(wire);
            self.system.term_coefficients.push(self.system.coefficients.intern(coefficient));
        }
        self.system.ends.push(terms as u32);
        Ok(())
    }

    /// Appends a constraint of another system over the same field.
    ///
    /// # Errors
    /// When the system has `2^32` terms.
    pub fn copy(&mut self, other: &R1cs, index: usize) -> Result<()> {
        for form in other.constraint(index) {
            for (wire, number) in form.terms() {
                self.term(wire, other.coefficients.values[number as usize])?;
            }
            self.end_combination()?;
        }
        Ok(())
    }

    /// The checked system: `wires` in all (with wire 0), of which the public ones come first.
    ///
    /// # Errors
    /// When a constraint is incomplete, a wire does not exist or the public wires do not fit.
    pub fn finish(mut self, wires: u32, public_outputs: u32, public_inputs: u32) -> Result<R1cs> {
        ensure!(
            self.open.is_empty() && self.system.ends.len().is_multiple_of(3),
            "the last constraint is incomplete"
        );
        let known = 1 + u64::from(public_outputs) + u64::from(public_inputs);
        ensure!(known <= u64::from(wires), "{known} constant and public wires do not fit in {wires} wires");
        if let Some(wire) = self.system.term_wires.iter().find(|&&wire| wire >= wires) {
            anyhow::bail!("wire {wire} does not exist: the system has {wires} wires");
        }
        (self.system.wires, self.system.public_outputs, self.system.public_inputs) =
            (wires, public_outputs, public_inputs);
        Ok(self.system)
    }

    fn place(&self) -> String {
        let row = self.system.ends.len();
        format!("constraint {}, combination {}", row / 3, ["A", "B", "C"][row % 3])
    }
}
