//! What weaker orderings allow beyond interleavings.

use super::Expected::{Broken, Holds};
use super::Planted;
use crate::scenario::Scenario;
use crate::sync::{Cell, Platform, Setup};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// They look at interleavings alone, and say so.
const ONLY_INTERLEAVINGS: &[&str] =
    &["counting", "parametric", "coverability", "told-apart", "shuttle-dfs", "shuttle-pct"];

pub const ALL: &[Planted] = &[
    Planted {
        name: "relaxed-publish",
        what: "a Relaxed store does not publish what was stored before it",
        expected: Broken("no-crash"),
        threads: 1,
        beyond: ONLY_INTERLEAVINGS,
        make: |name| publish(name, Relaxed, Acquire),
    },
    Planted {
        name: "relaxed-look",
        what: "a Relaxed load does not see what was published",
        expected: Broken("no-crash"),
        threads: 1,
        beyond: ONLY_INTERLEAVINGS,
        make: |name| publish(name, Release, Relaxed),
    },
    Planted {
        name: "released-publish",
        what: "their right twin",
        expected: Holds("no-crash"),
        threads: 1,
        beyond: &[],
        make: |name| publish(name, Release, Acquire),
    },
    Planted {
        name: "store-buffering",
        what: "two raise their flags, and neither sees the other's",
        expected: Broken("no-crash"),
        threads: 1,
        beyond: ONLY_INTERLEAVINGS,
        make: |name| flags(name, Release, Acquire),
    },
    Planted {
        name: "flags",
        what: "its right twin, sequentially consistent",
        expected: Holds("no-crash"),
        threads: 1,
        beyond: &[],
        make: |name| flags(name, SeqCst, SeqCst),
    },
];

/// One stores data and raises a flag; the other sees the flag and reads the data.
fn publish(name: &str, store: Ordering, load: Ordering) -> Scenario {
    Scenario::new(name, |setup: &mut Setup| (setup.cell("data", 0u8), setup.cell("flag", 0u8)))
        .role("buyer", move |at, (data, flag): &(Cell<u8>, Cell<u8>)| {
            if flag.load(at, load) == 1 && data.load(at, Relaxed) == 0 {
                at.crash("the flag is there, and the data is not");
            }
        })
        .role("shop", move |at, (data, flag)| {
            data.store(at, 1, Relaxed);
            flag.store(at, 1, store);
        })
        .into()
}

/// Two raise their flags; who does not see the other's goes in.
fn flags(name: &str, store: Ordering, load: Ordering) -> Scenario {
    let build = |setup: &mut Setup| Flags {
        raised: [setup.cell("left", false), setup.cell("right", false)],
        inside: [setup.cell("left inside", false), setup.cell("right inside", false)],
    };
    let code = move |side: usize| {
        move |at: &dyn Platform, flags: &Flags| {
            flags.raised[side].store(at, true, store);
            if !flags.raised[1 - side].load(at, load) {
                flags.inside[side].store(at, true, store);
                if flags.inside[1 - side].load(at, load) {
                    at.crash("both are inside");
                }
            }
        }
    };
    Scenario::new(name, build).role("buyer", code(0)).role("other", code(1)).into()
}

struct Flags {
    raised: [Cell<bool>; 2],
    inside: [Cell<bool>; 2],
}
