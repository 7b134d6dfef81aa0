//! Laws of the outbox: single steps, and any order of events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_course::work::{
    Caveat, Outcome, Receipt, Refusal, RefusalReason, Resend, Settled, Wait, WorkState,
};
use daypack_course::{AccountId, TimeMs, WorkId};
use daypack_engine::link::{Budget, SMALL_BYTES};
use daypack_engine::outbox::{
    BACKOFF_CAP_MS, Effect, Entry, Event, LOOK_EVERY_MS, Lane, NewEntry, Outbox, SETTLE_GRACE_MS,
    SITE_WAIT_CAP_MS,
};
use proptest::prelude::*;

fn id(n: u8) -> WorkId {
    WorkId::new(format!("w{n}"))
}

fn added(n: u8, account: &str, target: &str, lane: Lane) -> Event {
    Event::Added(NewEntry {
        id: id(n),
        account: account.into(),
        target: target.to_owned(),
        lane,
        created: TimeMs(0),
        doubt: false,
        resend: Resend::ReadBack,
        size: 100,
    })
}

fn receipt() -> Receipt {
    Receipt { remote: "1".to_owned(), at: TimeMs(0), found: false, caveat: None }
}

fn refusal() -> Refusal {
    Refusal { why: RefusalReason::Closed, said: "closed".to_owned(), at: TimeMs(0) }
}

/// The number of what is on its way, or was last.
fn errand(outbox: &Outbox, n: u8) -> u64 {
    outbox.entry(&id(n)).map_or(0, |entry| entry.errand)
}

fn ended(outbox: &Outbox, n: u8, outcome: Outcome) -> Event {
    Event::SendEnded { id: id(n), errand: errand(outbox, n), outcome }
}

fn settled(outbox: &Outbox, n: u8, settled: Settled) -> Event {
    Event::SettleEnded { id: id(n), errand: errand(outbox, n), settled }
}

fn sends(effects: &[Effect]) -> Vec<&WorkId> {
    effects.iter().filter_map(|e| if let Effect::Send(id) = e { Some(id) } else { None }).collect()
}

fn wake(effects: &[Effect]) -> Option<TimeMs> {
    effects.iter().find_map(|e| if let Effect::WakeAt(at) = e { Some(*at) } else { None })
}

fn online(events: impl IntoIterator<Item = Event>) -> (Outbox, Vec<Effect>) {
    let mut outbox = Outbox::new(7);
    let mut effects = Vec::new();
    for event in events.into_iter().chain([Event::LinkUp]) {
        effects = outbox.step(event, TimeMs(0));
    }
    (outbox, effects)
}

#[test]
fn nothing_is_sent_before_the_link_is_up_and_then_small_answers_go_first() {
    let mut outbox = Outbox::new(7);
    for (n, lane) in [(1, Lane::Uploads), (2, Lane::Posts), (3, Lane::SmallAnswers)] {
        let effects = outbox.step(added(n, "a", &format!("t{n}"), lane), TimeMs(0));
        assert_eq!(effects, [Effect::StateChanged(id(n), WorkState::Waiting)]);
    }
    let effects = outbox.step(Event::LinkUp, TimeMs(0));
    assert_eq!(sends(&effects), [&id(3), &id(2)]);
}

#[test]
fn a_slow_upload_leaves_room_for_small_answers() {
    let (mut outbox, effects) =
        online([added(1, "a", "t1", Lane::Uploads), added(2, "a", "t2", Lane::Uploads)]);
    assert_eq!(sends(&effects), [&id(1)]);
    let effects = outbox.step(added(3, "a", "t3", Lane::SmallAnswers), TimeMs(5));
    assert_eq!(sends(&effects), [&id(3)]);
}

