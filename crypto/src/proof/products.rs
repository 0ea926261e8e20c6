//! The product relation: random combinations of all products, slot by slot (proof.md, sections 6 and 7).
//!
//! Attema, Lyubashevsky, Seiler: Practical product proofs for lattice commitments, CRYPTO 2020.

use crate::parallel::each;

use super::instance::Instance;
use super::layout::{Factor, Product};
use super::residues::{Element, Residues};
use super::ring::{Poly, Slotted, inverse_automorphism};
use super::xof::Xof;

/// `alpha_{u,n}`: for each opening u and packed constraint n the coefficients of a slot value.
pub(super) struct Weights<E> {
    by_opening: Vec<Vec<E>>,
}

/// `Phi_u` of each opening: `[u][opening]`.
pub(super) type Sums<E> = Vec<Vec<Slotted<E>>>;

impl<E: Element> Weights<E> {
    /// Draws them from the transcript's first digest.
    pub(super) fn draw<M: Residues<Element = E>>(instance: &Instance<'_, M>, first: &[u8]) -> Self {
        let ring = &instance.ring;
        let count = instance.layout.products.len() * ring.ord();
        let draw = |u: usize| {
            let mut stream = Xof::new("alpha").part(first).part(&(u as u32).to_le_bytes()).stream();
            (0..count).map(|_| stream.uniform(ring.m(), ring.bits())).collect()
        };
        let k = instance.parameters().k as usize;
        Self { by_opening: each(k, &draw) }
    }

    #[cfg(test)]
    pub(super) fn of_opening(&self, u: usize) -> &[E] {
        &self.by_opening[u]
    }

    /// For each opening the sums over the products of a slot of `alpha_{u,n}` times a value of the product in it.
    pub(super) fn sums<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        value: impl Fn(usize, &Product<E>, &mut [E]) + Sync,
    ) -> Sums<E> {
        let (ring, products) = (&instance.ring, &instance.layout.products);
        let k = self.by_opening.len();
        let of_opening = |opening: usize| {
            let mut sums = vec![Slotted::default(); k];
            let mut term = vec![E::default(); ring.ord()];
            for (number, product) in products.iter().enumerate() {
                term.fill(E::default());
                value(opening, product, &mut term);
                let (own, block) = (number * ring.ord(), product.slot * ring.ord());
                for (sum, weights) in sums.iter_mut().zip(&self.by_opening) {
                    let sum = &mut sum.0[block..block + ring.ord()];
                    ring.add_slot_product(sum, &weights[own..own + ring.ord()], &term, product.slot);
                }
            }
            sums
        };
        let by_opening: Vec<Vec<_>> = each(k, &of_opening);
        (0..k).map(|u| by_opening.iter().map(|sums| sums[u]).collect()).collect()
    }
}

/// `sum_u sigma_{J_u}^-1 (Phi_u(u+i))`.
pub(super) fn folded<M: Residues>(
    instance: &Instance<'_, M>,
    sums: &Sums<M::Element>,
    i: usize,
) -> Poly<M::Element> {
    let (ring, k) = (&instance.ring, sums.len());
    let mut total = Poly::default();
    for (u, (sums, &j)) in sums.iter().zip(&instance.openings).enumerate() {
        let sum = ring.poly(&sums[(u + i) % k]);
        total = ring.add(&total, &ring.automorphism(&sum, inverse_automorphism(j)));
    }
    total
}

/// `s_F f_row` in the slot of a product: a factor's part on the rows of an opening.
pub(super) fn scaled<'a, M: Residues>(
    instance: &'a Instance<'_, M>,
    rows: &'a [Slotted<M::Element>],
    slot: usize,
    factor: Factor<M::Element>,
) -> impl Iterator<Item = M::Element> + 'a {
    let ring = &instance.ring;
    let block = &rows[factor.row].0[slot * ring.ord()..(slot + 1) * ring.ord()];
    block.iter().map(move |&value| ring.m().mul(factor.scale, value))
}

/// The coefficients of a slot's value, ord of them.
#[derive(Clone, Copy)]
pub(super) struct SlotValue<E>(pub(super) [E; MOST_ORD]);

/// The largest degree of a slot.
const MOST_ORD: usize = 16;

impl<E: Element> SlotValue<E> {
    pub(super) fn of(values: impl Iterator<Item = E>) -> Self {
        let mut slot = Self([E::default(); MOST_ORD]);
        slot.0.iter_mut().zip(values).for_each(|(place, value)| *place = value);
        slot
    }
}
