//! A trace of drop-in code says where in the source each step is.

use oversell::check::Check;
use oversell::drop_in::sync::Mutex;
use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
use oversell::scenario::Scenario;

#[test]
fn each_step_has_its_line() {
    let shop = Scenario::over("shop", || (Mutex::new(1u64), AtomicU64::new(0)))
        .names(["left", "served"])
        .stock(1)
        .role("buyer", |(left, served)| {
            if *left.lock().unwrap() == 0 {
                return "sold out";
            }
            *left.lock().unwrap() = 0;
            served.fetch_add(1, SeqCst);
            "bought"
        })
        .sale("bought");
    let report = Check::new(&shop).threads("buyer", 2).property("no-oversell").run().unwrap();
    let witness = report.assert_refuted("no-oversell").unwrap();
    assert_eq!(
        witness.lanes(&shop),
        "\
step  buyer 0                           buyer 1                           shared    sources.rs
                                                                          left 1
                                                                          served 0
   1  lock left -> 1                                                                line 14
   2  unlock left 1                                                                 line 14
   3                                    lock left -> 1                              line 14
   4                                    unlock left 1                               line 14
   5                                    lock left -> 1                              line 17
   6                                    unlock left 0                     left 0    line 17
   7                                    fetch-add served 1 -> 0 (SeqCst)  served 1  line 18
                                        (bought)
                                        ends: bought
   8  lock left -> 0                                                                line 17
   9  unlock left 0                                                                 line 17
✗ 10  fetch-add served 1 -> 1 (SeqCst)                                    served 2  line 18
      (bought)
      ends: bought
✗ no-oversell: 2 sold of 1
"
    );
}
