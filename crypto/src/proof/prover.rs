//! Making a proof (proof.md, sections 6 and 10).
//!
//! r, the masks and y serve one proof that is published: two with one r and different challenges reveal the witness. They
//! come from a seed of system entropy, statement and witness; an attempt that fails is forgotten with all of them.

use anyhow::{Result, bail, ensure};
use dashu_int::UBig;
use zeroize::{Zeroize, Zeroizing};

use crate::field::U256;
use crate::parallel::each;

use super::basis::Basis;
use super::challenge::challenge;
use super::checks::{Checks, masked_sum};
use super::commitment::{High, add_square, cut, uncut};
use super::encoding::Message;
use super::gaussian::{Gaussian, Samplers};
use super::instance::Instance;
use super::layout::Factor;
use super::products::{SlotValue, Weights, folded, scaled};
use super::residues::{Element, Residues};
use super::ring::{DEGREE, Poly, Slotted};
use super::statement::element_bytes;
use super::transcript::{final_seed, first_digest};
use super::xof::{DIGEST, Stream, Xof};

/// The program that draws: two of them must never meet one seed.
const PROGRAM: &str = concat!("nexuszero-crypto ", env!("CARGO_PKG_VERSION"), " proof 1");
/// Attempts; each fails with probability below 0.3.
const ATTEMPTS: u32 = 256;
/// Bytes of system entropy.
pub(super) const ENTROPY: usize = 64;

/// The seed of all secret draws.
pub(super) fn secret_seed(
    instance: &Instance<'_, impl Residues>,
    witness: &[U256],
    entropy: &[u8; ENTROPY],
) -> Zeroizing<[u8; DIGEST]> {
    let r1cs = &instance.statement.r1cs;
    let length = element_bytes(r1cs.field());
    let private = &witness[r1cs.first_private() as usize..];
    let mut xof = Xof::new("prover").part(PROGRAM.as_bytes()).part(entropy).part(&instance.digest);
    xof.begin((private.len() * length) as u64);
    for value in private {
        let mut bytes = value.to_le_bytes::<32>();
        xof.write(&bytes[..length]);
        bytes.zeroize();
    }
    Zeroizing::new(xof.digest())
}

/// What all attempts share.
pub(super) struct Prover<'a, M: Residues> {
    instance: &'a Instance<'a, M>,
    basis: &'a Basis<M::Element>,
    samplers: &'a Samplers,
    bound: UBig,
    /// `m_a`, a < height.
    pub(super) forms: Zeroizing<Vec<Slotted<M::Element>>>,
}

impl<'a, M: Residues> Prover<'a, M> {
    /// With the wires modulo q.
    pub(super) fn new(instance: &'a Instance<'a, M>, wires: &[M::Element]) -> Result<Self> {
        Ok(Self {
            basis: instance.basis()?,
            samplers: instance.statement.samplers(),
            bound: instance.parameters().norm_bound(),
            forms: Zeroizing::new(committed(instance, wires)),
            instance,
        })
    }

    /// Attempts until one is short enough, the first with these secrets; with the number of attempts.
    pub(super) fn prove(&self, seed: &[u8], mut secrets: Secrets<M::Element>) -> Result<(Vec<u8>, u32)> {
        for number in 1..=ATTEMPTS {
            if let Some(proof) = self.attempt(&secrets) {
                return Ok((proof, number));
            }
            secrets = Secrets::draw(self, seed, number);
        }
        bail!("no attempt of {ATTEMPTS} was short enough")
    }

    /// A proof; nothing if it would be too long in norm, or has a number that its coder does not take.
    fn attempt(&self, secrets: &Secrets<M::Element>) -> Option<Vec<u8>> {
        let first = First::of(self, secrets);
        let claims = Claims::of(self, secrets, &first);
        let seed = claims.seed(self.instance, &first);
        self.respond(secrets, first, claims, seed)?.write(self.instance)
    }
}

