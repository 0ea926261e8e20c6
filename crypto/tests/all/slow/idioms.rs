//! Random systems, full of what circuits are made of.

use std::collections::BTreeMap;

use dashu_int::IBig;
use nexuszero_crypto::field::{Field, to_ubig};
use nexuszero_crypto::ranges::{Bounds, Interval};

use super::{Form, Forms, System, reduced, signed, times};

/// Kinds of idioms.
pub const KINDS: u8 = 20;

/// An idiom and the numbers that choose its wires and coefficients.
pub type Idiom = (u8, [u32; 8]);

/// What a system is made of: the constant wire, public and private wires that all idioms share, and idioms. Idioms add
/// wires of their own.
#[derive(Clone, Debug)]
pub struct Draft {
    pub field: Field,
    pub outputs: u32,
    pub inputs: u32,
    pub private: u32,
    /// Of eight shared wires, how many are bits.
    pub bits: u32,
    /// The most wires; idioms share them all then.
    pub most: u32,
    pub idioms: Vec<Idiom>,
    /// By a number that chooses a wire: the lowest value and how many more there are.
    pub bounds: Vec<(u32, i64, u32)>,
}

impl Draft {
    pub fn system(&self) -> System {
        let shared = 1 + self.outputs + self.inputs + self.private;
        let p = to_ubig(self.field.modulus()).into();
        let mut maker = Maker { p, shared, wires: shared, most: self.most, constraints: Vec::new() };
        for wire in (1..shared).filter(|wire| wire.wrapping_mul(5) % 8 < self.bits) {
            maker.bit(wire, wire);
        }
        self.idioms.iter().for_each(|(kind, numbers)| maker.add(*kind, numbers));
        let mut system = System {
            field: self.field,
            wires: maker.wires,
            outputs: self.outputs,
            inputs: self.inputs,
            constraints: maker.constraints,
            bounds: Bounds::new(),
        };
        system.bounds = self.bounds(&system);
        system
    }

    fn bounds(&self, system: &System) -> Bounds {
        let half: IBig = (system.p() - IBig::ONE) / 2;
        let bound = |&(number, lo, more): &(u32, i64, u32)| {
            let clamp = |value: i64| IBig::from(value).clamp(-half.clone(), half.clone());
            let interval = Interval { lo: clamp(lo), hi: clamp(lo + i64::from(more)) };
            (1 + number % (system.wires - 1), interval)
        };
        if system.wires == 1 { Bounds::new() } else { self.bounds.iter().map(bound).collect() }
    }
}

struct Maker {
    p: IBig,
    shared: u32,
    wires: u32,
    most: u32,
    constraints: Vec<Forms>,
}

const SMALL: [i64; 12] = [1, 1, 1, -1, -1, 2, -2, 3, 4, 5, -7, 9];

fn small(number: u32) -> IBig {
    SMALL[number as usize % SMALL.len()].into()
}

impl Maker {
    /// A wire that idioms share, rarely one that an idiom has added, or the constant one.
    fn wire(&self, number: u32) -> u32 {
        match (number >> 24) % 16 {
            0 => 0,
            1 => number % self.wires,
            _ => 1 + number % self.shared.saturating_sub(1).max(1) % self.shared.max(2),
        }
    }

    fn fresh(&mut self, number: u32) -> u32 {
        if self.wires >= self.most || self.shared == 1 {
            return self.wire(number).min(self.wires - 1);
        }
        self.wires += 1;
        self.wires - 1
    }

    /// An element anywhere in the field, not zero.
    fn element(&self, number: u32) -> IBig {
        let value: IBig = IBig::from(number) + IBig::from(3);
        let power: IBig = (0..8).fold(value.clone(), |power: IBig, _| power * &value) % &self.p;
        if power == IBig::ZERO { IBig::ONE } else { power }
    }

    /// Mostly 1, otherwise any element.
    fn factor(&self, number: u32) -> IBig {
        match (number >> 20) % 8 {
            0..=4 => IBig::ONE,
            5 => small(number),
            _ => self.element(number),
        }
    }

    fn form(&self, terms: &[(u32, IBig)]) -> Form {
        let known = terms.iter().filter(|(wire, _)| *wire < self.wires);
        reduced(known.cloned(), &self.p)
    }

    /// Up to four small terms.
    fn any(&self, numbers: &[u32]) -> Form {
        let terms: Vec<_> = numbers.iter().map(|&number| (self.wire(number), small(number >> 8))).collect();
        let count = numbers.iter().fold(0, |sum, number| sum ^ number >> 4) as usize % (terms.len() + 1);
        self.form(&terms[..count.max(1)])
    }

    fn one(&self, wire: u32) -> Form {
        self.form(&[(wire, IBig::ONE)])
    }

