//! A whole learner's day against a running practice campus. Not part of the ordinary run:
//! `campus serve ... --grade-after 0`, then
//! `DAYPACK_CAMPUS=http://127.0.0.1:8642 DAYPACK_CAMPUS_USER=name:password cargo test -p daypack-lms --test campus_by_hand -- --ignored`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;

use daypack_course::outline::{Binding, ItemBody};
use daypack_course::quiz::blanks::BlankShape;
use daypack_course::quiz::picture::Point;
use daypack_course::quiz::{Question, QuestionBody, Response};
use daypack_course::work::{Answer, Deed, Outcome, Settled, Work, WorkFile};
use daypack_course::{AccountId, Digest, TimeMs};
use daypack_lms::moodle::words;
use daypack_lms::{Connector as _, Moodle, Net, NetConfig, Secret, Session, StepLog};
use support::Notes;

fn answer(question: &Question) -> Option<Answer> {
    let mut labels = BTreeMap::new();
    let mut note = |id: &str, html: &str| labels.insert(id.to_owned(), words::plain(html));
    let response = match &question.body {
        QuestionBody::SingleChoice(q) => {
            note(&q.choices[0].id, &q.choices[0].text_html);
            Response::SingleChoice { choice: Some(q.choices[0].id.clone()) }
        }
        QuestionBody::MultipleChoice(q) => {
            note(&q.choices[1].id, &q.choices[1].text_html);
            Response::MultipleChoice { choices: vec![q.choices[1].id.clone()] }
        }
        QuestionBody::TrueFalse(_) => Response::TrueFalse { value: Some(false) },
        QuestionBody::ShortText(_) => Response::ShortText { text: "packet".into() },
        QuestionBody::Number(q) => Response::Number { text: "42".into(), unit: q.units.first().cloned() },
        QuestionBody::Matching(q) => {
            for side in q.left.iter().chain(&q.right) {
                note(&side.id, &side.text_html);
            }
            let pairs = q.left.iter().zip(&q.right).map(|(l, r)| (l.id.clone(), r.id.clone())).collect();
            Response::Matching { pairs }
        }
        QuestionBody::Essay(_) => Response::Essay { text: "First < line\n\nSecond & line".into() },
        QuestionBody::Blanks(q) => {
            let mut values = BTreeMap::new();
            for blank in &q.blanks {
                let first = blank.choices.first().map(|c| c.id.clone()).unwrap_or_default();
                let (id, value) = match blank.shape {
                    BlankShape::Line => (blank.id.clone(), "42".to_owned()),
                    BlankShape::Several => (first, "1".to_owned()),
                    BlankShape::List | BlankShape::One => (blank.id.clone(), first),
                    BlankShape::Piece => {
                        let piece = q.pieces.iter().find(|p| p.group == blank.group)?;
                        (blank.id.clone(), piece.id.clone())
                    }
                };
                values.insert(id, value);
            }
            Response::Filled { values }
        }
        QuestionBody::Picture(q) => Response::Filled {
            values: q
                .spots
                .iter()
                .zip(&q.pieces)
                .filter(|(spot, piece)| spot.group == piece.group)
                .map(|(spot, piece)| (spot.id.clone(), piece.id.clone()))
                .collect(),
        },
        QuestionBody::Markers(q) => Response::Markers {
            points: q.markers.iter().map(|m| (m.id.clone(), vec![Point { x: 40, y: 50 }])).collect(),
        },
        QuestionBody::Ordering(q) => {
            Response::Ordering { order: q.items.iter().rev().map(|i| i.id.clone()).collect() }
        }
        QuestionBody::Description {} | QuestionBody::Unsupported { .. } => return None,
    };
    Some(Answer {
        question: question.id.clone(),
        slot: question.slot,
        text: words::plain(&question.text_html),
        response,
        labels,
    })
}

fn work(id: &str, session: &Session, target: &Binding, deed: Deed) -> Work {
    Work {
        id: id.into(),
        account: session.account.clone(),
        course: "moodle:campus:2".into(),
        item: "cm".into(),
        target: target.clone(),
        deed,
        created: TimeMs(0),
    }
}

