//! The reference: every schedule of buyers that are told apart, one after the other, on the model.

use oversell::check::{Crowd, Final, Property, sighting};
use oversell::platform::model::Model;
use oversell::platform::{Actor, Content, Deed, Entry, Move};
use oversell::scenario::Scenario;
use oversell::sync::Observation;
use oversell::trace::Schedule;
use std::collections::{BTreeMap, HashMap};

/// What all schedules of one crowd come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enumerated {
    /// How executions end, and after how few moves.
    pub ends: BTreeMap<Final, usize>,
    /// The least schedule that shows a property at its last move.
    pub least: BTreeMap<Property, Schedule>,
    /// The most that were ever sold.
    pub worst: u64,
}

/// How many beginnings of executions may be looked at. Past that there is no result.
#[derive(Clone, Copy)]
pub struct Limit(pub usize);

impl Enumerated {
    /// Every schedule there is; nothing is left out and nothing is remembered.
    pub fn one_by_one<S: Scenario>(scenario: &S, crowd: &Crowd) -> Enumerated {
        let mut all = Enumerated::default();
        let mut work = vec![Model::new(scenario, crowd)];
        while let Some(model) = work.pop() {
            all.look(scenario, crowd, &model);
            work.extend(model.moves().into_iter().map(|mv| after(&model, mv)));
        }
        all
    }

    /// The same for more schedules than can be walked one by one. Of the schedules that leave everything alike,
    /// and the same one to have moved last, only the least is walked on: whatever follows one follows the other.
    pub fn merged<S: Scenario>(scenario: &S, crowd: &Crowd, Limit(limit): Limit) -> Option<Enumerated> {
        let mut all = Enumerated::default();
        let mut looked = 0;
        let mut layer = vec![Model::new(scenario, crowd)];
        while !layer.is_empty() {
            looked += layer.len();
            if looked > limit {
                return None;
            }
            let mut next: HashMap<Standing, Model<S>> = HashMap::new();
            for model in layer {
                all.look(scenario, crowd, &model);
                for mv in model.moves() {
                    let model = after(&model, mv);
                    let standing = Standing::of(&model);
                    let known = next.get(&standing);
                    if known.is_none_or(|known| schedule(&model).rank() < schedule(known).rank()) {
                        next.insert(standing, model);
                    }
                }
            }
            layer = next.into_values().collect();
        }
        Some(all)
    }

    fn look<S: Scenario>(&mut self, scenario: &S, crowd: &Crowd, model: &Model<S>) {
        let end = Final::of_model(model, crowd);
        let schedule = schedule(model);
        let moves = schedule.0.len();
        self.worst = self.worst.max(Final::of_trace(model.trace(), crowd, None).sold);
        for property in Property::ALL {
            let seen = sighting(property, model.trace(), scenario.tickets(), crowd, end.as_ref());
            let least = self.least.get(&property);
            if seen.is_some_and(|seen| seen.moves == moves) && least.is_none_or(|least| schedule.rank() < least.rank())
            {
                self.least.insert(property, schedule.clone());
            }
        }
        if let Some(end) = end {
            let fewest = self.ends.entry(end).or_insert(moves);
            *fewest = moves.min(*fewest);
        }
    }
}

fn after<S: Scenario>(model: &Model<S>, mv: Move) -> Model<S> {
    let mut model = model.clone();
    model.make(mv).expect("the model itself offered this move");
    model
}

fn schedule<S: Scenario>(model: &Model<S>) -> Schedule {
    Schedule(model.trace().schedule())
}

/// What the future depends on, and its rank: the contents, all that everybody has ever observed (`None` for being
/// killed), and who moved last.
#[derive(PartialEq, Eq, Hash)]
struct Standing {
    contents: Vec<Content>,
    observed: BTreeMap<Actor, Vec<Option<Observation>>>,
    last: Option<Actor>,
}

impl Standing {
    fn of<S: Scenario>(model: &Model<S>) -> Standing {
        let mut observed: BTreeMap<Actor, Vec<_>> = BTreeMap::new();
        for Entry { actor, deed } in &model.trace().entries {
            match deed {
                Deed::Took(_, observation) => observed.entry(*actor).or_default().push(Some(observation.clone())),
                Deed::Killed => observed.entry(*actor).or_default().push(None),
                _ => {}
            }
        }
        let last = model.trace().schedule().last().map(|mv| mv.actor);
        Standing { contents: model.contents().to_vec(), observed, last }
    }
}
