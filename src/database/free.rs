//! Free runs: a checkout let loose on its database, without anybody who says whose turn it is.

use super::{Checkout, Connection, Database, DatabaseError, End, Level, Outcome, Session, Stage};
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

/// Lets so many buyers loose together, so many times; how often each outcome came.
///
/// What is explored must be there too, or the model of a step is wrong: every outcome of a free run is expected among
/// [`Report::outcomes`](super::Report::outcomes).
///
/// # Errors
/// As the database reports.
pub fn run_free(
    database: &Arc<dyn Database>,
    checkout: &Checkout,
    level: Level,
    buyers: usize,
    times: u64,
) -> Result<BTreeMap<Outcome, u64>, DatabaseError> {
    let mut stage = Stage::new(database.clone(), checkout, level, buyers)?;
    let ran = (0..times).map(|_| once(&mut stage)).collect::<Result<Vec<_>, _>>();
    let cleared = stage.clear();
    let mut outcomes = BTreeMap::new();
    for outcome in ran? {
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    cleared.map(|()| outcomes)
}

/// What comes of one thread: its connection, how it ended, and how many it was told to have bought.
type Ran = (Box<dyn Connection>, End, i64);

fn once(stage: &mut Stage) -> Result<Outcome, DatabaseError> {
    let fill = stage.checkout.fill.clone();
    stage.arena.reset(&fill)?;
    let connections = stage.connections()?;
    let together = Barrier::new(connections.len());
    let (level, database, together) = (stage.level, &stage.database, &together);
    let ran: Vec<Option<Ran>> = std::thread::scope(|scope| {
        let start = |(actor, (code, connection)): (usize, (super::Code, Box<dyn Connection>))| {
            scope.spawn(move || {
                let mut session = Session::new(connection, None, level, database.clone(), actor as i64 + 1);
                together.wait();
                let end = code(&mut session).unwrap_or_else(|error| End::Failed(error.message));
                session.close();
                let told = session.told();
                (session.surrender(), end, told)
            })
        };
        let threads: Vec<_> = stage.codes.clone().into_iter().zip(connections).enumerate().map(start).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    });
    let (mut ends, mut sold, mut pool) = (Vec::new(), 0, Vec::new());
    for one in ran {
        let Some((mut connection, end, told)) = one else {
            ends.push(End::Failed("panicked".to_owned()));
            pool.push(None);
            continue;
        };
        ends.push(end);
        sold += told;
        pool.push(connection.clean().is_ok().then_some(connection));
    }
    stage.pool = pool;
    Ok(Outcome { ends, sold, left: stage.left()?, committed: stage.committed()?.unwrap_or_default() })
}
