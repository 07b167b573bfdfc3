//! Verifying: whether a certificate proves what it says, of the code as it is now.
//!
//! What has to be believed is this module and what it asks: the real code on a [script](crate::platform::script), what a
//! step does to an object, and what a property says. It has no states, automaton or search of the engines.
//!
//! A move is made with exact numbers, and then each is cut to `k + 1`, which stands for that or more. So `k + 1` is taken
//! for `k + 1` and for `k + 2` before it, and any number of threads at the start for 1, 2, …, `k + 2`.

mod code;
mod shows;

use super::certificate::{AbstractState, Certificate, CertificateError, Point};
use super::turns::Followed;
use super::{Property, Scope, Threads};
use crate::platform::record::left_behind;
use crate::platform::{Actor, Content, Instance};
use crate::scenario::{Launch, Scenario};
use crate::sync::ObjectId;
use code::{Code, Run};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Checks that a certificate proves its property of a scenario; returns how many steps and kills it looked at.
///
/// # Errors
/// It is none of this scenario, or it does not prove it; says what, where and what to do.
pub fn verify(scenario: &Scenario, certificate: &Certificate) -> Result<usize, CertificateError> {
    let (property, instance) = certificate.question(scenario)?;
    let followed = Followed::new(scenario);
    let (code, initial) = Code::new(scenario, certificate);
    let mut verifier = Verifier { code, property, instance, k: certificate.k, asks: false, goes_round: true };
    let mut work = verifier.starts(initial).map_err(|reason| certificate.fails(&reason, None))?;
    let (mut visited, mut steps) = (BTreeMap::new(), 0);
    while let Some(state) = work.pop() {
        if visited.contains_key(&state) {
            continue;
        }
        if !certificate.states.contains(&state) {
            return Err(certificate.fails("a state that can be reached is not in it", Some(&state)));
        }
        let next = verifier.successors(&state);
        let (next, is_end) = next.map_err(|reason| certificate.fails(&reason, Some(&state)))?;
        steps += next.len();
        work.extend(next);
        visited.insert(state, is_end);
    }
    if let Some(state) = certificate.states.iter().find(|state| !visited.contains_key(state)) {
        return Err(certificate.fails("a state that is in it cannot be reached", Some(state)));
    }
    if property.scope() == Scope::Ends && !visited.values().any(|is_end| *is_end) {
        return Err(certificate.fails("no execution ends", None));
    }
    verifier.goes_round = verifier.code.goes_round();
    for (state, is_end) in &visited {
        if verifier.shows(state, *is_end).map_err(|reason| certificate.fails(&reason, Some(state)))? {
            return Err(certificate.fails("a state that can be reached shows the opposite", Some(state)));
        }
    }
    match followed.bound() {
        Some(bound) => Err(certificate.fails(&format!("the code is followed {bound} only"), None)),
        None => Ok(steps),
    }
}

struct Verifier<'s> {
    code: Code<'s>,
    property: Property,
    instance: Instance,
    k: u32,
    /// Whether it is counted what those have asked for who have ended.
    asks: bool,
    /// Whether somebody can come to where it has been, as far as is known.
    goes_round: bool,
}

