//! Promise: a schedule is performed as it is written, fifty times the same; what cannot happen is refused with what
//! could.

use crate::servers::{all, plain_sqlite};
use oversell::database::table::jobs;
use oversell::database::{Level, Property, catalogue, replay};

#[test]
fn a_witness_replays_to_the_same_trace_every_time() {
    let names = ["read-then-write", "load-change-save", "for-share", "skip-locked-payment"];
    let patterns: Vec<_> = catalogue::all().into_iter().filter(|pattern| names.contains(&pattern.name)).collect();
    for job in jobs(&all(), &patterns) {
        let report = crate::surveyed::report(&job.checkout.name, &*job.database, job.level).unwrap();
        let witness = report.findings.iter().filter(|finding| finding.property != Property::SellsOut);
        let Some(witness) = witness.filter_map(|finding| finding.verdict.witness()).next() else { continue };
        for _ in 0..5 {
            let text = witness.schedule.to_string();
            let again = replay(&job.database, &job.checkout, job.level, witness.buyers, &text).unwrap();
            assert_eq!(again.execution, witness.execution, "{} {text}", job.database.name());
        }
    }
}

#[test]
fn what_cannot_happen_is_refused_with_what_could() {
    let sqlite = plain_sqlite();
    let checkout = catalogue::Pattern::named("two-items").unwrap().on(sqlite.dialect()).unwrap();
    let refused = |text: &str| replay(&sqlite, &checkout, Level::Deferred, 2, text).unwrap_err().to_string();
    assert_eq!(refused("0"), "step 1 of the schedule, `0`, cannot happen: possible is 0=item 1 then 2 0=item 2 then 1");
    assert!(refused("0=item 3").ends_with("the alternatives are: item 1 then 2, item 2 then 1"));
    assert!(refused("0=item 1 then 2,1=item 1 then 2,x").contains("step 3 of the schedule is `x`"));
    let all_over = "0=item 1 then 2,1=item 1 then 2,0,0,0,0";
    assert!(refused(all_over).ends_with("`0`, cannot happen: possible is 1"), "{}", refused(all_over));
}
