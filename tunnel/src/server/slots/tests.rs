//! Who gets a place.

use super::*;
use crate::session::negotiation::{GRACE, Resume};

fn plain(id: &str) -> Dial {
    Dial { id: id.to_owned(), resume: None, is_for_jobs: false }
}

fn resumable(id: &str, purpose: DialPurpose) -> Dial {
    Dial { resume: Some(Resume { delivered: 0, purpose, grace: GRACE }), ..plain(id) }
}

/// A session that someone logs in to at once.
fn logged_in(slots: &Slots, dial: &Dial) -> Slot {
    match slots.enter(dial, Instant::now()) {
        Entered::New(slot, login, _) if login.succeeded() => slot,
        _ => panic!("refused"),
    }
}

fn enter(slots: &Slots, dial: &Dial) -> Entered {
    slots.enter(dial, Instant::now())
}

#[tokio::test(start_paused = true)]
async fn there_are_never_more_sessions_than_allowed() {
    let slots = Slots::new(2);
    let first = logged_in(&slots, &plain("a"));
    assert!(matches!(enter(&slots, &plain("a")), Entered::Again(_)));
    let second = logged_in(&slots, &plain("b"));
    assert!(matches!(enter(&slots, &plain("c")), Entered::Full));
    drop(first);
    let third = enter(&slots, &plain("c"));
    assert!(matches!(third, Entered::New(..)));
    slots.close();
    drop(second);
    assert!(matches!(enter(&slots, &plain("d")), Entered::Closed));
}

