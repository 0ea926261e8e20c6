//! Intervals of wires that are declared (labels.md, section 1.7).

use anyhow::{Context, Result, ensure};
use dashu_int::IBig;

use crate::field::{Field, to_ubig};

use super::interval::Interval;

/// Intervals to start from, by wire.
pub type Bounds = std::collections::BTreeMap<u32, Interval>;

/// Bits of a width beyond which no field reaches.
const MAX_WIDTH: u32 = 256;

/// Reads bounds from a JSON object from wire number to a width: `"bit"`, `"u8"`, `"i8"`, or `[lo, hi]`, integers of any
/// size.
///
/// # Errors
/// When the text is no such object; the line names the entry.
pub fn parse_bounds(json: &str) -> Result<Bounds> {
    let wrong = "bounds: a JSON object from wire number to a width (bit, uN, iN or [lo, hi]) is expected";
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).context(wrong)?;
    object.iter().map(|(wire, width)| parse_bound(wire, width).with_context(|| wrong)).collect()
}

fn parse_bound(wire: &str, width: &serde_json::Value) -> Result<(u32, Interval)> {
    let number = wire.parse().with_context(|| format!("{wire:?} is no wire number"))?;
    let interval = match width {
        serde_json::Value::String(name) => named_width(name),
        other => parse_ends(wire, other)?,
    };
    let unknown =
        || format!("wire {wire}: {width} is neither bit, uN, iN (N from 1 to {MAX_WIDTH}) nor [lo, hi]");
    Ok((number, interval.with_context(unknown)?))
}

fn parse_ends(wire: &str, pair: &serde_json::Value) -> Result<Option<Interval>> {
    let Some([lo, hi]) = pair.as_array().map(Vec::as_slice) else { return Ok(None) };
    let integer = |end: &serde_json::Value| {
        end.to_string().parse::<IBig>().with_context(|| format!("wire {wire}: {end} is not an integer"))
    };
    Ok(Some(Interval { lo: integer(lo)?, hi: integer(hi)? }))
}

/// `bit`, `uN` or `iN`, N a decimal without a sign or leading zeros.
fn named_width(name: &str) -> Option<Interval> {
    if name == "bit" {
        return Some(Interval { lo: IBig::ZERO, hi: IBig::ONE });
    }
    let (kind, digits) = name.split_at_checked(1)?;
    let decimal = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    let bits: u32 = digits.parse().ok().filter(|bits| decimal && (1..=MAX_WIDTH).contains(bits))?;
    let power = |bits: u32| IBig::ONE << bits as usize;
    match kind {
        "u" => Some(Interval { lo: IBig::ZERO, hi: power(bits) - 1 }),
        "i" => Some(Interval { lo: -power(bits - 1), hi: power(bits - 1) - 1 }),
        _ => None,
    }
}

/// Whether bounds are intervals of wires that exist, inside the signed field.
///
/// # Errors
/// When one is not; the line names it.
pub fn check_bounds(bounds: &Bounds, field: &Field, wires: u32) -> Result<()> {
    let signed = Interval::signed_field(&to_ubig(field.modulus()).into());
    for (&wire, bound) in bounds {
        let Interval { lo, hi } = bound;
        ensure!((1..wires).contains(&wire), "bound of wire {wire}: the circuit has wires 1 to {}", wires - 1);
        ensure!(lo <= hi, "bound of wire {wire}: [{lo}, {hi}] is empty");
        ensure!(
            bound.within(&signed),
            "bound of wire {wire}: [{lo}, {hi}] leaves the signed field [{}, {}]",
            signed.lo,
            signed.hi
        );
    }
    Ok(())
}
