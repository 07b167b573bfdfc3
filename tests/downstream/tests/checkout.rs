//! A checkout and a canceller, once wrong and once right.

use oversell::check::{Check, CheckError};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Platform};
use std::sync::atomic::Ordering::SeqCst;

type Take = fn(&dyn Platform, Cell<u32>) -> bool;

fn shop(take: Take) -> Scenario {
    Scenario::new("shop", |setup| (setup.cell("left", 1u32), setup.cell("orders", 0u32)))
        .stock(1)
        .role("buyer", move |at, &(left, orders)| {
            if take(at, left) {
                at.tell(Event::sale("bought"));
                orders.fetch_add(at, 1, SeqCst);
            }
        })
        .role("canceller", move |at, &(left, orders)| {
            if take(at, orders) {
                at.tell(Event::given_back("cancelled", 1));
                left.fetch_add(at, 1, SeqCst);
            }
        })
        .into()
}

#[test]
fn looking_first_and_taking_afterwards_sells_a_ticket_twice() -> Result<(), CheckError> {
    let shop = shop(|at, cell| {
        let seen = cell.load(at, SeqCst);
        if seen > 0 {
            cell.store(at, seen - 1, SeqCst);
        }
        seen > 0
    });
    let report = Check::new(&shop).threads("buyer", 2).run()?;
    assert!(report.assert_refuted("no-oversell").is_some());
    Ok(())
}

#[test]
fn taking_in_one_step_sells_it_once_however_many_come() -> Result<(), CheckError> {
    let shop = shop(|at, cell| cell.fetch_update(at, SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok());
    Check::new(&shop).any("buyer").property("no-oversell").run()?.assert_holds();
    Ok(())
}
