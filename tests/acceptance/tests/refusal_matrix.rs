//! Whatever a site says instead of yes, on whatever call: nothing is lost, all of it can be read, each piece says how
//! it stands and why, and what may have arrived is not sent a second time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;

use daypack_app::api::input::*;
use daypack_app::api::work::WorkCard;
use daypack_course::outline::Binding;
use daypack_course::work::{Deed, Outcome, Work, WorkState};
use daypack_course::{AccountId, Digest, TimeMs};
use daypack_lms::{Connector as _, Moodle, Net, NetConfig, Secret, Session, StepLog};
use daypack_tests::contract::moodle::MoodleDouble;
use daypack_tests::contract::{Fault, Manner, broken};
use daypack_tests::matrix::{Call, Desk, lost_from};
use daypack_tests::refusals::{No, of_moodle, of_the_wire, warnings_of};
use daypack_tests::refusing::{Planned, Refusing};

/// What one row of the matrix came to.
#[derive(Debug, Default)]
struct Figures {
    cases: usize,
    states: BTreeMap<&'static str, usize>,
    accepted: usize,
    /// Put off by the site itself.
    parked: usize,
}

impl Figures {
    fn add(&mut self, more: Self) {
        self.cases += more.cases;
        self.accepted += more.accepted;
        self.parked += more.parked;
        for (state, n) in more.states {
            *self.states.entry(state).or_default() += n;
        }
    }
}

fn state_name(state: &WorkState) -> &'static str {
    match state {
        WorkState::Waiting => "waiting",
        WorkState::Sending => "sending",
        WorkState::InDoubt => "in doubt",
        WorkState::Unclear => "unclear",
        WorkState::Accepted { .. } => "accepted",
        WorkState::Refused { .. } => "refused",
    }
}

/// Activities of one course: all that is known of a course is read again for each piece, so small ones are faster.
const AT_ONCE: usize = 20;

fn nos(call: Call, deed_first: bool) -> Vec<Vec<No>> {
    let mut nos: Vec<No> = of_the_wire();
    nos.extend(warnings_of(call.function()));
    nos.extend(of_moodle());
    // A site that ends the sign-in, or a front end that finds fault with the request, did not look at the work.
    nos.retain(|no| !(deed_first && (no.ends_sign_in || no.front_end)));
    nos.sort_by_key(|no| no.ends_sign_in);
    nos.chunks(AT_ONCE).map(<[No]>::to_vec).collect()
}

