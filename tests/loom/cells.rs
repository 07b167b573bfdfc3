//! Cells: as counted where they are sequentially consistent, and what only loom sees elsewhere.

use super::checkouts::*;
use super::{agree, check, counted, end, finals, verdict};
use oversell::check::{Final, Instance, MemoryModel, Property};
use oversell::scenario::Scenario;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{AcqRel, SeqCst};

fn counted_two(scenario: &Scenario) -> BTreeSet<Final> {
    counted(scenario, &Instance::of(scenario, 2))
}

#[test]
fn cells_and_mutexes_come_out_as_counted() {
    for scenario in [look_then_take(), mutexed()] {
        agree(&scenario, &Instance::of(&scenario, 2));
    }
    assert_eq!(finals(&ordered_spin_lock(), 2), counted_two(&ordered_spin_lock()));
    assert!(finals(&look_then_take(), 2).contains(&end(2, 0, 0, Some(u64::MAX))));
}

/// The gap on the other side: every other engine takes cells to be sequentially consistent.
#[test]
fn only_loom_sees_a_relaxed_spin_lock_oversell() {
    let (right, wrong) = (end(1, 1, 0, Some(0)), end(2, 0, 0, Some(0)));
    assert_eq!(counted_two(&relaxed_spin_lock()), BTreeSet::from([right.clone()]));
    assert_eq!(finals(&relaxed_spin_lock(), 2), BTreeSet::from([right.clone(), wrong]));
    assert_eq!(finals(&ordered_spin_lock(), 2), BTreeSet::from([right]));
    let findings = check(&relaxed_spin_lock(), 2);
    let remark = &verdict(&findings, Property::NoOversell).witness().unwrap().remark;
    assert_eq!(remark, "2 sold of 1 (a cell was read stale, so no interleaving shows this)");
    assert_eq!(findings[0].worst, Some(2));
    assert_eq!(verdict(&check(&ordered_spin_lock(), 2), Property::NoOversell).name(), "proved");
}

#[test]
fn a_verdict_names_its_memory_model_and_the_gaps_that_matter() {
    let findings = check(&ordered_spin_lock(), 2);
    assert!(findings.iter().all(|finding| finding.basis.memory == MemoryModel::LoomC11));
    let assumed = [
        "no load buffering (left, turn): a load never sees a store that is made after it",
        "no other reordering across cells than what stale reads amount to (left, turn)",
        "a load sees one of the last seven stores to its cell",
        "SeqCst accesses beside weaker ones are taken for AcqRel, which may refute what C11 guarantees",
        "whatever is no cell and no plain lock orders memory at each access, also at one that fails",
        "the code hides nothing: taken on trust",
    ];
    assert_eq!(findings[0].basis.assumed, assumed);
    assert_eq!(
        check(&look_then_take(), 2)[0].basis.assumed,
        assumed[5..],
        "sequentially consistent cells have no gaps"
    );
}

#[test]
fn of_stores_that_nothing_orders_either_may_be_the_last() {
    let counts = |ends: BTreeSet<Final>| ends.iter().filter_map(|end| end.count).collect::<Vec<_>>();
    assert_eq!(counts(counted_two(&crossed_stores())), [12, 21, 22]);
    assert_eq!(counts(finals(&crossed_stores(), 2)), [11, 12, 21, 22]);
}

#[test]
fn sequentially_consistent_flags_keep_one_of_two_buyers_out() {
    assert_eq!(finals(&flags(SeqCst), 2), counted_two(&flags(SeqCst)));
    assert_eq!(verdict(&check(&flags(SeqCst), 2), Property::NoOversell).name(), "proved");
}

#[test]
fn relaxed_flags_need_a_sequentially_consistent_fence() {
    for (fence, expected) in [(None, "refuted"), (Some(AcqRel), "refuted"), (Some(SeqCst), "proved")] {
        let findings = check(&fenced_flags(fence), 2);
        assert_eq!(verdict(&findings, Property::NoOversell).name(), expected, "{fence:?}");
    }
}
