//! The form of our own: the same solutions, whatever a compiler did before, and the same bytes.

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::label::{Demand, choose};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval};
use nexuszero_crypto::simplify::Simplified;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

type Terms = Vec<(u32, i64)>;

/// A system of `[A, B, C]`, of which the first wires are public inputs.
fn system(p: U256, wires: u32, public: u32, constraints: &[[Terms; 3]]) -> R1cs {
    let field = Field::new(p).unwrap();
    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        for &(wire, value) in form {
            let value = field.from_i64(value);
            if !value.is_zero() {
                builder.term(wire, value).unwrap();
            }
        }
        builder.end_combination().unwrap();
    }
    builder.finish(wires, 0, public).unwrap()
}

fn below(rng: &mut ChaCha20Rng, most: u32) -> u32 {
    rng.next_u32() % most
}

/// A form over `F_5`.
fn form(rng: &mut ChaCha20Rng, wires: u32, terms: u32) -> Terms {
    let mut form: Terms = (0..terms).map(|_| (below(rng, wires), 1 + i64::from(below(rng, 4)))).collect();
    form.sort_unstable();
    form.dedup_by_key(|term| term.0);
    form
}

/// Systems over `F_5` rich in what is rewritten: short linear constraints, and products of proportional forms.
fn random(rng: &mut ChaCha20Rng, wires: u32) -> R1cs {
    let mut constraints = Vec::new();
    for number in 0..4 {
        let a = form(rng, wires, 3);
        constraints.push(match number % 3 {
            0 => [vec![], vec![], a],
            1 => {
                let mut shifted: Terms = a.iter().map(|&(wire, value)| (wire, 2 * value)).collect();
                let shift = 1 + i64::from(below(rng, 4));
                match shifted.first_mut() {
                    Some((0, constant)) => *constant += shift,
                    _ => shifted.push((0, shift)),
                }
                [a, shifted, vec![]]
            }
            _ => [a, form(rng, wires, 2), form(rng, wires, 2)],
        });
    }
    system(U256::from(5), wires, 1, &constraints)
}

/// Every assignment of all wires but the constant one.
fn assignments(p: u64, wires: u32) -> impl Iterator<Item = Vec<U256>> {
    (0..p.pow(wires - 1)).map(move |number| {
        let digit = |place: u32| U256::from(number / p.pow(place) % p);
        std::iter::once(U256::from(1)).chain((0..wires - 1).map(digit)).collect()
    })
}

/// By trying all values: an assignment satisfies the new constraints exactly if it satisfies the old ones, with the one
/// value of each new wire that `extend` gives.
#[test]
fn the_solutions_are_the_same() {
    let mut rng = ChaCha20Rng::seed_from_u64(21);
    let (mut aliases, mut names, mut solutions) = (0, 0, 0);
    for _ in 0..1_500 {
        let r1cs = random(&mut rng, 5);
        let simplified = Simplified::of(&r1cs, &Bounds::new()).unwrap();
        aliases += simplified.aliases;
        names += simplified.names.len();
        let new = &simplified.r1cs;
        for witness in assignments(5, 5) {
            let all = simplified.extend(&witness).unwrap();
            let satisfied = r1cs.first_violation(&witness).is_none();
            assert_eq!(satisfied, new.first_violation(&all).is_none());
            solutions += usize::from(satisfied);
            for place in 5..new.wires() as usize {
                for value in 0..5 {
                    let mut other = all.to_vec();
                    other[place] = U256::from(value);
                    let allowed = new.first_violation(&other).is_none();
                    assert_eq!(allowed, satisfied && other[place] == all[place]);
                }
            }
        }
    }
    assert!(aliases > 1_000 && names > 50 && solutions > 2_000, "{aliases} {names} {solutions}");
}

const GOLDILOCKS: u64 = 0xffff_ffff_0000_0001;

/// `x = sum 2^i b_i`, each `b_i` a bit, and `y = b_last ? u : v`: with the last bit's own wire, or with `(x - the rest) /
/// 2^last` in its place as a compiler substitutes it.
fn selection(substituted: bool) -> R1cs {
    let field = Field::new(U256::from(GOLDILOCKS)).unwrap();
    let one = U256::from(1);
    let (x, u, v, y, last) = (2, 3, 4, 1, 5); // wires; the bits follow
    let bit = |place: u32| 5 + place;
    let top: Vec<(u32, U256)> = if substituted {
        let scale = field.inv(U256::from(32));
        let rest = (0..last).map(|place| (bit(place), field.neg(field.mul(one << place as usize, scale))));
        std::iter::once((x, scale)).chain(rest).collect()
    } else {
        vec![(bit(last), one)]
    };
    let minus = |terms: &[(u32, U256)]| {
        let mut terms = terms.to_vec();
        terms.push((0, field.neg(one)));
        terms
    };
    let mut constraints: Vec<[Vec<(u32, U256)>; 3]> = Vec::new();
    for place in 0..last {
        let own = vec![(bit(place), one)];
        constraints.push([own.clone(), minus(&own), vec![]]);
    }
    constraints.push([top.clone(), minus(&top), vec![]]);
    constraints.push([top, vec![(u, one), (v, field.neg(one))], vec![(y, one), (v, field.neg(one))]]);
    if !substituted {
        let bits = (0..=last).map(|place| (bit(place), field.neg(one << place as usize)));
        constraints.push([vec![], vec![], std::iter::once((x, one)).chain(bits).collect()]);
    }

    let mut builder = Builder::new(field);
    for form in constraints.iter().flatten() {
        form.iter().for_each(|&(wire, value)| builder.term(wire, value).unwrap());
        builder.end_combination().unwrap();
    }
    builder.finish(if substituted { 10 } else { 11 }, 1, 0).unwrap()
}

