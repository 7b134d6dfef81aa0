//! Beginning an attempt at a site: only by the learner's own word, and with everything that is needed offline.

use base64::Engine as _;
use daypack_course::outline::{Course, Item};
use daypack_course::quiz::choice::Choice;
use daypack_course::quiz::{Question, QuestionBody};
use daypack_lms::{StartError, StartedQuiz};

use super::source::{self, read_failed};
use super::words;
use crate::App;
use crate::api::{Failure, FailureCode};
use crate::runner::Note;

/// A larger picture is not taken into a question.
const MAX_PICTURE: usize = 4 << 20;

impl App {
    /// Starts an attempt at the site of the item, or takes up the open one, and brings its pictures.
    pub(crate) async fn start_online(
        &self,
        course: &Course,
        item: &Item,
        password: Option<&str>,
    ) -> Result<StartedQuiz, Failure> {
        let (of, bound) = (course.clone(), item.clone());
        let (account, target) =
            self.db_or(move |store| crate::receiver::receiver(store, &of, &bound)?.account()).await?;
        let session = source::session(self, &account.id).await?;
        let mut started = match session.connector.start_quiz(&session.who, &target, password).await {
            Ok(started) => started,
            Err(error) => return Err(not_started(&error, item, &account.id)),
        };
        self.desk(Note::Contact(true)).await;
        for file in std::mem::take(&mut started.files) {
            let Some(remote) = &file.asset.remote else { continue };
            match picture(&session, &remote.url, words::media_type(&file.asset.name)).await {
                Some(data) => started.questions.iter_mut().for_each(|q| show(q, &file.written, &data)),
                None => tracing::info!("a picture of a question did not come"),
            }
        }
        Ok(started)
    }
}

fn not_started(error: &StartError, item: &Item, account: &daypack_course::AccountId) -> Failure {
    use daypack_course::work::RefusalReason as R;
    match error {
        StartError::OnlyThere => FailureCode::OnlyThere.into(),
        StartError::Password { tried } => Failure::new(FailureCode::QuizPassword).fact("tried", tried),
        StartError::Refused(refusal) => {
            let code = match refusal.why {
                R::NoAttemptsLeft => FailureCode::NoAttemptsLeft,
                R::Closed | R::NotOpenYet => FailureCode::Closed,
                _ => FailureCode::SiteRefused,
            };
            Failure::new(code).fact("said", &refusal.said)
        }
        StartError::Read(daypack_lms::ReadError::Unreachable) => {
            Failure::new(FailureCode::StartsOnline).fact("item", &item.title)
        }
        StartError::Read(error) => read_failed(error, account),
    }
}

/// A picture as a `data:` address: it belongs to the question as it was shown.
async fn picture(session: &source::Session, url: &str, media_type: &str) -> Option<String> {
    if !media_type.starts_with("image/") || media_type == "image/svg+xml" {
        return None;
    }
    let mut coming = session.connector.fetch(&session.who, url, 0, None).await.ok()?;
    let mut bytes = Vec::new();
    while let Some(more) = coming.next().await {
        bytes.extend_from_slice(&more.ok()?);
        if bytes.len() > MAX_PICTURE {
            return None;
        }
    }
    let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
    Some(format!("data:{media_type};base64,{text}"))
}

fn show(question: &mut Question, written: &str, data: &str) {
    let escaped = written.replace('&', "&amp;");
    let put = |html: &mut String| {
        for address in [written, escaped.as_str()] {
            if html.contains(address) {
                *html = html.replace(address, data);
            }
        }
    };
    put(&mut question.text_html);
    let in_choices = |choices: &mut Vec<Choice>| choices.iter_mut().for_each(|c| put(&mut c.text_html));
    match &mut question.body {
        QuestionBody::SingleChoice(q) => in_choices(&mut q.choices),
        QuestionBody::MultipleChoice(q) => in_choices(&mut q.choices),
        QuestionBody::Matching(q) => {
            q.left.iter_mut().chain(&mut q.right).for_each(|s| put(&mut s.text_html))
        }
        QuestionBody::Blanks(q) => {
            q.blanks.iter_mut().for_each(|b| in_choices(&mut b.choices));
            q.pieces.iter_mut().for_each(|p| put(&mut p.text_html));
        }
        QuestionBody::Picture(q) => {
            put(&mut q.image);
            q.pieces.iter_mut().for_each(|p| put(&mut p.text_html));
        }
        QuestionBody::Markers(q) => put(&mut q.image),
        QuestionBody::Ordering(q) => in_choices(&mut q.items),
        QuestionBody::TrueFalse(_)
        | QuestionBody::ShortText(_)
        | QuestionBody::Number(_)
        | QuestionBody::Essay(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => {}
    }
}
