//! Promise: a server that dies, a lock of somebody else, and tables of somebody else are clear errors; and of a server
//! by its URL nothing is touched that was not made by this.

use crate::faults::asks;
use oversell::database::{Checkout, Database, DatabaseError, End, Question, check};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// One statement; the whole number that it finds.
type Ask = Box<dyn FnMut(&str) -> Option<i64> + Send>;

/// A server of this test's own, as somebody else uses it who knows nothing of explorations.
struct Theirs {
    database: Arc<dyn Database>,
    folder: PathBuf,
    url: Box<dyn Fn(&str) -> String + Send>,
    /// Asks over a connection of their own, which stays.
    ask: Ask,
    /// A URL as the command takes it.
    at: fn(&str) -> Result<Arc<dyn Database>, DatabaseError>,
    /// A statement that takes a lock by name, and the one that lets it go.
    lock: [&'static str; 2],
    /// The file that begins with the server's process id, and the signal that ends it at once.
    ends_by: (&'static str, &'static str),
}

#[cfg(feature = "postgres")]
fn postgres() -> Option<Theirs> {
    use oversell::database::postgres::Postgres;
    let server = Postgres::start().inspect_err(|why| println!("skipped, because {why}")).ok()?;
    let server = Arc::new(server);
    let mut client = postgres::Client::connect(&server.url("postgres")?, postgres::NoTls).unwrap();
    let ask = move |sql: &str| {
        let found = client.simple_query(sql).unwrap();
        found.iter().find_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        })
    };
    let urls = server.clone();
    Some(Theirs {
        folder: server.folder()?.to_owned(),
        database: server,
        url: Box::new(move |name| urls.url(name).unwrap()),
        ask: Box::new(ask),
        at: |url| Ok(Arc::new(Postgres::at(url)?)),
        lock: ["SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"],
        ends_by: ("data/postmaster.pid", "-QUIT"),
    })
}

#[cfg(feature = "mariadb")]
fn mariadb() -> Option<Theirs> {
    use mysql::prelude::Queryable;
    use oversell::database::mariadb::Mariadb;
    let server = Mariadb::start().inspect_err(|why| println!("skipped, because {why}")).ok()?;
    let server = Arc::new(server);
    let opts = mysql::Opts::from_url(&server.url("")?).unwrap();
    let mut conn = mysql::Conn::new(opts).unwrap();
    let urls = server.clone();
    Some(Theirs {
        folder: server.folder()?.to_owned(),
        database: server,
        url: Box::new(move |name| urls.url(name).unwrap()),
        ask: Box::new(move |sql| conn.query_first(sql).unwrap()),
        at: |url| Ok(Arc::new(Mariadb::at(url)?)),
        lock: ["SELECT GET_LOCK('theirs', 60)", "SELECT RELEASE_LOCK('theirs')"],
        ends_by: ("pid", "-KILL"),
    })
}

/// The servers that there are, for a test that leaves them as they are, in a database of its own.
fn shared() -> MutexGuard<'static, Vec<Theirs>> {
    static SERVERS: OnceLock<Mutex<Vec<Theirs>>> = OnceLock::new();
    SERVERS.get_or_init(|| Mutex::new(servers().collect())).lock().unwrap_or_else(PoisonError::into_inner)
}

/// New ones, started one by one as they are asked for.
fn servers() -> impl Iterator<Item = Theirs> {
    let kinds: Vec<fn() -> Option<Theirs>> = vec![
        #[cfg(feature = "postgres")]
        postgres,
        #[cfg(feature = "mariadb")]
        mariadb,
    ];
    kinds.into_iter().filter_map(|start| start())
}

fn tried(database: &Arc<dyn Database>, checkout: &Checkout) -> Result<(), DatabaseError> {
    check(database, checkout, database.levels()[0], Question::of(2)).map(drop)
}

