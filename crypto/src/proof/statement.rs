//! What is claimed: circuit, declared bounds, security level, public values (proof.md, sections 1 and 8).

use std::sync::{Arc, OnceLock};

use crate::analysis::{Analysis, Lift};
use crate::field::{Field, U256};
use crate::label::check_level;
use crate::modulus::{Settled, settle};
use crate::packing::Packing;
use crate::r1cs::R1cs;
use crate::ranges::{Bounds, Interval, Ranges, Unsatisfiable, check_bounds};
use crate::relation::Relation;

use super::coder::Table;
use super::gaussian::{Gaussian, Samplers};
use super::parameters::Parameters;
use super::rejection::{Code, Refusal, check};
use super::xof::{DIGEST, Xof};

/// A circuit at a security level, with everything that does not depend on public values. It serves any number of proofs.
#[derive(Debug)]
pub struct Statement {
    pub(super) r1cs: Arc<R1cs>,
    pub(super) relation: Relation,
    pub(super) packing: Packing,
    pub(super) parameters: Parameters,
    pub(super) liftable: bool,
    /// Declared bounds of public wires; where the circuit lifts, also the intervals modulo q of those that count.
    intervals: Vec<(u32, Interval)>,
    circuit: [u8; DIGEST],
    pub(super) size: u64,
    samplers: OnceLock<Samplers>,
}

impl Statement {
    /// Computes the parameters of a circuit.
    ///
    /// # Errors
    /// When the statement is refused (R1) or no parameters are sound (R2).
    pub fn new(r1cs: &Arc<R1cs>, bounds: &Bounds, security: u32) -> Result<Self, Refusal> {
        let refused = |error: anyhow::Error| Refusal::new(Code::Statement, format!("{error:#}"));
        check(r1cs.gates().uses.is_empty(), Code::Statement, "the circuit uses custom gates")?;
        check_level(security).map_err(refused)?;
        check_bounds(bounds, r1cs.field(), r1cs.wires()).map_err(refused)?;
        if let Some((wire, _)) = bounds.range(r1cs.first_private()..).next() {
            let reason = format!(
                "the bound of private wire {wire} would be an assumption that nobody checks; add a range check (nexuszero constrain)"
            );
            return Err(Refusal::new(Code::Statement, reason));
        }

        let relation = Relation::of(r1cs, bounds);
        let counting = relation.counting();
        let counts: Vec<u32> = (1..r1cs.first_private()).filter(|&wire| counting[wire as usize]).collect();
        let declared: Vec<_> = counts.iter().filter_map(|&wire| Some((wire, bounds.get(&wire)?))).collect();
        let digest = || circuit_digest(r1cs, &declared);
        let (solved, circuit) =
            rayon::join(|| Solved::of(r1cs, &relation, bounds, &counts, security), digest);

        let Solved { analysis, packing, settled, ranges } = solved?;
        let parameters = Parameters::of(&settled.choice, settled.q);
        let fits = parameters.tables().iter().all(Table::fits);
        check(fits, Code::Parameters, "the hints of the best parameters are too wide for the coder")?;
        let mut intervals: Vec<_> = bounds.iter().map(|(&wire, bound)| (wire, bound.clone())).collect();
        intervals.extend(ranges);
        Ok(Self {
            circuit,
            packing,
            parameters,
            liftable: analysis.liftable,
            size: settled.choice.proof_size,
            samplers: OnceLock::new(),
            intervals,
            relation,
            r1cs: Arc::clone(r1cs),
        })
    }

