//! Objects of an open package: whole files, files within packs, and what of a damaged one is damaged.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::PoisonError;

use daypack_course::Digest;
use daypack_course::package::{
    ChunkList, MAX_CHUNK_LIST, ObjectRef, Place, chunk_list_path, object_path, pack_path,
};

use super::{OpenedPackage, frames};
use crate::OpenError;

/// A piece of an object whose bytes are not those its chunk list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadChunk {
    /// Number of the chunk, from 0.
    pub index: u32,
    /// Its bytes within the object.
    pub range: Range<u64>,
}

impl OpenedPackage {
    /// A reader over an object, whether it lies alone or in a pack. Bytes from a pack are proven; those of a file
    /// are for the reader to compare with the digest.
    pub fn object(&self, digest: &Digest) -> Result<Box<dyn Read + Send>, OpenError> {
        match self.files.open(&object_path(digest)) {
            Err(OpenError::MissingObject { name }) => match self.place(digest) {
                Some(place) => Ok(Box::new(Cursor::new(self.packed(&place, digest)?))),
                None => Err(OpenError::MissingObject { name }),
            },
            other => other,
        }
    }

    /// Where an object lies in the packs; `None` when in none.
    pub fn place(&self, digest: &Digest) -> Option<Place<'_>> {
        self.index.find(&self.manifest.packs, digest)
    }

    fn packed(&self, place: &Place<'_>, digest: &Digest) -> Result<Vec<u8>, OpenError> {
        let mut kept = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, raw)) = kept.as_ref().filter(|(name, _)| *name == place.frame.digest) {
            return Ok(frames::file(place, digest, raw)?.to_vec());
        }
        let packed = self.files.part(&pack_path(&place.pack.digest), place.at.clone())?;
        let raw = frames::unpack(place.frame, &packed)?;
        let file = frames::file(place, digest, &raw)?.to_vec();
        *kept = Some((place.frame.digest, raw));
        Ok(file)
    }

    /// The chunk list of an object; `None` when the manifest names none. Its own digest is compared first.
    pub fn chunk_list(&self, object: &ObjectRef) -> Result<Option<ChunkList>, OpenError> {
        let Some(named) = self.manifest.chunk_lists.get(&object.digest) else { return Ok(None) };
        let path = chunk_list_path(&named.digest);
        let raw = self.files.read(&path, MAX_CHUNK_LIST)?;
        if raw.len() as u64 != named.size || Digest::of(&raw) != named.digest {
            return Err(OpenError::damaged(path));
        }
        ChunkList::parse(&raw, object).map(Some).map_err(|e| OpenError::damaged(format!("{path}: {e}")))
    }

    /// Which chunks of an object are not what they should be: what a repair has to fetch. `None` when it has no
    /// chunk list, so that only the whole object can be fetched again.
    pub fn bad_chunks(&self, object: &ObjectRef) -> Result<Option<Vec<BadChunk>>, OpenError> {
        let Some(list) = self.chunk_list(object)? else { return Ok(None) };
        let path = object_path(&object.digest);
        let mut bad = Vec::new();
        for (index, (range, chunk)) in (0_u32..).zip(list.placed()) {
            let good =
                self.files.part(&path, range.clone()).is_ok_and(|bytes| Digest::of(&bytes) == chunk.digest);
            if !good {
                bad.push(BadChunk { index, range });
            }
        }
        Ok(Some(bad))
    }
}