    /// `A*B = C` with `A` and `B` multiplied by factors, in either order.
    fn push(&mut self, [a, b, c]: [Form; 3], number: u32) {
        let (s, t) = (self.factor(number), self.factor(number.rotate_left(9)));
        let scaled = |form: &Form, factor: &IBig| reduced(times(form, factor), &self.p);
        let (a, b, c) = (scaled(&a, &s), scaled(&b, &t), scaled(&c, &(&s * &t)));
        self.constraints.push(if number.is_multiple_of(2) { [a, b, c] } else { [b, a, c] });
    }

    /// A linear constraint, by `C` alone or by a constant factor.
    fn linear(&mut self, form: Form, number: u32) {
        let k = self.factor(number);
        let minus = reduced(times(&form, &-&k), &self.p);
        match number % 4 {
            0 => self.push([self.form(&[(0, k)]), form, Form::new()], number),
            1 => self.constraints.push([self.form(&[(0, IBig::ONE)]), form, Form::new()]),
            _ => self.constraints.push([Form::new(), Form::new(), minus]),
        }
    }

    fn bit(&mut self, wire: u32, number: u32) {
        let minus = self.form(&[(wire, IBig::ONE), (0, IBig::NEG_ONE)]);
        self.push([self.one(wire), minus, Form::new()], number);
    }

    fn add(&mut self, kind: u8, n: &[u32; 8]) {
        let [x, y, z, w] = [n[0], n[1], n[2], n[3]].map(|number| self.wire(number));
        match kind {
            0 => self.bit(x, n[4]),
            1 => self.push([self.any(&n[0..2]), self.any(&n[2..5]), Form::new()], n[5]),
            2 => self.is_zero(z, n),
            3 => self.selector([w, y, z], x, n),
            4 => self.linear(self.any(&n[0..4]), n[4]),
            5 => {
                let y = if n[5].is_multiple_of(2) { x } else { y };
                self.push([self.one(x), self.one(y), self.one(z)], n[4]);
            }
            6 => {
                let last = IBig::from(4 * (n[5] % 2));
                let sum = self.form(&[(x, IBig::ONE), (y, 2.into()), (w, last), (z, IBig::NEG_ONE)]);
                self.linear(sum, n[4]);
            }
            7 => {
                let other = if n[5].is_multiple_of(3) { (0, small(n[1])) } else { (y, IBig::NEG_ONE) };
                let difference = self.form(&[(x, IBig::ONE), other]);
                self.linear(difference, n[4]);
            }
            8 => self.wires_of_its_own(n),
            9 => self.shared_form(n),
            10 => self.constants(n),
            11 => {
                let a = self.form(&[(x, IBig::ONE), (y, small(n[4]))]);
                let c = self.form(&[(x, small(n[5])), (z, IBig::ONE)]);
                self.push([a, self.one(x), c], n[6]);
            }
            12 => self.constraints.push([self.any(&n[0..3]), self.any(&n[3..5]), self.any(&n[5..8])]),
            13 => {
                let form = self.form(&[(x, self.element(n[4])), (y, self.element(n[5])), (z, IBig::ONE)]);
                self.linear(form, n[6]);
            }
            14 => {
                let c = self.form(&[(z, IBig::ONE), (w, IBig::NEG_ONE)]);
                self.push([self.one(x), self.one(y), c], n[4]);
            }
            15 => self.again(n),
            16 => {
                let few = self.form(&[(x, small(n[4])), (y, small(n[5])), (0, small(n[6]))]);
                self.push([few, self.any(&n[1..3]), self.any(&n[3..5])], n[7]);
            }
            17 => self.chain(x, y, n),
            18 => {
                let sum = self.form(&[(x, IBig::ONE), (y, IBig::ONE)]);
                self.push([sum, self.any(&n[2..4]), Form::new()], n[4]);
            }
            _ => {
                let root = |number: u32| self.form(&[(x, IBig::ONE), (0, small(number))]);
                self.push([root(n[1]), root(n[2]), Form::new()], n[3]);
            }
        }
    }

    /// `d * inverse = 1 - out`, `d * out = 0`.
    fn is_zero(&mut self, z: u32, n: &[u32; 8]) {
        let d = self.any(&n[0..2]);
        let inverse = self.fresh(n[3]);
        let out = if n[6].is_multiple_of(2) { self.fresh(n[2]) } else { z };
        let rest = self.form(&[(0, IBig::ONE), (out, IBig::NEG_ONE)]);
        self.push([d.clone(), self.one(inverse), rest], n[4]);
        let d = reduced(times(&d, &self.factor(n[7])), &self.p);
        self.push([d, self.one(out), Form::new()], n[5]);
    }

    /// `s * (x - y) = z - y`.
    fn selector(&mut self, [s, y, z]: [u32; 3], x: u32, n: &[u32; 8]) {
        let difference = self.form(&[(x, IBig::ONE), (y, IBig::NEG_ONE)]);
        let out = if n[6].is_multiple_of(2) { self.fresh(n[2]) } else { z };
        let chosen = self.form(&[(out, IBig::ONE), (y, IBig::NEG_ONE)]);
        self.push([self.one(s), difference, chosen], n[4]);
    }

