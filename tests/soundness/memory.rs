//! What was not looked at is said: orderings that are weaker than the model's.

use crate::shop::{Shop, counted, shop, take};
use oversell::check::MemoryModel;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

fn assumed(report: &oversell::check::Report) -> String {
    let basis = &report.findings[0].basis;
    assert_eq!(basis.memory, MemoryModel::SequentiallyConsistent);
    basis.assumed.join("; ")
}

#[test]
fn weaker_orderings_and_fences_are_named() {
    let scenario = shop("weak", |at, shop: &Shop| {
        shop.door.store(at, 1, Release);
        at.fence(Acquire);
        shop.bell.load(at, Relaxed);
        take(at, shop)
    });
    let assumed = assumed(&counted(&scenario, 2));
    for part in ["weaker orderings behave as SeqCst (a fence, bell, door)", "what else they allow was not looked at"] {
        assert!(assumed.contains(part), "{assumed}");
    }
}

#[test]
fn where_all_is_sequentially_consistent_nothing_is_assumed_of_orderings() {
    let scenario = shop("strong", |at, shop: &Shop| {
        at.fence(SeqCst);
        take(at, shop)
    });
    let assumed = assumed(&counted(&scenario, 2));
    assert!(!assumed.contains("weaker"), "{assumed}");
}
