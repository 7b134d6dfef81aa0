//! How long to wait before the next try: doubling, capped, with a jitter that is a pure function of
//! `(seed, id, tries)`, so that many computers do not return in step and a replay is exact.

/// Milliseconds to wait after failure number `tries` (1 is the first): between half and all of
/// `base_ms * 2^(tries - 1)`, at most `cap_ms`.
pub(crate) fn wait_ms(seed: u64, id: &str, tries: u32, base_ms: i64, cap_ms: i64) -> i64 {
    let doublings = tries.saturating_sub(1).min(24);
    let full = base_ms.saturating_mul(1_i64 << doublings).clamp(1, cap_ms.max(1));
    let half = full / 2;
    let spread = u64::try_from(full - half).unwrap_or(0).saturating_add(1);
    half.saturating_add(i64::try_from(hash(seed, id, tries) % spread).unwrap_or(0))
}

/// FNV-1a over the id, finished by the mixer of SplitMix64: stable across platforms and releases.
fn hash(seed: u64, id: &str, tries: u32) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in id.bytes().chain(tries.to_le_bytes()) {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_at_least_half_and_at_most_all_of_the_doubled_base(
            seed: u64, id in "[a-z0-9]{0,12}", tries: u32, base in 1_i64..10_000, cap in 1_i64..1_000_000,
        ) {
            let full = base.saturating_mul(1 << tries.saturating_sub(1).min(24)).min(cap);
            let wait = wait_ms(seed, &id, tries, base, cap);
            prop_assert!(wait >= full / 2 && wait <= full);
            prop_assert_eq!(wait, wait_ms(seed, &id, tries, base, cap));
        }
    }

    #[test]
    fn two_computers_do_not_return_in_step() {
        let waits: std::collections::BTreeSet<i64> =
            (0..100).map(|seed| wait_ms(seed, "same", 8, 2_000, 600_000)).collect();
        assert!(waits.len() > 90, "{} different waits of 100", waits.len());
    }

    #[test]
    fn nonsense_bounds_still_give_a_sane_wait() {
        for (base, cap) in [(0, 0), (-5, -7), (i64::MAX, i64::MAX), (1, i64::MIN)] {
            assert!(wait_ms(1, "x", u32::MAX, base, cap) >= 0);
        }
    }
}
