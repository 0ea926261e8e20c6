//! Gadgets, constraint by constraint as circom's and gnark's libraries emit them.

use super::circuit::{Circuit, Form, Role};
use crate::field::U256;

impl Circuit {
    /// In the field: a word may have more bits than it.
    fn power_of_two(&self, exponent: u32) -> U256 {
        (U256::from(1) << exponent as usize) % self.field().modulus()
    }

    /// `1 - bit`.
    pub fn not(&self, bit: &Form) -> Form {
        self.minus(&self.integer(1), bit)
    }

    /// `bit * (bit - 1) = 0`.
    pub fn assert_boolean(&mut self, bit: &Form) {
        let (other, zero) = (self.minus(bit, &self.integer(1)), self.integer(0));
        self.constrain(bit, &other, &zero);
    }

    /// A new private bit.
    pub fn boolean(&mut self, value: bool) -> Form {
        let bit = self.wire(Role::Private, U256::from(u8::from(value)));
        self.assert_boolean(&bit);
        bit
    }

    /// `width` new bits, lowest first, that add up to `form`: `2*width + 1` nodes.
    pub fn bits(&mut self, form: &Form, width: u32) -> Vec<Form> {
        let form = &self.signal(form);
        let value = form.value();
        debug_assert!(value.bit_len() <= width as usize, "{value} has more than {width} bits");
        let bits: Vec<_> = (0..width).map(|index| self.boolean(value.bit(index as usize))).collect();
        let word = self.word(&bits);
        self.equal(&word, form);
        bits
    }

    /// `form` lies below `2^width`: it has bits, which nothing else uses.
    pub fn check_range(&mut self, form: &Form, width: u32) {
        self.bits(form, width);
    }

    /// `b_0 + 2*b_1 + 4*b_2 + ...`.
    pub fn word(&self, bits: &[Form]) -> Form {
        let mut word = self.integer(0);
        for (index, bit) in bits.iter().enumerate() {
            self.accumulate(&mut word, self.power_of_two(index as u32), bit);
        }
        word
    }

    /// Whether `a < b`, for both below `2^width`: the carry of `a - b + 2^width`.
    pub fn less_than(&mut self, a: &Form, b: &Form, width: u32) -> Form {
        let top = self.constant(self.power_of_two(width));
        let shifted = self.plus(&self.minus(a, b), &top);
        let bits = self.bits(&shifted, width + 1);
        let less = self.not(&bits[width as usize]);
        self.signal(&less)
    }

    /// `bit ? a : b`.
    pub fn select(&mut self, bit: &Form, a: &Form, b: &Form) -> Form {
        let [bit, a, b] = &[bit, a, b].map(|form| self.signal(form));
        let difference = self.minus(a, b);
        self.multiply_add(bit, &difference, b)
    }

    /// `bit ? (b, a) : (a, b)`.
    pub fn swap(&mut self, bit: &Form, a: &Form, b: &Form) -> (Form, Form) {
        let first = self.select(bit, b, a);
        let second = self.minus(&self.plus(a, b), &first);
        let second = self.fold(&second);
        (first, second)
    }

    /// `a xor b`.
    pub fn xor(&mut self, a: &Form, b: &Form) -> Form {
        let [a, b] = &[a, b].map(|form| self.signal(form));
        let twice = self.scaled(self.element(-2), a);
        let sum = self.plus(a, b);
        self.multiply_add(&twice, b, &sum)
    }

    /// `a or b`.
    pub fn or(&mut self, a: &Form, b: &Form) -> Form {
        let [a, b] = &[a, b].map(|form| self.signal(form));
        let negative = self.scaled(self.element(-1), a);
        let sum = self.plus(a, b);
        self.multiply_add(&negative, b, &sum)
    }

    /// The bits, lowest first, are at most a constant, as circomlib's `CompConstant` shows it: each pair of them adds 0 if it
    /// equals the constant's, else about `2^(pairs + 1)` if it is larger and a little if it is smaller, so that the highest
    /// pair that differs decides bit `pairs` of the sum.
    pub fn at_most_by_pairs(&mut self, bits: &[Form], constant: U256) {
        let pairs = bits.len().div_ceil(2);
        let mut sum = self.integer(0);
        for (place, pair) in bits.chunks(2).enumerate() {
            let part = self.pair_part(pair, place, pairs, constant);
            self.accumulate(&mut sum, U256::from(1), &part);
        }
        let bits = self.bits(&sum, pairs as u32 + 2 + pairs.ilog2());
        let zero = self.integer(0);
        self.equal(&bits[pairs], &zero);
    }

