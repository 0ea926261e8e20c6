//! The form of our own: the same solutions, whatever a compiler did before, and the same bytes.

use nexuszero_crypto::analysis::Analysis;
use nexuszero_crypto::field::{Field, U256};
use nexuszero_crypto::label::{Demand, choose};
use nexuszero_crypto::r1cs::{Builder, R1cs};
use nexuszero_crypto::ranges::{Bounds, Interval};
use nexuszero_crypto::simplify::{Simplified, Steps};
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
/// value of each new wire that `extend` gives. How many assignments do.
fn solutions(p: u64, r1cs: &R1cs, simplified: &Simplified) -> usize {
    let new = &simplified.r1cs;
    let mut solutions = 0;
    for witness in assignments(p, r1cs.wires()) {
        let all = simplified.extend(&witness).unwrap();
        let satisfied = r1cs.first_violation(&witness).is_none();
        assert_eq!(satisfied, new.first_violation(&all).is_none());
        solutions += usize::from(satisfied);
    }

    // new wires are each fixed by those before: one at a time would miss what two make up for
    let added = new.wires() - r1cs.wires();
    if p.pow(new.wires() - 1) < 1 << 14 {
        let mut found = 0;
        for all in assignments(p, new.wires()) {
            if new.first_violation(&all).is_none() {
                found += 1;
                let old = &all[..r1cs.wires() as usize];
                assert_eq!(simplified.extend(old).unwrap().as_slice(), &all[..]);
            }
        }
        assert_eq!(found, solutions, "{added} wires");
    }
    solutions
}

/// What came of many systems.
#[derive(Default)]
struct Tally {
    solutions: usize,
    steps: Steps,
}

impl Tally {
    /// Tries systems over `F_p`, with limbs even where they cost more.
    fn of(p: u64, count: usize, system: impl Fn(&mut ChaCha20Rng) -> R1cs) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(21 + p);
        let mut tally = Self::default();
        for _ in 0..count {
            let r1cs = system(&mut rng);
            let simplified = Simplified::expanded(&r1cs, &Bounds::new()).unwrap();
            tally.solutions += solutions(p, &r1cs, &simplified);
            let (all, one) = (&mut tally.steps, simplified.steps);
            all.aliases += one.aliases;
            all.names += one.names;
            all.roots += one.roots;
            all.selections += one.selections;
            all.leading += one.leading;
            all.limbs += one.limbs;
        }
        tally
    }
}

#[test]
fn the_solutions_are_the_same() {
    let Tally { steps, solutions } = Tally::of(5, 800, |rng| random(rng, 5));
    assert!(steps.aliases > 500 && steps.names > 25 && solutions > 1_000, "{steps:?} {solutions}");
}

/// `t = k (F - a) (F - b)`, and on from such wires, with a zero product at the end; now and then one that is no such.
fn chain_of_roots(rng: &mut ChaCha20Rng, p: u32) -> R1cs {
    let wires = 6;
    let f: Terms =
        if below(rng, 2) == 0 { vec![(1, 1)] } else { vec![(1, 1), (2, 1 + i64::from(below(rng, p - 1)))] };
    let factor = |rng: &mut ChaCha20Rng| {
        let times = 1 + i64::from(below(rng, p - 1));
        let mut terms: Terms = f.iter().map(|&(wire, value)| (wire, times * value)).collect();
        terms.push((0, i64::from(below(rng, p))));
        terms
    };
    let wire = |rng: &mut ChaCha20Rng, wire: u32| vec![(wire, 1 + i64::from(below(rng, p - 1)))];
    let mut constraints = vec![[factor(rng), factor(rng), wire(rng, 3)]];
    let mut last = vec![wire(rng, 3), factor(rng)];
    match below(rng, 4) {
        0 => {
            constraints.push([factor(rng), factor(rng), wire(rng, 4)]);
            last = vec![wire(rng, 3), wire(rng, 4)];
        }
        1 => {
            constraints.push([wire(rng, 3), factor(rng), wire(rng, 4)]);
            last = vec![factor(rng), wire(rng, 4)];
        }
        2 => constraints.push([wire(rng, 3), wire(rng, 5), wire(rng, 4)]),
        _ => {}
    }
    let [a, b] = last.try_into().unwrap();
    constraints.push([a, b, vec![]]);
    constraints.push([form(rng, wires, 2), form(rng, wires, 2), form(rng, wires, 2)]);
    system(U256::from(p), wires, below(rng, 3), &constraints)
}

