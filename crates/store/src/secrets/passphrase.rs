//! A key out of a passphrase: Argon2id (RFC 9106), with an effort that is measured on this computer once and kept
//! beside the salt, so that a later program can repeat it.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Secret;
use super::key::{KEY, Key, fill};

/// What opening should cost: not felt as waiting, and dear for whoever tries a million.
const WANTED: Duration = Duration::from_millis(500);
/// RFC 9106, second recommended option.
const MEMORY_KIB: u32 = 64 * 1024;
const LEAST_PASSES: u32 = 3;
const MOST_PASSES: u32 = 40;
/// A file that asks for more is not ours: opening it would take the computer down.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const SALT: usize = 16;

/// How hard it is to go from a passphrase to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Effort {
    /// An effort of about half a second here; never less than RFC 9106 recommends.
    pub fn measured() -> Self {
        let once = Self { memory_kib: MEMORY_KIB, passes: 1 };
        let start = Instant::now();
        let _ = once.key(&Secret::new("how fast is this computer"), &[0; SALT]);
        let took = start.elapsed().max(Duration::from_millis(1));
        let passes = WANTED.as_millis() / took.as_millis().max(1);
        let passes = u32::try_from(passes).unwrap_or(MOST_PASSES).clamp(LEAST_PASSES, MOST_PASSES);
        Self { memory_kib: MEMORY_KIB, passes }
    }

    /// The key of a passphrase; `None` for an effort that no program of ours wrote.
    pub(crate) fn key(self, passphrase: &Secret, salt: &[u8]) -> Option<Key> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > MOST_PASSES {
            return None;
        }
        let params = Params::new(self.memory_kib, self.passes, 1, Some(KEY)).ok()?;
        let mut bytes = Zeroizing::new([0; KEY]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.reveal().as_bytes(), salt, bytes.as_mut_slice())
            .ok()?;
        Key::from_slice(bytes.as_slice())
    }
}

/// A salt for a new passphrase.
pub(crate) fn salt() -> std::io::Result<Vec<u8>> {
    let mut salt = vec![0; SALT];
    fill(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIGHT: Effort = Effort { memory_kib: 64, passes: 1 };

    #[test]
    fn the_same_passphrase_salt_and_effort_give_the_same_key_and_nothing_else_does() {
        let key = |p: &str, s: &[u8], e: Effort| e.key(&Secret::new(p), s).unwrap().bytes().to_vec();
        let salt = salt().unwrap();
        let one = key("a long walk", &salt, LIGHT);
        assert_eq!(one, key("a long walk", &salt, LIGHT));
        assert_ne!(one, key("a long walk ", &salt, LIGHT));
        assert_ne!(one, key("a long walk", &super::salt().unwrap(), LIGHT));
        assert_ne!(one, key("a long walk", &salt, Effort { passes: 2, ..LIGHT }));
    }

    #[test]
    fn it_is_the_argon2id_of_the_standard() {
        // From `src/test.c` of the reference implementation: 2 passes, 256 KiB, one lane.
        let effort = Effort { memory_kib: 256, passes: 2 };
        let ours = effort.key(&Secret::new("password"), b"somesalt").unwrap();
        assert_eq!(
            hex::encode(ours.bytes()),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
        );
    }

    #[test]
    fn a_file_cannot_ask_for_all_the_memory_of_the_computer() {
        let huge = Effort { memory_kib: u32::MAX, passes: 1 };
        assert!(huge.key(&Secret::new("x"), &[0; SALT]).is_none());
        assert!(Effort { memory_kib: 64, passes: u32::MAX }.key(&Secret::new("x"), &[0; SALT]).is_none());
    }

    #[test]
    fn the_measured_effort_is_never_below_the_recommendation() {
        let effort = Effort::measured();
        assert!(effort.memory_kib >= 64 * 1024 && effort.passes >= 3, "{effort:?}");
    }
}
