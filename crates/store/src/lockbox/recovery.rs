//! The recovery code: eight groups of four signs on a sheet of paper.
//!
//! 128 bits of chance and 32 bits that tell a slip of the pen from a wrong code, in Crockford's base 32
//! (<https://www.crockford.com/base32.html>): no letter that looks like a number; small letters, spaces and dashes as
//! one likes.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secrets::key::{Key, fill};

const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET: usize = 16;
const CHECK: usize = 4;
/// 20 bytes, 5 bits a sign.
const LENGTH: usize = (SECRET + CHECK) * 8 / 5;

/// A recovery code. Cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; SECRET]>);

/// What was typed is no recovery code: a sign is missing, too many or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recovery code")]
pub struct NoCode;

impl RecoveryCode {
    pub(crate) fn random() -> std::io::Result<Self> {
        let mut bytes = Zeroizing::new([0; SECRET]);
        fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// As it is shown, once: `ABCD-EFGH-...`.
    pub fn shown(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(self.0.to_vec());
        bytes.extend(self.check());
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / 4));
        for (i, group) in bytes.chunks(5).enumerate() {
            let number = group.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            for (j, shift) in (0..8).rev().enumerate() {
                if (i * 8 + j) % 4 == 0 && i + j > 0 {
                    text.push('-');
                }
                let sign = usize::try_from(number >> (shift * 5) & 31).unwrap_or(0);
                text.push(SIGNS.get(sign).map_or('0', |sign| char::from(*sign)));
            }
        }
        text
    }

    /// As it was typed.
    pub fn typed(text: &str) -> Result<Self, NoCode> {
        let mut signs = Zeroizing::new(Vec::with_capacity(LENGTH));
        for letter in text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2013}' | '.')) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let sign = SIGNS.iter().position(|sign| char::from(*sign) == letter).ok_or(NoCode)?;
            signs.push(u64::try_from(sign).map_err(|_| NoCode)?);
        }
        if signs.len() != LENGTH {
            return Err(NoCode);
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET + CHECK));
        for group in signs.chunks(8) {
            let number = group.iter().fold(0_u64, |sum, sign| sum << 5 | sign);
            bytes.extend(number.to_be_bytes().iter().skip(3));
        }
        let (secret, check) = bytes.split_first_chunk::<SECRET>().ok_or(NoCode)?;
        let code = Self(Zeroizing::new(*secret));
        if code.check() == check { Ok(code) } else { Err(NoCode) }
    }

    /// The key that the code stands for: chance enough to need no effort.
    pub(crate) fn key(&self) -> Key {
        let hash = Sha256::new().chain_update(b"daypack recovery 1\n").chain_update(*self.0).finalize();
        let bytes: [u8; 32] = hash.into();
        Key::of(bytes)
    }

    fn check(&self) -> [u8; CHECK] {
        let hash = Sha256::new().chain_update(b"daypack recovery check 1\n").chain_update(*self.0).finalize();
        let mut check = [0; CHECK];
        check.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        check
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_back_however_it_is_typed() {
        let code = RecoveryCode::random().unwrap();
        let shown = code.shown();
        assert_eq!(shown.len(), 39);
        assert!(
            shown.split('-').all(|group| group.len() == 4) && shown.split('-').count() == 8,
            "{}",
            *shown
        );
        for text in [
            shown.to_string(),
            shown.to_lowercase(),
            shown.replace('-', " "),
            shown.replace('-', ""),
            shown.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(RecoveryCode::typed(&text), Ok(code.clone()), "{text}");
        }
    }

    #[test]
    fn every_single_slip_of_the_pen_is_noticed() {
        let shown = RecoveryCode::random().unwrap().shown().replace('-', "");
        for at in 0..shown.len() {
            for sign in SIGNS.iter().map(|sign| char::from(*sign)) {
                let mut slip: Vec<char> = shown.chars().collect();
                if slip[at] != sign {
                    slip[at] = sign;
                    assert_eq!(RecoveryCode::typed(&slip.iter().collect::<String>()), Err(NoCode));
                }
            }
            let mut swapped: Vec<char> = shown.chars().collect();
            swapped.swap(at, (at + 1) % shown.len());
            let swapped: String = swapped.iter().collect();
            assert!(swapped == shown || RecoveryCode::typed(&swapped).is_err());
        }
        for bad in ["", "ABCD", &format!("{shown}0"), &shown.replace(shown.chars().next().unwrap(), "U")] {
            assert_eq!(RecoveryCode::typed(bad), Err(NoCode), "{bad}");
        }
    }

    #[test]
    fn a_code_cannot_be_printed_by_accident() {
        assert_eq!(format!("{:?}", RecoveryCode::random().unwrap()), "RecoveryCode(..)");
    }
}
