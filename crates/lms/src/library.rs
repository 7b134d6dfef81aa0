//! The package library: signed files on any static host. No account, no token.
//!
//! What must stay true: `library.json` and `channel.json` are handed on only after their signature fitted (the
//! channel's is checked by whoever opens it; here it is size-capped raw bytes); folder names from a list cannot
//! leave the library's address; objects are asked for by digest.

use daypack_course::Digest;
use daypack_course::package::keys::MAX_KEYS;
use daypack_course::package::{
    CHANNEL, Envelope, EnvelopeError, Fingerprint, LIBRARY, LIBRARY_TYPE, LibraryIndex, MAX_CHANNEL,
    MAX_CHUNK_LIST, MAX_LIBRARY, MAX_MANIFEST, ObjectRef, chunk_list_path, keys_path, manifest_path,
    object_path,
};
use url::Url;

use crate::connector::{Download, FetchError, Said, Way};
use crate::moodle::files;
use crate::net::{Answer, Net, NetError, Why, address};

/// A library, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryFound {
    /// Its address, as to be kept.
    pub address: String,
    /// Shown title.
    pub title: String,
    /// Folders below the address, each with a channel.
    pub courses: Vec<String>,
    /// The key that signed the list.
    pub fingerprint: Fingerprint,
}

/// Why a library, a channel or a manifest did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// Not an address, or a folder name that leads elsewhere.
    #[error("not an address")]
    BadAddress,
    /// Nothing there.
    #[error("nothing found at this address")]
    NotFound,
    /// Something else is there.
    #[error("not a library")]
    NotALibrary,
    /// The network wants a sign-in of its own first.
    #[error("the network wants a sign-in first")]
    CaptivePortal,
    /// Not signed by the key trusted so far, or not validly signed.
    #[error("the signature does not fit")]
    WrongSignature {
        /// Fingerprint of the key that did sign, when one did.
        found: Option<Fingerprint>,
    },
    /// The bytes are not those that were promised.
    #[error("damaged on the way")]
    Damaged,
    /// Plain http to a public host.
    #[error("the connection would not be secure")]
    Insecure,
    /// Something answers, and no encrypted connection came about.
    #[error("no encrypted connection came about")]
    NoSafeConnection,
    /// Not reached, or the connection broke.
    #[error("the library was not reached")]
    Unreachable,
}

/// Talks to package libraries.
#[derive(Clone)]
pub struct Library {
    net: Net,
}

impl Library {
    /// Talks through `net`.
    pub fn new(net: Net) -> Self {
        Self { net }
    }

    /// Opens the library at a typed address; `expected` is the fingerprint trusted so far.
    pub async fn library(&self, typed: &str, expected: Option<&str>) -> Result<LibraryFound, LibraryError> {
        let typed = typed.trim();
        let typed = typed.strip_suffix(LIBRARY).unwrap_or(typed);
        let base = address::base(typed).ok_or(LibraryError::BadAddress)?;
        let address = address::text(&base);
        let raw = self.small(&join(&address, LIBRARY)?, MAX_LIBRARY).await?;
        let (payload, key) = Envelope::open(&raw, LIBRARY_TYPE, expected).map_err(|e| match e {
            EnvelopeError::Malformed | EnvelopeError::WrongType => LibraryError::NotALibrary,
            EnvelopeError::BadSignature => LibraryError::WrongSignature { found: None },
            EnvelopeError::OtherKey { found } => LibraryError::WrongSignature { found: Some(found) },
        })?;
        let index: LibraryIndex = serde_json::from_slice(&payload).map_err(|_| LibraryError::NotALibrary)?;
        let courses = index.courses.into_iter().filter(|name| is_folder(name)).collect();
        Ok(LibraryFound { address, title: index.title, courses, fingerprint: key.fingerprint() })
    }

    /// The signed channel of a course as raw bytes; `package` is the address of the course's folder.
    pub async fn channel(&self, package: &str) -> Result<Vec<u8>, LibraryError> {
        self.small(&join(package, CHANNEL)?, MAX_CHANNEL).await
    }

