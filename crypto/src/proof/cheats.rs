//! Provers that cheat: each is rejected, and accepted once the part of the argument that stops it is left out.

use std::sync::Arc;

use super::challenge::challenge;
use super::commitment::High;
use super::encoding::{Header, Parts};
use super::instance::{Instance, Part};
use super::known_answers::{circuit, proof, public_of};
use super::layout::{Factor, Product, Values};
use super::products::Weights;
use super::prover::{Claims, First, Prover, Secrets, secret_seed};
use super::rejection::{Code, Refusal};
use super::residues::{Narrow, Residues};
use super::ring::{Slotted, inverse_automorphism};
use super::statement::Statement;
use super::verifier::{self, Opened, challenges, images};
use super::witness::lifted;
use crate::field::{Field, U256};
use crate::modulus::primes;
use crate::r1cs::{Builder, R1cs};
use crate::ranges::Bounds;

/// Terms of a combination: wires and small coefficients.
type Form<'a> = &'a [(u32, i64)];

/// Wire 1 is public, all others are private.
fn one_public(field: Field, wires: u32, constraints: &[[Form<'_>; 3]]) -> Arc<R1cs> {
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        for &(wire, value) in *form {
            builder.term(wire, field.from_i64(value)).unwrap();
        }
        builder.end_combination().unwrap();
    }
    Arc::new(builder.finish(wires, 0, 1).unwrap())
}

fn field(bits: u32, ord: u32) -> Field {
    Field::new(primes(bits, ord).next().unwrap()).unwrap()
}

/// Small fields of every order modulo 128, with a level.
const FIELDS: [(u32, u32, u32); 6] =
    [(33, 16, 128), (50, 8, 128), (40, 4, 128), (40, 2, 128), (40, 1, 100), (40, 4, 192)];

/// What a prover makes that commits to changed forms, with a part of the argument left out.
fn made<'a>(
    statement: &'a Statement,
    witness: &[U256],
    left_out: Option<Part>,
    change: impl Fn(&Instance<'_, Narrow>, &mut Prover<'_, Narrow>),
) -> Result<(Instance<'a, Narrow>, Vec<u8>), Refusal> {
    let public = &witness[1..statement.r1cs.first_private() as usize];
    let m = Narrow::new(statement.parameters.q).unwrap();
    let values = Values::new(&m, statement, public);
    let wires = lifted(&m, &statement.relation, &values, witness);
    let instance = Instance::without(left_out, m, statement, public)?;
    let mut prover = Prover::new(&instance, &wires).unwrap();
    change(&instance, &mut prover);
    let seed = secret_seed(&instance, witness, &[7; 64]);
    let (bytes, _) = prover.prove(&*seed, Secrets::draw(&prover, &*seed, 0)).unwrap();
    Ok((instance, bytes))
}

/// The verdict on it of a verifier that leaves out the same part.
fn verdict(
    statement: &Statement,
    witness: &[U256],
    left_out: Option<Part>,
    change: impl Fn(&Instance<'_, Narrow>, &mut Prover<'_, Narrow>),
) -> Result<(), Refusal> {
    let (instance, bytes) = made(statement, witness, left_out, change)?;
    let header = Header::read(&bytes).unwrap();
    let parts = Parts::of(&bytes, &header, statement.parameters()).unwrap();
    verifier::verify(&instance, &header, &parts)
}

/// Rejected as it is, accepted with a part left out, and rejected with the others.
fn stopped_by(
    part: Part,
    statement: &Statement,
    witness: &[U256],
    change: impl Fn(&Instance<'_, Narrow>, &mut Prover<'_, Narrow>),
) {
    let code = |left_out| verdict(statement, witness, left_out, &change).err().and_then(|it| it.code());
    assert_eq!(code(None), Some(Code::Challenge));
    for other in [Part::Products, Part::Linear, Part::Free] {
        let expected =
            (part != other && !(part == Part::Free && other == Part::Linear)).then_some(Code::Challenge);
        assert_eq!(code(Some(other)), expected, "{part:?} {other:?} {:?}", statement.parameters);
    }
}

