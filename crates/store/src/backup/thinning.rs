//! Which backups are too many: as Anki keeps them, all of the last two days, then one a day for 12 days, one a week
//! for 10 weeks, one a month for 9 months (<https://docs.ankiweb.net/backups.html>); and no more bytes than a cap.

use std::collections::BTreeSet;

use daypack_course::TimeMs;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// How many days, weeks and months keep one.
const SPANS: [(i64, usize); 3] = [(DAY, 12), (7 * DAY, 10), (30 * DAY, 9)];

/// Those to remove, of `files` (time and bytes). The newest always stays.
pub(crate) fn too_many(files: &[(TimeMs, u64)], now: TimeMs, cap: u64) -> Vec<TimeMs> {
    let mut files = files.to_vec();
    files.sort_unstable_by(|a, b| b.cmp(a));
    let mut kept: BTreeSet<TimeMs> = BTreeSet::new();
    let mut used: [BTreeSet<i64>; 3] = Default::default();
    for (at, _) in &files {
        if kept.is_empty() || now.since(*at) < 2 * DAY {
            kept.insert(*at);
            continue;
        }
        for ((span, most), used) in SPANS.iter().zip(&mut used) {
            let place = at.0.div_euclid(*span);
            if used.contains(&place) {
                break; // This day, week or month has one already.
            }
            if used.len() < *most {
                used.insert(place);
                kept.insert(*at);
                break;
            }
        }
    }
    let mut bytes: u64 = 0;
    let mut removed = Vec::new();
    for (n, (at, len)) in files.iter().enumerate() {
        bytes = bytes.saturating_add(*len);
        if !kept.contains(at) || (bytes > cap && n > 0) {
            removed.push(*at);
            bytes = bytes.saturating_sub(*len);
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days_kept(files: &[(TimeMs, u64)], now: TimeMs, cap: u64) -> Vec<i64> {
        let removed = too_many(files, now, cap);
        files.iter().filter(|(at, _)| !removed.contains(at)).map(|(at, _)| now.since(*at) / DAY).collect()
    }

    #[test]
    fn a_year_of_daily_backups_is_thinned_to_days_weeks_and_months() {
        let now = TimeMs(20_000 * DAY);
        let files: Vec<_> = (0..365).map(|day| (now.plus(-day * DAY), 1)).collect();
        let kept = days_kept(&files, now, 1_000);
        assert_eq!(kept.len(), 2 + 12 + 10 + 9, "{kept:?}");
        assert_eq!(&kept[..14], (0..14).collect::<Vec<_>>());
        assert!(kept[13 + 10] > 70 && kept[kept.len() - 1] > 270, "{kept:?}");
    }

    #[test]
    fn thinning_what_was_thinned_day_after_day_still_leaves_months() {
        let mut files: Vec<(TimeMs, u64)> = Vec::new();
        for day in 0..500 {
            let now = TimeMs((20_000 + day) * DAY);
            files.push((now, 1));
            let removed = too_many(&files, now, 1_000);
            files.retain(|(at, _)| !removed.contains(at));
        }
        let oldest = files.iter().map(|(at, _)| at.0).min().unwrap();
        assert!((20_499 * DAY - oldest) / DAY > 250, "{}", (20_499 * DAY - oldest) / DAY);
        assert!(files.len() <= 33);
    }

    #[test]
    fn the_newest_stays_however_large_it_is() {
        let now = TimeMs(20_000 * DAY);
        let files = [(now, 900), (now.plus(-1), 900), (now.plus(-2), 10)];
        assert_eq!(too_many(&files, now, 1_000), [now.plus(-1)]);
        assert_eq!(too_many(&files, now, 1), [now.plus(-1), now.plus(-2)]);
    }
}
