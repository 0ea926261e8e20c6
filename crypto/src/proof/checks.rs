//! The linear checks: random combinations of the rows as polynomials, grouped into masks (proof.md, sections 2, 4 and 7).
//!
//! Esgin, Nguyen, Seiler: Practical exact proofs from lattices, ASIACRYPT 2020.

use crate::parallel::each;

use super::basis::Basis;
use super::instance::{Instance, Part};
use super::residues::{Element, Residues};
use super::ring::{DEGREE, Poly, Slotted};
use super::xof::{Stream, Xof};

/// `phi_{e,a}` by check and row; of Sidon masks `phi_{j,a}` by mask and row.
type Phis<E> = Vec<Vec<Slotted<E>>>;

/// The checks of a proof.
pub(super) struct Checks<E> {
    phis: Phis<E>,
    /// `con_j` by mask.
    pub(super) constants: Vec<Poly<E>>,
}

/// A kernel element's part on places and its constant `delta`.
struct Combination<E> {
    by_row: Vec<Vec<E>>, // [row][slot]
    delta: E,
}

impl<E: Element> Checks<E> {
    /// Draws all checks from the transcript's first digest.
    pub(super) fn draw<M: Residues<Element = E>>(
        instance: &Instance<'_, M>,
        basis: &Basis<E>,
        first: &[u8],
    ) -> Self {
        let parameters = instance.parameters();
        let per = parameters.per();
        let mask = |mask: usize| {
            let checks = (mask * per..(mask + 1) * per).map(|check| {
                let number = (check as u32).to_le_bytes();
                let mut stream = Xof::new("gamma").part(first).part(&number).stream();
                let combination = Combination::draw(instance, basis, &mut stream);
                (combination, stream)
            });
            if parameters.is_sidon() {
                let free = Xof::new("free").part(first).part(&(mask as u32).to_le_bytes()).stream();
                sidon_mask(instance, checks.map(|(combination, _)| combination).collect(), free)
            } else {
                trace_mask(instance, checks)
            }
        };
        let masks = each(parameters.nlin as usize, &mask);
        let (phis, constants): (Vec<_>, Vec<_>) = masks.into_iter().unzip();
        Self { phis: phis.into_iter().flatten().collect(), constants }
    }

    #[cfg(test)]
    pub(super) fn phi(&self, set: usize, row: usize) -> Slotted<E> {
        self.phis[set][row]
    }

    /// `sum_a phi_a f_a` by set of phis and by opening, for rows of openings.
    pub(super) fn sums<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        openings: &[&[Slotted<E>]],
    ) -> Vec<Vec<Poly<E>>> {
        let ring = &instance.ring;
        let sum = |phis: &Vec<Slotted<E>>, rows: &[Slotted<E>]| {
            let mut sum = Slotted::default();
            phis.iter().zip(rows).for_each(|(phi, row)| ring.add_product(&mut sum, phi, row));
            ring.poly(&sum)
        };
        let by_opening =
            |set: usize| openings.iter().map(|rows| sum(&self.phis[set], rows)).collect::<Vec<_>>();
        each(self.phis.len(), &by_opening)
    }
}

/// What mask j adds up over its checks, for opening i: of trace masks
/// `k^-1 sum_e X^(pos_e) sum_n sigma_{J_n}(sum_a phi_{e,a} f_{i-n,a})`, of Sidon masks the sum itself.
pub(super) fn masked_sum<M: Residues>(
    instance: &Instance<'_, M>,
    sums: &[Vec<Poly<M::Element>>],
    mask: usize,
    opening: usize,
) -> Poly<M::Element> {
    let parameters = instance.parameters();
    if parameters.is_sidon() {
        return sums[mask][0];
    }
    let (ring, k) = (&instance.ring, parameters.k as usize);
    let inverse = ring.m().inv(ring.m().small(k as i64));
    let mut total = Poly::default();
    for (check, place) in parameters.places().into_iter().enumerate() {
        let by_opening = &sums[mask * k + check];
        let mut trace = Poly::default();
        for (n, &j) in instance.openings.iter().enumerate() {
            let sum = &by_opening[(opening + k - n) % k % by_opening.len()];
            trace = ring.add(&trace, &ring.automorphism(sum, j));
        }
        ring.add_shifted(&mut total, &trace, place, inverse);
    }
    total
}

