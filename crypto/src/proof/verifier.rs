//! Verification: the cheap checks first, then one comparison of challenges (proof.md, sections 7 and 11).

use dashu_int::UBig;

use crate::field::U256;

use super::basis::Basis;
use super::challenge::challenge;
use super::checks::{Checks, masked_sum};
use super::commitment::{High, add_square, uncut};
use super::encoding::{Header, Message, Parts};
use super::instance::{Instance, Part};
use super::products::{SlotValue, Weights, folded, scaled};
use super::rejection::{Code, Refusal, check};
use super::residues::{Element, Residues};
use super::ring::{Poly, Slotted};
use super::transcript::{final_seed, first_digest};

/// Verifies a proof whose level and lengths are those of the statement.
pub(super) fn verify<M: Residues>(
    instance: &Instance<'_, M>,
    header: &Header,
    parts: &Parts<'_>,
) -> Result<(), Refusal> {
    let same = instance.digest.starts_with(&header.statement);
    check(same, Code::OtherStatement, "a proof of another statement")?;
    let message = Message::read(instance, parts)?;
    let norms = checked_norms(instance, &message)?;
    let (opened, basis) = rayon::join(|| Opened::with_norms(instance, &message, norms), || instance.basis());
    let seed = opened?.seed(instance, &message, basis?);
    check(seed == message.seed, Code::Challenge, "the challenge is not that of what the proof commits to")
}

/// The challenges, `w1_i`, and `f_{i,a}` of every opening.
pub(super) struct Opened<E> {
    challenges: Vec<Slotted<E>>,
    pub(super) masks: Vec<Vec<Poly<E>>>,   // w1 by opening
    pub(super) rows: Vec<Vec<Slotted<E>>>, // f by opening
}

impl<E: Element> Opened<E> {
    /// Recovers what the prover committed to before the challenge, and checks norms (R13).
    #[cfg(test)]
    pub(super) fn of<M: Residues<Element = E>>(
        instance: &Instance<'_, M>,
        message: &Message<E>,
    ) -> Result<Self, Refusal> {
        Self::with_norms(instance, message, checked_norms(instance, message)?)
    }

    /// The same with the squared norms of what is sent, which are completed by what is recovered and checked again.
    fn with_norms<M: Residues<Element = E>>(
        instance: &Instance<'_, M>,
        message: &Message<E>,
        mut norms: Vec<u128>,
    ) -> Result<Self, Refusal> {
        let ring = &instance.ring;
        let challenges = challenges(instance, &message.seed);
        let vectors: Vec<_> = message.openings.iter().map(|opening| instance.vector(opening)).collect();
        let mut masks = vec![Vec::with_capacity(message.cut.len()); challenges.len()];
        for (row, images) in images(instance, message, &challenges, &vectors).iter().enumerate() {
            for (i, u) in images.iter().enumerate() {
                let hints = &message.hints[i][64 * row..64 * (row + 1)];
                masks[i].push(recovered(instance, u, hints, &mut norms[i]));
            }
        }
        check_norms(instance, &norms)?;

        let hidden = instance.matrix.hide(ring, &vectors);
        let mut rows = vec![Vec::with_capacity(hidden.len()); challenges.len()];
        for (products, t) in hidden.iter().zip(&message.rows) {
            let t = ring.slotted(t);
            for (i, product) in products.iter().enumerate() {
                rows[i].push(ring.sub_slots(product, &ring.product(&challenges[i], &t)));
            }
        }
        Ok(Self { challenges, masks, rows })
    }

