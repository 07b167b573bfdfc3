//! Replay: one interleaving, exactly, on the model.

use super::Schedule;
use crate::platform::Instance;
use crate::platform::model::{Misfit, Model};
use crate::scenario::Scenario;

/// A schedule does not fit the program.
#[derive(Debug, thiserror::Error)]
#[error("step {position} of the schedule, `{text}`, cannot happen: {misfit}")]
pub struct ReplayError {
    /// Which move, counted from 1.
    pub position: usize,
    /// The move, as it is written.
    pub text: String,
    /// Why.
    pub misfit: Misfit,
}

/// Runs one interleaving. Where the schedule ends, the execution is left as it stands.
///
/// # Errors
/// The first move that cannot be made.
pub fn replay(scenario: &Scenario, instance: &Instance, schedule: &Schedule) -> Result<Model, ReplayError> {
    let mut model = Model::new(scenario, instance);
    for (i, mv) in schedule.0.iter().enumerate() {
        let text = || Schedule(vec![*mv]).text(scenario);
        model.make(*mv).map_err(|misfit| ReplayError { position: i + 1, text: text(), misfit })?;
    }
    Ok(model)
}
