//! The conductor: one interleaving on a stage, step by step, held against the model.
//!
//! Everybody announces their next step and waits. The conductor grants turns in the schedule's order, with what a step
//! shall come to where that is open, and after every move compares what was announced, what was observed, what was
//! said, who ended how and what the shared objects hold with the model's prediction. Nothing sleeps: a turn is over
//! when the report of what comes next is in.
//!
//! The numbers of open files are not compared: on a real machine they are a handle's own.

use super::model::{Misfit, Model};
use super::real::{observation_text, step_text};
use super::record::{Act, Entry, What};
use super::script::Local;
use super::site::{Site, SiteError};
use super::stage::{News, Report, Stage, name};
use super::{Content, End, Instance, Move};
use crate::scenario::Scenario;
use std::io;
use std::time::Duration;

/// How long to wait for the report of a step that has been granted.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a stage and the model part.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The schedule does not fit the program.
    #[error("step {position} of the schedule cannot happen: {misfit}")]
    Misfit {
        /// Which move, counted from 1.
        position: usize,
        /// Why.
        misfit: Misfit,
    },
    /// Something else happened than the model predicts.
    #[error("step {position}: the model predicts that {expected}, but {found}")]
    Differs {
        /// After which move; 0 for the start.
        position: usize,
        /// The prediction.
        expected: String,
        /// What happened.
        found: String,
    },
    /// The stage cannot do it.
    #[error("step {position}: cannot {what}: {error}")]
    Stage {
        /// At which move.
        position: usize,
        /// What cannot be done.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// The files cannot be read.
    #[error(transparent)]
    Site(#[from] SiteError),
}

/// Runs one interleaving on a stage, and returns the model after it. The files must hold the scenario's initial
/// content. Whoever has not ended when the schedule does is left standing for the stage to dismiss.
///
/// # Errors
/// The schedule does not fit, or what happens is not what the model predicts.
pub fn conduct(
    scenario: &Scenario,
    instance: &Instance,
    schedule: &[Move],
    site: &Site,
    stage: &mut impl Stage,
) -> Result<Model, ConductError> {
    let mut model = Model::new(scenario, instance);
    let mut conductor = Conductor { position: 0, seen: 0 };
    conductor.follow(&model, site, stage)?;
    conductor.compare_contents(&model, site)?;
    for (i, &mv) in schedule.iter().enumerate() {
        let misfit = |misfit| ConductError::Misfit { position: i + 1, misfit };
        conductor.position = i + 1;
        model.allows(mv).map_err(misfit)?;
        let who = name(scenario, mv.actor);
        match mv.act {
            Act::Kill => stage.kill(mv.actor).map_err(|e| conductor.failed(format!("kill {who}"), e))?,
            act => {
                let pick = if let Act::Pick(pick) = act { Some(pick) } else { None };
                stage.grant(mv.actor, pick).map_err(|e| conductor.failed(format!("let {who} go on"), e))?;
            }
        }
        model.make(mv).map_err(misfit)?;
        conductor.follow(&model, site, stage)?;
        conductor.compare_contents(&model, site)?;
    }
    Ok(model)
}

/// How far the comparison has come.
struct Conductor {
    position: usize,
    /// How many entries of the model's trace have been seen on the stage.
    seen: usize,
}

impl Conductor {
    /// Holds everything that is new in the model's trace against the reports of the stage.
    fn follow(&mut self, model: &Model, site: &Site, stage: &mut impl Stage) -> Result<(), ConductError> {
        let entries = &model.trace().entries[self.seen..];
        self.seen = model.trace().entries.len();
        for (i, Entry { actor, what }) in entries.iter().enumerate() {
            let expected = match what {
                What::Started => {
                    let who = || format!("start {}", name(model.scenario(), *actor));
                    stage.start(*actor).map_err(|e| self.failed(who(), e))?;
                    None
                }
                What::Took(_, seen, _) => Some(News::Took(observation_text(seen))),
                What::Local(Local::Told(event)) => Some(News::Told(event.clone())),
                What::Ended(end) => Some(News::Ended(end.clone())),
                What::Decided(go_on) => Some(News::Decided(*go_on)),
                What::Killed => Some(News::Ended(End::Killed)),
                What::Local(_) | What::Freed(..) => None,
            };
            if let Some(news) = expected {
                self.expect(model, stage, Report { actor: *actor, news })?;
            }
            let more = entries[i + 1..].iter().any(|later| later.actor == *actor);
            let moved = matches!(what, What::Started | What::Took(..) | What::Local(_));
            if moved && !more {
                match model.next_step(*actor) {
                    Ok(step) => {
                        let news = News::Before(step_text(&site.names, step));
                        self.expect(model, stage, Report { actor: *actor, news })?;
                    }
                    Err(refused @ Misfit::Refused(..)) => {
                        return Err(ConductError::Misfit { position: self.position, misfit: refused });
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn expect(&self, model: &Model, stage: &mut impl Stage, expected: Report) -> Result<(), ConductError> {
        let found = stage.report(PATIENCE);
        if found.as_ref() == Some(&expected) {
            return Ok(());
        }
        let found = match found {
            Some(report) => told(model.scenario(), &report),
            None => format!("nothing was heard for {PATIENCE:?}"),
        };
        let expected = told(model.scenario(), &expected);
        Err(ConductError::Differs { position: self.position, expected, found })
    }

    fn compare_contents(&self, model: &Model, site: &Site) -> Result<(), ConductError> {
        for (object, expected) in model.contents().iter().enumerate() {
            let found = site.content(object)?;
            if !is_as_predicted(expected, &found) {
                let name = model.trace().objects[object].0;
                let says = |content: &Content| format!("the {name} holds {}", held(content));
                let (expected, found) = (says(expected), says(&found));
                return Err(ConductError::Differs { position: self.position, expected, found });
            }
        }
        Ok(())
    }

    fn failed(&self, what: String, error: io::Error) -> ConductError {
        ConductError::Stage { position: self.position, what, error }
    }
}

/// Whether a real object holds what the model says.
fn is_as_predicted(expected: &Content, found: &Content) -> bool {
    match (expected, found) {
        (Content::File { bytes: expected, .. }, Content::File { bytes: found, .. }) => expected == found,
        _ => expected == found,
    }
}

fn told(scenario: &Scenario, Report { actor, news }: &Report) -> String {
    let who = name(scenario, *actor);
    match news {
        News::Before(step) => format!("{who} stands before {step}"),
        News::Took(seen) => format!("{who} observes {seen}"),
        News::Told(event) => format!("{who} says {} {:?} {:?}", event.name, event.value, event.meaning),
        News::Ended(end) => format!("{who} ends: {end:?}"),
        News::Decided(go_on) => format!("{who} decides {go_on}"),
        News::Stopped => format!("{who} stops"),
    }
}

fn held(content: &Content) -> String {
    match content {
        Content::File { bytes, .. } => format!("{:?}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    }
}
