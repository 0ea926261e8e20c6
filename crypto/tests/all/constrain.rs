//! Range checks for declared bounds: a value passes exactly if it lies within.

use dashu_int::IBig;
use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::constrain::Constrained;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval};

/// `x*x = y` with a public y, and z that stands in `z*x = 1`.
fn square(p: u64) -> R1cs {
    let mut builder = Builder::new(Field::new(U256::from(p)).unwrap());
    for wire in [2, 2, 1, 3, 2, 0] {
        builder.term(wire, U256::from(1)).unwrap();
        builder.end_combination().unwrap();
    }
    builder.finish(4, 0, 1).unwrap()
}

fn bound(lo: i64, hi: i64) -> Bounds {
    Bounds::from([(2, Interval { lo: IBig::from(lo), hi: IBig::from(hi) })])
}

/// By trying all new bits: a value outside has none that satisfy the checks, one within has those of `extend`.
#[test]
fn exactly_the_values_within_pass() {
    let r1cs = square(101);
    let field = *r1cs.field();
    for (lo, hi) in [(0, 1), (0, 3), (1, 1), (0, 4), (-2, 1), (-3, 2), (5, 9), (-7, -3)] {
        let constrained = Constrained::of(&r1cs, &bound(lo, hi)).unwrap();
        for value in -50..=50 {
            let x = field.from_i64(value);
            let witness = [U256::from(1), field.mul(x, x), x, field.inv(x)];
            let within = (lo..=hi).contains(&value);
            let extended = constrained.extend(&witness);
            assert_eq!(extended.is_ok(), within, "{value} in [{lo}, {hi}]");

            let bits = constrained.bits.len();
            let mut passes = |chosen: u32| {
                let mut all = witness.to_vec();
                all.extend((0..bits).map(|bit| U256::from(chosen >> bit & 1)));
                (2..constrained.r1cs.constraints()).all(|index| holds(&constrained.r1cs, &all, index))
            };
            assert_eq!((0..1 << bits).any(&mut passes), within, "{value} in [{lo}, {hi}]");
            if let (Ok(all), true) = (&extended, value != 0) {
                assert_eq!(constrained.r1cs.first_violation(all), None);
            }
        }
    }
}

fn holds(r1cs: &R1cs, witness: &[U256], index: usize) -> bool {
    let value = |form: usize| {
        let terms = r1cs.constraint(index)[form].terms();
        terms.fold(U256::ZERO, |sum, (wire, number)| {
            let coefficient = r1cs.coefficients().values()[number as usize];
            r1cs.field().add(sum, r1cs.field().mul(coefficient, witness[wire as usize]))
        })
    };
    r1cs.field().mul(value(0), value(1)) == value(2)
}

/// What was assumed is found by inference, and a bound that the circuit implies is not checked again.
#[test]
fn checks_are_added_once_and_let_the_circuit_lift() {
    let r1cs = square((1 << 61) - 1);
    let bounds = bound(-5, 200);
    assert!(!Analysis::of(&r1cs, &Bounds::new()).unwrap().liftable);
    assert_eq!(Analysis::of(&r1cs, &bounds).unwrap().assumed, 1);
    let constrained = Constrained::of(&r1cs, &bounds).unwrap();
    assert_eq!((constrained.checked(), constrained.bits.len()), (1, 16));
    let again = Constrained::of(&constrained.r1cs, &bounds).unwrap();
    assert_eq!((again.checked(), again.r1cs), (0, constrained.r1cs));
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let r1cs = square(101);
    let refused = |lo, hi| Constrained::of(&r1cs, &bound(lo, hi)).unwrap_err().to_string();
    assert!(refused(-50, 49).contains("too wide to be checked"));
    assert!(refused(3, 2).contains("empty"));
    let constrained = Constrained::of(&r1cs, &bound(0, 1)).unwrap();
    assert!(constrained.extend(&[U256::from(1)]).is_err());
}
