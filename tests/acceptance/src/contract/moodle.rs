//! The practice campus as a double under contract, behind a site that spoils chosen calls.

use std::collections::BTreeMap;

use daypack_course::outline::Binding;
use daypack_course::quiz::Response;
use daypack_course::work::{Answer, Deed, WorkFile};
use daypack_course::{AccountId, Digest};
use daypack_lms::connector::AnyConnector;
use daypack_lms::{FileBytes, Net, NetConfig, Secret, Session, SiteKind};
use serde_json::json;

use super::{Double, Write, work};
use crate::matrix::{Call, name, typed};
use crate::practice::Practice;
use crate::refusals::wire;
use crate::refusing::{Planned, Refusing};

/// A campus with one activity for each case of a write call.
pub struct MoodleDouble {
    call: Call,
    campus: Practice,
    site: Refusing,
    connector: AnyConnector,
    session: Session,
    /// Opening post of each forum.
    openings: BTreeMap<usize, String>,
    _dir: tempfile::TempDir,
}

impl MoodleDouble {
    /// Opens a campus for `cases` cases of `call` and signs in.
    pub async fn open(call: Call, cases: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("course");
        std::fs::create_dir_all(&folder).unwrap();
        let items: Vec<_> = (0..cases).map(|at| call.item(at)).collect();
        let course = json!({"format": "daypack-course-folder/1", "id": "contract", "title": "Contract",
            "sections": [{"title": "All", "items": items}]});
        std::fs::write(folder.join("course.json"), course.to_string()).unwrap();
        let campus = Practice::start(&folder, None, &dir.path().join("campus"));
        let site = Refusing::start(&campus.site).await;
        let net = Net::new(NetConfig { idle_ms: 500, ..NetConfig::default() }).unwrap();
        let connector = daypack_lms::connector(SiteKind::Moodle, net);
        let (account, token) = connector
            .sign_in(&site.address, "student1", &Secret::new("practice-1"))
            .await
            .expect("signed in");
        let session = Session {
            account: AccountId::new("me"),
            site: site.address.clone(),
            remote_user: account.remote_user,
            token,
        };
        let state = campus.state();
        let mut openings = BTreeMap::new();
        for talk in state["discussions"].as_array().unwrap() {
            let at = usize::try_from(talk["forum"].as_i64().unwrap()).unwrap();
            openings.insert(at - 1, talk["first_post"].to_string());
        }
        Self { call, campus, site, connector, session, openings, _dir: dir }
    }

    /// The write of a case.
    pub async fn write(&self, at: usize) -> Write {
        let instance = (at + 1).to_string();
        let module = match self.call {
            Call::Save | Call::Submit | Call::Upload => "assign",
            Call::Finish => "quiz",
            Call::Thread | Call::Reply => "forum",
        };
        let target = Binding {
            site: self.session.site.clone(),
            course: "2".into(),
            module: module.into(),
            cmid: (1000 + at).to_string(),
            instance,
        };
        let text = typed(at);
        let deed = match self.call {
            Call::Save | Call::Submit => {
                Deed::Submission { text, files: Vec::new(), base: None, agreed: false }
            }
            Call::Upload => {
                let file = WorkFile {
                    name: format!("{}.txt", name(at)),
                    digest: Digest::of(text.as_bytes()),
                    size: text.len() as u64,
                    media_type: "text/plain".into(),
                };
                Deed::Submission { text, files: vec![file], base: None, agreed: false }
            }
            Call::Finish => {
                let started = self.connector.start_quiz(&self.session, &target, None).await.expect("started");
                let question = &started.questions[0];
                let answer = Answer {
                    question: question.id.clone(),
                    slot: None,
                    text: format!("Word of {}?", name(at)),
                    response: Response::ShortText { text },
                    labels: BTreeMap::new(),
                };
                Deed::QuizFinish {
                    attempt: "a".into(),
                    remote_attempt: Some(started.remote_attempt),
                    answers: vec![answer],
                    anyway: false,
                    side: Default::default(),
                }
            }
            Call::Thread => Deed::Post { parent: None, subject: name(at), text },
            Call::Reply => Deed::Post { parent: Some(self.openings[&at].clone()), subject: name(at), text },
        };
        let id = format!("0198c0de-0000-7000-8000-{at:012}");
        Write { name: format!("{:?} {at}", self.call), work: work(&self.session, &id, target, deed) }
    }

    fn at(write: &Write) -> usize {
        write.work.target.instance.parse::<usize>().unwrap() - 1
    }

    fn needle(&self, write: &Write) -> String {
        let at = Self::at(write);
        match (self.call, &write.work.deed) {
            (Call::Upload, _) => format!("{}.txt", name(at)),
            (_, Deed::QuizFinish { remote_attempt: Some(attempt), .. }) => format!("attemptid={attempt}"),
            (_, Deed::Post { parent: Some(parent), .. }) => format!("postid={parent}"),
            (_, Deed::Post { .. }) => format!("forumid={}", at + 1),
            _ => format!("assignmentid={}", at + 1),
        }
    }
}

impl Double for MoodleDouble {
    fn connector(&self) -> AnyConnector {
        self.connector.clone()
    }

    fn session(&self) -> Session {
        self.session.clone()
    }

    fn spoil(&self, write: &Write, deed_first: bool, answer: Vec<u8>) {
        let function = self.call.function().to_owned();
        self.site.plan(Planned { function, needle: self.needle(write), answer, deed_first });
    }

    fn mend(&self) {
        self.site.lift();
    }

    fn skew(&self, days: u32) {
        self.site.ahead(days);
    }

    fn held(&self, write: &Write) -> usize {
        self.call.held(&self.campus.state(), Self::at(write))
    }

    fn says_expired(&self) -> Vec<u8> {
        said("webservice_access_exception", "accessexception", "Access control exception")
    }

    fn says_closed(&self) -> Vec<u8> {
        said(
            "dml_missing_record_exception",
            "invalidrecord",
            "Can't find data record in database table course.",
        )
    }

    fn file(&self, digest: &Digest) -> Option<FileBytes> {
        let text = (0..200).map(typed).find(|text| Digest::of(text.as_bytes()) == *digest)?;
        Some(Box::new(std::io::Cursor::new(text.into_bytes())))
    }
}

fn said(exception: &str, code: &str, message: &str) -> Vec<u8> {
    let body = json!({"exception": exception, "errorcode": code, "message": message}).to_string();
    wire(200, &[("Content-Type", "application/json")], &body)
}
