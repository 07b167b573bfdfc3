//! Promise: merging what commutes, and what leads to equal states, finds what plain exploration finds: the same
//! outcomes, the same verdicts, the same witnesses.

use crate::servers::{all, plain_sqlite, sqlite};
use oversell::database::table::{Job, jobs};
use oversell::database::{
    Checkout, End, Level, Merging, Property, Question, Report, Session, SqlError, catalogue, check,
};

fn asked(job: &Job, merging: Merging, buyers: usize) -> Report {
    let mut question = Question::of(buyers);
    question.merging = merging;
    question.limits.executions = 60_000;
    check(&job.database, &job.checkout, job.level, question).unwrap()
}

fn agree(jobs: &[Job], buyers: usize) {
    let (mut plain, mut commuting, mut states) = (0, 0, 0);
    for job in jobs {
        let all = asked(job, Merging::Plain, buyers);
        for (merging, sum) in [(Merging::Commuting, &mut commuting), (Merging::States, &mut states)] {
            let merged = asked(job, merging, buyers);
            let place = format!("{} on {} at {}, {merging:?}", all.checkout, all.database, all.level);
            assert_eq!(merged.findings, all.findings, "{place}");
            assert_eq!(merged.outcomes, all.outcomes, "{place}");
            *sum += merged.executions;
        }
        plain += all.executions;
    }
    println!("{buyers} buyers: {plain} executions plain, {commuting} commuting, {states} by states");
}

fn patterns(names: &[&str]) -> Vec<catalogue::Pattern> {
    catalogue::all().into_iter().filter(|pattern| names.contains(&pattern.name)).collect()
}

#[test]
fn merging_finds_what_plain_exploration_finds_on_sqlite() {
    let small = ["read-then-write", "load-change-save", "unique-seat", "reserve-and-expire", "two-items"];
    agree(&jobs(&[plain_sqlite()], &patterns(&small)), 2);
    agree(&jobs(&sqlite()[..2], &patterns(&["conditional-unchecked"])), 3);
}

/// `cargo test --release --test database -- --ignored merging --nocapture`
#[test]
#[ignore = "plain exploration of the whole catalogue takes minutes"]
fn merging_finds_what_plain_exploration_finds() {
    agree(&jobs(&all(), &catalogue::all()), 2);
    agree(&jobs(&sqlite(), &patterns(&["read-then-write", "conditional-update", "insert-select-where"])), 3);
}

fn of_stock(buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static) -> Checkout {
    let mut checkout = Checkout::new("ours", 1, buy);
    checkout.tables = vec!["CREATE TABLE orders (buyer INTEGER)".into()];
    checkout
}

#[test]
fn who_asks_for_its_number_is_not_taken_for_another() {
    // The second customer sells what is not there, but only if it is the first to come.
    let checkout = of_stock(|shop| {
        let found = shop.number("SELECT count(*) FROM orders", &[])?;
        shop.execute("INSERT INTO orders VALUES (1)", &[])?;
        if found == 0 && shop.customer() == 2 {
            shop.sold(2);
        }
        Ok(End::SoldOut)
    });
    let job = Job { database: plain_sqlite(), checkout, level: Level::Deferred };
    agree(std::slice::from_ref(&job), 2);
    let verdict = asked(&job, Merging::States, 2).finding(Property::NoOversell).verdict.clone();
    assert_eq!(verdict.holds(), Some(false));
}

#[test]
fn a_stale_snapshot_is_not_taken_for_a_fresh_one() {
    // What is read is always the same: only the snapshot tells whether somebody has committed since.
    let checkout = of_stock(|shop| {
        shop.begin(shop.level())?;
        shop.query("SELECT count(*) FROM orders WHERE buyer = 7", &[])?;
        // Each has a number: they are not alike, and each can be the one whose snapshot is stale.
        shop.execute("INSERT INTO orders VALUES ($1)", &[shop.customer().into()])?;
        shop.commit()?;
        Ok(End::Bought)
    });
    for database in sqlite() {
        agree(&[Job { database, checkout: checkout.clone(), level: Level::Deferred }], 2);
    }
}
