//! Verifying: whether a certificate proves what it says, of the code as it is now.
//!
//! What has to be believed is this file and what it asks: the real code on a [script](crate::platform::script), what a step
//! does to an object, and what a property says. It has no states, search or automaton of the engines. A number of
//! threads above `k` is "more"; whoever leaves "more" leaves `k` behind, or still more. So 1, 2, …, `k + 2` threads at
//! the start stand for any number: even where one is started before the others, more than `k` are left of the last.

use super::certificate::{AbstractState, Certificate, CertificateError, MORE, Point, held_by};
use super::evidence::{own_state_shows, total};
use super::outcome::Tally;
use super::{Final, Property, Scope, Threads};
use crate::platform::record::left_behind;
use crate::platform::script::{Local, Memory, Reading, Script, Stop};
use crate::platform::{Actor, Content, End, Instance, hold};
use crate::scenario::{Launch, Scenario, State};
use crate::sync::{Event, Meaning, Mode, ObjectId, Observation, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Checks that a certificate proves its property of a scenario; returns how many steps and kills it looked at.
///
/// # Errors
/// It is of another scenario or wrongly used, or it does not prove it; says what, where and what to do.
pub fn verify(scenario: &Scenario, certificate: &Certificate) -> Result<usize, CertificateError> {
    let (property, instance) = certificate.question(scenario)?;
    let (reading, setup) = Reading::new(scenario);
    let sums = matches!(property.scope(), Scope::States | Scope::Ends)
        && !matches!(property, Property::SearchesOverlap | Property::NoDeadlock);
    let (contents, points) = (Table::new(&certificate.contents), Table::new(&certificate.points));
    let k = certificate.k;
    let mut verifier = Verifier { scenario, property, instance, k, sums, reading, contents, points, runs: HashMap::new() };
    let initial = setup.objects().iter().map(|(_, content)| content.clone()).collect();
    let fails = |what: String| certificate.fails(&what, None);
    let mut work = verifier.starts(initial).map_err(fails)?;
    let (mut visited, mut steps, mut ends) = (BTreeSet::new(), 0, 0);
    while let Some(state) = work.pop() {
        if !certificate.states.contains(&state) {
            return Err(certificate.fails("a state that can be reached is not in it", Some(&state)));
        }
        if visited.insert(state.clone()) {
            let fails = |what: String| certificate.fails(&what, Some(&state));
            let (next, is_end) = verifier.successors(&state).map_err(fails)?;
            if verifier.shows(&state, is_end).map_err(fails)? {
                return Err(certificate.fails("a state that can be reached shows the opposite", Some(&state)));
            }
            (steps, ends) = (steps + next.len(), ends + usize::from(is_end));
            work.extend(next);
        }
    }
    match certificate.states.difference(&visited).next() {
        Some(state) => Err(certificate.fails("no execution reaches a state that is in it", Some(state))),
        None if property.scope() == Scope::Ends && ends == 0 => Err(fails("no execution ends".to_owned())),
        None => Ok(steps),
    }
}

/// The texts of a certificate, and what was found to be meant by them.
struct Table<T>(BTreeMap<String, usize>, Vec<Option<T>>);

impl<T: PartialEq> Table<T> {
    fn new(texts: &[String]) -> Self {
        let numbers = texts.iter().enumerate().map(|(number, text)| (text.clone(), number));
        Table(numbers.collect(), texts.iter().map(|_| None).collect())
    }

    fn number(&mut self, text: String, value: T) -> Result<usize, String> {
        let Some(&number) = self.0.get(&text) else {
            return Err(format!("it knows nothing of what can come about here: \"{text}\""));
        };
        match &self.1[number] {
            Some(known) if *known != value => return Err(format!("two different things read alike: \"{text}\"")),
            _ => self.1[number] = Some(value),
        }
        Ok(number)
    }

    fn value(&self, number: usize) -> &T {
        self.1[number].as_ref().expect("only numbers that were given out are asked about")
    }
}

/// What a run of the code came to.
#[derive(Clone)]
struct Run {
    /// Where it stands; `None` for a parent that has decided.
    to: Option<usize>,
    ended: bool,
    /// The parent goes on launching.
    goes_on: bool,
    /// What it has told since its last step.
    told: Tally,
    /// What it holds at its end, and whether it died.
    left: Vec<(ObjectId, Mode)>,
    died: bool,
}

struct Verifier<'s> {
    scenario: &'s Scenario,
    property: Property,
    instance: Instance,
    k: u32,
    /// Whether the property speaks of what was sold.
    sums: bool,
    reading: Reading,
    contents: Table<Content>,
    points: Table<Point>,
    /// By who runs, where it stands and what it observes there.
    runs: HashMap<(Actor, Option<(usize, Observation)>), Run>,
}

