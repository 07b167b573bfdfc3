//! Code that breaks what verdicts rest on is refused, and told what it does.

use oversell::check::{AutomatonError, CheckError, Counting, Coverability, Crowd, Engine, Property, Verdict};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Outcome, Platform, Setup};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What buyers share: how many tickets are left (two at the start), and two cells more.
#[derive(Clone, Copy)]
struct Shop {
    left: Cell,
    door: Cell,
    bell: Cell,
}

/// A scenario that is only what its buyers do. (Not generic: every engine would be compiled for each of them.)
#[derive(Clone)]
struct Buyers(Arc<Code>);

/// What one buyer does.
type Code = dyn Fn(&dyn Platform, &Shop, usize) -> Outcome + Send + Sync;

impl Buyers {
    fn doing(code: impl Fn(&dyn Platform, &Shop, usize) -> Outcome + Send + Sync + 'static) -> Buyers {
        Buyers(Arc::new(code))
    }
}

impl Scenario for Buyers {
    type Shared = Shop;

    fn tickets(&self) -> u64 {
        2
    }

    fn build(&self, setup: &mut Setup) -> Shop {
        Shop { left: setup.cell("left", 2), door: setup.cell("door", 0), bell: setup.cell("bell", 0) }
    }

    fn buyer(&self, at: &dyn Platform, shop: &Shop, number: usize) -> Outcome {
        (self.0)(at, shop, number)
    }

    fn audit(&self, at: &dyn Platform, shop: &Shop) -> Option<u64> {
        Some(shop.left.load(at, SeqCst))
    }
}

/// Why three buyers are refused by both engines that read the code.
fn refusal(code: impl Fn(&dyn Platform, &Shop, usize) -> Outcome + Send + Sync + 'static) -> AutomatonError {
    let (scenario, crowd) = (Buyers::doing(code), Crowd::of(3));
    let counting = Counting::default().check(&scenario, &crowd, &Property::ALL);
    // Not by default limits: what is refused late is refused too late.
    let few = Counting { max_states: 2_000, max_nodes: 300, ..Counting::default() };
    let any = Coverability { max_states: 2_000, counting: few }.check(&scenario, &crowd, &Property::ALL);
    match (counting, any) {
        (Err(CheckError::Automaton(error)), Err(CheckError::Automaton(_))) => error,
        (counting, any) => panic!("no refusal, but {counting:?} and {any:?}"),
    }
}

/// Asserts that each of these is said.
fn assert_says(error: &AutomatonError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing: {message}");
    }
}

/// Takes a ticket as it should be done.
fn take(at: &dyn Platform, shop: &Shop) -> Outcome {
    let taken = at.retry("take", || match shop.left.load(at, SeqCst) {
        0 => ControlFlow::Break(false),
        left => match shop.left.compare_exchange(at, left, left - 1, SeqCst, SeqCst) {
            Ok(_) => ControlFlow::Break(true),
            Err(_) => ControlFlow::Continue(()),
        },
    });
    if !taken {
        return Outcome::SoldOut;
    }
    at.tell(Event::sale("bought"));
    Outcome::Bought
}

#[test]
fn code_that_keeps_to_the_rules_is_not_refused() {
    let scenario = Buyers::doing(|at: &dyn Platform, shop: &Shop, _| take(at, shop));
    let findings = Counting::default().check(&scenario, &Crowd::of(3), &Property::ALL).unwrap();
    let names: Vec<_> = findings.iter().map(|finding| finding.verdict.name()).collect();
    assert_eq!(names, ["proved", "proved", "proved", "proved", "proved", "impossible", "possible"]);
}

#[test]
fn code_that_depends_on_something_hidden_is_not_deterministic() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let error = refusal(|at: &dyn Platform, shop: &Shop, _| {
        shop.door.load(at, SeqCst);
        if RUNS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            shop.bell.store(at, 1, SeqCst);
        }
        take(at, shop)
    });
    assert!(matches!(error, AutomatonError::NotDeterministic { .. }), "{error}");
    assert_says(&error, &["Load(SeqCst) of object 1 -> 0", "Store(1, SeqCst) of object 2", "Load(SeqCst) of object 0"]);
}

