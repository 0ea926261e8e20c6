//! What the caller promises: arrays, texts and room, each checked for null; and batches over arrays.

use std::ffi::{CStr, c_char};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

/// # Safety
/// `data` points to `count` readable values, or `count` is zero.
pub(super) unsafe fn slice<'a, T>(data: *const T, count: usize) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    ensure!(!data.is_null(), "a null pointer where {count} values were promised");
    // SAFETY: not null, and the caller promises `count` values.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// # Safety
/// `data` points to `count` writable values, or `count` is zero.
pub(super) unsafe fn slice_mut<'a, T>(data: *mut T, count: usize) -> Result<&'a mut [T]> {
    if count == 0 {
        return Ok(&mut []);
    }
    ensure!(!data.is_null(), "a null pointer where room for {count} values was promised");
    // SAFETY: not null, and the caller promises room for `count` values.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, count) })
}

/// # Safety
/// `text` is null or a NUL-terminated string.
pub(super) unsafe fn text<'a>(text: *const c_char) -> Result<&'a str> {
    ensure!(!text.is_null(), "a null pointer where a text was promised");
    // SAFETY: not null, and the caller promises a NUL-terminated string.
    unsafe { CStr::from_ptr(text) }.to_str().context("a text is not UTF-8")
}

/// # Safety
/// `out` has room for a value.
pub(super) unsafe fn give<T>(value: T, out: *mut T) -> Result<()> {
    ensure!(!out.is_null(), "a null pointer where room for a value was promised");
    // SAFETY: not null, and the caller promises the room.
    unsafe { out.write(value) };
    Ok(())
}

/// # Safety
/// `out` has room for a pointer.
pub(super) unsafe fn hand_over<T>(value: T, out: *mut *mut T) -> Result<()> {
    ensure!(!out.is_null(), "a null pointer where room for a handle was promised");
    // SAFETY: the caller promises the room.
    unsafe { give(Box::into_raw(Box::new(value)), out) }
}

/// What has a number in the C ABI.
pub(super) fn by_number<'a, T>(what: &str, all: &'a [T], number: usize) -> Result<&'a T> {
    all.get(number).with_context(|| format!("{what} {number}: there are {}, from 0 on", all.len()))
}

/// Applies `each` to all rows in parallel; the first failing row is named.
pub(super) fn fill<Q: Sync, R: Send>(
    queries: &[Q],
    out: &mut [R],
    each: impl Fn(&Q) -> Result<R> + Sync,
) -> Result<()> {
    let single = queries.len() == 1;
    queries.par_iter().zip(out).enumerate().try_for_each(|(row, (query, slot))| {
        let result = each(query);
        let named = if single { result } else { result.with_context(|| format!("row {}", row + 1)) };
        *slot = named?;
        Ok(())
    })
}