#[test]
fn roots_through_wires_are_the_same() {
    for (p, systems) in [(3, 200), (5, 60), (7, 10)] {
        let Tally { steps, solutions } = Tally::of(p, systems, |rng| chain_of_roots(rng, p as u32));
        assert!(steps.roots > systems / 2 && solutions > systems, "{steps:?} {solutions}");
    }
}

/// `o_i (F - r_i) = 0` and a sum of the `o_i` that is a constant, a wire of two values, or has two values itself.
fn selection_of_places(rng: &mut ChaCha20Rng, p: u32, members: u32) -> R1cs {
    let (x, s) = (1, 2);
    let out = |place: u32| 3 + place;
    let start = below(rng, p);
    let mut constraints = Vec::new();
    let mut sum = Terms::new();
    for place in 0..members {
        let step = if below(rng, 8) == 0 { 0 } else { place }; // now and then a value twice
        let value = i64::from((start + step) % p);
        let f = vec![(0, -value), (x, 1)];
        let o = vec![(out(place), 1 + i64::from(below(rng, p - 1)))];
        constraints.push(if below(rng, 2) == 0 { [o, f, vec![]] } else { [f, o, vec![]] });
        sum.push((out(place), 1 + i64::from(below(rng, p - 1))));
    }
    let value = i64::from(below(rng, p));
    let two_values = |form: &Terms| {
        let mut shifted = form.clone();
        shifted.push((0, -value));
        [form.clone(), shifted, vec![]]
    };
    match below(rng, 4) {
        0 => {
            sum.push((0, -value));
            constraints.push([vec![], vec![], sum]);
        }
        1 => {
            let mut rest: Terms = sum.iter().map(|&(wire, value)| (wire, -value)).collect();
            rest.push(if below(rng, 2) == 0 { (0, value) } else { (s, 1) });
            constraints.push([rest, vec![(0, -i64::from((start + members) % p)), (x, 1)], vec![]]);
            constraints.push(two_values(&vec![(s, 1)]));
        }
        2 => {
            constraints.push(two_values(&vec![(s, 1)]));
            sum.push((s, 1 + i64::from(below(rng, p - 1))));
            constraints.push([vec![(0, 1)], sum, vec![]]);
        }
        _ => constraints.push(two_values(&sum)),
    }
    system(U256::from(p), 3 + members, below(rng, 5), &constraints)
}

/// With as many places as p has values, all wires could be 1 and add up to 0: such a sum must stay.
#[test]
fn selected_places_are_the_same() {
    for (p, members, systems) in [(3, 2, 200), (3, 3, 200), (5, 3, 60), (7, 2, 60)] {
        let system = |rng: &mut ChaCha20Rng| selection_of_places(rng, p as u32, members);
        let Tally { steps, solutions } = Tally::of(p, systems, system);
        let fires = p > u64::from(members);
        let least = if fires { systems / 4 } else { 0 };
        assert!(steps.selections >= least && (fires || steps.selections == 0), "{steps:?}");
        assert!(solutions > systems, "{solutions}");
    }
}

/// `x = sum 2^e b_e` with bits, and x a constant more than a bit, or than a few.
fn narrow_sum(rng: &mut ChaCha20Rng, p: u32) -> R1cs {
    let (bit, y) = (|place: u32| 1 + place, 4);
    let mut constraints: Vec<[Terms; 3]> =
        (0..3).map(|place| [vec![(bit(place), 1)], vec![(0, -1), (bit(place), 1)], vec![]]).collect();
    constraints.push([vec![(y, 1)], vec![(0, -1), (y, 1)], vec![]]);
    let times = if below(rng, 2) == 0 { 1 } else { -1 };
    let constant = i64::from(below(rng, 8));
    let mut sum: Terms = (0..3).map(|place| (bit(place), times * (1 << place))).collect();
    let sign = if below(rng, 2) == 0 { times } else { -times };
    sum.extend([(y, sign), (0, -times * constant)]);
    constraints.push([vec![], vec![], sum]);
    let used = below(rng, 3);
    constraints.push([vec![(bit(used), 1), (0, -1)], vec![(y, 1)], vec![]]);
    system(U256::from(p), 5, below(rng, 2), &constraints)
}

