//! Signing in on a page of the site itself, and by the site's QR code.
//!
//! The page ends with an address of no web scheme that carries the token (`moodlemobile://token=…`, or whatever scheme
//! the site insists on). What must stay true: such an address counts only when it is signed for this site and for the
//! passport that was made for this one sign-in; it is a secret as a whole and goes into no log and no message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::json;
use url::Url;

use super::rest::{CallError, judge};
use super::{loose, site};
use crate::connector::{Launch, NewAccount, SignInError};
use crate::net::{Net, Secret, address};

/// Our own scheme; most sites insist on `moodlemobile`.
const SCHEME: &str = "daypack";
/// Longer addresses are no tokens.
const LONGEST: usize = 2048;

/// The page to open; `None` where the site's address for it is none.
pub fn page(launch: &Launch, passport: &Secret) -> Option<Url> {
    let mut url = Url::parse(&launch.address).ok()?;
    url.query_pairs_mut()
        .append_pair("service", "moodle_mobile_app")
        .append_pair("passport", passport.expose())
        .append_pair("urlscheme", SCHEME);
    Some(url)
}

/// Whether an address is the end of a sign-in: `<scheme>://token=…`, of no scheme of the web.
pub fn is_end(address: &str) -> bool {
    address.split_once("://").is_some_and(|(scheme, rest)| {
        rest.starts_with("token=") && !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str())
    })
}

/// The token in such an address, where it is signed for this site and passport. The site may know itself by http and by
/// https.
pub fn token(launch: &Launch, passport: &Secret, address: &Secret) -> Result<Secret, SignInError> {
    let address = address.expose();
    if !is_end(address) || address.len() > LONGEST {
        return Err(SignInError::NotProven);
    }
    let packed = address.split_once("://token=").map(|(_, rest)| rest).unwrap_or_default();
    let packed = percent_encoding::percent_decode_str(packed).decode_utf8_lossy();
    let bytes = STANDARD.decode(packed.trim_end_matches('/')).or_else(|_| STANDARD.decode(packed.as_bytes()));
    let text = bytes.ok().and_then(|b| String::from_utf8(b).ok()).ok_or(SignInError::NotProven)?;
    let mut parts = text.split(":::");
    let (signature, token) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_token = (16..=128).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_token || !signatures(&launch.root, passport).iter().any(|s| s.eq_ignore_ascii_case(signature)) {
        return Err(SignInError::NotProven);
    }
    Ok(Secret::new(token))
}

