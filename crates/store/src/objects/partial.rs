//! A file on its way: found again after a crash by its key, named only when its bytes are proven.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use daypack_course::Digest;

use super::{Objects, copy_hashed, discard, refuse_other, sync_dir};
use crate::StoreError;
use crate::sparse::{Held, SparseFile};

/// A file being fetched. Writes go to its end.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    len: u64,
}

impl PartialFile {
    /// Adds bytes at the end.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.file.write_all(bytes);
        if let Err(error) = written {
            // Keep `len` and the file in step: a full disk must not leave bytes that nobody counted.
            self.file.set_len(self.len)?;
            self.file.seek(SeekFrom::Start(self.len))?;
            return Err(error.into());
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes the bytes so far durable.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        Ok(self.file.sync_data()?)
    }
}

impl Objects {
    /// Opens the partial file of `key` to go on at byte `from`; what lies behind is cut off.
    /// `PartialTooShort` when it holds fewer bytes.
    pub fn partial_open(&self, key: &str, from: u64) -> Result<PartialFile, StoreError> {
        self.refuse_partial()?;
        let path = self.partial_path(key);
        let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
        let have = file.metadata()?.len();
        if have < from {
            return Err(StoreError::PartialTooShort { have });
        }
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(PartialFile { file, len: from })
    }

    /// Bytes that are there for `key`; 0 when there is no file.
    pub fn partial_len(&self, key: &str) -> Result<u64, StoreError> {
        match std::fs::metadata(self.partial_path(key)) {
            Ok(meta) => Ok(meta.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Throws the partial file away; fine when there is none.
    pub fn partial_discard(&self, key: &str) -> Result<(), StoreError> {
        self.refuse_partial()?;
        discard(&self.partial_path(key)).map(|_| ())
    }

    /// Proves the whole file and gives it its name; durable on return. Without `expected` the digest is only
    /// found, not proven. Another digest: `WrongBytes`, and the file is thrown away.
    pub fn partial_finish(&self, key: &str, expected: Option<Digest>) -> Result<(Digest, u64), StoreError> {
        self.refuse_partial()?;
        let path = self.partial_path(key);
        let mut file = match File::options().read(true).write(true).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::missing("partial file", key));
            }
            other => other?,
        };
        let (found, size) = copy_hashed(&mut file, &mut std::io::sink())?;
        if let Err(wrong) = refuse_other(expected, found) {
            drop(file);
            discard(&path)?;
            return Err(wrong);
        }
        file.sync_all()?;
        drop(file);
        self.shelve(&path, &found)?;
        Ok((found, size))
    }

    /// Opens the file of `key` that arrives in pieces; `proof` names what its bytes are proven by.
    pub fn sparse_open(&self, key: &str, proof: &str) -> Result<(SparseFile, Held), StoreError> {
        self.refuse_partial()?;
        SparseFile::open(&self.partial_path(key), proof)
    }

    /// Where the file of `key` lies that arrives in pieces.
    pub fn sparse_path(&self, key: &str) -> PathBuf {
        self.partial_path(key)
    }

    /// Bytes that are here of the file of `key`, by its log.
    pub fn sparse_have(&self, key: &str, proof: &str) -> Result<u64, StoreError> {
        SparseFile::peek(&self.partial_path(key), proof)
    }

    /// Proves the whole file of `key`, `size` bytes long, and gives it its name, as [`Objects::partial_finish`].
    pub fn sparse_finish(
        &self,
        key: &str,
        size: u64,
        expected: Option<Digest>,
    ) -> Result<(Digest, u64), StoreError> {
        let path = self.partial_path(key);
        File::options().write(true).open(&path)?.set_len(size)?;
        let finished = self.partial_finish(key, expected);
        SparseFile::discard(&path)?;
        finished
    }

    /// A damaged object loses its name at once. What is `good` of it (ranges `[from, to)` that the caller compared) is
    /// the begin of its next download, under the key and the proof of its digest. Fine when it is gone already.
    pub fn withdraw(&self, digest: &Digest, size: u64, good: &[(u64, u64)]) -> Result<(), StoreError> {
        self.refuse_read_only()?;
        let path = self.path(digest);
        if good.is_empty() || self.seal.is_some() {
            return discard(&path).map(|_| ());
        }
        let key = digest.to_string();
        let to = self.partial_path(&key);
        SparseFile::discard(&to)?;
        match std::fs::rename(&path, &to) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        sync_dir(path.parent().unwrap_or(&self.root))?;
        SparseFile::adopt(&to, &key, size, good)
    }

