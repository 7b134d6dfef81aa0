//! Discussions. Moodle posts twice what is sent twice, so every post carries an invisible mark with the work's id,
//! and after a lost reply the mark is looked for before anything is sent again.

use daypack_course::outline::Binding;
use daypack_course::rules::{TalkRules, TalkShape};
use daypack_course::work::{Outcome, Receipt, RefusalReason, Settled};
use daypack_course::{TimeMs, WorkId};
use serde_json::{Value, json};

use super::rest::{CallError, Rest};
use super::{judge, loose, words};
use crate::connector::{Desk, PostView, StepLog};

/// What the mark's class starts with.
const MARK: &str = "daypack-";
/// Discussions asked for at once, and at most.
const PER_PAGE: usize = 50;
const MAX_PAGES: i64 = 10;

/// A post to send.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Its id.
    pub work: &'a WorkId,
    /// The post answered.
    pub parent: Option<&'a str>,
    /// Subject line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
}

impl Letter<'_> {
    fn html(&self) -> String {
        let mark = words::escape(self.work.as_str());
        format!("{}<span class=\"{MARK}{mark}\"></span>", words::to_html(self.text))
    }
}

/// Posts.
pub async fn send(
    rest: &Rest<'_>,
    to: &Binding,
    letter: &Letter<'_>,
    log: &mut StepLog,
    desk: &dyn Desk,
) -> Result<Outcome, Outcome> {
    if log.risky
        && let Some(receipt) = find(rest, to, letter).await.map_err(|e| judge::outcome(&e))?
    {
        return Ok(Outcome::Accepted(receipt));
    }
    let earlier = log.risky;
    log.risky = true;
    desk.save(log).map_err(|_| Outcome::Later { not_before: None })?;
    let (function, asked) = match letter.parent {
        Some(parent) => (
            "mod_forum_add_discussion_post",
            json!({"postid": parent, "subject": letter.subject, "message": letter.html()}),
        ),
        None => (
            "mod_forum_add_discussion",
            json!({"forumid": to.instance, "subject": letter.subject, "message": letter.html()}),
        ),
    };
    match rest.call(function, asked).await {
        Ok(reply) => {
            let remote = match (loose::int(&reply.value, "postid"), loose::int(&reply.value, "discussionid"))
            {
                (Some(post), _) => format!("post:{post}"),
                (None, Some(thread)) => format!("thread:{thread}"),
                (None, None) => return Ok(Outcome::Unknown),
            };
            Ok(Outcome::Accepted(Receipt { remote, at: reply.at, found: false, caveat: None }))
        }
        Err(error) => {
            let outcome = match (&error, judge::outcome(&error)) {
                (CallError::Refused { code, said, at }, Outcome::Refused(_))
                    if code == "cannotcreatediscussion" =>
                {
                    judge::refusal(why_not(rest, to, *at).await, said, *at)
                }
                (_, outcome) => outcome,
            };
            // A refusal may have come after the deed: what is kept goes on saying so, and the next try looks first. Only
            // a call that never left is taken back, and where that cannot be kept the log says more than it must.
            if judge::never_left(&error) && !earlier {
                log.risky = false;
                let _ = desk.save(log);
            }
            Err(outcome)
        }
    }
}

async fn why_not(rest: &Rest<'_>, to: &Binding, now: TimeMs) -> RefusalReason {
    let Ok(reply) = rest.call("mod_forum_get_forums_by_courses", json!({"courseids": [to.course]})).await
    else {
        return RefusalReason::NotAllowed;
    };
    let all = reply.value.as_array().map_or(&[][..], Vec::as_slice);
    match loose::find(all, "id", to.instance.parse().unwrap_or(-1)) {
        Some(forum) if loose::time(forum, "cutoffdate").is_some_and(|t| t < now) => RefusalReason::Closed,
        _ => RefusalReason::NotAllowed,
    }
}

/// Whether the site has it.
pub async fn settle(rest: &Rest<'_>, to: &Binding, letter: &Letter<'_>) -> Result<Settled, CallError> {
    Ok(find(rest, to, letter).await?.map_or(Settled::NotLanded, Settled::Landed))
}

async fn find(rest: &Rest<'_>, to: &Binding, letter: &Letter<'_>) -> Result<Option<Receipt>, CallError> {
    let is_ours = |p: &&PostView| p.work.as_deref() == Some(letter.work.as_str());
    let receipt =
        |p: &PostView| Receipt { remote: format!("post:{}", p.id), at: p.at, found: true, caveat: None };
    let threads = threads(rest, to).await?;
    if let Some(post) = threads.iter().map(|(post, _)| post).find(is_ours) {
        return Ok(Some(receipt(post)));
    }
    if letter.parent.is_none() {
        return Ok(None);
    }
    for (opening, replies) in &threads {
        if *replies == 0 {
            continue;
        }
        if let Some(post) = thread(rest, &opening.thread).await?.iter().find(is_ours) {
            return Ok(Some(receipt(post)));
        }
    }
    Ok(None)
}