    /// The seed of the challenge that an honest prover would have had.
    fn seed<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        message: &Message<E>,
        basis: &Basis<E>,
    ) -> Vec<u8> {
        let parameters = instance.parameters();
        let (committed, garbage) = message.rows.split_at((parameters.height + parameters.nlin) as usize);
        let first = first_digest(instance, &message.cut, committed, &self.masks);
        let (products, linear) = rayon::join(
            || self.products(instance, &first),
            || self.linear(instance, message, &Checks::draw(instance, basis, &first)),
        );
        final_seed(instance, &first, garbage, &message.answers, &products, &linear)
    }

    /// `V_i` as an honest prover would have said it.
    pub(super) fn products<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        first: &[u8],
    ) -> Vec<Poly<E>> {
        let (ring, parameters) = (&instance.ring, instance.parameters());
        let sums = Weights::draw(instance, first).sums(instance, |opening, product, term| {
            let rows = &self.rows[opening];
            let ord = ring.ord();
            let c = &self.challenges[opening].0[product.slot * ord..(product.slot + 1) * ord];
            let hat = |combination: usize| {
                let factor = product.factors[combination];
                let own = scaled(instance, rows, product.slot, factor);
                let known = c.iter().map(|&c| ring.m().mul(c, factor.public));
                SlotValue::of(own.zip(known).map(|(own, known)| ring.m().sub(own, known)))
            };
            let [a, b, of_c] = [0, 1, 2].map(hat);
            ring.add_slot_product(term, &a.0[..ord], &b.0[..ord], product.slot);
            ring.add_slot_product(term, c, &of_c.0[..ord], product.slot);
        });
        let garbage = (parameters.height + parameters.nlin) as usize;
        (0..parameters.gamma as usize)
            .map(|i| ring.sub(&folded(instance, &sums, i), &ring.poly(&self.rows[i][garbage + i])))
            .collect()
    }

    /// `E_{i,j}` likewise.
    fn linear<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        message: &Message<E>,
        checks: &Checks<E>,
    ) -> Vec<Poly<E>> {
        let (ring, parameters) = (&instance.ring, instance.parameters());
        let height = parameters.height as usize;
        let forms: Vec<_> = self.rows.iter().map(|rows| &rows[..height]).collect();
        let sums = checks.sums(instance, &forms);
        let mut linear = Vec::new();
        for (i, rows) in self.rows.iter().enumerate() {
            for j in 0..parameters.nlin as usize {
                let difference = ring.sub(&message.answers[j], &checks.constants[j]);
                let own = ring.product(&self.challenges[i], &ring.slotted(&difference));
                let mask = ring.add(&ring.poly(&rows[height + j]), &ring.poly(&own));
                linear.push(ring.add(&mask, &masked_sum(instance, &sums, j, i)));
            }
        }
        linear
    }
}

/// `c_i` by slots.
pub(super) fn challenges<M: Residues>(instance: &Instance<'_, M>, seed: &[u8]) -> Vec<Slotted<M::Element>> {
    let parameters = instance.parameters();
    let c = challenge(seed, parameters.w, parameters.t);
    instance.challenges(&c).iter().map(|c| instance.ring.slotted(c)).collect()
}

/// `u_i = A z_i2 - c_i t0'` by row and opening.
pub(super) fn images<M: Residues>(
    instance: &Instance<'_, M>,
    message: &Message<M::Element>,
    challenges: &[Slotted<M::Element>],
    vectors: &[Vec<Slotted<M::Element>>],
) -> Vec<Vec<Poly<M::Element>>> {
    let ring = &instance.ring;
    let mut rows = instance.matrix.bind(ring, vectors);
    for (images, cut) in rows.iter_mut().zip(&message.cut) {
        let t0 = ring.slotted(&uncut(ring, instance.parameters().cut_d, cut));
        for (image, c) in images.iter_mut().zip(challenges) {
            *image = ring.sub(image, &ring.poly(&ring.product(c, &t0)));
        }
    }
    rows
}

/// `w1` of a row from `u` and its hints; adds the square of `z1'`, the centred residue of `2^g w1 - u`.
fn recovered<M: Residues>(
    instance: &Instance<'_, M>,
    u: &Poly<M::Element>,
    hints: &[i64],
    norm: &mut u128,
) -> Poly<M::Element> {
    let (m, parameters) = (instance.ring.m(), instance.parameters());
    let largest = parameters.largest_hint();
    let power = m.element(U256::from(1) << parameters.cut_g as usize);
    Poly(std::array::from_fn(|at| {
        let high = High::of(m, parameters.cut_g, u.0[at]).plus(hints[at], largest).element(m);
        add_square(m, norm, m.sub(m.mul(power, high), u.0[at]));
        high
    }))
}

/// `|z|^2`, at most the largest number.
fn square_norm(values: &[i64]) -> u128 {
    let square = |value: &i64| u128::from(value.unsigned_abs()) * u128::from(value.unsigned_abs());
    values.iter().fold(0, |sum: u128, value| sum.saturating_add(square(value)))
}

/// `|z_i2|^2` by opening, none too long by itself: the last check that costs nothing but the proof's bytes.
fn checked_norms<M: Residues>(
    instance: &Instance<'_, M>,
    message: &Message<M::Element>,
) -> Result<Vec<u128>, Refusal> {
    let norms: Vec<u128> = message.openings.iter().map(|opening| square_norm(opening)).collect();
    check_norms(instance, &norms)?;
    Ok(norms)
}

fn check_norms(instance: &Instance<'_, impl Residues>, norms: &[u128]) -> Result<(), Refusal> {
    let bound = instance.parameters().norm_bound();
    let short = norms.iter().all(|&norm| norm < u128::MAX && UBig::from(norm) <= bound);
    check(short || !instance.has(Part::Norm), Code::Norm, "an opening is too long")
}
