//! What all executions have shown that an engine has run one by one.

use super::counting::NO_END;
use super::evidence::{Evidence, evidence, own_end_breaks};
use super::{Basis, CheckError, Explored, Final, Finding, Property, Scope, Verdict, Witness};
use crate::platform::script::{Local, Reading};
use crate::platform::{Actor, Content, End, Instance, Move, Trace, What};
use crate::scenario::Scenario;
use crate::sync::{Access, Meaning, Step};
use crate::trace::Schedule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::{self, SeqCst};

/// What engines that run the code, and do not read it, cannot look after.
pub(super) const TRUST: &str = "the code hides nothing: taken on trust";

/// Which of many executions that show a property becomes its witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The one of the best [rank](Schedule::rank).
    Best,
    /// The one that was found first.
    First,
}

/// Executions, judged one after another.
#[derive(Debug)]
pub(super) struct Survey {
    choice: Choice,
    shown: BTreeMap<Property, Shown>,
    /// How executions came out.
    pub ends: BTreeSet<Final>,
    /// How many executions there were.
    pub executions: u64,
    /// The cells that were accessed with weaker orderings than [`SeqCst`].
    pub weakly_ordered: BTreeSet<&'static str>,
    /// Something was given back or restocked, so the most that counts as sold is not always sold at the end.
    pub gives_back: bool,
    /// A cell was read stale.
    pub stale: bool,
    /// What was tried without waiting for it, and what somebody's end has freed.
    tried: BTreeSet<&'static str>,
    freed: BTreeSet<&'static str>,
    worst: i64,
}

/// An execution, or the beginning of one, that shows a property.
#[derive(Debug)]
struct Shown {
    schedule: Schedule,
    /// The execution, if it is no interleaving and so cannot be had by replay.
    stale: Option<(Trace, String)>,
}

impl Survey {
    /// Nothing has been seen yet.
    pub fn new(choice: Choice) -> Self {
        Survey {
            choice,
            shown: BTreeMap::new(),
            ends: BTreeSet::new(),
            executions: 0,
            weakly_ordered: BTreeSet::new(),
            gives_back: false,
            stale: false,
            tried: BTreeSet::new(),
            freed: BTreeSet::new(),
            worst: 0,
        }
    }

    /// Judges one execution, which has come as far as it can and left these contents. If it was `stale`, it is no
    /// interleaving.
    pub fn look(
        &mut self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
        trace: &Trace,
        contents: &[Content],
        stale: bool,
    ) {
        self.executions += 1;
        self.stale |= stale;
        let heard = self.hear(scenario, trace);
        let trace = &heard.trace;
        let end = Final::of_trace(scenario, trace, instance, Reading::new(scenario).0.audit(contents));
        for &property in properties {
            let known = self.choice == Choice::First && self.shown.contains_key(&property);
            // Between two steps of a stale execution there is no one state to look at.
            if known || !heard.may_show(property) || (stale && is_of_states(property)) {
                continue;
            }
            let seen = match property.scope() {
                // Of two stores that nothing orders, the one that was recorded first may be the last.
                Scope::Ends if stale && matches!(property, Property::Own(_)) => {
                    own_end_breaks(property, scenario, contents, &end).then(|| Evidence {
                        moves: trace.schedule().len(),
                        remark: format!("it is not so that {}", property.sentence(scenario)),
                    })
                }
                _ => evidence(property, scenario, trace, Some(&end)),
            };
            let Some(seen) = seen else { continue };
            let schedule = Schedule(trace.schedule()[..seen.moves].to_vec());
            let stale = stale.then(|| (trace.prefix(seen.moves), seen.remark));
            self.show(property, Shown { schedule, stale });
        }
        self.ends.insert(end);
    }

    /// Judges an execution that goes on for ever and has come to where nothing changes any more.
    #[cfg(feature = "shuttle")]
    pub fn look_endless(&mut self, scenario: &Scenario, properties: &[Property], trace: &Trace) {
        self.executions += 1;
        let Heard { trace, .. } = self.hear(scenario, trace);
        for &property in properties {
            let moves = match property {
                Property::NoLivelock => trace.schedule().len(),
                _ => match evidence(property, scenario, &trace, None) {
                    Some(seen) => seen.moves,
                    None => continue,
                },
            };
            self.show(property, Shown { schedule: Schedule(trace.schedule()[..moves].to_vec()), stale: None });
        }
    }

