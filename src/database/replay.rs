//! Replay: one order of statements, exactly.

use super::lanes::{Closing, lanes};
use super::{Act, Checkout, Database, DatabaseError, Execution, Level, Move, Property, Schedule, Stage, schedule};
use std::sync::Arc;

/// What a schedule leads to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What happened.
    pub execution: Execution,
    /// The schedule.
    pub schedule: Schedule,
    /// What is to be seen at its end: properties that fail, and others that have come to pass.
    pub shows: Vec<(Property, String)>,
}

/// Performs one schedule. Where it ends, the execution is left as it stands, and all is rolled back.
///
/// # Errors
/// The first move that says nothing or cannot be made; see [`DatabaseError`].
pub fn replay(
    database: &Arc<dyn Database>,
    checkout: &Checkout,
    level: Level,
    buyers: usize,
    text: &str,
) -> Result<Replayed, DatabaseError> {
    let (cast, _) = checkout.cast(buyers);
    let written = schedule::read(text, &cast).map_err(|error| DatabaseError::Schedule(error.to_string()))?;
    let mut stage = Stage::new(database.clone(), checkout, level, buyers)?;
    stage.cuts = written.iter().filter(|written| matches!(written.act, Ok(Act::Cut | Act::CutAfter))).count();
    stage.notes = true;
    let performed = stage.perform(|position| {
        let done = position.execution.beats.len();
        let Some(next) = written.get(done) else { return Ok(None) };
        let misfit = |what: String| DatabaseError::Misfit { position: done + 1, text: next.text.clone(), what };
        let act = match &next.act {
            Ok(act) => *act,
            Err(name) => match position.alternatives.iter().position(|alternative| alternative == name) {
                Some(number) => Act::Take(number),
                None => return Err(misfit(format!("the alternatives are: {}", position.alternatives.join(", ")))),
            },
        };
        let mv = Move { actor: next.actor, act };
        if position.enabled.contains(&mv) {
            return Ok(Some(mv));
        }
        let can: Vec<_> = position.enabled.iter().map(|mv| one(*mv, position.alternatives, &cast)).collect();
        Err(misfit(if can.is_empty() { "all have ended".to_owned() } else { format!("possible is {}", can.join(" ")) }))
    });
    let cleared = stage.clear();
    let execution = performed?;
    cleared?;
    let moves = execution.beats.iter().map(|beat| (beat.mv, beat.alternative.clone())).collect();
    let names = cast.0.clone();
    let shown = |property: Property| Some((property, property.shown(&execution, checkout, &names)?));
    let shows = Property::ALL.into_iter().filter_map(shown).collect();
    Ok(Replayed { schedule: Schedule { moves, cast }, shows, execution })
}

fn one(mv: Move, alternatives: &[String], cast: &super::Cast) -> String {
    let alternative = if let Act::Take(number) = mv.act { alternatives.get(number).cloned() } else { None };
    Schedule { moves: vec![(mv, alternative)], cast: cast.clone() }.to_string()
}

impl Replayed {
    /// The trace in lanes.
    pub fn lanes(&self) -> String {
        let remarks = |always: bool| {
            let of = |(property, remark): &(Property, String)| {
                (property.is_always() == always).then(|| format!("{property}: {remark}"))
            };
            self.shows.iter().filter_map(of).collect::<Vec<_>>()
        };
        let (broken, reached) = (remarks(true), remarks(false));
        let closing = match &self.execution.outcome {
            _ if !broken.is_empty() => Closing::Broken(broken),
            _ if !reached.is_empty() => Closing::Reached(reached),
            Some(outcome) => Closing::Stands(format!("the execution is over: {} sold", outcome.sold)),
            None => Closing::Stands("the schedule ends here; the execution could go on".to_owned()),
        };
        lanes(&self.execution, &self.schedule.cast, &closing)
    }
}