/// What may be written in a forum.
pub fn read_rules(about: &Value) -> TalkRules {
    let small = |name: &str| loose::int(about, name).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    TalkRules {
        shape: match loose::text(about, "type").as_str() {
            "news" => TalkShape::News,
            "single" => TalkShape::Single,
            "eachuser" => TalkShape::EachUser,
            "qanda" => TalkShape::QuestionAndAnswer,
            _ => TalkShape::General,
        },
        may_start: loose::flag(about, "cancreatediscussions"),
        cut_off: loose::time(about, "cutoffdate"),
        most: small("blockafter").filter(|_| small("blockperiod").is_some()),
        period_s: small("blockperiod").filter(|_| small("blockafter").is_some()),
        locks_after_s: small("lockdiscussionafter"),
    }
}

/// All posts of a discussion activity.
pub async fn posts(rest: &Rest<'_>, to: &Binding) -> Result<Vec<PostView>, CallError> {
    let mut out = Vec::new();
    for (opening, replies) in threads(rest, to).await? {
        if replies == 0 {
            out.push(opening);
        } else {
            out.extend(thread(rest, &opening.thread).await?);
        }
    }
    Ok(out)
}

/// The opening posts with their number of replies.
async fn threads(rest: &Rest<'_>, to: &Binding) -> Result<Vec<(PostView, i64)>, CallError> {
    let mut out: Vec<(PostView, i64)> = Vec::new();
    for page in 0..MAX_PAGES {
        let asked = json!({"forumid": to.instance, "sortorder": -1, "page": page, "perpage": PER_PAGE});
        let reply = rest.call("mod_forum_get_forum_discussions", asked).await?;
        let all = loose::list(&reply.value, "discussions");
        out.extend(all.iter().map(|d| (opening(d), loose::int(d, "numreplies").unwrap_or(0))));
        if all.len() < PER_PAGE {
            break;
        }
    }
    Ok(out)
}

async fn thread(rest: &Rest<'_>, id: &str) -> Result<Vec<PostView>, CallError> {
    let asked = json!({"discussionid": id, "sortby": "created", "sortdirection": "ASC"});
    let reply = rest.call("mod_forum_get_discussion_posts", asked).await?;
    Ok(loose::list(&reply.value, "posts")
        .iter()
        .filter(|p| loose::flag(p, "isdeleted") != Some(true))
        .map(post)
        .collect())
}

/// An entry of `discussions`: a thread with its opening post in one.
pub fn opening(value: &Value) -> PostView {
    let html = loose::text(value, "message");
    PostView {
        id: loose::text(value, "id"),
        parent: None,
        thread: loose::text(value, "discussion"),
        subject: words::plain(&loose::text(value, "subject")),
        author: words::plain(&loose::text(value, "userfullname")),
        at: loose::time(value, "created").unwrap_or_default(),
        can_reply: loose::flag(value, "canreply") != Some(false)
            && loose::flag(value, "locked") != Some(true),
        work: mark(&html),
        html,
    }
}

/// An entry of `posts`.
pub fn post(value: &Value) -> PostView {
    let html = loose::text(value, "message");
    let author = loose::object(value, "author").map(|a| loose::text(a, "fullname")).unwrap_or_default();
    PostView {
        id: loose::text(value, "id"),
        parent: Some(loose::text(value, "parentid")).filter(|p| !matches!(p.as_str(), "" | "0")),
        thread: loose::text(value, "discussionid"),
        subject: words::plain(&loose::text(value, "subject")),
        author: words::plain(&author),
        at: loose::time(value, "timecreated").unwrap_or_default(),
        can_reply: loose::object(value, "capabilities").and_then(|c| loose::flag(c, "reply")) != Some(false),
        work: mark(&html),
        html,
    }
}

/// The work's id in the mark.
fn mark(html: &str) -> Option<String> {
    let from = html.find(&format!("class=\"{MARK}"))?;
    let rest = html.get(from + 7 + MARK.len()..)?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_again_and_only_ours_counts() {
        let work = WorkId::new("0198c0de-1");
        let letter = Letter { work: &work, parent: None, subject: "s", text: "a <b>" };
        assert_eq!(letter.html(), "<p>a &lt;b&gt;</p><span class=\"daypack-0198c0de-1\"></span>");
        assert_eq!(mark(&letter.html()).as_deref(), Some("0198c0de-1"));
        assert_eq!(mark("<span class=\"other-1\"></span>"), None);
    }
}
