//! The two digests that bind a proof's messages in their order (proof.md, sections 6 and 8).

use super::instance::{Instance, Part};
use super::residues::Residues;
use super::ring::Poly;
use super::xof::{DIGEST, Xof};

/// `d1`: statement, cut commitment, rows of forms and masks, high parts of the masks of all openings.
pub(super) fn first_digest<M: Residues>(
    instance: &Instance<'_, M>,
    cut: &[Poly<M::Element>],
    rows: &[Poly<M::Element>],
    masks: &[Vec<Poly<M::Element>>],
) -> [u8; DIGEST] {
    let ring = &instance.ring;
    Xof::new("first")
        .part(&instance.digest)
        .part(&ring.bytes(cut))
        .part(&ring.bytes(rows))
        .part(&ring.bytes(masks.iter().flatten()))
        .digest()
}

/// `cseed`: garbage rows, answers, and what products and linear checks are without the challenge.
pub(super) fn final_seed<M: Residues>(
    instance: &Instance<'_, M>,
    first: &[u8],
    garbage: &[Poly<M::Element>],
    answers: &[Poly<M::Element>],
    products: &[Poly<M::Element>],
    linear: &[Poly<M::Element>],
) -> Vec<u8> {
    let ring = &instance.ring;
    let xof = Xof::new("final")
        .part(first)
        .part(&ring.bytes(garbage))
        .part(&ring.bytes(answers))
        .part(&ring.bytes(products.iter().filter(|_| instance.has(Part::Products))))
        .part(&ring.bytes(linear.iter().filter(|_| instance.has(Part::Linear))));
    let mut seed = vec![0; instance.parameters().seed_bytes()];
    xof.stream().fill(&mut seed);
    seed
}
