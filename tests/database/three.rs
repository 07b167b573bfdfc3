//! Promise: what holds of two buyers holds of three, as far as the limit goes; and three who are let loose a thousand
//! times end in no way that was not explored.

use crate::free::all_loose;
use crate::servers::{mariadb, or_skip, postgres, sqlite};
use oversell::database::table::{jobs, legend, survey, table};
use oversell::database::{Database, Property, Question, catalogue};
use std::sync::Arc;

/// Every tenth checkout × level × database of the catalogue, from this one on.
fn three_buyers(databases: Vec<Arc<dyn Database>>, tenth: usize) {
    let start = std::time::Instant::now();
    let mut question = Question::of(3);
    question.limits.executions = 6_000;
    let all = jobs(&databases, &catalogue::all());
    let jobs: Vec<_> = all.into_iter().skip(tenth).step_by(10).collect();
    assert!(databases.is_empty() || !jobs.is_empty());
    let reports = survey(&jobs, question, 3).unwrap();
    let executions: u64 = reports.iter().map(|report| report.executions).sum();
    println!("{executions} executions in {:?}\n{}\n{}", start.elapsed(), table(&reports), legend(question));
    for (job, report) in jobs.iter().zip(&reports) {
        let pattern = catalogue::Pattern::named(&report.checkout).unwrap();
        let of_the_shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell];
        let fails = of_the_shop.iter().any(|property| report.finding(*property).verdict.holds() == Some(false));
        let place = format!("{} on {} at {}", report.checkout, report.database, report.level);
        assert_eq!(fails, !(pattern.is_right)(job.database.dialect(), report.level), "{place}");
    }
    all_loose(&jobs, &reports, 1000);
    println!("all in {:?}", start.elapsed());
}

/// Tests of one database, each of a tenth of the catalogue, so that they can be run one by one.
macro_rules! tenths {
    ($database:ident, $databases:expr, $($name:ident = $tenth:literal)*) => {
        mod $database {
            use super::*;

            $(
                #[test]
                #[ignore = "three buyers take many minutes"]
                fn $name() {
                    three_buyers($databases, $tenth);
                }
            )*
        }
    };
    ($database:ident, $databases:expr) => {
        tenths!($database, $databases, tenth_0 = 0 tenth_1 = 1 tenth_2 = 2 tenth_3 = 3 tenth_4 = 4 tenth_5 = 5
                tenth_6 = 6 tenth_7 = 7 tenth_8 = 8 tenth_9 = 9);
    };
}

// `cargo test --test database -- --ignored three::on_sqlite --nocapture`; or only `three::on_sqlite::tenth_0`.
tenths!(on_sqlite, sqlite());
// `cargo test --test database -- --ignored three::on_postgres --nocapture`
tenths!(on_postgres, or_skip(postgres()).into_iter().collect());
// `cargo test --test database -- --ignored three::on_mariadb --nocapture`
tenths!(on_mariadb, or_skip(mariadb()).into_iter().collect());
