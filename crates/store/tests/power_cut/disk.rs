//! A disk in memory that SQLite writes to through a VFS of its own, and that remembers every write, truncation,
//! deletion and sync in order (<https://sqlite.org/vfs.html>). It is the process's default VFS.
//!
//! It can fail: from the n-th change on, once or for ever, as a broken or as a full disk.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use daypack_store::disk::End;
use rusqlite::ffi;

/// One thing that happened to a file, or a mark of the test's own.
#[derive(Clone, Debug)]
pub enum Event {
    Write {
        file: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        len: usize,
    },
    Delete {
        file: String,
        synced: bool,
    },
    Sync {
        file: String,
    },
    /// A new, empty file whose name is on the disk.
    Create {
        file: String,
    },
    /// Another name, on the disk at once.
    Rename {
        from: String,
        to: String,
    },
    /// The store said that so many deeds are saved.
    Saved(usize),
}

/// Path -> bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How changes fail.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// After so many changes.
    pub after: usize,
    /// From then on always, else once.
    pub for_ever: bool,
    /// What SQLite is told.
    pub code: c_int,
}

#[derive(Default)]
struct Disk {
    files: Files,
    events: Vec<Event>,
    fault: Option<Fault>,
    changes: usize,
    hits: usize,
}

static DISK: Mutex<Option<Disk>> = Mutex::new(None);
static TURN: Mutex<()> = Mutex::new(());
static REGISTERED: Once = Once::new();

