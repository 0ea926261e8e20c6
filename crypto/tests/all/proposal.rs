//! Candidates that are sound, and proposals that are judged as they stand.

use nexuszero_crypto::field::Field;
use nexuszero_crypto::label::{Choice, Demand, LEVELS, Modulus, choose, sound};
use nexuszero_crypto::proposal::Constraint::{Binding, Hiding, Modulus as TooShort, Soundness, Width};
use nexuszero_crypto::proposal::{Proposal, Verdict, judge};
use proptest::prelude::*;

fn free(forms: u32, bits: u32) -> Demand {
    Demand::of_forms(forms, Modulus::Free { bits })
}

fn fixed(forms: u32, field: &str) -> Demand {
    Demand::of_forms(forms, Modulus::fixed(&Field::parse(field).unwrap()))
}

/// Judges a choice with something changed.
fn changed(demand: &Demand, security: u32, change: impl Fn(&mut Proposal)) -> Verdict {
    let choice = choose(demand, security).unwrap();
    let mut proposal = as_proposed(&choice);
    change(&mut proposal);
    judge(demand, security, &proposal).unwrap()
}

fn as_proposed(choice: &Choice) -> Proposal {
    let (n, log2_q) = (f64::from(choice.n()), f64::from(choice.candidate.bits));
    Proposal { n, log2_q, sigma: choice.sigma }
}

#[test]
fn the_first_sound_candidate_is_the_choice() {
    for demand in [free(1, 3), free(100, 40), free(3000, 70), fixed(90, "goldilocks"), fixed(9, "bn254")] {
        for security in LEVELS {
            let choices = sound(&demand, security).unwrap();
            assert_eq!(choices[0], choose(&demand, security).unwrap());
            assert!(choices.is_sorted_by_key(|choice| choice.proof_size));
            for choice in &choices {
                let wanted = f64::from(security);
                assert!(choice.bit_security() >= wanted && choice.soundness >= wanted - 1.0);
            }
        }
    }
}

#[test]
fn there_are_49_moduli_with_five_orders_and_four_widths_at_most() {
    assert!(sound(&free(1, 3), 128).unwrap().len() <= 980);
    let lengths =
        |bits| sound(&free(1, bits), 128).unwrap().iter().map(|one| one.candidate.bits).collect::<Vec<_>>();
    assert!(lengths(3).iter().all(|bits| (16..=64).contains(bits)));
    assert!(lengths(70).iter().all(|&bits| bits == 71));
    assert_eq!(sound(&fixed(3200, "2147483647"), 256).unwrap(), []);
    assert!(sound(&free(1, 3), 77).is_err());
}

#[test]
fn a_constraint_that_cannot_hold_is_named() {
    let demand = free(100, 40);
    let fails = |change: fn(&mut Proposal)| changed(&demand, 128, change).fails;
    assert_eq!(fails(|_| ()), []);
    assert_eq!(fails(|it| it.n -= 64.0), [Hiding]);
    assert_eq!(fails(|it| (it.log2_q, it.sigma) = (40.0, 3000.0)), [TooShort]);
    assert_eq!(fails(|it| it.sigma = 10.0), [Width]);
    assert_eq!(fails(|it| it.log2_q = 400.0), [Hiding]);
    assert_eq!(fails(|it| it.sigma = 1e12), [Binding]);
    assert_eq!(fails(|it| it.sigma = 1e300), [Binding]);
    assert_eq!(fails(|it| it.log2_q = 2.0), [TooShort, Width, Binding]);
}

#[test]
fn too_few_automorphisms_are_named() {
    let proposal = Proposal { n: 64000.0, log2_q: 31.0, sigma: 1e4 };
    assert_eq!(judge(&fixed(1, "2147483647"), 256, &proposal).unwrap().fails, [Soundness]);
    let short = Proposal { log2_q: 30.0, ..proposal };
    assert_eq!(judge(&fixed(1, "2147483647"), 256, &short).unwrap().fails, [TooShort, Soundness]);
}

/// The mask that hides secrets of one j is too narrow for those of the next, with which fewer rows would do.
#[test]
fn a_narrow_mask_fits_no_smaller_rank() {
    let mut narrow = 0;
    for demand in [free(100, 20), free(3, 40), fixed(40, "goldilocks")] {
        for choice in sound(&demand, 128).unwrap() {
            let mut proposal = as_proposed(&choice);
            proposal.n -= 64.0;
            let fails = judge(&demand, 128, &proposal).unwrap().fails;
            assert!(fails.is_empty() || [Width, Hiding].contains(&fails[0]), "{choice:?}");
            narrow += u32::from(fails == [Width]);
        }
    }
    assert!(narrow > 0);
}

#[test]
fn more_than_is_needed_is_sound_and_longer() {
    let verdict = changed(&free(100, 20), 128, |it| (it.n, it.sigma) = (it.n + 640.0, it.sigma * 1.5));
    assert_eq!(verdict.fails, []);
    assert!(verdict.proof_size.unwrap() > choose(&free(100, 20), 128).unwrap().proof_size);
}

#[test]
fn a_field_s_own_prime_must_be_met() {
    let demand = fixed(90, "goldilocks");
    assert_eq!(changed(&demand, 128, |it| it.log2_q = 64.3).fails, []);
    let short = changed(&demand, 128, |it| (it.log2_q, it.sigma) = (63.0, 2.0 * it.sigma));
    assert_eq!((short.fails, short.proof_size), (vec![TooShort], None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_candidate_stands_as_it_is(forms in 1_u32..5000, bits in 1_u32..80, level in 0_usize..4, at in 0.0..1.0) {
        let (demand, security) = (free(forms, bits), LEVELS[level]);
        let choices = sound(&demand, security).unwrap();
        let choice = choices[(at * choices.len() as f64) as usize];
        let verdict = judge(&demand, security, &as_proposed(&choice)).unwrap();
        prop_assert_eq!(verdict.fails, vec![]);
        prop_assert!(verdict.proof_size.unwrap() <= choice.proof_size);
        prop_assert!(verdict.lwe_bits >= f64::from(security));
    }

    #[test]
    fn wild_proposals_are_judged_all_the_same(n in any::<f64>(), log2_q in any::<f64>(), sigma in any::<f64>()) {
        let verdict = judge(&free(5, 20), 128, &Proposal { n, log2_q, sigma }).unwrap();
        prop_assert_eq!(verdict.proof_size.is_some(), verdict.fails.is_empty());
    }
}
