//! A module with a lecture in it: renditions, captions, poster, by names and kinds of its files.

use daypack_course::AssetId;
use daypack_course::outline::{Asset, Caption, Course, Item, Rendition, Tier, Video};

use super::module::File;

pub(super) fn is_video(asset: &Asset) -> bool {
    asset.media_type.starts_with("video/") || ends_with(&asset.name, &["mp4", "m4v", "webm"])
}

pub(super) fn is_audio(asset: &Asset) -> bool {
    asset.media_type.starts_with("audio/") || ends_with(&asset.name, &["m4a", "mp3", "ogg", "opus"])
}

fn ends_with(name: &str, ends: &[&str]) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    ends.contains(&end.as_str())
}

fn is_chapters(name: &str) -> bool {
    ends_with(name, &["vtt"]) && name.to_ascii_lowercase().contains("chapter")
}

/// The lecture in `files`.
pub(super) fn video(files: &[File]) -> Video {
    let mut pictures: Vec<&File> = files.iter().filter(|f| is_video(&f.asset)).collect();
    // The best first: not named as small, then the larger one.
    pictures.sort_by_key(|f| (is_named_small(&f.name), std::cmp::Reverse(f.asset.size.unwrap_or(0))));
    let sound = files.iter().filter(|f| is_audio(&f.asset) && !is_video(&f.asset));
    let mut renditions: Vec<Rendition> = pictures
        .iter()
        .enumerate()
        .map(|(at, f)| rendition(f, if at == 0 { Tier::Standard } else { Tier::Low }))
        .collect();
    renditions.extend(sound.map(|f| rendition(f, Tier::Audio)));
    let captions = files
        .iter()
        .filter(|f| ends_with(&f.name, &["vtt"]) && !is_chapters(&f.name))
        .map(|f| {
            let language = language(&f.name);
            Caption { label: language.clone(), language, asset: f.id.clone() }
        })
        .collect();
    let poster = files.iter().find(|f| f.asset.media_type.starts_with("image/")).map(|f| f.id.clone());
    Video { duration_ms: None, poster, renditions, captions, chapters: Vec::new() }
}

fn rendition(file: &File, tier: Tier) -> Rendition {
    Rendition { tier, asset: file.id.clone(), codecs: String::new(), width: 0, height: 0 }
}

fn is_named_small(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        matches!(part, "low" | "small" | "mobile" | "144p" | "240p" | "360p" | "144" | "240" | "360")
    })
}

/// `talk.pt-BR.vtt` is `pt-BR`; without a language in the name it is `und`.
fn language(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let tag = stem.rsplit_once('.').map_or("", |(_, tag)| tag);
    let first = tag.split('-').next().unwrap_or_default();
    let is_tag = (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_tag { tag.to_owned() } else { "und".to_owned() }
}

/// The WebVTT file with a lecture's chapters, when its module has one. It is an asset of the course that
/// `Item::assets` does not name.
pub fn chapters_file(course: &Course, item: &Item) -> Option<AssetId> {
    let cmid = &item.bindings.first()?.cmid;
    let head = format!("cm{cmid}/");
    course
        .assets
        .iter()
        .find(|(id, asset)| id.as_str().starts_with(&head) && is_chapters(&asset.name))
        .map(|(id, _)| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_language_and_size() {
        assert_eq!(language("talk.en.vtt"), "en");
        assert_eq!(language("talk.pt-BR.vtt"), "pt-BR");
        assert_eq!(language("talk.vtt"), "und");
        assert!(is_named_small("talk-low.mp4") && is_named_small("talk.360p.mp4"));
        assert!(!is_named_small("following.mp4"));
        assert!(is_chapters("talk.chapters.vtt") && !is_chapters("talk.en.vtt"));
    }
}
