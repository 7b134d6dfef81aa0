//! Finding a Moodle, signing in, and the list of courses.
//!
//! A password goes to the site that `probe` found and nowhere else: token.php is posted to, and a redirect of a
//! post is never followed. An empty list of courses is no error at Moodle when a password change or a policy is
//! due, so `courses` asks why before it says "none".

use serde_json::{Value, json};
use url::Url;

use super::rest::{CallError, Rest, judge as judge_answer};
use super::{judge, loose, words};
use crate::connector::{
    CourseOffer, Launch, NewAccount, ReadError, Session, SignInError, SignInWays, SiteError, SiteFound,
    SiteKind,
};
use crate::net::{Answer, Net, NetError, Secret, Why, address};

/// Oldest release with all functions Daypack needs (Moodle 4.1).
const OLDEST: u64 = 2_022_112_800;

/// Looks at a typed address.
pub async fn probe(net: &Net, typed: &str) -> Result<SiteFound, SiteError> {
    let mut base = address::base(typed).ok_or(SiteError::BadAddress)?;
    if base.scheme() == "http" && !address::is_private(&base) {
        base.set_scheme("https").map_err(|()| SiteError::BadAddress)?;
    }
    let base = find(net, &base).await?;
    let config = public_config(net, &base).await?;
    let is_off = |key| loose::flag(&config, key) == Some(false);
    if is_off("enablewebservices") || is_off("enablemobilewebservice") {
        return Err(SiteError::ServiceOff);
    }
    if loose::flag(&config, "maintenanceenabled") == Some(true) {
        return Err(SiteError::Maintenance);
    }
    let site = own_address(&base, &loose::text(&config, "wwwroot"));
    let name = words::plain(&loose::text(&config, "sitename"));
    let sign_in = ways(&base, &config);
    Ok(SiteFound {
        name: if name.is_empty() { base.host_str().unwrap_or_default().to_owned() } else { name },
        site,
        kind: SiteKind::Moodle,
        sign_in,
        notice: words::plain(&loose::text(&config, "authinstructions")),
    })
}

/// How the site lets apps sign in. A page at another host is not opened.
fn ways(base: &Url, config: &Value) -> SignInWays {
    let launch = Launch {
        address: loose::text(config, "launchurl"),
        root: match loose::text(config, "wwwroot") {
            root if root.is_empty() => address::text(base),
            root => root.trim_end_matches('/').to_owned(),
        },
    };
    let by_page = matches!(loose::int(config, "typeoflogin"), Some(2 | 3))
        || loose::flag(config, "showloginform") == Some(false);
    // A site may know its learners from elsewhere (Google, the university), whatever it lets apps do.
    let elsewhere = !loose::list(config, "identityproviders").is_empty();
    let page = ((by_page || elsewhere) && same_host(base, &launch.address)).then_some(launch);
    SignInWays { password: !by_page || page.is_none(), page }
}

/// The base address where token.php answers, after redirects of the site itself (to https, to `www.`).
async fn find(net: &Net, base: &Url) -> Result<Url, SiteError> {
    let url = address::below(&address::text(base), "login/token.php?appsitecheck=1")
        .ok_or(SiteError::BadAddress)?;
    let answer = match net.get(&url, None).await {
        Ok(answer) => answer,
        Err(NetError::Redirected { off_site: true, .. }) => return Err(stranger(net, base, None).await),
        Err(error) => return Err(unreached(&error)),
    };
    match judge_answer(&answer) {
        Ok(reply) if loose::text(&reply.value, "appsitecheck") == "ok" => {
            let path = answer.url.path().strip_suffix("/login/token.php").unwrap_or_default().to_owned();
            let mut found = answer.url;
            found.set_query(None);
            found.set_path(&path);
            Ok(found)
        }
        Ok(_) => Err(SiteError::NotAnLms),
        Err(CallError::Refused { code, .. }) => Err(match code.as_str() {
            "sitemaintenance" | "upgraderunning" => SiteError::Maintenance,
            // A Moodle from before the check existed.
            "missingparam" => SiteError::TooOld,
            _ => SiteError::ServiceOff,
        }),
        Err(CallError::Status { status: 503, .. }) => Err(SiteError::Maintenance),
        Err(_) => Err(stranger(net, base, Some(&answer)).await),
    }
}

fn unreached(error: &NetError) -> SiteError {
    match error {
        NetError::BadAddress | NetError::Setup => SiteError::BadAddress,
        NetError::Insecure => SiteError::Insecure,
        NetError::Unreachable(Why::Tls) => SiteError::NoSafeConnection,
        NetError::Unreachable(Why::Dns | Why::Connect) => SiteError::NotFound,
        NetError::Redirected { off_site: false, .. } => SiteError::Insecure,
        NetError::Redirected { off_site: true, .. } => SiteError::CaptivePortal,
        NetError::TooLarge => SiteError::NotAnLms,
        NetError::Unknown => SiteError::Unreachable,
    }
}