#[test]
fn a_lost_reply_is_read_back_after_the_grace_and_found() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    let effects = outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(100));
    let due = TimeMs(100 + SETTLE_GRACE_MS);
    assert_eq!(effects, [Effect::StateChanged(id(1), WorkState::InDoubt), Effect::WakeAt(due)]);
    for hurry in [Event::LearnerRetries { id: id(1) }, Event::LinkUp, Event::Tick] {
        assert_eq!(outbox.step(hurry, TimeMs(200)), [Effect::WakeAt(due)]);
    }
    assert_eq!(outbox.step(Event::Tick, due), [Effect::Settle(id(1))]);
    let effects = outbox.step(settled(&outbox, 1, Settled::Landed(receipt())), due);
    assert_eq!(effects, [Effect::StateChanged(id(1), WorkState::Accepted { receipt: receipt() })]);
    assert_eq!(outbox.unsent(), 0);
}

#[test]
fn not_landed_is_believed_only_when_it_was_asked_for() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    assert_eq!(outbox.step(settled(&outbox, 1, Settled::NotLanded), TimeMs(1)), []);
    outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(2));
    assert_eq!(
        sends(&outbox.step(settled(&outbox, 1, Settled::NotLanded), TimeMs(3))),
        Vec::<&WorkId>::new()
    );
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::InDoubt);
}

#[test]
fn an_old_reply_that_comes_twice_says_nothing_about_the_send_on_its_way() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    let first = ended(&outbox, 1, Outcome::Unreachable);
    outbox.step(first.clone(), TimeMs(1));
    assert_eq!(sends(&outbox.step(Event::LinkUp, TimeMs(2))), [&id(1)]);
    assert_eq!(outbox.step(first, TimeMs(3)), []);
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Sending);
    // The control: the reply of the send on its way is heard.
    outbox.step(ended(&outbox, 1, Outcome::Unreachable), TimeMs(4));
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Waiting);
}

#[test]
fn a_late_receipt_lets_nothing_pass_a_send_that_may_still_arrive() {
    let repeatable = |n: u8| match added(n, "a", "t", Lane::SmallAnswers) {
        Event::Added(new) => Event::Added(NewEntry { resend: Resend::Repeatable, ..new }),
        other => other,
    };
    let (mut outbox, _) = online([repeatable(1), added(2, "a", "t", Lane::Posts)]);
    let first = ended(&outbox, 1, Outcome::Accepted(receipt()));
    outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(0));
    let again = TimeMs(SETTLE_GRACE_MS);
    assert_eq!(sends(&outbox.step(Event::Tick, again)), [&id(1)]);
    // The first one's receipt, while the second is on its way, and then given up.
    assert!(sends(&outbox.step(first, again.plus(1))).is_empty());
    assert!(matches!(outbox.entry(&id(1)).unwrap().state, WorkState::Accepted { .. }));
    let given_up = again.plus(SETTLE_GRACE_MS * 2);
    assert!(sends(&outbox.step(Event::Tick, given_up)).is_empty());
    let effects = outbox.step(ended(&outbox, 1, Outcome::Unknown), given_up);
    let arrived = given_up.plus(SETTLE_GRACE_MS);
    assert_eq!(effects, [Effect::WakeAt(arrived)]);
    assert!(sends(&outbox.step(Event::Tick, arrived.plus(-1))).is_empty());
    // The control: it is waited for no longer than that.
    assert_eq!(sends(&outbox.step(Event::Tick, arrived)), [&id(2)]);
}

#[test]
fn an_old_not_there_that_comes_twice_says_nothing_about_a_later_send() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(0));
    outbox.step(Event::Tick, TimeMs(SETTLE_GRACE_MS));
    let not_there = settled(&outbox, 1, Settled::NotLanded);
    outbox.step(not_there.clone(), TimeMs(SETTLE_GRACE_MS));
    let now = TimeMs(10 * SETTLE_GRACE_MS);
    outbox.step(Event::LinkUp, now);
    outbox.step(ended(&outbox, 1, Outcome::Unknown), now);
    let later = now.plus(SETTLE_GRACE_MS);
    assert_eq!(outbox.step(Event::Tick, later), [Effect::Settle(id(1))]);
    outbox.step(not_there, later);
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::InDoubt);
    outbox.step(settled(&outbox, 1, Settled::NotLanded), later);
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Waiting, "the control");
}

