//! A statement with its public values, modulo q: what prover and verifier share.

use std::sync::OnceLock;

use crate::field::U256;

use super::basis::Basis;
use super::commitment::Matrix;
use super::layout::{Layout, Values};
use super::linear::Rows;
use super::parameters::Parameters;
use super::rejection::{Code, Refusal};
use super::residues::Residues;
use super::ring::{Poly, Ring, Slotted, openings};
use super::statement::Statement;
use super::xof::DIGEST;

/// Everything that statement and public values fix.
pub(super) struct Instance<'a, M: Residues> {
    pub(super) statement: &'a Statement,
    pub(super) ring: Ring<M>,
    pub(super) layout: Layout<M::Element>,
    pub(super) rows: Rows<M::Element>,
    pub(super) matrix: Matrix<M::Element>,
    /// `J_i`.
    pub(super) openings: Vec<usize>,
    /// Of Sidon masks: the powers of Y, `Z^4` for ord 8 and Z for ord 16.
    pub(super) y_powers: Vec<M::Element>,
    /// `stmt`.
    pub(super) digest: [u8; DIGEST],
    basis: OnceLock<Basis<M::Element>>,
    #[cfg(test)]
    pub(super) left_out: Option<Part>,
}

/// A part of the argument. Tests leave one out on both sides, to see that a forgery needs it gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The products, `V_i`.
    Products,
    /// The linear checks, `E_{i,j}`.
    Linear,
    /// The terms of the linear checks that prove slots to lie in the base field.
    Free,
    /// The norms of the openings.
    Norm,
    /// The constraints of public wires alone, which are no rows.
    Public,
}

impl<'a, M: Residues> Instance<'a, M> {
    /// Packs the products and collects the linear statement.
    ///
    /// # Errors
    /// When a linear constraint of public wires alone is false (R6).
    pub(super) fn new(m: M, statement: &'a Statement, public: &[U256]) -> Result<Self, Refusal> {
        let instance = Self::unchecked(m, statement, public);
        instance.check_public()?;
        Ok(instance)
    }

    fn check_public(&self) -> Result<(), Refusal> {
        match self.rows.refuted.filter(|_| self.has(Part::Public)) {
            None => Ok(()),
            Some(number) => {
                let reason = format!("constraint {number} is false for these public values");
                Err(Refusal::new(Code::PublicConstraint, reason))
            }
        }
    }

    fn unchecked(m: M, statement: &'a Statement, public: &[U256]) -> Self {
        let parameters = &statement.parameters;
        let ring = Ring::new(m, parameters.bits, parameters.ord);
        let values = Values::new(ring.m(), statement, public);
        let layout = Layout::of(statement, &values);
        let rows = Rows::of(statement, &values, &layout);
        let y = ring.m().pow(ring.root(), U256::from(if parameters.ord == 8 { 4 } else { 1 }));
        let power = |exponent: usize| ring.m().pow(y, U256::from(exponent));
        let y_powers = (0..if parameters.is_sidon() { parameters.per() } else { 0 }).map(power).collect();
        Self {
            digest: statement.digest(public),
            matrix: Matrix::new(parameters),
            openings: openings(parameters.k as usize),
            statement,
            ring,
            layout,
            rows,
            y_powers,
            basis: OnceLock::new(),
            #[cfg(test)]
            left_out: None,
        }
    }

    /// The same with a part of the argument left out.
    #[cfg(test)]
    pub(super) fn without(
        part: Option<Part>,
        m: M,
        statement: &'a Statement,
        public: &[U256],
    ) -> Result<Self, Refusal> {
        let mut instance = Self::unchecked(m, statement, public);
        instance.left_out = part;
        instance.check_public()?;
        Ok(instance)
    }

    /// The basis of the rows, worked out when it is first asked for.
    ///
    /// # Errors
    /// When that takes too much work.
    pub(super) fn basis(&self) -> Result<&Basis<M::Element>, Refusal> {
        if let Some(basis) = self.basis.get() {
            return Ok(basis);
        }
        let basis = Basis::of(self.ring.m(), &self.rows, self.statement.relation.wires())?;
        Ok(self.basis.get_or_init(|| basis))
    }

    /// Whether a part of the argument is there: always, but in tests.
    #[cfg_attr(not(test), allow(clippy::unused_self))]
    pub(super) fn has(&self, part: Part) -> bool {
        #[cfg(test)]
        let has = self.left_out != Some(part);
        #[cfg(not(test))]
        let has = matches!(part, Part::Products | Part::Linear | Part::Free | Part::Norm | Part::Public);
        has
    }

    pub(super) const fn parameters(&self) -> &'a Parameters {
        &self.statement.parameters
    }

    /// Fills in the coefficients of a masked element at its known places.
    pub(super) fn complete(&self, poly: &mut Poly<M::Element>) {
        for (check, place) in self.parameters().places().into_iter().enumerate() {
            poly.0[place] = M::Element::default();
            if let Some(&power) = self.y_powers.get(check) {
                poly.0[place] = self.ring.m().neg(self.ring.m().mul(power, poly.0[place + 1]));
            }
        }
    }

    /// `c_i = sigma_{J_i}(c)` by coefficients.
    pub(super) fn challenges(&self, c: &[i64]) -> Vec<Poly<M::Element>> {
        let c = self.ring.small(c);
        self.openings.iter().map(|&j| self.ring.automorphism(&c, j)).collect()
    }

    /// The slots of a vector of small elements, 64 integers each.
    pub(super) fn vector(&self, values: &[i64]) -> Vec<Slotted<M::Element>> {
        values.chunks_exact(64).map(|chunk| self.ring.slotted(&self.ring.small(chunk))).collect()
    }
}