#[tokio::test]
#[ignore = "needs a running campus"]
async fn a_learners_day_at_the_campus() {
    let address = std::env::var("DAYPACK_CAMPUS").expect("DAYPACK_CAMPUS");
    let user = std::env::var("DAYPACK_CAMPUS_USER").unwrap_or_else(|_| "student1:practice-1".into());
    let (name, password) = user.split_once(':').unwrap();
    let moodle = Moodle::new(Net::new(NetConfig::default()).unwrap());
    let found = moodle.probe(&address).await.unwrap();
    let (account, token) = moodle.sign_in(&found.site, name, &Secret::new(password)).await.unwrap();
    let session = Session {
        account: AccountId::new("a1"),
        site: found.site.clone(),
        remote_user: account.remote_user.clone(),
        token,
    };
    println!("{found:?}\n{account:?}");
    let courses = moodle.courses(&session).await.unwrap();
    let course = moodle.outline(&session, &courses[0].remote).await.unwrap();
    assert_eq!(course.check(), Vec::<String>::new());
    for item in course.items() {
        println!(
            "{} {:?} {} locked={:?} {:?}",
            item.id,
            item.kind(),
            item.title,
            item.locked,
            item.assets(None)
        );
    }
    let mut bytes = 0;
    for asset in course.assets.values() {
        let mut down = moodle.fetch(&session, &asset.remote.as_ref().unwrap().url, 0, None).await.unwrap();
        let mut got = 0_u64;
        while let Some(part) = down.next().await {
            got += part.unwrap().len() as u64;
        }
        assert!(asset.size.is_none_or(|size| size == got), "{}", asset.name);
        bytes += got;
    }
    println!("{} files, {bytes} bytes", course.assets.len());

    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let mut about = Vec::new();
    for (at, item) in course.items().enumerate() {
        let Some(target) = item.bindings.first() else { continue };
        let id = format!("{run:x}-{at}");
        let mut log = StepLog::default();
        let paper = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(paper.path(), b"notes").unwrap();
        let desk = Notes { file: Some(paper.path().to_owned()), ..Notes::default() };
        match &item.body {
            ItemBody::Quiz(_) => {
                let started = moodle.start_quiz(&session, target, None).await.unwrap();
                let answers: Vec<Answer> = started.questions.iter().filter_map(answer).collect();
                println!("{}: {} questions, {} answers", item.title, started.questions.len(), answers.len());
                let deed = Deed::QuizFinish {
                    attempt: "x".into(),
                    remote_attempt: Some(started.remote_attempt),
                    answers,
                    anyway: false,
                    side: Default::default(),
                };
                let work = work(&id, &session, target, deed);
                let outcome = moodle.send(&session, &work, &mut log, &desk).await;
                println!("  {outcome:?}");
                assert!(
                    matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none() && !r.found),
                    "{outcome:?}"
                );
                assert!(matches!(moodle.settle(&session, &work, &log).await, Settled::Landed(r) if r.found));
                let again = moodle.send(&session, &work, &mut log, &desk).await;
                assert!(matches!(&again, Outcome::Accepted(r) if r.found), "{again:?}");
                about.push(target.clone());
            }
            ItemBody::Assignment(a) => {
                let raw = std::fs::read(paper.path()).unwrap();
                let one = WorkFile {
                    name: "notes.txt".into(),
                    digest: Digest::of(&raw),
                    size: raw.len() as u64,
                    media_type: "text/plain".into(),
                };
                let files = if a.max_files > 0 { vec![one] } else { Vec::new() };
                let text = if a.accepts_text { format!("Mine {run} <b>\n\nend") } else { String::new() };
                let deed = Deed::Submission { text, files, base: None, agreed: false };
                let work = work(&id, &session, target, deed);
                let outcome = moodle.send(&session, &work, &mut log, &desk).await;
                println!("{}: {outcome:?}", item.title);
                assert!(matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none()), "{outcome:?}");
                assert!(matches!(moodle.settle(&session, &work, &log).await, Settled::Landed(_)));
                about.push(target.clone());
            }
            ItemBody::Discussion(_) => {
                let deed = Deed::Post { parent: None, subject: format!("Hello {run}"), text: "a < b".into() };
                let work = work(&id, &session, target, deed);
                let outcome = moodle.send(&session, &work, &mut log, &desk).await;
                println!("{}: {outcome:?}", item.title);
                if !matches!(outcome, Outcome::Accepted(_)) {
                    continue;
                }
                assert!(matches!(moodle.settle(&session, &work, &log).await, Settled::Landed(_)));
                let again = moodle.send(&session, &work, &mut log, &desk).await;
                assert!(matches!(&again, Outcome::Accepted(r) if r.found), "{again:?}");
                about.push(target.clone());
            }
            _ => {}
        }
    }
    let pulled = moodle.pull(&session, &about).await.unwrap();
    for one in &pulled.feedback {
        println!("{} {:?} {} files={}", one.id, one.grade, one.comment_html, one.files.len());
        for file in &one.files {
            moodle.fetch(&session, &file.url, 0, None).await.unwrap();
        }
    }
    for (_, posts) in &pulled.posts {
        let ours: Vec<_> = posts.iter().filter(|p| p.work.is_some()).collect();
        println!("{} posts, {} ours", posts.len(), ours.len());
        assert_eq!(posts.iter().filter(|p| p.subject == format!("Hello {run}")).count(), 1);
    }
    println!("{:?}", pulled.submissions);
}

