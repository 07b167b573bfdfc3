//! Promises about checkouts over real databases.
#![cfg(not(loom))]

use oversell::database::table::{jobs, legend, survey, table};
use oversell::database::{Database, Question, catalogue};
use std::sync::Arc;

#[test]
#[cfg(feature = "sqlite")]
fn first() {
    use oversell::database::sqlite::Sqlite;
    let mut all: Vec<Arc<dyn Database>> = Vec::new();
    if std::env::var_os("PG").is_none() {
        all.extend(Sqlite::all().into_iter().map(|d| Arc::new(d) as Arc<dyn Database>));
    }
    if std::env::var_os("MD").is_some() {
        all = vec![Arc::new(oversell::database::mariadb::Mariadb::start().unwrap())];
    } else {
        all.push(Arc::new(oversell::database::postgres::Postgres::start().unwrap()));
    }
    let wanted = std::env::var("ONLY").unwrap_or_default();
    for pattern in catalogue::all().into_iter().filter(|p| p.name.contains(&wanted)) {
        for database in &all {
            let mut question = Question::of(2);
            question.limits.executions = 1000;
            let start = std::time::Instant::now();
            let jobs = jobs(&[database.clone()], &[pattern]);
            match survey(&jobs, question, 1) {
                Ok(reports) => println!("{}{:?}", table(&reports), start.elapsed()),
                Err(error) => println!("ERROR {} {}: {error}", pattern.name, database.name()),
            }
        }
    }
    println!("{}", legend(Question::of(2)));
}
