//! Forums.
//! Must stay true: the same post sent twice is two posts; scripts, comments and `data-` attributes are
//! cleaned from messages, classes and ids stay.

use serde_json::{Value, json};

use super::contents::escape_path;
use super::courses::option;
use super::{completion, int, list as items, own_files, seen, text};
use crate::campus::{Caller, Campus, takes_part};
use crate::fault::Fault;
use crate::html_clean::clean;
use crate::modules::Module;
use crate::site::{long_date, user};
use crate::world::{Discussion, OwnFile, Post, World};

/// Starts a thread.
pub fn open_discussion(world: &mut World, forum: i64, by: i64, name: &str, message: &str, now: i64) -> i64 {
    let (id, first_post) = (world.next("discussion"), world.next("post"));
    world.discussions.push(Discussion { id, forum, first_post, name: name.to_owned(), user: by, time: now });
    world.posts.push(Post {
        id: first_post,
        discussion: id,
        parent: 0,
        user: by,
        subject: name.to_owned(),
        message: clean(message),
        files: Vec::new(),
        time: now,
    });
    id
}

/// `mod_forum_get_forums_by_courses`; its root is a list.
pub fn list(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let asked: Vec<i64> = items(params, "courseids").iter().filter_map(Value::as_i64).collect();
    if !takes_part(world, caller.user) || (!asked.is_empty() && !asked.contains(&campus.course_id)) {
        return Ok(json!([]));
    }
    Ok(campus
        .modules
        .iter()
        .filter(|module| module.modname == "forum")
        .map(|module| {
            let talks = world.discussions.iter().filter(|talk| talk.forum == module.instance).count();
            json!({
                "id": module.instance, "course": campus.course_id, "type": "general", "name": module.name,
                "intro": module.intro, "introformat": 1, "introfiles": [], "lang": "", "duedate": 0,
                "cutoffdate": 0, "assessed": 0, "assesstimestart": 0, "assesstimefinish": 0, "scale": 0,
                "grade_forum": 0, "grade_forum_notify": 0, "maxbytes": 512_000, "maxattachments": 3,
                "forcesubscribe": 0, "trackingtype": 1, "rsstype": 0, "rssarticles": 0,
                "timemodified": module.time, "warnafter": 0, "blockafter": 0, "blockperiod": 0,
                "completiondiscussions": 0, "completionreplies": 0, "completionposts": 1, "cmid": module.cmid,
                "numdiscussions": talks, "cancreatediscussions": true, "lockdiscussionafter": 0,
                "istracked": false
            })
        })
        .collect())
}

/// `mod_forum_view_forum`
pub fn view(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    campus.instance(world, caller, "forum", int(params, "forumid"))?;
    Ok(seen())
}

/// `mod_forum_view_forum_discussion`
pub fn view_discussion(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let id = int(params, "discussionid");
    let talk = world.discussions.iter().find(|talk| talk.id == id);
    let forum = talk.ok_or_else(|| Fault::no_record("forum_discussions"))?.forum;
    campus.instance(world, caller, "forum", forum)?;
    Ok(seen())
}

/// `mod_forum_get_forum_discussions`
pub fn discussions(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "forum", int(params, "forumid"))?;
    let mut talks: Vec<(&Discussion, &Post, &Post, usize)> = world
        .discussions
        .iter()
        .filter(|talk| talk.forum == module.instance)
        .filter_map(|talk| {
            let posts: Vec<&Post> = world.posts.iter().filter(|post| post.discussion == talk.id).collect();
            Some((talk, *posts.first()?, *posts.last()?, posts.len() - 1))
        })
        .collect();
    talks.sort_by_key(|(talk, _, last, _)| std::cmp::Reverse((last.time, talk.id)));
    let page = usize::try_from(int(params, "page")).unwrap_or(0);
    let size = match usize::try_from(int(params, "perpage")) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(size) => size,
    };
    let picture = campus.image("core", "u/f2");
    let out: Vec<Value> = talks
        .into_iter()
        .skip(page.saturating_mul(size))
        .take(size)
        .map(|(talk, first, last, replies)| {
            json!({
                "id": talk.first_post, "name": talk.name, "groupid": -1, "timemodified": last.time,
                "usermodified": last.user, "timestart": 0, "timeend": 0, "discussion": talk.id, "parent": 0,
                "userid": talk.user, "created": talk.time, "modified": first.time, "mailed": 0,
                "subject": first.subject, "message": first.message, "messageformat": 1, "messagetrust": 0,
                "attachment": false, "totalscore": 0, "mailnow": 0,
                "userfullname": user(talk.user).fullname(),
                "usermodifiedfullname": user(last.user).fullname(), "userpictureurl": picture,
                "usermodifiedpictureurl": picture, "numreplies": replies, "numunread": 0, "pinned": false,
                "locked": false, "starred": false, "canreply": true, "canlock": false, "canfavourite": true
            })
        })
        .collect();
    Ok(json!({"discussions": out, "warnings": []}))
}

