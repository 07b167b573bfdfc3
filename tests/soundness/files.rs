//! Files are as on disk: a handle outlives a rename, and there may be several.

use crate::shop::counted;
use oversell::scenario::Scenario;
use oversell::sync::{Event, File};

#[test]
fn what_is_written_through_a_handle_that_a_rename_outlived_is_lost() {
    // Were the write to go by name, everybody would find 0 afterwards and nobody would be sold anything.
    let scenario = Scenario::new("stale handle", |setup| setup.file("stock", b"1".to_vec())).stock(1).role(
        "buyer",
        |at, stock: &File| {
            let stale = stock.truncate(at);
            stock.replace(at, b"1".to_vec());
            stale.write(at, b"0".to_vec());
            if &*stock.read(at) == b"1" {
                at.tell(Event::sale("bought"));
            }
        },
    );
    let report = counted(&scenario, 2);
    assert_eq!(report.assert_refuted("no-oversell").unwrap().schedule.text(&scenario), "0,0,0,0,1,1,1,1");
    assert_eq!(report.finding("no-oversell").worst, Some(2));
}

#[test]
fn two_handles_of_one_file_write_into_each_other() {
    let scenario = Scenario::new("two handles", |setup| setup.file("stock", b"1".to_vec()))
        .role("buyer", |at, stock: &File| {
            let (one, other) = (stock.truncate(at), stock.truncate(at));
            one.write(at, b"22".to_vec());
            other.write(at, b"3".to_vec());
        })
        .always("never-3-alone", "the longer of two writes leaves its tail", |state, stock| {
            &*state.file(*stock) != b"3"
        })
        .sometimes("both", "both writes are to be seen", |state, stock| &*state.file(*stock) == b"32");
    let report = counted(&scenario, 1);
    report.assert_holds();
    counted(&scenario, 2).assert_refuted("never-3-alone");
}
