//! Panics of checked code print nothing; those of everybody else print as before.

use crate::shop::{Shop, counted, shop};
use std::process::{Command, Output};
use std::sync::atomic::Ordering::SeqCst;

/// Runs one of the ignored tests below in a process of its own.
fn alone(test: &str) -> Output {
    let program = std::env::current_exe().expect("a test knows its own program");
    let mut command = Command::new(program);
    command.args(["--ignored", "--exact", "--nocapture", &format!("quiet::{test}")]).env_remove("RUST_BACKTRACE");
    let output = command.output().expect("this very program can be run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("1 passed") || said.contains("1 failed"), "no such test? {said}");
    output
}

fn panicking(name: &str) -> oversell::scenario::Builder<Shop> {
    shop(name, |at, shop: &Shop| {
        let left = shop.left.fetch_sub(at, 1, SeqCst);
        assert!(left > 1, "only {left} left");
    })
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn counts_panics() {
    let report = counted(&panicking("panics"), 4);
    report.assert_refuted("no-crash");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn fails_after_counting_panics() {
    counts_panics();
    panic!("this is to be seen");
}

#[cfg(feature = "shuttle")]
#[test]
#[ignore = "run by another test, in a process of its own"]
fn counts_panics_after_shuttle() {
    use oversell::check::{Check, ShuttleDfs, ShuttlePct};
    let scenario = panicking("panics under shuttle");
    let check = || Check::new(&scenario).threads("buyer", 2);
    check().run_by(&ShuttleDfs::default()).unwrap().assert_refuted("no-crash");
    check().run_by(&ShuttlePct::default()).unwrap().assert_refuted("no-crash");
    counts_panics();
}

#[test]
fn panics_of_checked_code_print_nothing() {
    let output = alone("counts_panics");
    assert_eq!((output.status.success(), String::from_utf8_lossy(&output.stderr).as_ref()), (true, ""));
}

#[test]
fn panics_of_anything_else_print_as_before() {
    let output = alone("fails_after_counting_panics");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("this is to be seen") && !said.contains("only"), "{said}");
}

#[cfg(feature = "shuttle")]
#[test]
fn shuttles_hook_prints_nothing_in_a_later_run_of_another_engine() {
    let output = alone("counts_panics_after_shuttle");
    assert_eq!((output.status.success(), String::from_utf8_lossy(&output.stderr).as_ref()), (true, ""));
}
