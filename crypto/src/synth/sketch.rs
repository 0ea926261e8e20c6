//! What all families share: the circuit, the draws, and a plan that says how far to go.

use std::sync::LazyLock;

use super::Synthetic;
use super::circuit::{Circuit, Form, Role, Style};
use super::draw::Draw;
use super::mimc;
use super::shape::Shape;
use crate::field::{Field, NAMED, U256};

static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| NAMED.iter().filter_map(|(name, _)| Field::parse(name).ok()).collect());

/// Nodes beyond the target from which on results are published as they are.
const SLACK: usize = 48;

/// A circuit being drawn.
#[derive(Debug)]
pub struct Sketch {
    /// The circuit so far.
    pub c: Circuit,
    /// Where every choice comes from.
    pub draw: Draw,
    /// Bits that values may grow to; above the field's for circuits that wrap around.
    pub limit: u32,
    target: usize,
    checked: u64,
    public: u64,
    nonzero: u64,
    publishing: Publishing,
    word: (Form, u32),
    bound: bool,
    digest: Option<Form>,
    tags: usize,
}

/// How results become public outputs.
#[derive(Clone, Copy, Debug)]
enum Publishing {
    /// As they are.
    Plain,
    /// In smaller units: times a constant (tokens count 10^18 units).
    Scaled(U256),
    /// Several in one word, to save public wires.
    Packed,
    /// One of them, chosen by secret bits.
    Selected,
    /// How many of them equal a constant.
    Counted,
}

impl Sketch {
    /// Draws the field, the style and the plan.
    pub fn new(mut draw: Draw, target: usize) -> Self {
        let field = FIELDS[draw.below(FIELDS.len() as u64) as usize];
        let style = Style {
            negate: draw.chance(6),
            linear_in_c: draw.chance(10),
            components: draw.chance(8),
            shape: Shape::draw(&mut draw),
        };
        let limit = limit(&mut draw, field.bits());
        let checked = [16, 16, 16, 16, 16, 16, 16, 16, 16, 15, 14, 0, 0, 0, 0, 0][draw.below(16) as usize];
        let public = [0, 2, 8, 14, 16][draw.below(5) as usize];
        let nonzero = [0, 0, 0, 0, 0, 0, 4, 16][draw.below(8) as usize];
        let publishing = publishing(&mut draw, limit.min(field.bits() - 3));
        let tags = if draw.chance(2) { draw.between(1, 4) } else { 0 };
        let bound = draw.chance(if checked == 0 { 10 } else { 1 });
        let c = Circuit::new(field, style);
        let word = (c.integer(0), 0);
        Self { c, draw, limit, target, checked, public, nonzero, publishing, word, bound, digest: None, tags }
    }

    /// Nodes left until the target.
    pub const fn room(&self) -> usize {
        self.target.saturating_sub(self.c.nodes())
    }

    /// Whether there is room for more.
    pub const fn more(&self) -> bool {
        self.room() > 0
    }

    /// Whether to check this one: always, never or mostly, as the plan says.
    pub fn checked(&mut self) -> bool {
        self.draw.chance(self.checked)
    }

    /// A width of words from `low` bits on, of which `words` decompositions fit in the room, and
    /// `factor` times as many bits in the limit and the field; wide ones are likelier.
    pub fn width(&mut self, low: u32, words: usize, factor: u32) -> u32 {
        let fits = (self.room() / (2 * words)).min(60) as u32;
        let most = self.limit.min(self.c.field().bits() - 3) / factor;
        let high = fits.min(most).max(low) as usize;
        self.draw.between(low as usize, high).max(self.draw.between(low as usize, high)) as u32
    }

    /// From here on a public digest binds the secret inputs.
    pub const fn bind(&mut self) {
        self.bound = true;
    }

    fn role(&mut self) -> Role {
        if self.draw.chance(self.public) { Role::Input } else { Role::Secret }
    }

    /// A new input: a digest may bind it, or an inverse show that it is not zero.
    pub fn new_input(&mut self, value: U256) -> Form {
        let role = self.role();
        let input = self.c.wire(role, value);
        if self.bound && role == Role::Secret {
            self.absorb(&input);
        }
        if self.draw.chance(self.nonzero) && !value.is_zero() {
            self.c.assert_nonzero(&input);
        }
        input
    }

    /// `digest = (digest + input + constant)^e`, a sponge in small.
    fn absorb(&mut self, input: &Form) {
        let (exponent, constant) = (mimc::exponent(self, 1), self.constant());
        let mut sum = self.c.plus(input, &constant);
        if let Some(digest) = &self.digest {
            sum = self.c.plus(digest, &sum);
        }
        let zero = self.c.integer(0);
        self.digest = Some(self.c.power_add(&sum, exponent, &zero));
    }

    /// An input with a given value, below `2^width`; range-checked if the plan says so.
    pub fn input_of(&mut self, value: U256, width: u32) -> Form {
        let input = self.new_input(value);
        if self.checked() {
            self.c.check_range(&input, width);
        }
        input
    }

