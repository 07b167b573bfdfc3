//! The reference: every schedule of threads that are told apart, one after the other, on the model.
//!
//! It knows nothing of control points. The code of every thread is followed by all that it has observed, finished spans
//! included; only a try that a retry has given up is forgotten, or executions that go on for ever could not be walked.

use oversell::check::{Final, Instance, Property, evidence};
use oversell::platform::model::Model;
use oversell::platform::script::Local;
use oversell::platform::{Act, Actor, Content, Entry, Move, What};
use oversell::scenario::Scenario;
use oversell::sync::{Access, Mode, ObjectId, Observation, Step};
use oversell::trace::Schedule;
use std::collections::{BTreeMap, HashMap};

/// What all schedules of one instance come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enumerated {
    /// How executions end, and after how few moves.
    pub ends: BTreeMap<Final, usize>,
    /// The least schedule that shows a property at its last move.
    pub least: BTreeMap<Property, Schedule>,
    /// The most that were ever sold, less what was added to the stock by then.
    pub worst: i64,
    /// Why somebody's code cannot be followed, if somewhere it cannot.
    pub refused: Option<String>,
}

/// How many states may be looked at. Past that there is no result.
#[derive(Clone, Copy)]
pub struct Limit(pub usize);

impl Enumerated {
    /// Every schedule there is; nothing is left out and nothing is remembered. Only for code that never goes round.
    pub fn one_by_one(scenario: &Scenario, instance: &Instance) -> Enumerated {
        let mut all = Enumerated::default();
        let mut work = vec![Walk::new(scenario, instance)];
        while let Some(walk) = work.pop() {
            all.look(scenario, instance, &walk);
            work.extend(walk.model.moves().into_iter().map(|mv| walk.after(mv)));
        }
        all
    }

    /// The same for more schedules than can be walked one by one. Of the schedules that leave everything alike, and the
    /// same one to have moved last, only the least is walked on: whatever follows one follows the other.
    pub fn merged(scenario: &Scenario, instance: &Instance, Limit(limit): Limit) -> Option<Enumerated> {
        let mut all = Enumerated::default();
        let mut graph = Graph::default();
        let start = Walk::new(scenario, instance);
        let mut layer = vec![(graph.number(Standing::of(&start.model, instance), 0), start)];
        for moves in 0.. {
            if layer.is_empty() {
                break;
            }
            if graph.states.len() > limit {
                return None;
            }
            let mut next: HashMap<(usize, Option<Actor>), Walk> = HashMap::new();
            for (state, walk) in layer {
                all.look(scenario, instance, &walk);
                graph.walked(state, &walk.schedule);
                for mv in walk.model.moves() {
                    let walk = walk.after(mv);
                    let to = graph.number(Standing::of(&walk.model, instance), moves + 1);
                    if mv.act != Act::Kill {
                        graph.states[state].steps.push(to);
                    }
                    // Whatever follows from here follows with fewer moves from where it was found first.
                    if graph.states[to].moves <= moves {
                        continue;
                    }
                    let by = (to, Some(mv.actor));
                    let known = next.get(&by);
                    if known.is_none_or(|known| walk.schedule.rank() < known.schedule.rank()) {
                        next.insert(by, walk);
                    }
                }
            }
            layer = next.into_iter().map(|((state, _), walk)| (state, walk)).collect();
        }
        let trapped = graph.trapped();
        let least = trapped.into_iter().min_by(|one, other| one.rank().cmp(&other.rank()));
        all.least.extend(least.map(|least| (Property::NoLivelock, least)));
        Some(all)
    }

    /// Judges one execution, or the beginning of one.
    fn look(&mut self, scenario: &Scenario, instance: &Instance, Walk { model, schedule }: &Walk) {
        self.refused = self.refused.take().or(model.refusal().map(|refusal| refusal.to_string()));
        let end = Final::of_model(model, instance);
        let moves = schedule.0.len();
        let stock = i64::try_from(scenario.stock().unwrap_or(0)).expect("few tickets");
        let so_far = so_far(model, instance);
        self.worst = self.worst.max(so_far.sold - (so_far.stock - stock));
        for property in Property::of(scenario) {
            if self.least.get(&property).is_some_and(|least| least.rank() <= schedule.rank()) {
                continue;
            }
            let seen = evidence(property, scenario, model.trace(), end.as_ref());
            if seen.is_some_and(|seen| seen.moves == moves) {
                self.least.insert(property, schedule.clone());
            }
        }
        if let Some(end) = end {
            let fewest = self.ends.entry(end).or_insert(moves);
            *fewest = moves.min(*fewest);
        }
    }
}

/// An execution, or the beginning of one.
struct Walk {
    model: Model,
    schedule: Schedule,
}