/// Something answers that is no token.php: a network's sign-in page answers every path alike, a Moodle without
/// app access shows its marks, anything else is another site.
async fn stranger(net: &Net, base: &Url, first: Option<&Answer>) -> SiteError {
    let made_up = format!("daypack-{:x}/no-such-page", base.as_str().len() * 7919 + 17);
    let Some(url) = address::below(&address::text(base), &made_up) else { return SiteError::BadAddress };
    match (first, net.get(&url, None).await) {
        (None, Err(NetError::Redirected { off_site: true, .. })) => return SiteError::CaptivePortal,
        (Some(first), Ok(second))
            if first.url.host() != base.host() && second.url.host() == first.url.host() =>
        {
            return SiteError::CaptivePortal;
        }
        (Some(first), Ok(second))
            if first.status == 200
                && second.status == 200
                && first.is_html()
                && alike(&first.body, &second.body) =>
        {
            return SiteError::CaptivePortal;
        }
        _ => {}
    }
    match net.get(base, None).await {
        Ok(front) if has_moodle_marks(&front) => SiteError::ServiceOff,
        Ok(front) if front.status == 503 => SiteError::Maintenance,
        Ok(_) | Err(NetError::TooLarge) => SiteError::NotAnLms,
        Err(error) => unreached(&error),
    }
}

/// Whether two pages are one page, give or take what changes with each look (times, session keys).
fn alike(a: &[u8], b: &[u8]) -> bool {
    let title = |page: &[u8]| {
        let text = String::from_utf8_lossy(page).to_lowercase();
        let after = text.split("<title").nth(1).unwrap_or_default();
        after.split("</title").next().unwrap_or_default().to_owned()
    };
    a == b
        || (a.len().abs_diff(b.len()) * 20 < a.len().max(1) && !title(a).is_empty() && title(a) == title(b))
}

fn has_moodle_marks(front: &Answer) -> bool {
    let cookie =
        front.headers.get_all("set-cookie").iter().any(|v| v.as_bytes().starts_with(b"MoodleSession"));
    let text = String::from_utf8_lossy(&front.body);
    cookie
        || ["M.cfg = {", "content=\"moodle", "/lib/javascript.php/", "/theme/yui_combo.php"]
            .iter()
            .any(|m| text.contains(m))
}

async fn public_config(net: &Net, base: &Url) -> Result<Value, SiteError> {
    let path = "lib/ajax/service-nologin.php?info=tool_mobile_get_public_config";
    let url = address::below(&address::text(base), path).ok_or(SiteError::BadAddress)?;
    let asked = json!([{"index": 0, "methodname": "tool_mobile_get_public_config", "args": {}}]);
    let answer = net.post_json(&url, asked.to_string()).await.map_err(|e| unreached(&e))?;
    match judge_answer(&answer) {
        Ok(reply) => {
            let first = reply.value.get(0).cloned().unwrap_or_default();
            match loose::object(&first, "data") {
                Some(data) => Ok(data.clone()),
                None if loose::flag(&first, "error") == Some(true) => Err(SiteError::TooOld),
                None => Err(SiteError::NotAnLms),
            }
        }
        Err(CallError::Refused { code, .. }) if code == "sitemaintenance" => Err(SiteError::Maintenance),
        Err(CallError::Status { status: 503, .. }) => Err(SiteError::Maintenance),
        Err(CallError::Status { status: 404, .. } | CallError::Refused { .. }) => Err(SiteError::TooOld),
        Err(CallError::Net(error)) => Err(unreached(&error)),
        Err(_) => Err(SiteError::NotAnLms),
    }
}

fn same_host(base: &Url, other: &str) -> bool {
    Url::parse(other)
        .is_ok_and(|u| u.host() == base.host() && (u.scheme() == base.scheme() || u.scheme() == "https"))
}

/// The site's own address, where it does not lead to another host or off encryption; else the one found.
fn own_address(base: &Url, wwwroot: &str) -> String {
    match Url::parse(wwwroot) {
        Ok(url)
            if same_host(base, wwwroot) && url.port_or_known_default() == base.port_or_known_default() =>
        {
            address::text(&url)
        }
        _ => address::text(base),
    }
}

/// Signs in with name and password.
pub async fn sign_in(
    net: &Net,
    site: &str,
    username: &str,
    password: &Secret,
) -> Result<(NewAccount, Secret), SignInError> {
    let url = address::below(site, "login/token.php").ok_or(SignInError::Unreachable)?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("username", username)
        .append_pair("password", password.expose())
        .append_pair("service", "moodle_mobile_app")
        .finish();
    let answer = net.post_form(&url, form).await.map_err(|e| refused(&CallError::Net(e)))?;
    let reply = judge_answer(&answer).map_err(|e| refused(&e))?;
    let token = Secret::new(loose::text(&reply.value, "token"));
    if token.expose().is_empty() {
        return Err(SignInError::Other(String::new()));
    }
    let account = who(net, site, &token).await?;
    Ok((account, token))
}