#[test]
fn a_receipt_is_believed_even_after_a_refusal() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::Refused(refusal())), TimeMs(1));
    outbox.step(ended(&outbox, 1, Outcome::Accepted(receipt())), TimeMs(2));
    assert!(matches!(outbox.entry(&id(1)).unwrap().state, WorkState::Accepted { .. }));
}

#[test]
fn a_site_that_will_not_tell_leaves_the_doubt_so_a_retry_asks_first() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(0));
    outbox.step(Event::Tick, TimeMs(SETTLE_GRACE_MS));
    outbox.step(settled(&outbox, 1, Settled::Refused(refusal())), TimeMs(SETTLE_GRACE_MS));
    let effects = outbox.step(Event::LearnerRetries { id: id(1) }, TimeMs(SETTLE_GRACE_MS));
    assert_eq!(effects, [Effect::StateChanged(id(1), WorkState::InDoubt), Effect::Settle(id(1))]);
}

#[test]
fn a_refusal_stops_its_target_until_it_is_set_aside_or_retried() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts), added(2, "a", "t", Lane::Posts)]);
    let effects = outbox.step(ended(&outbox, 1, Outcome::Refused(refusal())), TimeMs(1));
    assert!(sends(&effects).is_empty());
    let mut retried = outbox.clone();
    assert_eq!(sends(&retried.step(Event::LearnerRetries { id: id(1) }, TimeMs(2))), [&id(1)]);
    assert_eq!(sends(&outbox.step(Event::SetAside { id: id(1) }, TimeMs(2))), [&id(2)]);
    assert!(matches!(outbox.entry(&id(1)).unwrap().state, WorkState::Refused { .. }));
}

#[test]
fn work_is_taken_back_only_while_nothing_of_it_can_be_on_its_way() {
    let refused = |outbox: &Outbox| match &outbox.entry(&id(1)).unwrap().state {
        WorkState::Refused { refusal } => Some(refusal.why),
        _ => None,
    };
    let back = || Event::TakenBack { id: id(1) };
    // Waiting without a link: it goes, nothing is ever sent, and later work for the same place passes.
    let mut outbox = Outbox::new(1);
    outbox.step(added(1, "a", "t", Lane::Posts), TimeMs(0));
    assert!(outbox.can_be_taken_back(&id(1)));
    outbox.step(back(), TimeMs(1));
    assert_eq!(refused(&outbox), Some(RefusalReason::TakenBack));
    outbox.step(added(2, "a", "t", Lane::Posts), TimeMs(2));
    assert_eq!(sends(&outbox.step(Event::LinkUp, TimeMs(3))), [&id(2)]);
    // Only the learner's own word sends it after all.
    let mut again = outbox.clone();
    again.step(ended(&outbox, 2, Outcome::Refused(refusal())), TimeMs(4));
    again.step(Event::SetAside { id: id(2) }, TimeMs(4));
    assert_eq!(sends(&again.step(Event::LearnerRetries { id: id(1) }, TimeMs(5))), [&id(1)]);
    // On its way, in doubt, accepted: nothing changes.
    let (mut going, _) = online([added(1, "a", "t", Lane::Posts)]);
    assert!(!going.can_be_taken_back(&id(1)));
    for end in [None, Some(Outcome::Unknown), Some(Outcome::Accepted(receipt()))] {
        if let Some(outcome) = end {
            let event = ended(&going, 1, outcome);
            going.step(event, TimeMs(6));
        }
        let before = going.entry(&id(1)).unwrap().state.clone();
        going.step(back(), TimeMs(7));
        assert_eq!(going.entry(&id(1)).unwrap().state, before);
    }
}

#[test]
fn an_instant_named_by_the_site_is_honoured_but_not_for_ever() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    let later = Outcome::Later { not_before: Some(TimeMs(50_000)) };
    assert_eq!(wake(&outbox.step(ended(&outbox, 1, later), TimeMs(1))), Some(TimeMs(50_000)));
    assert_eq!(wake(&outbox.step(Event::LearnerRetries { id: id(1) }, TimeMs(2))), Some(TimeMs(50_000)));
    assert_eq!(sends(&outbox.step(Event::Tick, TimeMs(50_000))), [&id(1)]);
    let never = Outcome::Later { not_before: Some(TimeMs(i64::MAX)) };
    assert_eq!(
        wake(&outbox.step(ended(&outbox, 1, never), TimeMs(60_000))),
        Some(TimeMs(60_000 + SITE_WAIT_CAP_MS))
    );
}

