//! What is to be seen of the shared objects as a trace goes on: what they hold, who holds them, who waits for them.

use super::holders::Holders;
use super::layout::{Face, Object};
use super::words::shown;
use crate::platform::script::{Reading, Script, Stop};
use crate::platform::{Actor, Content, Entry, Trace, What};
use crate::scenario::Scenario;
use crate::sync::Step;
use std::collections::{BTreeSet, VecDeque};

/// The shared objects, and what each actor has to do with them.
pub struct Faces {
    pub contents: Vec<Content>,
    actors: Vec<Party>,
    holders: Holders,
}

/// What somebody has to do with the shared objects.
struct Party {
    actor: Actor,
    /// Whether it has started and not ended.
    at_it: bool,
    /// The steps that it takes from now on, and last the one that the trace leaves it before.
    ahead: VecDeque<Step>,
}

impl Faces {
    /// At the start of a trace in which these take part.
    pub fn new(scenario: &Scenario, trace: &Trace, actors: &[Actor]) -> Self {
        let party = |actor: &Actor| {
            let own = trace.entries.iter().filter(|entry| entry.actor == *actor);
            let steps = own.filter_map(|entry| match &entry.what {
                What::Took(step, ..) => Some(step.clone()),
                _ => None,
            });
            Party { actor: *actor, at_it: false, ahead: steps.collect() }
        };
        let mut parties: Vec<_> = actors.iter().map(party).collect();
        let unfinished: BTreeSet<_> = actors.iter().copied().filter(|actor| !finishes(trace, *actor)).collect();
        for (actor, next) in unfinished.iter().zip(next_steps(scenario, trace, &unfinished)) {
            let party = parties.iter_mut().find(|party| party.actor == *actor);
            party.expect("whoever does not finish takes part").ahead.extend(next);
        }
        let contents = trace.objects.iter().map(|(_, content)| content.clone()).collect();
        Faces { contents, actors: parties, holders: Holders::default() }
    }

    /// The objects, as they are now.
    pub fn objects(&self, trace: &Trace) -> Vec<Object> {
        let object = |((name, content), first): (&(&'static str, Content), Face)| Object {
            name: (*name).to_owned(),
            what: what(content),
            first,
        };
        trace.objects.iter().zip(self.now()).map(object).collect()
    }

    /// Something happens.
    pub fn see(&mut self, entry: &Entry) {
        entry.act_on(&mut self.contents);
        self.holders.see(entry);
        let party = self.actors.iter_mut().find(|party| party.actor == entry.actor);
        let party = party.expect("everybody in the trace takes part");
        match &entry.what {
            What::Started => party.at_it = true,
            What::Took(..) => drop(party.ahead.pop_front()),
            What::Ended(_) | What::Decided(_) | What::Killed => party.at_it = false,
            What::Freed(..) | What::Local(_) => {}
        }
    }

    /// What is to be seen of each object.
    pub fn now(&self) -> Vec<Face> {
        let mut faces: Vec<_> =
            self.contents.iter().map(|content| Face { value: value(content), ..Face::default() }).collect();
        for (lane, party) in self.actors.iter().enumerate() {
            for (object, face) in faces.iter_mut().enumerate() {
                if self.holders.at(object).any(|holder| holder == party.actor) {
                    face.holders.push(lane);
                }
            }
            if let Some(object) = self.blocked(party).and_then(Step::object) {
                faces[object].waiters.push(lane);
            }
        }
        faces
    }

    /// Those who have started and not ended, each with the step that it cannot take now, if it is one.
    pub fn at_it(&self) -> Vec<(Actor, Option<&Step>)> {
        let at_it = self.actors.iter().filter(|party| party.at_it);
        at_it.map(|party| (party.actor, self.blocked(party))).collect()
    }

    fn blocked<'s>(&'s self, party: &'s Party) -> Option<&'s Step> {
        let Step::On(object, access) = party.ahead.front().filter(|_| party.at_it)? else { return None };
        if self.contents[*object].enables(access) { None } else { party.ahead.front() }
    }
}

/// What an object holds that is worth showing: locks without a value in them have their rows.
pub fn value(content: &Content) -> Option<String> {
    match content {
        Content::File { bytes, .. } => Some(shown(bytes)),
        Content::Cell(word) => Some(word.to_string()),
        Content::Lock { value, .. } => value.as_ref().map(|value| format!("{value:?}")),
        Content::Semaphore { permits } => Some(permits.to_string()),
        Content::Condvar { .. } => None,
    }
}

fn what(content: &Content) -> &'static str {
    match content {
        Content::File { .. } => "file",
        Content::Cell(_) => "cell",
        Content::Lock { value: Some(_), .. } => "value under a lock",
        Content::Lock { value: None, .. } => "lock",
        Content::Semaphore { .. } => "permits of a semaphore",
        Content::Condvar { .. } => "condition variable",
    }
}

/// Whether somebody comes to an end of their own within the trace.
fn finishes(trace: &Trace, actor: Actor) -> bool {
    let own = trace.entries.iter().rev().filter(|entry| entry.actor == actor);
    let mut ends = own.map(|entry| match &entry.what {
        What::Ended(_) | What::Decided(_) => Some(true),
        What::Took(..) | What::Started | What::Killed => Some(false),
        _ => None,
    });
    ends.find_map(|ends| ends).unwrap_or(false)
}

/// The step that each of them takes next, by their own code.
///
/// It runs on a thread of its own: a trace may be told while a panic is being reported (a failed assertion prints it),
/// and there a panic in the code would be one too many.
fn next_steps(scenario: &Scenario, trace: &Trace, actors: &BTreeSet<Actor>) -> Vec<Option<Step>> {
    let next = |reading: &Reading, actor: Actor| {
        let mut script = Vec::new();
        for entry in trace.entries.iter().filter(|entry| entry.actor == actor) {
            match &entry.what {
                // The parent starts anew each time.
                What::Started => script.clear(),
                What::Took(step, seen, _) => script.push((step.clone(), seen.clone())),
                _ => {}
            }
        }
        match reading.follow(actor, Script::Whole(&script)).stop {
            Stop::Before(step) => Some(step),
            _ => None,
        }
    };
    let all = || {
        let (reading, _) = Reading::new(scenario);
        actors.iter().map(|actor| next(&reading, *actor)).collect()
    };
    let unknown = || vec![None; actors.len()];
    if actors.is_empty() {
        unknown()
    } else {
        std::thread::scope(|scope| scope.spawn(all).join()).unwrap_or_else(|_| unknown())
    }
}
