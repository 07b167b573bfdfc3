//! Verdicts, and what an engine is.

use super::{AutomatonError, Final, Kind, Property, evidence};
use crate::platform::{Instance, Move, Trace};
use crate::scenario::Scenario;
use crate::trace::{Closing, Layout, ReplayError, Schedule, layout, replay};
use std::fmt;

/// Checks properties of a scenario.
pub trait Engine {
    /// Its name on the command line and in reports.
    fn name(&self) -> &'static str;

    /// One finding per property, in the order asked.
    ///
    /// # Errors
    /// The scenario cannot be checked by this engine at all; see [`CheckError`].
    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError>;
}

/// Why there is no verdict at all, not even an inconclusive one.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The scenario breaks an assumption that verdicts rest on.
    #[error(transparent)]
    Automaton(#[from] AutomatonError),
    /// The engine cannot check such an instance.
    #[error("the {engine} engine {reason}")]
    Unsupported {
        /// Which engine.
        engine: &'static str,
        /// What it cannot do, and what to use instead.
        reason: String,
    },
    /// An engine's own witness does not replay.
    #[error("the {engine} engine found a witness that does not replay, so its verdict cannot be trusted: {reason}")]
    Witness {
        /// Which engine.
        engine: &'static str,
        /// What happened on replay.
        reason: String,
    },
    /// The question makes no sense for the scenario.
    #[error("{0}")]
    Question(String),
}

/// What an engine has to say of one property.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which property.
    pub property: Property,
    /// What is so.
    pub verdict: Verdict,
    /// For [`Property::NoOversell`]: the most that were sold in any execution explored; `None` if that was not
    /// found out, or if there is no bound.
    pub worst: Option<u64>,
    /// What the verdict rests on.
    pub basis: Basis,
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Under which memory model it holds.
    pub memory: MemoryModel,
    /// What was not looked at, or only cross-checked, in words; nothing if there is nothing.
    pub assumed: Vec<String>,
}

/// A memory model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryModel {
    /// Every execution is an interleaving of steps.
    SequentiallyConsistent,
    /// What loom knows of C11: stale reads, but no load buffering, and `SeqCst` taken for `AcqRel`.
    LoomC11,
}

impl MemoryModel {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            MemoryModel::SequentiallyConsistent => "sequentially consistent",
            MemoryModel::LoomC11 => "loom's approximation of C11",
        }
    }
}

/// What is so, with what was explored to say it.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// An *always* property holds in every execution.
    Proved(Explored),
    /// An *always* property fails.
    Refuted {
        /// An execution in which it does.
        witness: Box<Witness>,
        /// What was explored.
        explored: Explored,
    },
    /// A *sometimes* property holds in some execution.
    Possible {
        /// Such an execution.
        witness: Box<Witness>,
        /// What was explored.
        explored: Explored,
    },
    /// A *sometimes* property holds in no execution.
    Impossible(Explored),
    /// An *always* property holds as far as loops were followed; beyond that it is not known.
    Bounded {
        /// How far that is.
        bound: String,
        /// What was explored.
        explored: Explored,
    },
    /// Not known.
    Inconclusive {
        /// The limit that was hit, or why this engine cannot tell.
        limit: String,
        /// What was explored before.
        explored: Explored,
    },
}