/// The rows of forms: in each occupied place the value of its form.
fn committed<M: Residues>(instance: &Instance<'_, M>, wires: &[M::Element]) -> Vec<Slotted<M::Element>> {
    let m = instance.ring.m();
    let mut forms = vec![Slotted::default(); instance.parameters().height as usize];
    for (row, place) in instance.layout.places.iter().enumerate() {
        let (terms, values) = instance.rows.get(row);
        let products = terms.iter().zip(values).map(|(&wire, &value)| m.mul(value, wires[wire as usize]));
        forms[place.row].0[place.slot * instance.ring.ord()] =
            products.fold(M::Element::default(), |sum, product| m.add(sum, product));
    }
    forms
}

/// What serves one attempt: randomness of the commitment, masks of openings and of linear checks.
pub(super) struct Secrets<E: Element> {
    /// r, 64 integers an element.
    r: Zeroizing<Vec<i64>>,
    /// `y_i` by opening.
    y: Vec<Zeroizing<Vec<i64>>>,
    /// `g_j`.
    g: Zeroizing<Vec<Poly<E>>>,
}

impl<E: Element> Secrets<E> {
    pub(super) fn draw<M: Residues<Element = E>>(prover: &Prover<'_, M>, seed: &[u8], number: u32) -> Self {
        let parameters = prover.instance.parameters();
        let stream = |tag: &str| Xof::new(tag).part(seed).part(&number.to_le_bytes()).stream();
        let length = parameters.m2() * DEGREE;
        let draw = |gaussian: &Gaussian, stream: &mut Stream| {
            let mut values = Zeroizing::new(vec![0; length]);
            gaussian.fill(stream, &mut values);
            values
        };
        let [randomness, mask] = prover.samplers;
        let mut masks = stream("secret y");
        let mut answers = stream("secret g");
        Self {
            r: draw(randomness, &mut stream("secret r")),
            y: (0..parameters.k).map(|_| draw(mask, &mut masks)).collect(),
            g: Zeroizing::new((0..parameters.nlin).map(|_| prover.masked(&mut answers)).collect()),
        }
    }
}

impl<M: Residues> Prover<'_, M> {
    /// A uniform masked element.
    fn masked(&self, stream: &mut Stream) -> Poly<M::Element> {
        let ring = &self.instance.ring;
        let mut mask = Poly::default();
        for exponent in self.instance.parameters().free_exponents() {
            mask.0[exponent] = stream.uniform(ring.m(), ring.bits());
        }
        self.instance.complete(&mut mask);
        mask
    }
}

/// What is fixed before products and linear checks are drawn.
pub(super) struct First<E: Element> {
    /// `t0`.
    t0: Zeroizing<Vec<Poly<E>>>,
    /// `t01`.
    cut: Vec<Poly<E>>,
    /// `w_i` by opening.
    masks: Vec<Zeroizing<Vec<Poly<E>>>>,
    /// `high(w_i)` by opening.
    highs: Vec<Vec<High>>,
    /// `<b_a, r_2>`.
    hidden: Zeroizing<Vec<Slotted<E>>>,
    /// `G_{i,a} = <b_a, y_i2>` by opening.
    pub(super) openings: Vec<Zeroizing<Vec<Slotted<E>>>>,
    /// Rows of forms and of masks.
    rows: Vec<Poly<E>>,
    /// `d1`.
    pub(super) digest: [u8; DIGEST],
}

impl<E: Element> First<E> {
    pub(super) fn of<M: Residues<Element = E>>(prover: &Prover<'_, M>, secrets: &Secrets<E>) -> Self {
        let instance = prover.instance;
        let (ring, parameters) = (&instance.ring, instance.parameters());
        let (t0, masks, hidden, openings) = prover.products(secrets);
        let cut: Vec<_> = t0.iter().map(|t0| cut(ring, parameters.cut_d, t0)).collect();
        let forms = prover.forms.iter().map(|form| ring.poly(form));
        let messages: Zeroizing<Vec<_>> = Zeroizing::new(forms.chain(secrets.g.iter().copied()).collect());
        let rows: Vec<_> =
            hidden.iter().zip(&*messages).map(|(own, message)| ring.add(&ring.poly(own), message)).collect();

        let of_mask = |mask: &Poly<E>| mask.0.map(|value| High::of(ring.m(), parameters.cut_g, value));
        let highs: Vec<Vec<High>> =
            masks.iter().map(|masks| masks.iter().flat_map(of_mask).collect()).collect();
        let element = |highs: &[High]| Poly(std::array::from_fn(|at| highs[at].element(ring.m())));
        let residues: Vec<Vec<_>> =
            highs.iter().map(|highs| highs.chunks_exact(DEGREE).map(element).collect()).collect();
        let digest = first_digest(instance, &cut, &rows, &residues);
        Self { t0, cut, masks, highs, hidden, openings, rows, digest }
    }
}

