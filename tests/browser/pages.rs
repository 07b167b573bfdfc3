//! The pages that are looked at.

use oversell::check::{Counting, Engine, Finding, Property};
#[cfg(feature = "sqlite")]
use oversell::database::{
    Database, Question, catalogue,
    sqlite::{Busy, Journal, Sqlite},
    table::{jobs, survey},
};
use oversell::platform::{Instance, LockKind};
use oversell::programs::{self, Kind};
use oversell::scenario::Scenario;
use oversell::sync::Cell;
use oversell::trace::page::{Page, Told};
use oversell::trace::{Closing, Schedule, layout, replay};
use std::collections::HashSet;
use std::path::PathBuf;
#[cfg(feature = "sqlite")]
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// Writes a page where tests may write, and says where.
pub fn written(name: &str, page: &Page) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.html"));
    std::fs::write(&file, page.html()).unwrap();
    file
}

/// Every witness of every program at its own size, and of the tutorials' with a kill: all that snapshots are kept of, and
/// more; what looks the same stands once.
pub fn every_witness() -> Page {
    let mut traces = Vec::new();
    let mut seen = HashSet::new();
    for program in programs::all() {
        let scenario = program.scenario(program.tickets);
        let own = Instance::of(&scenario, program.threads);
        let mut instances = vec![own.clone()];
        if !matches!(program.kind, Kind::Shop { .. }) {
            instances.extend([LockKind::Owned, LockKind::Semaphore].map(|lock| own.clone().kills(1).lock(lock)));
        }
        for instance in instances {
            for Finding { verdict, .. } in
                Counting::default().check(&scenario, &instance, &Property::of(&scenario)).unwrap()
            {
                let Some(witness) = verdict.witness() else { continue };
                let name = format!("{}.{}.{}", program.name, witness.property, traces.len());
                let told = Told { name, ..witness.told(&scenario) };
                if seen.insert(told.layout.text()) {
                    traces.push(told);
                }
            }
        }
    }
    Page { title: "Every witness".to_owned(), traces, ..Page::default() }
}

/// A trace of so many steps, by two who take turns.
pub fn long(steps: usize) -> Page {
    let each = steps / 2;
    let scenario: Scenario = Scenario::new("turns", |setup| setup.cell("turns", 0u32))
        .role("walker", move |at, turns: &Cell<u32>| {
            for _ in 0..each / 2 {
                at.span("round", || {
                    let seen = turns.load(at, SeqCst);
                    turns.store(at, seen + 1, SeqCst);
                });
            }
        })
        .into();
    let words: Vec<_> = (0..steps).map(|step| ((step / 2) % 2).to_string()).collect();
    let schedule = Schedule::parse(&words.join(","), &scenario).unwrap();
    let model = replay(&scenario, &Instance::of(&scenario, 2), &schedule).unwrap();
    let layout = layout(&scenario, model.trace(), &Closing::Stands("it could go on".to_owned()));
    let told = Told { name: "long".to_owned(), title: format!("{steps} steps"), layout, ..Told::default() };
    Page { title: format!("{steps} steps"), traces: vec![told], ..Page::default() }
}

/// The page of a program's check.
pub fn checked(name: &str) -> Page {
    let program = programs::named(name).unwrap();
    let scenario = program.scenario(program.tickets);
    let instance = Instance::of(&scenario, program.threads);
    let findings = Counting::default().check(&scenario, &instance, &Property::of(&scenario)).unwrap();
    let mut page = oversell::check::page(&scenario, &instance, "counting", &findings);
    for told in &mut page.traces {
        told.replay = Some(format!("oversell replay {name} --schedule …"));
    }
    page
}

/// Every witness of the catalogue over SQLite as it is by default.
#[cfg(feature = "sqlite")]
pub fn of_sqlite() -> Page {
    surveyed(vec![Arc::new(Sqlite::new(Journal::Rollback, Busy::Waits))])
}

/// Every witness of the catalogue over SQLite in all its ways, and the servers that are installed.
#[cfg(feature = "sqlite")]
pub fn of_databases() -> Page {
    let mut databases: Vec<Arc<dyn Database>> = Vec::new();
    databases.extend(Sqlite::all().into_iter().map(|sqlite| Arc::new(sqlite) as Arc<dyn Database>));
    #[cfg(feature = "postgres")]
    match oversell::database::postgres::Postgres::start() {
        Ok(postgres) => databases.push(Arc::new(postgres)),
        Err(why) => println!("PostgreSQL's are skipped, because {why}"),
    }
    #[cfg(feature = "mariadb")]
    match oversell::database::mariadb::Mariadb::start() {
        Ok(mariadb) => databases.push(Arc::new(mariadb)),
        Err(why) => println!("MariaDB's are skipped, because {why}"),
    }
    surveyed(databases)
}

#[cfg(feature = "sqlite")]
fn surveyed(databases: Vec<Arc<dyn Database>>) -> Page {
    let reports = survey(&jobs(&databases, &catalogue::all()), Question::of(2), 2).unwrap();
    oversell::database::page("Checkouts over real databases", &reports)
}
