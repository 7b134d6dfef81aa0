//! SQLite's files under encryption: a VFS over the system's own one that seals what is written and opens what is read
//! (<https://sqlite.org/vfs.html>). Everything else (syncs, sizes, locks, names) goes through untouched, so that the
//! database keeps its promises under a power cut; the harness of `tests/power_cut.rs` runs on it too.
//!
//! What must stay true: every file that SQLite opens by this VFS is sealed, temporary ones too; memory mapping is off
//! (methods of version 1); the disk outlives its connections. Why a VFS of our own: docs/decisions/0013.

#![allow(unsafe_code, reason = "SQLite's VFS is a C interface; it is reached from here only")]

mod cipher;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

use crate::LearnerKey;
use cipher::{Cipher, Kind, unit};

/// An encrypted disk, registered with SQLite under a name of its own until it is dropped.
pub struct SealedDisk {
    /// Points to `inner`; boxes do not move.
    vfs: Box<ffi::sqlite3_vfs>,
    name: CString,
    inner: Box<Inner>,
}

/// What every file of the disk needs.
struct Inner {
    real: *mut ffi::sqlite3_vfs,
    cipher: Cipher,
}

// SAFETY: after `register` nothing in it changes; SQLite's registry has a mutex of its own, and the real VFS is made to
// be called from all threads.
unsafe impl Send for SealedDisk {}
// SAFETY: as above.
unsafe impl Sync for SealedDisk {}

impl SealedDisk {
    /// The disk of a learner, over the process's default VFS. Errors: SQLite has no VFS, or no memory.
    pub fn register(key: &LearnerKey) -> Result<Self, rusqlite::Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let failed = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = CString::new(format!("daypack-sealed-{number}")).map_err(|_| failed(ffi::SQLITE_NOMEM))?;
        // SAFETY: SQLite initialises itself in `vfs_find`; the default VFS lives as long as the process.
        unsafe {
            let real = ffi::sqlite3_vfs_find(std::ptr::null());
            if real.is_null() {
                return Err(failed(ffi::SQLITE_NOTFOUND));
            }
            let mut inner = Box::new(Inner { real, cipher: Cipher::new(key.derived("disk").as_slice()) });
            let mut vfs = Box::new(*real);
            vfs.szOsFile = ours() + (*real).szOsFile;
            vfs.pNext = std::ptr::null_mut();
            vfs.zName = name.as_ptr();
            vfs.pAppData = (&raw mut *inner).cast();
            vfs.xOpen = Some(open);
            match ffi::sqlite3_vfs_register(&raw mut *vfs, 0) {
                ffi::SQLITE_OK => Ok(Self { vfs, name, inner }),
                code => Err(failed(code)),
            }
        }
    }

    /// The VFS to open a database with. A database under another key looks like no database at all: whoever opens
    /// one has proven the key first ([`crate::Lockbox`]).
    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// Seals the whole bytes of a database: as if SQLite had written them here. A length of whole blocks only.
    pub(crate) fn seal_database(&self, bytes: &mut [u8]) {
        self.inner.cipher.seal(Kind::Pages, 0, bytes);
    }

    /// Opens the whole bytes of a file that SQLite wrote here; the file's name tells its kind. What the end cuts was
    /// never written whole and is left off.
    pub(crate) fn open_file(&self, name: &str, bytes: &mut Vec<u8>) {
        let kind = match name {
            name if name.ends_with("-wal") => Kind::Wal,
            name if name.ends_with("-journal") => Kind::Journal,
            _ => Kind::Pages,
        };
        let length = bytes.len() as u64;
        if let Some(last) = length.checked_sub(1) {
            let (start, end) = unit(kind, last);
            if end > length {
                bytes.truncate(usize::try_from(start).unwrap_or(0));
            }
        }
        self.inner.cipher.open(kind, 0, bytes);
    }
}

impl Drop for SealedDisk {
    fn drop(&mut self) {
        // SAFETY: registered by `register`; whoever holds a connection holds the disk longer.
        unsafe { ffi::sqlite3_vfs_unregister(&raw mut *self.vfs) };
    }
}

/// An open file: ours, and behind it in the same memory the real one.
#[repr(C, align(8))]
struct Handle {
    base: ffi::sqlite3_file,
    inner: *const Inner,
    kind: Kind,
}

fn ours() -> c_int {
    // A few words; the cast cannot cut.
    size_of::<Handle>() as c_int
}

/// The real file behind ours.
///
/// # Safety
/// `file` points to the memory that SQLite gave to [`open`].
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: the room for the real file begins right behind ours.
    unsafe { file.cast::<u8>().add(size_of::<Handle>()).cast() }
}

