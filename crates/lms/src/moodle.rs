//! The Moodle connector (Moodle 4.1 and later, mobile web service). What Moodle really answers is recorded in
//! `tests/corpus/moodle`; each module here speaks of one part of it.

pub mod assign;
pub mod batch;
pub mod complete;
pub mod feedback;
pub mod files;
pub mod forum;
pub mod grades;
pub mod judge;
pub mod launch;
pub mod loose;
pub mod news;
pub mod outline;
pub mod own_files;
pub mod pluginfile;
pub mod question;
pub mod quiz;
pub mod rest;
pub mod site;
pub mod words;

use daypack_course::TimeMs;
use daypack_course::grades::Gradebook;
use daypack_course::outline::Binding;
use daypack_course::work::{Answer, Deed, Outcome, Resend, Settled, SiteSide, Work};

use crate::connector::{
    Answering, Connector, CourseOffer, Desk, Download, FetchError, KeptAnswers, Launch, NewAccount, News,
    OwnFile, OwnFileError, Pulled, ReadError, Session, SignInError, SiteError, SiteFound, SiteKind,
    SiteVersion, StartError, StartedQuiz, StepLog,
};
use crate::net::{Net, Secret};
use rest::Rest;

/// The connector.
#[derive(Clone)]
pub struct Moodle {
    net: Net,
}

impl Moodle {
    /// Talks through `net`.
    pub fn new(net: Net) -> Self {
        Self { net }
    }

    fn rest<'a>(&'a self, session: &'a Session) -> Rest<'a> {
        Rest::new(&self.net, &session.site, &session.token)
    }
}

impl Connector for Moodle {
    fn kind(&self) -> SiteKind {
        SiteKind::Moodle
    }

    fn probe<'a>(&'a self, address: &'a str) -> Answering<'a, Result<SiteFound, SiteError>> {
        Box::pin(site::probe(&self.net, address))
    }