#[test]
fn code_that_changes_its_ways_at_any_one_time_gives_no_verdict_of_neither_way() {
    /// Sells without looking from the run `strikes` on.
    fn scenario(strikes: usize) -> Buyers {
        let runs = Arc::new(AtomicUsize::new(0));
        Buyers::doing(move |at: &dyn Platform, shop: &Shop, _: usize| {
            if runs.fetch_add(1, Relaxed) < strikes {
                return take(at, shop);
            }
            shop.door.load(at, SeqCst);
            shop.left.fetch_sub(at, 1, SeqCst);
            at.tell(Event::sale("bought"));
            Outcome::Bought
        })
    }
    let names = |strikes| {
        let findings = Counting::default().check(&scenario(strikes), &Crowd::of(3), &Property::ALL);
        findings.map(|findings| findings.iter().map(|finding| finding.verdict.name()).collect::<Vec<_>>())
    };
    let (late, early) = (names(usize::MAX).unwrap(), names(0).unwrap());
    assert_ne!(late, early, "this would show nothing");
    let mut refused = 0;
    for strikes in 1..200 {
        match names(strikes) {
            Ok(names) => assert_eq!(names, late, "changed at run {strikes}"),
            Err(CheckError::Automaton(AutomatonError::NotDeterministic { .. })) => refused += 1,
            Err(error) => panic!("changed at run {strikes}: {error}"),
        }
    }
    assert!(refused > 20, "only {refused} times of change were noticed");
}

#[test]
fn a_buyer_who_goes_by_their_number_is_not_interchangeable() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, number| {
        shop.door.load(at, SeqCst);
        if number == 1 {
            shop.bell.store(at, 1, SeqCst);
        }
        take(at, shop)
    });
    assert!(matches!(error, AutomatonError::NotInterchangeable { .. }), "{error}");
    assert_says(&error, &["Load(SeqCst) of object 1 -> 0", "Store(1, SeqCst) of object 2", "Load(SeqCst) of object 0"]);
}

#[test]
fn the_last_buyer_is_not_interchangeable_either() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, number| {
        if number == 2 {
            shop.bell.store(at, 1, SeqCst);
        }
        take(at, shop)
    });
    assert!(matches!(error, AutomatonError::NotInterchangeable { .. }), "{error}");
    assert_says(&error, &["no step at all", "buyer 2: Store(1, SeqCst) of object 2"]);
}

#[test]
fn a_span_that_leaks_into_the_next_step_is_refused() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, _| {
        let mut found = 0;
        at.span("enter", || found = shop.door.fetch_add(at, 1, SeqCst));
        if found > 0 {
            shop.bell.store(at, 1, SeqCst);
        }
        shop.left.load(at, SeqCst);
        Outcome::SoldOut
    });
    assert!(matches!(error, AutomatonError::Leak { .. }), "{error}");
    assert_says(
        &error,
        &[
            "FetchAdd(1, SeqCst) of object 1 -> 0]",
            "FetchAdd(1, SeqCst) of object 1 -> 1]",
            "Store(1, SeqCst) of object 2",
            "Load(SeqCst) of object 0",
        ],
    );
}

#[test]
fn a_span_that_leaks_only_much_later_is_refused() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, _| {
        let mut found = 0;
        at.span("enter", || found = shop.door.fetch_add(at, 1, SeqCst));
        shop.bell.load(at, SeqCst);
        shop.bell.load(at, Relaxed);
        if found > 0 {
            shop.bell.store(at, 1, SeqCst);
        }
        shop.left.load(at, SeqCst);
        Outcome::SoldOut
    });
    assert!(matches!(error, AutomatonError::Leak { .. }), "{error}");
    assert_says(
        &error,
        &[
            "FetchAdd(1, SeqCst) of object 1 -> 0; Load(SeqCst) of object 2 -> 0; Load(Relaxed) of object 2 -> 0]",
            "FetchAdd(1, SeqCst) of object 1 -> 1; Load(SeqCst) of object 2 -> 0; Load(Relaxed) of object 2 -> 0]",
            "Store(1, SeqCst) of object 2",
            "Load(SeqCst) of object 0",
        ],
    );
}

#[test]
fn a_span_that_leaks_into_nothing_but_how_the_buyer_ends_is_refused() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, _| {
        let mut found = 0;
        at.span("enter", || found = shop.door.fetch_add(at, 1, SeqCst));
        shop.bell.load(at, SeqCst);
        if found > 0 { Outcome::SoldOut } else { Outcome::Bought }
    });
    assert!(matches!(error, AutomatonError::Leak { .. }), "{error}");
    assert_says(&error, &["end: Returned(Bought)", "end: Returned(SoldOut)"]);
}

#[test]
fn a_span_that_leaks_only_one_of_many_histories_is_refused() {
    // Three buyers add twelve; the last of a buyer's four additions finds 3 at least.
    for rare in 3..12 {
        let scenario = Buyers::doing(move |at: &dyn Platform, shop: &Shop, _: usize| {
            let mut found = 0;
            at.span("enter", || {
                for _ in 0..4 {
                    found = shop.door.fetch_add(at, 1, SeqCst);
                }
            });
            shop.bell.load(at, SeqCst);
            if found == rare {
                shop.bell.store(at, 1, SeqCst);
            }
            shop.left.load(at, SeqCst);
            Outcome::SoldOut
        });
        let refused = Counting::default().check(&scenario, &Crowd::of(3), &Property::ALL);
        assert!(matches!(refused, Err(CheckError::Automaton(AutomatonError::Leak { .. }))), "{rare}: {refused:?}");
    }
}

