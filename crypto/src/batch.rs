//! Batches: the rows of chosen circuits, copied side by side as one graph.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

use crate::graph::{EDGE_FEATURES, NODE_FEATURES};

/// The columns of a split, circuits one after another.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// `[nodes, 12]`.
    pub x: &'a [f32],
    /// `[nodes]`.
    pub node_bits: &'a [u16],
    /// `[edges]` twice: wires and constraints, counted within their circuit.
    pub ends: [&'a [i32]; 2],
    /// `[edges, 5]`.
    pub edge_attr: &'a [f32],
    /// `[circuits + 1]`: circuit `c` has the nodes `node_ptr[c]..node_ptr[c + 1]`.
    pub node_ptr: &'a [i64],
    /// `[circuits + 1]`: the same of edges.
    pub edge_ptr: &'a [i64],
}

/// Room for a batch.
#[derive(Debug)]
pub struct Batch<'a> {
    /// `[nodes, 12]`.
    pub x: &'a mut [f32],
    /// `[nodes]`.
    pub node_bits: &'a mut [f32],
    /// `[nodes]`: the place of each node's circuit among the chosen.
    pub graph: &'a mut [i64],
    /// `[edges]` twice: wires and constraints, counted within the batch.
    pub ends: [&'a mut [i64]; 2],
    /// `[edges, 5]`.
    pub edge_attr: &'a mut [f32],
}

impl Columns<'_> {
    /// Copies the chosen circuits in their order, nodes on one core and edges on another.
    ///
    /// # Errors
    /// When a circuit does not exist, when its rows do not, or when the chosen ones do not fill the room.
    pub fn copy(&self, chosen: &[i64], to: Batch<'_>) -> Result<()> {
        let Batch { x, node_bits, graph, ends, edge_attr } = to;
        let nodes = || self.copy_nodes(chosen, x, node_bits, graph);
        let (nodes, edges) = rayon::join(nodes, || self.copy_edges(chosen, ends, edge_attr));
        nodes.and(edges)
    }

    fn copy_nodes(
        &self,
        chosen: &[i64],
        mut x: &mut [f32],
        mut node_bits: &mut [f32],
        mut graph: &mut [i64],
    ) -> Result<()> {
        for (place, &circuit) in (0..).zip(chosen) {
            let rows = rows(self.node_ptr, circuit)?;
            let (features, bits) = (part(self.x, &rows, NODE_FEATURES)?, part(self.node_bits, &rows, 1)?);
            room(&mut x, features.len())?.copy_from_slice(features);
            room(&mut node_bits, rows.len())?.iter_mut().zip(bits).for_each(|(to, &bits)| *to = bits.into());
            room(&mut graph, rows.len())?.fill(place);
        }
        ensure!(
            x.is_empty() && node_bits.is_empty() && graph.is_empty(),
            "the chosen circuits have fewer nodes"
        );
        Ok(())
    }

    fn copy_edges(&self, chosen: &[i64], mut ends: [&mut [i64]; 2], mut edge_attr: &mut [f32]) -> Result<()> {
        let mut before = 0;
        for &circuit in chosen {
            let edges = rows(self.edge_ptr, circuit)?;
            for (to, from) in ends.iter_mut().zip(self.ends) {
                let from = part(from, &edges, 1)?;
                room(to, edges.len())?
                    .iter_mut()
                    .zip(from)
                    .for_each(|(to, &end)| *to = before + i64::from(end));
            }
            let attr = part(self.edge_attr, &edges, EDGE_FEATURES)?;
            room(&mut edge_attr, attr.len())?.copy_from_slice(attr);
            before += rows(self.node_ptr, circuit)?.len() as i64;
        }
        ensure!(
            edge_attr.is_empty() && ends.iter().all(|to| to.is_empty()),
            "the chosen circuits have fewer edges"
        );
        Ok(())
    }
}

fn rows(pointer: &[i64], circuit: i64) -> Result<Range<usize>> {
    let bounds = usize::try_from(circuit).ok().and_then(|at| pointer.get(at..at.checked_add(2)?));
    let bounds = bounds.with_context(|| format!("there is no circuit {circuit}"))?;
    let [first, last] = [0, 1].map(|end| usize::try_from(bounds[end]).unwrap_or(usize::MAX));
    ensure!(first <= last && last < usize::MAX, "circuit {circuit} has no rows {bounds:?}");
    Ok(first..last)
}

fn part<'a, T>(column: &'a [T], rows: &Range<usize>, width: usize) -> Result<&'a [T]> {
    let values = rows.start.saturating_mul(width)..rows.end.saturating_mul(width);
    column.get(values).with_context(|| format!("a column ends before row {}", rows.end))
}

fn room<'a, T>(rest: &mut &'a mut [T], count: usize) -> Result<&'a mut [T]> {
    rest.split_off_mut(..count).context("there is no room for the chosen circuits")
}
