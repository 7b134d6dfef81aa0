//! Laws of the download machine: single steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use daypack_course::TimeMs;
use daypack_engine::allowance::Why;
use daypack_engine::download::{
    BACKOFF_CAP_MS, Downloads, Effect, Event, FailWhy, JobState, Order, Place, Room, SLACK, SPOILED_LIMIT,
    Want, sequence,
};
use daypack_engine::link::Budget;

fn want(job: &str, key: &str, size: u64, priority: u32) -> Want {
    let (key, job) = (key.to_owned(), job.to_owned());
    Want {
        key,
        job,
        size: Some(size),
        have: 0,
        here: false,
        proof: true,
        priority,
        version: None,
        batch: None,
    }
}

fn added(job: &str, wants: &[Want]) -> Event {
    Event::Added { job: job.to_owned(), wants: wants.to_vec() }
}

fn failed(key: &str, why: FailWhy) -> Event {
    Event::Failed { key: key.to_owned(), why }
}

fn finished(key: &str) -> Event {
    Event::Finished { key: key.to_owned() }
}

fn received(key: &str, bytes: u64) -> Event {
    Event::Received { key: key.to_owned(), bytes }
}

fn resumed(job: &str) -> Event {
    Event::Resumed { job: job.to_owned() }
}

fn start(key: &str, from: u64) -> Effect {
    Effect::Start { key: key.to_owned(), from, with: Vec::new() }
}

fn stop(key: &str) -> Effect {
    Effect::Stop { key: key.to_owned() }
}

fn job_failed(job: &str, why: FailWhy) -> Effect {
    Effect::JobFailed { job: job.to_owned(), why }
}

fn online(events: impl IntoIterator<Item = Event>) -> (Downloads, Vec<Effect>) {
    let mut machine = Downloads::new(3);
    let mut effects = Vec::new();
    for event in events.into_iter().chain([Event::LinkUp]) {
        effects = machine.step(event, TimeMs(0));
    }
    (machine, effects)
}

fn state(machine: &Downloads, job: &str) -> JobState {
    machine.view(job).unwrap().state
}

#[test]
fn a_link_that_costs_money_carries_pages_and_no_lectures_and_nothing_starts_over() {
    let lecture = Want { size: Some(50_000_000), ..want("j", "lecture", 0, 1) };
    let (mut machine, effects) = online([added("j", &[lecture, want("j", "page", 20_000, 2)])]);
    assert_eq!(effects, [start("lecture", 0), start("page", 0)]);
    machine.step(received("lecture", 7_000_000), TimeMs(1));
    let costly = Event::Budget { budget: Budget::of(true, true, false) };
    assert_eq!(machine.step(costly, TimeMs(2)), [stop("lecture")]);
    machine.step(finished("page"), TimeMs(3));
    assert_eq!(state(&machine, "j"), JobState::CostsMoney);
    let allowed = Event::Budget { budget: Budget::of(true, true, true) };
    assert_eq!(machine.step(allowed, TimeMs(4)), [start("lecture", 7_000_000)]);
}

#[test]
fn files_come_in_study_order_small_first_inside_an_item_three_at_once() {
    let wants =
        [want("j", "big", 900, 0), want("j", "later", 1, 1), want("j", "small", 5, 0), want("j", "x", 1, 2)];
    let (mut machine, effects) = online([added("j", &wants)]);
    assert_eq!(effects, [start("small", 0), start("big", 0), start("later", 0)]);
    assert_eq!(machine.step(finished("big"), TimeMs(1)), [start("x", 0)]);
}

#[test]
fn a_failed_transfer_goes_on_where_it_stopped_and_the_others_go_on_meanwhile() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 100, 0), want("j", "b", 100, 0)])]);
    machine.step(received("a", 60), TimeMs(1));
    let effects = machine.step(failed("a", FailWhy::Stalled), TimeMs(1));
    let [Effect::WakeAt { at }] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(machine.step(Event::Tick, at), [start("a", 60)]);
    assert_eq!(state(&machine, "j"), JobState::Running);
}

#[test]
fn wrong_bytes_start_over_three_times_then_wait_for_the_learner() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 100, 0)])]);
    let mut now = TimeMs(0);
    for round in 1..=SPOILED_LIMIT {
        machine.step(received("a", 100), now);
        let effects = machine.step(failed("a", FailWhy::WrongBytes), now);
        if round == SPOILED_LIMIT {
            assert_eq!(effects, [job_failed("j", FailWhy::WrongBytes)]);
        } else {
            now = now.plus(BACKOFF_CAP_MS);
            assert_eq!(machine.step(Event::Tick, now), [start("a", 0)]);
        }
    }
    assert_eq!(state(&machine, "j"), JobState::Failed { why: FailWhy::WrongBytes });
    assert_eq!(machine.step(resumed("j"), now), [start("a", 0)]);
}

