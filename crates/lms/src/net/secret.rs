//! Secrets cannot be printed, and addresses are printed without what may be secret in them.

use url::Url;

/// A token or a password. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for sending and for the keyring only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `url` for a log: without user, password, query and fragment.
pub fn redacted(url: &Url) -> String {
    let mut plain = url.clone();
    let had_query = plain.query().is_some();
    plain.set_query(None);
    plain.set_fragment(None);
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    if had_query { format!("{plain}?..") } else { plain.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_secret_nor_a_query_is_printed() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "Secret(..)");
        let url = Url::parse("https://u:canary@a.example/f?token=canary#canary").unwrap();
        assert_eq!(redacted(&url), "https://a.example/f?..");
    }
}
