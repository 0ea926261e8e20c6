//! A form of our own: the same relation, in constraints whose ranges can be seen and whose proof is short.
//!
//! What a compiler keeps and what it substitutes, and how an author puts what he means, changes how many forms are
//! committed and what range inference sees. Six steps undo it, a file each; all keep every wire's number, and every solution.
//!
//! 1. *Aliases*: a linear constraint with one private wire, or two, gives one of them by the other and public ones. It
//!    takes that place in all other constraints; the linear constraint stays. So does a longer one that gives a wire which
//!    one other linear constraint alone mentions (`linear`).
//! 2. *Roots*: where `t = (a F + b) (c F + d)` and `t (e F + f) = 0`, or longer, F is one of the roots. New bits say from
//!    which root on it is.
//! 3. *Selections*: where `o_i (F - i) = 0` and the `o_i` add up to a bit, each is a bit.
//! 4. *Names*: where `F` takes two values, since a constraint says `(a F + b) (c F + d) = 0`, a new private wire t stands
//!    for `(F - r)/s`, 0 at the one root r and 1 at the other `r + s`. It takes the place of F in all factors, and `F = r +
//!    s t` is a new linear constraint.
//! 5. *Leading bits*: where bits add up to a value whose range fixes the upper ones, they are fixed or each other's opposite.
//!    Those are new linear constraints, and the steps before are taken once more.
//! 6. *Limbs*: where products of sums are evaluations of one product of polynomials, elimination modulo p gives its
//!    coefficients; new wires stand for the products of two limbs that are in them. This is done where it makes a proof
//!    shorter.
//!
//! > Each solution of the old constraints is one of the new, with the values of the new wires that the old ones fix; and
//! > each solution of the new ones without those values is one of the old. For 1 is a substitution by an equation that
//! > stays, and 4 by one that t satisfies for every value of F, as s is not 0. The other files say why at their heads.

mod aliases;
mod leading;
mod limbs;
mod linear;
mod names;
mod roots;
mod selections;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use zeroize::Zeroizing;

use crate::analysis::Analysis;
use crate::field::{Field, U256};
use crate::label::{Demand, choose};
use crate::r1cs::{Builder, Combination, R1cs};
use crate::ranges::Bounds;

use aliases::Aliases;

/// Bits for which the shorter of two proofs is found; others order them alike but for a few bytes.
const SECURITY: u32 = 128;

/// A linear combination: wires ascending, canonical coefficients other than 0.
type Form = Vec<(u32, U256)>;

/// A new wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// A wire of the circuit that it is named after.
    pub source: u32,
    value: Value,
}

/// What a new wire holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    /// `(F - root)/step`.
    Scaled { form: Form, root: U256, step: U256 },
    /// 1 where F is one of these values, else 0.
    Among { form: Form, values: Vec<U256> },
    /// The product of two wires.
    Product(u32, u32),
}

/// How often each step found something to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Wires that others take the place of.
    pub aliases: usize,
    /// Forms with more than two roots.
    pub roots: usize,
    /// Sums of selecting wires.
    pub selections: usize,
    /// Forms that have a name.
    pub names: usize,
    /// Bits that a range fixes.
    pub leading: usize,
    /// Groups of evaluated products.
    pub limbs: usize,
}

/// A circuit in a form of our own.
#[derive(Clone, Debug)]
pub struct Simplified {
    /// The constraints in the order of the circuit's, then those of the new wires.
    pub r1cs: Arc<R1cs>,
    /// The new wires, which follow those of the circuit.
    pub added: Vec<Added>,
    /// What was done.
    pub steps: Steps,
}