/// `t0`, `w_i`, `<b_a, r_2>` and `<b_a, y_i2>`.
type Products<E> = (
    Zeroizing<Vec<Poly<E>>>,
    Vec<Zeroizing<Vec<Poly<E>>>>,
    Zeroizing<Vec<Slotted<E>>>,
    Vec<Zeroizing<Vec<Slotted<E>>>>,
);

impl<M: Residues> Prover<'_, M> {
    /// The products of the matrices with r and all `y_i`, in one pass over their entries.
    fn products(&self, secrets: &Secrets<M::Element>) -> Products<M::Element> {
        let ring = &self.instance.ring;
        let split = self.instance.parameters().kappa as usize * DEGREE;
        let sources: Vec<&[i64]> =
            std::iter::once(&secrets.r).chain(&secrets.y).map(|values| values.as_slice()).collect();
        let vectors: Zeroizing<Vec<_>> =
            Zeroizing::new(sources.iter().map(|source| self.instance.vector(&source[split..])).collect());
        let mut bound = columns(self.instance.matrix.bind(ring, &vectors), sources.len());
        for (column, source) in bound.iter_mut().zip(&sources) {
            for (value, own) in column.iter_mut().zip(source.chunks_exact(DEGREE)) {
                *value = ring.add(value, &ring.small(own));
            }
        }
        let mut hidden = columns(self.instance.matrix.hide(ring, &vectors), sources.len());
        (bound.remove(0), bound, hidden.remove(0), hidden)
    }
}

/// What the prover says of products and linear checks: the messages that the challenge is drawn from.
pub(super) struct Claims<E> {
    /// Garbage rows.
    garbage: Vec<Poly<E>>,
    /// `h_j`.
    answers: Vec<Poly<E>>,
    /// `V_i`.
    pub(super) products: Vec<Poly<E>>,
    /// `E_{i,j}`.
    linear: Vec<Poly<E>>,
}

impl<E: Element> Claims<E> {
    pub(super) fn of<M: Residues<Element = E>>(
        prover: &Prover<'_, M>,
        secrets: &Secrets<E>,
        first: &First<E>,
    ) -> Self {
        let instance = prover.instance;
        let of_products = || {
            let weights = Weights::draw(instance, &first.digest);
            (garbage(prover, &weights, first), masked_products(instance, &weights, &first.openings))
        };
        let of_checks = || linear_claims(prover, secrets, first);
        let ((garbage, products), [answers, linear]) = rayon::join(of_products, of_checks);
        Self { garbage, answers, products, linear }
    }

    /// `cseed`.
    pub(super) fn seed<M: Residues<Element = E>>(
        &self,
        instance: &Instance<'_, M>,
        first: &First<E>,
    ) -> Vec<u8> {
        final_seed(instance, &first.digest, &self.garbage, &self.answers, &self.products, &self.linear)
    }
}

/// `h_j`, and `E_{i,j}` with the challenge set to 0.
fn linear_claims<M: Residues>(
    prover: &Prover<'_, M>,
    secrets: &Secrets<M::Element>,
    first: &First<M::Element>,
) -> [Vec<Poly<M::Element>>; 2] {
    let (instance, ring) = (prover.instance, &prover.instance.ring);
    let (height, nlin) = (prover.forms.len(), secrets.g.len());
    let checks = Checks::draw(instance, prover.basis, &first.digest);
    let sums = Zeroizing::new(checks.sums(instance, &[prover.forms.as_slice()]));
    let answer = |j: usize| {
        let sum = ring.add(&secrets.g[j], &masked_sum(instance, &sums, j, 0));
        let mut answer = ring.add(&sum, &checks.constants[j]);
        instance.complete(&mut answer); // changes nothing if the linear statement is true
        answer
    };
    let answers = (0..nlin).map(answer).collect();

    let forms: Vec<_> = first.openings.iter().map(|rows| &rows[..height]).collect();
    let sums = checks.sums(instance, &forms);
    let mut linear = Vec::new();
    for (i, rows) in first.openings.iter().enumerate() {
        for j in 0..nlin {
            linear.push(ring.add(&ring.poly(&rows[height + j]), &masked_sum(instance, &sums, j, i)));
        }
    }
    [answers, linear]
}