#[test]
fn a_link_that_comes_up_ends_the_wait_for_it() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    assert!(wake(&outbox.step(ended(&outbox, 1, Outcome::Unreachable), TimeMs(1))).is_some());
    outbox.step(Event::LinkDown, TimeMs(2));
    assert_eq!(sends(&outbox.step(Event::LinkUp, TimeMs(3))), [&id(1)]);
}

#[test]
fn a_clock_set_back_a_week_does_not_make_work_wait_a_week() {
    const WEEK: i64 = 7 * 24 * 3_600_000;
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::Unreachable), TimeMs(WEEK));
    let at = wake(&outbox.step(Event::Tick, TimeMs(0))).unwrap();
    assert!(at <= TimeMs(BACKOFF_CAP_MS));
}

#[test]
fn an_expired_sign_in_stops_its_account_only_and_is_told_once() {
    let (mut outbox, _) = online([
        added(1, "a", "t1", Lane::Posts),
        added(2, "a", "t2", Lane::Posts),
        added(3, "b", "t1", Lane::Posts),
    ]);
    let effects = outbox.step(ended(&outbox, 1, Outcome::SignIn), TimeMs(1));
    assert!(effects.contains(&Effect::NeedsSignIn("a".into())) && sends(&effects).is_empty());
    let effects = outbox.step(ended(&outbox, 2, Outcome::SignIn), TimeMs(2));
    assert_eq!(effects, [Effect::StateChanged(id(2), WorkState::Waiting)]);
    assert_eq!(sends(&outbox.step(added(4, "b", "t4", Lane::Posts), TimeMs(3))), [&id(4)]);
    let effects = outbox.step(Event::SignedIn { account: AccountId::new("a") }, TimeMs(4));
    assert_eq!(sends(&effects), [&id(1), &id(2)]);
}

#[test]
fn old_news_of_an_expired_sign_in_does_not_ask_twice() {
    let (mut outbox, _) = online([added(1, "a", "t1", Lane::Posts), added(2, "a", "t2", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::SignIn), TimeMs(1));
    outbox.step(Event::SignedIn { account: "a".into() }, TimeMs(2));
    let effects = outbox.step(ended(&outbox, 2, Outcome::SignIn), TimeMs(3));
    assert_eq!(sends(&effects), [&id(2)]);
    assert_eq!(outbox.signed_out().count(), 0);
}

#[test]
fn forgetting_drops_only_what_was_accepted_long_ago() {
    let (mut outbox, _) = online([added(1, "a", "t1", Lane::Posts), added(2, "a", "t2", Lane::Posts)]);
    outbox.step(ended(&outbox, 1, Outcome::Accepted(receipt())), TimeMs(10));
    outbox.step(ended(&outbox, 2, Outcome::Refused(refusal())), TimeMs(10));
    outbox.forget_accepted_before(TimeMs(10));
    assert_eq!(outbox.entries().count(), 2);
    outbox.forget_accepted_before(TimeMs(11));
    assert_eq!(outbox.entries().map(|e| &e.id).collect::<Vec<_>>(), [&id(2)]);
}

fn silent_site(outbox: &mut Outbox, n: u8) -> i64 {
    let mut now = 0;
    outbox.step(ended(outbox, n, Outcome::Unknown), TimeMs(now));
    while outbox.entry(&id(n)).unwrap().state == WorkState::InDoubt {
        now += 3_600_000;
        assert_eq!(outbox.step(Event::Tick, TimeMs(now)), [Effect::Settle(id(n))]);
        outbox.step(settled(outbox, n, Settled::Untold), TimeMs(now));
        assert!(now < 10 * 3_600_000, "the learner is never asked");
    }
    now
}

#[test]
fn after_long_silence_the_learner_is_asked_and_nothing_is_sent_without_a_word() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts), added(2, "a", "t", Lane::Posts)]);
    let now = silent_site(&mut outbox, 1);
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Unclear);
    assert_eq!(outbox.why_it_waits(&id(1), TimeMs(now)), Some(Wait::Learner));
    assert_eq!(outbox.why_it_waits(&id(2), TimeMs(now)), Some(Wait::BehindAnother));
    let later = TimeMs(now + LOOK_EVERY_MS);
    assert_eq!(
        outbox.step(Event::Tick, later),
        [Effect::Settle(id(1))],
        "the site is looked at, nothing is sent"
    );
    outbox.step(settled(&outbox, 1, Settled::Untold), later);
    let effects = outbox.step(Event::LearnerSays { id: id(1), arrived: false }, later);
    assert_eq!(sends(&effects), [&id(1)]);
}

