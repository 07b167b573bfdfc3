//! How an execution came out.

use crate::platform::model::Model;
use crate::platform::script::Local;
use crate::platform::{Act, Actor, End, Instance, Trace, What};
use crate::scenario::{RoleId, Scenario};
use crate::sync::{Ending, Event, Meaning};
use std::collections::BTreeMap;

/// How an execution came out. Every thread is in exactly one of the classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Final {
    /// How many threads of a role ended in a way of the scenario's own.
    pub ended: BTreeMap<(RoleId, Ending), usize>,
    /// Threads that crashed.
    pub crashed: usize,
    /// Threads that were killed.
    pub killed: usize,
    /// Threads that were never started.
    pub never_started: usize,
    /// Threads that wait for ever.
    pub stuck: usize,
    /// How many tickets count as sold, those of crashed and killed buyers included.
    pub sold: i64,
    /// How many tickets there are in all.
    pub stock: i64,
    /// How many tickets were asked for, by all but those whose ending excuses them.
    pub asked: i64,
    /// What the ledger says is left; `None` if it cannot be read.
    pub count: Option<u64>,
    /// The totals that the scenario keeps, in its order.
    pub totals: Vec<i64>,
}

impl Final {
    /// Nothing has happened, and nobody is there yet.
    pub(crate) fn of_nobody(scenario: &Scenario) -> Self {
        let stock = scenario.stock().unwrap_or(0);
        Final {
            stock: i64::try_from(stock).unwrap_or(i64::MAX),
            totals: vec![0; scenario.tallied().len()],
            ..Final::default()
        }
    }

    /// How many threads, of whichever role, ended in this way.
    pub fn ended(&self, ending: &str) -> usize {
        self.ended.iter().filter(|((_, other), _)| other.0 == ending).map(|(_, threads)| threads).sum()
    }

    /// Counts threads of a role: how they ended, or `None` if they are still waiting.
    pub(crate) fn add(&mut self, scenario: &Scenario, role: RoleId, end: Option<&End>, threads: usize) {
        let excused = matches!(end, Some(End::Returned(ending)) if scenario.excuses(ending));
        if !excused {
            self.ask(scenario, role, threads);
        }
        match end {
            Some(End::Returned(ending)) => *self.ended.entry((role, ending.clone())).or_default() += threads,
            Some(End::Crashed(_)) => self.crashed += threads,
            Some(End::Killed) => self.killed += threads,
            None => self.stuck += threads,
        }
    }

    /// Threads of a role ask for what they ask for.
    pub(crate) fn ask(&mut self, scenario: &Scenario, role: RoleId, threads: usize) {
        self.asked += i64::from(scenario.roles()[role].asks_for) * threads as i64;
    }

    /// Counts threads that were never started. They have asked all the same.
    pub(crate) fn add_unstarted(&mut self, scenario: &Scenario, threads: usize) {
        self.never_started += threads;
        if let Some(role) = scenario.roles().first() {
            self.asked += i64::from(role.asks_for) * threads as i64;
        }
    }

    /// Counts an event.
    pub(crate) fn hear(&mut self, scenario: &Scenario, event: &Event) {
        let tally = Tally::of(scenario, std::slice::from_ref(event));
        self.sold += tally.sold;
        self.stock += tally.restocked;
        for (total, more) in self.totals.iter_mut().zip(tally.totals) {
            *total += more;
        }
    }

    /// How a recorded execution came out, which has come as far as it can.
    pub fn of_trace(scenario: &Scenario, trace: &Trace, instance: &Instance, count: Option<u64>) -> Self {
        let mut ends: BTreeMap<(RoleId, usize), Option<End>> = BTreeMap::new();
        let mut end = Final { count, ..Final::of_nobody(scenario) };
        for entry in &trace.entries {
            let Actor::Thread(role, number) = entry.actor else { continue };
            if let What::Local(Local::Told(event)) = &entry.what {
                end.hear(scenario, event);
            }
            match &entry.what {
                What::Started => ends.insert((role, number), None),
                What::Ended(end) => ends.insert((role, number), Some(end.clone())),
                What::Killed => ends.insert((role, number), Some(End::Killed)),
                _ => continue,
            };
        }
        let total = instance.total().unwrap_or(ends.len());
        end.add_unstarted(scenario, total - ends.len());
        ends.iter().for_each(|((role, _), ended)| end.add(scenario, *role, ended.as_ref(), 1));
        end
    }

    /// How a model came out; `None` while somebody can still take a step.
    pub fn of_model(model: &Model, instance: &Instance) -> Option<Self> {
        let over = model.moves().iter().all(|mv| mv.act == Act::Kill);
        over.then(|| Final::of_trace(model.scenario(), model.trace(), instance, model.audit()))
    }
}

/// What some events add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tally {
    pub sold: i64,
    pub restocked: i64,
    /// In the order of the scenario.
    pub totals: Vec<i64>,
}

impl Tally {
    /// The sum of some events.
    pub fn of(scenario: &Scenario, events: &[Event]) -> Tally {
        let mut tally = Tally { totals: vec![0; scenario.tallied().len()], ..Tally::default() };
        for event in events {
            match event.meaning {
                Meaning::Sale(tickets) => tally.sold += i64::from(tickets),
                Meaning::GivenBack(tickets) => tally.sold -= i64::from(tickets),
                Meaning::Restocked(tickets) => tally.restocked += i64::from(tickets),
                Meaning::Word | Meaning::TornRead => {}
            }
            if let Some(place) = scenario.tallied().iter().position(|name| *name == event.name) {
                tally.totals[place] += event.value.map_or(1, |value| i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
        tally
    }

    /// The sum of both.
    pub fn plus(&self, more: &Tally) -> Tally {
        Tally {
            sold: self.sold + more.sold,
            restocked: self.restocked + more.restocked,
            totals: self.totals.iter().zip(&more.totals).map(|(one, other)| one + other).collect(),
        }
    }
}
