//! Which objects there are.

use std::fs::File;

use daypack_course::Digest;

use super::Objects;
use crate::StoreError;
use crate::seal::file::Reader;

impl Objects {
    /// Every complete object with its size, in order of digest. Names that are no digest are passed over, and boxes
    /// that do not open.
    pub fn list(&self) -> Result<Vec<(Digest, u64)>, StoreError> {
        let mut found = Vec::new();
        for folder in std::fs::read_dir(&self.root)? {
            let folder = folder?;
            if folder.file_name() == "partial" || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path())? {
                let file = file?;
                let Ok(digest) = Digest::parse(&file.file_name().to_string_lossy()) else { continue };
                match &self.seal {
                    None => found.push((digest, file.metadata()?.len())),
                    Some(seal) => match File::open(file.path()).and_then(|f| Reader::open(f, seal.files())) {
                        Ok(reader) => found.push(reader.what()),
                        Err(error) => tracing::warn!(%error, "a sealed file does not open"),
                    },
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::shelf;

    #[test]
    fn each_object_is_listed_once() {
        let (_dir, store) = shelf();
        assert!(store.mine().list().unwrap().is_empty());
        let (a, _) = store.mine().import_reader(&b"aa"[..], None).unwrap();
        let (b, _) = store.mine().import_reader(&b"bbb"[..], None).unwrap();
        store.mine().import_reader(&b"aa"[..], None).unwrap();
        let mut both = vec![(a, 2), (b, 3)];
        both.sort_unstable();
        assert_eq!(store.mine().list().unwrap(), both);
    }
}