#[test]
fn a_server_that_dies_in_the_middle_is_an_error_with_the_statement() {
    for Theirs { database, folder, url, ask, ends_by: (file, signal), .. } in servers() {
        let pid = std::fs::read_to_string(folder.join(file)).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let dies = asks("SELECT 1");
        let mut checkout = Checkout::new("ours", 1, move |shop| {
            shop.begin(shop.level())?;
            shop.query("SELECT count FROM stock", &[])?;
            assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
            // Until the process is gone, or a zombie.
            let status = || std::fs::read_to_string(format!("/proc/{pid}/status"));
            while status().is_ok_and(|status| !status.contains("State:\tZ")) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            shop.query("SELECT count FROM stock FOR UPDATE", &[])?;
            shop.commit()?;
            Ok(End::SoldOut)
        });
        (checkout.tables, checkout.fill) = (dies.tables, dies.fill);
        let error = tried(&database, &checkout).unwrap_err();
        let DatabaseError::Died { who, statement, .. } = &error else { panic!("{error:?}") };
        let expected = ["SELECT count FROM stock FOR UPDATE", "COMMIT"];
        assert!(who == "buyer 0" && expected.contains(&statement.as_str()), "{error}");
        drop((database, url, ask));
        assert!(!folder.exists());
    }
}

#[test]
fn a_lock_that_somebody_else_holds_is_an_error_with_the_statement() {
    for theirs in shared().iter_mut() {
        let [take, let_go] = theirs.lock;
        (theirs.ask)("CREATE DATABASE oversell_lock");
        // Locks by name are the database's in PostgreSQL, and the server's in MariaDB.
        let ours = (theirs.at)(&(theirs.url)("oversell_lock")).unwrap();
        let mut holds = (theirs.at)(&(theirs.url)("oversell_lock")).unwrap().arena().unwrap();
        let mut holder = holds.connect(ours.levels()[0]).unwrap();
        holder.run(take, &[]).unwrap();
        let error = tried(&ours, &asks(take)).unwrap_err().to_string();
        let start = format!("`{take}` of buyer 0 waits for a lock that connection {} holds, ", holder.id());
        assert!(error.starts_with(&start), "{error}");
        // Freed, it goes; and nothing was left running that would still wait.
        holder.run(let_go, &[]).unwrap();
        tried(&ours, &asks("SELECT 1")).unwrap();
        assert!(ours.arena().unwrap().ask("SELECT count FROM stock").is_err());
    }
}

#[test]
fn a_database_with_tables_of_somebody_else_is_not_touched() {
    for theirs in shared().iter_mut() {
        (theirs.ask)("CREATE DATABASE precious");
        (theirs.ask)("CREATE DATABASE oversell_named");
        let at = |name: &str| (theirs.at)(&(theirs.url)(name));
        let ours = at("precious").unwrap();
        let mut inside = ours.arena().unwrap();
        // Empty, it may be used.
        inside.ask("CREATE TABLE stock (n int)").unwrap();
        inside.ask("INSERT INTO stock VALUES (7)").unwrap();
        drop(inside);
        let error = at("precious").err().unwrap().to_string();
        assert!(error.starts_with("the database `precious` has tables; name one that is empty"), "{error}");
        // One that is named for this is used, but not when somebody else has tables in it.
        let named = at("oversell_named").unwrap();
        tried(&named, &asks("SELECT 1")).unwrap();
        let mut inside = named.arena().unwrap();
        inside.ask("CREATE TABLE stock (n int)").unwrap();
        drop(inside);
        for database in [&ours, &named, &at("oversell_named").unwrap()] {
            let error = tried(database, &asks("SELECT 1")).unwrap_err().to_string();
            assert!(error.contains("stock that was not made by this"), "{error}");
        }
        let kept = ours.arena().unwrap().ask("SELECT n FROM stock").unwrap().unwrap();
        assert_eq!(kept[0].int(0), Ok(7));
    }
}

#[test]
fn the_command_tries_a_checkout_at_a_url() {
    for theirs in shared().iter_mut() {
        (theirs.ask)("CREATE DATABASE oversell_command");
        for _ in 0..2 {
            let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
            command.args(["db", "read-then-write", "--level", "read-committed", "--url"]);
            let output = command.arg((theirs.url)("oversell_command")).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(1), "{text}");
            assert!(text.contains("  no-oversell      ✗ refuted: 2 sold of 1"), "{text}");
        }
    }
}

#[test]
fn a_server_goes_with_its_folder_also_after_a_panic() {
    // One kind is enough: all are started, and ended, in the same way.
    for Theirs { database, folder, url, ask, .. } in servers().take(1) {
        drop((url, ask));
        assert!(folder.exists());
        let panicked = std::thread::spawn(move || {
            let _database = database;
            std::panic::resume_unwind(Box::new("over"));
        });
        assert!(panicked.join().is_err());
        assert!(!folder.exists());
    }
}