impl Verdict {
    /// The verdict that a witness, or the lack of one after everything was explored, comes to.
    pub(crate) fn settled(property: Property, witness: Option<Witness>, explored: Explored) -> Verdict {
        match (property.kind(), witness) {
            (Kind::Always, Some(witness)) => Verdict::Refuted { witness: Box::new(witness), explored },
            (Kind::Always, None) => Verdict::Proved(explored),
            (Kind::Sometimes, Some(witness)) => Verdict::Possible { witness: Box::new(witness), explored },
            (Kind::Sometimes, None) => Verdict::Impossible(explored),
        }
    }

    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Proved(_) => "proved",
            Verdict::Refuted { .. } => "refuted",
            Verdict::Possible { .. } => "possible",
            Verdict::Impossible(_) => "impossible",
            Verdict::Bounded { .. } => "bounded",
            Verdict::Inconclusive { .. } => "inconclusive",
        }
    }

    /// Whether the property holds: an *always* that is proved, a *sometimes* that is possible. `None` if it is not
    /// known.
    pub fn holds(&self) -> Option<bool> {
        match self {
            Verdict::Proved(_) | Verdict::Possible { .. } => Some(true),
            Verdict::Refuted { .. } | Verdict::Impossible(_) => Some(false),
            Verdict::Bounded { .. } | Verdict::Inconclusive { .. } => None,
        }
    }

    /// What was explored.
    pub fn explored(&self) -> &Explored {
        match self {
            Verdict::Proved(explored) | Verdict::Impossible(explored) => explored,
            Verdict::Refuted { explored, .. }
            | Verdict::Possible { explored, .. }
            | Verdict::Bounded { explored, .. }
            | Verdict::Inconclusive { explored, .. } => explored,
        }
    }

    /// The execution that shows it, if it takes one.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } => Some(witness),
            _ => None,
        }
    }
}

/// How much was explored: counts by name, such as states or executions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored(pub Vec<(&'static str, u64)>);

impl Explored {
    /// One of the counts.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(what, _)| *what == name).map(|(_, count)| *count)
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (what, count)) in self.0.iter().enumerate() {
            write!(f, "{}{count} {what}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// An execution, or the beginning of one, that shows a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What it shows.
    pub property: Property,
    /// Who is in it.
    pub instance: Instance,
    /// The order of moves.
    pub schedule: Schedule,
    /// What happens.
    pub trace: Trace,
    /// What is to be seen at its end.
    pub remark: String,
    /// Whether it is the canonical one: of all that show the property the one with the fewest threads, moves and switches.
    /// If not, an engine came across it, or the search for the canonical one hit a limit (then the remark says so).
    pub is_canonical: bool,
}

impl Witness {
    /// The execution of this schedule, which must show the property at its last move.
    ///
    /// # Errors
    /// It does not; an engine that asks for this has found something that is not so.
    pub fn by_replay(
        scenario: &Scenario,
        instance: &Instance,
        property: Property,
        schedule: Vec<Move>,
    ) -> Result<Witness, String> {
        let schedule = Schedule(schedule);
        let model = replay(scenario, instance, &schedule).map_err(|e: ReplayError| e.to_string())?;
        if let Some(refusal) = model.refusal() {
            return Err(refusal.to_string());
        }
        let trace = model.trace().clone();
        let witness = |remark| Witness {
            property,
            instance: instance.clone(),
            schedule: schedule.clone(),
            trace: trace.clone(),
            remark,
            is_canonical: true,
        };
        if property == Property::NoLivelock {
            // That no end can be reached from here is what the engine has found; no single execution shows it.
            return match Final::of_model(&model, instance) {
                None => Ok(witness("steps can be taken for ever, and no execution from here on ends".to_owned())),
                Some(_) => {
                    let schedule = schedule.text(scenario);
                    Err(format!("the execution of {schedule} is at an end, and so no livelock"))
                }
            };
        }
        let end = Final::of_model(&model, instance);
        match evidence(property, scenario, &trace, end.as_ref()) {
            Some(seen) if seen.moves == schedule.0.len() => Ok(witness(seen.remark)),
            seen => {
                let schedule = schedule.text(scenario);
                Err(format!("{property} shows at {seen:?} on schedule {schedule}, and not at its end"))
            }
        }
    }

    /// The trace in lanes, as text.
    pub fn lanes(&self, scenario: &Scenario) -> String {
        self.layout(scenario).text()
    }

    /// The trace in lanes.
    pub fn layout(&self, scenario: &Scenario) -> Layout {
        layout(scenario, &self.trace, &self.closing())
    }

    /// What there is to say at its end.
    pub fn closing(&self) -> Closing {
        let remark = vec![format!("{}: {}", self.property, self.remark)];
        match self.property.kind() {
            Kind::Always => Closing::Broken(remark),
            Kind::Sometimes => Closing::Reached(remark),
        }
    }
}