    /// A field-native statement with parameters that are not sound.
    #[cfg(test)]
    pub(super) fn toy(r1cs: &Arc<R1cs>, parameters: Parameters) -> Self {
        let relation = Relation::of(r1cs, &Bounds::new());
        Self {
            circuit: circuit_digest(r1cs, &[]),
            packing: Packing::of(&relation, false),
            parameters,
            liftable: false,
            size: 0,
            samplers: OnceLock::new(),
            intervals: Vec::new(),
            relation,
            r1cs: Arc::clone(r1cs),
        }
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Number of constraints that are kept (labels.md, section 1.2).
    #[must_use]
    pub fn constraints(&self) -> usize {
        self.relation.constraints().count()
    }

    /// The digest of the circuit and its declared bounds.
    #[must_use]
    pub const fn circuit(&self) -> &[u8; DIGEST] {
        &self.circuit
    }

    /// The prover's samplers, worked out when they are first asked for.
    pub(super) fn samplers(&self) -> &Samplers {
        let security = self.parameters.security;
        self.samplers.get_or_init(|| self.parameters.variances().map(|width| Gaussian::new(&width, security)))
    }

    /// Number of public values.
    pub(super) fn publics(&self) -> usize {
        self.r1cs.first_private() as usize - 1
    }

    /// Whether public values are elements of the field, one for each public wire (R1).
    pub(super) fn check_public(&self, public: &[U256]) -> Result<(), Refusal> {
        if public.len() != self.publics() {
            let reason =
                format!("{} public values are given, the circuit has {}", public.len(), self.publics());
            return Err(Refusal::new(Code::Statement, reason));
        }
        let p = self.r1cs.field().modulus();
        match public.iter().position(|&value| value >= p) {
            None => Ok(()),
            Some(place) => {
                let reason = format!("public value {} is not below the field's prime", place + 1);
                Err(Refusal::new(Code::Statement, reason))
            }
        }
    }

    /// Whether public values lie in their intervals (R5).
    pub(super) fn check_intervals(&self, public: &[U256]) -> Result<(), Refusal> {
        for (wire, interval) in &self.intervals {
            let value = self.r1cs.field().to_integer(public[*wire as usize - 1]);
            if value < interval.lo || value > interval.hi {
                let reason =
                    format!("public wire {wire} is {value}, outside [{}, {}]", interval.lo, interval.hi);
                return Err(Refusal::new(Code::PublicValue, reason));
            }
        }
        Ok(())
    }

    /// `stmt`: the digest of circuit, parameters and public values.
    pub(super) fn digest(&self, public: &[U256]) -> [u8; DIGEST] {
        let length = element_bytes(self.r1cs.field());
        let mut values = (public.len() as u32).to_le_bytes().to_vec();
        for value in public {
            values.extend_from_slice(&value.to_le_bytes::<32>()[..length]);
        }
        Xof::new("statement").part(&self.circuit).part(&self.parameters.bytes()).part(&values).digest()
    }
}

/// What follows from a relation at a security level.
struct Solved {
    analysis: Analysis,
    packing: Packing,
    settled: Settled,
    ranges: Vec<(u32, Interval)>, // of the wires asked for modulo q, where the circuit lifts
}

impl Solved {
    fn of(
        r1cs: &R1cs,
        relation: &Relation,
        bounds: &Bounds,
        wires: &[u32],
        security: u32,
    ) -> Result<Self, Refusal> {
        let unsatisfiable = |reason: Unsatisfiable| Refusal::new(Code::Statement, reason.to_string());
        let ranges = Ranges::infer(relation, r1cs.field().modulus(), bounds).map_err(unsatisfiable)?;
        let (analysis, packing) = Analysis::of_ranges(r1cs, relation, Ok(&ranges));
        let lift = Lift::with(ranges, bounds, analysis.largest.clone());
        let (settled, ranges) = settle(&lift, &analysis, security).map_err(|error| {
            let code = if error.is::<Unsatisfiable>() { Code::Statement } else { Code::Parameters };
            Refusal::new(code, format!("{error:#}"))
        })?;
        let interval = |&wire: &u32| Some((wire, ranges.as_ref()?.interval(wire).clone()));
        let ranges = wires.iter().filter_map(interval).collect();
        Ok(Self { analysis, packing, settled, ranges })
    }
}

/// `pb`, bytes of an element of the circuit's field.
pub(super) const fn element_bytes(field: &Field) -> usize {
    field.bits().div_ceil(8) as usize
}

/// `circuit`: the digest of the file's constraints and of the declared bounds of public wires that count.
fn circuit_digest(r1cs: &R1cs, declared: &[(u32, &Interval)]) -> [u8; DIGEST] {
    let field = r1cs.field();
    let pb = element_bytes(field);
    let length = 4 * 6
        + pb as u64
        + r1cs.constraints() as u64 * 12
        + r1cs.terms() as u64 * (4 + pb as u64)
        + declared.len() as u64 * (4 + 2 * pb as u64);
    let mut xof = Xof::new("circuit");
    xof.begin(length);
    let number = |xof: &mut Xof, number: u32| xof.write(&number.to_le_bytes());
    let element = |xof: &mut Xof, value: U256| xof.write(&value.to_le_bytes::<32>()[..pb]);

    number(&mut xof, pb as u32);
    element(&mut xof, field.modulus());
    for count in [r1cs.wires(), r1cs.public_outputs(), r1cs.public_inputs(), r1cs.constraints() as u32] {
        number(&mut xof, count);
    }
    for index in 0..r1cs.constraints() {
        for form in r1cs.constraint(index) {
            number(&mut xof, form.wires.len() as u32);
            for (wire, coefficient) in form.terms() {
                number(&mut xof, wire);
                element(&mut xof, r1cs.coefficients().values()[coefficient as usize]);
            }
        }
    }
    number(&mut xof, declared.len() as u32);
    for (wire, Interval { lo, hi }) in declared {
        number(&mut xof, *wire);
        element(&mut xof, field.of_integer(lo));
        element(&mut xof, field.of_integer(hi));
    }
    xof.digest()
}