async fn row(call: Call, deed_first: bool, nos: Vec<No>) -> Figures {
    let mut desk = Desk::open(call, nos.len()).await;
    let posts = desk.openings().await;
    let mut needles = Vec::new();
    for (at, no) in nos.iter().enumerate() {
        needles.push(desk.hand_in(at, no, deed_first, &posts).await);
        // From here on one after the other: each ends the sign-in for all.
        if nos.get(at + 1).is_none_or(|next| next.ends_sign_in) {
            desk.until_tried().await;
        }
        if no.ends_sign_in && at + 1 < nos.len() {
            desk.sign_in_again(&needles[at]).await;
        }
    }
    let cards = desk.cards_with_reasons().await;
    let who = |at: usize| format!("{call:?}, {}, deed first: {deed_first}", nos[at].name);

    // The refusal: nothing is gone, and every piece says how it stands.
    assert_eq!(desk.lost().await, Vec::<usize>::new(), "{call:?}");
    let mut figures = Figures { cases: nos.len(), ..Figures::default() };
    let held = desk.state();
    for (at, id) in &desk.works {
        let card = cards.iter().find(|c| c.id == *id).unwrap();
        assert!(desk.came(&needles[*at]) >= 1, "{}: the call came", who(*at));
        *figures.states.entry(state_name(&card.state)).or_default() += 1;
        if matches!(card.state, WorkState::Accepted { .. }) {
            assert_eq!(call.held(&held, *at), 1, "{}: accepted, and not there", who(*at));
        }
    }

    // The site comes to its senses, and the learner tries everything again.
    desk.lift().await;
    for id in desk.works.values() {
        desk.app.work_retry(WorkInput { work: id.clone() }).await.unwrap();
    }
    // What the site itself put off is left alone; our own waits are shorter.
    let soon = cards.iter().map(|c| c.created).max().unwrap().plus(60_000);
    let settled = |card: &WorkCard| match card.state {
        WorkState::Accepted { .. } => true,
        WorkState::Waiting => card.next_try.is_some_and(|at| at > soon),
        _ => false,
    };
    let cards = desk.until(settled, "an end").await;
    assert_eq!(desk.lost().await, Vec::<usize>::new(), "{call:?}");
    let held = desk.state();
    for (at, id) in &desk.works {
        let card = cards.iter().find(|c| c.id == *id).unwrap();
        let there = call.held(&held, *at);
        assert!(there <= 1, "{}: the site has it {there} times", who(*at));
        match card.state {
            WorkState::Accepted { .. } => {
                assert_eq!(there, 1, "{}: accepted, and not there", who(*at));
                figures.accepted += 1;
            }
            _ => figures.parked += 1,
        }
    }
    desk.app.close().await;
    figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_refusal_of_any_kind_on_any_write_call_loses_or_doubles_work() {
    let only = std::env::var("DAYPACK_MATRIX").unwrap_or_default();
    let places = Arc::new(tokio::sync::Semaphore::new(6));
    let mut rows = Vec::new();
    for (call, deed_first) in Call::ALL.into_iter().flat_map(|call| [(call, false), (call, true)]) {
        for part in nos(call, deed_first) {
            if format!("{call:?} {deed_first}").contains(&only) {
                let places = Arc::clone(&places);
                rows.push(tokio::spawn(async move {
                    let _place = places.acquire().await.unwrap();
                    (
                        format!("{}, deed first {deed_first}", call.function()),
                        row(call, deed_first, part).await,
                    )
                }));
            }
        }
    }
    let mut all: BTreeMap<String, Figures> = BTreeMap::new();
    let mut failed = Vec::new();
    for row in rows {
        match row.await {
            Ok((name, figures)) => all.entry(name).or_default().add(figures),
            Err(error) => failed.push(error.to_string()),
        }
    }
    for (name, figures) in &all {
        println!("{name}: {figures:?}");
    }
    assert!(failed.is_empty(), "{failed:#?}");
    println!("{} refusals: 0 lost, 0 doubled", all.values().map(|f| f.cases).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_the_site_does_not_begin_leaves_nothing_half_and_can_be_begun_later() {
    let mut nos = of_the_wire();
    nos.extend(warnings_of("mod_quiz_start_attempt"));
    nos.extend(of_moodle());
    let desk = Desk::open(Call::Finish, nos.len()).await;
    for (at, no) in nos.iter().enumerate() {
        let (first, second) = desk.begin(at, no, at % 2 == 1 && !no.ends_sign_in).await;
        // An attempt that exists at the site already is taken up; anything else has a code of its own.
        match first {
            Ok(id) => assert_eq!(id, second, "{}", no.name),
            Err(code) => assert_ne!(code, daypack_app::api::FailureCode::Internal, "{}", no.name),
        }
    }
    let state = desk.state();
    let attempts = state["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), nos.len(), "one attempt for each quiz, not two");
    println!("{} refusals of a start: one attempt each", nos.len());
}

/// The program does not send marks of done yet; the connector can, and takes no refusal for a yes.
#[tokio::test(flavor = "multi_thread")]
async fn no_refusal_of_a_mark_of_done_is_taken_for_a_yes() {
    const CALL: &str = "core_completion_update_activity_completion_status_manually";
    struct Keeps;
    impl daypack_lms::Desk for Keeps {
        fn save(&self, _: &StepLog) -> std::io::Result<()> {
            Ok(())
        }
        fn file(&self, _: &Digest) -> Option<daypack_lms::FileBytes> {
            None
        }
    }
    let site = Refusing::start("http://127.0.0.1:1").await;
    let moodle = Moodle::new(Net::new(NetConfig::default()).unwrap());
    let mut nos = of_the_wire();
    nos.extend(of_moodle());
    for (at, no) in nos.iter().enumerate() {
        let (function, answer) = (CALL.to_owned(), no.wire.clone());
        site.plan(Planned { function, needle: format!("cmid={at}"), answer, deed_first: false });
        let target = Binding {
            site: site.address.clone(),
            course: "2".into(),
            module: "page".into(),
            cmid: at.to_string(),
            instance: "1".into(),
        };
        let session = Session {
            account: AccountId::new("me"),
            site: site.address.clone(),
            remote_user: "4".into(),
            token: Secret::new("t"),
        };
        let work = Work {
            id: "w".into(),
            account: session.account.clone(),
            course: "c".into(),
            item: "i".into(),
            target,
            deed: Deed::Completion { done: true },
            created: TimeMs(0),
        };
        let outcome = moodle.send(&session, &work, &mut StepLog::default(), &Keeps).await;
        assert!(!matches!(outcome, Outcome::Accepted(_)), "{}: {outcome:?}", no.name);
        assert_eq!(site.came(&format!("cmid={at}")), 1, "{}: it is not repeated at once", no.name);
    }
    println!("{} refusals of a mark: none taken for a yes", nos.len());
}

/// Control: a post that a retry made twice is counted twice.
#[test]
fn work_that_was_sent_again_is_seen_twice() {
    let post = serde_json::json!({ "message": format!("<p>{}</p>", daypack_tests::matrix::typed(0)) });
    assert_eq!(Call::Thread.held(&serde_json::json!({ "posts": [post] }), 0), 1);
    assert_eq!(Call::Thread.held(&serde_json::json!({ "posts": [post, post] }), 0), 2);
}

/// Control: a desk that throws refused work away is caught by the judge that reads the file.
#[test]
fn refused_work_that_was_dropped_is_missed() {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE work (sealed TEXT NOT NULL) STRICT").unwrap();
    for at in 0..3 {
        db.execute("INSERT INTO work VALUES (?1)", [daypack_tests::matrix::typed(at)]).unwrap();
    }
    assert!(lost_from(&db, 0..3).is_empty());
    db.execute("DELETE FROM work WHERE sealed = ?1", [daypack_tests::matrix::typed(1)]).unwrap();
    assert_eq!(lost_from(&db, 0..3), [1]);
}

/// What the Moodle connector breaks of the contract of all connectors, driven in a manner.
async fn contract(call: Call, faults: &[Fault], manner: Manner) -> Vec<String> {
    let double = MoodleDouble::open(call, faults.len()).await;
    let mut wrong = Vec::new();
    for (at, fault) in faults.iter().enumerate() {
        let write = double.write(at).await;
        wrong.extend(broken(&double, &write, *fault, manner).await);
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_moodle_connector_keeps_the_contract_of_all_connectors_on_every_write_call() {
    let rows = Call::ALL.map(|call| tokio::spawn(contract(call, &Fault::ALL, Manner::Careful)));
    let mut wrong = Vec::new();
    for row in rows {
        wrong.extend(row.await.unwrap());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} write calls, {} faults each: the contract is kept", Call::ALL.len(), Fault::ALL.len());
}

/// Controls: a caller that sends again without asking doubles a post, and one that takes silence for a yes calls
/// accepted what is not there. The suite says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_breaks_the_contract_is_found_out() {
    let doubled = contract(Call::Reply, &[Fault::LostReply], Manner::Forgetful).await;
    assert!(doubled.iter().any(|w| w.contains("holds it 2 times")), "{doubled:?}");
    let believed = contract(Call::Thread, &[Fault::LostRequest], Manner::Trusting).await;
    assert!(believed.iter().any(|w| w.contains("not there")), "{believed:?}");
}