    /// What a pair of bits, or the last one alone, adds to the sum of [`Self::at_most_by_pairs`].
    fn pair_part(&mut self, pair: &[Form], place: usize, pairs: usize, constant: U256) -> Form {
        let field = *self.field();
        let small = self.power_of_two(place as u32);
        let large = field.sub(self.power_of_two(pairs as u32 + 1), small);
        let (zero, less, more) = (U256::ZERO, field.neg(small), field.neg(large));
        // factors of high * low, of low and of high, and what is added to them
        let [both, of_low, of_high, rest] = match (constant.bit(2 * place + 1), constant.bit(2 * place)) {
            (false, false) => [more, large, large, zero],
            (false, true) => [small, less, field.sub(large, small), small],
            (true, false) => [large, zero, less, small],
            (true, true) => [less, zero, zero, small],
        };
        let part = self.combine(&self.constant(rest), of_low, &pair[0]);
        let Some(high) = pair.get(1) else { return part };
        let part = self.combine(&part, of_high, high);
        let scaled = self.scaled(both, high);
        self.multiply_add(&scaled, &pair[0], &part)
    }

    /// `width` new bits of `form`, lowest first, at most a constant: from the highest on a wire tells whether all were equal
    /// so far, and a bit may only be set where the constant's is, or one above it was smaller (gnark's
    /// `AssertIsLessOrEqual`).
    pub fn bits_at_most(&mut self, form: &Form, width: u32, constant: U256) -> Vec<Form> {
        let form = &self.signal(form);
        let value = form.value();
        let mut equal = self.integer(1);
        let mut bits = Vec::new();
        for index in (0..width as usize).rev() {
            let bit = self.wire(Role::Private, U256::from(u8::from(value.bit(index))));
            if constant.bit(index) {
                self.assert_boolean(&bit);
                equal = self.multiply(&equal, &bit);
            } else {
                let other = self.not(&self.plus(&equal, &bit));
                let zero = self.integer(0);
                self.constrain(&bit, &other, &zero);
            }
            bits.push(bit);
        }
        bits.reverse();
        let word = self.word(&bits);
        self.equal(&word, form);
        bits
    }

    /// Whether `form` is zero: `form * inverse = 1 - out`, `form * out = 0`.
    pub fn is_zero(&mut self, form: &Form) -> Form {
        let form = &self.signal(form);
        let inverse = self.inverse_hint(form.value());
        let out = self.wire(Role::Private, U256::from(u8::from(form.value().is_zero())));
        let (rest, zero) = (self.not(&out), self.integer(0));
        self.constrain(form, &inverse, &rest);
        self.constrain(form, &out, &zero);
        out
    }

    /// `form` is not zero: it has an inverse.
    pub fn assert_nonzero(&mut self, form: &Form) {
        let (inverse, one) = (self.inverse_hint(form.value()), self.integer(1));
        self.constrain(form, &inverse, &one);
    }

