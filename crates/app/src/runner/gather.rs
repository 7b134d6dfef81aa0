//! Pieces of a file that are here already, in whatever object: copied, not fetched.
//!
//! What must stay true: a copied piece is compared with its digest; a damaged object gives its good pieces only. So
//! an update costs what changed, and a repair what is damaged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use daypack_course::Digest;
use daypack_course::package::ChunkList;
use daypack_store::sparse::{Held, Note};
use daypack_store::{SparseFile, Store, StoreError};

use super::pieces;

/// Copies what is here of `list`'s object into `file`, durable on return; what is held then.
pub(super) fn gather(store: &Store, list: &ChunkList, file: &SparseFile) -> Result<Held, StoreError> {
    let mut wanted: BTreeMap<Digest, Vec<(u64, u64)>> = BTreeMap::new();
    for (range, chunk) in list.placed() {
        wanted.entry(chunk.digest).or_default().push((range.start, range.end));
    }
    let mut note = Note { size: Some(list.size), ..Note::default() };
    for (object, named) in pieces::all_lists(store)? {
        if wanted.is_empty() {
            break;
        }
        let Some(pieces) = decoded(store, &object, &named.digest) else { continue };
        let Ok(mut from) = File::open(store.objects().path(&object)) else { continue };
        for (range, chunk) in pieces.placed() {
            let Some(places) = wanted.get(&chunk.digest) else { continue };
            let mut bytes = Vec::new();
            from.seek(SeekFrom::Start(range.start))?;
            from.by_ref().take(range.end - range.start).read_to_end(&mut bytes)?;
            if Digest::of(&bytes) != chunk.digest {
                continue;
            }
            if note.add.is_empty() {
                file.set_size(list.size)?;
            }
            for (start, _) in places {
                file.write_at(*start, &bytes)?;
            }
            note.add.extend(wanted.remove(&chunk.digest).unwrap_or_default());
        }
    }
    if note.add.is_empty() {
        return Ok(Held::default());
    }
    note.add.sort_unstable();
    file.commit(&note)?;
    Ok(Held { spans: note.add, size: Some(list.size), validator: None })
}

fn decoded(store: &Store, object: &Digest, list: &Digest) -> Option<ChunkList> {
    let raw = std::fs::read(store.objects().path(list)).ok().filter(|raw| Digest::of(raw) == *list)?;
    ChunkList::decode(&raw).ok().filter(|list| list.object == *object)
}