impl<M: Residues> Prover<'_, M> {
    /// `z_i` and `eta_i` for the challenge; nothing if an opening is too long.
    pub(super) fn respond(
        &self,
        secrets: &Secrets<M::Element>,
        first: First<M::Element>,
        claims: Claims<M::Element>,
        seed: Vec<u8>,
    ) -> Option<Message<M::Element>> {
        let parameters = self.instance.parameters();
        let split = parameters.kappa as usize * DEGREE;
        let c = challenge(&seed, parameters.w, parameters.t);
        let opening = |i: usize| {
            let c = turned(&c, self.instance.openings[i]);
            let z = Zeroizing::new(opened(&c, &secrets.r[split..], &secrets.y[i][split..]));
            let mut norm = z.iter().map(|&z| u128::from(z.unsigned_abs()).pow(2)).sum();
            let hints = self.hints(secrets, &first, i, &c, &mut norm)?;
            (UBig::from(norm) <= self.bound).then_some((z, hints))
        };
        let parts: Option<Vec<_>> = each(self.instance.openings.len(), &opening).into_iter().collect();
        let (openings, hints) =
            parts?.into_iter().map(|(mut z, hints)| (std::mem::take(&mut *z), hints)).unzip();
        let rows = first.rows.into_iter().chain(claims.garbage).collect();
        Some(Message { seed, cut: first.cut, rows, answers: claims.answers, openings, hints })
    }

    /// `eta_i`; adds the square of `z_i1'` to the norm.
    fn hints(
        &self,
        secrets: &Secrets<M::Element>,
        first: &First<M::Element>,
        opening: usize,
        c: &[i64; DEGREE],
        norm: &mut u128,
    ) -> Option<Vec<i64>> {
        let (ring, parameters) = (&self.instance.ring, self.instance.parameters());
        let c = ring.slotted(&ring.small(c));
        let mut hints = Vec::with_capacity(first.t0.len() * DEGREE);
        for (row, t0) in first.t0.iter().enumerate() {
            let block = row * DEGREE..(row + 1) * DEGREE;

            // u = A z_2 - c t0' = w - y_1 + c (t0 - r_1 - t0')
            let rest = Zeroizing::new(ring.sub(t0, &ring.small(&secrets.r[block.clone()])));
            let rest = Zeroizing::new(ring.sub(&rest, &uncut(ring, parameters.cut_d, &first.cut[row])));
            let rest = Zeroizing::new(ring.poly(&ring.product(&c, &ring.slotted(&rest))));
            let own = Zeroizing::new(ring.small(&secrets.y[opening][block.clone()]));
            let mask = Zeroizing::new(ring.sub(&first.masks[opening][row], &own));
            let u = Zeroizing::new(ring.add(&mask, &rest));
            for (value, high) in u.0.iter().zip(&first.highs[opening][block]) {
                hints.push(hint(self.instance, *value, *high, norm)?);
            }
        }
        Some(hints)
    }
}

/// The columns of rows of secret products.
fn columns<T: Copy + Zeroize>(rows: Vec<Vec<T>>, count: usize) -> Vec<Zeroizing<Vec<T>>> {
    let rows = Zeroizing::new(rows);
    let column = |column: usize| Zeroizing::new(rows.iter().map(|row| row[column]).collect());
    (0..count).map(column).collect()
}

