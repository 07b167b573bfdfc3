//! Clocks: how long something takes is a choice.

use oversell::check::Check;
use oversell::drop_in::sync::Mutex;
use oversell::drop_in::thread::sleep;
use oversell::drop_in::time::{Duration, Instant};
use oversell::scenario::Scenario;

#[test]
fn a_deadline_may_be_met_and_may_be_missed() {
    let shop = Scenario::over("deadline", || Mutex::new(1u64))
        .role("buyer", |left| {
            let start = Instant::now();
            let deadline = start + Duration::from_secs(60);
            let mut left = left.lock().unwrap();
            sleep(Duration::from_secs(1));
            if Instant::now() > deadline {
                // It does not go back.
                assert!(start.elapsed() > Duration::from_secs(60));
                return "too late";
            }
            *left = left.saturating_sub(1);
            "in time"
        })
        .always_at_end("in-time", "somebody is in time", |_, end| end.ended("in time") > 0)
        .always_at_end("late", "somebody is too late", |_, end| end.ended("too late") > 0);
    let report = Check::new(&shop).threads("buyer", 1).run().unwrap();
    report.assert_refuted("in-time");
    report.assert_refuted("late");
    assert_eq!(report.finding("no-crash").verdict.name(), "proved");
}

#[test]
fn outside_a_check_time_passes() {
    let start = Instant::now();
    sleep(Duration::from_millis(2));
    assert!(start.elapsed() >= Duration::from_millis(2));
    assert!(Instant::now() - start < Duration::from_secs(60));
}
