//! Making a proof (proof.md, sections 6 and 10).
//!
//! r, the masks and y serve one proof that is published: two with one r and different challenges reveal the witness. They
//! come from a seed of system entropy, statement and witness; an attempt that fails is forgotten with all of them.

use anyhow::{Result, bail, ensure};
use dashu_int::UBig;
use zeroize::{Zeroize, Zeroizing};

use crate::field::U256;

use super::basis::Basis;
use super::challenge::challenge;
use super::checks::{Checks, masked_sum};
use super::commitment::{High, Matrix, add_square, cut, uncut};
use super::encoding::Message;
use super::gaussian::Gaussian;
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
    let r1cs = instance.statement.r1cs;
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
    matrix: Matrix<'a, M>,
    randomness: Gaussian,
    mask: Gaussian,
    bound: UBig,
    /// `m_a`, a < height.
    pub(super) forms: Zeroizing<Vec<Slotted<M::Element>>>,
}

impl<'a, M: Residues> Prover<'a, M> {
    /// With the wires modulo q.
    pub(super) fn new(instance: &'a Instance<'a, M>, wires: &[M::Element]) -> Result<Self> {
        let parameters = instance.parameters();
        let [randomness, mask] = parameters.variances();
        Ok(Self {
            basis: instance.basis()?,
            matrix: Matrix::new(&instance.ring, parameters),
            randomness: Gaussian::new(&randomness, parameters.security),
            mask: Gaussian::new(&mask, parameters.security),
            bound: parameters.norm_bound(),
            forms: Zeroizing::new(committed(instance, wires)),
            instance,
        })
    }

    /// Attempts until one is short enough; with the number of attempts.
    pub(super) fn prove(&self, seed: &[u8]) -> Result<(Vec<u8>, u32)> {
        for number in 0..ATTEMPTS {
            if let Some(proof) = self.attempt(seed, number) {
                return Ok((proof, number + 1));
            }
        }
        bail!("no attempt of {ATTEMPTS} was short enough")
    }