/// The garbage rows, which commit to `sum_u sigma_{J_u}^-1 (Gar_u(u+i))`.
fn garbage<M: Residues>(
    prover: &Prover<'_, M>,
    weights: &Weights<M::Element>,
    first: &First<M::Element>,
) -> Vec<Poly<M::Element>> {
    let instance = prover.instance;
    let (ring, m) = (&instance.ring, instance.ring.m());
    let sums = Zeroizing::new(weights.sums(instance, |opening, product, term| {
        let mask = |factor| SlotValue::of(scaled(instance, &first.openings[opening], product.slot, factor));
        let value = |factor: Factor<M::Element>| {
            let mut value = SlotValue::of(scaled(instance, &prover.forms, product.slot, factor));
            value.0[0] = m.add(value.0[0], factor.public);
            value
        };
        let [a, b, c] = product.factors;
        let ord = ring.ord();
        ring.add_slot_product(term, &mask(a).0[..ord], &value(b).0[..ord], product.slot);
        ring.add_slot_product(term, &value(a).0[..ord], &mask(b).0[..ord], product.slot);
        for (place, own) in term.iter_mut().zip(mask(c).0) {
            *place = m.sub(*place, own);
        }
    }));
    let hidden = &first.hidden[first.rows.len()..];
    let row = |(i, own)| ring.add(&ring.poly(own), &folded(instance, &sums, i));
    hidden.iter().enumerate().map(row).collect()
}

/// `V_i` with the challenge set to 0.
fn masked_products<M: Residues>(
    instance: &Instance<'_, M>,
    weights: &Weights<M::Element>,
    openings: &[Zeroizing<Vec<Slotted<M::Element>>>],
) -> Vec<Poly<M::Element>> {
    let (ring, parameters) = (&instance.ring, instance.parameters());
    let first_garbage = (parameters.height + parameters.nlin) as usize;
    let sums = weights.sums(instance, |opening, product, term| {
        let mask = |factor| SlotValue::of(scaled(instance, &openings[opening], product.slot, factor));
        let [a, b, _] = product.factors.map(mask);
        ring.add_slot_product(term, &a.0[..ring.ord()], &b.0[..ring.ord()], product.slot);
    });
    let masked =
        |i: usize| ring.sub(&folded(instance, &sums, i), &ring.poly(&openings[i][first_garbage + i]));
    (0..parameters.gamma as usize).map(masked).collect()
}

/// `sigma_j` of small integers.
fn turned(c: &[i64; DEGREE], j: usize) -> [i64; DEGREE] {
    let mut image = [0; DEGREE];
    for (place, &value) in c.iter().enumerate() {
        let exponent = place * j % (2 * DEGREE);
        image[exponent % DEGREE] = if exponent < DEGREE { value } else { -value };
    }
    image
}

/// `y + c r` over the integers.
fn opened(c: &[i64; DEGREE], r: &[i64], y: &[i64]) -> Vec<i64> {
    let mut z = y.to_vec();
    for (z, r) in z.chunks_exact_mut(DEGREE).zip(r.chunks_exact(DEGREE)) {
        for (shift, &c) in c.iter().enumerate() {
            let (wrapped, straight) = z.split_at_mut(shift);
            let (low, high) = r.split_at(DEGREE - shift);
            straight.iter_mut().zip(low).for_each(|(z, r)| *z += c * r);
            wrapped.iter_mut().zip(high).for_each(|(z, r)| *z -= c * r);
        }
    }
    z
}

/// `eta`, from `high(u)` to `high(w)`; adds the square of the centred residue of `2^g w1 - u`.
fn hint<M: Residues>(instance: &Instance<'_, M>, u: M::Element, high: High, norm: &mut u128) -> Option<i64> {
    let (m, parameters) = (instance.ring.m(), instance.parameters());
    let power = m.element(U256::from(1) << parameters.cut_g as usize);
    add_square(m, norm, m.sub(m.mul(power, high.element(m)), u));
    high.minus(High::of(m, parameters.cut_g, u), parameters.largest_hint())
}

/// Bytes of system entropy.
pub(super) fn entropy() -> Result<Zeroizing<[u8; ENTROPY]>> {
    let mut bytes = Zeroizing::new([0; ENTROPY]);
    let filled = getrandom::fill(&mut *bytes);
    ensure!(filled.is_ok(), "the system gave no entropy: no proof is made");
    Ok(bytes)
}
