//! The learner's way from sign-in to a recorded message, without a window: the six steps of the main job.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use daypack_app::api::FailureCode;
use daypack_app::api::input::*;
use daypack_app::api::outline::{Here, ItemRow, JobState, OfferCard};
use daypack_app::api::study::{ItemBodyView, ThereState};
use daypack_app::{App, Keyring, MemoryKeyring, OpenOptions};
use daypack_course::changes::What;
use daypack_course::outline::ItemKind;
use daypack_course::quiz::{QuestionBody, Response};
use daypack_course::work::{RefusalReason, WorkState};
use daypack_course::{CourseId, ItemId};
use daypack_tests::practice::{Practice, small_course};

/// Opens Daypack on a computer whose keyring works; the same one each time.
async fn open(dir: &std::path::Path, keyring: &Arc<MemoryKeyring>) -> App {
    let keyring = Some(Arc::clone(keyring) as Arc<dyn Keyring>);
    App::open(OpenOptions { data_dir: dir.to_owned(), keyring, ..OpenOptions::default() })
        .await
        .expect("opens")
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

async fn sign_in(app: &App, campus: &Practice) {
    let found = app.site_check(Address { address: campus.site.clone() }).await.expect("a site");
    let who = SignIn { site: found.site, username: "student1".into(), password: "practice-1".into() };
    app.sign_in(who).await.expect("signed in");
}

async fn add(app: &App, pick: impl Fn(&OfferCard) -> bool) -> CourseId {
    let library = app.offers_refresh(Nothing {}).await.expect("offers");
    let offer = library.offers.iter().find(|o| pick(o)).expect("the course is offered").clone();
    app.course_add(OfferInput { source: offer.source, id: offer.id }).await.expect("added").course
}

async fn rows(app: &App, course: &CourseId) -> Vec<ItemRow> {
    let view = app.course(CourseInput { course: course.clone() }).await.expect("outline");
    view.sections.into_iter().flat_map(|s| s.items).collect()
}

async fn take_all(app: &App, course: &CourseId) {
    app.take_along(TakeAlong { course: course.clone(), section: None, item: None, tier: None })
        .await
        .expect("taken");
    until("everything is here", || async {
        let jobs = app.jobs(Nothing {}).await.unwrap().jobs;
        let job = jobs.into_iter().find(|j| j.course == *course)?;
        assert!(!matches!(job.state, JobState::Failed | JobState::NoSpace | JobState::SignIn), "{job:?}");
        (job.state == JobState::Done).then_some(())
    })
    .await;
}

async fn body(app: &App, course: &CourseId, item: &ItemId) -> ItemBodyView {
    app.item(ItemInput { course: course.clone(), item: item.clone() }).await.expect("opens").body
}

fn of_kind(rows: &[ItemRow], kind: ItemKind) -> Vec<ItemId> {
    rows.iter().filter(|r| r.kind == kind).map(|r| r.id.clone()).collect()
}

/// Some answer for every question, the same each time.
fn answer(body: &QuestionBody) -> Option<Response> {
    Some(match body {
        QuestionBody::SingleChoice(q) => {
            Response::SingleChoice { choice: Some(q.choices.first()?.id.clone()) }
        }
        QuestionBody::MultipleChoice(q) => {
            Response::MultipleChoice { choices: q.choices.iter().take(2).map(|c| c.id.clone()).collect() }
        }
        QuestionBody::TrueFalse(_) => Response::TrueFalse { value: Some(true) },
        QuestionBody::ShortText(_) => Response::ShortText { text: "packet & = % \u{1f4e6}".into() },
        QuestionBody::Number(_) => Response::Number { text: "3.5".into(), unit: None },
        QuestionBody::Matching(q) => Response::Matching {
            pairs: q
                .left
                .iter()
                .zip(q.right.iter())
                .map(|(l, r)| (l.id.clone(), r.id.clone()))
                .collect::<BTreeMap<_, _>>(),
        },
        QuestionBody::Essay(_) => Response::Essay { text: ESSAY.into() },
        QuestionBody::Blanks(_)
        | QuestionBody::Picture(_)
        | QuestionBody::Markers(_)
        | QuestionBody::Ordering(_)
        | QuestionBody::Description {}
        | QuestionBody::Unsupported { .. } => return None,
    })
}

const ESSAY: &str =
    "A message is cut into packets & each finds its own way.\n\u{645}\u{631}\u{62d}\u{628}\u{627} = 100 %";

#[tokio::test(flavor = "multi_thread")]
async fn a_course_is_fetched_worked_offline_handed_in_once_and_heard_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let data = dir.path().join("data");
    let keyring = Arc::default();
    let app = open(&data, &keyring).await;
    assert!(app.app_status(Nothing {}).await.unwrap().first_run);

    // 1. Sign in: wrong first.
    let wrong = SignIn { site: campus.site.clone(), username: "student1".into(), password: "no".into() };
    assert_eq!(app.sign_in(wrong).await.unwrap_err().code, FailureCode::WrongPassword);
    sign_in(&app, &campus).await;

    // 2. Library, outline, take along.
    let course = add(&app, |_| true).await;
    let outline = app.course(CourseInput { course: course.clone() }).await.unwrap();
    assert_eq!(outline.zone.as_deref(), Some("Europe/London"), "what the site says of itself");
    let before = rows(&app, &course).await;
    assert!(before.iter().any(|r| r.here == Here::NotHere), "{before:?}");
    let quizzes = of_kind(&before, ItemKind::Quiz);
    // Questions exist only once an attempt was started at the site: that is done while connected.
    let mut attempts = Vec::new();
    for quiz in &quizzes {
        let input = ItemInput { course: course.clone(), item: quiz.clone() };
        attempts.push(app.attempt_start(input).await.expect("started"));
    }
    take_all(&app, &course).await;

    // A question to come back to is marked, on the disk like everything else.
    let marked = attempts[0].questions[0].id.clone();
    let flag = |on| QuestionFlag { attempt: attempts[0].id.clone(), question: marked.clone(), on };
    for on in [true, false, true] {
        app.question_flag(flag(on)).await.unwrap();
    }

    // 3. Offline.
    campus.stop();
    let after = rows(&app, &course).await;
    for row in &after {
        match row.kind {
            ItemKind::Link => assert_eq!(row.here, Here::NeedsInternet),
            ItemKind::Unsupported => {}
            _ => assert_eq!(row.here, Here::Ready, "{row:?}"),
        }
    }
    let video = of_kind(&after, ItemKind::Video)[0].clone();
    let ItemBodyView::Video(lecture) = body(&app, &course, &video).await else { panic!("a lecture") };
    assert!(!lecture.captions.is_empty() && lecture.sources[0].url.starts_with("http://127.0.0.1:"));
    let watched = WatchedInput {
        course: course.clone(),
        item: video.clone(),
        position_ms: 1_234,
        rate: 1.5,
        intervals: vec![(0, 1_234)],
    };
    app.watched(watched).await.unwrap();
    for reading in of_kind(&after, ItemKind::Reading) {
        let ItemBodyView::Reading(view) = body(&app, &course, &reading).await else { panic!("a reading") };
        assert!(view.url.starts_with("http://127.0.0.1:"));
    }
    for attempt in &attempts {
        for question in &attempt.questions {
            let Some(response) = answer(&question.body) else { continue };
            let save = ResponseSave { attempt: attempt.id.clone(), question: question.id.clone(), response };
            app.response_save(save).await.expect("saved");
        }
    }
    let assignment = of_kind(&after, ItemKind::Assignment)[0].clone();
    let draft = DraftSave {
        course: course.clone(),
        item: assignment.clone(),
        slot: "text".into(),
        text: ESSAY.into(),
    };
    app.draft_save(draft).await.unwrap();
    let file = dir.path().join("drawing = 1.txt");
    std::fs::write(&file, "a drawing").unwrap();
    let attach =
        FileAttach { course: course.clone(), item: assignment.clone(), path: file.display().to_string() };
    assert_eq!(app.file_attach(attach).await.unwrap().files.len(), 1);

    // 4. The program ends here without a word and is opened again.
    app.close().await;
    drop(app);
    let app = open(&data, &keyring).await;
    let ItemBodyView::Video(lecture) = body(&app, &course, &video).await else { panic!("a lecture") };
    assert_eq!((lecture.position_ms, lecture.watched.total_ms()), (1_234, 1_234));
    let ItemBodyView::Quiz(quiz) = body(&app, &course, &quizzes[0]).await else { panic!("a quiz") };
    assert_eq!(quiz.open.expect("it goes on").flags, [marked]);
    let ItemBodyView::Assignment(view) = body(&app, &course, &assignment).await else {
        panic!("an assignment")
    };
    assert_eq!((view.draft.text.as_str(), view.draft.files.len()), (ESSAY, 1));
    for attempt in &attempts {
        app.attempt_finish(AttemptInput { attempt: attempt.id.clone() }).await.expect("finished");
    }
    app.hand_in(HandIn { course: course.clone(), item: assignment.clone(), agreed: false })
        .await
        .expect("sealed");
    let forum = of_kind(&after, ItemKind::Discussion)[0].clone();
    let post = PostSend {
        course: course.clone(),
        item: forum.clone(),
        parent: None,
        subject: "From the bus".into(),
        text: "Hello & goodbye".into(),
    };
    app.post_send(post).await.expect("sealed");
    let waiting = app.outbox(Nothing {}).await.unwrap();
    assert!(
        waiting.unsent >= 3 && waiting.work.iter().all(|w| matches!(w.state, WorkState::Waiting)),
        "{waiting:?}"
    );

    // 5. Online; the first reply to each kind of write is lost.
    campus.restart();
    campus.ctl(&["lose-replies", "1", "mod_quiz_process_attempt"]);
    campus.ctl(&["lose-replies", "1", "mod_assign_save_submission"]);
    campus.ctl(&["lose-replies", "1", "mod_forum_add_discussion"]);
    let began = Instant::now();
    app.sync_now(Nothing {}).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(40), "a sync does not wait for the next round of asking");
    let on_its_way = app.outbox(Nothing {}).await.unwrap();
    assert!(
        on_its_way.work.iter().all(|w| !matches!(w.state, WorkState::Sending | WorkState::InDoubt)),
        "when a sync is over nothing is on its way: {on_its_way:?}"
    );
    let sent = until("everything has a receipt", || async {
        let outbox = app.outbox(Nothing {}).await.unwrap();
        let refused = outbox.work.iter().find(|w| matches!(w.state, WorkState::Refused { .. }));
        assert!(refused.is_none(), "{refused:?}");
        outbox.work.iter().all(|w| matches!(w.state, WorkState::Accepted { .. })).then_some(outbox)
    })
    .await;
    for work in &sent.work {
        let WorkState::Accepted { receipt } = &work.state else { unreachable!() };
        assert!(!receipt.remote.is_empty() && receipt.caveat.is_none(), "{work:?}");
    }
    assert!(sent.work.iter().any(|w| matches!(&w.state, WorkState::Accepted { receipt } if receipt.found)));
    let held = campus.state();
    assert_eq!(count(&held, "From the bus"), 1, "one post, not two: {held}");

    // 6. Grade, comment and recorded message come, are kept, and open without a connection.
    campus.ctl(&["grade-now"]);
    app.sync_now(Nothing {}).await.unwrap();
    until("feedback", || async {
        let inbox = app.inbox(Nothing {}).await.unwrap();
        let here = inbox.feedback.iter().any(|f| f.files.iter().any(|file| file.url.is_some()));
        (here && inbox.unseen >= 2).then_some(())
    })
    .await;
    campus.stop();
    let view = app.item(ItemInput { course: course.clone(), item: assignment.clone() }).await.unwrap();
    let feedback = view.feedback.first().expect("feedback beside the work");
    assert!(feedback.grade.as_ref().is_some_and(|g| g.value.is_some()) && !feedback.comment_html.is_empty());
    assert!(feedback.files.iter().any(|f| f.url.is_some()), "{feedback:?}");
    assert!(!view.sent.is_empty());
    // What the school holds is said beside what is written here.
    let ItemBodyView::Assignment(shown) = view.body else { panic!("an assignment") };
    let there = shown.there.expect("it was read");
    assert_eq!((there.state, there.files.len()), (ThereState::HandedIn, 1), "{there:?}");
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(there.at.is_some() && words(&there.text) == words(&shown.draft.text), "{there:?}");
    let told = app.course(CourseInput { course: course.clone() }).await.unwrap().changes;
    assert!(told.iter().any(|c| c.item == assignment && c.what == What::Answered), "{told:?}");
    // The course's grades are here, too, each with the way to its task; what has none is not a zero.
    let grades = app.course_grades(CourseInput { course: course.clone() }).await.unwrap();
    assert!(grades.as_of.is_some() && grades.has_school && grades.total.is_some());
    let line = grades.lines.iter().find(|line| line.item.as_ref() == Some(&assignment)).expect("a line");
    assert!(line.value.is_some() && !line.shown.is_empty() && line.most.is_some(), "{line:?}");
    assert!(grades.lines.iter().all(|line| line.value.is_some() != line.shown.is_empty()));
    app.close().await;
}