/// `x*x = y` for a y without a root: the root lies in an extension, where a slot has room for it.
#[test]
fn a_root_in_an_extension_is_stopped_by_free_terms() {
    for (bits, ord, security) in FIELDS.into_iter().filter(|&(_, ord, _)| ord > 1) {
        let r1cs = one_public(field(bits, ord), 3, &[[&[(2, 1)], &[(2, 1)], &[(1, 1)]]]);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let m = Narrow::new(statement.parameters.q).unwrap();
        let zeta = m.residue(super::ring::Ring::new(m, bits, ord).root());
        let witness = [U256::from(1), zeta, U256::ZERO];
        stopped_by(Part::Free, &statement, &witness, |instance, prover| {
            prover.forms[0].0[instance.ring.ord() / 2] = m.one(); // its square is X^ord
        });
    }
}

/// `x*x = y` and `2y = 8`, of which the second has no row: x = 3 proves the first for y = 9.
#[test]
fn a_false_constraint_of_public_wires_is_stopped_by_itself() {
    for (bits, ord, security) in FIELDS {
        let constraints: [[Form<'_>; 3]; 2] =
            [[&[(2, 1)], &[(2, 1)], &[(1, 1)]], [&[(1, 2)], &[(0, 1)], &[(0, 8)]]];
        let r1cs = one_public(field(bits, ord), 3, &constraints);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let code = |y: u64, x: u64, left_out| {
            let witness = [1, y, x].map(U256::from);
            verdict(&statement, &witness, left_out, |_, _| {}).err().and_then(|refusal| refusal.code())
        };
        assert_eq!(code(4, 2, None), None);
        assert_eq!(code(9, 3, None), Some(Code::PublicConstraint));
        assert_eq!(code(9, 3, Some(Part::Public)), None);
    }
}

/// `a*a = c`, `c*c = y` with an a whose square is another.
#[test]
fn a_false_product_is_stopped_by_products() {
    for (bits, ord, security) in FIELDS {
        let constraints: [[Form<'_>; 3]; 2] =
            [[&[(2, 1)], &[(2, 1)], &[(3, 1)]], [&[(3, 1)], &[(3, 1)], &[(1, 1)]]];
        let r1cs = one_public(field(bits, ord), 4, &constraints);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let witness = [1, 49, 2, 7].map(U256::from);
        stopped_by(Part::Products, &statement, &witness, |_, _| {});
    }
}

/// `in*inv = 1 - out`, `in*out = 0`, `in*in = y` with y = 0 and out = 0: a hint of 0 times h that should be 1.
#[test]
fn a_wrong_hint_is_stopped_by_products() {
    for (bits, ord, security) in FIELDS {
        let constraints: [[Form<'_>; 3]; 3] = [
            [&[(2, 1)], &[(3, 1)], &[(0, 1), (4, -1)]],
            [&[(2, 1)], &[(4, 1)], &[]],
            [&[(2, 1)], &[(2, 1)], &[(1, 1)]],
        ];
        let r1cs = one_public(field(bits, ord), 5, &constraints);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        assert_eq!(statement.relation.hints(), 1);
        let witness = [1, 0, 0, 0, 0].map(U256::from);
        stopped_by(Part::Products, &statement, &witness, |_, _| {});
    }
}

/// A bit of a sum flipped in the one place where it stands: its product is intact.
#[test]
fn a_wrong_copy_of_a_wire_is_stopped_by_linear_checks() {
    for (name, security) in [
        ("rangesum4x8.goldilocks", 128),
        ("rangesum4x8.goldilocks", 256),
        ("median3x10.goldilocks", 100),
        ("divmod16.goldilocks", 128),
        ("sortnet8x16.goldilocks", 128),
        ("xorchain48.goldilocks", 192),
    ] {
        let r1cs = circuit(&format!("{name}.O1.r1cs"));
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let witness = honest(name, &r1cs);
        let m = Narrow::new(statement.parameters.q).unwrap();
        let instance = Instance::new(m, &statement, &witness[1..r1cs.first_private() as usize]).unwrap();
        // the two roots of a product that says that a form has one of two values
        let root = |factor: Factor<u64>| m.neg(m.mul(factor.public, m.inv(factor.scale)));
        let roots = |product: &Product<u64>| {
            let [a, b, c] = product.factors;
            let of_one = a.row == b.row && c.scale == 0 && c.public == 0 && root(a) != root(b);
            of_one.then(|| (product.slot, a.row, [root(a), root(b)]))
        };
        let (slot, row, roots) = instance.layout.products.iter().find_map(roots).expect(name);
        stopped_by(Part::Linear, &statement, &witness, |instance, prover| {
            let place = &mut prover.forms[row].0[slot * instance.ring.ord()];
            assert!(roots.contains(place));
            *place = if *place == roots[0] { roots[1] } else { roots[0] };
        });
    }
}

/// A witness from another program.
fn honest(name: &str, r1cs: &R1cs) -> Vec<U256> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proofs");
    let bytes = std::fs::read(folder.join(format!("{name}.wtns"))).unwrap();
    super::witness::read_witness(&bytes, r1cs.field()).unwrap().to_vec()
}

/// `x - y = 0` of wires of other constraints, false by one.
#[test]
fn a_false_linear_constraint_is_stopped_by_linear_checks() {
    for (bits, ord, security) in FIELDS {
        let constraints: [[Form<'_>; 3]; 3] = [
            [&[(2, 1)], &[(2, 1)], &[(1, 1)]],
            [&[(3, 1)], &[(3, 1)], &[(4, 1)]],
            [&[(0, 1)], &[(2, 1), (3, 1)], &[(4, 1), (0, 5)]],
        ];
        let r1cs = one_public(field(bits, ord), 5, &constraints);
        let statement = Statement::new(&r1cs, &Bounds::new(), security).unwrap();
        let witness = [1, 49, 7, 3, 9].map(U256::from); // 7 + 3 is not 9 + 5
        stopped_by(Part::Linear, &statement, &witness, |_, _| {});
    }
}

/// Four bits, their sum s, and `(1/2)*(2s) = y` with y = 2s: what a prover would show if factors were multiplied modulo q
/// on one side only.
#[test]
fn a_constant_factor_is_stopped_by_linear_checks() {
    let field = Field::parse("goldilocks").unwrap();
    let mut builder = Builder::new(field);
    let mut form = |terms: &[(u32, U256)]| {
        terms.iter().for_each(|&(wire, value)| builder.term(wire, value).unwrap());
        builder.end_combination().unwrap();
    };
    let small = |value| field.from_i64(value);
    for bit in 2..6 {
        form(&[(bit, small(1))]);
        form(&[(bit, small(1)), (0, small(-1))]);
        form(&[]);
    }
    form(&[(0, small(1))]);
    form(&[2, 3, 4, 5].map(|bit| (bit, small(1 << (bit - 2)))));
    form(&[(6, small(1))]);
    form(&[(0, field.inv(small(2)))]);
    form(&[(6, small(2))]);
    form(&[(1, small(1))]);
    let r1cs = Arc::new(builder.finish(7, 1, 0).unwrap());
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    assert!(statement.liftable && statement.parameters.bits < 64);
    let honest = [1, 5, 1, 0, 1, 0, 5].map(U256::from);
    assert_eq!(verdict(&statement, &honest, None, |_, _| {}), Ok(()));
    let forged = [1, 10, 1, 0, 1, 0, 5].map(U256::from);
    stopped_by(Part::Linear, &statement, &forged, |_, _| {});
}

/// `x*x = y` is false. With two openings and q = 641 a prover waits until one weight of the product is zero, then
/// guesses the challenge in the slot where the other one shows: some thousand hashes, not q^2, if there is but one
/// garbage row. The rows that the definition asks for test the product under both challenges.
#[test]
fn guessing_half_each_is_stopped_by_garbage_rows() {
    let r1cs = one_public(Field::new(U256::from(641)).unwrap(), 3, &[[&[(2, 1)], &[(2, 1)], &[(1, 1)]]]);
    let tau = 127f64 / 641f64.log2(); // more than 13 checks
    assert!(2 * tau.ceil() as u32 - 2 > 1);
    assert!(splits(&toy(&r1cs, 1)));
    assert!(!splits(&toy(&r1cs, 2)));
}

/// `x*x = y` is false. The openings of the garbage rows make up for it after the challenge is known, since nothing binds
/// them but their length: any others would open the same commitment.
#[test]
fn long_openings_are_stopped_by_their_norm() {
    let q = 2689; // every residue has a symbol, and most are longer than answers are
    let r1cs = one_public(Field::new(U256::from(q)).unwrap(), 3, &[[&[(2, 1)], &[(2, 1)], &[(1, 1)]]]);
    let statement = toy(&r1cs, 2);
    let witness = [1, 5, 2].map(U256::from);
    let m = Narrow::new(statement.parameters.q).unwrap();
    let values = Values::new(&m, &statement, &witness[1..2]);
    let wires = lifted(&m, &statement.relation, &values, &witness);
    let mut instance = Instance::new(m, &statement, &witness[1..2]).unwrap();
    let prover = Prover::new(&instance, &wires).unwrap();
    let attempt = |number| {
        let secrets = Secrets::draw(&prover, b"long", number);
        let first = First::of(&prover, &secrets);
        let claims = Claims::of(&prover, &secrets, &first);
        let (digest, products) = (first.digest, claims.products.clone());
        let seed = claims.seed(&instance, &first);
        Some((prover.respond(&secrets, first, claims, seed)?, digest, products))
    };
    let (mut message, digest, products) = (0..10).find_map(attempt).unwrap();

    // what the verifier finds of the products, and what was said of them
    let opened = Opened::of(&instance, &message).unwrap();
    let found = opened.products(&instance, &digest);
    assert_ne!(found, products);
    let ring = &instance.ring;
    let centred = |value| {
        let (negative, size) = m.centred(value);
        i64::try_from(size).unwrap() * if negative { -1 } else { 1 }
    };
    for (i, (found, said)) in found.iter().zip(&products).enumerate() {
        let more = ring.sub(found, said);
        let place = 64 * (2 + i); // after a form and a mask
        for (z, more) in message.openings[i][place..place + 64].iter_mut().zip(more.0) {
            *z = centred(m.add(m.small(*z), more));
        }
    }
    // other hints lead to the same masks
    let vectors: Vec<_> = message.openings.iter().map(|opening| instance.vector(opening)).collect();
    let challenges = challenges(&instance, &message.seed);
    let images = images(&instance, &message, &challenges, &vectors).remove(0); // of the only row
    let largest = statement.parameters.largest_hint();
    for (i, image) in images.iter().enumerate() {
        let high = |value: u64| High::of(&m, 0, value);
        let both = opened.masks[i][0].0.iter().zip(image.0);
        let hint = |(&mask, image): (&u64, u64)| high(mask).minus(high(image), largest).unwrap();
        message.hints[i] = both.map(hint).collect();
    }

    let bytes = message.write(&instance).unwrap();
    let header = Header::read(&bytes).unwrap();
    let parts = Parts::of(&bytes, &header, statement.parameters()).unwrap();
    let code = |instance: &Instance<'_, Narrow>| {
        verifier::verify(instance, &header, &parts).err().and_then(|it| it.code())
    };
    assert_eq!(code(&instance), Some(Code::Norm));
    instance.left_out = Some(Part::Norm);
    assert_eq!(code(&instance), None);
}

/// A sum of four bits, and the same value with q on top: modulo q they are one.
#[test]
fn a_public_value_with_q_on_top_is_stopped_by_its_interval() {
    let bits: Vec<[Form<'_>; 3]> = vec![
        [&[(2, 1)], &[(2, 1), (0, -1)], &[]],
        [&[(3, 1)], &[(3, 1), (0, -1)], &[]],
        [&[(0, 1)], &[(2, 1), (3, 2)], &[(1, 1)]],
    ];
    let r1cs = one_public(Field::parse("goldilocks").unwrap(), 4, &bits);
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let q = statement.parameters.q;
    assert!(statement.liftable && q < r1cs.field().modulus());
    let forged = [U256::from(1), U256::from(3) + q, U256::from(1), U256::from(1)];
    let (instance, bytes) = made(&statement, &forged, None, |_, _| {}).unwrap();
    let header = Header::read(&bytes).unwrap();
    let parts = Parts::of(&bytes, &header, statement.parameters()).unwrap();
    assert_eq!(verifier::verify(&instance, &header, &parts), Ok(())); // all but the intervals
    let refusal = statement.verify(&bytes, &forged[1..2]).unwrap_err();
    assert_eq!(refusal.code(), Some(Code::PublicValue));
}

/// A statement with small parameters, two openings and so many garbage rows.
fn toy(r1cs: &Arc<R1cs>, gamma: u32) -> Statement {
    let other = one_public(field(40, 2), 3, &[[&[(2, 1)], &[(2, 1)], &[(1, 1)]]]);
    let mut small = Statement::new(&other, &Bounds::new(), 128).unwrap().parameters.clone();
    assert_eq!((small.k, small.height), (2, 1));
    (small.q, small.bits, small.ord) = (r1cs.field().modulus(), r1cs.field().bits(), 1);
    (small.mu, small.kappa, small.cut_d, small.cut_g) = (1, 1, 0, 0);
    (small.nlin, small.gamma, small.l) = (1, gamma, 2 + gamma);
    Statement::toy(r1cs, small)
}

/// Whether a prover of `2*2 = 5` finds a proof by guessing each half.
fn splits(statement: &Statement) -> bool {
    let witness = [1, 5, 2].map(U256::from);
    let m = Narrow::new(statement.parameters.q).unwrap();
    let values = Values::new(&m, statement, &witness[1..2]);
    let wires = lifted(&m, &statement.relation, &values, &witness);
    let instance = Instance::new(m, statement, &witness[1..2]).unwrap();
    let ring = &instance.ring;
    let prover = Prover::new(&instance, &wires).unwrap();
    let mut hashes = 0;
    for number in 0..4 * 641 {
        let secrets = Secrets::draw(&prover, b"splitting", number);
        let first = First::of(&prover, &secrets);
        hashes += 1;
        let weights = Weights::draw(&instance, &first.digest);
        let Some(zero) = (0..2).find(|&u| weights.of_opening(u)[0] == 0) else { continue };

        // what the other weight leaves, times the square of the challenge, would show in V_i
        let mut error = Slotted::default();
        error.0[0] = m.mul(weights.of_opening(1 - zero)[0], m.small(2 * 2 - 5));
        let back = inverse_automorphism(instance.openings[1 - zero]);
        let error = ring.slotted(&ring.automorphism(&ring.poly(&error), back));
        let slot = error.0.iter().position(|&value| value != 0).unwrap();
        for guess in 0..641 {
            let mut claims = Claims::of(&prover, &secrets, &first);
            let mut shown = error;
            shown.0[slot] = m.mul(shown.0[slot], m.small(guess * guess));
            for product in &mut claims.products {
                *product = ring.add(product, &ring.poly(&shown));
            }
            let seed = claims.seed(&instance, &first);
            hashes += 1;
            let c = challenge(&seed, statement.parameters.w, statement.parameters.t);
            let challenges = instance.challenges(&c);
            let met = |c| m.pow(ring.slotted(c).0[slot], U256::from(2)) == m.small(guess * guess);
            if challenges[..claims.products.len()].iter().all(met) {
                let first = First::of(&prover, &secrets);
                let Some(message) = prover.respond(&secrets, first, claims, seed) else { continue };
                let bytes = message.write(&instance).unwrap();
                let header = Header::read(&bytes).unwrap();
                let parts = Parts::of(&bytes, &header, statement.parameters()).unwrap();
                assert!(hashes < 641 * 5, "{hashes}");
                return verifier::verify(&instance, &header, &parts).is_ok();
            }
        }
    }
    false
}

/// What the parser refuses, on a proof whose lengths are mended.
#[test]
fn spoilings_have_the_codes_of_the_definition() {
    let name = "rangesum4x8.goldilocks.128.proof";
    let r1cs = circuit("rangesum4x8.goldilocks.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let parameters = statement.parameters();
    let (bytes, public) = (proof(name), public_of(name));
    let code = |bytes: &[u8], public: &[U256]| statement.verify(bytes, public).err().and_then(|it| it.code());
    assert_eq!(code(&bytes, &public), None);

    let string = parameters.string_bits().div_ceil(8) as usize;
    let with_number = |place: usize, bits: usize, value: u64| {
        let mut spoiled = bytes.clone();
        for bit in 0..bits {
            let at = place + bit;
            let byte = &mut spoiled[64 + at / 8];
            *byte = *byte & !(1 << (at % 8)) | ((value >> bit & 1) as u8) << (at % 8);
        }
        code(&spoiled, &public)
    };
    let t01 = parameters.kappa as usize * 64 * (parameters.bits - parameters.cut_d) as usize;
    let last = parameters.string_bits() as usize - 22;
    assert_eq!(with_number(0, 16, 65535), Some(Code::Commitment));
    assert_eq!(with_number(t01, 22, 4193393), Some(Code::Row));
    assert_eq!(with_number(last, 22, (1 << 22) - 1), Some(Code::Row));

    let mended = |coded: &[u8]| {
        let mut spoiled = bytes[..64 + string].to_vec();
        spoiled.extend_from_slice(coded);
        let length = spoiled.len() as u32;
        spoiled[8..12].copy_from_slice(&length.to_le_bytes());
        spoiled[12..16].copy_from_slice(&(coded.len() as u32).to_le_bytes());
        code(&spoiled, &public)
    };
    let coded = &bytes[64 + string..];
    assert_eq!(mended(coded), None);
    for wrong in
        [&[][..], &coded[..3], &[coded, &[0]].concat(), &[&[0, 0x7f, 255, 255, 255], &coded[5..]].concat()]
    {
        assert_eq!(mended(wrong), Some(Code::Coding));
    }
    let values = |a: u64, b: U256| [U256::from(a), b];
    let p = r1cs.field().modulus();
    assert_eq!(code(&bytes, &values(460, p - U256::from(1))), Some(Code::PublicValue));
    assert_eq!(code(&bytes, &values(460, U256::from(461))), Some(Code::OtherStatement));
    assert_eq!(code(&bytes, &values(460, p)), Some(Code::Statement));
    assert_eq!(code(&bytes[..63], &public), Some(Code::Header));
}

/// Padding bits are looked at: BN254's bit string does not fill its bytes.
#[test]
fn padding_is_zero() {
    let name = "batchinv8.bn128.128.proof";
    let r1cs = circuit("batchinv8.bn128.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let bits = statement.parameters().string_bits() as usize;
    assert_ne!(bits % 8, 0);
    let mut bytes = proof(name);
    bytes[64 + bits / 8] |= 0x80;
    let refusal = statement.verify(&bytes, &public_of(name)).unwrap_err();
    assert_eq!(refusal.code(), Some(Code::Padding));
}

/// One bit of every byte of a small proof.
#[test]
fn a_flipped_bit_is_rejected() {
    flips(|place| vec![place % 8]);
}

/// Every bit of a small proof: minutes.
#[test]
#[ignore = "takes minutes"]
fn every_flipped_bit_is_rejected() {
    flips(|_| (0..8).collect());
}

fn flips(bits: impl Fn(usize) -> Vec<usize>) {
    let name = "edge_const_out.bn128.100.proof";
    let r1cs = circuit("edge_const_out.bn128.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 100).unwrap();
    let (mut bytes, public) = (proof(name), public_of(name));
    for place in 0..bytes.len() {
        for bit in bits(place) {
            bytes[place] ^= 1 << bit;
            assert!(statement.verify(&bytes, &public).is_err(), "bit {bit} of byte {place}");
            bytes[place] ^= 1 << bit;
        }
    }
    assert!(statement.verify(&bytes, &public).is_ok());
}
