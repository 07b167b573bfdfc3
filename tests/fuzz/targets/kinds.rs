//! Of what kinds the texts were. A target that returns early on everything shows it here.

use std::collections::BTreeMap;
use std::sync::Mutex;

static KINDS: Mutex<(u64, BTreeMap<&str, u64>)> = Mutex::new((0, BTreeMap::new()));

/// Counts one more of a kind. At each power of two it says how many there were of each.
pub fn count(kind: &'static str) {
    let (all, kinds) = &mut *KINDS.lock().unwrap();
    *all += 1;
    *kinds.entry(kind).or_default() += 1;
    if all.is_power_of_two() && *all >= 1024 {
        eprintln!("of {all}: {kinds:?}");
    }
}