/// Calls a method of the real file; a method that it lacks is an input/output error.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: opened by `open`, which succeeded, so the real file has its methods.
        unsafe {
            let real = real($file);
            match (*(*real).pMethods).$method {
                Some(method) => method(real $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that we registered and room for `szOsFile` bytes.
    unsafe {
        let inner = (*vfs).pAppData.cast::<Inner>();
        let handle = file.cast::<Handle>();
        (*handle).base.pMethods = std::ptr::null();
        let below = real(file);
        (*below).pMethods = std::ptr::null();
        let Some(open) = (*(*inner).real).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = open((*inner).real, name, below, flags, out);
        if code != ffi::SQLITE_OK {
            // A file that has methods although it did not open wants to be closed.
            if let Some(close) = (*below).pMethods.as_ref().and_then(|methods| methods.xClose) {
                close(below);
            }
            return code;
        }
        (*handle).inner = inner;
        (*handle).kind = match () {
            () if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 => Kind::Pages,
            () if flags & ffi::SQLITE_OPEN_WAL != 0 => Kind::Wal,
            () if flags & ffi::SQLITE_OPEN_MAIN_JOURNAL != 0 => Kind::Journal,
            () => Kind::Other,
        };
        (*handle).base.pMethods = &METHODS;
    }
    ffi::SQLITE_OK
}

/// Reads whole units from `start` on and opens them; what lies behind the end of the file is zeros.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn read_units(file: *mut ffi::sqlite3_file, start: u64, bytes: &mut [u8]) -> c_int {
    let (Ok(length), Ok(at)) = (c_int::try_from(bytes.len()), i64::try_from(start)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    let code = pass!(file, xRead, bytes.as_mut_ptr().cast::<c_void>(), length, at);
    if code != ffi::SQLITE_OK && code != ffi::SQLITE_IOERR_SHORT_READ {
        return code;
    }
    let mut there = bytes.len();
    if code == ffi::SQLITE_IOERR_SHORT_READ {
        let mut size = 0_i64;
        let code = pass!(file, xFileSize, &raw mut size);
        if code != ffi::SQLITE_OK {
            return code;
        }
        let left = u64::try_from(size).unwrap_or(0).saturating_sub(start);
        there = usize::try_from(left).unwrap_or(usize::MAX).min(there);
    }
    // SAFETY: opened by `open`.
    let (inner, kind) = unsafe {
        let handle = file.cast::<Handle>();
        (&*(*handle).inner, (*handle).kind)
    };
    // A unit that the end of the file cuts was never written whole: it is nothing.
    while there > 0 && unit(kind, start + there as u64 - 1).1 > start + there as u64 {
        let (begins, _) = unit(kind, start + there as u64 - 1);
        there = usize::try_from(begins.saturating_sub(start)).unwrap_or(0);
    }
    let (whole, rest) = bytes.split_at_mut(there);
    inner.cipher.open(kind, start, whole);
    rest.fill(0);
    code
}

/// The whole units around `at..at + length`.
fn around(kind: Kind, at: u64, length: u64) -> (u64, u64) {
    (unit(kind, at).0, unit(kind, at + length.max(1) - 1).1)
}

/// What SQLite passes as place and length.
fn place(at: i64, n: c_int) -> Option<(u64, usize)> {
    Some((u64::try_from(at).ok()?, usize::try_from(n).ok()?))
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, at: i64) -> c_int {
    let Some((at, n)) = place(at, n) else { return ffi::SQLITE_IOERR_READ };
    // SAFETY: SQLite passes room for `n` bytes; opened by `open`.
    let (to, kind) =
        unsafe { (std::slice::from_raw_parts_mut(to.cast::<u8>(), n), (*file.cast::<Handle>()).kind) };
    let (start, end) = around(kind, at, n as u64);
    if (start, end) == (at, at + n as u64) {
        // SAFETY: opened by `open`.
        return unsafe { read_units(file, start, to) };
    }
    let Ok(length) = usize::try_from(end - start) else { return ffi::SQLITE_IOERR_READ };
    let mut wide = vec![0; length];
    // SAFETY: opened by `open`.
    let code = unsafe { read_units(file, start, &mut wide) };
    let from = usize::try_from(at - start).unwrap_or(length);
    match wide.get(from..from + n) {
        Some(part) => to.copy_from_slice(part),
        None => return ffi::SQLITE_IOERR_READ,
    }
    if code != ffi::SQLITE_IOERR_SHORT_READ {
        return code;
    }
    let mut size = 0_i64;
    match pass!(file, xFileSize, &raw mut size) {
        ffi::SQLITE_OK if u64::try_from(size).unwrap_or(0) >= at + n as u64 => ffi::SQLITE_OK,
        ffi::SQLITE_OK => ffi::SQLITE_IOERR_SHORT_READ,
        code => code,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, at: i64) -> c_int {
    let Some((at, n)) = place(at, n) else { return ffi::SQLITE_IOERR_WRITE };
    // SAFETY: SQLite passes `n` bytes; opened by `open`.
    let (from, inner, kind) = unsafe {
        let handle = file.cast::<Handle>();
        (std::slice::from_raw_parts(from.cast::<u8>(), n), &*(*handle).inner, (*handle).kind)
    };
    let (start, end) = around(kind, at, n as u64);
    let Ok(length) = usize::try_from(end - start) else { return ffi::SQLITE_IOERR_WRITE };
    let mut wide = vec![0; length];
    if length != n {
        // Only a rollback journal is written in pieces that are no whole units (when a database is made).
        // SAFETY: opened by `open`.
        let code = unsafe { read_units(file, start, &mut wide) };
        if code != ffi::SQLITE_OK && code != ffi::SQLITE_IOERR_SHORT_READ {
            return code;
        }
    }
    let skipped = usize::try_from(at - start).unwrap_or(length);
    match wide.get_mut(skipped..skipped + n) {
        Some(part) => part.copy_from_slice(from),
        None => return ffi::SQLITE_IOERR_WRITE,
    }
    inner.cipher.seal(kind, start, &mut wide);
    let (Ok(length), Ok(start)) = (c_int::try_from(length), i64::try_from(start)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    pass!(file, xWrite, wide.as_ptr().cast::<c_void>(), length, start)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xClose)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    pass!(file, xTruncate, length)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    pass!(file, xSync, flags)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    pass!(file, xFileSize, out)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, out)
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    pass!(file, xFileControl, what, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}