impl<E: Element> Combination<E> {
    fn draw<M: Residues<Element = E>>(
        instance: &Instance<'_, M>,
        basis: &Basis<E>,
        stream: &mut Stream,
    ) -> Self {
        let (ring, rows) = (&instance.ring, &instance.rows);
        let m = ring.m();
        let y = basis.kernel(m, ring.bits(), stream);
        let mut by_row = vec![vec![E::default(); ring.slots()]; instance.parameters().height as usize];
        for (place, &y) in instance.layout.places.iter().zip(&y) {
            by_row[place.row][place.slot] = y;
        }
        let constants = y[rows.forms..].iter().zip(&rows.constants);
        let sum = constants.fold(E::default(), |sum, (&y, &b)| m.add(sum, m.mul(y, b)));
        Self { by_row, delta: m.neg(sum) }
    }

    /// `slots * enc(y_a)`, whose coefficients at multiples of ord are those that the check asks for.
    fn encoded<M: Residues<Element = E>>(&self, instance: &Instance<'_, M>, row: usize) -> Slotted<E> {
        let ring = &instance.ring;
        let slots = ring.m().small(ring.slots() as i64);
        let mut encoded = Slotted::default();
        for (slot, &y) in self.by_row[row].iter().enumerate() {
            encoded.0[slot * ring.ord()] = ring.m().mul(slots, y);
        }
        encoded
    }
}

/// A trace mask: for ord > 1 free terms prove that slots lie in the base field.
fn trace_mask<M: Residues>(
    instance: &Instance<'_, M>,
    checks: impl Iterator<Item = (Combination<M::Element>, Stream)>,
) -> (Phis<M::Element>, Poly<M::Element>) {
    let ring = &instance.ring;
    let places = instance.parameters().places();
    let mut constant = Poly::default();
    let sets = checks.zip(places).map(|((combination, mut stream), place)| {
        constant.0[place] = combination.delta;
        let phi = |row| {
            let encoded = combination.encoded(instance, row);
            if ring.ord() == 1 || !instance.has(Part::Free) {
                return encoded;
            }
            let mut free = ring.poly(&encoded);
            for exponent in (1..DEGREE).filter(|exponent| exponent % ring.ord() != 0) {
                let value = stream.uniform(ring.m(), ring.bits());
                free.0[DEGREE - exponent] = ring.m().neg(value);
            }
            ring.slotted(&free)
        };
        (0..combination.by_row.len()).map(phi).collect()
    });
    (sets.collect(), constant)
}

/// A Sidon mask: one polynomial a row for all its checks, `phi_x + Y^i phi_{x+1}` being what check i asks for.
fn sidon_mask<M: Residues>(
    instance: &Instance<'_, M>,
    checks: Vec<Combination<M::Element>>,
    mut stream: Stream,
) -> (Phis<M::Element>, Poly<M::Element>) {
    let ring = &instance.ring;
    let m = ring.m();
    let mut constant = Poly::default();
    for (check, combination) in checks.iter().enumerate() {
        constant.0[2 * check] = combination.delta;
    }
    let phi = |row| {
        let mut phi = ring.uniform(&mut stream);
        if !instance.has(Part::Free) {
            phi = Poly::default();
        }
        for (check, combination) in checks.iter().enumerate() {
            let asked = ring.poly(&combination.encoded(instance, row));
            for exponent in (0..DEGREE).step_by(ring.ord()) {
                let place = exponent + 2 * check;
                let product = m.mul(instance.y_powers[check], phi.0[place + 1]);
                phi.0[place] = m.sub(asked.0[exponent], product);
            }
        }
        ring.slotted(&phi)
    };
    (vec![(0..instance.parameters().height as usize).map(phi).collect()], constant)
}
