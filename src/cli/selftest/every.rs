//! Every schedule of a small program, one after the other on the model: what all else is held against.
//!
//! Nothing clever is done. No states are merged, and nothing is known of control points.

use crate::check::{Evidence, Final, Instance, Kind, Property, evidence, printed};
use crate::platform::model::Model;
use crate::platform::{Act, Actor, Move, What};
use crate::scenario::Scenario;
use crate::trace::Schedule;
use std::collections::{BTreeMap, BTreeSet};

/// What all schedules of one instance come to.
pub struct Every {
    pub scenario: Scenario,
    pub instance: Instance,
    /// How executions end, and after how few moves.
    pub ends: BTreeMap<Final, usize>,
    /// The least schedule that shows a property.
    pub least: BTreeMap<Property, Schedule>,
    /// The most that were ever sold beyond what was added to the stock.
    pub worst: i64,
    /// What whole executions print.
    pub outputs: BTreeSet<Vec<String>>,
    /// The moves by which an ended execution cannot go on, and yet the model says that it does.
    pub goes_on: Option<Schedule>,
    properties: Vec<Property>,
    left: usize,
}

/// So many beginnings of executions are looked at. Code that goes round has more, and is not looked at so.
const MOST: usize = 1_500;

/// None of them has more moves than this.
const LONGEST: usize = 50;

impl Every {
    /// All of them; `None` if they are too many.
    pub fn of(scenario: &Scenario, instance: &Instance) -> Option<Every> {
        let mut every = Every {
            scenario: scenario.clone(),
            instance: instance.clone(),
            ends: BTreeMap::new(),
            least: BTreeMap::new(),
            worst: 0,
            outputs: BTreeSet::new(),
            goes_on: None,
            properties: Property::of(scenario),
            left: MOST,
        };
        every.walk(&Model::new(scenario, instance))?;
        Some(every)
    }

    fn walk(&mut self, model: &Model) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        if model.trace().schedule().len() > LONGEST {
            return None;
        }
        let so_far = Final::of_trace(&self.scenario, model.trace(), &self.instance, None);
        let stock = i64::try_from(self.scenario.stock().unwrap_or(0)).ok()?;
        self.worst = self.worst.max(so_far.sold - (so_far.stock - stock));
        let moves = model.moves();
        // An end is where nobody can take a step, even if somebody could still be killed.
        if moves.iter().all(|mv| mv.act == Act::Kill) {
            self.look(model)?;
        }
        for mv in moves {
            self.walk(&after(model, mv)?)?;
        }
        Some(())
    }

    /// Takes note of an execution that has come to its end.
    fn look(&mut self, model: &Model) -> Option<()> {
        let end = Final::of_model(model, &self.instance)?;
        let schedule = Schedule(model.trace().schedule());
        for property in &self.properties {
            let Some(seen) = evidence(*property, &self.scenario, model.trace(), Some(&end)) else { continue };
            let beginning = Schedule(schedule.0[..seen.moves].to_vec());
            let least = self.least.entry(*property).or_insert_with(|| beginning.clone());
            if beginning.rank() < least.rank() {
                *least = beginning;
            }
        }
        self.outputs.insert(printed(&self.scenario, model.trace()));
        for (actor, what) in model.trace().entries.iter().map(|entry| (entry.actor, &entry.what)) {
            let step = Move::step(actor);
            if matches!(what, What::Ended(_)) && model.allows(step).is_ok() {
                self.goes_on = Some(Schedule([&schedule.0[..], &[step]].concat()));
            }
        }
        let fewest = self.ends.entry(end).or_insert(schedule.0.len());
        *fewest = schedule.0.len().min(*fewest);
        Some(())
    }

    /// The parent, and all threads.
    pub fn everybody(&self) -> impl Iterator<Item = Actor> {
        let threads = |role| (0..self.instance.number(role)).map(move |number| Actor::Thread(role, number));
        [Actor::Parent].into_iter().chain((0..self.instance.threads.len()).flat_map(threads))
    }

    /// What a verdict on a property must be called.
    pub fn name(&self, property: Property) -> &'static str {
        match (property.kind(), self.least.contains_key(&property)) {
            (Kind::Always, true) => "refuted",
            (Kind::Always, false) => "proved",
            (Kind::Sometimes, true) => "possible",
            (Kind::Sometimes, false) => "impossible",
        }
    }

    /// Whether an execution can still end without showing a property, if nobody else is killed.
    pub fn can_end_well(&self, property: Property, model: &Model) -> bool {
        if shows(property, model, &self.instance).is_some() {
            return false;
        }
        let made: Vec<_> = model.moves().into_iter().filter(|mv| mv.act != Act::Kill).collect();
        let mut nexts = made.iter().filter_map(|mv| after(model, *mv));
        made.is_empty() || nexts.any(|next| self.can_end_well(property, &next))
    }
}

/// What shows a property on the way of an execution, or at its end if it has come to it.
fn shows(property: Property, model: &Model, instance: &Instance) -> Option<Evidence> {
    let end = Final::of_model(model, instance);
    evidence(property, model.scenario(), model.trace(), end.as_ref())
}

/// Whether a property shows at the last move of an execution.
pub fn shows_now(property: Property, model: &Model, instance: &Instance) -> bool {
    shows(property, model, instance).is_some_and(|seen| seen.moves == model.trace().schedule().len())
}

/// One move further.
pub fn after(model: &Model, mv: Move) -> Option<Model> {
    let mut next = model.clone();
    next.make(mv).ok().map(|()| next)
}