#[test]
fn a_retry_that_carries_something_to_the_next_try_is_refused() {
    let error = refusal(|at: &dyn Platform, shop: &Shop, _| {
        let mut tries = 0;
        let taken = at.retry("take", || {
            tries += 1;
            let left = shop.left.load(at, SeqCst);
            if left == 0 || tries > 1 {
                return ControlFlow::Break(false);
            }
            match shop.left.compare_exchange(at, left, left - 1, SeqCst, SeqCst) {
                Ok(_) => ControlFlow::Break(true),
                Err(_) => ControlFlow::Continue(()),
            }
        });
        if taken { Outcome::Bought } else { Outcome::SoldOut }
    });
    assert!(matches!(error, AutomatonError::Leak { .. }), "{error}");
    assert_says(
        &error,
        &["after [Load(SeqCst) of object 0 -> 2]", "CompareExchange", "of object 0 -> 1; Load(SeqCst) of object 0"],
    );
}

/// Waits until the door is open (whoever is sold out opens it), and takes a ticket.
fn spin(at: &dyn Platform, shop: &Shop) -> Outcome {
    while shop.door.load(at, SeqCst) == 0 {}
    take(at, shop)
}

/// The same, but every look at the door starts from the same place.
fn retry(at: &dyn Platform, shop: &Shop) -> Outcome {
    at.retry("wait", || match shop.door.load(at, SeqCst) {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    take(at, shop)
}

/// The first to ring opens the door; the others wait for it.
fn with_a_door(wait: fn(&dyn Platform, &Shop) -> Outcome) -> Buyers {
    Buyers::doing(move |at: &dyn Platform, shop: &Shop, _| {
        if shop.bell.swap(at, 1, SeqCst) == 0 {
            shop.door.store(at, 1, SeqCst);
        }
        wait(at, shop)
    })
}

#[test]
fn a_loop_that_remembers_without_end_is_not_decided() {
    let counting = Counting { max_nodes: 300, ..Counting::default() };
    for findings in [
        counting.check(&with_a_door(spin), &Crowd::of(2), &Property::ALL).unwrap(),
        Coverability { counting, ..Coverability::default() }
            .check(&with_a_door(spin), &Crowd::of(2), &Property::ALL)
            .unwrap(),
    ] {
        for finding in findings {
            let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:?}") };
            assert!(limit.contains("more than 300 control points") && limit.contains("`retry`"), "{limit}");
        }
    }
}

#[test]
fn with_the_default_limits_such_a_loop_is_given_up_soon() {
    let findings = Counting::default().check(&with_a_door(spin), &Crowd::of(2), &Property::ALL).unwrap();
    for finding in findings {
        let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:?}") };
        assert!(limit.contains("remembers more than 1000 observations") && limit.contains("`retry`"), "{limit}");
    }
}

#[test]
fn the_same_loop_as_a_retry_is_decided() {
    let findings = Counting::default().check(&with_a_door(retry), &Crowd::of(3), &Property::ALL).unwrap();
    let names: Vec<_> = findings.iter().map(|finding| finding.verdict.name()).collect();
    assert_eq!(names, ["proved", "proved", "proved", "proved", "proved", "impossible", "possible"]);
    let any = Coverability::default();
    let findings = any.check(&with_a_door(retry), &Crowd::of(0), &[Property::NoOversell]).unwrap();
    assert_eq!((findings[0].verdict.name(), findings[0].worst), ("proved", Some(2)));
}
/// Everybody rings once more, and nothing ever takes that back.
fn ringing() -> Buyers {
    Buyers::doing(|at: &dyn Platform, shop: &Shop, _| {
        at.span("ring", || {
            shop.bell.fetch_add(at, 1, SeqCst);
        });
        take(at, shop)
    })
}

#[test]
fn a_cell_that_counts_without_end_is_not_decided_for_any_number_of_buyers() {
    let few = Coverability { max_states: 20_000, ..Coverability::default() };
    let findings = few.check(&ringing(), &Crowd::of(0), &Property::ALL).unwrap();
    assert!(findings.iter().all(|finding| finding.verdict.name() == "inconclusive"), "{findings:?}");
    let findings = Counting::default().check(&ringing(), &Crowd::of(20), &[Property::NoOversell]).unwrap();
    assert_eq!(findings[0].verdict.name(), "proved");
}
