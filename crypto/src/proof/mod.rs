//! The proof system: a circuit has a solution with these public values, and nothing else is told (docs/proof.md).
//!
//! A file for each part of the definition, which each names. `statement`, `parameters`, `layout` and `linear` say what is
//! proved; `residues`, `ring`, `xof` and `challenge` are the mathematics; `commitment`, `products`, `basis` and `checks`
//! are the argument; `coder`, `bits` and `encoding` the bytes; `prover` and `verifier` put them together.
//!
//! Nobody has reviewed this code. Its secrets are wiped where they lie in memory of their own, not where they pass through
//! the stack, and it does not run in constant time.

mod basis;
mod bits;
mod challenge;
#[cfg(test)]
mod cheats;
mod checks;
mod coder;
mod commitment;
mod encoding;
mod four;
mod gaussian;
mod instance;
#[cfg(test)]
mod known_answers;
mod layout;
mod linear;
mod parameters;
mod products;
mod prover;
mod rejection;
mod residues;
mod ring;
mod statement;
mod transcript;
mod verifier;
mod witness;
mod xof;

pub use encoding::{Header, VERSION};
pub use parameters::Parameters;
pub use rejection::{Code, Refusal};
pub use statement::Statement;
pub use witness::{check_values, check_witness, read_witness, write_witness};

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::field::U256;
use crate::label::{LEVELS, check_level};
use crate::r1cs::R1cs;
use crate::ranges::Bounds;

use encoding::Parts;
use instance::Instance;
use layout::Values;
use prover::{ENTROPY, Prover, Secrets, entropy, secret_seed};
use rejection::check;
use residues::{Narrow, Residues, Wide};

/// The security level that a proof says it has, if that is at least `least_level`.
///
/// # Errors
/// When it is not, or the bytes are no proof.
pub fn stated_level(proof: &[u8], least_level: u32) -> Result<u32, Refusal> {
    check_level(least_level).map_err(|error| Refusal::new(Code::Statement, format!("{error:#}")))?;
    let header = Header::read(proof)?;
    check(LEVELS.contains(&header.security), Code::Length, "a security level that does not exist")?;
    if header.security < least_level {
        let reason = format!("a proof at {} bits; at least {least_level} are asked for", header.security);
        return Err(Refusal::new(Code::Length, reason));
    }
    Ok(header.security)
}

/// Verifies that a proof is valid for a circuit and public values, at least at a security level.
///
/// # Errors
/// When it is not accepted; [`Refusal::NotDecided`] says nothing of the proof.
pub fn verify(
    r1cs: &Arc<R1cs>,
    bounds: &Bounds,
    proof: &[u8],
    public: &[U256],
    least_level: u32,
) -> Result<(), Refusal> {
    Statement::new(r1cs, bounds, stated_level(proof, least_level)?)?.verify(proof, public)
}

/// A proof with its public values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What a verifier reads.
    pub bytes: Vec<u8>,
    /// Outputs, then inputs.
    pub public: Vec<U256>,
    /// Attempts that it took.
    pub attempts: u32,
}

/// Proves that a witness, one element a wire, satisfies a circuit.
///
/// # Errors
/// When it does not (the line names the constraint), the statement is refused, no parameters are sound, or the system
/// gives no entropy.
pub fn prove(r1cs: &Arc<R1cs>, bounds: &Bounds, witness: &[U256], security: u32) -> Result<Proof> {
    Statement::new(r1cs, bounds, security)?.prove(witness)
}

/// Reads a proof's header.
///
/// # Errors
/// When the bytes are no proof of this version (R3).
pub fn inspect(proof: &[u8]) -> Result<Header, Refusal> {
    Header::read(proof)
}

impl Statement {
    /// Proves that a witness satisfies the circuit, and verifies the proof.
    ///
    /// # Errors
    /// When the witness does not satisfy it, or the system gives no entropy.
    pub fn prove(&self, witness: &[U256]) -> Result<Proof> {
        self.prove_with(witness, &*entropy()?)
    }

    fn prove_with(&self, witness: &[U256], entropy: &[u8; ENTROPY]) -> Result<Proof> {
        check_witness(&self.r1cs, witness)?;
        let public = &witness[1..self.r1cs.first_private() as usize];
        self.check_intervals(public)?;
        let (bytes, attempts) = match Narrow::new(self.parameters.q) {
            Some(narrow) => self.prove_modulo(narrow, witness, public, entropy),
            None => self.prove_modulo(Wide::new(self.parameters.q), witness, public, entropy),
        }?;
        Ok(Proof { bytes, public: public.to_vec(), attempts })
    }

    fn prove_modulo<M: Residues>(
        &self,
        m: M,
        witness: &[U256],
        public: &[U256],
        entropy: &[u8; ENTROPY],
    ) -> Result<(Vec<u8>, u32)> {
        let values = Values::new(&m, self, public);
        let wires = witness::lifted(&m, &self.relation, &values, witness);
        let instance = Instance::new(m.clone(), self, public)?;
        let seed = secret_seed(&instance, witness, entropy);
        let prepare = || {
            let prover = Prover::new(&instance, &wires)?;
            let secrets = Secrets::draw(&prover, &*seed, 0);
            Ok::<_, anyhow::Error>((prover, secrets))
        };
        let (prepared, ()) = rayon::join(prepare, || instance.matrix.keep(&instance.ring));
        let (prover, secrets) = prepared?;
        let (bytes, attempts) = prover.prove(&*seed, secrets)?;
        self.verify_bytes(&instance, &bytes)
            .context("the proof that was made is not valid: this is a bug")?;
        Ok((bytes, attempts))
    }

    /// Bytes that a proof has on average.
    #[must_use]
    pub const fn expected_size(&self) -> u64 {
        self.size
    }

    /// Verifies that a proof is valid for public values.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn verify(&self, proof: &[u8], public: &[U256]) -> Result<(), Refusal> {
        self.check_public(public)?;
        match Narrow::new(self.parameters.q) {
            Some(narrow) => self.verify_modulo(narrow, proof, public),
            None => self.verify_modulo(Wide::new(self.parameters.q), proof, public),
        }
    }

    fn verify_modulo<M: Residues>(&self, m: M, proof: &[u8], public: &[U256]) -> Result<(), Refusal> {
        let header = self.header(proof)?;
        let parts = Parts::of(proof, &header, &self.parameters)?;
        self.check_intervals(public)?;
        verifier::verify(&Instance::new(m, self, public)?, &header, &parts)
    }

    fn verify_bytes<M: Residues>(&self, instance: &Instance<'_, M>, proof: &[u8]) -> Result<(), Refusal> {
        let header = self.header(proof)?;
        verifier::verify(instance, &header, &Parts::of(proof, &header, &self.parameters)?)
    }

    /// The header of a proof at this security level.
    fn header(&self, proof: &[u8]) -> Result<Header, Refusal> {
        let header = Header::read(proof)?;
        check(
            header.security == self.parameters.security,
            Code::Length,
            "a proof at another security level",
        )?;
        Ok(header)
    }
}
