//! From what a manifest or a page writes to a member of the archive. Exporters spell the same path in many
//! ways; a path that leaves the cartridge leads nowhere.

use percent_encoding::percent_decode_str;

use crate::Archive;
use crate::html::{self, Target};

/// Where a written path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A member, by name.
    Member(String),
    /// An address on the internet.
    Outside { address: String, host: String },
    /// A file that is not in the archive.
    Missing(String),
    /// Nothing that may be opened.
    Refused(String),
}

/// Finds members below the manifest's folder.
#[derive(Clone, Debug)]
pub(super) struct Locator<'a> {
    pub(super) archive: &'a Archive,
    /// Folder of the manifest.
    pub(super) root: String,
}

impl Locator<'_> {
    /// Finds `written`, seen from `folder` below the manifest's folder; then from the manifest's folder itself.
    pub(super) fn find(&self, folder: &str, written: &str) -> Place {
        let address = html::tidy(written);
        match html::elsewhere(&address) {
            Some(Target::Remote { address, host }) => return Place::Outside { address, host },
            Some(_) => return Place::Refused(written.to_owned()),
            None => {}
        }
        let whole = address.replace('\\', "/");
        let (path, _) = html::split(&whole);
        let decoded = percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
        let mut inside = false;
        let spellings = [whole.as_str(), decoded.as_str(), path];
        let folders = if folder.trim_matches('/').is_empty() { vec![""] } else { vec![folder, ""] };
        for alike in [false, true] {
            for folder in &folders {
                for spelling in &spellings {
                    let Some(name) = html::join(folder, spelling) else { continue };
                    inside = true;
                    let full = if self.root.is_empty() { name } else { format!("{}/{name}", self.root) };
                    let found = if alike { self.archive.find_alike(&full) } else { self.archive.find(&full) };
                    if let Some(member) = found {
                        return Place::Member(member.name.clone());
                    }
                }
            }
        }
        // Encoded dots are dots: what leaves the cartridge in any spelling is refused.
        let leaves = decoded.split('/').any(|p| p == "..") && html::join(folder, &decoded).is_none();
        if inside && !leaves { Place::Missing(path.to_owned()) } else { Place::Refused(written.to_owned()) }
    }
}
