//! Where one execution shows that an *always* property fails or a *sometimes* property holds.

use super::{Final, Property, Scope};
use crate::platform::script::Local;
use crate::platform::{Actor, Content, End, Hold, Trace, What};
use crate::scenario::{Claim, Ended, Scenario, Shared, State};
use crate::sync::{Meaning, ObjectId};
use std::collections::BTreeMap;

/// The first place in an execution that shows a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// After how many moves.
    pub moves: usize,
    /// What is to be seen there.
    pub remark: String,
}

/// Where a settled execution shows that an *always* property fails or a *sometimes* property is possible.
/// `end` is how it came out, if it has come to its end. (What can still come of a state, `no-livelock`, is to be seen in
/// no single execution.)
pub fn evidence(property: Property, scenario: &Scenario, trace: &Trace, end: Option<&Final>) -> Option<Evidence> {
    match property.scope() {
        Scope::Ends => {
            let end = end?;
            let shown = match property {
                Property::Own(_) => own_end_breaks(property, scenario, &trace.contents(), end),
                _ => property.shown_at(end),
            };
            shown.then(|| Evidence { moves: trace.schedule().len(), remark: remark(property, scenario, trace, end) })
        }
        Scope::Futures => None,
        Scope::States | Scope::Steps => {
            let (_, shared) = scenario.build();
            watch(scenario, trace, |watch| watch.shows(property, scenario, &shared))
        }
    }
}

/// Whether an end breaks a property of the scenario's own.
pub(crate) fn own_end_breaks(property: Property, scenario: &Scenario, contents: &[Content], end: &Final) -> bool {
    let (_, shared) = scenario.build();
    let Some(Claim::AlwaysAtEnd(holds)) = claim(property, scenario) else { return false };
    let state = State {
        contents: &|object: ObjectId| &contents[object],
        totals: &|event| total(scenario, &end.totals, event),
        inside: &|_, _| 0,
        sold: &|| end.sold,
        stock: &|| end.stock,
    };
    let ended = |ending: &str| end.ended(ending);
    let view = Ended { state, ended: &ended, crashed: end.crashed, stuck: end.stuck, count: end.count };
    !holds(&view, &shared)
}

/// Whether a state shows a property of the scenario's own: breaks an *always*, is an instance of a *sometimes*.
pub(crate) fn own_state_shows(property: Property, scenario: &Scenario, shared: &Shared, state: &State<'_>) -> bool {
    match claim(property, scenario) {
        Some(Claim::Always(holds)) => !holds(state, shared),
        Some(Claim::Sometimes(holds)) => holds(state, shared),
        _ => false,
    }
}

fn claim(property: Property, scenario: &Scenario) -> Option<&Claim> {
    scenario.properties().iter().find(|own| own.name == property.name()).map(|own| &own.claim)
}

/// The total of an event, if the scenario keeps it.
pub(crate) fn total(scenario: &Scenario, totals: &[i64], event: &str) -> Option<i64> {
    scenario.tallied().iter().position(|name| *name == event).map(|place| totals[place])
}

fn remark(property: Property, scenario: &Scenario, trace: &Trace, end: &Final) -> String {
    let left = end.count.map_or("a count that cannot be read".to_owned(), |count| format!("a count of {count}"));
    match property {
        Property::NoUndersell => {
            let of = end.stock.min(end.asked);
            format!("only {} sold of {of}, and nobody can take a step any more", end.sold)
        }
        Property::NoDeadlock => {
            let who = if end.stuck == 1 { "1 thread waits".to_owned() } else { format!("{} threads wait", end.stuck) };
            match held(trace) {
                held if held.is_empty() => format!("{who} for ever, and nobody will wake them"),
                held => format!("{who} for ever, and nobody will free the {}", held.join(" or the ")),
            }
        }
        Property::Own(_) => format!("it is not so that {}", property.sentence(scenario)),
        _ => format!("{} sold of {}, and the execution ends with {left}", end.sold, end.stock),
    }
}

/// The locks that are held at the end of a trace.
fn held(trace: &Trace) -> Vec<&'static str> {
    let is_held = |content: &Content| match content {
        Content::Lock { hold, .. } => *hold != Hold::Free,
        Content::Semaphore { permits } => *permits == 0,
        _ => false,
    };
    let contents = trace.contents();
    trace.objects.iter().zip(&contents).filter(|(_, content)| is_held(content)).map(|((name, _), _)| *name).collect()
}

