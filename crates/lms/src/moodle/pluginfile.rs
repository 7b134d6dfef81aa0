//! The spellings in which Moodle writes the address of a stored file.
//!
//! `/pluginfile.php/…` wants a web session, `/webservice/pluginfile.php/…` a token, `/tokenpluginfile.php/<key>/…` a key
//! in the path; sites without slash arguments write `pluginfile.php?file=/…`; texts name their own files
//! `@@PLUGINFILE@@/…`. What must stay true: only files of the same host count; keys and tokens are dropped.

use url::Url;

use crate::net::address;

/// How a text names a file of its own area.
const OWN: &str = "@@PLUGINFILE@@/";

/// The place of a file within a site: `<context>/<component>/<area>/…/<name>`, without escapes. `None` when `written`,
/// which may be relative to the site, is no file of the site.
pub fn place(written: &str, site: &str) -> Option<String> {
    let base = Url::parse(&format!("{}/", site.trim_end_matches('/'))).ok()?;
    let url = base.join(written.trim()).ok()?;
    let is_same = url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default()
        || url.host() == base.host() && matches!(url.scheme(), "http" | "https") && url.port().is_none();
    if !is_same {
        return None;
    }
    let path = url.path().strip_prefix(base.path())?;
    let path = decoded(path);
    let (script, rest) = path.split_once(".php")?;
    let rest = match rest {
        "" => url.query_pairs().find(|(name, _)| name == "file").map(|(_, file)| file.into_owned())?,
        rest => rest.to_owned(),
    };
    let rest = rest.trim_start_matches('/');
    let rest = match script {
        "pluginfile" | "webservice/pluginfile" => rest,
        // The key is part of the path there.
        "tokenpluginfile" => rest.split_once('/')?.1,
        _ => return None,
    };
    let is_plain = rest.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    (is_plain && rest.contains('/')).then(|| rest.to_owned())
}

/// The address at which an app gets the file at `place`.
pub fn address_of(place: &str, site: &str) -> String {
    let mut url = match address::below(site, "webservice/pluginfile.php") {
        Some(url) => url,
        None => return String::new(),
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(place.split('/'));
    }
    url.to_string()
}

/// Whether two places are of one file, whatever revision the addresses carry (`…/content/3/x.png`).
pub fn is_same(a: &str, b: &str) -> bool {
    let bare = |place: &str| -> Vec<String> {
        let parts: Vec<&str> = place.split('/').collect();
        let revision = parts.get(3).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
        let skip = |at: usize| at == 3 && revision && parts.len() > 4;
        parts.iter().enumerate().filter(|(at, _)| !skip(*at)).map(|(_, part)| (*part).to_owned()).collect()
    };
    bare(a) == bare(b)
}

/// The name of a file that a text writes as one of its own.
pub fn own(written: &str) -> Option<String> {
    let name = written.trim().strip_prefix(OWN)?;
    Some(decoded(name.split(['?', '#']).next().unwrap_or_default()))
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://a.example/learn";

    #[test]
    fn every_spelling_of_a_file_leads_to_one_place() {
        for written in [
            "https://a.example/learn/pluginfile.php/12/mod_quiz/intro/a%20b.png",
            "https://a.example/learn/pluginfile.php/12/mod_quiz/intro/a%20b.png?forcedownload=1&token=canary",
            "https://a.example/learn/webservice/pluginfile.php/12/mod_quiz/intro/a%20b.png",
            "https://a.example/learn/tokenpluginfile.php/canary/12/mod_quiz/intro/a%20b.png",
            "/learn/pluginfile.php/12/mod_quiz/intro/a b.png",
            "pluginfile.php/12/mod_quiz/intro/a%20b.png",
            "//a.example/learn/pluginfile.php/12/mod_quiz/intro/a%20b.png",
            "http://a.example/learn/pluginfile.php/12/mod_quiz/intro/a%20b.png",
            "https://a.example/learn/pluginfile.php?file=%2F12%2Fmod_quiz%2Fintro%2Fa%20b.png",
            "https://a.example/learn/pluginfile.php%2F12%2Fmod_quiz%2Fintro%2Fa%20b.png",
        ] {
            assert_eq!(place(written, SITE).as_deref(), Some("12/mod_quiz/intro/a b.png"), "{written}");
        }
        assert_eq!(
            address_of("12/mod_quiz/intro/a b.png", SITE),
            "https://a.example/learn/webservice/pluginfile.php/12/mod_quiz/intro/a%20b.png"
        );
    }

    #[test]
    fn what_lies_elsewhere_is_no_file_of_the_site() {
        for written in [
            "https://b.example/learn/pluginfile.php/12/mod_quiz/intro/a.png",
            "https://a.example:444/learn/pluginfile.php/12/mod_quiz/intro/a.png",
            "https://a.example/other/pluginfile.php/12/mod_quiz/intro/a.png",
            "https://a.example/learn/pluginfile.php/12/../../x",
            "https://a.example/learn/theme/image.php/boost/core/1/f1",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(place(written, SITE), None, "{written}");
        }
    }

    #[test]
    fn revisions_do_not_tell_files_apart_and_names_do() {
        assert!(is_same("12/mod_page/content/3/x.png", "12/mod_page/content/0/x.png"));
        assert!(!is_same("12/mod_page/content/3/x.png", "12/mod_page/content/3/y.png"));
        assert!(!is_same("12/mod_page/content/3/x.png", "13/mod_page/content/3/x.png"));
        assert_eq!(own("@@PLUGINFILE@@/a%20b.png?x=1").as_deref(), Some("a b.png"));
        assert_eq!(own("a.png"), None);
    }
}
