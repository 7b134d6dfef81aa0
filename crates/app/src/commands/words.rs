//! HTML and file names on their way to the window.

use daypack_course::quiz::{Question, QuestionBody};
use daypack_formats::html::clean_fragment;

/// The question with all its HTML cleaned.
pub(crate) fn clean_question(mut question: Question) -> Question {
    let clean = |html: &mut String| *html = clean_fragment(html);
    clean(&mut question.text_html);
    clean(&mut question.feedback_html);
    match &mut question.body {
        QuestionBody::SingleChoice(q) => q.choices.iter_mut().for_each(|c| {
            clean(&mut c.text_html);
            clean(&mut c.feedback_html);
        }),
        QuestionBody::MultipleChoice(q) => q.choices.iter_mut().for_each(|c| {
            clean(&mut c.text_html);
            clean(&mut c.feedback_html);
        }),
        QuestionBody::Matching(q) => {
            q.left.iter_mut().chain(&mut q.right).for_each(|s| clean(&mut s.text_html))
        }
        QuestionBody::Blanks(q) => {
            let choices = q.blanks.iter_mut().flat_map(|b| &mut b.choices).map(|c| &mut c.text_html);
            choices.chain(q.pieces.iter_mut().map(|p| &mut p.text_html)).for_each(clean);
        }
        QuestionBody::Picture(q) => q.pieces.iter_mut().for_each(|p| clean(&mut p.text_html)),
        QuestionBody::Markers(q) => q.markers.iter_mut().for_each(|m| clean(&mut m.text_html)),
        QuestionBody::Ordering(q) => q.items.iter_mut().for_each(|i| clean(&mut i.text_html)),
        QuestionBody::TrueFalse(_)
        | QuestionBody::ShortText(_)
        | QuestionBody::Number(_)
        | QuestionBody::Essay(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => {}
    }
    question
}

/// MIME type by file name, for what learners hand in.
pub(crate) fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "txt" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "odt" => "application/vnd.oasis.opendocument.text",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}
