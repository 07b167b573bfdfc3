//! What the code does next, and what the texts of a certificate mean.

use crate::check::certificate::{Certificate, Point, held_by};
use crate::check::outcome::Tally;
use crate::platform::script::{Local, Memory, Reading, Script, Stop};
use crate::platform::{Actor, Content, End, hold};
use crate::scenario::Scenario;
use crate::sync::{Event, Meaning, Mode, ObjectId, Observation, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::rc::Rc;

/// What a run of the code came to.
#[derive(Clone)]
pub struct Run {
    /// Where it stands; `None` for a parent that has decided, perhaps to go on launching.
    pub to: Option<usize>,
    pub goes_on: bool,
    /// What it sold and restocked on the way.
    pub sold: i64,
    pub restocked: i64,
    pub torn: bool,
    pub crashed: bool,
    /// What it still holds at its end, and whether it died.
    pub left: Vec<(ObjectId, Mode)>,
    pub died: bool,
}

/// The code, and the texts of a certificate that tell where it can stand.
pub struct Code<'s> {
    pub scenario: &'s Scenario,
    pub reading: Reading,
    contents: Known<(ObjectId, Content)>,
    points: Known<Point>,
    /// By who runs, from where, and what it observes there.
    runs: HashMap<(Actor, Option<(usize, Observation)>), Run>,
}

impl<'s> Code<'s> {
    /// The code, and what objects hold at the start.
    pub fn new(scenario: &'s Scenario, certificate: &Certificate) -> (Self, Vec<Content>) {
        let (reading, setup) = Reading::new(scenario);
        let (contents, points) = (Known::new(&certificate.contents), Known::new(&certificate.points));
        let code = Code { scenario, reading, contents, points, runs: HashMap::new() };
        (code, setup.objects().iter().map(|(_, content)| content.clone()).collect())
    }

    pub fn at(&self, point: usize) -> &Rc<Point> {
        self.points.value(point)
    }

    pub fn held_by(&self, content: usize) -> &Content {
        &self.contents.value(content).1
    }

    /// The number of what an object holds.
    pub fn content(&mut self, object: ObjectId, content: Content) -> Result<usize, String> {
        let names = self.reading.names();
        self.contents.number((object, content), |(object, content)| held_by(names, *object, content))
    }

    fn point(&mut self, point: Point) -> Result<usize, String> {
        self.points.number(point, |point| point.text(self.scenario, self.reading.names()))
    }

    /// What the step at a point can come to: what it changes, and what is observed.
    pub fn outcomes(&self, contents: &[usize], point: &Point) -> Vec<(Option<(ObjectId, Content)>, Observation)> {
        match &point.step {
            None => Vec::new(),
            Some(Step::Fence(_)) => vec![(None, Observation::Done)],
            Some(Step::Choose(choice)) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Some(Step::On(object, access)) => {
                let outcomes = self.held_by(contents[*object]).outcomes(access);
                outcomes.into_iter().map(|(content, seen)| (Some((*object, content)), seen)).collect()
            }
        }
    }

    /// Somebody is killed there.
    pub fn killed(&mut self, point: &Point) -> Result<Run, String> {
        let (left, point) = point.clone().ended();
        let to = Some(self.point(point)?);
        let (goes_on, sold, restocked, torn, crashed) = (false, 0, 0, false, false);
        Ok(Run { to, goes_on, sold, restocked, torn, crashed, left, died: true })
    }

    /// Whether anybody can come to where it has been. If nobody can, every execution ends: each takes so many steps.
    pub fn goes_round(&self) -> bool {
        let steps = || self.runs.iter().filter_map(|((_, from), run)| Some((from.as_ref()?.0, run.to?)));
        let mut left: BTreeSet<usize> = steps().flat_map(|(from, to)| [from, to]).collect();
        loop {
            let inside = |point: &usize| steps().any(|(from, to)| from == *point && left.contains(&to));
            let next: BTreeSet<usize> = left.iter().copied().filter(inside).collect();
            if next.len() == left.len() {
                return !left.is_empty();
            }
            left = next;
        }
    }