/// What the properties about states and steps look at.
struct Watch<'t> {
    trace: &'t Trace,
    contents: Vec<Content>,
    so_far: Final,
    torn: Option<Actor>,
    crashed: Option<(Actor, String)>,
    /// How deep somebody is in a span.
    inside: BTreeMap<(Actor, &'static str), usize>,
}

impl Watch<'_> {
    fn see(&mut self, scenario: &Scenario, entry: &crate::platform::Entry) {
        let actor = entry.actor;
        entry.act_on(&mut self.contents);
        match &entry.what {
            What::Local(Local::Told(event)) => {
                if event.meaning == Meaning::TornRead {
                    self.torn = Some(actor);
                }
                // What the parent says is no sale.
                if actor != Actor::Parent {
                    self.so_far.hear(scenario, event);
                }
            }
            What::Local(Local::Entered(span)) => *self.inside.entry((actor, span)).or_default() += 1,
            What::Local(Local::Left(span, _)) => {
                if let Some(depth) = self.inside.get_mut(&(actor, *span)) {
                    *depth = depth.saturating_sub(1);
                }
            }
            What::Ended(end) => {
                if let End::Crashed(death) = end
                    && scenario.is_crash(death)
                {
                    self.crashed = Some((actor, death.reason.clone()));
                }
                self.inside.retain(|(other, _), _| *other != actor);
            }
            What::Killed => self.inside.retain(|(other, _), _| *other != actor),
            _ => {}
        }
    }

    /// The threads of a role that are inside a span.
    fn inside<'w>(&'w self, span: &'w str) -> impl Iterator<Item = Actor> + 'w {
        self.inside
            .iter()
            .filter(move |((_, other), depth)| *other == span && **depth > 0)
            .map(|((actor, _), _)| *actor)
    }

    fn shows(&self, property: Property, scenario: &Scenario, shared: &Shared) -> Option<String> {
        match property {
            Property::NoOversell => {
                let (sold, stock) = (self.so_far.sold, self.so_far.stock);
                (sold > stock).then(|| format!("{sold} sold of {stock}"))
            }
            Property::NoTornRead => self
                .torn
                .map(|actor| format!("{} read content that is no JSON object with a count", self.trace.name(actor))),
            Property::NoCrash => {
                self.crashed.as_ref().map(|(actor, reason)| format!("{} dies: {reason}", self.trace.name(*actor)))
            }
            Property::SearchesOverlap => {
                let mut inside = self.inside(scenario.search()?).filter(|actor| *actor != Actor::Parent);
                let (first, second) = (inside.next()?, inside.next()?);
                let names = [first, second].map(|actor| self.trace.name(actor));
                Some(format!("{} and {} are inside search at once", names[0], names[1]))
            }
            _ => {
                let inside = |role: &str, span: &str| {
                    self.inside(span).filter(|a| a.role().is_some_and(|r| self.trace.roles[r] == role)).count()
                };
                let state = State {
                    contents: &|object: ObjectId| &self.contents[object],
                    totals: &|event| total(scenario, &self.so_far.totals, event),
                    inside: &inside,
                    sold: &|| self.so_far.sold,
                    stock: &|| self.so_far.stock,
                };
                own_state_shows(property, scenario, shared, &state).then(|| match property.kind() {
                    super::Kind::Always => format!("it is not so that {}", property.sentence(scenario)),
                    super::Kind::Sometimes => property.sentence(scenario).to_owned(),
                })
            }
        }
    }
}

/// Looks at the states between moves, in order.
fn watch(scenario: &Scenario, trace: &Trace, shows: impl Fn(&Watch<'_>) -> Option<String>) -> Option<Evidence> {
    let mut watch = Watch {
        trace,
        contents: trace.objects.iter().map(|(_, content)| content.clone()).collect(),
        so_far: Final::of_nobody(scenario),
        torn: None,
        crashed: None,
        inside: BTreeMap::new(),
    };
    let mut moves = 0;
    for entry in &trace.entries {
        if entry.is_move() {
            if let Some(remark) = shows(&watch) {
                return Some(Evidence { moves, remark });
            }
            moves += 1;
        }
        watch.see(scenario, entry);
    }
    shows(&watch).map(|remark| Evidence { moves, remark })
}
