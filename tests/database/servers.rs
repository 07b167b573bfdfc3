//! The databases that there are: SQLite, and one throw-away server of each kind for the whole of this process. Each
//! exploration has a database of its own in it.

use oversell::database::sqlite::{Busy, Journal, Sqlite};
use oversell::database::{Database, DatabaseError};
use std::sync::{Arc, OnceLock};

/// A kind of database, if there is one to be had.
type Kind = Result<Vec<Arc<dyn Database>>, String>;

/// SQLite's four ways.
pub fn sqlite() -> Vec<Arc<dyn Database>> {
    Sqlite::all().into_iter().map(|sqlite| Arc::new(sqlite) as Arc<dyn Database>).collect()
}

/// SQLite as it is by default, but for waiting.
pub fn plain_sqlite() -> Arc<dyn Database> {
    Arc::new(Sqlite::new(Journal::Rollback, Busy::Waits))
}

fn once(cell: &'static OnceLock<Kind>, start: impl FnOnce() -> Result<Arc<dyn Database>, DatabaseError>) -> Kind {
    cell.get_or_init(|| start().map(|database| vec![database]).map_err(|error| error.to_string())).clone()
}

/// PostgreSQL.
pub fn postgres() -> Kind {
    static POSTGRES: OnceLock<Kind> = OnceLock::new();
    #[cfg(feature = "postgres")]
    let start = || oversell::database::postgres::Postgres::start().map(|it| Arc::new(it) as Arc<dyn Database>);
    #[cfg(not(feature = "postgres"))]
    let start = || Err(DatabaseError::NoServer("this is built without the feature `postgres`".to_owned()));
    once(&POSTGRES, start)
}

/// MariaDB.
pub fn mariadb() -> Kind {
    static MARIADB: OnceLock<Kind> = OnceLock::new();
    #[cfg(feature = "mariadb")]
    let start = || oversell::database::mariadb::Mariadb::start().map(|it| Arc::new(it) as Arc<dyn Database>);
    #[cfg(not(feature = "mariadb"))]
    let start = || Err(DatabaseError::NoServer("this is built without the feature `mariadb`".to_owned()));
    once(&MARIADB, start)
}

/// One more server of MariaDB, where there is one: a server explores one thing at a time.
pub fn another_mariadb() -> Arc<dyn Database> {
    #[cfg(feature = "mariadb")]
    return Arc::new(oversell::database::mariadb::Mariadb::start().unwrap());
    #[cfg(not(feature = "mariadb"))]
    unreachable!("there is none to be had");
}

/// The database of a kind, or a word on why its test is skipped.
pub fn or_skip(kind: Kind) -> Option<Arc<dyn Database>> {
    match kind {
        Ok(databases) => databases.into_iter().next(),
        Err(why) => {
            println!("skipped, because {why}");
            None
        }
    }
}

/// All that there are.
pub fn all() -> Vec<Arc<dyn Database>> {
    let servers = [postgres(), mariadb()].into_iter().filter_map(or_skip);
    sqlite().into_iter().chain(servers).collect()
}