fn signatures(root: &str, passport: &Secret) -> [String; 2] {
    let rest = root.split_once("://").map_or(root, |(_, rest)| rest);
    ["https", "http"].map(|scheme| {
        let digest = Md5::digest(format!("{scheme}://{rest}{}", passport.expose()));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

/// What the text of a site's QR code says.
#[derive(Clone, Debug)]
pub struct Code {
    /// Address of the site.
    pub site: String,
    /// The key for one sign-in and the user's id; `None` where the code only names the site.
    pub login: Option<(Secret, String)>,
}

/// Reads the text of a QR code: `moodlemobile://https://site?qrlogin=…&userid=…`; the scheme may be the site's own or
/// missing. `None` when it is none.
pub fn code(text: &str) -> Option<Code> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://")?;
    let inner = if matches!(scheme, "http" | "https") { text } else { rest };
    // A scanner may write the address without its scheme.
    let inner = if inner.contains("://") { inner.to_owned() } else { format!("https://{inner}") };
    let url = Url::parse(&inner).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    let login = match (value("qrlogin"), value("userid")) {
        (Some(key), Some(user)) if user.parse::<u64>().is_ok() && !key.is_empty() => {
            Some((Secret::new(key), user))
        }
        _ => None,
    };
    if login.is_none() && matches!(scheme, "http" | "https") {
        return None;
    }
    let base = address::base(&inner)?;
    Some(Code { site: address::text(&base), login })
}

/// Signs in by the key of a QR code. The site gives it to what calls itself the Moodle app only, once, for ten minutes,
/// and mostly within one network.
pub async fn sign_in_by_code(
    net: &Net,
    site: &str,
    key: &Secret,
    user: &str,
) -> Result<(NewAccount, Secret), SignInError> {
    let function = "tool_mobile_get_tokens_for_qr_login";
    let path = format!("lib/ajax/service-nologin.php?info={function}");
    let url = address::below(site, &path).ok_or(SignInError::Unreachable)?;
    let user: u64 = user.parse().map_err(|_| SignInError::CodeSpent)?;
    let asked =
        json!([{"index": 0, "methodname": function, "args": {"qrloginkey": key.expose(), "userid": user}}]);
    let answer = net
        .post_json_as(&url, asked.to_string(), "MoodleMobile")
        .await
        .map_err(|e| site::refused(&CallError::Net(e)))?;
    let reply = judge(&answer).map_err(|e| site::refused(&e))?;
    let first = reply.value.get(0).cloned().unwrap_or_default();
    if let Some(exception) = loose::object(&first, "exception") {
        return Err(match loose::text(exception, "errorcode").as_str() {
            "invalidkey" | "expiredkey" | "ipmismatch" | "keyalreadyexists" => SignInError::CodeSpent,
            "servicenotavailable" | "qrcodedisabled" => SignInError::ServiceOff,
            _ => SignInError::Other(super::words::plain(&loose::text(exception, "message"))),
        });
    }
    let token = Secret::new(loose::text(loose::object(&first, "data").unwrap_or(&first), "token"));
    if token.expose().is_empty() {
        return Err(SignInError::CodeSpent);
    }
    let account = site::who(net, site, &token).await?;
    Ok((account, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(root: &str) -> Launch {
        Launch { address: format!("{root}/admin/tool/mobile/launch.php"), root: root.to_owned() }
    }

    fn address(scheme: &str, text: &str) -> Secret {
        Secret::new(format!("{scheme}://token={}", STANDARD.encode(text)))
    }

    #[test]
    fn the_page_is_asked_with_passport_and_scheme() {
        let url = page(&launch("https://a.example"), &Secret::new("p 1")).unwrap();
        assert_eq!(
            url.as_str(),
            "https://a.example/admin/tool/mobile/launch.php?service=moodle_mobile_app&passport=p+1&urlscheme=daypack"
        );
    }

    #[test]
    fn two_parts_and_three_parts_are_read_and_a_site_may_know_itself_by_http() {
        let (root, passport) = ("https://moodle.school.example", Secret::new("418.2047331"));
        let token_ = "0123456789abcdef0123456789abcdef";
        for signature in ["0aedfb6b50be1d9cfdf89ecde29f781b", "95350b49ed21fb318c41c40880565803"] {
            for rest in [String::new(), format!(":::{}", "P".repeat(64))] {
                let end = address("moodlemobile", &format!("{signature}:::{token_}{rest}"));
                let read = token(&launch(root), &passport, &end).unwrap();
                assert_eq!(read.expose(), token_);
            }
        }
    }

    #[test]
    fn what_is_signed_for_another_site_or_another_passport_is_no_token() {
        let passport = Secret::new("418.2047331");
        let end =
            address("moodlemobile", "0aedfb6b50be1d9cfdf89ecde29f781b:::0123456789abcdef0123456789abcdef");
        assert!(token(&launch("https://moodle.school.example"), &passport, &end).is_ok());
        let refused = |root: &str, passport: &str, end: &Secret| {
            token(&launch(root), &Secret::new(passport), end).unwrap_err() == SignInError::NotProven
        };
        assert!(refused("https://other.example", "418.2047331", &end));
        assert!(refused("https://moodle.school.example", "418.2047332", &end));
        assert!(refused("https://moodle.school.example", "418.2047331", &address("https", "x:::y")));
        let odd = address("moodlemobile", "0aedfb6b50be1d9cfdf89ecde29f781b:::<script>alert(1)</script>");
        assert!(refused("https://moodle.school.example", "418.2047331", &odd));
        assert!(refused(
            "https://moodle.school.example",
            "418.2047331",
            &Secret::new("moodlemobile://token=%%")
        ));
    }

    #[test]
    fn an_end_is_of_no_web_scheme() {
        assert!(is_end("moodlemobile://token=abc") && is_end("org.school.app://token=abc"));
        assert!(!is_end("https://token=abc") && !is_end("HTTP://token=abc") && !is_end("moodlemobile://x"));
    }

    #[test]
    fn the_text_of_a_code_is_read_as_sites_write_it() {
        let found = code("moodlemobile://https://a.example/learn?qrlogin=k1&userid=7").unwrap();
        assert_eq!(found.site, "https://a.example/learn");
        let (key, user) = found.login.unwrap();
        assert_eq!((key.expose(), user.as_str()), ("k1", "7"));
        assert!(code("schoolapp://https://a.example").unwrap().login.is_none());
        assert!(code("https://a.example?qrlogin=k1&userid=7").unwrap().login.is_some());
        for none in
            ["https://a.example", "a.example", "moodlemobile://", "moodlemobile://javascript:alert(1)", ""]
        {
            assert!(code(none).is_none(), "{none}");
        }
    }
}