#[tokio::test(start_paused = true)]
async fn calls_about_jobs_take_no_sessions_place_and_have_a_limit_of_their_own() {
    let slots = Slots::new(2);
    let job = |number: usize| Dial { is_for_jobs: true, ..plain(&format!("job {number}")) };
    let calls: Vec<Slot> = (0..2 * JOB_CALLS).map(|number| logged_in(&slots, &job(number))).collect();
    assert!(matches!(enter(&slots, &job(1000)), Entered::Full));
    let person = logged_in(&slots, &plain("a"));
    let _another = logged_in(&slots, &plain("b"));
    assert!(matches!(enter(&slots, &plain("c")), Entered::Full));
    assert_eq!((slots.count().attached, slots.job_calls()), (2, 2 * JOB_CALLS));
    drop(person);
    assert!(matches!(enter(&slots, &job(1000)), Entered::Full), "and sessions have theirs");
    drop(calls);
    let call = logged_in(&slots, &job(1001));
    assert_eq!((slots.count().attached, slots.job_calls()), (1, 1));
    // A server that is asked about jobs is not idle.
    drop(_another);
    let idle = slots.idle(Duration::from_secs(600), || false);
    tokio::pin!(idle);
    assert!(timeout(Duration::from_secs(6000), &mut idle).await.is_err());
    drop(call);
    assert!(timeout(Duration::from_secs(601), idle).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_network_is_away_keeps_nobody_out_and_can_come_back() {
    let slots = Slots::new(1);
    let first = logged_in(&slots, &resumable("a", DialPurpose::Attach));
    assert!(matches!(enter(&slots, &plain("b")), Entered::Full));
    first.attached(false);
    assert_eq!(slots.count(), Count { attached: 0, starting: 0, detached: 1 });
    let second = logged_in(&slots, &plain("b"));
    assert!(matches!(enter(&slots, &plain("c")), Entered::Full));
    assert!(matches!(enter(&slots, &resumable("a", DialPurpose::Reattach)), Entered::Again(_)));
    drop(second);
    drop(first);
    assert_eq!(slots.count(), Count::default());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_takes_a_place_for_a_moment_only() {
    let slots = Slots::new(10);
    let silent: Vec<Entered> = (0..10).map(|number| enter(&slots, &plain(&number.to_string()))).collect();
    assert!(silent.iter().all(|entered| matches!(entered, Entered::New(..))));
    let came = Instant::now();
    let Entered::Wait(until) = slots.enter(&plain("late"), came) else { panic!("let in") };
    assert_eq!(until, came + FRESH);
    slots.changed(until).await;
    let late = slots.enter(&plain("late"), came);
    assert!(matches!(late, Entered::New(..)));
    // Others that come meanwhile make nobody wait twice.
    let came = Instant::now();
    let more: Vec<Entered> = (10..20).map(|number| enter(&slots, &plain(&number.to_string()))).collect();
    assert_eq!(more.iter().filter(|entered| matches!(entered, Entered::New(..))).count(), 9);
    tokio::time::advance(FRESH).await;
    let again: Vec<Entered> = (20..31).map(|number| enter(&slots, &plain(&number.to_string()))).collect();
    assert!(again.iter().any(|entered| matches!(entered, Entered::Wait(_))));
    let Entered::New(_slot, login, _) = slots.enter(&plain("later"), came) else { panic!("kept out") };
    assert!(login.succeeded());
    assert_eq!(slots.count().attached, 1);
}

#[tokio::test(start_paused = true)]
async fn the_hundredth_that_does_not_log_in_makes_room() {
    let slots = Slots::new(1000);
    let mut silent = Vec::new();
    for number in 0..MOST_STARTING + 2 {
        let Entered::New(slot, login, arrivals) = enter(&slots, &plain(&number.to_string())) else {
            panic!("kept out")
        };
        silent.push((slot, login, arrivals));
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    let evicted: Vec<bool> = silent.iter().map(|(_, login, _)| login.end.is_cancelled()).collect();
    assert_eq!(evicted.iter().filter(|evicted| **evicted).count(), 2);
    assert!(evicted[0] && evicted[1], "{evicted:?}");
    // Who is away goes before who has been there longer.
    silent[50].0.attached(false);
    let _next = enter(&slots, &plain("next"));
    assert!(silent[50].1.end.is_cancelled() && !silent[2].1.end.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn logins_that_were_slow_find_a_limit_too() {
    let slots = Slots::new(1);
    let mut logins = Vec::new();
    for number in 0..3 {
        let Entered::New(slot, login, _) = enter(&slots, &plain(&number.to_string())) else { panic!("kept out") };
        logins.push((slot, login));
        tokio::time::advance(FRESH).await;
    }
    let found: Vec<bool> = logins.iter().map(|(_, login)| login.succeeded()).collect();
    assert_eq!(found, [true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_there_and_can_be_resumed_is_taken_up_again() {
    let slots = Slots::new(9);
    assert!(matches!(enter(&slots, &resumable("a", DialPurpose::Reattach)), Entered::Gone));
    let _plain = enter(&slots, &plain("p"));
    assert!(matches!(enter(&slots, &resumable("p", DialPurpose::Reattach)), Entered::OtherProtocol));
    let _resumable = enter(&slots, &resumable("r", DialPurpose::Attach));
    assert!(matches!(enter(&slots, &plain("r")), Entered::OtherProtocol));
}

#[tokio::test(start_paused = true)]
async fn a_server_is_idle_only_without_sessions() {
    let slots = Slots::new(2);
    let session = enter(&slots, &plain("a"));
    let delay = Duration::from_secs(600);
    assert!(timeout(delay * 10, slots.idle(delay, || false)).await.is_err());
    drop(session);
    let started = Instant::now();
    slots.idle(delay, || false).await;
    assert_eq!(started.elapsed(), delay);
    assert!(matches!(enter(&slots, &plain("b")), Entered::Closed));
}

#[tokio::test(start_paused = true)]
async fn what_holds_a_server_keeps_it_and_the_delay_begins_anew_after_it() {
    let slots = Slots::new(2);
    let delay = Duration::from_secs(600);
    let started = Instant::now();
    slots.idle(delay, || started.elapsed() < delay * 10).await;
    assert!(started.elapsed() >= delay * 11 && started.elapsed() < delay * 11 + HELD_LOOK * 2);
}
