//! Known answers of the definition, from another implementation (proof.md, sections 14 and 15).

use std::path::PathBuf;
use std::sync::Arc;

use dashu_int::UBig;

use super::basis::Basis;
use super::checks::Checks;
use super::encoding::{Header, Message, Parts};
use super::instance::Instance;
use super::products::Weights;
use super::residues::{Narrow, Residues};
use super::statement::Statement;
use super::verifier::Opened;
use super::xof::Xof;
use crate::field::U256;
use crate::format::read_file;
use crate::r1cs::R1cs;
use crate::ranges::Bounds;

pub(super) fn circuit(name: &str) -> Arc<R1cs> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/circuits");
    Arc::new(read_file(&folder.join(name)).unwrap())
}

pub(super) fn proof(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proofs").join(name)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first residues of an element.
fn begins<const N: usize>(m: &Narrow, values: &[u64]) -> [u64; N] {
    std::array::from_fn(|at| m.residue(values[at]).to::<u64>())
}

fn narrow(statement: &Statement, public: &[u64]) -> Vec<U256> {
    assert_eq!(statement.publics(), public.len());
    public.iter().map(|&value| U256::from(value)).collect()
}

#[test]
fn rangesum_at_128() {
    let r1cs = circuit("rangesum4x8.goldilocks.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let parameters = statement.parameters();
    let public = narrow(&statement, &[460, 460]);
    let m = Narrow::new(parameters.q).unwrap();
    let instance = Instance::new(m, &statement, &public).unwrap();
    let ring = &instance.ring;

    assert_eq!((parameters.j, parameters.kappa, parameters.cut_d, parameters.cut_g), (5, 15, 6, 9));
    assert_eq!(parameters.variances(), [[525u32, 8], [13125, 1]].map(|pair| pair.map(UBig::from)));
    assert_eq!(begins(&m, &[ring.root(), instance.y_powers[1]]), [702569, 2152223]);
    assert!(hex(statement.circuit()).starts_with("65aadb93f90a6cdf"));
    assert!(hex(&instance.digest).starts_with("af7bda88a1b372ea5dab1c0702e99b1b"));
    let seed = Xof::new("matrix").part(&parameters.bytes()).digest();
    assert!(hex(&seed).starts_with("d60c284cc40839b4"));
    let place: Vec<u8> = [0u32, 1].iter().flat_map(|number| number.to_le_bytes()).collect();
    let entry = ring.uniform(&mut Xof::new("entry").part(&seed).part(&place).stream());
    assert_eq!(begins(&m, &entry.0), [3310728, 332020, 2402139]);
    assert_eq!(parameters.norm_bound(), UBig::from(123_439_404u32));

    let basis = Basis::of(&m, &instance.rows, r1cs.wires()).unwrap();
    assert_eq!((instance.rows.len(), basis.rank()), (62, 58));
    let first = [0; 64];
    let checks = Checks::draw(&instance, &basis, &first);
    let constant = checks.constants[0].0;
    let constants = [0, 2, 4, 6].map(|place| constant[place]);
    assert_eq!(begins(&m, &constants), [2021149, 257774, 1323553, 1546160]);
    let phi = ring.poly(&checks.phi(0, 0));
    assert_eq!(begins(&m, &phi.0), [4114668, 114937, 3875236, 1004191]);
    let weights = Weights::draw(&instance, &first);
    assert_eq!(begins(&m, weights.of_opening(0)), [2076549, 712722, 3964031, 1200710]);
}

#[test]
fn sortnet_at_128() {
    let r1cs = circuit("sortnet8x16.goldilocks.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let parameters = statement.parameters();
    let message = proof("sortnet8x16.goldilocks.128.proof");
    let public = public_of("sortnet8x16.goldilocks.128.proof");
    let m = Narrow::new(parameters.q).unwrap();
    let instance = Instance::new(m, &statement, &public).unwrap();
    let ring = &instance.ring;

    assert_eq!(begins(&m, &[ring.root()]), [398595837]);
    assert!(hex(&instance.digest).starts_with("f6f02ff786386c94"));
    assert_eq!(parameters.norm_bound(), UBig::from(547_872_828u32));
    let basis = Basis::of(&m, &instance.rows, r1cs.wires()).unwrap();
    assert_eq!((instance.rows.len(), basis.rank()), (808, 716));
    let checks = Checks::draw(&instance, &basis, &[0; 64]);
    assert_eq!(begins(&m, &[checks.constants[0].0[32], checks.constants[1].0[0]]), [1512799333, 4089597085]);
    assert_eq!(begins(&m, &ring.poly(&checks.phi(1, 0)).0), [4096314225, 607800146, 3906868705]);

    let header = Header::read(&message).unwrap();
    let message = Message::read(&instance, &Parts::of(&message, &header, parameters).unwrap()).unwrap();
    assert_eq!(&message.openings[0][..4], [-212, 353, -242, 26]);
    let squares = |i: usize| message.openings[i].iter().map(|z| z * z).sum::<i64>();
    assert!(squares(0) < 492315660 && squares(1) < 461236186);
    let opened = Opened::of(&instance, &message).unwrap();
    assert_eq!(opened.masks[0][0].0[..3], [-932977, -577087, 106900].map(|value| m.small(value)));
    assert_eq!(begins(&m, &ring.poly(&opened.rows[0][0]).0), [3534226337, 635518632]);
    assert_eq!(begins(&m, &message.answers[0].0), [0, 701279114, 4294345515]);
}

#[test]
fn inside_a_proof_of_rangesum() {
    let r1cs = circuit("rangesum4x8.goldilocks.O1.r1cs");
    let statement = Statement::new(&r1cs, &Bounds::new(), 128).unwrap();
    let public = narrow(&statement, &[460, 460]);
    let m = Narrow::new(statement.parameters().q).unwrap();
    let instance = Instance::new(m, &statement, &public).unwrap();
    let bytes = proof("rangesum4x8.goldilocks.128.proof");
    let header = Header::read(&bytes).unwrap();
    let parts = Parts::of(&bytes, &header, statement.parameters()).unwrap();
    let message = Message::read(&instance, &parts).unwrap();
    assert_eq!(&message.openings[0][..4], [72, 185, 96, 18]);
    assert_eq!(&message.hints[0][..4], [1, -1, 0, 0]);
    let opened = Opened::of(&instance, &message).unwrap();
    assert_eq!(opened.masks[0][0].0[..3], [4009, -1025, -1919].map(|value| m.small(value)));
    assert_eq!(begins(&m, &instance.ring.poly(&opened.rows[0][0]).0), [4164106, 201390]);
    assert_eq!(begins(&m, &message.answers[0].0), [241975, 3951418, 589628]);
}

/// The public values of a proof in the table of vectors.
pub(super) fn public_of(name: &str) -> Vec<U256> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proofs/vectors.csv");
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        if &row[2] == name && row[3].is_empty() {
            return row[4].split_whitespace().map(|value| value.parse().unwrap()).collect();
        }
    }
    panic!("{name} is not among the vectors");
}