impl Simplified {
    /// Brings a circuit into this form; wires of declared bounds stay where they are.
    ///
    /// # Errors
    /// When a bound is not an interval of an existing wire inside the signed field, or the form would have `2^32` wires or
    /// terms.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let simplified = Self::without_limbs(r1cs, bounds)?;
        let expanded = simplified.with_limbs(bounds)?;
        Ok(match expanded {
            Some(expanded) if bytes(&expanded.r1cs, bounds)? < bytes(&simplified.r1cs, bounds)? => expanded,
            _ => simplified,
        })
    }

    /// Likewise, with limbs even where they make a proof longer.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    #[doc(hidden)]
    pub fn expanded(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let simplified = Self::without_limbs(r1cs, bounds)?;
        Ok(simplified.with_limbs(bounds)?.unwrap_or(simplified))
    }

    /// Steps 1 to 5.
    fn without_limbs(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let mut steps = Steps::default();
        let draft = Draft::of(r1cs, bounds, &mut steps);
        let once = Self::following(&[], draft, steps)?;
        let fixed = leading::equations(&once.r1cs);
        if fixed.is_empty() {
            return Ok(once);
        }
        steps.leading = fixed.len();
        let system = with_equations(&once.r1cs, fixed)?;
        let draft = Draft::of(&system, bounds, &mut steps);
        Self::following(&once.added, draft, steps)
    }

    /// Step 6; nothing where no limbs are found.
    fn with_limbs(&self, bounds: &Bounds) -> Result<Option<Self>> {
        let mut draft = Draft::copy(&self.r1cs);
        let limbs = limbs::expand(&mut draft, bounds);
        let steps = Steps { limbs, ..self.steps };
        (limbs > 0).then(|| Self::following(&self.added, draft, steps)).transpose()
    }

    /// What a draft of a system says in which wires had been added.
    fn following(before: &[Added], draft: Draft<'_>, steps: Steps) -> Result<Self> {
        let known = draft.r1cs.wires() as usize - before.len();
        let (system, new) = draft.finish()?;
        let mut added = before.to_vec();
        for mut one in new {
            if let Some(place) = (one.source as usize).checked_sub(known) {
                one.source = added[place].source;
            }
            added.push(one);
        }
        Ok(Self { r1cs: Arc::new(system), added, steps })
    }

    /// The values of all wires from those of the circuit's.
    ///
    /// # Errors
    /// When they are not as many.
    pub fn extend(&self, witness: &[U256]) -> Result<Zeroizing<Vec<U256>>> {
        let wires = self.r1cs.wires() as usize - self.added.len();
        let count = witness.len();
        ensure!(count == wires, "the witness has {count} values, the circuit {wires} wires");
        let mut all = Zeroizing::new(Vec::with_capacity(self.r1cs.wires() as usize));
        all.extend_from_slice(witness);
        for added in &self.added {
            let value = added.value.of(self.r1cs.field(), &all);
            all.push(value);
        }
        Ok(all)
    }
}

impl Value {
    fn of(&self, field: &Field, witness: &[U256]) -> U256 {
        match self {
            Self::Scaled { form, root, step } => {
                field.mul(field.sub(evaluated(field, form, witness), *root), field.inv(*step))
            }
            Self::Among { form, values } => {
                U256::from(u8::from(values.contains(&evaluated(field, form, witness))))
            }
            &Self::Product(a, b) => field.mul(witness[a as usize], witness[b as usize]),
        }
    }
}

/// A system under way.
struct Draft<'a> {
    r1cs: &'a R1cs,
    constraints: Vec<[Form; 3]>,
    added: Vec<Added>,
}

impl<'a> Draft<'a> {
    /// Steps 1 to 4.
    fn of(r1cs: &'a R1cs, bounds: &Bounds, steps: &mut Steps) -> Self {
        let aliases = Aliases::of(r1cs, bounds);
        let constraints = (0..r1cs.constraints()).map(|index| aliases.rewritten(index)).collect();
        let mut draft = Self { r1cs, constraints, added: Vec::new() };
        steps.aliases += aliases.len() + linear::join(&mut draft, bounds);
        steps.roots += roots::split(&mut draft);
        steps.selections += selections::split(&mut draft);
        steps.names += names::give(&mut draft);
        linear::shorten(&mut draft);
        draft
    }

