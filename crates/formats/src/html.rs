//! HTML of other people, made safe: small pieces for the app's own window, and whole pages for the sandboxed
//! content origin.
//!
//! What must stay true: what leaves here passed ammonia's fixed allow-list as the last step; no script, handler,
//! form, frame, base or refresh survives; nothing loads from another host: what would have is a labelled block
//! and a reported need. The content origin's own policy is the second wall, this is the first.

mod allow;
mod hosts;
mod place;
mod text;
mod walk;

use daypack_course::outline::OnlineNeed;

pub use allow::clean_fragment;
pub use hosts::{host_of, video_host};
pub use place::page_key;
pub(crate) use place::{elsewhere, join, split, tidy};
pub use text::plain_text;
pub(crate) use walk::{Target, Use, escape};

/// A page made safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanPage {
    /// A whole document.
    pub html: String,
    /// The page's own title; may be empty.
    pub title: String,
    /// What in it needs the internet, without doubles, in order of appearance.
    pub needs: Vec<OnlineNeed>,
    /// Whether script, handlers or plug-ins were taken out.
    pub scripts_removed: bool,
    /// Local files it uses, as keys of `Reading::files`: relative to the page and percent-decoded; those
    /// outside the page's folder as `~/<path from the course's root>`. The cleaned page asks for exactly these
    /// (percent-encoded).
    pub local_refs: Vec<String>,
}

/// Cleans a page. `base` is the page's own path within the course, e.g. `readings/a.html`.
///
/// Cleaning a cleaned page changes nothing.
pub fn clean_page(html: &str, base: &str) -> CleanPage {
    clean_page_with(html, &mut |written, _| place::resolve(written, base))
}

/// As [`clean_page`], with the caller saying where each address leads.
pub(crate) fn clean_page_with(html: &str, resolve: &mut dyn FnMut(&str, Use) -> Target) -> CleanPage {
    let walked = walk::walk(html, resolve);
    CleanPage {
        html: allow::document(&walked),
        title: walked.title,
        needs: walked.needs,
        scripts_removed: walked.scripts_removed,
        local_refs: walked.local_refs,
    }
}

/// A small piece of HTML with its addresses resolved, clean enough for the app's own window; also what it needs
/// and which local files it shows.
pub(crate) fn clean_piece_with(
    html: &str,
    resolve: &mut dyn FnMut(&str, Use) -> Target,
) -> (String, Vec<OnlineNeed>, Vec<String>) {
    let walked = walk::walk(html, resolve);
    (clean_fragment(&walked.body), walked.needs, walked.local_refs)
}
