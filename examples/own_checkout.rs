//! Bring your own checkout: a coupon counter with a canceller, once wrong and once right.
//!
//! `cargo run --example own_checkout`

use oversell::check::{Check, CheckError};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Platform};
use std::sync::atomic::Ordering::SeqCst;

/// What customers and the canceller share.
struct Shop {
    coupons: Cell<u64>,
    /// Coupons that have been returned and are not on offer again yet.
    returned: Cell<u64>,
}

/// Changes a cell, in whichever way; whether it did.
type Change = fn(&dyn Platform, Cell<u64>, fn(u64) -> Option<u64>) -> bool;

/// A shop in which coupons are taken, and put back on offer, in this way.
fn shop(name: &str, change: Change) -> Scenario {
    Scenario::new(name, |setup| Shop { coupons: setup.cell("coupons", 2), returned: setup.cell("returned", 0) })
        .stock(2)
        .role("customer", move |at, shop| {
            if !change(at, shop.coupons, |left| left.checked_sub(1)) {
                return "too late";
            }
            at.tell(Event::sale("redeemed"));
            if at.choose("coupon", &["used", "returned"]) == "used" {
                return "redeemed";
            }
            change(at, shop.returned, |returned| Some(returned + 1));
            at.tell(Event::given_back("returned", 1));
            "returned"
        })
        .role("canceller", move |at, shop| {
            if change(at, shop.returned, |returned| returned.checked_sub(1)) {
                change(at, shop.coupons, |left| Some(left + 1));
            }
        })
        .endings(["redeemed", "returned", "too late"])
        .excuses(["returned", "too late"])
        .ledger(|at, shop| Some(shop.coupons.load(at, SeqCst) + shop.returned.load(at, SeqCst)))
        .always("no-coupon-twice", "there are never more coupons on offer than there were", |state, shop| {
            state.cell(shop.coupons) <= 2
        })
        .line(|who, event| Some(format!("{} {} has {} a coupon", who.role, who.number, event.name)))
        .into()
}

/// Changes a cell in two steps: somebody else may come in between.
fn in_two_steps(at: &dyn Platform, cell: Cell<u64>, change: fn(u64) -> Option<u64>) -> bool {
    let changed = change(cell.load(at, SeqCst));
    if let Some(changed) = changed {
        cell.store(at, changed, SeqCst);
    }
    changed.is_some()
}

/// Changes a cell in one step, again and again until nobody has come in between.
fn in_one_step(at: &dyn Platform, cell: Cell<u64>, change: fn(u64) -> Option<u64>) -> bool {
    cell.fetch_update(at, SeqCst, SeqCst, change).is_ok()
}

fn main() -> Result<(), CheckError> {
    let wrong = shop("in two steps", in_two_steps);
    let report = Check::new(&wrong).threads("customer", 3).run()?;
    report.assert_refuted("no-oversell");
    println!("{report}");

    let right = shop("in one step", in_one_step);
    let report = Check::new(&right).threads("customer", 10).threads("canceller", 2).run()?;
    report.assert_holds();
    println!("{report}");

    let report = Check::new(&right).any("customer").property("no-oversell").run()?;
    report.assert_holds();
    println!("{report}");
    Ok(())
}