    /// One or two wires of its own in any of the forms.
    fn wires_of_its_own(&mut self, n: &[u32; 8]) {
        let forms = [self.any(&n[2..4]), self.any(&n[4..6]), self.any(&n[6..8])];
        let mut forms = forms.map(|form| form.into_iter().collect::<Vec<_>>());
        let own = self.fresh(n[1]);
        forms[n[0] as usize % 3].push((own, IBig::ONE));
        if (n[0] / 3).is_multiple_of(3) {
            let second = self.fresh(n[2]);
            forms[n[1] as usize % 3].push((second, IBig::ONE));
        }
        let forms = forms.map(|form| self.form(&form));
        self.constraints.push(forms);
    }

    /// Two hints and a product that share a form up to a factor.
    fn shared_form(&mut self, n: &[u32; 8]) {
        let f = self.any(&n[0..2]);
        for number in [n[2], n[3]] {
            let hint = self.fresh(number);
            let c = self.any(&[number, number.rotate_left(7)]);
            self.push([f.clone(), self.one(hint), c], number);
        }
        let f = reduced(times(&f, &small(n[7])), &self.p);
        self.push([f, self.any(&n[4..6]), Form::new()], n[6]);
    }

    /// Constants alone, which rarely contradict one another.
    fn constants(&mut self, n: &[u32; 8]) {
        let constant = |value: IBig| self.form(&[(0, value)]);
        let product = small(n[0]) * small(n[1]) + IBig::from(n[2] % 7 / 6);
        self.constraints.push([constant(small(n[0])), constant(small(n[1])), constant(product)]);
    }

    /// An earlier constraint with other factors.
    fn again(&mut self, n: &[u32; 8]) {
        let count = self.constraints.len();
        if count > 0 {
            let again = self.constraints[n[0] as usize % count].clone();
            self.push(again, n[1]);
        }
    }

    /// A chain that is dropped from its end, unless something else holds it.
    fn chain(&mut self, x: u32, y: u32, n: &[u32; 8]) {
        let mut last = x;
        for number in &n[1..4] {
            let next = self.fresh(*number);
            let forms = match number % 3 {
                0 => [self.one(last), self.one(last), self.one(next)],
                1 => [self.one(next), self.one(y), self.one(last)],
                _ => {
                    let sum = self.form(&[(last, IBig::ONE), (next, small(*number))]);
                    [Form::new(), Form::new(), sum]
                }
            };
            self.constraints.push(forms);
            last = next;
        }
    }
}

/// A plain generator of numbers (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub const fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * limit as u64) >> 32) as u32
    }

    pub fn idioms(&mut self, most: u32) -> Vec<Idiom> {
        let count = 1 + self.below(most);
        (0..count)
            .map(|_| (self.below(KINDS as u32) as u8, std::array::from_fn(|_| (self.next() >> 32) as u32)))
            .collect()
    }
}

/// A system in other words: outputs, inputs and private wires renumbered, constraints in another order if `order`.
pub fn renumbered(system: &System, seed: u64, order: bool) -> (System, Vec<u32>) {
    let mut numbers = Numbers(seed);
    let mut shuffled = system.clone();
    if order {
        shuffle(&mut shuffled.constraints, &mut numbers);
    }
    let mut names: Vec<u32> = (0..system.wires).collect();
    let inputs = 1 + system.outputs as usize;
    let private = system.first_private() as usize;
    shuffle(&mut names[1..inputs], &mut numbers);
    shuffle(&mut names[inputs..private], &mut numbers);
    shuffle(&mut names[private..], &mut numbers);
    for form in shuffled.constraints.iter_mut().flatten() {
        *form = form.iter().map(|(wire, value)| (names[*wire as usize], value.clone())).collect();
    }
    shuffled.bounds =
        system.bounds.iter().map(|(wire, bound)| (names[*wire as usize], bound.clone())).collect();
    (shuffled, names)
}

pub fn shuffle<T>(list: &mut [T], numbers: &mut Numbers) {
    for place in (1..list.len()).rev() {
        list.swap(place, numbers.below(place as u32 + 1) as usize);
    }
}

/// Terms with signed coefficients, to read a system that fails.
pub fn display(system: &System) -> String {
    let p = system.p();
    let form = |form: &Form| {
        let terms: BTreeMap<u32, String> =
            form.iter().map(|(wire, value)| (*wire, signed(value, &p).to_string())).collect();
        format!("{terms:?}")
    };
    let lines: Vec<String> = system
        .constraints
        .iter()
        .map(|[a, b, c]| format!("  {} * {} = {}", form(a), form(b), form(c)))
        .collect();
    format!(
        "mod {p}, {} wires, {} outputs, {} inputs, bounds {:?}\n{}",
        system.wires,
        system.outputs,
        system.inputs,
        system.bounds,
        lines.join("\n")
    )
}