#[test]
fn the_learners_word_that_it_is_there_counts_until_the_site_says_it_better() {
    let (mut outbox, _) = online([added(1, "a", "t", Lane::Posts)]);
    let now = TimeMs(silent_site(&mut outbox, 1));
    outbox.step(Event::LearnerSays { id: id(1), arrived: true }, now);
    let WorkState::Accepted { receipt: said } = outbox.entry(&id(1)).unwrap().state.clone() else { panic!() };
    assert_eq!(said.caveat, Some(Caveat::OnLearnersWord));
    outbox.step(ended(&outbox, 1, Outcome::Accepted(receipt())), now);
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Accepted { receipt: receipt() });
}

#[test]
fn what_cannot_be_read_back_is_asked_of_the_learner_and_what_is_repeatable_of_nobody() {
    let class = |n: u8, resend| {
        let Event::Added(new) = added(n, "a", &format!("t{n}"), Lane::Posts) else { panic!() };
        Event::Added(NewEntry { resend, ..new })
    };
    let (mut outbox, _) = online([class(1, Resend::Neither), class(2, Resend::Repeatable)]);
    outbox.step(ended(&outbox, 1, Outcome::Unknown), TimeMs(0));
    outbox.step(ended(&outbox, 2, Outcome::Unknown), TimeMs(0));
    let effects = outbox.step(Event::Tick, TimeMs(SETTLE_GRACE_MS));
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::Unclear);
    assert_eq!(sends(&effects), [&id(2)]);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Settle(_))));
    for event in
        [Event::LinkUp, Event::Tick, Event::LearnerRetries { id: id(1) }, Event::Restarted, Event::LinkUp]
    {
        let effects = outbox.step(event, TimeMs(1_000_000));
        assert!(!effects.contains(&Effect::Send(id(1))) && !effects.contains(&Effect::Settle(id(1))));
    }
}

#[test]
fn a_link_that_costs_money_carries_answers_and_no_film() {
    let large = {
        let Event::Added(new) = added(1, "a", "t1", Lane::Uploads) else { panic!() };
        Event::Added(NewEntry { size: SMALL_BYTES + 1, ..new })
    };
    let mut outbox = Outbox::new(7);
    outbox.step(large, TimeMs(0));
    outbox.step(added(2, "a", "t2", Lane::SmallAnswers), TimeMs(0));
    outbox.step(Event::Budget { budget: Budget::of(true, true, false) }, TimeMs(0));
    assert_eq!(sends(&outbox.step(Event::LinkUp, TimeMs(0))), [&id(2)]);
    assert_eq!(outbox.why_it_waits(&id(1), TimeMs(0)), Some(Wait::CostsMoney));
    let free = Event::Budget { budget: Budget::of(false, true, false) };
    assert_eq!(sends(&outbox.step(free, TimeMs(0))), [&id(1)]);
}

#[test]
fn one_site_down_holds_up_no_other_account() {
    let mut outbox = Outbox::new(7);
    outbox.step(added(1, "a", "t", Lane::Posts), TimeMs(0));
    outbox.step(added(2, "b", "t", Lane::Posts), TimeMs(0));
    assert_eq!(sends(&outbox.step(Event::SiteUp { account: "b".into() }, TimeMs(0))), [&id(2)]);
    assert_eq!(outbox.why_it_waits(&id(1), TimeMs(0)), Some(Wait::Connection));
    assert_eq!(sends(&outbox.step(Event::SiteUp { account: "a".into() }, TimeMs(1))), [&id(1)]);
}