/// The disk for one test: tests take turns.
pub struct Turn(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

/// An empty disk under SQLite's files.
pub fn insert() -> Turn {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    REGISTERED.call_once(register);
    with(|disk| *disk = Disk::default());
    Turn(turn)
}

impl Turn {
    /// Puts other bytes on the disk and forgets what happened.
    pub fn load(&self, files: Files, fault: Option<Fault>) {
        with(|disk| *disk = Disk { files, fault, ..Disk::default() });
    }

    /// Takes the fault away.
    pub fn repair(&self) {
        with(|disk| disk.fault = None);
    }

    /// The bytes as a reader sees them now.
    pub fn files(&self) -> Files {
        with(|disk| disk.files.clone())
    }

    /// All that happened.
    pub fn events(&self) -> Vec<Event> {
        with(|disk| disk.events.clone())
    }

    /// How many changes were tried, and how many of them failed.
    pub fn changes(&self) -> (usize, usize) {
        with(|disk| (disk.changes, disk.hits))
    }

    /// Marks that the store called so many deeds saved.
    pub fn saved(&self, deeds: usize) {
        with(|disk| disk.events.push(Event::Saved(deeds)));
    }

    /// The name of `<dir>/<file>` on this disk.
    pub fn name(dir: &Path, file: &str) -> String {
        dir.join(file).to_string_lossy().into_owned()
    }
}

/// Puts bytes at a place, filling a gap with zeros.
pub fn write_at(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn with<T>(f: impl FnOnce(&mut Disk) -> T) -> T {
    let mut disk = DISK.lock().unwrap_or_else(PoisonError::into_inner);
    f(disk.get_or_insert_with(Disk::default))
}

/// What the store keeps beside its databases, on the same disk.
#[derive(Clone, Copy)]
pub struct Beside;

struct Tail(String);

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn change_io(f: impl FnOnce(&mut Disk)) -> Result<()> {
    match change(f) {
        ffi::SQLITE_OK => Ok(()),
        ffi::SQLITE_FULL => Err(ErrorKind::StorageFull.into()),
        _ => Err(Error::from_raw_os_error(5)),
    }
}

fn there<T>(path: &Path, f: impl FnOnce(&Vec<u8>) -> T) -> Result<T> {
    with(|disk| disk.files.get(&name(path)).map(f)).ok_or_else(|| ErrorKind::NotFound.into())
}

impl daypack_store::disk::Disk for Beside {
    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        there(path, Vec::clone)
    }

    fn len(&self, path: &Path) -> Result<u64> {
        there(path, |bytes| bytes.len() as u64)
    }

    fn names(&self, dir: &Path) -> Result<Vec<String>> {
        let prefix = format!("{}/", name(dir));
        let inside =
            |file: &String| file.strip_prefix(&prefix).filter(|f| !f.contains('/')).map(str::to_owned);
        Ok(with(|disk| disk.files.keys().filter_map(inside).collect()))
    }

    fn make_dir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> Result<Box<dyn End>> {
        if there(path, |_| ()).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let file = name(path);
        change_io(|disk| {
            disk.files.insert(file.clone(), Vec::new());
            disk.events.push(Event::Create { file: file.clone() });
        })?;
        Ok(Box::new(Tail(file)))
    }

    fn open_end(&self, path: &Path) -> Result<Box<dyn End>> {
        there(path, |_| ())?;
        Ok(Box::new(Tail(name(path))))
    }

    fn sync(&self, path: &Path) -> Result<()> {
        there(path, |_| ())?;
        change_io(|disk| disk.events.push(Event::Sync { file: name(path) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        there(from, |_| ())?;
        change_io(|disk| {
            let bytes = disk.files.remove(&name(from)).unwrap();
            disk.files.insert(name(to), bytes);
            disk.events.push(Event::Rename { from: name(from), to: name(to) });
        })
    }

    fn remove(&self, path: &Path) -> Result<()> {
        there(path, |_| ())?;
        change_io(|disk| {
            disk.files.remove(&name(path));
            disk.events.push(Event::Delete { file: name(path), synced: true });
        })
    }

    fn free(&self, _: &Path) -> Result<u64> {
        Ok(with(|disk| if disk.fault.is_some_and(|f| f.code == ffi::SQLITE_FULL) { 0 } else { 1 << 40 }))
    }

    fn reserve(&self, _: &Path, _: u64) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

impl End for Tail {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        change_io(|disk| {
            let file = disk.files.entry(self.0.clone()).or_default();
            let at = file.len();
            file.extend_from_slice(bytes);
            disk.events.push(Event::Write { file: self.0.clone(), at, bytes: bytes.to_vec() });
        })
    }

    fn sync(&mut self) -> Result<()> {
        change_io(|disk| disk.events.push(Event::Sync { file: self.0.clone() }))
    }
}

/// Does a change unless it is its turn to fail.
fn change(f: impl FnOnce(&mut Disk)) -> c_int {
    with(|disk| {
        disk.changes += 1;
        let n = disk.changes;
        let fails = |fault: &Fault| n == fault.after + 1 || (fault.for_ever && n > fault.after);
        if let Some(fault) = disk.fault.filter(fails) {
            disk.hits += 1;
            return fault.code;
        }
        f(disk);
        ffi::SQLITE_OK
    })
}

#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    name: *mut String,
    is_temporary: bool,
}

/// # Safety
/// `file` was opened by [`open`] and not closed yet.
unsafe fn name_of<'a>(file: *mut ffi::sqlite3_file) -> &'a str {
    unsafe { &*(*file.cast::<Handle>()).name }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(character),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn register() {
    // SAFETY: the real default VFS lives for ever; the copy below is leaked and does too.
    unsafe {
        let real = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!real.is_null());
        let mut vfs = *real;
        vfs.iVersion = 2;
        vfs.szOsFile = size_of::<Handle>() as c_int;
        vfs.pNext = std::ptr::null_mut();
        vfs.zName = c"power-cut".as_ptr();
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        vfs.xAccess = Some(access);
        vfs.xFullPathname = Some(full_path);
        assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1), ffi::SQLITE_OK);
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let is_temporary = name.is_null();
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite passes a zero-terminated name and room for a `Handle`.
    unsafe {
        let text = if is_temporary {
            format!("temporary-{handle:p}")
        } else {
            CStr::from_ptr(name).to_string_lossy().into_owned()
        };
        (*handle).base.pMethods = std::ptr::null();
        let opened = with(|disk| {
            let is_there = disk.files.contains_key(&text);
            if !is_there && flags & ffi::SQLITE_OPEN_CREATE == 0 {
                return false;
            }
            disk.files.entry(text.clone()).or_default();
            true
        });
        if !opened {
            return ffi::SQLITE_CANTOPEN;
        }
        (*handle).name = Box::into_raw(Box::new(text));
        (*handle).is_temporary = is_temporary;
        (*handle).base.pMethods = &METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: opened by `open`, closed once.
    unsafe {
        let handle = file.cast::<Handle>();
        let name = Box::from_raw((*handle).name);
        if (*handle).is_temporary {
            with(|disk| disk.files.remove(name.as_str()));
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, at: i64) -> c_int {
    // SAFETY: SQLite passes room for `n` bytes.
    let (name, to) = unsafe { (name_of(file), std::slice::from_raw_parts_mut(to.cast::<u8>(), n as usize)) };
    with(|disk| {
        let bytes = disk.files.get(name).map_or(&[][..], Vec::as_slice);
        let from = bytes.get(at as usize..).unwrap_or_default();
        let len = from.len().min(to.len());
        to[..len].copy_from_slice(&from[..len]);
        to[len..].fill(0);
        if len == to.len() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
    })
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, at: i64) -> c_int {
    // SAFETY: SQLite passes `n` bytes.
    let (name, from) = unsafe { (name_of(file), std::slice::from_raw_parts(from.cast::<u8>(), n as usize)) };
    change(|disk| {
        write_at(disk.files.entry(name.to_owned()).or_default(), at as usize, from);
        disk.events.push(Event::Write { file: name.to_owned(), at: at as usize, bytes: from.to_vec() });
    })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: opened by `open`.
    let name = unsafe { name_of(file) };
    change(|disk| {
        disk.files.entry(name.to_owned()).or_default().resize(len as usize, 0);
        disk.events.push(Event::Truncate { file: name.to_owned(), len: len as usize });
    })
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: opened by `open`.
    let name = unsafe { name_of(file) };
    change(|disk| disk.events.push(Event::Sync { file: name.to_owned() }))
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: opened by `open`; SQLite passes room for the answer.
    unsafe {
        let name = name_of(file);
        *out = with(|disk| disk.files.get(name).map_or(0, Vec::len)) as i64;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// What SQLite's own VFS says of Unix disks: a write cut off spoils nothing outside of it.
unsafe extern "C" fn character(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, synced: c_int) -> c_int {
    // SAFETY: SQLite passes a zero-terminated name.
    let file = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    if !with(|disk| disk.files.contains_key(&file)) {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    change(|disk| {
        disk.files.remove(&file);
        disk.events.push(Event::Delete { file, synced: synced != 0 });
    })
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a zero-terminated name and room for the answer.
    unsafe {
        let file = CStr::from_ptr(name).to_string_lossy();
        *out = c_int::from(with(|disk| disk.files.get(&*file).is_some_and(|bytes| !bytes.is_empty())));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a zero-terminated name and `room` bytes.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > room as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast::<c_char>(), out, bytes.len());
    }
    ffi::SQLITE_OK
}