    /// Takes note of what was said in an execution, and of how its cells were accessed.
    fn hear(&mut self, scenario: &Scenario, trace: &Trace) -> Heard {
        let trace = trace.settled(scenario.launch());
        let at_first = i64::try_from(scenario.stock().unwrap_or(0)).unwrap_or(i64::MAX);
        let (mut oversold, mut torn, mut crashed) = (false, false, false);
        let mut so_far = Final::of_nobody(scenario);
        for entry in &trace.entries {
            match &entry.what {
                What::Local(Local::Told(event)) if entry.actor == Actor::Parent => {
                    // What the parent says is no sale.
                    torn |= event.meaning == Meaning::TornRead;
                }
                What::Local(Local::Told(event)) => {
                    so_far.hear(scenario, event);
                    let balance = so_far.sold - so_far.stock;
                    self.worst = self.worst.max(balance + at_first);
                    oversold |= balance > 0;
                    torn |= event.meaning == Meaning::TornRead;
                    self.gives_back |= matches!(event.meaning, Meaning::GivenBack(_) | Meaning::Restocked(_));
                }
                What::Ended(End::Crashed(death)) => crashed |= scenario.is_crash(death),
                What::Took(Step::On(object, access), ..) if is_weakly_ordered(access) => {
                    self.weakly_ordered.insert(trace.objects[*object].0);
                }
                What::Took(Step::On(object, Access::TryLock(_)), ..) => {
                    self.tried.insert(trace.objects[*object].0);
                }
                What::Freed(object, _) => {
                    self.freed.insert(trace.objects[*object].0);
                }
                What::Took(Step::Fence(order), ..) if *order != SeqCst => {
                    self.weakly_ordered.insert("a fence");
                }
                _ => {}
            }
        }
        Heard { trace, oversold, torn, crashed }
    }

    fn show(&mut self, property: Property, shown: Shown) {
        let best = self.shown.get(&property);
        let better =
            best.is_none_or(|best| self.choice == Choice::Best && shown.schedule.rank() < best.schedule.rank());
        if better {
            self.shown.insert(property, shown);
        }
    }

    /// Whether all of the properties have been shown, so that no further execution changes a verdict.
    #[cfg(loom)]
    pub fn shows(&self, properties: &[Property]) -> bool {
        properties.iter().all(|property| self.shown.contains_key(property))
    }

    /// What all that says of the properties. With a `limit` executions are missing, and nothing is proved.
    ///
    /// # Errors
    /// An interleaving that shows a property does not do so on replay; or an end frees what is tried without waiting, as
    /// an end is no step of its own.
    #[expect(clippy::too_many_arguments, reason = "they are what a finding is made of")]
    pub fn findings(
        mut self,
        engine: &'static str,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
        explored: &Explored,
        limit: Option<&str>,
        basis: &Basis,
    ) -> Result<Vec<Finding>, CheckError> {
        if let Some(object) = self.tried.intersection(&self.freed).next() {
            let reason = format!(
                "cannot tell what is seen between a last step and the end that frees the {object}, which is also tried \
                 without waiting: release it before the end, or wait for it"
            );
            return Err(CheckError::Unsupported { engine, reason });
        }
        let finding = |&property: &Property| {
            let open = |limit: &str| Verdict::Inconclusive { limit: limit.to_owned(), explored: explored.clone() };
            let verdict = match (self.shown.remove(&property), limit) {
                (Some(shown), _) => {
                    let witness = shown.witness(scenario, instance, property);
                    let witness = witness.map_err(|reason| CheckError::Witness { engine, reason })?;
                    Verdict::settled(property, Some(witness), explored.clone())
                }
                (None, Some(limit)) => open(limit),
                (None, None) if self.ends.is_empty() && property.scope() == Scope::Ends => open(NO_END),
                (None, None) if self.stale && is_of_states(property) => {
                    open("a cell was read stale, and then there is no one state between two steps")
                }
                (None, None) => Verdict::settled(property, None, explored.clone()),
            };
            let worst =
                (property == Property::NoOversell && limit.is_none()).then(|| u64::try_from(self.worst).unwrap_or(0));
            Ok(Finding { property, verdict, worst, basis: basis.clone() })
        };
        properties.iter().map(finding).collect()
    }
}

/// An execution, settled, and what there was in it at all.
struct Heard {
    trace: Trace,
    oversold: bool,
    torn: bool,
    crashed: bool,
}

impl Heard {
    /// Whether a closer look may show the property.
    fn may_show(&self, property: Property) -> bool {
        match property {
            Property::NoOversell => self.oversold,
            Property::NoTornRead => self.torn,
            Property::NoCrash => self.crashed,
            _ => true,
        }
    }
}

impl Shown {
    fn witness(self, scenario: &Scenario, instance: &Instance, property: Property) -> Result<Witness, String> {
        let moves: Vec<Move> = self.schedule.0;
        match self.stale {
            None => Witness::by_replay(scenario, instance, property, moves),
            Some((trace, remark)) => {
                let remark = format!("{remark} (a cell was read stale, so no interleaving shows this)");
                Ok(Witness {
                    property,
                    instance: instance.clone(),
                    schedule: Schedule(moves),
                    trace,
                    remark,
                    is_canonical: false,
                })
            }
        }
    }
}

/// Whether a property looks at what is shared between two steps. (Those of the built-in ones that speak of states look
/// only at what each thread has said and at where it is.)
pub(super) fn is_of_states(property: Property) -> bool {
    matches!(property, Property::Own(own) if own.scope == Scope::States)
}

/// Whether an access to a cell may observe what no interleaving allows.
fn is_weakly_ordered(access: &Access) -> bool {
    let weak = |order: &Ordering| *order != SeqCst;
    match access {
        Access::Load(order) | Access::Store(_, order) | Access::Update(_, _, order) => weak(order),
        Access::CompareExchange { success, failure, .. } => weak(success) || weak(failure),
        _ => false,
    }
}