/// `mod_forum_get_discussion_posts`
pub fn posts(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let id = int(params, "discussionid");
    let Some(talk) = world.discussions.iter().find(|talk| talk.id == id) else {
        return Err(Fault::bare("Call to a member function get_forum_id() on null"));
    };
    let module = campus.instance(world, caller, "forum", talk.forum)?;
    let mut posts: Vec<&Post> = world.posts.iter().filter(|post| post.discussion == id).collect();
    posts.sort_by_key(|post| (post.time, post.id));
    if !text(params, "sortdirection").eq_ignore_ascii_case("asc") {
        posts.reverse();
    }
    let posts: Vec<Value> =
        posts.into_iter().map(|post| post_json(campus, caller, module.context(), post)).collect();
    Ok(json!({
        "posts": posts, "forumid": module.instance, "courseid": campus.course_id,
        "ratinginfo": {"contextid": module.context(), "component": "mod_forum", "ratingarea": "post",
            "canviewall": null, "canviewany": null, "scales": [], "ratings": []},
        "warnings": []
    }))
}

fn post_json(campus: &Campus, caller: &Caller, context: i64, post: &Post) -> Value {
    let own = post.user == caller.user.id;
    let editable = own && caller.now - post.time < 1800;
    let (long, iso) = long_date(post.time);
    let author = user(post.user);
    let profile = campus.url(&format!("/user/view.php?id={}&course={}", author.id, campus.course_id));
    let talk = campus.url(&format!("/mod/forum/discuss.php?d={}", post.discussion));
    let script = |what: &str| campus.url(&format!("/mod/forum/post.php?{what}={}", post.id));
    let subject = &post.subject;
    let reply = if subject.starts_with("Re: ") { subject.clone() } else { format!("Re: {subject}") };
    let child = post.parent != 0;
    json!({
        "id": post.id, "subject": subject, "replysubject": reply, "message": post.message, "messageformat": 1,
        "author": {"id": author.id, "fullname": author.fullname(), "isdeleted": false, "groups": [],
            "urls": {"profile": profile, "profileimage": campus.image("core", "u/f1")}},
        "discussionid": post.discussion, "hasparent": child,
        "parentid": if child { json!(post.parent) } else { Value::Null }, "timecreated": post.time,
        "timemodified": post.time, "unread": null, "isdeleted": false, "isprivatereply": false,
        "haswordcount": false, "wordcount": null, "charcount": null,
        "capabilities": {"view": true, "edit": editable, "delete": editable, "split": false, "reply": true,
            "selfenrol": false, "export": false, "controlreadstatus": false, "canreplyprivately": false},
        "urls": {
            "view": format!("{talk}#p{}", post.id), "viewisolated": format!("{talk}&parent={}", post.id),
            "viewparent": if child { json!(format!("{talk}#p{}", post.parent)) } else { Value::Null },
            "edit": editable.then(|| script("edit")), "delete": editable.then(|| script("delete")),
            "split": null, "reply": format!("{}#mformforum", script("reply")), "export": null,
            "markasread": null, "markasunread": null, "discuss": talk
        },
        "attachments": attachments(campus, context, post), "messageinlinefiles": [], "tags": [],
        "html": {"rating": null, "taglist": null, "authorsubheading": format!(
            "by <a href=\"{profile}\">{}</a> - <time datetime=\"{iso}\">{long}</time>", author.fullname())}
    })
}