#[test]
fn a_refused_file_is_told_when_the_rest_is_here() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 1, 0), want("j", "b", 2, 0)])]);
    assert_eq!(machine.step(failed("a", FailWhy::Refused), TimeMs(1)), []);
    assert_eq!(machine.view("j").unwrap().files_stuck, 1);
    assert_eq!(machine.step(finished("b"), TimeMs(2)), [job_failed("j", FailWhy::Refused)]);
    assert_eq!(machine.step(resumed("j"), TimeMs(3)), [start("a", 0)]);
    assert_eq!(machine.step(finished("a"), TimeMs(4)), [Effect::JobDone { job: "j".to_owned() }]);
}

#[test]
fn an_expired_sign_in_stops_its_job_only() {
    let (mut machine, _) = online([
        added("j", &[want("j", "a", 1, 0), want("j", "b", 2, 0)]),
        added("k", &[want("k", "c", 1, 0)]),
    ]);
    let effects = machine.step(failed("a", FailWhy::SignIn), TimeMs(1));
    assert_eq!(effects, [job_failed("j", FailWhy::SignIn), stop("b")]);
    assert_eq!(
        (state(&machine, "j"), state(&machine, "k")),
        (JobState::Failed { why: FailWhy::SignIn }, JobState::Running)
    );
    assert_eq!(machine.step(resumed("j"), TimeMs(2)), [start("a", 0), start("b", 0)]);
}

#[test]
fn a_full_disk_stops_everything_until_the_learner_or_a_restart_tries_again() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 1, 0)]), added("k", &[want("k", "c", 1, 0)])]);
    let effects = machine.step(failed("a", FailWhy::NoSpace), TimeMs(1));
    assert_eq!(effects, [job_failed("j", FailWhy::NoSpace), job_failed("k", FailWhy::NoSpace), stop("c")]);
    assert_eq!(state(&machine, "k"), JobState::Failed { why: FailWhy::NoSpace });
    let mut restarted = machine.clone();
    restarted.step(Event::Restarted, TimeMs(2));
    assert_eq!(restarted.step(Event::LinkUp, TimeMs(2)), [start("a", 0), start("c", 0)]);
    assert_eq!(machine.step(Event::ResumeAll, TimeMs(2)), [start("a", 0), start("c", 0)]);
}

#[test]
fn a_job_added_while_the_disk_is_full_says_so() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 1, 0)])]);
    machine.step(failed("a", FailWhy::NoSpace), TimeMs(1));
    let effects = machine.step(added("k", &[want("k", "c", 1, 0)]), TimeMs(2));
    assert_eq!(effects, [job_failed("k", FailWhy::NoSpace)]);
    assert_eq!(machine.step(resumed("j"), TimeMs(3)), [start("a", 0), start("c", 0)]);
}

#[test]
fn what_was_paused_stays_paused_through_failures_and_restarts() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 1, 0)])]);
    assert_eq!(machine.step(Event::Paused { job: "j".to_owned() }, TimeMs(1)), [stop("a")]);
    for event in
        [Event::PauseAll, Event::ResumeAll, Event::Restarted, Event::LinkUp, added("j", &[]), Event::Tick]
    {
        assert_eq!(machine.step(event, TimeMs(2)), []);
    }
    assert_eq!(state(&machine, "j"), JobState::Paused);
    assert_eq!(machine.step(resumed("j"), TimeMs(3)), [start("a", 0)]);
}

#[test]
fn a_file_that_two_jobs_need_is_fetched_once_and_survives_one_change_of_mind() {
    let (mut machine, effects) =
        online([added("j", &[want("j", "a", 9, 0)]), added("k", &[want("k", "a", 9, 5)])]);
    assert_eq!(effects, [start("a", 0)]);
    assert_eq!(machine.step(Event::Cancelled { job: "j".to_owned() }, TimeMs(1)), []);
    assert_eq!(machine.step(finished("a"), TimeMs(2)), [Effect::JobDone { job: "k".to_owned() }]);
    assert!(machine.view("j").is_none());
    assert_eq!(machine.step(Event::Cancelled { job: "k".to_owned() }, TimeMs(3)), []);
    assert!(machine.views().is_empty() && machine.unfinished().next().is_none());
}

