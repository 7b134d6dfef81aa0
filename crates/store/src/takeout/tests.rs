//! A takeout brings back everything, and takes nothing away.

use daypack_course::feedback::{Feedback, FeedbackFile};
use daypack_course::work::{Deed, Receipt, Refusal, RefusalReason, Work, WorkFile, WorkState};
use daypack_course::{Digest, TimeMs};
use serde_json::json;

use super::*;
use crate::testing::{attempt_row, binding, essay, shelf, work};
use crate::{Library, Store};

fn accepted(remote: &str) -> WorkState {
    let receipt = Receipt { remote: remote.into(), at: TimeMs(8), found: false, caveat: None };
    WorkState::Accepted { receipt }
}

fn refused() -> WorkState {
    let refusal = Refusal { why: RefusalReason::Closed, said: "<b>Zu spät</b>".into(), at: TimeMs(8) };
    WorkState::Refused { refusal }
}

/// A shelf on which each table that a learner fills has rows, and each state of work occurs.
fn full(store: &Store) {
    let account = Account {
        id: "acc".into(),
        site: "https://campus.example".into(),
        kind: "moodle".into(),
        site_name: "Campus".into(),
        username: "lina".into(),
        full_name: "Lina".into(),
        remote_user: "7".into(),
        added: TimeMs(1),
    };
    store.account_put(&account).unwrap();
    store.secret_put(&account.id, &crate::Secret::new("token-canary-1")).unwrap();
    store.setting_put("settings", &json!({ "theme": "dark" })).unwrap();
    store.setting_put("sealed_key", &json!("token-canary-2")).unwrap();
    let library = Library { address: "https://lib".into(), title: "Lib".into(), fingerprint: "ff".into() };
    store.library_put(&library, TimeMs(2)).unwrap();
    let title = Title { course: "c".into(), item: Some("i".into()), title: "Essay".into() };
    store.titles_put(&[title]).unwrap();
    let row = attempt_row("t");
    store.attempt_create(&row).unwrap();
    for (n, text) in ["first", "second", "first"].into_iter().enumerate() {
        store.response_put(&row.id, &"q1".into(), &essay(text), TimeMs(10 + n as i64)).unwrap();
    }
    store.attempt_create(&AttemptRow { id: "done".into(), number: 2, ..row }).unwrap();
    store.attempt_finish(&"done".into(), TimeMs(20), Some(0.5), None).unwrap();
    for (n, text) in ["a", "a long text that vanishes", "b"].into_iter().enumerate() {
        store.draft_put(&"c".into(), &"i".into(), "text", text, TimeMs(30 + n as i64)).unwrap();
    }
    let (digest, size) = store.mine().import_reader(&b"a drawing"[..], None).unwrap();
    let file = WorkFile { name: "../=drawing.txt".into(), digest, size, media_type: "text/plain".into() };
    store.draft_file_add(&"c".into(), &"i".into(), &file).unwrap();
    store.mine().import_reader(&b"taken off the draft again"[..], None).unwrap();
    let states = [WorkState::Waiting, WorkState::Sending, WorkState::InDoubt, accepted("9"), refused()];
    for (n, state) in states.iter().enumerate() {
        let deed = Deed::Submission {
            text: format!("Text {n}"),
            files: vec![file.clone()],
            base: None,
            agreed: false,
        };
        let work = Work { deed, created: TimeMs(100 + n as i64), ..work(&format!("w{n}")) };
        store.work_add(&work).unwrap();
        store.work_state_put(&work.id, state, n as u32, TimeMs(200)).unwrap();
    }
    store.work_step_put(&"w1".into(), &json!({ "risky": true })).unwrap();
    store.position_put(&"c".into(), &"v".into(), 5_000, 1.5, TimeMs(40)).unwrap();
    let mut watched = Watched::new();
    watched.add(0, 4_000);
    store.watched_add(&"c".into(), &"v".into(), &watched).unwrap();
    store.reading_put(&"c".into(), &"r".into(), 0.25, TimeMs(41)).unwrap();
    store.done_put(&"c".into(), &"r".into(), true, TimeMs(42)).unwrap();
    let given = Feedback {
        id: "f".into(),
        account: "acc".into(),
        about: binding("3"),
        grade: None,
        comment_html: "<p>Good</p>".into(),
        questions: Vec::new(),
        files: vec![FeedbackFile {
            name: "voice.m4a".into(),
            media_type: "audio/mp4".into(),
            size: Some(5),
            url: "https://campus.example/f/voice.m4a".into(),
            version: "1".into(),
        }],
        from: "Teacher".into(),
        given: TimeMs(50),
        version: "1".into(),
    };
    store.feedback_put(&given).unwrap();
    let (voice, _) = store.objects().import_reader(&b"voice"[..], None).unwrap();
    store.feedback_file_put("f", &given.files[0].url, &voice).unwrap();
    store.feedback_seen_put("f", "1", TimeMs(51)).unwrap();
}