    /// Runs the code from its start, or from a point with what it observes there, to its next step or its end.
    pub fn run(&mut self, actor: Actor, from: Option<(usize, Observation)>) -> Result<Run, String> {
        let key = (actor, from);
        if let Some(known) = self.runs.get(&key) {
            return Ok(known.clone());
        }
        let start = || Point::start(actor, Tally::of(self.scenario, &[]));
        let mut point = key.1.as_ref().map_or_else(start, |(at, _)| Point::clone(self.at(*at)));
        if let (Some((_, seen)), Some(step)) = (&key.1, point.step.take()) {
            hold(&mut point.held, &step, seen);
            point.memory.push(Memory::Took(step, seen.clone()));
        }
        let run = self.reading.follow(actor, Script::Skipping(&point.memory));
        let told = |local: &Local| if let Local::Told(event) = local { Some(event.clone()) } else { None };
        let events: Vec<Event> = run.locals.iter().filter_map(told).collect();
        let torn = events.iter().any(|event| event.meaning == Meaning::TornRead);
        // What the parent says is no sale.
        let told = Tally::of(self.scenario, if actor == Actor::Parent { &[] } else { &events });
        let (sold, restocked) = (told.sold, told.restocked);
        if key.1.is_none() && (sold, restocked) != (0, 0) {
            return Err("something is sold before the first step, which certificates do not count".to_owned());
        }
        point.tally = point.tally.plus(&told);
        let (died, crashed) = match &run.stop {
            Stop::Ended(End::Crashed(death)) => (true, !death.torn),
            _ => (false, false),
        };
        let goes_on = run.stop == Stop::Decided(true);
        let (left, point) = match run.stop {
            Stop::Refused(reason) | Stop::Strayed(reason) => {
                return Err(format!("the code cannot be followed: {reason}"));
            }
            Stop::Before(step) => (Vec::new(), Point { step: Some(step), memory: run.memory, ..point }),
            Stop::Ended(End::Returned(ending)) => Point { excused: self.scenario.excuses(&ending), ..point }.ended(),
            Stop::Ended(_) | Stop::Decided(_) => point.ended(),
        };
        let is_over = actor == Actor::Parent && point.step.is_none();
        let to = if is_over { None } else { Some(self.point(point)?) };
        let run = Run { to, goes_on, sold, restocked, torn, crashed, left, died };
        self.runs.insert(key, run.clone());
        Ok(run)
    }
}

/// Texts by number, and what was found to be meant by them.
struct Known<T> {
    texts: BTreeMap<String, usize>,
    numbers: HashMap<Rc<T>, usize>,
    values: Vec<Option<Rc<T>>>,
}

impl<T: Eq + Hash> Known<T> {
    fn new(texts: &[String]) -> Self {
        let values = texts.iter().map(|_| None).collect();
        let texts = texts.iter().enumerate().map(|(number, text)| (text.clone(), number)).collect();
        Known { texts, numbers: HashMap::new(), values }
    }

    /// The number of a value by its text, which no other value must have.
    fn number(&mut self, value: T, text: impl FnOnce(&T) -> String) -> Result<usize, String> {
        if let Some(known) = self.numbers.get(&value) {
            return Ok(*known);
        }
        let (text, value) = (text(&value), Rc::new(value));
        let number = self.texts.get(&text).copied();
        let number = number.ok_or_else(|| format!("a step leads to what is not in it: {text}"))?;
        if self.values[number].is_some() {
            return Err(format!("two different things read alike: {text}"));
        }
        self.values[number] = Some(Rc::clone(&value));
        self.numbers.insert(value, number);
        Ok(number)
    }

    fn value(&self, number: usize) -> &Rc<T> {
        self.values[number].as_ref().expect("only numbers that were given out are asked about")
    }
}