/// Who a token belongs to.
pub async fn who(net: &Net, site: &str, token: &Secret) -> Result<NewAccount, SignInError> {
    let rest = Rest::new(net, site, token);
    let info = rest.call("core_webservice_get_site_info", json!({})).await.map_err(|e| refused(&e))?.value;
    let version: u64 =
        loose::text(&info, "version").split('.').next().and_then(|v| v.parse().ok()).unwrap_or(0);
    if version != 0 && version < OLDEST {
        return Err(SignInError::TooOld);
    }
    // Site info answers whatever is due, and says "policy not agreed" also where there is no policy: whether something
    // is due shows where a course is asked for, and the front page is one that every site has.
    let home = loose::int(&info, "siteid").unwrap_or(1);
    let bare = json!([{"name": "excludecontents", "value": 1}]);
    let asked = rest.call("core_course_get_contents", json!({"courseid": home, "options": bare})).await;
    if let Err(CallError::Refused { code, said, .. }) = &asked {
        if judge::is_password_due(code, said) {
            return Err(SignInError::MustChangePassword);
        }
        let is_closed = matches!(code.as_str(), "errorcoursecontextnotvalid" | "sitepolicynotagreed");
        if is_closed && loose::flag(&info, "policyagreed") == Some(false) {
            return Err(SignInError::Policy);
        }
    }
    let remote_user = loose::text(&info, "userid");
    if remote_user.is_empty() {
        return Err(SignInError::Other(String::new()));
    }
    Ok(NewAccount {
        site: site.trim_end_matches('/').to_owned(),
        site_name: words::plain(&loose::text(&info, "sitename")),
        username: loose::text(&info, "username"),
        full_name: loose::text(&info, "fullname"),
        remote_user,
    })
}

pub(super) fn refused(error: &CallError) -> SignInError {
    match error {
        CallError::Refused { code, said, .. } => match code.as_str() {
            "invalidlogin" => SignInError::WrongPassword,
            "forcepasswordchangenotice" | "passwordisexpired" => SignInError::MustChangePassword,
            "sitepolicynotagreed" => SignInError::Policy,
            "wsaccessusersuspended" | "usersuspended" | "suspended" => SignInError::Suspended,
            "sitemaintenance" | "upgraderunning" => SignInError::Maintenance,
            "enablewsdescription" | "servicenotavailable" | "accessexception" => SignInError::ServiceOff,
            "invalidtoken" => SignInError::WrongPassword,
            _ => SignInError::Other(said.clone()),
        },
        other => match judge::read(other) {
            ReadError::Portal => SignInError::Portal,
            ReadError::Maintenance => SignInError::Maintenance,
            ReadError::Unreachable | ReadError::SignIn => SignInError::Unreachable,
            ReadError::Refused(said) => SignInError::Other(said),
            ReadError::Unexpected(_) if matches!(other, CallError::Status { status: 403, .. }) => {
                SignInError::ServiceOff
            }
            ReadError::Unexpected(_) => SignInError::Other(String::new()),
        },
    }
}

/// The learner's courses.
pub async fn courses(rest: &Rest<'_>, session: &Session) -> Result<Vec<CourseOffer>, ReadError> {
    let reply = rest.call("core_enrol_get_users_courses", json!({"userid": session.remote_user})).await?;
    let Some(all) = reply.value.as_array() else {
        return Err(ReadError::Unexpected("no list of courses".to_owned()));
    };
    let offers = offers(all);
    if offers.is_empty() {
        // "None" is also said when a policy is not agreed to: then it is a matter of signing in.
        match who(rest.net, rest.site, rest.token).await {
            Ok(_) => {}
            Err(SignInError::Policy | SignInError::MustChangePassword | SignInError::Suspended) => {
                return Err(ReadError::SignIn);
            }
            Err(_) => return Err(ReadError::Unreachable),
        }
    }
    Ok(offers)
}

/// The courses of an answer that learners see.
pub fn offers(all: &[Value]) -> Vec<CourseOffer> {
    all.iter().filter_map(offer).collect()
}

fn offer(course: &Value) -> Option<CourseOffer> {
    let remote = loose::text(course, "id");
    let title = title(course);
    if remote.is_empty() || loose::flag(course, "hidden") == Some(true) {
        return None;
    }
    let image = loose::list(course, "overviewfiles")
        .iter()
        .find(|f| loose::text(f, "mimetype").starts_with("image/"))
        .map(|f| super::files::without_token(&loose::text(f, "fileurl")))
        .filter(|url| !url.is_empty());
    Some(CourseOffer { remote, title, summary: words::plain(&loose::text(course, "summary")), image })
}

/// A course's shown title; never empty.
pub fn title(course: &Value) -> String {
    ["displayname", "fullname", "shortname", "id"]
        .iter()
        .map(|key| words::plain(&loose::text(course, key)))
        .find(|t| !t.is_empty())
        .unwrap_or_else(|| "?".to_owned())
}