/// Files first, then rows, as an import does.
fn take_in(from: &Store, takeout: &Takeout, to: &Store) -> Merged {
    for file in &takeout.files {
        let (heap, source) = match file.whose {
            Whose::Mine => (to.mine(), from.mine()),
            Whose::Feedback => (to.objects(), from.objects()),
        };
        heap.import_reader(source.open(&file.digest).unwrap(), Some(file.digest)).unwrap();
    }
    to.takeout_merge(takeout).unwrap()
}

/// The same facts, with unsent work in doubt.
fn in_doubt(mut takeout: Takeout) -> Takeout {
    for work in &mut takeout.work {
        if matches!(work.state, WorkState::Waiting | WorkState::Sending) {
            work.state = WorkState::InDoubt;
        }
    }
    takeout
}

#[test]
fn taken_into_a_fresh_folder_the_same_facts_are_there_and_unsent_work_is_in_doubt() {
    let ((_a, old), (_b, new)) = (shelf(), shelf());
    full(&old);
    let out = old.takeout().unwrap();
    let merged = take_in(&old, &out, &new);
    assert_eq!((merged.work, merged.in_doubt, merged.attempts, merged.feedback), (5, 3, 2, 1));
    let again = new.takeout().unwrap();
    assert_eq!(again, in_doubt(out.clone()));
    assert_ne!(again, out, "the control: without the doubt the two would differ");
    // Through the written form as well, and what counts is what counted.
    let written: Takeout = serde_json::from_str(&serde_json::to_string(&out).unwrap()).unwrap();
    assert_eq!(written, out);
    assert_eq!(new.draft_get(&"c".into(), &"i".into(), "text").unwrap().unwrap().text, "b");
    assert_eq!(new.responses_of(&"t".into()).unwrap()[&"q1".into()].response, essay("first"));
    assert!(new.work_list().unwrap().tampered.is_empty());
    assert!(new.mine().has(&Digest::of(b"taken off the draft again")));
    assert_eq!(new.work_step_get(&"w1".into()).unwrap(), Some(json!({ "risky": true })));
}

#[test]
fn a_second_time_nothing_is_added() {
    let ((_a, old), (_b, new)) = (shelf(), shelf());
    full(&old);
    let out = old.takeout().unwrap();
    take_in(&old, &out, &new);
    let once = new.takeout().unwrap();
    let merged = take_in(&old, &out, &new);
    assert_eq!(new.takeout().unwrap(), once);
    assert_eq!((merged.work, merged.answers, merged.drafts, merged.attempts), (0, 0, 0, 0));
    let own = take_in(&old, &out, &old);
    assert_eq!(old.takeout().unwrap(), out, "nor in the folder it came from");
    assert_eq!(own, Merged::default());
}

#[test]
fn no_secret_and_no_unknown_setting_leaves() {
    let (_dir, store) = shelf();
    full(&store);
    let text = serde_json::to_string(&store.takeout().unwrap()).unwrap();
    assert!(text.contains("\"theme\""), "the control: settings are in it");
    assert!(!text.contains("token-canary"), "{text}");
}

#[test]
fn what_is_here_stays_what_counts_and_the_other_version_is_kept_beneath() {
    let ((_a, old), (_b, here)) = (shelf(), shelf());
    full(&old);
    full(&here);
    let place = |store: &Store, text: &str, at| {
        store.draft_put(&"c".into(), &"i".into(), "text", text, TimeMs(at)).unwrap();
        store.response_put(&"t".into(), &"q1".into(), &essay(text), TimeMs(at)).unwrap();
        store.setting_put("settings", &json!(text)).unwrap();
        store.done_put(&"c".into(), &"r".into(), text == "here", TimeMs(at)).unwrap();
    };
    place(&old, "elsewhere", 900);
    place(&here, "here", 800);
    take_in(&old, &old.takeout().unwrap(), &here);
    let shown = here.draft_get(&"c".into(), &"i".into(), "text").unwrap().unwrap();
    assert_eq!((shown.text.as_str(), shown.at), ("here", TimeMs(800)));
    assert_eq!(here.responses_of(&"t".into()).unwrap()[&"q1".into()].response, essay("here"));
    assert_eq!(here.setting_get("settings").unwrap(), Some(json!("here")));
    assert!(here.done_of(&"c".into()).unwrap()[&"r".into()].done);
    let history = |texts: Vec<String>| texts.iter().filter(|t| *t == "elsewhere").count();
    let drafts = here.draft_history(&"c".into(), &"i".into(), "text").unwrap();
    assert_eq!(history(drafts.into_iter().map(|d| d.text).collect()), 1);
    let answers = here.response_history(&"t".into(), &"q1".into()).unwrap();
    assert_eq!(answers.iter().filter(|a| a.response == essay("elsewhere")).count(), 1);
    // Hours of typing later the other version is still there.
    for n in 0..40 {
        here.draft_put(&"c".into(), &"i".into(), "text", &format!("here {n}"), TimeMs(900 + n)).unwrap();
    }
    let drafts = here.draft_history(&"c".into(), &"i".into(), "text").unwrap();
    assert_eq!(history(drafts.into_iter().map(|d| d.text).collect()), 1);
}

