//! Promise: a checkout in a file of SQL is explored like one in Rust, with the same trace.

use crate::servers::{all, plain_sqlite};
use oversell::database::{DatabaseError, Dialect, Level, Property, Question, Verdict, check, sql_file, witnesses};

const OURS: &str = include_str!("checkout.sql");

#[test]
fn a_file_finds_what_its_rust_twin_finds() {
    let ours = sql_file::parse(OURS).unwrap();
    assert_eq!((ours.name.as_str(), ours.tickets), ("ours", 1));
    for database in all() {
        for level in database.levels() {
            let report = check(&database, &ours, *level, Question::of(2)).unwrap();
            let twin = crate::surveyed::report("read-then-write", &*database, *level).unwrap();
            let schedule = |report: &oversell::database::Report| {
                let verdict = &report.finding(Property::NoOversell).verdict;
                (verdict.holds(), verdict.witness().map(|witness| witness.schedule.to_string()))
            };
            assert_eq!(schedule(&report), schedule(twin));
            if database.dialect() == Dialect::Postgres && *level == Level::ReadCommitted {
                assert!(matches!(report.finding(Property::NoOversell).verdict, Verdict::Refuted(_)));
                assert!(witnesses(&[report]).unwrap().contains("✗ no-oversell: 2 sold of 1"));
            }
        }
    }
}

#[test]
fn choices_branches_and_retries_of_a_file_work() {
    let text = "--! tickets 1\n--! setup\nCREATE TABLE seat (id INTEGER PRIMARY KEY, state TEXT);\n--! fill\n\
                INSERT INTO seat VALUES (1, 'free');\n--! left\nSELECT count(*) FROM seat WHERE state = 'free';\n\
                --! role buyer\n--! retry 2\nBEGIN;\n--! choose payment: accepted | declined\n--! into id\n\
                SELECT id FROM seat WHERE state = 'free';\n--! if none\nROLLBACK;\n--! stop sold out\n--! else\n\
                --! if :payment = declined\nROLLBACK;\n--! stop withdrew\n--! end\n--! end\n\
                UPDATE seat SET state = 'sold'\n  WHERE id = :id;\nCOMMIT;\n--! sold 1\n";
    let checkout = sql_file::parse(text).unwrap();
    let report = check(&plain_sqlite(), &checkout, Level::Immediate, Question::of(2)).unwrap();
    let failing: Vec<_> = report.findings.iter().filter(|finding| finding.verdict.holds() != Some(true)).collect();
    assert!(failing.is_empty(), "{failing:?}");
    assert!(report.outcomes.len() >= 4, "{:?}", report.outcomes);
}

#[test]
fn rows_are_numbered_anew_in_each_execution() {
    let text = "--! setup\nCREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, seat INTEGER);\n--! show ids\n\
                SELECT id FROM orders;\n--! role buyer\nINSERT INTO orders (seat) VALUES (1);\n--! sold\n";
    let report = check(&plain_sqlite(), &sql_file::parse(text).unwrap(), Level::Deferred, Question::of(2)).unwrap();
    let committed: Vec<_> = report.outcomes.iter().map(|(outcome, _)| outcome.committed.as_str()).collect();
    assert_eq!(committed, ["ids 1, 2"]);
}

#[test]
fn a_name_that_nothing_has_found_is_an_error() {
    for (wrong, statement) in [
        ("SELECT 1 FROM seat WHERE id = :seat;", "SELECT 1 FROM seat WHERE id = :seat"),
        ("--! if :seat = 1\n--! end", "--! if"),
    ] {
        let text = format!("--! setup\nCREATE TABLE seat (id INTEGER);\n--! role buyer\nSELECT ':a';\n{wrong}\n");
        let checkout = sql_file::parse(&text).unwrap();
        let error = check(&plain_sqlite(), &checkout, Level::Deferred, Question::of(2)).unwrap_err();
        let DatabaseError::Wrong { statement: named, message, .. } = &error else { panic!("{error:?}") };
        assert_eq!((named.as_str(), message.as_str()), (statement, "`:seat` is not known here: no query has found it"));
    }
}

#[test]
fn what_is_no_checkout_is_refused_with_its_line() {
    let refused = |text: &str| sql_file::parse(text).unwrap_err().to_string();
    assert_eq!(refused("SELECT 1;"), "line 1: `SELECT 1` stands in no section");
    assert_eq!(refused("--! setup\nCREATE TABLE a"), "line 2: `CREATE TABLE a` does not end with a semicolon");
    assert_eq!(refused("--! role buyer\n--! if none\nCOMMIT;"), "line 2: this `--! if` has no `--! end`");
    assert_eq!(refused("--! role buyer\n--! end"), "line 2: `--! end` closes nothing");
    assert_eq!(refused("--! role buyer\n--! if :a ~ 1\n--! end"), "line 2: `:a ~ 1` is no condition");
    assert_eq!(refused("--! left"), "line 1: here stands one query, and there are 0");
    assert_eq!(refused(""), "there is no role: nobody would act");
}
