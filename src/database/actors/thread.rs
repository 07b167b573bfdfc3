//! What one thread of an execution does, from its first step to its end.

use crate::database::line::{Line, Report, Stopped};
use crate::database::{Code, Connection, Database, End, Level, Session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Runs the code over its connection, and gives that back.
pub(super) fn perform(
    code: &Code,
    mut connection: Box<dyn Connection>,
    line: Line,
    level: Level,
    database: Arc<dyn Database>,
) -> Box<dyn Connection> {
    connection.attach(Some(line.clone()));
    let mut session = Session::new(connection, Some(line.clone()), level, database, line.actor as i64 + 1);
    let end = match catch_unwind(AssertUnwindSafe(|| code(&mut session))) {
        Ok(Ok(end)) => end,
        Ok(Err(error)) => End::Failed(error.message),
        Err(panic) if panic.is::<Stopped>() => return session.abandon(),
        Err(panic) => End::Failed(said(&*panic)),
    };
    if catch_unwind(AssertUnwindSafe(|| session.close())).is_err() {
        return session.abandon();
    }
    let mut connection = session.surrender();
    connection.attach(None);
    // Nobody may be there to hear it.
    let _ = line.reports.send((line.actor, Report::Ends(end)));
    connection
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    format!("panicked: {}", text.lines().next().unwrap_or_default())
}