#[test]
fn a_receipt_from_elsewhere_is_told_and_a_begun_send_makes_waiting_work_doubtful() {
    let ((_a, old), (_b, here)) = (shelf(), shelf());
    for id in ["sent", "begun", "same"] {
        old.work_add(&work(id)).unwrap();
        here.work_add(&work(id)).unwrap();
    }
    here.work_add(&work("other")).unwrap();
    old.work_add(&Work { item: "x".into(), ..work("other") }).unwrap();
    old.work_state_put(&"sent".into(), &accepted("5"), 1, TimeMs(9)).unwrap();
    old.work_state_put(&"begun".into(), &WorkState::InDoubt, 1, TimeMs(9)).unwrap();
    let merged = take_in(&old, &old.takeout().unwrap(), &here);
    assert_eq!(merged.receipts.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["sent"]);
    assert_eq!(merged.doubted, ["begun".into()]);
    assert_eq!(merged.differing, ["other".into()]);
    let states: Vec<_> = here.work_list().unwrap().rows.into_iter().map(|w| w.state).collect();
    assert!(states.iter().all(|s| *s == WorkState::Waiting), "the outbox decides, not the merge");
}

#[test]
fn an_attempt_finished_elsewhere_is_finished_here_with_the_answers_it_was_finished_with() {
    let ((_a, old), (_b, here)) = (shelf(), shelf());
    for store in [&old, &here] {
        store.attempt_create(&attempt_row("t")).unwrap();
        store.response_put(&"t".into(), &"q1".into(), &essay("both"), TimeMs(1)).unwrap();
    }
    here.response_put(&"t".into(), &"q1".into(), &essay("typed here"), TimeMs(2)).unwrap();
    old.response_put(&"t".into(), &"q1".into(), &essay("handed in"), TimeMs(3)).unwrap();
    old.attempt_finish(&"t".into(), TimeMs(4), None, Some(&work("w"))).unwrap();
    take_in(&old, &old.takeout().unwrap(), &here);
    assert_eq!(here.attempt_get(&"t".into()).unwrap().unwrap().state, crate::AttemptState::Finished);
    assert_eq!(here.responses_of(&"t".into()).unwrap()[&"q1".into()].response, essay("handed in"));
    assert_eq!(here.response_history(&"t".into(), &"q1".into()).unwrap().len(), 3);
}

#[test]
fn tampered_work_comes_in_as_it_is_and_is_still_not_handed_out() {
    let ((_a, old), (_b, here)) = (shelf(), shelf());
    old.work_add(&work("w")).unwrap();
    let mut out = old.takeout().unwrap();
    out.work[0].sealed = out.work[0].sealed.replace("My essay", "No essay");
    take_in(&old, &out, &here);
    assert_eq!(here.work_list().unwrap().tampered, ["w".into()]);
    assert_eq!(here.takeout().unwrap().work[0].sealed, out.work[0].sealed);
}

#[test]
fn each_table_of_the_learner_is_exported_or_left_out_for_a_reason() {
    let read_or_named = |table: &str| {
        include_str!("read.rs").contains(&format!("FROM {table}"))
            || include_str!("../learner/title.rs").contains(&format!("FROM {table}"))
            || LEFT_OUT.iter().any(|(name, _)| *name == table)
    };
    let (_dir, store) = shelf();
    let tables: Vec<String> = store
        .learner
        .read(|c| {
            crate::db::all(c, "SELECT name FROM sqlite_schema WHERE type = 'table'", [], |r| Ok(r.get(0)?))
        })
        .unwrap();
    assert!(tables.len() > 14);
    for table in &tables {
        assert!(read_or_named(table), "{table}: export it, or name it in LEFT_OUT with the reason");
    }
    assert!(!read_or_named("a_table_of_tomorrow"), "the control");
}