    /// The key file of an epoch as raw bytes; `None` when there is none.
    pub async fn key_file(&self, package: &str, epoch: u32) -> Result<Option<Vec<u8>>, LibraryError> {
        match self.small(&join(package, &keys_path(epoch))?, MAX_KEYS).await {
            Ok(raw) => Ok(Some(raw)),
            Err(LibraryError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The manifest a channel names, as raw packed bytes; size and digest are checked.
    pub async fn manifest(&self, package: &str, wanted: &ObjectRef) -> Result<Vec<u8>, LibraryError> {
        if wanted.size > MAX_MANIFEST {
            return Err(LibraryError::Damaged);
        }
        let raw = self.small(&join(package, &manifest_path(&wanted.digest))?, MAX_MANIFEST).await?;
        if raw.len() as u64 != wanted.size || Digest::of(&raw) != wanted.digest {
            return Err(LibraryError::Damaged);
        }
        Ok(raw)
    }

    /// Opens an object of a course from byte `from` on. The caller proves the bytes by digest.
    pub async fn fetch(&self, package: &str, object: &Digest, from: u64) -> Result<Download, FetchError> {
        let url = join(package, &object_path(object)).map_err(|_| FetchError::NotAFile)?;
        let (response, _) = self.net.open(&url, None, from).await.map_err(|e| files::unreached(&e))?;
        match response.status().as_u16() {
            200 | 206 => {
                let html = crate::net::media_type(response.headers()) == "text/html";
                // An object may be a page; a page that is announced with a validator is one.
                if html
                    && !response.headers().contains_key("etag")
                    && !response.headers().contains_key("last-modified")
                {
                    return Err(FetchError::Portal);
                }
                Download::begin(&self.net, response, from, None)
            }
            404 | 410 => Err(FetchError::NotFound),
            416 => Err(FetchError::Changed),
            429 | 500..=599 => Err(FetchError::Later),
            _ => Err(FetchError::Refused(String::new())),
        }
    }

    /// The chunk list of an object, as raw bytes; size and digest are checked.
    pub async fn chunk_list(&self, package: &str, wanted: &ObjectRef) -> Result<Vec<u8>, LibraryError> {
        if wanted.size > MAX_CHUNK_LIST {
            return Err(LibraryError::Damaged);
        }
        let raw = self.small(&join(package, &chunk_list_path(&wanted.digest))?, MAX_CHUNK_LIST).await?;
        if raw.len() as u64 != wanted.size || Digest::of(&raw) != wanted.digest {
            return Err(LibraryError::Damaged);
        }
        Ok(raw)
    }

    /// The way to an object of a course. Whoever brings it proves the bytes by digest.
    pub fn way(&self, package: &str, object: &Digest) -> Result<Way, FetchError> {
        let url = join(package, &object_path(object)).map_err(|_| FetchError::NotAFile)?;
        let transport = std::sync::Arc::new(self.net.bulk());
        Ok(Way { url, secret: None, transport, said: Said::default() })
    }

    async fn small(&self, url: &Url, most: u64) -> Result<Vec<u8>, LibraryError> {
        let answer = self.net.get(url, None).await.map_err(|e| unreached(&e))?;
        if answer.status == 200 && answer.is_html() {
            return Err(self.page(url, &answer).await);
        }
        match answer.status {
            200 if answer.body.len() as u64 > most => Err(LibraryError::NotALibrary),
            200 => Ok(answer.body),
            404 | 410 => Err(LibraryError::NotFound),
            429 | 500..=599 => Err(LibraryError::Unreachable),
            _ => Err(LibraryError::NotALibrary),
        }
    }

    /// A web page where a signed file belongs: a network's sign-in page answers a made-up name alike.
    async fn page(&self, url: &Url, first: &Answer) -> LibraryError {
        let Ok(made_up) = url.join("daypack-no-such-file.json") else { return LibraryError::NotALibrary };
        match self.net.get(&made_up, None).await {
            Ok(second) if second.status == 200 && second.is_html() => LibraryError::CaptivePortal,
            Ok(_) if first.url.host() != url.host() => LibraryError::CaptivePortal,
            Ok(_) => LibraryError::NotALibrary,
            Err(error) => unreached(&error),
        }
    }
}

fn unreached(error: &NetError) -> LibraryError {
    match error {
        NetError::BadAddress | NetError::Setup => LibraryError::BadAddress,
        NetError::Insecure | NetError::Redirected { off_site: false, .. } => LibraryError::Insecure,
        NetError::Unreachable(Why::Tls) => LibraryError::NoSafeConnection,
        NetError::Unreachable(Why::Dns | Why::Connect) | NetError::Unknown => LibraryError::Unreachable,
        NetError::Redirected { off_site: true, .. } => LibraryError::CaptivePortal,
        NetError::TooLarge => LibraryError::NotALibrary,
    }
}

/// A folder name that stays below the library: plain parts, no way up, nothing to decode.
fn is_folder(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        })
}

fn join(base: &str, path: &str) -> Result<Url, LibraryError> {
    address::below(base, path).ok_or(LibraryError::BadAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_name_cannot_leave_the_library() {
        for good in ["networks", "a/b-1", "v1.2_x"] {
            assert!(is_folder(good), "{good}");
        }
        for bad in ["", "../x", "/x", "a//b", "a/..", "https://b.example", "a%2f..", "a\\b", "a?b", ".hidden"]
        {
            assert!(!is_folder(bad), "{bad}");
        }
    }
}