#[test]
fn a_minute_of_connection_drains_the_small_lanes_beside_a_large_upload() {
    let mut outbox = Outbox::new(7);
    outbox.step(added(0, "a", "film", Lane::Uploads), TimeMs(0));
    for n in 1..=30 {
        outbox.step(added(n, "a", &format!("t{n}"), Lane::SmallAnswers), TimeMs(0));
    }
    // Each small one takes a second and a half on this link; the upload takes the whole minute.
    let mut now = 0;
    let mut on_its_way: Vec<u8> = Vec::new();
    let mut effects = outbox.step(Event::SiteUp { account: "a".into() }, TimeMs(now));
    let number = |id: &WorkId| id.as_str()[1..].parse::<u8>().unwrap();
    loop {
        on_its_way.extend(sends(&effects).into_iter().map(number));
        now += 1_500;
        let Some(at) = on_its_way.iter().position(|n| *n != 0) else { break };
        if now > 60_000 {
            break;
        }
        let small = on_its_way.remove(at);
        effects = outbox.step(ended(&outbox, small, Outcome::Accepted(receipt())), TimeMs(now));
    }
    let left =
        outbox.entries().filter(|e| e.lane == Lane::SmallAnswers).filter(|e| e.state == WorkState::Waiting);
    assert_eq!(left.count(), 0, "all small work is through after {now} ms");
    assert!(now <= 60_000);
}

