//! One file to one place on the disk, without a library or an account: what `daypack fetch` does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypack_course::package::ChunkList;
use daypack_engine::transfer::Limits;
use daypack_lms::{Bulk, NetConfig, Plain};
use daypack_store::sparse::{Held, Note};
use daypack_store::{SparseFile, StoreError};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Errand, HaulError, Hauled, Place, Progress, ProofOf, haul};

/// What to fetch, and to where.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Where it is; more than one are mirrors.
    pub urls: Vec<Url>,
    /// The file it becomes. `.part` and `.part.log` lie beside it until then.
    pub out: PathBuf,
    /// How it is proven.
    pub proof: ProofOf,
    /// The numbers.
    pub limits: Limits,
    /// Address of a proxy; empty for none; `None` as the environment says.
    pub proxy: Option<String>,
    /// Spreads waits.
    pub seed: u64,
}

/// Fetches; the file is at its place only when it is whole, and proven as far as `proof` can.
pub async fn fetch(
    wish: Wish,
    stop: CancellationToken,
    tell: impl FnMut(&Progress) + Send,
) -> Result<Hauled, HaulError> {
    let part = beside(&wish.out);
    let (file, mut held) = SparseFile::open(&part, &wish.proof.name())?;
    if held.spans.is_empty()
        && let ProofOf::Chunks(list) = &wish.proof
    {
        held = keep_good_pieces(&wish.out, &file, list)?;
    }
    let config = NetConfig { proxy: wish.proxy.clone(), ..NetConfig::default() };
    // A typed address is asked as it was typed; what proves the bytes is the digest.
    let bulk = Bulk::new(&config, Plain::Any)
        .map_err(|_| HaulError::Fault(daypack_engine::transfer::Fault::Unsafe))?;
    let page_expected = wish.urls.iter().any(is_page);
    let errand = Errand {
        page_expected,
        limits: wish.limits,
        seed: wish.seed,
        ..Errand::new(wish.urls.into_iter().map(Place::at).collect(), wish.proof)
    };
    let done = haul(Arc::new(bulk), errand, file.clone(), held, stop, tell).await?;
    file.finish(done.size, &wish.out)?;
    Ok(done)
}

/// Pieces of an older or damaged file at the same place that are right already.
fn keep_good_pieces(out: &Path, file: &SparseFile, list: &ChunkList) -> Result<Held, StoreError> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let Ok(mut old) = std::fs::File::open(out) else { return Ok(Held::default()) };
    file.set_size(list.size)?;
    let mut note = Note { size: Some(list.size), ..Note::default() };
    for (range, chunk) in list.placed() {
        let mut bytes = Vec::new();
        old.seek(SeekFrom::Start(range.start))?;
        old.by_ref().take(range.end - range.start).read_to_end(&mut bytes)?;
        if daypack_course::Digest::of(&bytes) == chunk.digest {
            file.write_at(range.start, &bytes)?;
            note.add.push((range.start, range.end));
        }
    }
    if note.add.is_empty() {
        return Ok(Held::default());
    }
    file.commit(&note)?;
    Ok(Held { spans: note.add, size: Some(list.size), validator: None })
}

fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// An address that names a page, or a folder, or nothing.
fn is_page(url: &Url) -> bool {
    let last = url.path().rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    last.ends_with(".html") || last.ends_with(".htm") || last.ends_with(".xhtml")
}
