//! Intervals of wires that are known beforehand (labels.md, section 1.2).

use anyhow::{Context, Result};
use dashu_int::IBig;

use super::interval::Interval;

/// Intervals to start from, by wire.
pub type Bounds = std::collections::BTreeMap<u32, Interval>;

/// Reads bounds from a JSON object from wire number to `[lo, hi]`, integers of any size.
///
/// # Errors
/// When the text is no such object; the line names the entry.
pub fn parse_bounds(json: &str) -> Result<Bounds> {
    let wrong = "bounds: a JSON object from wire number to [lo, hi] is expected";
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).context(wrong)?;
    object.iter().map(|(wire, pair)| parse_bound(wire, pair).with_context(|| wrong)).collect()
}

fn parse_bound(wire: &str, pair: &serde_json::Value) -> Result<(u32, Interval)> {
    let number = wire.parse().with_context(|| format!("{wire:?} is no wire number"))?;
    let ends = pair.as_array().filter(|ends| ends.len() == 2);
    let ends = ends.with_context(|| format!("wire {wire}: {pair} is not [lo, hi]"))?;
    let integer = |end: &serde_json::Value| {
        end.to_string().parse::<IBig>().with_context(|| format!("wire {wire}: {end} is not an integer"))
    };
    Ok((number, Interval { lo: integer(&ends[0])?, hi: integer(&ends[1])? }))
}