/// One quiz of a real site: kept half way, taken up as another device would, finished, and proven by the review.
/// `SSL_CERT_FILE=ca.pem DAYPACK_COURSE=2 DAYPACK_QUIZ=1`, and the address and user as above.
#[tokio::test]
#[ignore = "needs a running site"]
async fn every_kind_of_a_quiz_goes_out_and_comes_back() {
    let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name}"));
    let user = var("DAYPACK_CAMPUS_USER");
    let (name, password) = user.split_once(':').unwrap();
    let moodle = Moodle::new(Net::new(NetConfig::default()).unwrap());
    let found = moodle.probe(&var("DAYPACK_CAMPUS")).await.unwrap();
    // A token (with the learner's number for a name) or a password.
    let (remote_user, token) = match std::env::var("DAYPACK_TOKEN") {
        Ok(token) => (name.to_owned(), Secret::new(token)),
        Err(_) => {
            let (account, token) = moodle.sign_in(&found.site, name, &Secret::new(password)).await.unwrap();
            (account.remote_user, token)
        }
    };
    let session = Session { account: AccountId::new("a1"), site: found.site.clone(), remote_user, token };
    let target = Binding {
        site: found.site,
        course: var("DAYPACK_COURSE"),
        module: "quiz".into(),
        cmid: "0".into(),
        instance: var("DAYPACK_QUIZ"),
    };
    let word = std::env::var("DAYPACK_QUIZ_PASSWORD").ok();
    let started = moodle.start_quiz(&session, &target, word.as_deref()).await.unwrap();
    for question in &started.questions {
        let kind = serde_json::to_value(&question.body).unwrap()["kind"].clone();
        println!("{} {kind} page {:?} {}", question.id, question.page, words::plain(&question.text_html));
    }
    let answers: Vec<Answer> = started
        .questions
        .iter()
        .filter_map(|question| Some(Answer { slot: question.slot, ..answer(question)? }))
        .collect();
    let side = &started.side;
    let kept = moodle.keep_answers(&session, &started.remote_attempt, &answers, &[], side).await.unwrap();
    println!("kept: {} fields, others {:?}, missed {:?}", kept.fields.len(), kept.others, kept.missed);
    assert!(kept.others.is_empty() && kept.missed.is_empty() && !kept.ended);
    let again = moodle.start_quiz(&session, &target, word.as_deref()).await.unwrap();
    for given in &answers {
        assert_eq!(again.answers.get(&given.question), Some(&given.response), "{}", given.text);
    }
    let deed = Deed::QuizFinish {
        attempt: "x".into(),
        remote_attempt: Some(started.remote_attempt),
        answers,
        anyway: false,
        side: again.side,
    };
    let work = work("kinds", &session, &target, deed);
    let outcome = moodle.send(&session, &work, &mut StepLog::default(), &Notes::default()).await;
    println!("{outcome:?}");
    assert!(matches!(&outcome, Outcome::Accepted(r) if r.caveat.is_none() && !r.found), "{outcome:?}");
}
