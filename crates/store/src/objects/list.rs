//! Which objects there are.

use daypack_course::Digest;

use super::Objects;
use crate::StoreError;

impl Objects {
    /// Every complete object with its size, in order of digest. Names that are no digest are passed over.
    pub fn list(&self) -> Result<Vec<(Digest, u64)>, StoreError> {
        let mut found = Vec::new();
        for folder in std::fs::read_dir(&self.root)? {
            let folder = folder?;
            if folder.file_name() == "partial" || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path())? {
                let file = file?;
                if let Ok(digest) = Digest::parse(&file.file_name().to_string_lossy()) {
                    found.push((digest, file.metadata()?.len()));
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