/// The draft files an `attachmentsid` option names; three at most, as the forum's setting says.
fn attached(world: &World, caller: &Caller, params: &Value) -> Vec<OwnFile> {
    let draft = option(params, "attachmentsid").and_then(|id| id.parse().ok());
    let files = draft.map(|id| own_files::draft(world, caller.user.id, id)).unwrap_or_default();
    files.into_iter().take(3).map(|file| OwnFile { itemid: 0, time: caller.now, ..file }).collect()
}

fn attachments(campus: &Campus, context: i64, post: &Post) -> Value {
    let shown = |file: &OwnFile| {
        let mime = crate::files::mime_of(&file.filename);
        let (long, _) = long_date(file.time);
        #[allow(clippy::cast_precision_loss)]
        let size = match file.size {
            bytes @ 0..1024 => format!("{bytes}\u{a0}bytes"),
            bytes @ 1024..1_048_576 => format!("{:.1}\u{a0}KB", bytes as f64 / 1024.0),
            bytes => format!("{:.1}\u{a0}MB", bytes as f64 / 1_048_576.0),
        };
        json!({
            "contextid": context, "component": "mod_forum", "filearea": "attachment", "itemid": post.id,
            "filepath": file.filepath, "filename": file.filename, "isdir": false,
            "isimage": mime.starts_with("image/"), "timemodified": file.time, "timecreated": file.time,
            "filesize": file.size, "author": user(file.user).fullname(), "license": "unknown",
            "filenameshort": file.filename, "filesizeformatted": size,
            "icon": crate::files::icon_of(mime), "timecreatedformatted": long, "timemodifiedformatted": long,
            "url": campus.url(&format!("/pluginfile.php/{context}/mod_forum/attachment/{}{}{}?forcedownload=1",
                post.id, escape_path(&file.filepath), escape_path(&file.filename))),
            "urls": {"export": null}, "html": {"plagiarism": null}
        })
    };
    post.files.iter().map(shown).collect()
}

fn posted(world: &mut World, caller: &Caller, module: &Module) {
    completion::set(world, caller.user.id, module.cmid, true, caller.now);
}

/// `mod_forum_add_discussion`
pub fn add_discussion(
    campus: &Campus,
    world: &mut World,
    caller: &Caller,
    params: &Value,
) -> Result<Value, Fault> {
    let module = campus.instance(world, caller, "forum", int(params, "forumid"))?;
    let (subject, message) = (text(params, "subject"), text(params, "message"));
    let id = open_discussion(world, module.instance, caller.user.id, subject, message, caller.now);
    let files = attached(world, caller, params);
    if let Some(post) = world.posts.last_mut() {
        post.files = files;
    }
    posted(world, caller, module);
    Ok(json!({"discussionid": id, "warnings": []}))
}

/// `mod_forum_add_discussion_post`
pub fn add_post(campus: &Campus, world: &mut World, caller: &Caller, params: &Value) -> Result<Value, Fault> {
    let parent = int(params, "postid");
    let above = world.posts.iter().find(|post| post.id == parent);
    let discussion = above.ok_or_else(|| Fault::of("invalidparentpostid"))?.discussion;
    let forum = world.discussions.iter().find(|talk| talk.id == discussion).map_or(0, |talk| talk.forum);
    let module = campus.instance(world, caller, "forum", forum)?;
    let files = attached(world, caller, params);
    let post = Post {
        id: world.next("post"),
        discussion,
        parent,
        user: caller.user.id,
        subject: text(params, "subject").to_owned(),
        message: clean(text(params, "message")),
        files,
        time: caller.now,
    };
    let shown = post_json(campus, caller, module.context(), &post);
    let id = post.id;
    world.posts.push(post);
    posted(world, caller, module);
    Ok(json!({"postid": id, "warnings": [], "post": shown, "messages": [
        {"type": "success", "message": "Your post was successfully added."},
        {"type": "success", "message": "You have 30 mins to edit it if you want to make any changes."}
    ]}))
}