#[test]
fn files_that_are_here_already_are_counted_and_not_fetched() {
    let here = Want { here: true, have: 9, ..want("j", "a", 9, 0) };
    let (mut machine, effects) = online([added("j", &[here.clone(), want("j", "b", 1, 0)])]);
    assert_eq!(effects, [start("b", 0)]);
    assert_eq!(machine.view("j").unwrap().done_bytes, 9);
    assert_eq!(
        machine.step(added("k", &[Want { job: "k".to_owned(), ..here }]), TimeMs(1)),
        [Effect::JobDone { job: "k".to_owned() }]
    );
}

#[test]
fn a_finished_file_found_damaged_is_fetched_again() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 9, 0)])]);
    machine.step(finished("a"), TimeMs(1));
    assert_eq!(state(&machine, "j"), JobState::Done);
    assert_eq!(machine.step(Event::Found { key: "a".to_owned(), have: 4 }, TimeMs(2)), [start("a", 4)]);
    assert_eq!(machine.step(finished("a"), TimeMs(3)), [Effect::JobDone { job: "j".to_owned() }]);
}

#[test]
fn a_job_without_a_link_waits_and_says_so() {
    let mut machine = Downloads::new(3);
    assert_eq!(machine.step(added("j", &[want("j", "a", 9, 0)]), TimeMs(0)), []);
    assert_eq!(state(&machine, "j"), JobState::Waiting);
    assert_eq!(machine.step(Event::LinkUp, TimeMs(1)), [start("a", 0)]);
    machine.step(failed("a", FailWhy::Unreachable), TimeMs(2));
    assert_eq!(state(&machine, "j"), JobState::Waiting);
    assert_eq!(machine.step(Event::LinkUp, TimeMs(3)), [start("a", 0)], "a link coming up ends the wait");
}

#[test]
fn total_is_unknown_while_one_size_is() {
    let unknown = Want { size: None, ..want("j", "b", 0, 0) };
    let (mut machine, _) = online([added("j", &[want("j", "a", 9, 0), unknown])]);
    machine.step(received("b", 70), TimeMs(1));
    assert_eq!(machine.view("j").unwrap().total_bytes, None);
    machine.step(finished("b"), TimeMs(2));
    let view = machine.view("j").unwrap();
    assert_eq!((view.total_bytes, view.done_bytes), (Some(79), 70));
}

fn packed(key: &str, priority: u32) -> Want {
    Want { batch: Some("pack".to_owned()), ..want("j", key, 10, priority) }
}

#[test]
fn files_of_a_batch_come_in_one_transfer_and_each_counts_as_it_comes() {
    let mut machine = online([]).0;
    let wants = [packed("b", 1), packed("a", 1), want("j", "film", 99, 0), packed("c", 2)];
    let started = machine.step(added("j", &wants), TimeMs(0));
    let with = ["b", "c"].map(str::to_owned).to_vec();
    assert_eq!(started, [start("film", 0), Effect::Start { key: "a".to_owned(), from: 0, with }]);
    // The file it was started for is here first: no second transfer begins for the others.
    assert_eq!(machine.step(Event::Finished { key: "a".to_owned() }, TimeMs(1)), []);
    // One of them does not come; the others do, and then that one is tried again alone.
    let refused = Event::Failed { key: "b".to_owned(), why: FailWhy::Stalled };
    assert_eq!(
        machine.step(refused, TimeMs(2)).iter().filter(|e| matches!(e, Effect::Start { .. })).count(),
        0
    );
    let again = machine.step(Event::FinishedMany { keys: vec!["c".to_owned()] }, TimeMs(600_000));
    assert_eq!(again, [start("b", 0)]);
    assert_eq!(machine.view("j").unwrap().files_done, 2);
}

#[test]
fn a_batch_that_fails_fails_for_all_that_is_left_and_goes_on_together() {
    let mut machine = online([]).0;
    machine.step(added("j", &[packed("a", 0), packed("b", 0), packed("c", 0)]), TimeMs(0));
    machine.step(Event::FinishedMany { keys: vec!["b".to_owned()] }, TimeMs(1));
    machine.step(Event::Failed { key: "a".to_owned(), why: FailWhy::Unreachable }, TimeMs(2));
    let again = machine.step(Event::LinkUp, TimeMs(3));
    assert_eq!(again, [Effect::Start { key: "a".to_owned(), from: 0, with: vec!["c".to_owned()] }]);
    assert_eq!(machine.step(Event::PauseAll, TimeMs(4)), [Effect::Stop { key: "a".to_owned() }]);
}

