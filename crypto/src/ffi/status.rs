//! How calls end: a status, and one line that says why.

use std::cell::RefCell;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;

use super::memory::slice_mut;

/// How a call ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The call succeeded.
    Ok = 0,
    /// An argument or a file is wrong; the message says which and how to mend it.
    Invalid = 1,
    /// A defect of the library itself.
    Panic = 2,
}

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the body of a call; keeps the message of an error, and of a panic that of a defect.
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> Status {
    let (status, message) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return Status::Ok,
        Ok(Err(error)) => (Status::Invalid, format!("{error:#}")),
        Err(_) => (Status::Panic, "a defect in nexuszero-crypto; please report it with the input".into()),
    };
    LAST_ERROR.with_borrow_mut(|last| *last = message);
    status
}

/// Copies this thread's last message, NUL-terminated and cut to `capacity`; returns its full length.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nexuszero_last_error(buffer: *mut c_char, capacity: usize) -> usize {
    // SAFETY: the caller promises the room.
    let Ok(room) = (unsafe { slice_mut(buffer.cast::<u8>(), capacity) }) else { return 0 };
    LAST_ERROR.with_borrow(|message| {
        copy_text(message, room);
        message.len()
    })
}

/// Runs a call that answers with a text, NUL-terminated and cut to `capacity`.
///
/// # Safety
/// `buffer` has room for `capacity` bytes.
pub(super) unsafe fn give_text(
    buffer: *mut c_char,
    capacity: usize,
    text: impl FnOnce() -> Result<&'static str>,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises the room.
        let room = unsafe { slice_mut(buffer.cast::<u8>(), capacity)? };
        copy_text(text()?, room);
        Ok(())
    })
}

/// Copies a text, NUL-terminated and cut to the room at a character.
pub(super) fn copy_text(message: &str, room: &mut [u8]) {
    let Some(capacity) = room.len().checked_sub(1) else { return };
    let longest = capacity.min(message.len());
    let cut = (0..=longest).rev().find(|&end| message.is_char_boundary(end)).unwrap_or(0);

    room[..cut].copy_from_slice(&message.as_bytes()[..cut]);
    room[cut..].fill(0);
}
