//! Promise: a failed assertion says where the page is that shows it, and the page is there.
#![cfg(not(loom))]

use oversell::check::Check;
use oversell::programs;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn message(failing: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(failing)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[test]
fn from_a_failed_assertion_to_the_page() {
    let unlocked = programs::named("unlocked").unwrap().scenario(1);
    let message = message(|| Check::new(&unlocked).run().unwrap().assert_holds());
    let (first, rest) = message.split_once("\n\n").unwrap();
    assert_eq!(first, "no-oversell is refuted");
    let file = rest.lines().next().unwrap().strip_prefix("to walk through it, open ").unwrap();
    assert!(
        file.ends_with("/oversell/from_a_failed_assertion_to_the_page/unlocked.no-oversell.html"),
        "{file} is not named after the test, the scenario and the property"
    );
    let html = std::fs::read_to_string(file).unwrap();
    assert!(html.contains("unlocked, 2 buyers, 1 ticket") && html.contains("no more tickets are ever sold"), "{html}");
    // The rest of the message is what it always was.
    assert!(rest.contains("✗ no-oversell: 2 sold of 1"), "{rest}");
}

#[test]
fn what_has_no_trace_has_no_page() {
    let task_locked = programs::named("task-locked").unwrap().scenario(1);
    let message = message(|| Check::new(&task_locked).property("searches-overlap").run().unwrap().assert_holds());
    assert!(!message.contains(".html"), "{message}");
}
