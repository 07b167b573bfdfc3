//! Bring your own checkout: a coupon counter in memory, once wrong and once right.
//!
//! `cargo run --example own_checkout`

use oversell::check::{Counting, Coverability, Crowd, Engine, Property, Verdict};
use oversell::scenario::{Scenario, Speaker};
use oversell::sync::{Cell, Event, Outcome, Platform, Setup};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering::SeqCst;

/// Takes coupons from a counter.
#[derive(Clone)]
struct Coupons {
    /// Whether taking one is a compare-exchange, or a load and a store.
    compare_exchange: bool,
}

impl Coupons {
    fn take(&self, at: &dyn Platform, left: &Cell) -> Outcome {
        at.retry("take", || {
            let count = left.load(at, SeqCst);
            if count == 0 {
                return ControlFlow::Break(Outcome::SoldOut);
            }
            if self.compare_exchange {
                if left.compare_exchange(at, count, count - 1, SeqCst, SeqCst).is_err() {
                    return ControlFlow::Continue(());
                }
            } else {
                left.store(at, count - 1, SeqCst);
            }
            ControlFlow::Break(Outcome::Bought)
        })
    }
}

impl Scenario for Coupons {
    type Shared = Cell;

    fn tickets(&self) -> u64 {
        2
    }

    fn build(&self, setup: &mut Setup) -> Cell {
        setup.cell("coupons", self.tickets())
    }

    fn buyer(&self, at: &dyn Platform, left: &Cell, _number: usize) -> Outcome {
        let outcome = self.take(at, left);
        if outcome == Outcome::Bought {
            at.tell(Event::sale("redeemed"));
        }
        outcome
    }

    fn audit(&self, at: &dyn Platform, left: &Cell) -> Option<u64> {
        Some(left.load(at, SeqCst))
    }

    fn line(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        Some(format!("customer {} has {} a coupon", speaker.buyer, event.name))
    }
}

fn main() -> Result<(), oversell::check::CheckError> {
    for compare_exchange in [false, true] {
        let coupons = Coupons { compare_exchange };
        println!("{}", if compare_exchange { "\nWITH COMPARE-EXCHANGE" } else { "WITH LOAD AND STORE" });
        let at_20 = Counting::default().check(&coupons, &Crowd::of(20), &Property::ALL)?;
        for finding in &at_20 {
            println!("20 customers, {:16} {}", finding.property, finding.verdict.name());
            if let Verdict::Refuted { witness, .. } = &finding.verdict {
                println!("\n{}", witness.lanes(&coupons));
            }
        }
        let any = Coverability::default().check(&coupons, &Crowd::of(0), &[Property::NoOversell])?;
        println!("any number of customers, no-oversell: {}", any[0].verdict.name());
    }
    Ok(())
}
