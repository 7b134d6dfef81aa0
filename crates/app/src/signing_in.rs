//! What signing in needs of a desktop: a window for the site's own page.
//!
//! What must stay true: the page of the program never sees the address at which a sign-in ended; it goes from the
//! window to the connector and is forgotten.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use daypack_lms::Secret as PageEnd;
pub use daypack_lms::moodle::launch::is_end;

/// Shows a page in a window of its own until it ends with an address for which [`is_end`] is true; that address, or
/// `None` when the learner closed the window. Dropping the future closes the window.
pub type SignInWindow =
    Arc<dyn Fn(SignInPage) -> Pin<Box<dyn Future<Output = Option<PageEnd>> + Send>> + Send + Sync>;

/// A page to sign in on.
#[derive(Clone)]
pub struct SignInPage {
    /// Its address.
    pub address: url::Url,
}

impl fmt::Debug for SignInPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The passport is in the query.
        write!(f, "SignInPage({})", self.address.origin().ascii_serialization())
    }
}

/// Whether a page may be shown while signing in: encrypted, or on this computer or its own network.
pub fn may_be_shown(url: &url::Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => daypack_lms::net::address::is_private(url),
        _ => matches!(url.as_str(), "about:blank" | "about:srcdoc"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_protected_pages_are_shown() {
        let may = |a: &str| may_be_shown(&url::Url::parse(a).unwrap());
        assert!(may("https://login.example/x") && may("http://127.0.0.1:80/x") && may("about:blank"));
        for not in [
            "http://login.example/",
            "file:///etc/passwd",
            "tauri://localhost/",
            "data:text/html,x",
            "daypack://x",
        ] {
            assert!(!may(not), "{not}");
        }
    }
}