    fn copy(r1cs: &'a R1cs) -> Self {
        let values = r1cs.coefficients().values();
        let form = |form: Combination<'_>| {
            form.terms().map(|(wire, number)| (wire, values[number as usize])).collect()
        };
        let constraints = (0..r1cs.constraints()).map(|index| r1cs.constraint(index).map(form)).collect();
        Self { r1cs, constraints, added: Vec::new() }
    }

    const fn field(&self) -> &'a Field {
        self.r1cs.field()
    }

    /// A new wire, named after the lowest private one of a form, or its last one.
    fn add(&mut self, form: &Form, value: Value) -> u32 {
        let private = form.partition_point(|&(wire, _)| wire < self.r1cs.first_private());
        let source = form[private.min(form.len() - 1)].0;
        let wire = self.r1cs.wires() + self.added.len() as u32;
        self.added.push(Added { source, value });
        wire
    }

    /// Adds `form = 0`.
    fn equate(&mut self, form: Form) {
        self.constraints.push([Form::new(), Form::new(), summed(self.field(), form)]);
    }

    /// Adds `wire = 0 or 1`.
    fn bit(&mut self, wire: u32) {
        let minus_one = self.field().from_i64(-1);
        let one = U256::from(1);
        self.constraints.push([vec![(wire, one)], vec![(0, minus_one), (wire, one)], Form::new()]);
    }

    fn finish(self) -> Result<(R1cs, Vec<Added>)> {
        let count = u32::try_from(self.added.len()).ok();
        let wires = count.and_then(|count| self.r1cs.wires().checked_add(count));
        let wires = wires.context("more than 2^32 wires")?;
        let mut builder = Builder::new(*self.field());
        self.constraints.iter().try_for_each(|forms| write(&mut builder, forms))?;
        let mut system = builder.finish(wires, self.r1cs.public_outputs(), self.r1cs.public_inputs())?;
        (system.private_inputs, system.gates) = (self.r1cs.private_inputs(), self.r1cs.gates().clone());
        Ok((system, self.added))
    }
}

/// A form as `lead*F + constant`, F without the constant wire and with 1 for its first coefficient.
struct Shape {
    form: Form,
    lead: U256,
    constant: U256,
}

impl Shape {
    /// Of a form that mentions a wire.
    fn of(field: &Field, form: &Form) -> Self {
        let start = usize::from(form[0].0 == 0);
        let constant = if start == 1 { form[0].1 } else { U256::ZERO };
        let lead = form[start].1;
        let inverse = field.inv(lead);
        let terms = form[start..].iter().map(|&(wire, value)| (wire, field.mul(value, inverse)));
        Self { form: terms.collect(), lead, constant }
    }

    /// The value of F for which the form is 0.
    fn root(&self, field: &Field) -> U256 {
        field.neg(field.mul(self.constant, field.inv(self.lead)))
    }
}

fn evaluated(field: &Field, form: &Form, witness: &[U256]) -> U256 {
    let terms = form.iter().map(|&(wire, value)| field.mul(value, witness[wire as usize]));
    terms.fold(U256::ZERO, |sum, term| field.add(sum, term))
}

/// `times` times a form.
fn scaled<'a>(field: &'a Field, form: &'a Form, times: U256) -> impl Iterator<Item = (u32, U256)> + 'a {
    form.iter().map(move |&(wire, value)| (wire, field.mul(value, times)))
}

/// Terms in any order as a form.
fn summed(field: &Field, mut terms: Form) -> Form {
    terms.sort_unstable_by_key(|&(wire, _)| wire);
    terms.dedup_by(|(next, value), (wire, sum)| {
        let same = next == wire;
        if same {
            *sum = field.add(*sum, *value);
        }
        same
    });
    terms.retain(|(_, value)| !value.is_zero());
    terms
}

/// Whether a form mentions no wire but the constant one.
fn is_constant(form: &Form) -> bool {
    form.last().is_none_or(|&(wire, _)| wire == 0)
}

/// A system with linear constraints more.
fn with_equations(r1cs: &R1cs, forms: Vec<Form>) -> Result<R1cs> {
    let mut draft = Draft::copy(r1cs);
    forms.into_iter().for_each(|form| draft.equate(form));
    Ok(draft.finish()?.0)
}

/// Bytes of a proof; the most where no parameters are sound.
fn bytes(r1cs: &R1cs, bounds: &Bounds) -> Result<u64> {
    let demand = Demand::of_circuit(&Analysis::of(r1cs, bounds)?);
    Ok(choose(&demand, SECURITY).map_or(u64::MAX, |choice| choice.proof_size))
}

fn write(builder: &mut Builder, forms: &[Form; 3]) -> Result<()> {
    for form in forms {
        for &(wire, value) in form {
            builder.term(wire, value)?;
        }
        builder.end_combination()?;
    }
    Ok(())
}
