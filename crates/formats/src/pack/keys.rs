//! Signing keys as files: PKCS#8 in PEM, readable by the owner only, and the public half beside it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use daypack_course::package::PublicKey;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};

use super::PackError;

/// Makes a new key at `path` (never overwrites one) and writes the public half to `<path>.pub` as 64
/// hexadecimal digits.
pub fn keygen(path: &Path) -> Result<PublicKey, PackError> {
    let io = |e: std::io::Error| PackError::io(path, &e);
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|e| io(std::io::Error::other(e.to_string())))?;
    let key = SigningKey::from_bytes(&seed);
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|_| PackError::NotAKey { path: path.display().to_string() })?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(io)?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    let public = PublicKey::of(&key);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    fs::write(&beside, format!("{}\n", public.to_hex())).map_err(io)?;
    Ok(public)
}

/// Reads a key written by [`keygen`].
pub fn load_key(path: &Path) -> Result<SigningKey, PackError> {
    let pem = fs::read_to_string(path).map_err(|e| PackError::io(path, &e))?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|_| PackError::NotAKey { path: path.display().to_string() })
}

/// Reads a public key: 64 hexadecimal digits, as [`keygen`] writes them beside the secret one.
pub fn load_public(path: &Path) -> Result<PublicKey, PackError> {
    let text = fs::read_to_string(path).map_err(|e| PackError::io(path, &e))?;
    PublicKey::parse(&text).map_err(|_| PackError::NotAKey { path: path.display().to_string() })
}
