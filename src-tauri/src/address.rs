//! Which addresses the window may show and which may leave it.
//!
//! What must stay true: the window's own page is the only page on top; only web and mail addresses are handed to
//! other programs, never files or schemes that start something.

use tauri::Url;

/// Schemes that other programs may be asked to open.
const OUTSIDE: [&str; 3] = ["https", "http", "mailto"];

/// Longer addresses are no addresses.
const LONGEST: usize = 4096;

/// The address to open outside, or `None` when it may not leave.
///
/// Addresses with a name or password in them are refused: they are made to look like another site.
pub fn outside(address: &str) -> Option<Url> {
    if address.len() > LONGEST {
        return None;
    }
    let url = Url::parse(address.trim()).ok()?;
    let web = url.scheme() != "mailto";
    let fair = if web {
        url.has_host() && url.username().is_empty() && url.password().is_none()
    } else {
        is_plain_letter(&url)
    };
    (OUTSIDE.contains(&url.scheme()) && fair).then_some(url)
}

/// Whether a mail address asks for a letter and no more: some programs would attach a file of the learner's.
fn is_plain_letter(url: &Url) -> bool {
    const FIELDS: [&str; 6] = ["to", "cc", "bcc", "subject", "body", "in-reply-to"];
    !url.path().starts_with('-')
        && url.query_pairs().all(|(name, _)| FIELDS.contains(&name.to_ascii_lowercase().as_str()))
}

/// Whether `url` is the window's own page.
pub fn own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" if cfg!(windows) => url.host_str() == Some("tauri.localhost"),
        "http" if tauri::is_dev() => url.host_str() == Some("localhost") && url.port() == Some(5173),
        _ => false,
    }
}

/// Whether a frame inside the page may go there: the own page, and what our loopback servers hand out.
///
/// WebKit asks this for frames and for the window alike; that the window itself stays at home is seen to by
/// [`own`] once more when a page begins to load on top.
pub fn inside(url: &Url) -> bool {
    own(url)
        || url.scheme() == "http" && url.host_str() == Some("127.0.0.1") && url.port().is_some()
        || matches!(url.as_str(), "about:blank" | "about:srcdoc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_and_mail_addresses_may_leave() {
        for address in [
            "https://example.org/a?b=c",
            "http://example.org",
            "mailto:a@example.org",
            " https://example.org ",
        ] {
            assert!(outside(address).is_some(), "{address}");
        }
    }

    #[test]
    fn nothing_that_starts_a_program_or_looks_like_another_site_may_leave() {
        let long = format!("https://example.org/{}", "a".repeat(LONGEST));
        for address in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "smb://host/share",
            "ssh://host",
            "tauri://localhost/",
            "vscode://x",
            "/bin/sh",
            "--help",
            "https://school.example@evil.example/",
            "https://a:b@evil.example/",
            "",
            &long,
        ] {
            assert!(outside(address).is_none(), "{address}");
        }
    }

    /// Schemes that start a program, read a file, or send what one is signed in with, somewhere.
    const SCHEMES: [&str; 40] = [
        "file",
        "javascript",
        "vbscript",
        "data",
        "blob",
        "about",
        "view-source",
        "chrome",
        "ms-msdt",
        "ms-word",
        "ms-excel",
        "ms-powerpoint",
        "ms-settings",
        "ms-officecmd",
        "search-ms",
        "ms-appinstaller",
        "shell",
        "smb",
        "cifs",
        "nfs",
        "afp",
        "ftp",
        "sftp",
        "ssh",
        "telnet",
        "rdp",
        "vnc",
        "ldap",
        "jar",
        "steam",
        "vscode",
        "zoommtg",
        "tel",
        "sms",
        "ipc",
        "tauri",
        "daypack",
        "x-apple.systempreferences",
        "ms-cxh",
        "apt",
    ];

    fn hostile() -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for scheme in SCHEMES {
            all.push(format!("{scheme}:x"));
            all.push(format!("{}://host/share", scheme.to_uppercase()));
        }
        for web in [
            "https://school.example@evil.example/",
            "https://:secret@evil.example/",
            "http://user:@evil.example/",
            "https:/\\u@evil.example",
            "https://",
            "http:",
            "https:///",
            "//evil.example/",
            "\\\\evil.example\\share",
            "C:\\Windows\\System32\\calc.exe",
            "/bin/sh",
            "./run.desktop",
            "~/x.desktop",
            "-h",
            "--version",
            "-e sh",
            "; rm -rf ~",
            "$(id)",
            "`id`",
            "|sh",
            "& calc",
            "\u{202e}gpj.exe",
            "%66ile:///etc/passwd",
            "file:///etc/passwd",
            "file://evil.example/share",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            "ms-msdt:/id PCWDiagnostic /skip force",
            "smb://evil.example/share",
            "mailto:a@school.example?attach=/etc/passwd",
            "mailto:a@school.example?attachment=file:///etc/passwd",
            "mailto:a@school.example?subject=x&ATTACH=%2Fetc%2Fpasswd",
            "mailto:-oProxyCommand=x",
            "mailto:?attach=~/.ssh/id_rsa",
        ] {
            all.push(web.replace("\\\\", "\\"));
        }
        all
    }

    #[test]
    fn a_hundred_hostile_links_stay_inside() {
        let links = hostile();
        assert!(links.len() >= 100, "{}", links.len());
        for link in links {
            assert!(outside(&link).is_none(), "{link:?} may leave as {:?}", outside(&link).map(String::from));
        }
    }

    #[test]
    fn what_leaves_is_one_word_that_no_program_reads_as_its_own_switch() {
        for written in [
            "https://example.org/a'b\"c;d e`f$(g)|h&i",
            "https://example.org/\nx",
            "https://example.org/a?q=--help&x=;rm",
            "https://example.org/-rf",
            "mailto:a@example.org?subject=it's \"due\"; today",
            "http://[::1]:80/x",
            "https://m\u{fc}nchen.example/\u{fc}",
        ] {
            let url = outside(written).unwrap_or_else(|| panic!("{written:?} may leave"));
            let word = url.as_str();
            assert!(["https://", "http://", "mailto:"].iter().any(|s| word.starts_with(s)), "{word}");
            assert!(!word.contains([' ', '\n', '\r', '\t', '"', '<', '>', '\\']), "{word:?}");
            assert!(word.is_ascii(), "{word}");
        }
    }

    #[test]
    fn frames_stay_on_this_computer() {
        let inside = |a: &str| inside(&Url::parse(a).unwrap());
        assert!(inside("http://127.0.0.1:4567/word/p/page.html"));
        assert!(inside("tauri://localhost/index.html"));
        for address in [
            "http://127.0.0.1/",
            "https://example.org/",
            "http://127.0.0.1.example.org:80/",
            "http://localhost:80/x",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "about:config",
        ] {
            assert!(!inside(address), "{address}");
        }
    }

    #[test]
    fn a_loopback_page_is_not_our_own_page() {
        assert!(!own(&Url::parse("http://127.0.0.1:4567/").unwrap()));
        assert!(own(&Url::parse("tauri://localhost/").unwrap()));
    }
}