    /// An input below `2^width`.
    pub fn input(&mut self, width: u32) -> Form {
        let value = self.draw.bits(width);
        self.input_of(value, width)
    }

    /// An input in `-2^(width-1) .. 2^(width-1)`.
    pub fn signed_input(&mut self, width: u32) -> Form {
        let shift = U256::from(1) << (width - 1) as usize;
        let value = self.c.field().sub(self.draw.bits(width), shift);
        let input = self.new_input(value);
        if self.checked() {
            let shifted = self.c.plus(&input, &self.c.constant(shift));
            self.c.check_range(&shifted, width);
        }
        input
    }

    /// An input bit.
    pub fn bit(&mut self) -> Form {
        let (role, value) = (self.role(), self.draw.bits(1));
        let bit = self.c.wire(role, value);
        if self.checked() {
            self.c.assert_boolean(&bit);
        }
        bit
    }

    /// An input from the whole field.
    pub fn element(&mut self) -> Form {
        let (role, value) = (self.role(), self.draw.element(self.c.field()));
        self.c.wire(role, value)
    }

    /// Publishes a result of about `bits` bits.
    pub fn publish(&mut self, result: &Form, bits: u32) {
        match self.publishing {
            Publishing::Plain => self.c.output(result),
            Publishing::Scaled(unit) => {
                let most = self.limit.min(self.c.field().bits() - 3).saturating_sub(bits + 1);
                let scaled =
                    self.c.scaled(unit >> unit.bit_len().saturating_sub(most.max(1) as usize), result);
                self.c.output(&scaled);
            }
            Publishing::Packed => self.pack(result, bits),
            _ if self.c.nodes() >= self.target + SLACK => self.c.output(result),
            Publishing::Selected => self.select(result, bits),
            Publishing::Counted => self.count(result),
        }
    }

    /// Puts a result in the place of the one chosen so far, if a new bit says so.
    fn select(&mut self, result: &Form, bits: u32) {
        let (bit, chosen) = (self.bit(), self.word.0.clone());
        self.word = (self.c.select(&bit, result, &chosen), bits.max(1));
    }

    /// Adds one to the count if a result equals a constant.
    fn count(&mut self, result: &Form) {
        let mut wanted = self.c.constant(result.value());
        if self.draw.chance(8) {
            wanted = self.c.plus(&wanted, &self.c.integer(1));
        }
        let difference = self.c.minus(result, &wanted);
        let equal = self.c.is_zero(&difference);
        self.word = (self.c.plus(&self.word.0, &equal), 1);
    }

    fn pack(&mut self, result: &Form, bits: u32) {
        if self.word.1 + bits > self.limit.min(self.c.field().bits() - 3) {
            self.flush();
        }
        let (mut word, used) = std::mem::replace(&mut self.word, (self.c.integer(0), 0));
        self.c.accumulate(&mut word, U256::from(1) << used as usize, result);
        self.word = (word, used + bits);
    }

    fn flush(&mut self) {
        let (word, used) = std::mem::replace(&mut self.word, (self.c.integer(0), 0));
        if used > 0 {
            self.c.output(&word);
        }
    }

    /// The circuit with its last word of results, and its witness.
    pub fn finish(mut self) -> Synthetic {
        self.flush();
        if let Some(digest) = self.digest.take() {
            self.c.output(&digest);
        }
        (0..self.tags).for_each(|_| self.tag());
        self.c.finish(&mut self.draw)
    }

    /// A public input that belongs to the statement and not to the computation (a recipient, a signal): squared, so that
    /// a compiler keeps it.
    fn tag(&mut self) {
        let value = self.draw.element(self.c.field());
        let tag = self.c.wire(Role::Input, value);
        self.c.multiply(&tag, &tag);
    }

    /// A constant from the whole field.
    pub fn constant(&mut self) -> Form {
        let value = self.draw.element(self.c.field());
        self.c.constant(value)
    }

    /// A constant in `-bound..=bound`, but not zero.
    pub fn small(&mut self, bound: u64) -> Form {
        let value = self.draw.small(bound);
        self.c.integer(value)
    }
}

/// Any of the ways; units of up to `most` bits.
fn publishing(draw: &mut Draw, most: u32) -> Publishing {
    match draw.below(16) {
        0..3 => Publishing::Plain,
        3..9 => Publishing::Scaled(draw.bits(most.min(128)).max(U256::from(1))),
        9..12 => Publishing::Packed,
        12..14 => Publishing::Selected,
        _ => Publishing::Counted,
    }
}

/// Mostly 8 to 60 bits, sometimes up to 120, sometimes twice the field's.
fn limit(draw: &mut Draw, bits: u32) -> u32 {
    let most = match draw.below(16) {
        0 | 1 => return 2 * bits,
        2 => 120,
        _ => 60,
    };
    draw.between(8, most.min(bits as usize - 3)) as u32
}
