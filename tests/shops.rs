//! Promise: every wrong shop shows its bug, and every right one is proved, for any number of threads.

#[cfg(loom)]
mod reviewed;

use oversell::check::{Check, Report};
use oversell::programs::{self, Kind, Program};

/// The wrong shops, the property that each of them breaks, and how many buyers that takes.
const BUGS: [(&str, &str, usize); 10] = [
    ("check-then-decrement", "no-oversell", 2),
    ("unchecked-decrement", "no-oversell", 3),
    ("read-before-lock", "no-oversell", 2),
    ("lock-skipped", "no-oversell", 3),
    ("two-transactions", "no-oversell", 2),
    ("limit-per-line", "no-oversell", 1),
    ("expiring-hold", "no-oversell", 2),
    ("cancelled-twice", "no-oversell", 3),
    ("opposite-locks", "no-deadlock", 2),
    ("cache-outside-lock", "no-oversell", 2),
];

/// The bug of this one is in no interleaving.
const ONLY_LOOM: &str = "relaxed-publish";

fn shops() -> impl Iterator<Item = &'static Program> {
    programs::all().iter().filter(|program| matches!(program.kind, Kind::Shop { .. }))
}

fn is_wrong(program: &Program) -> bool {
    matches!(program.kind, Kind::Shop { right: Some(_), .. })
}

fn with_buyers(program: &Program, buyers: usize) -> Report {
    Check::new(&program.scenario(program.tickets)).threads("buyer", buyers).run().unwrap()
}

#[test]
fn every_wrong_shop_has_a_right_one_next_to_it_and_is_listed_here() {
    let shops: Vec<_> = shops().collect();
    for pair in shops.chunks(2) {
        let [wrong, right] = pair else { panic!("{} is alone", pair[0].name) };
        let (Kind::Shop { right: repair, report: wrongs }, Kind::Shop { right: none, report }) =
            (wrong.kind, right.kind)
        else {
            unreachable!("they are shops")
        };
        assert_eq!((repair, none, wrongs), (Some(right.name), None, report), "{}", wrong.name);
    }
    let wrong: Vec<_> = shops.iter().filter(|shop| is_wrong(shop)).map(|shop| shop.name).collect();
    let listed: Vec<_> = BUGS.iter().map(|(name, ..)| *name).chain([ONLY_LOOM]).collect();
    assert_eq!(wrong, listed);
}

#[test]
fn every_bug_takes_so_many_buyers_and_no_fewer() {
    for (name, property, buyers) in BUGS {
        let program = programs::named(name).unwrap();
        with_buyers(program, buyers).assert_refuted(property);
        if buyers > 1 {
            assert_eq!(with_buyers(program, buyers - 1).finding(property).verdict.holds(), Some(true), "{name}");
        }
        let scenario = program.scenario(program.tickets);
        let any = Check::new(&scenario).any("buyer").property(property).run().unwrap();
        assert_eq!(any.assert_refuted(property).unwrap().instance.number(0), buyers, "{name}");
    }
}

#[test]
fn every_right_shop_holds_for_two_to_six_buyers_and_up_to_two_tickets() {
    for program in shops().filter(|shop| !is_wrong(shop)) {
        for tickets in 0..=2 {
            for buyers in 2..=6 {
                Check::new(&program.scenario(tickets)).threads("buyer", buyers).run().unwrap().assert_holds();
            }
        }
    }
}

#[test]
fn every_right_shop_holds_for_any_number_of_buyers() {
    for program in shops().filter(|shop| !is_wrong(shop)) {
        Check::new(&program.scenario(program.tickets)).any("buyer").run().unwrap().assert_holds();
    }
}

#[test]
fn a_relaxed_publish_is_right_in_every_interleaving_and_the_report_says_what_that_leaves_out() {
    let report = with_buyers(programs::named(ONLY_LOOM).unwrap(), 4);
    report.assert_holds();
    assert!(report.to_string().contains("weaker orderings"), "{report}");
}

#[cfg(loom)]
mod with_loom {
    use oversell::check::{Check, Loom, Report};
    use oversell::programs;

    fn checked(name: &str) -> Report {
        let scenario = programs::named(name).unwrap().scenario(1);
        Check::new(&scenario).threads("buyer", 2).run_by(&Loom::default()).unwrap()
    }

    #[test]
    fn loom_sees_a_relaxed_publish_sell_a_ticket_twice() {
        let report = checked("relaxed-publish");
        let witness = report.assert_refuted("no-oversell").unwrap();
        let text = format!(
            "{}\n\n{}",
            oversell::trace::title(&report.scenario, &witness.instance),
            witness.lanes(&report.scenario)
        );
        crate::reviewed::reviewed("loom.relaxed-publish.no-oversell", &text);
    }

    #[test]
    fn loom_proves_a_released_publish() {
        checked("released-publish").assert_holds();
    }
}