/// How often a text stands in the values of `subject` of a JSON document.
fn count(value: &serde_json::Value, text: &str) -> usize {
    match value {
        serde_json::Value::Object(map) => map
            .iter()
            .map(|(key, v)| {
                if (key == "name" || key == "subject") && v.as_str() == Some(text) {
                    usize::from(key == "subject")
                } else {
                    count(v, text)
                }
            })
            .sum(),
        serde_json::Value::Array(all) => all.iter().map(|v| count(v, text)).sum(),
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_moment_and_the_way_of_playing_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let keyring = Arc::new(MemoryKeyring::default());
    let app = open(dir.path(), &keyring).await;
    let course = app.look_around(Nothing {}).await.unwrap().course;
    let lectures: Vec<ItemId> = rows(&app, &course)
        .await
        .into_iter()
        .filter(|row| row.kind == ItemKind::Video)
        .map(|row| row.id)
        .collect();
    let lecture = lectures.first().unwrap().clone();
    let put = |id: Option<String>, text: &str| BookmarkPut {
        course: course.clone(),
        item: lecture.clone(),
        id,
        at_ms: 12_500,
        text: text.into(),
    };
    let mark = app.bookmark_put(put(None, "")).await.unwrap();
    app.bookmark_put(put(Some(mark.id.clone()), "Ask about this")).await.unwrap();
    let playing =
        daypack_app::api::study::Playing { rate: 9.0, captions: false, language: "en".into(), goes_on: true };
    app.playing_save(PlayingSave { course: course.clone(), playing }).await.unwrap();
    let too_long = app.bookmark_put(put(None, &"x".repeat(3000))).await.unwrap_err();
    assert_eq!(too_long.code, FailureCode::InvalidInput);
    app.close().await;
    drop(app);

    let app = open(dir.path(), &keyring).await;
    let view = |app: &App, item: &ItemId| {
        let (app, input) = (app.clone(), ItemInput { course: course.clone(), item: item.clone() });
        async move {
            match app.item(input).await.unwrap().body {
                ItemBodyView::Video(video) => video,
                other => panic!("{other:?}"),
            }
        }
    };
    let video = view(&app, &lecture).await;
    assert_eq!((video.bookmarks.len(), video.bookmarks[0].text.as_str()), (1, "Ask about this"));
    // A speed out of reach is brought into it, and holds for the course's other lectures too.
    assert_eq!((video.playing.rate, video.playing.captions, video.playing.goes_on), (3.0, false, true));
    if let Some(other) = lectures.get(1) {
        let video = view(&app, other).await;
        assert_eq!((video.playing.rate, video.bookmarks.len()), (3.0, 0));
    }
    app.bookmark_remove(BookmarkRemove { id: mark.id.clone() }).await.unwrap();
    assert!(view(&app, &lecture).await.bookmarks.is_empty());
    app.bookmark_put(put(Some(mark.id), "Ask about this")).await.unwrap();
    assert_eq!(view(&app, &lecture).await.bookmarks.len(), 1, "what was taken away came back");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_is_taken_back_changed_and_sent_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut campus = Practice::start(&small_course(), None, &dir.path().join("campus"));
    let app = open(&dir.path().join("data"), &Arc::new(MemoryKeyring::default())).await;
    sign_in(&app, &campus).await;
    let course = add(&app, |_| true).await;
    take_all(&app, &course).await;
    let talk = rows(&app, &course).await.into_iter().find(|row| row.kind == ItemKind::Discussion).unwrap().id;
    campus.stop();
    let post = |text: &str| PostSend {
        course: course.clone(),
        item: talk.clone(),
        parent: None,
        subject: "From the bus".into(),
        text: text.into(),
    };
    let card = app.post_send(post("I think it is seven.")).await.unwrap();
    // The first try, which finds out that nobody is there, is over.
    until("it waits", || async {
        let work = app.work(WorkInput { work: card.id.clone() }).await.unwrap();
        work.card.can_take_back.then_some(())
    })
    .await;
    let back = app.work_take_back(WorkInput { work: card.id.clone() }).await.unwrap();
    assert!(
        matches!(&back.card.state, WorkState::Refused { refusal } if refusal.why == RefusalReason::TakenBack)
    );
    assert_eq!(back.text[0].text, "I think it is seven.", "what was sealed stays to be read");
    assert!(!back.card.can_take_back && back.card.set_aside);
    assert_eq!(app.outbox(Nothing {}).await.unwrap().unsent, 0);
    // Its words are a draft again.
    let view = app.item(ItemInput { course: course.clone(), item: talk.clone() }).await.unwrap();
    let ItemBodyView::Discussion(discussion) = view.body else { panic!("a discussion") };
    assert_eq!(discussion.drafts["new"].text, "I think it is seven.");
    assert_eq!(discussion.drafts["subject"].text, "From the bus");

    let changed = app.post_send(post("I think it is eight.")).await.unwrap();
    campus.restart();
    app.sync_now(Nothing {}).await.unwrap();
    until("the message is there", || async {
        let work = app.work(WorkInput { work: changed.id.clone() }).await.unwrap();
        matches!(work.card.state, WorkState::Accepted { .. }).then_some(())
    })
    .await;
    let held = campus.state().to_string();
    assert_eq!((held.matches("it is eight").count(), held.matches("it is seven").count()), (1, 0), "{held}");
    // Control: what is there is not taken back.
    let late = app.work_take_back(WorkInput { work: changed.id.clone() }).await.unwrap_err();
    assert_eq!(late.code, FailureCode::OnItsWay);
    let view = app.item(ItemInput { course, item: talk }).await.unwrap();
    let ItemBodyView::Discussion(discussion) = view.body else { panic!("a discussion") };
    assert!(
        discussion.drafts.get("new").is_none_or(|draft| draft.text.is_empty()),
        "and no draft is made of it"
    );
    app.close().await;
}
