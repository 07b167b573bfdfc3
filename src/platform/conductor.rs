//! The conductor: one interleaving on a stage, step by step, held against the model.
//!
//! Every buyer announces its next step and waits. The conductor grants turns in the schedule's order, and after
//! every move compares what was announced, what was observed, what was said and what is on disk with the model's
//! prediction. Nothing sleeps: a turn is over when the report of what comes next is in.

use super::model::{Crowd, Misfit, Model};
use super::script::Aside;
use super::site::{Site, SiteError};
use super::stage::{News, Report, Stage};
use super::{Actor, Content, Deed, End, Entry, Move};
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
pub fn conduct<S: Scenario>(
    scenario: &S,
    crowd: &Crowd,
    schedule: &[Move],
    site: &Site,
    stage: &mut impl Stage,
) -> Result<Model<S>, ConductError> {
    let mut model = Model::new(scenario, crowd);
    let mut conductor = Conductor { position: 0, seen: 0 };
    conductor.follow(&model, stage)?;
    conductor.compare_contents(&model, site)?;
    for (i, &mv) in schedule.iter().enumerate() {
        conductor.position = i + 1;
        model.allows(mv).map_err(|misfit| ConductError::Misfit { position: i + 1, misfit })?;
        match mv.actor {
            Actor::Buyer(buyer) if mv.kill => {
                stage.kill(buyer).map_err(|e| conductor.failed(format!("kill {}", mv.actor), e))?
            }
            actor => stage.grant(actor).map_err(|e| conductor.failed(format!("let {actor} go on"), e))?,
        }
        model.make(mv).map_err(|misfit| ConductError::Misfit { position: i + 1, misfit })?;
        conductor.follow(&model, stage)?;
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
    fn follow<S: Scenario>(&mut self, model: &Model<S>, stage: &mut impl Stage) -> Result<(), ConductError> {
        let entries = &model.trace().entries[self.seen..];
        self.seen = model.trace().entries.len();
        for (i, Entry { actor, deed }) in entries.iter().enumerate() {
            let expected = match deed {
                Deed::Started => {
                    stage.start(*actor).map_err(|e| self.failed(format!("start {actor}"), e))?;
                    None
                }
                Deed::Took(_, observation) => Some(News::Took(observation.clone())),
                Deed::Aside(Aside::Told(event)) => Some(News::Told(event.clone())),
                Deed::Ended(end) => Some(News::Ended(end.clone())),
                Deed::Decided(go_on) => Some(News::Decided(*go_on)),
                Deed::Killed => Some(News::Ended(End::Killed)),
                Deed::Aside(_) | Deed::Freed(_) => None,
            };
            if let Some(news) = expected {
                self.expect(stage, Report { actor: *actor, news })?;
            }
            let more = entries[i + 1..].iter().any(|later| later.actor == *actor);
            let moved = matches!(deed, Deed::Started | Deed::Took(..) | Deed::Aside(_));
            if moved && !more {
                self.expect_next_step(model, stage, *actor)?;
            }
        }
        Ok(())
    }

    fn expect_next_step<S: Scenario>(
        &self,
        model: &Model<S>,
        stage: &mut impl Stage,
        actor: Actor,
    ) -> Result<(), ConductError> {
        match model.next_step(actor) {
            Ok(step) => self.expect(stage, Report { actor, news: News::Before(step.clone()) }),
            Err(_) => Ok(()),
        }
    }

    fn expect(&self, stage: &mut impl Stage, expected: Report) -> Result<(), ConductError> {
        let found = stage.report(PATIENCE);
        if found.as_ref() == Some(&expected) {
            return Ok(());
        }
        let found = match found {
            Some(report) => told(&report),
            None => format!("nothing was heard for {PATIENCE:?}"),
        };
        Err(ConductError::Differs { position: self.position, expected: told(&expected), found })
    }

    fn compare_contents<S: Scenario>(&self, model: &Model<S>, site: &Site) -> Result<(), ConductError> {
        for (object, expected) in model.contents().iter().enumerate() {
            let found = site.content(object)?;
            if found != *expected {
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

fn told(report: &Report) -> String {
    let Report { actor, news } = report;
    match news {
        News::Before(step) => format!("{actor} stands before {:?}", step.access),
        News::Took(observation) => format!("{actor} observes {observation:?}"),
        News::Told(event) => format!("{actor} says {} {:?}", event.name, event.value),
        News::Ended(end) => format!("{actor} ends: {end:?}"),
        News::Decided(go_on) => format!("{actor} decides {go_on}"),
        News::Stopped => format!("{actor} stops"),
    }
}

fn held(content: &Content) -> String {
    match content {
        Content::File(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        other => format!("{other:?}"),
    }
}