impl Verifier<'_> {
    fn starts(&mut self, initial: Vec<Content>) -> Result<Vec<AbstractState>, String> {
        let contents = initial.into_iter().enumerate().map(|(object, content)| self.code.content(object, content));
        let contents = contents.collect::<Result<_, _>>()?;
        let balance = if self.counts_sales() { -self.stock() } else { 0 };
        self.asks = self.instance.is_any() && self.property == Property::NoUndersell;
        for role in 0..self.instance.threads.len() {
            let start = self.run(Actor::Thread(role, 0), None)?.to.expect("threads stand somewhere");
            self.asks &= self.code.at(start).step.is_some();
        }
        let mut starts = vec![AbstractState { contents, balance, ..AbstractState::default() }];
        for (role, threads) in self.instance.threads.clone().into_iter().enumerate() {
            let numbers = match threads {
                Threads::Exactly(number) => number as u32..=number as u32,
                Threads::Any => 1..=self.k + 2,
            };
            let mut with_role = Vec::new();
            for (mut state, number) in starts.iter().flat_map(|state| numbers.clone().map(|n| (state.clone(), n))) {
                if role == 0 && self.code.scenario.launch() != Launch::Together {
                    state.unstarted = number;
                    self.start_one(&mut state)?;
                } else if number > 0 {
                    let run = self.run(Actor::Thread(role, 0), None)?;
                    state.points.insert(run.to.expect("threads stand somewhere"), number);
                }
                self.cut(&mut state);
                with_role.push(state);
            }
            starts = with_role;
        }
        Ok(starts)
    }

    /// Every state that a step or a kill leads to, and whether none of them is a step.
    fn successors(&mut self, state: &AbstractState) -> Result<(Vec<AbstractState>, bool), String> {
        let (mut next, mut is_end) = (Vec::new(), true);
        for &at in state.parent.iter().chain(state.points.keys()) {
            let point = Rc::clone(self.code.at(at));
            let mut moves = Vec::new();
            for (change, seen) in self.code.outcomes(&state.contents, &point) {
                moves.push((change, self.run(point.actor, Some((at, seen)))?, 0));
            }
            is_end &= moves.is_empty();
            if point.step.is_some() && point.actor != Actor::Parent && state.kills < self.instance.kills {
                moves.push((None, self.code.killed(&point)?, 1));
            }
            for (change, run, kills) in moves {
                for mut state in self.meant(state, at, run.sold - run.restocked) {
                    state.kills += kills;
                    self.moves(&mut state, at, change.clone(), &run)?;
                    self.cut(&mut state);
                    next.push(state);
                }
            }
        }
        Ok((next, is_end))
    }

    /// The exact numbers that a state stands for, as far as they matter to a move from this point that sells so many.
    fn meant(&self, state: &AbstractState, at: usize, sold: i64) -> Vec<AbstractState> {
        let exact = |number: u32| number..=number + u32::from(number > self.k);
        let more = if self.instance.is_any() && state.balance == 1 { sold.abs() } else { 0 };
        let mut meant = Vec::new();
        for unstarted in exact(state.unstarted) {
            for balance in state.balance..=state.balance + more {
                for threads in exact(state.points.get(&at).copied().unwrap_or(0)) {
                    let mut state = AbstractState { unstarted, balance, ..state.clone() };
                    state.points.entry(at).and_modify(|there| *there = threads);
                    meant.push(state);
                }
            }
        }
        meant
    }

    /// Cuts numbers to what is counted: threads to `k + 1`, and of any number of threads what is oversold to 1.
    fn cut(&self, state: &mut AbstractState) {
        let most = if self.instance.is_any() { 1 } else { i64::MAX };
        state.balance = state.balance.min(most);
        state.unstarted = state.unstarted.min(self.k + 1);
        state.points.retain(|_, threads| *threads > 0);
        state.points.values_mut().for_each(|threads| *threads = (*threads).min(self.k + 1));
    }

    /// Somebody at this point changes an object and comes to the end of a run.
    fn moves(
        &mut self,
        state: &mut AbstractState,
        at: usize,
        change: Option<(ObjectId, Content)>,
        run: &Run,
    ) -> Result<(), String> {
        let mut changed: BTreeMap<ObjectId, Content> = change.into_iter().collect();
        let now = |object| changed.get(&object).unwrap_or(self.code.held_by(state.contents[object])).clone();
        let left = left_behind(&run.left, self.instance.lock, run.died, now);
        changed.extend(left);
        for (object, content) in changed {
            state.contents[object] = self.code.content(object, content)?;
        }
        if self.code.at(at).actor == Actor::Parent {
            return self.parent_stands(state, run);
        }
        *state.points.get_mut(&at).expect("somebody stands there") -= 1;
        state.balance += run.sold - run.restocked;
        state.restocked += run.restocked;
        self.arrives(state, run)
    }

    /// A thread arrives; if this is its end and it is of the first role, the next one may be started.
    fn arrives(&mut self, state: &mut AbstractState, run: &Run) -> Result<(), String> {
        let to = run.to.expect("threads stand somewhere, even at their end");
        *state.points.entry(to).or_insert(0) += 1;
        let Point { actor, step, excused, .. } = &**self.code.at(to);
        if self.asks && step.is_none() && !excused {
            state.asked = self.stock().min(state.asked + self.asked_by(*actor));
        }
        match self.code.scenario.launch() {
            _ if step.is_some() || actor.role() != Some(0) => Ok(()),
            Launch::Together => Ok(()),
            Launch::Joined => self.start_one(state),
            Launch::JoinedWhile => {
                let run = self.run(Actor::Parent, None)?;
                self.parent_stands(state, &run)
            }
        }
    }

    fn parent_stands(&mut self, state: &mut AbstractState, run: &Run) -> Result<(), String> {
        state.parent = run.to;
        if run.goes_on { self.start_one(state) } else { Ok(()) }
    }

    fn start_one(&mut self, state: &mut AbstractState) -> Result<(), String> {
        let Some(left) = state.unstarted.checked_sub(1) else { return Ok(()) };
        state.unstarted = left;
        let run = self.run(Actor::Thread(0, 0), None)?;
        self.arrives(state, &run)
    }
}