impl Walk {
    fn new(scenario: &Scenario, instance: &Instance) -> Walk {
        Walk { model: Model::new(scenario, instance), schedule: Schedule::default() }
    }

    fn after(&self, mv: Move) -> Walk {
        let Walk { mut model, mut schedule } = Walk { model: self.model.clone(), schedule: self.schedule.clone() };
        model.make(mv).expect("the model itself offered this move");
        schedule.0.push(mv);
        Walk { model, schedule }
    }
}

fn so_far(model: &Model, instance: &Instance) -> Final {
    Final::of_trace(model.scenario(), model.trace(), instance, None)
}

/// The states that were found, and the steps between them.
#[derive(Default)]
struct Graph {
    numbers: HashMap<Standing, usize>,
    states: Vec<State>,
}

struct State {
    /// The fewest moves that lead here, and the least schedule of so many.
    moves: usize,
    least: Option<Schedule>,
    /// Where steps lead. (Kills do not count: nobody relies on them.)
    steps: Vec<usize>,
}

impl Graph {
    fn number(&mut self, standing: Standing, moves: usize) -> usize {
        *self.numbers.entry(standing).or_insert_with(|| {
            self.states.push(State { moves, least: None, steps: Vec::new() });
            self.states.len() - 1
        })
    }

    fn walked(&mut self, state: usize, schedule: &Schedule) {
        let least = &mut self.states[state].least;
        if least.as_ref().is_none_or(|least| schedule.rank() < least.rank()) {
            *least = Some(schedule.clone());
        }
    }

    /// The least schedules to the states from which no end can be reached.
    fn trapped(self) -> Vec<Schedule> {
        let mut ends: Vec<bool> = self.states.iter().map(|state| state.steps.is_empty()).collect();
        loop {
            let free = |state: &usize| !ends[*state] && self.states[*state].steps.iter().any(|to| ends[*to]);
            let more: Vec<_> = (0..ends.len()).filter(free).collect();
            if more.is_empty() {
                break;
            }
            more.into_iter().for_each(|state| ends[state] = true);
        }
        self.states.into_iter().zip(ends).filter(|(_, ends)| !ends).filter_map(|(state, _)| state.least).collect()
    }
}

/// What the future depends on: the contents, what everybody has observed, and what has been told so far.
#[derive(PartialEq, Eq, Hash)]
struct Standing {
    contents: Vec<Content>,
    observed: BTreeMap<Actor, Observed>,
    told: (i64, i64, Vec<i64>),
}

/// What somebody has observed, but for the tries that were given up.
#[derive(Default, PartialEq, Eq, Hash)]
struct Observed {
    all: Vec<Seen>,
    /// Where in `all` the spans began that are open.
    open: Vec<usize>,
    /// What is held. (A try that was given up may have taken something and forgotten it.)
    held: Vec<(ObjectId, Mode)>,
}

impl Observed {
    fn took(&mut self, step: &Step, seen: &Observation) {
        self.all.push(Seen::Observed(seen.clone()));
        match step {
            Step::On(object, Access::Lock(mode) | Access::TryLock(mode)) if *seen != Observation::Refused => {
                self.held.push((*object, *mode));
                self.held.sort();
            }
            Step::On(object, Access::Unlock(mode, _)) => {
                let place = self.held.iter().position(|held| held == &(*object, *mode));
                self.held.remove(place.expect("only what is held is freed"));
            }
            _ => {}
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Seen {
    Observed(Observation),
    Killed,
    Decided,
}

impl Standing {
    fn of(model: &Model, instance: &Instance) -> Standing {
        let mut observed: BTreeMap<Actor, Observed> = BTreeMap::new();
        for Entry { actor, what } in &model.trace().entries {
            let thread = observed.entry(*actor).or_default();
            let Observed { all, open, held } = &mut *thread;
            match what {
                // A parent starts anew each time.
                What::Started => *thread = Observed::default(),
                What::Took(step, seen, _) => thread.took(step, seen),
                What::Local(Local::Entered(_)) => open.push(all.len()),
                What::Local(Local::Left(..)) => drop(open.pop()),
                What::Local(Local::Again(_)) => all.truncate(*open.last().expect("a retry is open that starts over")),
                What::Killed => (all.push(Seen::Killed), held.clear()).0,
                What::Decided(_) => *thread = Observed { all: vec![Seen::Decided], ..Observed::default() },
                What::Ended(_) => held.clear(),
                What::Local(Local::Told(_)) | What::Freed(..) => {}
            }
        }
        let Final { sold, stock, totals, .. } = so_far(model, instance);
        Standing { contents: model.contents().to_vec(), observed, told: (sold, stock, totals) }
    }
}
