//! Two buyers: the whole catalogue at every level of every database that there is, explored once for all tests of
//! this process.

use crate::servers::{another_mariadb, mariadb, or_skip, postgres, sqlite};
use oversell::database::table::{Job, jobs, survey};
use oversell::database::{Database, Dialect, Question, Report, catalogue};
use std::sync::{Arc, OnceLock};

/// The reports on a kind of database, if there is one to be had.
pub fn surveyed(kind: Dialect) -> Option<&'static [Report]> {
    static REPORTS: OnceLock<[Option<Vec<Report>>; 3]> = OnceLock::new();
    let all = REPORTS.get_or_init(|| {
        // All at once: what one computes, another waits.
        std::thread::scope(|scope| {
            let (postgres, mariadb) = (or_skip(postgres()), or_skip(mariadb()));
            let postgres = postgres.map(|postgres| scope.spawn(|| made(&[postgres], 2, 3)));
            let mariadb = mariadb.map(|first| scope.spawn(|| on_servers(&[first, another_mariadb()])));
            let sqlite = made(&sqlite(), 2, 1);
            [Some(sqlite), postgres.map(|it| it.join().unwrap()), mariadb.map(|it| it.join().unwrap())]
        })
    });
    all[kind as usize].as_deref()
}

/// The whole catalogue on some databases, so many explorations at once.
pub fn made(databases: &[Arc<dyn Database>], buyers: usize, at_once: usize) -> Vec<Report> {
    survey(&jobs(databases, &catalogue::all()), Question::of(buyers), at_once).unwrap()
}

/// The whole catalogue at two buyers on servers that are all alike, each of which explores one thing at a time.
fn on_servers(alike: &[Arc<dyn Database>]) -> Vec<Report> {
    survey(&shared_out(alike, &catalogue::all()), Question::of(2), alike.len()).unwrap()
}

/// These patterns on databases that are all alike, each with its share of them.
pub fn shared_out(alike: &[Arc<dyn Database>], patterns: &[catalogue::Pattern]) -> Vec<Job> {
    let jobs = jobs(&alike[..1], patterns).into_iter().enumerate();
    jobs.map(|(number, job)| Job { database: alike[number % alike.len()].clone(), ..job }).collect()
}

/// The report on one checkout, if there is such a database.
pub fn report(name: &str, database: &dyn Database, level: oversell::database::Level) -> Option<&'static Report> {
    let on = database.name();
    let is = |report: &&Report| report.checkout == name && report.database == on && report.level == level;
    surveyed(database.dialect())?.iter().find(is)
}
