//! Rows of the dataset: generated, or the graphs of given circuits; and their columns.

use std::ffi::c_char;

use anyhow::{Context, Result, ensure};

use crate::columns::{self, COLUMNS, Values};
use crate::dataset::{self, Rows, Shift};
use crate::graph::Graph;

use super::circuits::{Circuits, systems};
use super::memory::{by_number, hand_over, slice_mut, text};
use super::status::{Status, copy_text, guard};

/// More threads than any machine has are a mistake, and starting them would not end.
const MOST_THREADS: usize = 1024;

/// The graphs of all circuits as rows without labels (`x`, `edge_source`, ..., `nodes`, `edges`).
///
/// # Safety
/// `circuits` is a live handle, `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_circuits_graphs(
    circuits: *const Circuits,
    security: u32,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the handle.
        let systems = unsafe { systems(circuits)? };
        let mut rows = Rows::default();
        for system in systems {
            rows.push_graph(Graph::of(&system.r1cs, security));
        }
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(rows, out) }
    })
}

/// Generates stream positions `first..first + count`; `out` receives three handles: train, val, test.
/// `threads` of 0 means all cores, at most 1024; the rows do not depend on it.
///
/// # Safety
/// `out` has room for three handles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_generate(
    master_seed: u64,
    first: u64,
    count: u64,
    threads: usize,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        let threads = thread_count(threads)?;
        // SAFETY: the caller promises room for three handles.
        let out = unsafe { slice_mut(out, dataset::SPLITS.len())? };
        for (slot, rows) in out.iter_mut().zip(dataset::generate(master_seed, first, count, threads)?) {
            *slot = Box::into_raw(Box::new(rows));
        }
        Ok(())
    })
}

/// Generates the first `count` rows of the split train from stream position `first` on; `threads` as for
/// [`nexuszero_generate`].
///
/// # Safety
/// `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_generate_train(
    master_seed: u64,
    first: u64,
    count: usize,
    threads: usize,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        let rows = dataset::generate_train(master_seed, first, count, thread_count(threads)?)?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(rows, out) }
    })
}

/// Generates positions `first..first + count` of a shifted split's own stream: 0 is large circuits, 1 families
/// that training does not know.
///
/// # Safety
/// `out` has room for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_generate_shifted(
    shift: u8,
    master_seed: u64,
    first: u64,
    count: u64,
    threads: usize,
    out: *mut *mut Rows,
) -> Status {
    guard(|| {
        let shift = by_number("shift", &Shift::ALL, shift.into())?;
        let threads = thread_count(threads)?;
        let rows = dataset::generate_shifted(*shift, master_seed, first, count, threads)?;
        // SAFETY: the caller promises room for a handle.
        unsafe { hand_over(rows, out) }
    })
}

fn thread_count(threads: usize) -> Result<usize> {
    ensure!(threads <= MOST_THREADS, "threads is {threads}; it must be at most {MOST_THREADS}");
    Ok(threads)
}

/// Frees a handle; null is allowed.
///
/// # Safety
/// `rows` is null or a live handle, which dies here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_rows_free(rows: *mut Rows) {
    if !rows.is_null() {
        // SAFETY: the handle came from the library, and the caller promises that it is live.
        drop(unsafe { Box::from_raw(rows) });
    }
}

/// A block of memory that belongs to a handle.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The first byte.
    pub data: *const u8,
    /// Bytes.
    pub bytes: usize,
}

/// A column of generated rows by its name (the schema's, without `circuit/`). It lives as long as the handle.
///
/// # Safety
/// `rows` is a live handle, `name` NUL-terminated, `out` has room for a column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_rows_column(
    rows: *const Rows,
    name: *const c_char,
    out: *mut Column,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises all three.
        let (rows, name) = unsafe { (rows.as_ref(), text(name)?) };
        let rows = rows.context("a null pointer where rows were promised")?;
        let known = columns::by_name(name).with_context(|| format!("there is no column {name:?}"))?;
        let Values { data, bytes, .. } = (known.values)(rows);
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, 1)? };
        out[0] = Column { data, bytes };
        Ok(())
    })
}

/// What a column holds (literal lengths: header readers know no constants).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ColumnInfo {
    /// Its name, NUL-terminated.
    pub name: [u8; 32],
    /// Type of a number in NumPy's letters (`f4`, `u2`, ...), NUL-terminated.
    pub dtype: [u8; 4],
    /// Numbers in an item; 0 where the item is a number itself.
    pub width: u32,
}

impl ColumnInfo {
    fn of(column: &columns::Column) -> Self {
        let Values { dtype, width, .. } = (column.values)(&Rows::default());
        let mut info = Self { name: [0; 32], dtype: [0; 4], width: width as u32 };
        copy_text(column.name, &mut info.name);
        copy_text(dtype, &mut info.dtype);
        info
    }
}

/// Number of columns that [`nexuszero_rows_column`] knows.
#[unsafe(no_mangle)]
pub extern "C" fn nexuszero_column_count() -> usize {
    COLUMNS.len()
}

/// Name, element type and width of column `index`.
///
/// # Safety
/// `out` has room for a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_column_info(index: usize, out: *mut ColumnInfo) -> Status {
    guard(|| {
        let column = by_number("column", &COLUMNS, index)?;
        // SAFETY: the caller promises the room.
        let out = unsafe { slice_mut(out, 1)? };
        out[0] = ColumnInfo::of(column);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_described_and_found_by_name() {
        let rows = Rows::default();
        let mut info = ColumnInfo { name: [9; 32], dtype: [9; 4], width: 99 };
        let mut column = Column { data: std::ptr::null(), bytes: 9 };
        for index in 0..nexuszero_column_count() {
            // SAFETY: room for a record, a live handle and the name that was just written.
            let status = unsafe {
                let described = nexuszero_column_info(index, &mut info);
                (described, nexuszero_rows_column(&rows, info.name.as_ptr().cast(), &mut column))
            };
            assert_eq!((status, column.bytes), ((Status::Ok, Status::Ok), 0));
            assert_eq!((info.name[31], info.dtype[3]), (0, 0));
        }
        // SAFETY: room for a record.
        let beyond = unsafe { nexuszero_column_info(nexuszero_column_count(), &mut info) };
        assert_eq!(beyond, Status::Invalid);
    }
}
