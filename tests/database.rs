//! Promises about checkouts over real databases.
#![cfg(not(loom))]

use oversell::database::{Database, Property, Question, catalogue, check};
use std::sync::Arc;

#[test]
#[cfg(feature = "sqlite")]
fn first() {
    use oversell::database::sqlite::Sqlite;
    let mut all: Vec<Arc<dyn Database>> = Vec::new();
    if false { all.extend(Sqlite::all().into_iter().map(|d| Arc::new(d) as Arc<dyn Database>)); }
    all.push(Arc::new(oversell::database::postgres::Postgres::start().unwrap()));
    for database in all {
        for pattern in catalogue::all() {
            let checkout = pattern.on(database.dialect()).unwrap();
            for level in database.levels() {
                let start = std::time::Instant::now();
                let report = check(&database, &checkout, *level, Question::of(2)).unwrap();
                println!("== {} {} {} in {:?}", checkout.name, report.scope(), report.executions, start.elapsed());
                for finding in &report.findings {
                    if let Some(witness) = finding.verdict.witness() {
                        println!("{}\n{}", witness.schedule, report.lanes(finding.property, witness));
                    } else {
                        println!("{} {:?}", finding.property, finding.verdict);
                    }
                }
            }
        }
    }
    let _ = Property::ALL;
}
