//! A form of our own, so that a circuit costs the same however far its compiler has substituted wires.
//!
//! What a compiler keeps and what it substitutes changes how many forms are committed and what range inference sees.
//! Two steps undo either; both keep every wire's number, and every solution.
//!
//! 1. *Aliases*: a linear constraint with one private wire, or two, gives one of them by the other and public ones. It
//!    takes that place in all other constraints; the linear constraint stays.
//! 2. *Names*: where `F` takes two values, since a constraint says `(a F + b) (c F + d) = 0`, a new private wire t stands
//!    for `(F - r)/s`, 0 at the one root r and 1 at the other `r + s`. It takes the place of F in all factors, and `F = r +
//!    s t` is a new linear constraint.
//!
//! > Each solution of the old constraints is one of the new, with the value of t that its constraint fixes; and each
//! > solution of the new ones without those values is one of the old. For 1 is a substitution by an equation that stays,
//! > and 2 by one that t satisfies for every value of F, as s is not 0.

mod aliases;
mod names;

use std::sync::Arc;

use anyhow::{Result, ensure};
use zeroize::Zeroizing;

use crate::field::{Field, U256};
use crate::r1cs::{Builder, R1cs};
use crate::ranges::Bounds;

use aliases::Aliases;
use names::Names;

/// A linear combination: wires ascending, canonical coefficients other than 0.
type Form = Vec<(u32, U256)>;

/// A new wire: `(F - root)/step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `F`, its first coefficient 1, without a constant.
    form: Form,
    root: U256,
    step: U256,
    /// The lowest private wire of `F`.
    pub source: u32,
}

/// A circuit in a form of our own.
#[derive(Clone, Debug)]
pub struct Simplified {
    /// The constraints in the order of the circuit's, then those of the new wires.
    pub r1cs: Arc<R1cs>,
    /// The new wires, which follow those of the circuit.
    pub names: Vec<Name>,
    /// How many wires others take the place of.
    pub aliases: usize,
}

impl Simplified {
    /// Brings a circuit into this form; wires of declared bounds stay where they are.
    ///
    /// # Errors
    /// When it would have `2^32` wires or terms.
    pub fn of(r1cs: &R1cs, bounds: &Bounds) -> Result<Self> {
        let aliases = Aliases::of(r1cs, bounds);
        let mut constraints: Vec<[Form; 3]> =
            (0..r1cs.constraints()).map(|index| aliases.rewritten(index)).collect();
        let names = Names::of(r1cs, &constraints);
        ensure!(r1cs.wires().checked_add(names.len()).is_some(), "more than 2^32 wires");
        constraints.iter_mut().for_each(|forms| names.replace(forms));
        let names = names.into_list();

        let mut builder = Builder::new(*r1cs.field());
        for forms in &constraints {
            write(&mut builder, forms)?;
        }
        for (wire, name) in (r1cs.wires()..).zip(&names) {
            write(&mut builder, &[Form::new(), Form::new(), name.definition(r1cs.field(), wire)])?;
        }
        let wires = r1cs.wires() + names.len() as u32;
        let mut system = builder.finish(wires, r1cs.public_outputs(), r1cs.public_inputs())?;
        (system.private_inputs, system.gates) = (r1cs.private_inputs(), r1cs.gates().clone());
        Ok(Self { r1cs: Arc::new(system), names, aliases: aliases.len() })
    }

    /// The values of all wires from those of the circuit's.
    ///
    /// # Errors
    /// When they are not as many.
    pub fn extend(&self, witness: &[U256]) -> Result<Zeroizing<Vec<U256>>> {
        let wires = self.r1cs.wires() as usize - self.names.len();
        let count = witness.len();
        ensure!(count == wires, "the witness has {count} values, the circuit {wires} wires");
        let mut all = Zeroizing::new(Vec::with_capacity(self.r1cs.wires() as usize));
        all.extend_from_slice(witness);
        all.extend(self.names.iter().map(|name| name.value(self.r1cs.field(), witness)));
        Ok(all)
    }
}

impl Name {
    /// `F - root - step*t`.
    fn definition(&self, field: &Field, t: u32) -> Form {
        let mut form = self.form.clone();
        form.push((t, field.neg(self.step)));
        form.push((0, field.neg(self.root)));
        summed(field, form)
    }

    fn value(&self, field: &Field, witness: &[U256]) -> U256 {
        let terms = self.form.iter().map(|&(wire, value)| field.mul(value, witness[wire as usize]));
        let sum = terms.fold(field.neg(self.root), |sum, term| field.add(sum, term));
        field.mul(sum, field.inv(self.step))
    }
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

fn write(builder: &mut Builder, forms: &[Form; 3]) -> Result<()> {
    for form in forms {
        for &(wire, value) in form {
            builder.term(wire, value)?;
        }
        builder.end_combination()?;
    }
    Ok(())
}