#[test]
fn a_new_version_of_a_file_that_is_here_is_fetched_and_the_same_one_is_not() {
    let mut machine = online([]).0;
    let of = |version: &str| Want { version: Some(version.to_owned()), ..want("j", "a", 9, 0) };
    machine.step(added("j", &[of("1")]), TimeMs(0));
    machine.step(Event::Finished { key: "a".to_owned() }, TimeMs(1));
    let same = machine.step(added("j", &[of("1")]), TimeMs(2));
    assert!(!same.iter().any(|e| matches!(e, Effect::Start { .. })), "{same:?}");
    assert_eq!(machine.step(added("j", &[of("2")]), TimeMs(3)), [start("a", 0)]);
    // While the second comes there is a third: it begins anew.
    let third = machine.step(added("j", &[of("3")]), TimeMs(4));
    assert_eq!(third, [Effect::Stop { key: "a".to_owned() }, start("a", 0)]);
}

#[test]
fn every_view_survives_being_written_and_read() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 9, 0)])]);
    machine.step(failed("a", FailWhy::NoSpace), TimeMs(1));
    let view = machine.view("j").unwrap();
    let json = serde_json::to_string(&view).unwrap();
    assert!(json.contains(r#""state":{"state":"failed","why":"no_space"}"#), "{json}");
    assert_eq!(serde_json::from_str::<daypack_engine::download::JobView>(&json).unwrap(), view);
    let stored = serde_json::to_string(&machine).unwrap();
    let read: Downloads = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

#[test]
fn a_low_battery_rests_what_runs_and_the_charger_or_the_learner_ends_the_rest() {
    let mut downloads = Downloads::new(0);
    let now = TimeMs(0);
    downloads.step(added("j", &[want("j", "a", 100, 0)]), now);
    assert_eq!(downloads.step(Event::LinkUp, now), [start("a", 0)], "the control: it runs");
    downloads.step(received("a", 40), now);
    assert_eq!(downloads.step(Event::Power { low: true }, now), [stop("a")]);
    assert_eq!(downloads.view("j").unwrap().state, JobState::LowPower);
    assert_eq!(downloads.step(Event::Tick, now.plus(3_600_000)), []);
    assert_eq!(downloads.step(added("k", &[want("k", "b", 5, 1)]), now), [], "nothing new begins either");
    let went_on = downloads.step(Event::Power { low: false }, now);
    assert_eq!(went_on, [start("a", 40), start("b", 0)], "where it stopped");
    downloads.step(Event::Power { low: true }, now);
    assert_eq!(
        downloads.step(resumed("k"), now),
        [start("a", 40), start("b", 0)],
        "the learner's word counts"
    );
    downloads.step(Event::Power { low: true }, now);
    let kept = serde_json::to_value(&downloads).unwrap();
    let mut next: Downloads = serde_json::from_value(kept).unwrap();
    next.step(Event::Restarted, now);
    assert_eq!(next.step(Event::LinkUp, now).len(), 2, "a new start asks the battery anew");
}

#[test]
fn what_is_held_goes_on_by_itself_where_it_stopped_and_says_why_it_waits() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 100, 0)])]);
    machine.step(received("a", 40), TimeMs(1));
    let hours = Some(Why::Hours { opens_in: 60 });
    assert_eq!(machine.step(Event::Held { why: hours }, TimeMs(2)), [stop("a")]);
    assert_eq!(state(&machine, "j"), JobState::Held { why: Why::Hours { opens_in: 60 } });
    assert_eq!(machine.step(resumed("j"), TimeMs(3)), [], "a rule of the learner's is not undone by a press");
    assert_eq!(machine.step(added("k", &[want("k", "b", 5, 1)]), TimeMs(3)), []);
    assert_eq!(machine.step(Event::Held { why: None }, TimeMs(4)), [start("a", 40), start("b", 0)]);
    machine.step(Event::Paused { job: "j".to_owned() }, TimeMs(5));
    machine.step(Event::Held { why: Some(Why::Month) }, TimeMs(6));
    machine.step(Event::Held { why: None }, TimeMs(7));
    assert_eq!(state(&machine, "j"), JobState::Paused, "a pause is the learner's");
}

