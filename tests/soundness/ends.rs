//! Programs that never end, that have nobody in them, or whose threads may all be killed.

use crate::shop::{Shop, assert_says, counted, names, refusal, shop, take};
use oversell::check::{AutomatonError, Check, Verdict};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

fn waiting_for_nobody() -> impl std::ops::Deref<Target = Scenario> {
    shop("waits for nobody", |at, shop: &Shop| {
        at.retry("wait", || if shop.door.load(at, SeqCst) == 1 { Break(()) } else { Continue(()) });
        take(at, shop)
    })
}

#[test]
fn where_nothing_ends_nothing_is_proved_of_ends() {
    let scenario = waiting_for_nobody();
    let report = counted(&scenario, 2);
    for property in ["no-deadlock", "no-undersell", "ledger-balances", "sells-out"] {
        let Verdict::Inconclusive { limit, .. } = &report.finding(property).verdict else {
            panic!("{property} is {}", report.finding(property).verdict.name());
        };
        assert!(limit.contains("no execution ends"), "{limit}");
    }
    let witness = report.assert_refuted("no-livelock").unwrap();
    assert_eq!(witness.schedule.0.len(), 0, "it is lost from the start");
    for property in ["no-oversell", "no-torn-read", "no-crash"] {
        assert_eq!(report.finding(property).verdict.name(), "proved", "{property}");
    }
}

#[test]
fn where_nothing_ends_nothing_is_proved_of_ends_for_any_number_either() {
    let scenario = waiting_for_nobody();
    let report = Check::new(&scenario).any("buyer").run().unwrap();
    for property in ["no-deadlock", "no-undersell", "ledger-balances", "no-livelock"] {
        assert_ne!(report.finding(property).verdict.name(), "proved", "{property}");
    }
}

#[test]
fn a_property_of_ends_is_told_what_the_ledger_says_is_left() {
    let left = |name, left: fn(u64) -> Option<u64>| {
        let ended = shop(name, take).always_at_end("left", "each sale leaves one less", move |end, _| {
            end.count() == left(end.ended("bought") as u64)
        });
        [1, 3].map(|threads| counted(&ended, threads).finding("left").verdict.name())
    };
    assert_eq!(left("counts down", |bought| Some(2 - bought)), ["proved"; 2]);
    assert_eq!(left("does not count", |_| Some(1)), ["proved", "refuted"]);
}

#[test]
fn what_several_have_told_is_as_much_as_all_of_them_have_told() {
    let restocked: Scenario = shop("restocks", |at, shop: &Shop| {
        shop.door.store(at, 1, SeqCst);
        at.tell(Event::restocked("restocked", 2));
        shop.door.store(at, 2, SeqCst);
        at.tell(Event::word("restocked").with(3));
    })
    .tally("restocked")
    .always_at_end("all", "everybody restocks two", |end, _| {
        let all = end.ended("done") as i64;
        (end.state().total("restocked"), end.state().stock()) == (4 * all, 2 + 2 * all)
    })
    .into();
    for threads in [1, 2, 3] {
        assert_eq!(counted(&restocked, threads).finding("all").verdict.name(), "proved", "{threads}");
    }
}

#[test]
fn who_is_stuck_at_the_end_is_counted() {
    let scenario: Scenario = Scenario::new("takes it twice", |setup| setup.lock("till"))
        .role("buyer", |at, till| {
            let _till = till.acquire(at);
            drop(till.acquire(at));
        })
        .always_at_end("all", "nobody comes to an end", |end, _| (1..=2).contains(&end.stuck()))
        .into();
    for threads in [1, 2] {
        assert_eq!(counted(&scenario, threads).finding("all").verdict.name(), "proved");
    }
}

#[test]
fn who_is_inside_is_told_by_their_role() {
    let inside = |name, role: &'static str| {
        shop(name, |at, shop: &Shop| at.span("hall", || shop.door.store(at, 1, SeqCst)))
            .role("clerk", |at, shop: &Shop| at.span("hall", || shop.bell.store(at, 1, SeqCst)))
            .always("out", "nobody of that role is in the hall once the other has left", move |state, shop| {
                state.inside(role, "hall") == 0 || (state.cell(shop.door), state.cell(shop.bell)) == (0, 0)
            })
            .into()
    };
    for (name, role, schedule) in [("buyers inside", "buyer", "clerk0"), ("clerks inside", "clerk", "0")] {
        let scenario: Scenario = inside(name, role);
        let report = Check::new(&scenario).threads("buyer", 1).threads("clerk", 1).property("out").run().unwrap();
        assert_eq!(report.assert_refuted("out").unwrap().schedule.text(&scenario), schedule);
    }
}