fn size(r1cs: &R1cs, bounds: &Bounds) -> u64 {
    let analysis = Analysis::of(r1cs, bounds).unwrap();
    choose(&Demand::of_circuit(&analysis), 128).unwrap().proof_size
}

/// Where a compiler substituted a bit, range inference loses what it selects, until the form has a name.
#[test]
fn a_substituted_bit_costs_nothing() {
    let width = |hi: i64| Interval { lo: 0.into(), hi: hi.into() };
    let bounds = Bounds::from([(2, width(63)), (3, width(255)), (4, width(255))]);
    let [kept, substituted] = [false, true].map(selection);
    let simplified = [&kept, &substituted].map(|r1cs| Simplified::of(r1cs, &bounds).unwrap());
    assert_eq!(simplified.each_ref().map(|one| (one.aliases, one.names.len())), [(0, 0), (0, 1)]);
    assert!(Analysis::of(&kept, &bounds).unwrap().liftable);
    assert!(!Analysis::of(&substituted, &bounds).unwrap().liftable);
    let sizes = simplified.map(|one| size(&one.r1cs, &bounds));
    assert_eq!(sizes[0], sizes[1]);
    assert!(2 * sizes[0] < size(&substituted, &bounds));
}

/// `x_1 = 1 - x_0, x_2 = 1 - x_1, ...`, each also squared: all are one wire's, in whichever order the constraints stand.
#[test]
fn a_chain_of_equal_wires_is_one_wire() {
    let count = 5_000;
    let link = |wire: u32| [vec![], vec![], vec![(0, 1), (wire, -1), (wire + 1, -1)]];
    let square = |wire: u32| [vec![(wire, 1)], vec![(wire, 1)], vec![(1, 1)]];
    let mut links: Vec<[Terms; 3]> = (2..count).map(link).collect();
    for reversed in [false, true] {
        if reversed {
            links.reverse();
        }
        let mut constraints = links.clone();
        constraints.extend((2..=count).map(square));
        let r1cs = system(U256::from(GOLDILOCKS), count + 1, 1, &constraints);
        let simplified = Simplified::of(&r1cs, &Bounds::new()).unwrap();
        assert_eq!(simplified.aliases, count as usize - 2);
        let forms = |r1cs| Analysis::of(r1cs, &Bounds::new()).unwrap().forms;
        assert_eq!((forms(&r1cs), forms(&simplified.r1cs)), (count - 1, 1));
    }
}

/// Sums with public wires would fill in: what takes a wire's place stays short.
#[test]
fn running_sums_stay_sparse() {
    let count = 2_000;
    let first = count + 1; // the first private wire
    let sum = |step: u32| [vec![], vec![], vec![(first + step, 1), (step + 1, 1), (first + step + 1, -1)]];
    let mut constraints: Vec<[Terms; 3]> = (0..count).map(sum).collect();
    for _ in 0..2 {
        constraints.reverse();
        let r1cs = system(U256::from(GOLDILOCKS), first + count + 1, count, &constraints);
        let simplified = Simplified::of(&r1cs, &Bounds::new()).unwrap();
        assert!(simplified.aliases > 1_900);
        let longest = (0..simplified.r1cs.constraints())
            .flat_map(|index| simplified.r1cs.constraint(index))
            .map(|form| form.wires.len())
            .max();
        assert!(longest.unwrap() <= 3 * 257, "{longest:?}");
    }
}

/// A wire whose width is declared keeps its place, so that the width still means something.
#[test]
fn declared_wires_stay() {
    let constraints = [[vec![], vec![], vec![(2, 1), (3, -1)]], [vec![(3, 1)], vec![(3, 1)], vec![(1, 1)]]];
    let r1cs = system(U256::from(GOLDILOCKS), 4, 1, &constraints);
    let replaced = |bounds: &Bounds| {
        let simplified = Simplified::of(&r1cs, bounds).unwrap();
        (simplified.aliases, simplified.r1cs.constraint(1)[0].wires[0])
    };
    assert_eq!(replaced(&Bounds::new()), (1, 2));
    let declared = |wire| (wire, Interval { lo: 0.into(), hi: 9.into() });
    assert_eq!(replaced(&Bounds::from([declared(3)])), (1, 3));
    assert_eq!(replaced(&Bounds::from([declared(2), declared(3)])), (0, 3));
}