#[test]
fn fixed_bits_are_the_same() {
    for (p, systems) in [(11, 60), (17, 20)] {
        let Tally { steps, solutions } = Tally::of(p, systems, |rng| narrow_sum(rng, p as u32));
        assert!(steps.leading > systems / 2 && solutions > 10, "{steps:?} {solutions}");
    }
}

/// `(a_0 + t a_1) (b_0 + t b_1) = c_0 + t c_1 + t^2 c_2` at some points, the right side's wires public or in linear
/// constraints alone; now and then a square, or a constraint that is none.
fn evaluations(rng: &mut ChaCha20Rng, p: u32) -> R1cs {
    let square = below(rng, 2) == 0;
    let (a, b) = ([1, 2], if square { [1, 2] } else { [3, 4] });
    let out = if square { 3 } else { 5 };
    let mut constraints = Vec::new();
    let points = 2 + below(rng, 2);
    let values = below(rng, 2) == 0; // wires stand for values at points, or for coefficients
    let wires = out + points.max(3) - u32::from(values && points == 2);
    for place in 0..points {
        let t = i64::from(place + below(rng, p));
        let sum = |limbs: [u32; 2]| vec![(limbs[0], 1), (limbs[1], t)];
        let product = if values {
            vec![(out + place, 1 + i64::from(below(rng, p - 1)))]
        } else {
            vec![(out, 1), (out + 1, t), (out + 2, t * t)]
        };
        constraints.push([sum(a), sum(b), product]);
    }
    if values {
        let other = 1 + below(rng, 2);
        for _ in 0..2 {
            let mut sum: Terms =
                (0..points).map(|place| (out + place, 1 + i64::from(below(rng, p - 1)))).collect();
            sum.extend([(other, 1), (0, i64::from(below(rng, p)))]);
            constraints.push([vec![], vec![], sum]);
        }
    }
    system(U256::from(p), wires, below(rng, wires), &constraints)
}

#[test]
fn coefficients_of_products_are_the_same() {
    for (p, systems) in [(3, 200), (5, 60)] {
        let Tally { steps, solutions } = Tally::of(p, systems, |rng| evaluations(rng, p as u32));
        assert!(steps.limbs > systems / 4 && solutions > systems, "{steps:?} {solutions}");
    }
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
    assert_eq!(simplified.each_ref().map(|one| (one.steps.aliases, one.added.len())), [(0, 0), (0, 1)]);
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
        assert_eq!(simplified.steps.aliases, count as usize - 2);
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
        assert!(simplified.steps.aliases > 1_900);
        let longest = (0..simplified.r1cs.constraints())
            .flat_map(|index| simplified.r1cs.constraint(index))
            .map(|form| form.wires.len())
            .max();
        assert!(longest.unwrap() <= 1_024, "{longest:?}");
    }
}

/// A wire whose width is declared keeps its place, so that the width still means something.
#[test]
fn declared_wires_stay() {
    let constraints = [[vec![], vec![], vec![(2, 1), (3, -1)]], [vec![(3, 1)], vec![(3, 1)], vec![(1, 1)]]];
    let r1cs = system(U256::from(GOLDILOCKS), 4, 1, &constraints);
    let replaced = |bounds: &Bounds| {
        let simplified = Simplified::of(&r1cs, bounds).unwrap();
        (simplified.steps.aliases, simplified.r1cs.constraint(1)[0].wires[0])
    };
    assert_eq!(replaced(&Bounds::new()), (1, 2));
    let declared = |wire| (wire, Interval { lo: 0.into(), hi: 9.into() });
    assert_eq!(replaced(&Bounds::from([declared(3)])), (1, 3));
    assert_eq!(replaced(&Bounds::from([declared(2), declared(3)])), (0, 3));
}
