//! Loops: closed where that is sound by construction, followed for some turns where it is not, and the verdict says which.

use oversell::check::{Check, Counting, Engine, Instance, Limits, Property, certify, outcomes};
use oversell::drop_in::Over;
use oversell::drop_in::hint::{retry, spin_loop};
use oversell::drop_in::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use oversell::scenario::Scenario;
use std::ops::ControlFlow::{Break, Continue};

fn by_hand(left: &AtomicU64) -> bool {
    let mut seen = left.load(SeqCst);
    loop {
        if seen == 0 {
            return false;
        }
        match left.compare_exchange_weak(seen, seen - 1, SeqCst, SeqCst) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
    }
}

fn by_update(left: &AtomicU64) -> bool {
    left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}

/// Sells without having got one, but only after it has been in the way five times.
fn impatient(left: &AtomicU64) -> bool {
    let mut tries = 0;
    let mut seen = left.load(SeqCst);
    while seen > 0 {
        match left.compare_exchange(seen, seen - 1, SeqCst, SeqCst) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
        tries += 1;
        if tries == 5 {
            return true;
        }
    }
    false
}

fn shop(stock: u64, take: fn(&AtomicU64) -> bool) -> Over<AtomicU64> {
    Scenario::over("loops", move || AtomicU64::new(stock))
        .stock(stock)
        .role("buyer", move |left| if take(left) { "bought" } else { "sold out" })
        .sale("bought")
}

fn verdict(report: &oversell::check::Report, property: &str) -> &'static str {
    report.finding(property).verdict.name()
}

#[test]
fn fetch_update_is_closed() {
    Check::new(&shop(3, by_update)).any("buyer").run().unwrap().assert_holds();
}

/// Nobody is in the way more often than there are tickets, so the loop comes to its end by itself.
#[test]
fn a_loop_that_ends_in_time_is_proved() {
    Check::new(&shop(3, by_hand)).any("buyer").property("no-oversell").run().unwrap().assert_holds();
    Check::new(&shop(3, by_hand)).threads("buyer", 5).run().unwrap().assert_holds();
}

#[test]
fn a_loop_that_goes_on_is_bounded_and_says_where() {
    let report = Check::new(&shop(6, by_hand).turns(3)).any("buyer").run().unwrap();
    let text = report.to_string();
    assert_eq!(verdict(&report, "no-oversell"), "bounded", "{text}");
    assert!(text.contains("for up to 3 turns of the loop at tests/drop_in/loops.rs:16"), "{text}");
    assert_eq!(verdict(&report, "no-undersell"), "inconclusive", "{text}");
    assert_eq!(verdict(&report, "no-livelock"), "inconclusive", "{text}");
    report.assert_holds_within_turns();
    let asserted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| report.assert_holds()));
    assert!(asserted.is_err(), "a bounded verdict is no proof");
}

/// What a counter in a local hides is found if the loop is followed far enough, and is never proved away.
#[test]
fn a_count_in_a_local_is_not_lost() {
    let any = |shop: Over<AtomicU64>| {
        let report = Check::new(&shop).any("buyer").property("no-oversell").run().unwrap();
        let asserted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| report.assert_holds_within_turns()));
        assert_eq!(asserted.is_err(), verdict(&report, "no-oversell") == "refuted", "{report}");
        verdict(&report, "no-oversell")
    };
    assert_eq!(any(shop(6, impatient)), "refuted");
    assert_eq!(any(shop(6, impatient).turns(3)), "bounded");
}

#[test]
fn who_stands_still_has_not_ended() {
    let spin = |frees: bool| {
        Scenario::over("spin", || AtomicBool::new(false)).role("buyer", move |taken| {
            while taken.swap(true, SeqCst) {
                spin_loop();
            }
            if frees {
                taken.store(false, SeqCst);
            }
        })
    };
    for frees in [true, false] {
        let scenario = spin(frees).turns(4);
        let report = Check::new(&scenario).threads("buyer", 2).run().unwrap();
        for property in ["no-deadlock", "no-livelock"] {
            assert_eq!(verdict(&report, property), "inconclusive", "{report}");
        }
        assert_eq!(verdict(&report, "no-crash"), "bounded", "{report}");
        let instance = Instance::of(&scenario, 2);
        assert!(outcomes(&scenario, &instance, &Limits::default()).unwrap().limit.is_some());
        assert!(certify(&scenario, &instance, Property::NoCrash, &Limits::default()).is_err());
    }
}

#[test]
fn a_retry_is_closed_also_where_it_waits() {
    let spin = |frees: bool| {
        Scenario::over("retry", || AtomicBool::new(false)).role("buyer", move |taken| {
            retry("lock", || if taken.swap(true, SeqCst) { Continue(()) } else { Break(()) });
            if frees {
                taken.store(false, SeqCst);
            }
        })
    };
    Check::new(&spin(true)).any("buyer").run().unwrap().assert_holds();
    Check::new(&spin(false)).threads("buyer", 2).run().unwrap().assert_refuted("no-livelock");
}

/// What was bounded for many threads does not spoil what is exact for a few.
#[test]
fn each_check_says_how_far_it_went_itself() {
    let scenario = shop(6, by_hand).turns(3);
    let report = Check::new(&scenario).any("buyer").property("no-oversell").run().unwrap();
    assert_eq!(verdict(&report, "no-oversell"), "bounded");
    let two = Counting::default().check(&scenario, &Instance::of(&scenario, 2), &[Property::NoOversell]).unwrap();
    assert_eq!(two[0].verdict.name(), "proved");
}