    /// `base^exponent + rest` for an odd exponent from 3 on, by squaring.
    pub fn power_add(&mut self, base: &Form, exponent: u32, rest: &Form) -> Form {
        let base = &self.signal(base);
        let mut power = base.clone();
        for index in (1..exponent.ilog2()).rev() {
            power = self.multiply(&power, &power);
            if exponent >> index & 1 == 1 {
                power = self.multiply(&power, base);
            }
        }
        power = self.multiply(&power, &power);
        self.multiply_add(&power, base, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::circuit::Style;
    use super::super::draw::Draw;
    use super::super::shape::Shape;
    use super::*;
    use crate::field::Field;

    fn circuit(negate: bool) -> Circuit {
        Circuit::new(
            Field::parse("goldilocks").unwrap(),
            Style { negate, linear_in_c: negate, components: false, shape: Shape::PLAIN },
        )
    }

    fn private(c: &mut Circuit, value: i64) -> Form {
        let value = c.field().from_i64(value);
        c.wire(Role::Private, value)
    }

    #[test]
    fn gates_compute_their_truth_tables() {
        for (negate, x, y) in [(false, 0, 0), (true, 0, 1), (false, 1, 0), (true, 1, 1)] {
            let mut c = circuit(negate);
            let (a, b) = (private(&mut c, x), private(&mut c, y));
            let values = [c.xor(&a, &b), c.or(&a, &b), c.multiply(&a, &b), c.not(&a), c.select(&a, &a, &b)]
                .map(|form| form.value().as_limbs()[0] as i64);
            assert_eq!(values, [x ^ y, x | y, x & y, 1 - x, x | y]);
            let built = c.finish(&mut Draw::new(0, 0));
            assert_eq!(built.r1cs.first_violation(&built.witness), None);
        }
    }

    #[test]
    fn words_and_comparisons() {
        let mut c = circuit(true);
        let (a, b) = (private(&mut c, 11), private(&mut c, 5));
        assert_eq!(c.nodes(), 2);
        let bits = c.bits(&a, 6);
        assert_eq!(c.nodes(), 2 + 13);
        assert_eq!(c.word(&bits).value(), a.value());
        assert_eq!(c.less_than(&b, &a, 4).value(), U256::from(1));
        assert_eq!(c.less_than(&a, &a, 4).value(), U256::ZERO);
        let (low, high) = c.swap(&bits[0], &a, &b);
        assert_eq!((low.value(), high.value()), (b.value(), a.value()));
        c.check_range(&a, 4);
        let built = c.finish(&mut Draw::new(0, 0));
        assert_eq!(built.r1cs.first_violation(&built.witness), None);
    }

    /// A lane of Keccak may have 64 bits, where the field has 31.
    #[test]
    fn a_word_may_be_longer_than_the_field() {
        let field = Field::parse("babybear").unwrap();
        let style = Style { negate: false, linear_in_c: true, components: false, shape: Shape::PLAIN };
        let mut c = Circuit::new(field, style);
        let bits: Vec<_> = (0..40).map(|_| c.boolean(true)).collect();
        let word = c.word(&bits);
        assert_eq!(word.value(), field.from_i64((1 << 40) - 1));
        c.output(&word);
        let built = c.finish(&mut Draw::new(0, 0));
        assert_eq!(built.r1cs.first_violation(&built.witness), None);
    }

    /// Every value of six and of seven bits against constants: the witness fits just where it is at most that.
    #[test]
    fn bits_at_most_a_constant() {
        for (width, constant) in [(6, 0), (6, 0b10_0111), (7, 0b101_1000), (7, 0b111_1111)] {
            for value in 0..1 << width {
                let constant = U256::from(constant);
                for by_pairs in [false, true] {
                    let mut c = circuit(false);
                    c.inverse_hint(U256::from(1)); // with a hint constraints are not checked before the end
                    let word = private(&mut c, value);
                    if by_pairs {
                        let bits = c.bits(&word, width);
                        c.at_most_by_pairs(&bits, constant);
                    } else {
                        c.bits_at_most(&word, width, constant);
                    }
                    let built = c.finish(&mut Draw::new(0, 0));
                    let fits = built.r1cs.first_violation(&built.witness).is_none();
                    assert_eq!(fits, U256::from(value) <= constant, "{value} {constant} {by_pairs}");
                }
            }
        }
    }

    /// With components the difference that is tested has a wire of its own, a wire and a constant have not.
    #[test]
    fn components_have_signals() {
        let field = Field::parse("goldilocks").unwrap();
        let nodes = |components| {
            let mut c = Circuit::new(
                field,
                Style { negate: false, linear_in_c: true, components, shape: Shape::PLAIN },
            );
            let (a, b) = (private(&mut c, 11), private(&mut c, 5));
            let (difference, constant) = (c.minus(&a, &b), c.integer(3));
            for form in [&difference, &a, &constant] {
                c.is_zero(form);
            }
            let built = c.finish(&mut Draw::new(0, 0));
            assert_eq!(built.r1cs.first_violation(&built.witness), None);
            (built.r1cs.wires(), built.r1cs.constraints())
        };
        assert_eq!(nodes(false), (3 + 6, 6));
        assert_eq!(nodes(true), (3 + 7, 7));
    }

    #[test]
    fn powers_and_inverses() {
        let mut c = circuit(false);
        let x = private(&mut c, -3);
        for exponent in [3, 5, 7, 11] {
            let expected = c.field().add(c.field().pow(x.value(), u64::from(exponent)), x.value());
            assert_eq!(c.power_add(&x, exponent, &x.clone()).value(), expected);
        }
        let zero = c.minus(&x, &x);
        assert_eq!(c.is_zero(&x).value(), U256::ZERO);
        assert_eq!(c.is_zero(&zero).value(), U256::from(1));
        c.assert_nonzero(&x);
        let built = c.finish(&mut Draw::new(0, 0));
        assert_eq!(built.r1cs.first_violation(&built.witness), None);
    }

    #[test]
    fn outputs_come_first_then_inputs() {
        let mut c = circuit(false);
        let a = private(&mut c, 2);
        let b = c.wire(Role::Input, U256::from(3));
        let product = c.multiply(&a, &b);
        c.output(&product);
        c.output(&b);
        let Synthetic { r1cs, witness } = c.finish(&mut Draw::new(0, 0));
        assert_eq!((r1cs.public_outputs(), r1cs.public_inputs(), r1cs.wires()), (2, 1, 5));
        assert_eq!(witness, [1, 6, 3, 3, 2].map(U256::from));
    }

    use super::super::Synthetic;
}