    /// Throws the file of `key` and its log away; fine when there is none.
    pub fn sparse_discard(&self, key: &str) -> Result<(), StoreError> {
        SparseFile::discard(&self.partial_path(key))
    }

    /// The name of a key may hold anything, also a path; its digest holds nothing of that.
    fn partial_path(&self, key: &str) -> PathBuf {
        self.partial_dir().join(Digest::of(key.as_bytes()).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shelf;

    #[test]
    fn a_download_goes_on_where_it_stopped_and_gets_its_name() {
        let (_dir, store) = shelf();
        let heap = store.objects();
        let mut part = heap.partial_open("../../k", 0).unwrap();
        part.write_all(b"hello wor").unwrap();
        part.sync().unwrap();
        drop(part);
        assert_eq!(heap.partial_len("../../k").unwrap(), 9);
        let mut part = heap.partial_open("../../k", 6).unwrap();
        part.write_all(b"world").unwrap();
        assert_eq!(part.len(), 11);
        let digest = Digest::of(b"hello world");
        assert!(!heap.has(&digest), "not visible before it is proven");
        assert_eq!(heap.partial_finish("../../k", Some(digest)).unwrap(), (digest, 11));
        assert!(heap.has(&digest));
        assert_eq!(heap.partial_len("../../k").unwrap(), 0);
    }

    #[test]
    fn wrong_bytes_never_get_a_name_and_are_thrown_away() {
        let (_dir, store) = shelf();
        let heap = store.objects();
        heap.partial_open("k", 0).unwrap().write_all(b"evil").unwrap();
        let expected = Digest::of(b"good");
        let error = heap.partial_finish("k", Some(expected)).unwrap_err();
        assert!(matches!(error, StoreError::WrongBytes { expected: e, .. } if e == expected));
        assert_eq!(heap.partial_len("k").unwrap(), 0);
        assert!(!heap.has(&expected) && !heap.has(&Digest::of(b"evil")));
        // Negative control: the same bytes under their own digest are accepted.
        heap.partial_open("k", 0).unwrap().write_all(b"evil").unwrap();
        assert!(heap.partial_finish("k", Some(Digest::of(b"evil"))).is_ok());
    }

    #[test]
    fn going_on_behind_the_end_is_refused() {
        let (_dir, store) = shelf();
        store.objects().partial_open("k", 0).unwrap().write_all(b"abc").unwrap();
        let error = store.objects().partial_open("k", 4).unwrap_err();
        assert!(matches!(error, StoreError::PartialTooShort { have: 3 }));
    }

    #[test]
    fn a_damaged_object_loses_its_name_and_keeps_its_good_pieces() {
        let (_dir, store) = shelf();
        let heap = store.objects();
        let (digest, size) = heap.import_reader(&b"a film of two halves"[..], None).unwrap();
        std::fs::write(heap.path(&digest), b"a film of tw").unwrap();
        heap.withdraw(&digest, size, &[(0, 10)]).unwrap();
        assert!(!heap.has(&digest));
        let (file, held) = heap.sparse_open(&digest.to_string(), &digest.to_string()).unwrap();
        assert_eq!((held.spans, held.size), (vec![(0, 10)], Some(20)));
        file.write_at(10, b"two halves").unwrap();
        assert_eq!(heap.sparse_finish(&digest.to_string(), 20, Some(digest)).unwrap(), (digest, 20));
        // Nothing good of it: it only goes. And once more is no error.
        heap.withdraw(&digest, size, &[]).unwrap();
        heap.withdraw(&digest, size, &[(0, 10)]).unwrap();
        assert!(!heap.has(&digest));
    }

    #[test]
    fn finishing_what_was_never_begun_says_so() {
        let (_dir, store) = shelf();
        assert!(matches!(store.objects().partial_finish("k", None), Err(StoreError::Missing { .. })));
    }

    #[test]
    fn a_file_that_arrives_a_second_time_replaces_a_damaged_one() {
        let (_dir, store) = shelf();
        let heap = store.objects();
        let (digest, _) = heap.import_reader(&b"film"[..], None).unwrap();
        std::fs::write(heap.path(&digest), b"fi").unwrap();
        heap.partial_open("k", 0).unwrap().write_all(b"film").unwrap();
        heap.partial_finish("k", Some(digest)).unwrap();
        assert!(heap.verify(&digest).unwrap());
    }
}