#[test]
fn the_stored_form_stays_readable() {
    let (outbox, _) = online([added(1, "a", "t", Lane::SmallAnswers)]);
    let stored = serde_json::to_string(&outbox).unwrap();
    let expected = concat!(
        r#"{"seed":7,"next_seq":1,"entries":{"w1":{"id":"w1","account":"a","target":"t","lane":"small_answers","#,
        r#""created":0,"seq":0,"state":{"state":"sending"},"tries":1,"errand":1,"misses":0,"#,
        r#""not_before":0,"hold":"free","#,
        r#""doubt":true,"set_aside":false,"changed":0,"resend":"read_back","size":100,"silence":0,"#,
        r#""trouble":null}},"signed_out":[]}"#
    );
    assert_eq!(stored, expected);
    // As version 0.1 wrote it.
    let older = expected
        .replace(r#","resend":"read_back","size":100,"silence":0,"trouble":null"#, "")
        .replace(r#""errand":1,"#, "");
    let read: Outbox = serde_json::from_str(&older).unwrap();
    assert_eq!(read.entry(&id(1)).unwrap().resend, Resend::ReadBack);
}

fn any_event() -> impl Strategy<Value = Event> {
    let n = || 0_u8..5;
    let outcome = prop_oneof![
        Just(Outcome::Accepted(receipt())),
        Just(Outcome::Refused(refusal())),
        any::<Option<i64>>().prop_map(|at| Outcome::Later { not_before: at.map(TimeMs) }),
        Just(Outcome::SignIn),
        Just(Outcome::Unreachable),
        Just(Outcome::Unknown),
    ];
    let settle = prop_oneof![
        Just(Settled::Landed(receipt())),
        Just(Settled::NotLanded),
        Just(Settled::Refused(refusal())),
        Just(Settled::CannotTell),
        Just(Settled::Untold),
        Just(Settled::SignIn),
    ];
    let lane = prop_oneof![Just(Lane::SmallAnswers), Just(Lane::Posts), Just(Lane::Uploads)];
    prop_oneof![
        4 => (n(), 0..2_u8, 0..2_u8, lane).prop_map(|(n, a, t, lane)| added(n, &format!("a{a}"), &format!("t{t}"), lane)),
        1 => Just(Event::Restarted),
        3 => Just(Event::LinkUp),
        1 => Just(Event::LinkDown),
        6 => (n(), 0..4_u64, outcome).prop_map(|(n, errand, outcome)| Event::SendEnded { id: id(n), errand, outcome }),
        4 => (n(), 0..4_u64, settle).prop_map(|(n, errand, settled)| Event::SettleEnded { id: id(n), errand, settled }),
        1 => n().prop_map(|n| Event::LearnerRetries { id: id(n) }),
        1 => n().prop_map(|n| Event::SetAside { id: id(n) }),
        1 => n().prop_map(|n| Event::TakenBack { id: id(n) }),
        1 => (0..2_u8).prop_map(|a| Event::SignedIn { account: format!("a{a}").as_str().into() }),
        3 => Just(Event::Tick),
    ]
}

proptest! {
    /// Events in any order, also ones that make no sense, from clocks that jump.
    #[test]
    fn whatever_happens_the_laws_hold(events in prop::collection::vec((any_event(), any::<i32>()), 1..60)) {
        let mut outbox = Outbox::new(1);
        let mut known = std::collections::BTreeSet::new();
        for (event, now) in events {
            if let Event::Added(new) = &event {
                known.insert(new.id.clone());
            }
            let before = outbox.clone();
            let now = TimeMs(i64::from(now));
            let is_link_down = event == Event::LinkDown || event == Event::Restarted;
            let effects = outbox.step(event.clone(), now);
            prop_assert_eq!(&before.clone().step(event, now), &effects, "the same step has the same effects");
            prop_assert!(known.iter().all(|id| outbox.entry(id).is_some()), "nothing is removed");
            prop_assert!(!is_link_down || sends(&effects).is_empty());
            for (at, effect) in effects.iter().enumerate() {
                match effect {
                    Effect::Send(id) => {
                        let entry = outbox.entry(id).unwrap();
                        prop_assert!(entry.doubt && entry.state == WorkState::Sending);
                        let told = Effect::StateChanged(id.clone(), WorkState::Sending);
                        prop_assert!(effects[..at].contains(&told), "the state is told before the send");
                        let of_target = outbox.entries().filter(|e| e.account == entry.account && e.target == entry.target);
                        let open = of_target.filter(|e| matches!(e.state, WorkState::Sending | WorkState::InDoubt));
                        prop_assert_eq!(open.count(), 1, "nothing else of the target is open");
                    }
                    Effect::Settle(id) => {
                        let entry = outbox.entry(id).unwrap();
                        prop_assert!(entry.doubt && matches!(entry.state, WorkState::InDoubt | WorkState::Unclear));
                    }
                    Effect::WakeAt(at) => prop_assert!(*at > now && at.since(now) <= SITE_WAIT_CAP_MS),
                    Effect::StateChanged(..) | Effect::NeedsSignIn(_) => {}
                }
            }
            for old in before.entries().filter(|e| matches!(e.state, WorkState::Accepted { .. })) {
                let stands = |e: &Entry| Entry { stray: None, ..e.clone() };
                prop_assert_eq!(outbox.entry(&old.id).map(stands), Some(stands(old)), "accepted is for ever");
            }
            let stored = serde_json::to_string(&outbox).unwrap();
            let read: Outbox = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        }
    }
}

#[test]
fn a_doubt_that_comes_from_a_copy_is_taken_over_by_what_waits_and_by_nothing_else() {
    let doubted = |n| {
        let Event::Added(new) = added(n, "a", "t", Lane::Posts) else { unreachable!() };
        Event::Added(NewEntry { doubt: true, ..new })
    };
    let mut outbox = Outbox::new(7);
    outbox.step(added(1, "a", "t", Lane::Posts), TimeMs(0));
    assert_eq!(
        outbox.step(added(1, "a", "t", Lane::Posts), TimeMs(1)),
        [],
        "the control: without a doubt nothing"
    );
    outbox.step(doubted(1), TimeMs(2));
    assert_eq!(outbox.entry(&id(1)).unwrap().state, WorkState::InDoubt);
    let effects = outbox.step(Event::LinkUp, TimeMs(3));
    assert!(sends(&effects).is_empty() && effects.contains(&Effect::Settle(id(1))), "{effects:?}");
    outbox.step(settled(&outbox, 1, Settled::Landed(receipt())), TimeMs(4));
    assert_eq!(outbox.step(doubted(1), TimeMs(5)), [], "a receipt is not doubted");
}
