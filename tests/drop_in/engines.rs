//! Drop-in code under the other engines: the same verdicts. (Under loom they are asked in `tests/loom`.)

use oversell::check::Check;
use oversell::drop_in::Over;
use oversell::drop_in::hint::spin_loop;
use oversell::drop_in::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use oversell::drop_in::sync::{Condvar, Mutex, OnceLock};
use oversell::scenario::Scenario;

struct Shop {
    left: Mutex<u64>,
    served: AtomicU64,
}

fn shop(looks_first: bool) -> Over<Shop> {
    Scenario::over("shop", || Shop { left: Mutex::new(1), served: AtomicU64::new(0) })
        .stock(1)
        .role("buyer", move |shop| {
            if looks_first {
                if *shop.left.lock().unwrap() == 0 {
                    return "sold out";
                }
                *shop.left.lock().unwrap() = 0;
            } else {
                let mut left = shop.left.lock().unwrap();
                if *left == 0 {
                    return "sold out";
                }
                *left -= 1;
            }
            shop.served.fetch_add(1, SeqCst);
            "bought"
        })
        .sale("bought")
        .ledger(|shop| Some(*shop.left.lock().unwrap()))
        .always_at_end("served", "one is served", |shop, _| shop.served.load(SeqCst) == 1)
}

/// Each verdict by an engine, in words.
macro_rules! verdicts {
    ($scenario:expr, $engine:expr) => {{
        let scenario = $scenario;
        let report = Check::new(&scenario).run_by(&$engine).unwrap();
        let findings = report.findings.iter();
        findings.map(|finding| (finding.property.name(), finding.verdict.name())).collect::<Vec<_>>()
    }};
}

/// A condition variable, a panic with a lock in hand, and something set once.
fn odd() -> Over<(Mutex<u64>, Condvar, OnceLock<u64>)> {
    Scenario::over("odd", || (Mutex::new(0), Condvar::new(), OnceLock::new()))
        .role("waiter", |(count, filled, once)| {
            let count = filled.wait_while(count.lock().unwrap(), |count| *count == 0).unwrap();
            once.get_or_init(|| *count);
            assert_ne!(*count, 1, "in the middle");
        })
        .threads(1)
        .role("filler", |(count, filled, _)| {
            // Whoever comes first finds it sound.
            if let Ok(mut count) = count.lock() {
                *count += 1;
            }
            filled.notify_all();
        })
}

fn spins() -> Over<AtomicBool> {
    Scenario::over("spins", || AtomicBool::new(false)).turns(2).role("buyer", |taken| {
        while taken.swap(true, SeqCst) {
            spin_loop();
        }
    })
}

#[cfg(all(feature = "shuttle", not(loom)))]
#[test]
fn shuttle_says_what_counting_says() {
    use oversell::check::{Counting, ShuttleDfs, ToldApart};
    for looks_first in [false, true] {
        let counted = verdicts!(shop(looks_first), Counting::default());
        assert_eq!(verdicts!(shop(looks_first), ShuttleDfs::default()), counted);
        assert_eq!(verdicts!(shop(looks_first), ToldApart::default()), counted);
    }
    let asks = |finding: &(&str, &str)| finding.0 != "no-livelock";
    let one = |verdicts: Vec<(&'static str, &'static str)>| verdicts.into_iter().filter(asks).collect::<Vec<_>>();
    let report = Check::new(&odd()).threads("waiter", 1).run().unwrap();
    report.assert_refuted("no-crash");
    let odd_by = |report: oversell::check::Report| {
        one(report.findings.iter().map(|finding| (finding.property.name(), finding.verdict.name())).collect())
    };
    let by_shuttle = Check::new(&odd()).threads("waiter", 1).run_by(&ShuttleDfs::default()).unwrap();
    assert_eq!(odd_by(by_shuttle), odd_by(report));
    // Who stands still has not ended, by any engine.
    let spun = verdicts!(spins(), ShuttleDfs::default());
    assert!(spun.contains(&("no-deadlock", "inconclusive")) && spun.contains(&("no-crash", "bounded")), "{spun:?}");
}

#[cfg(loom)]
#[test]
fn loom_says_what_counting_says() {
    use oversell::check::{Counting, Loom};
    for looks_first in [false, true] {
        let counted = verdicts!(shop(looks_first), Counting::default());
        let by_loom = verdicts!(shop(looks_first), Loom::default());
        for (ours, theirs) in counted.iter().zip(&by_loom).filter(|(ours, _)| ours.0 != "no-livelock") {
            assert_eq!(ours, theirs);
        }
    }
    let by_loom = Check::new(&odd()).threads("waiter", 1).run_by(&Loom::default()).unwrap();
    by_loom.assert_refuted("no-crash");
    let spun = verdicts!(spins(), Loom::default());
    assert!(
        !spun.iter().any(|(property, verdict)| *property == "no-deadlock" && *verdict != "inconclusive"),
        "{spun:?}"
    );
}
