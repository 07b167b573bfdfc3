//! State that code hides from the platform: statics, thread-locals, cells that it captures.

use crate::shop::{Shop, assert_says, counted, refusal, shop, take};
use oversell::check::{AutomatonError, Check, CheckError, Counting, Coverability, Engine, Instance, Limits, Property};
use oversell::scenario::Scenario;
use oversell::sync::{Event, Platform};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize};

fn check(scenario: &Scenario, threads: usize) -> Result<Vec<&'static str>, AutomatonError> {
    match names(scenario, threads) {
        Ok(names) => Ok(names),
        Err(CheckError::Automaton(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

fn names(scenario: &Scenario, threads: usize) -> Result<Vec<&'static str>, CheckError> {
    let report = Check::new(scenario).threads("buyer", threads).run()?;
    Ok(crate::shop::names(&report.findings))
}

#[test]
fn code_that_keeps_to_the_rules_is_not_refused() {
    let scenario = shop("keeps to the rules", take);
    for threads in 0..=4 {
        counted(&scenario, threads).assert_holds();
    }
}

#[test]
fn code_that_depends_on_a_static_is_not_deterministic() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let error = refusal("static", |name| {
        shop(name, |at, shop: &Shop| {
            shop.door.load(at, SeqCst);
            if RUNS.fetch_add(1, Relaxed).is_multiple_of(2) {
                shop.bell.store(at, 1, SeqCst);
            }
            take(at, shop)
        })
        .into()
    });
    assert_says(&error, &["the code of role `buyer`", "door"]);
}

#[test]
fn an_atomic_that_the_code_captures_is_noticed() {
    let error = refusal("captured atomic", |name| {
        let looks = Arc::new(AtomicUsize::new(0));
        shop(name, move |at, shop: &Shop| {
            shop.door.load(at, SeqCst);
            if looks.fetch_add(1, Relaxed) > 3 {
                shop.bell.store(at, 1, SeqCst);
            }
            take(at, shop)
        })
        .into()
    });
    assert_says(&error, &["the code of role `buyer`"]);
}

/// Buys without looking once it knows that there are tickets; looks only as long as `known` says that it does not.
fn cached(at: &dyn Platform, shop: &Shop, known: impl Fn() -> bool, learn: impl Fn()) {
    if !known() {
        if shop.left.load(at, SeqCst) == 0 {
            return;
        }
        learn();
    }
    shop.left.fetch_sub(at, 1, SeqCst);
    at.tell(Event::sale("bought"));
}

#[test]
fn a_static_cache_that_a_first_check_fills_does_not_make_the_second_one_proved() {
    static KNOWN: AtomicBool = AtomicBool::new(false);
    let scenario = shop("static cache", |at, shop: &Shop| {
        cached(at, shop, || KNOWN.load(Relaxed), || KNOWN.store(true, Relaxed));
    });
    let first = check(&scenario, 3).unwrap_err();
    assert!(!matches!(first, AutomatonError::RefusedBefore { .. }), "{first}");
    for _ in 0..3 {
        let error = check(&scenario, 3).unwrap_err();
        assert!(matches!(error, AutomatonError::RefusedBefore { .. }), "{error}");
        assert_says(&error, &["static cache", &first.to_string()]);
    }
}

#[test]
fn a_thread_local_cache_that_a_first_check_fills_does_not_make_the_second_one_proved() {
    thread_local!(static KNOWN: Cell<bool> = const { Cell::new(false) });
    let scenario = |name: &str| shop(name, |at, shop: &Shop| cached(at, shop, || KNOWN.get(), || KNOWN.set(true)));
    check(&scenario("thread-local cache"), 3).unwrap_err();
    let again = check(&scenario("thread-local cache"), 3).unwrap_err();
    assert!(matches!(again, AutomatonError::RefusedBefore { .. }), "{again}");
    // By now it is filled, here. A scenario of another name has not been refused before.
    KNOWN.set(true);
    let error = check(&scenario("thread-local cache, filled before"), 3).unwrap_err();
    assert!(matches!(error, AutomatonError::NotDeterministic { .. }), "{error}");
}

#[test]
fn objects_that_are_declared_differently_each_time_are_refused_for_all_properties() {
    let error = refusal("varying build", |name| {
        let builds = AtomicUsize::new(0);
        Scenario::new(name, move |setup| setup.cell("left", builds.fetch_add(1, Relaxed) as u64))
            .stock(0)
            .role("buyer", |at, left: &oversell::sync::Cell<u64>| {
                if left.load(at, SeqCst) > 0 {
                    at.tell(Event::sale("bought"));
                }
            })
            .into()
    });
    assert!(matches!(error, AutomatonError::NotBuiltAlike { .. }), "{error}");
    assert_says(&error, &["left", "Let `build` always do the same"]);
}

#[test]
fn handles_that_are_given_out_differently_each_time_are_refused() {
    refusal("varying handles", |name| {
        let builds = AtomicUsize::new(0);
        Scenario::new(name, move |setup| {
            let cells = ["a", "b", "c", "d", "e"].map(|name| setup.cell(name, 0u64));
            cells[builds.fetch_add(1, Relaxed) % cells.len()]
        })
        .role("buyer", |at, cell: &oversell::sync::Cell<u64>| {
            cell.load(at, SeqCst);
        })
        .into()
    });
}

#[test]
fn a_cell_that_carries_something_out_of_a_span_is_noticed() {
    let error = refusal("leak into the next step", |name| {
        shop(name, |at, shop: &Shop| {
            let found = Cell::new(0);
            at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
            if found.get() > 0 {
                shop.bell.store(at, 1, SeqCst);
            }
            shop.left.load(at, SeqCst);
        })
        .into()
    });
    assert_says(&error, &["role `buyer`", "door"]);
}

#[test]
fn a_cell_that_carries_something_out_of_a_span_only_much_later_is_noticed() {
    let error = refusal("leak much later", |name| {
        shop(name, |at, shop: &Shop| {
            let found = RefCell::new(Vec::new());
            at.span("enter", || found.borrow_mut().push(shop.door.fetch_add(at, 1, SeqCst)));
            shop.bell.load(at, SeqCst);
            shop.bell.load(at, Relaxed);
            if found.borrow().contains(&1) {
                shop.bell.store(at, 1, SeqCst);
            }
            shop.left.load(at, SeqCst);
        })
        .into()
    });
    let AutomatonError::Leak { whole, skipped, .. } = &error else { panic!("{error}") };
    assert!(whole.contains("store bell 1") && skipped.contains("end"), "with the span, and without: {error}");
    assert_says(&error, &["more behind than its return value", "bell"]);
}

#[test]
fn a_cell_that_changes_nothing_but_how_a_thread_ends_is_noticed() {
    refusal("leak into the end", |name| {
        shop(name, |at, shop: &Shop| {
            let found = Cell::new(0);
            at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
            shop.bell.load(at, SeqCst);
            if found.get() > 0 { "late" } else { "early" }
        })
        .into()
    });
}

#[test]
fn a_cell_that_changes_nothing_but_what_a_thread_says_is_noticed() {
    refusal("leak into words", |name| {
        shop(name, |at, shop: &Shop| {
            let found = Cell::new(0);
            at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
            shop.bell.load(at, SeqCst);
            if found.get() > 0 {
                at.tell(Event::sale("bought"));
            }
        })
        .into()
    });
}

#[test]
fn a_cell_that_carries_only_one_of_many_observations_out_of_a_span_is_noticed() {
    // Three buyers add twelve; the last of a buyer's four additions finds 3 at least.
    for rare in 3..12 {
        let scenario = shop(&format!("leaks {rare}"), move |at, shop: &Shop| {
            let found = Cell::new(0);
            at.span("enter", || (0..4).for_each(|_| found.set(shop.door.fetch_add(at, 1, SeqCst))));
            shop.bell.load(at, SeqCst);
            if found.get() == rare {
                shop.bell.store(at, 1, SeqCst);
            }
            shop.left.load(at, SeqCst);
        });
        // It may also be noticed only when a witness is replayed.
        let error = names(&scenario, 3).expect_err(&format!("{rare} is not noticed"));
        let noticed = matches!(error, CheckError::Automaton(AutomatonError::Leak { .. }) | CheckError::Witness { .. });
        assert!(noticed, "{rare}: {error}");
    }
}

/// A lock that is taken by force after so many tries, and a check-then-store under it.
fn impatient(at: &dyn Platform, shop: &Shop, count: &dyn Fn() -> usize, most: usize) {
    at.retry("lock", || if shop.door.swap(at, 1, SeqCst) == 0 || count() == most { Break(()) } else { Continue(()) });
    let left = shop.left.load(at, SeqCst);
    if left > 0 {
        shop.left.store(at, left - 1, SeqCst);
        at.tell(Event::sale("bought"));
    }
    shop.door.store(at, 0, SeqCst);
}

#[test]
fn a_retry_that_counts_its_tries_in_a_cell_is_noticed() {
    for most in 2..=8 {
        refusal(&format!("gives up after {most}"), |name| {
            shop(name, move |at, shop: &Shop| {
                let tries = Cell::new(0);
                let count = || {
                    tries.set(tries.get() + 1);
                    tries.get()
                };
                impatient(at, shop, &count, most);
            })
            .into()
        });
    }
}

#[test]
fn a_loop_that_counts_its_tries_is_followed() {
    let scenario = shop("gives up after five, in a loop", |at, shop: &Shop| {
        let mut tries = 0;
        while shop.door.swap(at, 1, SeqCst) != 0 {
            tries += 1;
            if tries == 5 {
                break;
            }
        }
        let left = shop.left.load(at, SeqCst);
        if left > 0 {
            shop.left.store(at, left - 1, SeqCst);
            at.tell(Event::sale("bought"));
        }
        shop.door.store(at, 0, SeqCst);
    });
    let report = counted(&scenario, 3);
    report.assert_refuted("no-oversell");
    assert_eq!(report.finding("no-oversell").worst, Some(3));
    Check::new(&scenario).any("buyer").property("no-oversell").run().unwrap().assert_refuted("no-oversell");
}

#[test]
fn code_that_changes_its_ways_at_any_one_time_gives_no_verdict_of_neither_way() {
    /// Sells without looking from the run `strikes` on.
    fn scenario(strikes: usize) -> Scenario {
        let runs = AtomicUsize::new(0);
        let code = move |at: &dyn Platform, shop: &Shop| {
            if runs.fetch_add(1, Relaxed) < strikes {
                return take(at, shop);
            }
            shop.door.load(at, SeqCst);
            shop.left.fetch_sub(at, 1, SeqCst);
            at.tell(Event::sale("bought"));
            "bought"
        };
        shop(&format!("strikes at {strikes}"), code).into()
    }
    let (late, early) = (check(&scenario(usize::MAX), 3).unwrap(), check(&scenario(0), 3).unwrap());
    assert_ne!(late, early, "this would show nothing");
    let mut refused = 0;
    for strikes in 1..200 {
        match names(&scenario(strikes), 3) {
            Ok(names) => assert_eq!(names, late, "changed at run {strikes}"),
            Err(CheckError::Automaton(AutomatonError::RefusedBefore { .. })) => panic!("each has its own name"),
            // It may also be noticed only when a witness is replayed.
            Err(CheckError::Automaton(_) | CheckError::Witness { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 20, "only {refused} times of change were noticed");
}

#[test]
fn the_report_says_how_much_was_cross_checked() {
    let scenario = shop("cross-checked", take);
    for engine in [&Counting::default() as &dyn Engine, &Coverability { limits: Limits::default() }] {
        let findings = engine.check(&scenario, &Instance::of(&scenario, 3), &[Property::NoOversell]).unwrap();
        let assumed = findings[0].basis.assumed.join("; ");
        assert!(assumed.contains("the code hides nothing: cross-checked, each of"), "{assumed}");
    }
}