#[test]
fn what_does_not_fit_waits_and_lets_pass_what_fits_and_goes_on_when_there_is_room() {
    const MB: u64 = 1_000_000;
    let wants = [want("j", "film", 90 * MB, 0), want("j", "page", 5 * MB, 1), want("j", "talk", 40 * MB, 2)];
    let mut machine = Downloads::new(3);
    machine.step(Event::Room { bytes: Some(50 * MB) }, TimeMs(0));
    machine.step(added("j", &wants), TimeMs(0));
    assert_eq!(machine.step(Event::LinkUp, TimeMs(0)), [start("page", 0), start("talk", 0)]);
    machine.step(received("talk", 10 * MB), TimeMs(1));
    // Somebody else fills the disk: what is last in line stops, its bytes stay.
    assert_eq!(machine.step(Event::Room { bytes: Some(20 * MB) }, TimeMs(2)), [stop("talk")]);
    assert_eq!(machine.step(Event::Room { bytes: Some(0) }, TimeMs(3)), [stop("page")]);
    assert_eq!(state(&machine, "j"), JobState::NoRoom);
    assert_eq!(machine.step(Event::Room { bytes: Some(4 * MB) }, TimeMs(4)), []);
    assert_eq!(machine.step(Event::Room { bytes: Some(31 * MB) }, TimeMs(5)), [start("page", 0)]);
    assert_eq!(machine.step(finished("page"), TimeMs(6)), [start("talk", 10 * MB)], "where it stopped");
    assert_eq!(machine.step(Event::Room { bytes: None }, TimeMs(7)), [start("film", 0)]);
}

#[test]
fn a_little_less_room_than_what_runs_needs_stops_nothing_and_begins_nothing() {
    let (mut machine, _) = online([added("j", &[want("j", "a", 10 * SLACK, 0)])]);
    assert_eq!(machine.step(Event::Room { bytes: Some(9 * SLACK + 1) }, TimeMs(1)), []);
    assert_eq!(machine.step(added("j", &[want("j", "b", 1, 0)]), TimeMs(1)), []);
    assert_eq!(
        machine.step(Event::Room { bytes: Some(9 * SLACK - 1) }, TimeMs(1)),
        [stop("a"), start("b", 0)]
    );
}

#[test]
fn a_gigabyte_or_a_twentieth_of_the_disk_stays_free() {
    const GIB: u64 = 1 << 30;
    assert_eq!(Room::of(8 * GIB, 3 * GIB).bytes(), 2 * GIB);
    assert_eq!(Room::of(500 * GIB, 30 * GIB).bytes(), 5 * GIB);
    assert_eq!(Room::of(500 * GIB, 20 * GIB).bytes(), 0);
}

#[test]
fn the_learners_order_goes_before_study_order_and_survives_a_restart() {
    let (mut machine, _) = online([
        added("j", &[want("j", "a", 9, 0)]),
        added("k", &[want("k", "b", 9, 0)]),
        added("l", &[want("l", "c", 9, 0)]),
    ]);
    machine.set_parallel(1);
    machine.step(Event::LinkDown, TimeMs(1));
    let order = ["l", "j", "unknown"].map(str::to_owned).to_vec();
    machine.step(Event::Ordered { jobs: order }, TimeMs(1));
    let mut next: Downloads = serde_json::from_value(serde_json::to_value(&machine).unwrap()).unwrap();
    next.step(Event::Restarted, TimeMs(2));
    assert_eq!(next.step(Event::LinkUp, TimeMs(2)), [start("c", 0)]);
    assert!(next.step(finished("c"), TimeMs(3)).contains(&start("a", 0)));
    assert!(next.step(finished("a"), TimeMs(4)).contains(&start("b", 0)), "what is not named comes after");
    let names: Vec<String> = machine.views().into_iter().map(|view| view.job).collect();
    assert_eq!(names, ["l", "j", "k"]);
}

fn place(job: &str, course: u32, study: u32, is_ahead: bool, due: Option<i64>) -> Place {
    Place { job: job.to_owned(), course, mine: None, study, is_ahead, due: due.map(TimeMs) }
}

#[test]
fn each_order_does_what_its_name_says() {
    let mut places = [
        place("a0", 0, 0, false, None),
        place("a1", 0, 1, true, Some(900)),
        place("a2", 0, 2, true, None),
        place("b0", 1, 0, true, Some(500)),
        place("b1", 1, 1, true, Some(950)),
    ];
    assert_eq!(sequence(Order::Mine, &places), ["a0", "a1", "a2", "b0", "b1"]);
    assert_eq!(sequence(Order::NextFirst, &places), ["a1", "b0", "a2", "b1", "a0"]);
    assert_eq!(sequence(Order::ByDeadline, &places), ["b0", "a1", "b1", "a0", "a2"]);
    places[2].mine = Some(0);
    assert_eq!(sequence(Order::Mine, &places), ["a2", "a0", "a1", "b0", "b1"], "moved to the front");
}