    fn sign_in<'a>(
        &'a self,
        site: &'a str,
        username: &'a str,
        password: &'a Secret,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>> {
        Box::pin(site::sign_in(&self.net, site, username, password))
    }

    fn launch_page(&self, launch: &Launch, passport: &Secret) -> Option<url::Url> {
        launch::page(launch, passport)
    }

    fn launched<'a>(
        &'a self,
        site: &'a str,
        launch: &'a Launch,
        passport: &'a Secret,
        address: &'a Secret,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>> {
        Box::pin(async move {
            let token = launch::token(launch, passport, address)?;
            Ok((site::who(&self.net, site, &token).await?, token))
        })
    }

    fn sign_in_by_code<'a>(
        &'a self,
        site: &'a str,
        key: &'a Secret,
        user: &'a str,
    ) -> Answering<'a, Result<(NewAccount, Secret), SignInError>> {
        Box::pin(launch::sign_in_by_code(&self.net, site, key, user))
    }

    fn who<'a>(&'a self, site: &'a str, token: &'a Secret) -> Answering<'a, Result<NewAccount, SignInError>> {
        Box::pin(site::who(&self.net, site, token))
    }

    fn courses<'a>(&'a self, session: &'a Session) -> Answering<'a, Result<Vec<CourseOffer>, ReadError>> {
        Box::pin(async move { site::courses(&self.rest(session), session).await })
    }

    fn outline<'a>(
        &'a self,
        session: &'a Session,
        remote: &'a str,
    ) -> Answering<'a, Result<daypack_course::outline::Course, ReadError>> {
        Box::pin(async move { outline::outline(&self.rest(session), session, remote).await })
    }

    fn fetch<'a>(
        &'a self,
        session: &'a Session,
        url: &'a str,
        from: u64,
        validator: Option<&'a str>,
    ) -> Answering<'a, Result<Download, FetchError>> {
        Box::pin(files::fetch(&self.net, session, url, from, validator))
    }

    fn way(&self, session: &Session, url: &str) -> Result<crate::Way, FetchError> {
        files::way(&self.net, session, url)
    }

    fn is_same_file<'a>(
        &'a self,
        session: &'a Session,
        url: &'a str,
        sha1: &'a str,
    ) -> Answering<'a, Result<bool, FetchError>> {
        Box::pin(files::is_same(&self.net, session, url, sha1))
    }

    fn start_quiz<'a>(
        &'a self,
        session: &'a Session,
        quiz: &'a Binding,
        password: Option<&'a str>,
    ) -> Answering<'a, Result<StartedQuiz, StartError>> {
        Box::pin(async move { quiz::start(&self.rest(session), quiz, password).await })
    }

    fn keep_answers<'a>(
        &'a self,
        session: &'a Session,
        attempt: &'a str,
        answers: &'a [Answer],
        pages: &'a [u32],
        side: &'a SiteSide,
    ) -> Answering<'a, Result<KeptAnswers, ReadError>> {
        Box::pin(
            async move { Ok(quiz::keep::keep(&self.rest(session), attempt, answers, pages, side).await?) },
        )
    }

    fn send<'a>(
        &'a self,
        session: &'a Session,
        work: &'a Work,
        log: &'a mut StepLog,
        desk: &'a dyn Desk,
    ) -> Answering<'a, Outcome> {
        Box::pin(async move {
            let rest = self.rest(session);
            let sent = match &work.deed {
                Deed::QuizFinish { remote_attempt, answers, anyway, side, .. } => {
                    let remote = remote_attempt.as_deref();
                    let paper = quiz::Paper { remote, answers, anyway: *anyway, side };
                    quiz::send(&rest, &work.target, &paper, log, desk).await
                }
                Deed::Submission { text, files, base, agreed } => {
                    let paper = assign::Paper { text, files, base: base.as_deref(), agreed: *agreed };
                    assign::send(&rest, &work.target, &paper, log, desk).await
                }
                Deed::Post { parent, subject, text } => {
                    let post = forum::Letter { work: &work.id, parent: parent.as_deref(), subject, text };
                    forum::send(&rest, &work.target, &post, log, desk).await
                }
                Deed::Completion { done } => complete::send(&rest, &work.target, *done).await,
            };
            sent.unwrap_or_else(|early| early)
        })
    }

    fn resend(&self, deed: &Deed) -> Resend {
        match deed {
            Deed::Completion { .. } => Resend::Repeatable,
            // A save is repeatable, and would overwrite what another device saved meanwhile: looked at first.
            Deed::QuizFinish { .. } | Deed::Submission { .. } | Deed::Post { .. } => Resend::ReadBack,
        }
    }

    fn site_version<'a>(
        &'a self,
        session: &'a Session,
        work: &'a Work,
        log: &'a StepLog,
    ) -> Answering<'a, Result<SiteVersion, ReadError>> {
        Box::pin(async move {
            let rest = self.rest(session);
            match &work.deed {
                Deed::Submission { .. } => Ok(assign::status(&rest, &work.target).await?.0.version()),
                Deed::QuizFinish { remote_attempt, .. } => {
                    let id = log.attempt.as_deref().or(remote_attempt.as_deref());
                    Ok(quiz::version(&rest, id).await?)
                }
                Deed::Post { .. } | Deed::Completion { .. } => Ok(SiteVersion::default()),
            }
        })
    }

    fn settle<'a>(
        &'a self,
        session: &'a Session,
        work: &'a Work,
        log: &'a StepLog,
    ) -> Answering<'a, Settled> {
        Box::pin(async move {
            let rest = self.rest(session);
            let settled = match &work.deed {
                Deed::QuizFinish { remote_attempt, .. } => {
                    quiz::settle(&rest, &work.target, remote_attempt.as_deref(), log).await
                }
                Deed::Submission { text, files, base, agreed } => {
                    let paper = assign::Paper { text, files, base: base.as_deref(), agreed: *agreed };
                    assign::settle(&rest, &work.target, &paper).await
                }
                Deed::Post { parent, subject, text } => {
                    let post = forum::Letter { work: &work.id, parent: parent.as_deref(), subject, text };
                    forum::settle(&rest, &work.target, &post).await
                }
                // Repeating it has no further effect.
                Deed::Completion { .. } => Ok(Settled::NotLanded),
            };
            settled.unwrap_or_else(|call| judge::settled(&call))
        })
    }

    fn news<'a>(
        &'a self,
        session: &'a Session,
        since: &'a [(String, TimeMs)],
    ) -> Answering<'a, Result<News, ReadError>> {
        Box::pin(async move { news::news(&self.rest(session), session, since).await })
    }

    fn pull<'a>(
        &'a self,
        session: &'a Session,
        about: &'a [Binding],
    ) -> Answering<'a, Result<Pulled, ReadError>> {
        Box::pin(async move { feedback::pull(&self.rest(session), session, about).await })
    }

    fn grades<'a>(
        &'a self,
        session: &'a Session,
        course: &'a str,
    ) -> Answering<'a, Result<Gradebook, ReadError>> {
        Box::pin(async move {
            grades::read(&self.rest(session), &session.remote_user, course).await.map_err(ReadError::from)
        })
    }

    fn own_files<'a>(&'a self, session: &'a Session) -> Answering<'a, Result<Vec<OwnFile>, OwnFileError>> {
        Box::pin(async move { own_files::list(&self.rest(session), session).await })
    }

    fn own_file_put<'a>(
        &'a self,
        session: &'a Session,
        name: &'a str,
        bytes: Vec<u8>,
    ) -> Answering<'a, Result<(), OwnFileError>> {
        Box::pin(async move { own_files::put(&self.rest(session), name, bytes).await })
    }
}