#[test]
fn a_livelock_that_only_some_run_into_is_shown_where_it_begins() {
    // Who is untidy leaves the door shut, and nobody comes in any more.
    let scenario = Scenario::new("untidy", |setup| setup.cell("door", 1u64)).role("buyer", |at, door: &Cell<u64>| {
        at.retry("come in", || match door.swap(at, 0, SeqCst) {
            0 => Continue(()),
            _ => Break(()),
        });
        if at.choose("leave", &["tidy", "untidy"]) == "tidy" {
            door.store(at, 1, SeqCst);
        }
    });
    counted(&scenario, 1).assert_holds();
    let report = counted(&scenario, 2);
    let witness = report.assert_refuted("no-livelock").unwrap();
    assert_eq!(witness.schedule.text(&scenario), "0,0:untidy");
    // If the last one is untidy, there is an end.
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved");
}

#[test]
fn waiting_in_turns_is_no_livelock() {
    let scenario = shop("takes turns", |at, shop: &Shop| {
        at.retry("lock", || if shop.door.swap(at, 1, SeqCst) == 0 { Break(()) } else { Continue(()) });
        let bought = take(at, shop);
        shop.door.store(at, 0, SeqCst);
        bought
    });
    counted(&scenario, 3).assert_holds();
}

#[test]
fn a_retry_that_takes_no_step_is_refused() {
    let error = refusal("retries nothing", |name| {
        shop(name, |at, shop: &Shop| {
            let left = shop.left.load(at, SeqCst);
            at.retry("wait", || if left == 0 { Break(()) } else { Continue(()) });
        })
        .into()
    });
    assert!(matches!(error, AutomatonError::Refused { .. }), "{error}");
    assert_says(&error, &["the retry `wait` starts over without having taken a step", "left"]);
}

#[test]
fn a_retry_whose_tries_take_no_step_only_at_times_is_refused() {
    let error = refusal("retries nothing inside", |name| {
        shop(name, |at, shop: &Shop| {
            at.retry("outer", || {
                let left = shop.left.fetch_sub(at, 1, SeqCst);
                at.retry("inner", || if left > 1 { Break(()) } else { Continue(()) });
                at.span("nothing", || ());
                if left == 7 { Break(()) } else { Continue(()) }
            });
        })
        .into()
    });
    assert_says(&error, &["the retry `inner` starts over without having taken a step"]);
}

#[test]
fn nobody_who_buys_nothing_is_right() {
    let scenario = Scenario::new("empty shop", |setup| setup.cell("left", 0u64))
        .stock(0)
        .role("buyer", |at, left: &Cell<u64>| {
            if left.load(at, SeqCst) > 0 {
                at.tell(Event::sale("bought"));
            }
        })
        .ledger(|at, left| Some(left.load(at, SeqCst)));
    for threads in 0..3 {
        let report = counted(&scenario, threads);
        report.assert_holds();
        let witness = report.finding("sells-out").verdict.witness().expect("all of nothing is sold");
        assert!(witness.schedule.0.len() <= threads);
    }
}

#[test]
fn nobody_at_all_is_no_trouble() {
    let scenario = shop("nobody", take);
    let report = counted(&scenario, 0);
    report.assert_holds();
    assert_eq!(report.finding("sells-out").verdict.name(), "impossible");
}

#[test]
fn a_budget_of_kills_may_be_larger_than_any_number_of_threads() {
    let scenario = shop("killed", |at, shop: &Shop| {
        shop.door.load(at, SeqCst);
        take(at, shop)
    });
    let with = |kills: usize| {
        let report = Check::new(&scenario).threads("buyer", 3).kills(kills).run().unwrap();
        let witnesses: Vec<_> =
            report.findings.iter().map(|f| f.verdict.witness().map(|w| w.schedule.clone())).collect();
        (names(&report.findings), witnesses)
    };
    let all = with(3);
    assert_eq!(all.0[3], "refuted", "all buyers may be killed, and nothing is sold");
    for kills in [65_535, 65_536, 65_537, 1 << 31, 1 << 32, usize::MAX] {
        assert_eq!(with(kills), all, "{kills} kills");
    }
    let joined = |kills: usize| {
        let scenario = shop("killed one by one", take).launch_while(|at, shop| shop.left.load(at, SeqCst) > 0);
        names(&Check::new(&scenario).threads("buyer", 3).kills(kills).run().unwrap().findings)
    };
    assert_eq!(joined(65_536), joined(3));
}
