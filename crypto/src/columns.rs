//! The dataset's columns, in one list (dataset.md, section 1).
//!
//! Columns are looked up here by their names, and the C ABI describes them from here. Element type and width
//! come from the Rust type of the values, so no second table can differ from them.

use std::marker::PhantomData;

use crate::dataset::Rows;
use crate::graph::{EDGE_FEATURES, NODE_FEATURES};

/// A column: its name in the schema, without `circuit/`, and where a split keeps its values.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The schema's name.
    pub name: &'static str,
    /// The values in a split.
    pub values: fn(&Rows) -> Values<'_>,
}

/// The values of a column: a block of memory and what stands in it.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Type of a number, in NumPy's letters.
    pub dtype: &'static str,
    /// Numbers in an item; 0 where the item is a number itself.
    pub width: usize,
    /// The first byte.
    pub data: *const u8,
    /// Bytes of all items.
    pub bytes: usize,
    rows: PhantomData<&'a Rows>,
}

impl<'a> Values<'a> {
    const fn of<T: Item>(items: &'a [T]) -> Self {
        Self {
            dtype: T::DTYPE,
            width: T::WIDTH,
            data: items.as_ptr().cast(),
            bytes: size_of_val(items),
            rows: PhantomData,
        }
    }
}

/// What a column may hold: numbers, or arrays of them.
trait Item {
    const DTYPE: &'static str;
    const WIDTH: usize = 0;
}

macro_rules! numbers {
    ($($number:ty: $dtype:literal),*) => {
        $(impl Item for $number {
            const DTYPE: &'static str = $dtype;
        })*
    };
}

numbers!(u8: "u1", u16: "u2", u32: "u4", u64: "u8", i32: "i4", i64: "i8", f32: "f4", f64: "f8");

impl<T: Item, const N: usize> Item for [T; N] {
    const DTYPE: &'static str = T::DTYPE;
    const WIDTH: usize = N;
}

const fn column(name: &'static str, values: fn(&Rows) -> Values<'_>) -> Column {
    Column { name, values }
}

/// All columns.
pub const COLUMNS: [Column; 23] = [
    column("x", |rows| Values::of(rows.graph.x.as_chunks::<NODE_FEATURES>().0)),
    column("edge_source", |rows| Values::of(&rows.graph.edge_source)),
    column("edge_target", |rows| Values::of(&rows.graph.edge_target)),
    column("edge_attr", |rows| Values::of(rows.graph.edge_attr.as_chunks::<EDGE_FEATURES>().0)),
    column("node_bits", |rows| Values::of(&rows.node_bits)),
    column("node_ends", |rows| Values::of(&rows.node_ends)),
    column("node_rounds", |rows| Values::of(&rows.node_rounds)),
    column("nodes", |rows| Values::of(&rows.nodes)),
    column("edges", |rows| Values::of(&rows.edges)),
    column("params", |rows| Values::of(&rows.params)),
    column("metrics", |rows| Values::of(&rows.metrics)),
    column("seed", |rows| Values::of(&rows.seed)),
    column("family", |rows| Values::of(&rows.family)),
    column("security", |rows| Values::of(&rows.security)),
    column("field_bits", |rows| Values::of(&rows.field_bits)),
    column("wires", |rows| Values::of(&rows.wires)),
    column("constraints", |rows| Values::of(&rows.constraints)),
    column("dropped", |rows| Values::of(&rows.dropped)),
    column("hints", |rows| Values::of(&rows.hints)),
    column("forms", |rows| Values::of(&rows.forms)),
    column("heights", |rows| Values::of(&rows.heights)),
    column("bits", |rows| Values::of(&rows.bits)),
    column("liftable", |rows| Values::of(&rows.liftable)),
];

/// The column of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::generate;

    #[test]
    fn columns_have_an_item_a_node_an_edge_or_a_circuit() {
        let [rows, ..] = generate(42, 0, 20, 1).unwrap();
        let counts = [rows.graph.nodes(), rows.graph.edges(), rows.seed.len()];
        for column in COLUMNS {
            let values = (column.values)(&rows);
            let size: usize = values.dtype[1..].parse().unwrap();
            let items = values.bytes / (size * values.width.max(1));
            let by = match column.name {
                "x" | "node_bits" | "node_ends" | "node_rounds" => 0,
                "edge_source" | "edge_target" | "edge_attr" => 1,
                _ => 2,
            };
            assert_eq!(items, counts[by], "{}", column.name);
        }
    }

    #[test]
    fn names_are_distinct_and_shapes_those_of_the_schema() {
        let none = Rows::default();
        let shape = |name| by_name(name).map(|column| (column.values)(&none)).map(|it| (it.dtype, it.width));
        for (index, column) in COLUMNS.iter().enumerate() {
            assert_eq!(COLUMNS.iter().position(|other| other.name == column.name), Some(index));
        }
        assert_eq!(shape("x"), Some(("f4", 12)));
        assert_eq!(shape("edge_attr"), Some(("f4", 5)));
        assert_eq!(shape("params"), Some(("f8", 3)));
        assert_eq!(shape("heights"), Some(("u4", 5)));
        assert_eq!(shape("dropped"), Some(("u4", 0)));
        assert_eq!(shape("hints"), Some(("u4", 0)));
        assert_eq!(shape("seed"), Some(("u8", 0)));
        assert_eq!(shape("node_bits"), Some(("u2", 0)));
        assert_eq!(shape("label"), None);
    }
}