impl Verifier<'_> {
    fn starts(&mut self, initial: Vec<Content>) -> Result<Vec<AbstractState>, String> {
        let contents = initial.into_iter().enumerate().map(|(object, content)| self.content(object, content));
        let contents = contents.collect::<Result<_, _>>()?;
        let balance = if self.sums { -(self.scenario.stock().unwrap_or(0) as i64) } else { 0 };
        let points = BTreeMap::new();
        let start = AbstractState { contents, parent: None, kills: 0, unstarted: 0, balance, restocked: 0, points };
        let mut starts = vec![start];
        for (role, threads) in self.instance.threads.clone().into_iter().enumerate() {
            let numbers = threads.number().map_or(1..=self.k + 2, |number| number as u32..=number as u32);
            let mut with_role = Vec::new();
            for (mut state, number) in starts.iter().flat_map(|state| numbers.clone().map(|n| (state.clone(), n))) {
                if role == 0 && self.scenario.launch() != Launch::Together {
                    state.unstarted = number;
                    with_role.extend(self.start_one(state)?);
                } else {
                    (0..number).try_for_each(|_| self.start(&mut state, role).map(drop))?;
                    with_role.push(state);
                }
            }
            starts = with_role;
        }
        starts.iter_mut().filter(|state| state.unstarted > self.k).for_each(|state| state.unstarted = MORE);
        Ok(starts)
    }

    /// Every state that a step or a kill leads to, and whether none of them is a step.
    fn successors(&mut self, state: &AbstractState) -> Result<(Vec<AbstractState>, bool), String> {
        let (mut next, mut is_end) = (Vec::new(), true);
        for &at in state.parent.iter().chain(state.points.keys()) {
            let point = self.points.value(at).clone();
            for (change, seen) in self.outcomes(&state.contents, &point) {
                is_end = false;
                let run = self.run(point.actor, Some((at, seen)))?;
                next.extend(self.after(state.clone(), at, change, run)?);
            }
            if point.step.is_some() && point.actor != Actor::Parent && state.kills < self.instance.kills {
                let state = AbstractState { kills: state.kills + 1, ..state.clone() };
                let left = point.held.clone();
                let to = Some(self.point(Point { step: None, memory: Vec::new(), held: Vec::new(), ..point })?);
                let told = Tally::default();
                let killed = Run { to, ended: true, goes_on: false, told, left, died: true };
                next.extend(self.after(state, at, None, killed)?);
            }
        }
        Ok((next, is_end))
    }

    /// What the step at a point can come to: what it changes, and what is observed.
    fn outcomes(&self, contents: &[usize], point: &Point) -> Vec<(Option<(ObjectId, Content)>, Observation)> {
        match &point.step {
            None => Vec::new(),
            Some(Step::Fence(_)) => vec![(None, Observation::Done)],
            Some(Step::Choose(choice)) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Some(Step::On(object, access)) => {
                let outcomes = self.contents.value(contents[*object]).outcomes(access);
                outcomes.into_iter().map(|(content, seen)| (Some((*object, content)), seen)).collect()
            }
        }
    }

    /// The states after somebody at this point has changed an object and come to the end of a run.
    fn after(
        &mut self,
        mut state: AbstractState,
        at: usize,
        change: Option<(ObjectId, Content)>,
        run: Run,
    ) -> Result<Vec<AbstractState>, String> {
        let mut changed: BTreeMap<ObjectId, Content> = change.into_iter().collect();
        let now = |object| changed.get(&object).unwrap_or(self.contents.value(state.contents[object])).clone();
        let left = left_behind(&run.left, self.instance.lock, run.died, now);
        changed.extend(left);
        for (object, content) in changed {
            state.contents[object] = self.content(object, content)?;
        }
        let Some(threads) = state.points.remove(&at) else { return self.parent_stands(state, &run) };
        let (before, change) = (state.balance, run.told.sold - run.told.restocked);
        // Of any number of threads, a balance of 1 is "1 or more".
        let is_more = self.instance.is_any() && before == 1;
        let lowest = if self.instance.is_any() { (before + change).min(1) } else { before + change };
        let mut states = Vec::new();
        for (threads, balance) in self.less(threads).into_iter().flat_map(|threads| {
            (lowest..=if is_more { 1 } else { lowest }).map(move |balance| (threads, balance))
        }) {
            let mut state = AbstractState { balance, restocked: state.restocked + run.told.restocked, ..state.clone() };
            if threads > 0 {
                state.points.insert(at, threads);
            }
            self.arrive(&mut state, &run);
            let next = run.ended && self.points.value(at).actor.role() == Some(0);
            states.extend(if next { self.start_next(state)? } else { vec![state] });
        }
        Ok(states)
    }

    /// What is left of so many threads without one of them.
    fn less(&self, threads: u32) -> Vec<u32> {
        if threads == MORE { vec![self.k, MORE] } else { vec![threads - 1] }
    }

    fn arrive(&self, state: &mut AbstractState, run: &Run) {
        let threads = state.points.entry(run.to.expect("threads stand somewhere")).or_insert(0);
        *threads = if *threads >= self.k { MORE } else { *threads + 1 };
    }

    fn start(&mut self, state: &mut AbstractState, role: usize) -> Result<Run, String> {
        let run = self.run(Actor::Thread(role, 0), None)?;
        self.arrive(state, &run);
        Ok(run)
    }

    /// A thread of the first role has ended.
    fn start_next(&mut self, state: AbstractState) -> Result<Vec<AbstractState>, String> {
        match self.scenario.launch() {
            Launch::Together => Ok(vec![state]),
            Launch::Joined => self.start_one(state),
            Launch::JoinedWhile => {
                let run = self.run(Actor::Parent, None)?;
                self.parent_stands(state, &run)
            }
        }
    }

    fn parent_stands(&mut self, state: AbstractState, run: &Run) -> Result<Vec<AbstractState>, String> {
        let state = AbstractState { parent: run.to, ..state };
        if run.goes_on { self.start_one(state) } else { Ok(vec![state]) }
    }

    fn start_one(&mut self, state: AbstractState) -> Result<Vec<AbstractState>, String> {
        if state.unstarted == 0 {
            return Ok(vec![state]);
        }
        let mut states = Vec::new();
        for unstarted in self.less(state.unstarted) {
            let mut state = AbstractState { unstarted, ..state.clone() };
            let run = self.start(&mut state, 0)?;
            states.extend(if run.ended { self.start_next(state)? } else { vec![state] });
        }
        Ok(states)
    }

    fn content(&mut self, object: ObjectId, content: Content) -> Result<usize, String> {
        self.contents.number(held_by(self.reading.names(), object, &content), content)
    }

    fn point(&mut self, point: Point) -> Result<usize, String> {
        self.points.number(point.text(self.scenario, self.reading.names()), point)
    }

    /// Runs the code from its start, or from a point with what it observes there, to its next step or its end.
    fn run(&mut self, actor: Actor, from: Option<(usize, Observation)>) -> Result<Run, String> {
        if let Some(known) = self.runs.get(&(actor, from.clone())) {
            return Ok(known.clone());
        }
        let nothing = Tally::of(self.scenario, &[]);
        let start = Point { actor, memory: vec![], step: None, held: vec![], tally: nothing, excused: false };
        let mut point = from.as_ref().map_or(start, |(at, _)| self.points.value(*at).clone());
        if let (Some((_, seen)), Some(step)) = (&from, point.step.take()) {
            hold(&mut point.held, &step, seen);
            point.memory.push(Memory::Took(step, seen.clone()));
        }
        let run = self.reading.follow(actor, Script::Skipping(&point.memory));
        let told = |local: &Local| if let Local::Told(event) = local { Some(event.clone()) } else { None };
        let events: Vec<Event> = run.locals.iter().filter_map(told).collect();
        let torn = events.iter().any(|event| event.meaning == Meaning::TornRead);
        let died = matches!(run.stop, Stop::Ended(End::Crashed(_)));
        let crashed = matches!(&run.stop, Stop::Ended(End::Crashed(death)) if !death.torn);
        if (torn && self.property == Property::NoTornRead) || (crashed && self.property == Property::NoCrash) {
            return Err(format!("a step from here breaks it, after: {}", point.text(self.scenario, self.reading.names())));
        }
        let mut told = Tally::of(self.scenario, if actor == Actor::Parent { &[] } else { &events });
        point.tally = point.tally.plus(&told);
        if from.is_none() && (told.sold, told.restocked) != (0, 0) {
            return Err("something is sold before the first step, which certificates do not count".to_owned());
        }
        if !self.sums {
            told = Tally::default();
        }
        let goes_on = run.stop == Stop::Decided(true);
        let left = if matches!(run.stop, Stop::Before(_)) { Vec::new() } else { std::mem::take(&mut point.held) };
        match run.stop {
            Stop::Refused(reason) => return Err(format!("its code cannot be followed: {reason}")),
            Stop::Before(step) => (point.step, point.memory) = (Some(step), run.memory),
            Stop::Ended(End::Returned(ending)) => point.excused = self.scenario.excuses(&ending),
            Stop::Ended(_) | Stop::Decided(_) => {}
        }
        let ended = point.step.is_none();
        if ended {
            point.memory.clear();
        }
        let to = if ended && actor == Actor::Parent { None } else { Some(self.point(point)?) };
        let run = Run { to, ended, goes_on, told, left, died };
        self.runs.insert((actor, from), run.clone());
        Ok(run)
    }
}
