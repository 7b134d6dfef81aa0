//! Times as text that means the same everywhere: the date and the time in UTC.

use daypack_course::TimeMs;

const DAY: i64 = 86_400_000;

/// `2026-11-26 15:04 UTC`.
pub(super) fn shown(at: TimeMs) -> String {
    let (y, m, d) = date(at.0.div_euclid(DAY));
    let minute = at.0.rem_euclid(DAY) / 60_000;
    format!("{y:04}-{m:02}-{d:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// Year, month and day of a day since 1970 (the Gregorian calendar; Hinnant,
/// <https://howardhinnant.github.io/date_algorithms.html>, `civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    let z = days.saturating_add(719_468);
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_they_are() {
        for (at, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (1_795_705_440_000, "2026-11-26 15:04 UTC"),
            (2_147_483_648_000, "2038-01-19 03:14 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
        ] {
            assert_eq!(shown(TimeMs(at)), text);
        }
    }
}