    /// A proof; nothing if it would be too long in norm, or has a number that its coder does not take.
    fn attempt(&self, seed: &[u8], number: u32) -> Option<Vec<u8>> {
        let secrets = Secrets::draw(self, seed, number);
        let committed = Committed::of(self, &secrets);
        let message = committed.respond(self, &secrets)?;
        message.write(self.instance)
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
struct Secrets<E: Element> {
    /// r, 64 integers an element.
    r: Zeroizing<Vec<i64>>,
    /// `y_i` by opening.
    y: Vec<Zeroizing<Vec<i64>>>,
    /// `g_j`.
    g: Zeroizing<Vec<Poly<E>>>,
}

impl<E: Element> Secrets<E> {
    fn draw<M: Residues<Element = E>>(prover: &Prover<'_, M>, seed: &[u8], number: u32) -> Self {
        let parameters = prover.instance.parameters();
        let stream = |tag: &str| Xof::new(tag).part(seed).part(&number.to_le_bytes()).stream();
        let length = parameters.m2() * DEGREE;
        let draw = |gaussian: &Gaussian, stream: &mut Stream| {
            let mut values = Zeroizing::new(vec![0; length]);
            gaussian.fill(stream, &mut values);
            values
        };
        let mut masks = stream("secret y");
        let mut answers = stream("secret g");
        Self {
            r: draw(&prover.randomness, &mut stream("secret r")),
            y: (0..parameters.k).map(|_| draw(&prover.mask, &mut masks)).collect(),
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

/// What is fixed before the challenge.
struct Committed<E: Element> {
    /// `t0`.
    t0: Zeroizing<Vec<Poly<E>>>,
    cut: Vec<Poly<E>>,
    /// `w_i` by opening.
    masks: Vec<Zeroizing<Vec<Poly<E>>>>,
    /// `high(w_i)` by opening.
    highs: Vec<Vec<High>>,
    rows: Vec<Poly<E>>,
    answers: Vec<Poly<E>>,
    seed: Vec<u8>,
}

impl<E: Element> Committed<E> {
    fn of<M: Residues<Element = E>>(prover: &Prover<'_, M>, secrets: &Secrets<E>) -> Self {
        let instance = prover.instance;
        let (ring, parameters) = (&instance.ring, instance.parameters());
        let (height, nlin) = (parameters.height as usize, parameters.nlin as usize);
        let split = parameters.kappa as usize * DEGREE;

        // r_2, y_02, y_12, ..
        let sources: Vec<&[i64]> = std::iter::once(&secrets.r).chain(&secrets.y).map(|v| v.as_slice()).collect();
        let vectors: Zeroizing<Vec<_>> =
            Zeroizing::new(sources.iter().map(|source| instance.vector(&source[split..])).collect());
        let mut bound = Columns::of(prover.matrix.bind(&vectors), sources.len());
        for (column, source) in bound.0.iter_mut().zip(&sources) {
            for (value, own) in column.iter_mut().zip(source.chunks_exact(DEGREE)) {
                *value = ring.add(value, &ring.small(own));
            }
        }
        let mut hidden = Columns::of(prover.matrix.hide(&vectors), sources.len());
        let products = Zeroizing::new(hidden.0.remove(0)); // <b_j, r_2>
        let openings = hidden.0; // G_{i,a} by opening
        let t0 = Zeroizing::new(bound.0.remove(0));
        let masks: Vec<_> = bound.0.into_iter().map(Zeroizing::new).collect();

        let cut: Vec<_> = t0.iter().map(|t0| cut(ring, parameters.cut_d, t0)).collect();
        let commit = |row: usize, message: &Poly<E>| ring.add(&ring.poly(&products[row]), message);
        let mut rows: Vec<_> =
            prover.forms.iter().enumerate().map(|(row, form)| commit(row, &ring.poly(form))).collect();
        rows.extend(secrets.g.iter().enumerate().map(|(j, g)| commit(height + j, g)));

        let of_mask = |mask: &Poly<E>| mask.0.map(|value| High::of(ring.m(), parameters.cut_g, value));
        let highs: Vec<Vec<High>> = masks.iter().map(|masks| masks.iter().flat_map(of_mask).collect()).collect();
        let element = |highs: &[High]| Poly(std::array::from_fn(|at| highs[at].element(ring.m())));
        let residues: Vec<Vec<_>> =
            highs.iter().map(|highs| highs.chunks_exact(DEGREE).map(element).collect()).collect();
        let first = first_digest(instance, &cut, &rows, &residues);

        let weights = Weights::draw(instance, &first);
        for (i, message) in garbage(prover, &weights, &openings).iter().enumerate() {
            rows.push(commit(height + nlin + i, message));
        }
        let checks = Checks::draw(instance, prover.basis, &first);
        let sums = Zeroizing::new(checks.sums(instance, &[prover.forms.as_slice()]));
        let answers: Vec<_> = (0..nlin)
            .map(|j| {
                let sum = ring.add(&secrets.g[j], &masked_sum(instance, &sums, j, 0));
                ring.add(&sum, &checks.constants[j])
            })
            .collect();

        let products = masked_products(instance, &weights, &openings);
        let forms: Vec<_> = openings.iter().map(|rows| &rows[..height]).collect();
        let sums = checks.sums(instance, &forms);
        let mut linear = Vec::new();
        for (i, rows) in openings.iter().enumerate() {
            for j in 0..nlin {
                linear.push(ring.add(&ring.poly(&rows[height + j]), &masked_sum(instance, &sums, j, i)));
            }
        }
        let seed = final_seed(instance, &first, &rows[height + nlin..], &answers, &products, &linear);
        Self { t0, cut, masks, highs, rows, answers, seed }
    }

    /// `z_i` and `eta_i` for the challenge; nothing if an opening is too long.
    fn respond<M: Residues<Element = E>>(
        self,
        prover: &Prover<'_, M>,
        secrets: &Secrets<E>,
    ) -> Option<Message<E>> {
        let instance = prover.instance;
        let (ring, parameters) = (&instance.ring, instance.parameters());
        let split = parameters.kappa as usize * DEGREE;
        let c = challenge(&self.seed, parameters.w, parameters.t);
        let mut openings = Vec::new();
        let mut hints = Vec::new();
        for (i, &j) in instance.openings.iter().enumerate() {
            let c = turned(&c, j);
            let z = opened(&c, &secrets.r[split..], &secrets.y[i][split..]);
            let slotted = ring.slotted(&ring.small(&c));
            let mut norm = z.iter().map(|&z| u128::from(z.unsigned_abs()).pow(2)).sum();
            let mut opening_hints = Vec::with_capacity(split);
            for row in 0..parameters.kappa as usize {
                // A z_2 = w - y_1 + c (t0 - r_1)
                let block = row * DEGREE..(row + 1) * DEGREE;
                let rest = ring.sub(&self.t0[row], &ring.small(&secrets.r[block.clone()]));
                let rest = ring.sub(&rest, &uncut(ring, parameters.cut_d, &self.cut[row]));
                let rest = ring.poly(&ring.product(&slotted, &ring.slotted(&rest)));
                let mask = ring.sub(&self.masks[i][row], &ring.small(&secrets.y[i][block.clone()]));
                let mut u = ring.add(&mask, &rest);
                let highs = &self.highs[i][block];
                for (value, high) in u.0.iter().zip(highs) {
                    opening_hints.push(hint(instance, *value, *high, &mut norm)?);
                }
                u.zeroize();
            }
            if UBig::from(norm) > prover.bound {
                return None;
            }
            openings.push(z);
            hints.push(opening_hints);
        }
        Some(Message {
            seed: self.seed,
            cut: self.cut,
            rows: self.rows,
            answers: self.answers,
            openings,
            hints,
        })
    }
}

/// Rows of products as columns.
struct Columns<T>(Vec<Vec<T>>);

impl<T: Copy> Columns<T> {
    fn of(rows: Vec<Vec<T>>, count: usize) -> Self {
        Self((0..count).map(|column| rows.iter().map(|row| row[column]).collect()).collect())
    }
}

/// The messages of the garbage rows: `sum_u sigma_{J_u}^-1 (Gar_u(u+i))`.
fn garbage<M: Residues>(
    prover: &Prover<'_, M>,
    weights: &Weights<M::Element>,
    openings: &[Vec<Slotted<M::Element>>],
) -> Vec<Poly<M::Element>> {
    let instance = prover.instance;
    let (ring, m) = (&instance.ring, instance.ring.m());
    let sums = weights.sums(instance, |opening, product, term| {
        let mask = |factor| SlotValue::of(scaled(instance, &openings[opening], product.slot, factor));
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
    });
    (0..instance.parameters().gamma as usize).map(|i| folded(instance, &sums, i)).collect()
}

/// `V_i` with the challenge set to 0.
fn masked_products<M: Residues>(
    instance: &Instance<'_, M>,
    weights: &Weights<M::Element>,
    openings: &[Vec<Slotted<M::Element>>],
) -> Vec<Poly<M::Element>> {
    let (ring, parameters) = (&instance.ring, instance.parameters());
    let first_garbage = (parameters.height + parameters.nlin) as usize;
    let sums = weights.sums(instance, |opening, product, term| {
        let mask = |factor| SlotValue::of(scaled(instance, &openings[opening], product.slot, factor));
        let [a, b, _] = product.factors.map(mask);
        ring.add_slot_product(term, &a.0[..ring.ord()], &b.0[..ring.ord()], product.slot);
    });
    let masked = |i: usize| ring.sub(&folded(instance, &sums, i), &ring.poly(&openings[i][first_garbage + i]));
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
fn hint<M: Residues>(
    instance: &Instance<'_, M>,
    u: M::Element,
    high: High,
    norm: &mut u128,
) -> Option<i64> {
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
