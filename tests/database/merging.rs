//! Promise: merging what commutes, and what leads to equal states, finds what plain exploration finds: the same
//! outcomes, the same verdicts, the same witnesses.

use crate::servers::{all, plain_sqlite};
use oversell::database::table::{Job, jobs};
use oversell::database::{Merging, Question, Report, catalogue, check};

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

#[test]
fn merging_finds_what_plain_exploration_finds_on_sqlite() {
    let small = ["read-then-write", "load-change-save", "unique-seat", "reserve-and-expire", "two-items"];
    let patterns: Vec<_> = catalogue::all().into_iter().filter(|pattern| small.contains(&pattern.name)).collect();
    agree(&jobs(&[plain_sqlite()], &patterns), 2);
}

/// `cargo test --release --test database -- --ignored merging --nocapture`
#[test]
#[ignore = "plain exploration of the whole catalogue takes minutes"]
fn merging_finds_what_plain_exploration_finds() {
    agree(&jobs(&all(), &catalogue::all()), 2);
}
