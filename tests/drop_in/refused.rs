//! What cannot be followed is refused, in words, and never proved.

use oversell::check::{Check, CheckError};
use oversell::drop_in::sync::Mutex;
use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
use oversell::scenario::Scenario;
use std::sync::Arc;

fn refusal(scenario: &Scenario) -> String {
    match Check::new(scenario).run() {
        Err(error @ CheckError::Automaton(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(report) => panic!("{report}"),
    }
}

#[test]
fn what_is_made_while_threads_run_is_refused() {
    let scenario = Scenario::over("made-late", || ()).role("buyer", |()| {
        drop(Mutex::new(1).lock());
    });
    let reason = refusal(&scenario);
    assert!(reason.contains("it makes a `Mutex` while it runs"), "{reason}");
    assert!(reason.contains("tests/drop_in/refused.rs:20"), "{reason}");
}

/// Two threads share it, and no check would see that.
#[test]
fn what_was_made_outside_is_refused() {
    let hidden = Arc::new(AtomicU64::new(0));
    let scenario = Scenario::over("made-outside", || ()).role("buyer", move |()| {
        hidden.fetch_add(1, SeqCst);
    });
    let reason = refusal(&scenario);
    assert!(reason.contains("it uses a `AtomicU64` that was not made in the scenario's constructor"), "{reason}");
}

#[test]
fn what_is_not_modelled_is_refused() {
    let scenario = Scenario::over("asks", || Mutex::new(0u8)).role("buyer", |mutex| {
        mutex.is_poisoned();
    });
    assert!(refusal(&scenario).contains("which is not modelled"));
    let scenario = Scenario::over("starts", || ()).role("buyer", |()| {
        oversell::drop_in::thread::spawn(|| ());
    });
    assert!(refusal(&scenario).contains("it starts a thread"));
}

#[test]
fn a_property_that_changes_something_is_an_error() {
    let scenario = Scenario::over("changes", || AtomicU64::new(0))
        .role("buyer", |left| if left.load(SeqCst) == 0 { "nothing" } else { "something" })
        .always("zero", "nothing is there", |left, _| left.fetch_add(1, SeqCst) == 0);
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Check::new(&scenario).run()));
    let panic = checked.expect_err("a property only looks");
    assert!(panic.downcast_ref::<String>().is_some_and(|text| text.contains("a property only looks")));
}

#[test]
#[should_panic(expected = "is only there while that is checked")]
fn what_belongs_to_a_check_is_only_there_in_it() {
    let scenario = Scenario::over("kept", || AtomicU64::new(0)).role("buyer", |_| ());
    let (_, shared) = scenario.build();
    shared.downcast_ref::<AtomicU64>().unwrap().load(SeqCst);
}

#[test]
fn names_are_given_in_the_order_of_making() {
    let named = |names| {
        let make = || (Mutex::new(0u8), [AtomicU64::new(0), AtomicU64::new(1)]);
        let scenario = Scenario::over("names", make).role("buyer", |_| ());
        let scenario = if names { scenario.names(["first", "second"]) } else { scenario };
        let (setup, _) = scenario.build();
        setup.objects().iter().skip(1).map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let [mutex, first, second] = named(false).try_into().unwrap();
    let line = mutex.strip_prefix("Mutex@").unwrap();
    assert_eq!((first, second), (&*format!("AtomicU64@{line}"), &*format!("AtomicU64@{line}#2")));
    assert_eq!(named(true)[..2], ["first", "second"]);
}
