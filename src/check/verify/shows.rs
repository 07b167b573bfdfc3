//! What a state of a certificate says to a property.

use super::Verifier;
use super::code::Run;
use crate::check::certificate::{AbstractState, Point};
use crate::check::evidence::{own_state_shows, total};
use crate::check::outcome::Tally;
use crate::check::{Final, Property};
use crate::platform::{Actor, Content};
use crate::scenario::State;
use crate::sync::{ObjectId, Observation};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Verifier<'_> {
    /// Whether the property speaks of what was sold.
    pub fn counts_sales(&self) -> bool {
        use Property::{NoCrash, NoDeadlock, NoLivelock, NoTornRead, SearchesOverlap};
        !matches!(self.property, NoCrash | NoDeadlock | NoLivelock | NoTornRead | SearchesOverlap)
    }

    /// How many tickets there are at the start.
    pub fn stock(&self) -> i64 {
        i64::try_from(self.code.scenario.stock().unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// Runs the code, which must not break the property on the way.
    pub fn run(&mut self, actor: Actor, from: Option<(usize, Observation)>) -> Result<Run, String> {
        let run = self.code.run(actor, from)?;
        match self.property {
            Property::NoTornRead if run.torn => Err("a step reads what is no ledger".to_owned()),
            Property::NoCrash if run.crashed => Err("in a step somebody dies of an error".to_owned()),
            _ if self.counts_sales() => Ok(run),
            _ => Ok(Run { sold: 0, restocked: 0, ..run }),
        }
    }

    /// The points of a state, and how many threads stand there; `None` for more than are counted.
    fn there<'v>(&'v self, state: &'v AbstractState) -> impl Iterator<Item = (&'v Point, Option<i64>)> {
        state.points.iter().map(|(at, threads)| (&**self.code.at(*at), self.number(*threads)))
    }

    fn number(&self, threads: u32) -> Option<i64> {
        if threads > self.k { None } else { Some(threads.into()) }
    }

    /// Whether a state breaks an *always* property, or is an instance of a *sometimes*.
    pub fn shows(&mut self, state: &AbstractState, is_end: bool) -> Result<bool, String> {
        Ok(match self.property {
            Property::NoTornRead | Property::NoCrash => false,
            Property::NoOversell => state.balance > 0,
            Property::SearchesOverlap => {
                let search = self.code.scenario.search().unwrap_or_default();
                let inside = self.there(state).filter(|(point, _)| point.inside(search));
                inside.map(|(_, threads)| threads.unwrap_or(2)).sum::<i64>() > 1
            }
            Property::NoLivelock => !is_end && self.goes_round && !self.somebody_ends(state)?,
            Property::Own(_) => self.shows_own(state),
            property => is_end && property.shown_at(&self.end(state)),
        })
    }

    /// How an execution comes out that ends in a state, as far as built-in properties look at it.
    fn end(&self, state: &AbstractState) -> Final {
        let scenario = self.code.scenario;
        let asked = |actor, threads: Option<i64>| self.asked_by(actor).saturating_mul(threads.unwrap_or(i64::MAX));
        let unstarted = if state.unstarted > 0 { asked(Actor::Thread(0, 0), self.number(state.unstarted)) } else { 0 };
        let ended = if self.asks && state.asked == self.stock() { i64::MAX } else { state.asked };
        let all = self.there(state).filter(|(point, _)| !(point.excused || self.asks && point.step.is_none()));
        let asked = all.map(|(point, threads)| asked(point.actor, threads)).chain([ended]);
        let stock = self.stock() + state.restocked;
        Final {
            sold: state.balance + stock,
            stock,
            asked: asked.fold(unstarted, i64::saturating_add),
            stuck: self.there(state).filter(|(point, _)| point.step.is_some()).count(),
            count: self.code.reading.audit(&self.contents(state)),
            ..Final::of_nobody(scenario)
        }
    }

    /// How many a thread asks for.
    pub fn asked_by(&self, actor: Actor) -> i64 {
        actor.role().map_or(0, |role| i64::from(self.code.scenario.roles()[role].asks_for))
    }

    fn contents(&self, state: &AbstractState) -> Vec<Content> {
        state.contents.iter().map(|content| self.code.held_by(*content).clone()).collect()
    }

    /// Whether somebody can come to an end alone. If somebody can in every state, each state leads to an end: one after
    /// the other.
    fn somebody_ends(&mut self, state: &AbstractState) -> Result<bool, String> {
        let there = state.parent.iter().chain(state.points.keys());
        let mut work: Vec<_> = there.map(|at| (state.contents.clone(), *at)).collect();
        let mut known: BTreeSet<_> = work.iter().cloned().collect();
        while let Some((contents, at)) = work.pop() {
            let point = Rc::clone(self.code.at(at));
            for (change, seen) in self.code.outcomes(&contents, &point) {
                let to = self.run(point.actor, Some((at, seen)))?.to;
                let Some(to) = to.filter(|to| self.code.at(*to).step.is_some()) else { return Ok(true) };
                let mut contents = contents.clone();
                if let Some((object, content)) = change {
                    contents[object] = self.code.content(object, content)?;
                }
                if known.insert((contents.clone(), to)) {
                    work.push((contents, to));
                }
            }
        }
        Ok(false)
    }

    /// Whether a state may show one of the scenario's own: so, unless what it looks at is exact and does not.
    fn shows_own(&self, state: &AbstractState) -> bool {
        let (scenario, contents, more) = (self.code.scenario, self.contents(state), Cell::new(false));
        let mut sum = Tally::of(scenario, &[]);
        let mut unknown = false;
        for (point, threads) in self.there(state).filter(|(point, _)| point.tally != Tally::of(scenario, &[])) {
            unknown |= threads.is_none();
            (0..threads.unwrap_or(0)).for_each(|_| sum = sum.plus(&point.tally));
        }
        let look = |number: i64| {
            more.set(more.get() || unknown);
            number
        };
        let inside = |role: &str, span: &str| {
            let role = scenario.role(role);
            let inside = self.there(state).filter(|(point, _)| point.actor.role() == role && point.inside(span));
            inside.map(|(_, threads)| threads.unwrap_or_else(|| i64::from(look_more(&more))) as usize).sum()
        };
        let view = State {
            contents: &|object: ObjectId| &contents[object],
            totals: &|event| look(0).checked_add(total(scenario, &sum.totals, event)?),
            inside: &inside,
            sold: &|| look(sum.sold),
            stock: &|| look(self.stock() + sum.restocked),
        };
        own_state_shows(self.property, scenario, self.code.reading.shared(), &view) || more.get()
    }
}

/// Notes that more threads than are counted were looked at; stands for two of them.
fn look_more(more: &Cell<bool>) -> u8 {
    more.set(true);
    2
}
