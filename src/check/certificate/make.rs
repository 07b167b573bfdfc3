//! Making a certificate: the states of saturating counters, as text.

use super::{AbstractState, Certificate, Point, held_by};
use crate::check::automaton::{Automaton, AutomatonError, Class, Endings, NodeId, Place};
use crate::check::exploration::{MANY, Space};
use crate::check::limits::Limits;
use crate::check::saturating::{Saturated, saturate};
use crate::check::turns::Followed;
use crate::check::{Instance, Property, Scope, counting};
use crate::platform::Actor;
use crate::scenario::Scenario;
use std::collections::BTreeMap;

/// Why a property has no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Uncertified(String);

impl From<AutomatonError> for Uncertified {
    fn from(error: AutomatonError) -> Self {
        Uncertified(error.to_string())
    }
}

/// How far threads are counted at most, where any number of them may come.
const MOST_COUNTED: u32 = 4;

/// The certificate of a property that holds (or, of a *sometimes*, is impossible).
///
/// # Errors
/// Saturating counters do not prove it. That does not say that it does not hold: some proofs have no such invariant.
pub fn certify(
    scenario: &Scenario,
    instance: &Instance,
    property: Property,
    limits: &Limits,
) -> Result<Certificate, Uncertified> {
    if matches!(property, Property::Own(own) if own.scope == Scope::Ends) {
        return Err(Uncertified("the scenario's own properties of ends have no certificates".to_owned()));
    }
    if scenario.has_identities() {
        return Err(Uncertified("a certificate counts threads that are alike, and these know who they are".to_owned()));
    }
    let followed = Followed::new(scenario);
    let mut automaton = Automaton::new(scenario, limits, Endings::Alike)?;
    let counts = match instance.total() {
        Some(threads) => {
            let threads = u32::try_from(threads).ok().filter(|threads| *threads < MANY);
            let threads = threads.ok_or_else(|| Uncertified("there are too many threads".to_owned()))?;
            threads.max(1)..=threads.max(1)
        }
        None => 1..=MOST_COUNTED,
    };
    for k in counts.clone() {
        let saturated = saturate(&mut automaton, instance, &[property], k)?;
        // Of a role with three threads there may be no end of what "more" than two do.
        let few = instance.threads.iter().any(|threads| threads.number().is_some_and(|threads| threads > k as usize));
        if saturated.limit.is_some() && few && k < *counts.end() {
            continue;
        }
        if let Some(limit) = saturated.limit {
            return Err(Uncertified(match instance.is_any() {
                true => limit,
                false => format!("{limit}; for any number of threads (--buyers any) there may be a short one"),
            }));
        }
        if property.scope() == Scope::Ends && !saturated.ends {
            return Err(Uncertified(counting::NO_END.to_owned()));
        }
        if let Some(bound) = followed.bound() {
            return Err(Uncertified(format!("it was looked at {bound} only")));
        }
        // Where no code goes round, every execution ends.
        if !saturated.shown[0] || (property == Property::NoLivelock && automaton.is_acyclic()) {
            return Writer { space: Space::new(&mut automaton, instance)?, k }.write(&saturated, property);
        }
    }
    Err(Uncertified(match instance.total() {
        Some(_) => "it is not so in every state of its own, and only such proofs have a certificate".to_owned(),
        None => format!(
            "counting threads up to {} does not prove it, and only such proofs have a certificate",
            counts.end()
        ),
    }))
}

/// Puts states into words.
struct Writer<'a> {
    space: Space<'a>,
    k: u32,
}

impl Writer<'_> {
    fn write(&self, saturated: &Saturated, property: Property) -> Result<Certificate, Uncertified> {
        let objects = self.space.objects();
        let (mut contents, mut points) = (Texts::default(), Texts::default());
        for (_, state) in saturated.kept() {
            for (object, content) in state[..objects].iter().enumerate() {
                contents.add((object, *content), || self.content(object, *content))?;
            }
            let nodes = self.space.parent_at(state).into_iter().chain(self.space.marking(state).map(|(node, _)| node));
            nodes.into_iter().try_for_each(|node| points.add(node, || self.point(node)))?;
        }
        let (contents_at, points_at) = (contents.places(), points.places());
        let states = saturated.kept().map(|(sums, state)| {
            let count = |count: u32| if count == MANY { self.k + 1 } else { count };
            AbstractState {
                contents: state[..objects].iter().enumerate().map(|(o, content)| contents_at[&(o, *content)]).collect(),
                parent: self.space.parent_at(state).map(|node| points_at[&node]),
                kills: state[objects + 1] as usize,
                unstarted: count(self.space.unstarted(state)),
                balance: sums.balance,
                restocked: sums.restocked,
                asked: sums.asked,
                points: self.space.marking(state).map(|(node, threads)| (points_at[&node], count(threads))).collect(),
            }
        });
        let (scenario, instance) = (self.space.scenario(), self.space.instance());
        let roles = scenario.roles().iter().map(|role| role.name.to_owned());
        Ok(Certificate {
            program: scenario.name().to_owned(),
            tickets: scenario.stock(),
            threads: roles.zip(instance.threads.iter().copied()).collect(),
            kills: instance.kills,
            lock: instance.lock,
            property: property.name().to_owned(),
            k: self.k,
            states: states.collect(),
            contents: contents.texts.into_keys().collect(),
            points: points.texts.into_keys().collect(),
        })
    }

    fn content(&self, object: usize, content: u32) -> String {
        held_by(self.space.automaton.reading().names(), object, self.space.automaton.content_of(content))
    }

    fn point(&self, number: NodeId) -> String {
        let node = self.space.automaton.node(number);
        let actor = node.role.map_or(Actor::Parent, |role| Actor::Thread(role, 0));
        let live = node.step().is_some();
        let point = Point {
            actor,
            memory: if live { self.space.automaton.remembered(number) } else { Vec::new() },
            step: node.step().cloned(),
            held: node.held.clone(),
            tally: node.tally.clone(),
            excused: node.place == Place::Ended(Class::Gone { excused: true }),
        };
        point.text(self.space.scenario(), self.space.automaton.reading().names())
    }
}

/// Texts and whose they are, each of them somebody else's.
struct Texts<K> {
    texts: BTreeMap<String, K>,
    known: BTreeMap<K, String>,
}

impl<K> Default for Texts<K> {
    fn default() -> Self {
        Texts { texts: BTreeMap::new(), known: BTreeMap::new() }
    }
}

impl<K: Ord + Copy> Texts<K> {
    fn add(&mut self, key: K, text: impl FnOnce() -> String) -> Result<(), Uncertified> {
        if self.known.contains_key(&key) {
            return Ok(());
        }
        let text = text();
        if self.texts.insert(text.clone(), key).is_some() {
            return Err(Uncertified(format!("two things read alike in it: {text}")));
        }
        self.known.insert(key, text);
        Ok(())
    }

    /// Where in the order of texts each one stands.
    fn places(&self) -> BTreeMap<K, usize> {
        self.texts.values().enumerate().map(|(place, key)| (*key, place)).collect()
    }
}
