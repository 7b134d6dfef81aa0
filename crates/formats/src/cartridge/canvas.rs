//! What Canvas adds to a cartridge: its module list, and dates without a zone (UTC).

use daypack_course::TimeMs;

use super::manifest::Node;
use super::xml::Tree;

/// The items of `course_settings/module_meta.xml`, for cartridges whose manifest has no tree.
pub(super) fn modules(tree: &Tree) -> Vec<Node> {
    let mut out = Vec::new();
    let Some(root) = tree.root().filter(|r| r.name() == "modules") else { return out };
    for module in root.all("module") {
        out.push(Node { depth: 0, title: module.text_of("title").to_owned(), resource: None });
        for item in module.child("items").into_iter().flat_map(|items| items.all("item")) {
            let resource = Some(item.text_of("identifierref")).filter(|r| !r.is_empty()).map(str::to_owned);
            out.push(Node { depth: 1, title: item.text_of("title").to_owned(), resource });
        }
    }
    out
}

/// `2018-09-05T06:00:00`, with or without `Z`, as an instant.
pub(super) fn instant(text: &str) -> Option<TimeMs> {
    let text = text.trim().trim_end_matches('Z');
    let (date, clock) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.splitn(3, ':').map(|part| part.get(..2)?.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    // Days since 1970 by counting years from March, so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(TimeMs((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_utc() {
        assert_eq!(instant("1970-01-01T00:00:00"), Some(TimeMs(0)));
        assert_eq!(instant("2018-09-05T06:00:00Z"), Some(TimeMs(1_536_127_200_000)));
        assert_eq!(instant("2000-02-29T23:59:59"), Some(TimeMs(951_868_799_000)));
        assert_eq!(instant("soon"), None);
        assert_eq!(instant("2018-13-05T06:00:00"), None);
    }
}
