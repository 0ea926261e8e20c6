//! Why a proof is not accepted (proof.md, section 11).

use std::fmt;

/// The first check that fails, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// R1: the statement is refused.
    Statement = 1,
    /// R2: no parameters are sound.
    Parameters,
    /// R3: too short for a header, or another magic or version.
    Header,
    /// R4: lambda, or a length.
    Length,
    /// R5: a public value outside its interval.
    PublicValue,
    /// R6: a linear constraint of public wires alone is false.
    PublicConstraint,
    /// R7: a proof of another statement.
    OtherStatement,
    /// R8: a number of the cut commitment is too large.
    Commitment,
    /// R9: a number of a row or of a mask's answer is not below q.
    Row,
    /// R10: a bit of the padding.
    Padding,
    /// R11: the coded part.
    Coding,
    /// R12: a hint is too large.
    Hint,
    /// R13: the norm of an opening.
    Norm,
    /// R14: the challenge is another.
    Challenge,
}

impl Code {
    /// Its number, 1 to 14.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "R{}", self.number())
    }
}

/// Why a proof is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is rejected; R1 and R2 are faults of the question, the others of the proof.
    Rejected {
        /// The check that failed.
        code: Code,
        /// One line.
        reason: String,
    },
    /// A work limit of this program ended verification. Nothing is said of the proof.
    NotDecided(String),
}

impl Refusal {
    pub(super) fn new(code: Code, reason: impl Into<String>) -> Self {
        Self::Rejected { code, reason: reason.into() }
    }

    /// The check that failed; nothing if none did.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Rejected { code, .. } => Some(*code),
            Self::NotDecided(_) => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { code, reason } => write!(out, "{code}: {reason}"),
            Self::NotDecided(reason) => write!(out, "not decided: {reason}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Rejects with a code unless a condition holds.
pub(super) fn check(holds: bool, code: Code, reason: &str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::new(code, reason)) }
}
