//! A trace as text: one lane per buyer and one for what they share, a row per step.

use super::layout::{Layout, Row};
use crate::platform::script::Aside;
use crate::platform::{Actor, Content, Deed, End, Entry, Trace};
use crate::scenario::{Scenario, Speaker};
use crate::sync::{Access, Bytes, Meaning, Observation, Outcome, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What there is to say at the end of a trace, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Properties break here.
    Broken(Vec<String>),
    /// Something possible has come to pass.
    Reached(Vec<String>),
    /// Neither: so it stands.
    Stands(String),
}

/// Writes a trace in lanes.
pub fn lanes<S: Scenario>(scenario: &S, trace: &Trace, closing: &Closing) -> String {
    let actors: Vec<Actor> =
        trace.entries.iter().map(|entry| entry.actor).collect::<BTreeSet<_>>().into_iter().collect();
    let lanes = actors.iter().map(|actor| actor.to_string()).collect();
    Layout { lanes, shared: shared_header(trace), rows: rows(scenario, trace, &actors, closing) }.render()
}

fn rows<S: Scenario>(scenario: &S, trace: &Trace, actors: &[Actor], closing: &Closing) -> Vec<Row> {
    let mut contents: Vec<_> = trace.objects.iter().map(|(_, content)| content.clone()).collect();
    let mut spans: BTreeMap<Actor, Vec<&'static str>> = actors.iter().map(|actor| (*actor, Vec::new())).collect();
    let mut at_it: BTreeSet<Actor> = BTreeSet::new();
    let lane = |actor: &Actor| actors.iter().position(|other| other == actor);
    let row = |number, actor: Option<Actor>, text: String, shared| {
        let lane = actor.and_then(|actor| lane(&actor));
        Row { mark: "", number, lane, text, shared }
    };
    let mut rows = vec![row(None, None, String::new(), objects(trace, &contents))];
    let mut moves = 0;
    for Entry { actor, deed } in &trace.entries {
        let inside = spans.get_mut(actor).expect("every actor of the trace has a list of spans");
        let mut number = None;
        let text = match deed {
            Deed::Started => {
                at_it.insert(*actor);
                continue;
            }
            Deed::Aside(Aside::Entered(span)) => {
                inside.push(span);
                continue;
            }
            Deed::Aside(Aside::Left(..)) => {
                inside.pop();
                continue;
            }
            // The crash that follows says it better.
            Deed::Aside(Aside::Told(event)) if event.meaning == Meaning::TornRead => continue,
            Deed::Aside(Aside::Again(span)) => format!("{span}: again"),
            Deed::Aside(Aside::Told(event)) => {
                let speaker = Speaker::in_trace(actor.buyer().unwrap_or(0));
                match scenario.line(&speaker, event) {
                    Some(line) => format!("> {line}"),
                    None => match event.value {
                        Some(value) => format!("({} {value})", event.name),
                        None => format!("({})", event.name),
                    },
                }
            }
            Deed::Took(step, observation) => {
                moves += 1;
                number = Some(moves);
                let span = inside.last().map(|span| format!("{span}: ")).unwrap_or_default();
                format!("{span}{}", took(trace, step, observation))
            }
            Deed::Ended(end) => {
                at_it.remove(actor);
                ended(end)
            }
            Deed::Decided(true) => "goes on launching".to_owned(),
            Deed::Decided(false) => "stops launching".to_owned(),
            Deed::Killed => {
                moves += 1;
                number = Some(moves);
                at_it.remove(actor);
                "KILLED".to_owned()
            }
            Deed::Freed(object) => format!("its death frees the {}", trace.objects[*object].0),
        };
        if let Deed::Decided(_) = deed {
            at_it.remove(actor);
        }
        let before = contents.clone();
        Entry { actor: *actor, deed: deed.clone() }.act_on(&mut contents);
        let shared = if shows(&before, &contents) { objects(trace, &contents) } else { String::new() };
        rows.push(row(number, Some(*actor), text, shared));
    }
    for actor in at_it {
        if let Some(span) = spans[&actor].last() {
            rows.push(row(None, Some(actor), format!("... inside {span}"), String::new()));
        }
    }
    let (mark, remarks) = match closing {
        Closing::Broken(why) => ("✗", why.as_slice()),
        Closing::Reached(what) => ("✓", what.as_slice()),
        Closing::Stands(how) => ("", std::slice::from_ref(how)),
    };
    if let Some(last) = rows.iter_mut().rev().find(|row| row.number.is_some()) {
        last.mark = mark;
    }
    for remark in remarks {
        let text = format!("{mark} {remark}").trim_start().to_owned();
        rows.push(row(None, None, text, String::new()));
    }
    rows
}

/// Whether a change is worth a cell: locks have their own rows.
fn shows(before: &[Content], after: &[Content]) -> bool {
    let value = |content: &Content| match content {
        Content::Lock { .. } => None,
        Content::Mutex { value, .. } => Some(Content::Mutex { value: value.clone(), held: false }),
        other => Some(other.clone()),
    };
    before.iter().zip(after).any(|(before, after)| value(before) != value(after))
}

fn objects(trace: &Trace, contents: &[Content]) -> String {
    let shared: Vec<_> =
        trace.objects.iter().zip(contents).filter(|(_, c)| !matches!(c, Content::Lock { .. })).collect();
    let text = |content: &Content| match content {
        Content::File(bytes) => shown(bytes),
        Content::Cell(value) => value.to_string(),
        Content::Mutex { value, .. } => format!("{value:?}"),
        Content::Lock { .. } => String::new(),
    };
    match shared.as_slice() {
        [(_, content)] => text(content),
        several => several
            .iter()
            .map(|((name, _), content)| format!("{name} {}", text(content)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The content of a file on one line.
pub fn shown(bytes: &Bytes) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn took(trace: &Trace, step: &Step, observation: &Observation) -> String {
    let object = trace.objects[step.object].0;
    let only = trace.objects.iter().filter(|(_, content)| matches!(content, Content::File(_))).count() == 1;
    let of = if only { String::new() } else { format!(" {object}") };
    match (&step.access, observation) {
        (Access::Read, Observation::Content(bytes)) => format!("read{of} -> {}", shown(bytes)),
        (Access::Truncate, _) => format!("truncate{of}"),
        (Access::Write(bytes), _) => format!("write{of} {}", shown(bytes)),
        (Access::Replace(bytes), _) => format!("replace{of} {}", shown(bytes)),
        (Access::Acquire, _) => format!("acquire {object}"),
        (Access::Release, _) => format!("release {object}"),
        (Access::LockValue, Observation::Value(value)) => format!("lock {object} -> {value:?}"),
        (Access::UnlockValue(value), _) => format!("unlock {object} {value:?}"),
        (Access::Load(order), Observation::Number(n)) => format!("load {object} -> {n} ({order:?})"),
        (Access::Store(n, order), _) => format!("store {object} {n} ({order:?})"),
        (Access::Swap(new, order), Observation::Number(n)) => format!("swap {object} {new} -> {n} ({order:?})"),
        (Access::FetchAdd(d, order), Observation::Number(n)) => format!("fetch-add {object} {d} -> {n} ({order:?})"),
        (Access::FetchSub(d, order), Observation::Number(n)) => format!("fetch-sub {object} {d} -> {n} ({order:?})"),
        (Access::CompareExchange { expected, new, success, .. }, Observation::Number(n)) => {
            format!("compare-exchange {object} {expected} by {new} -> {n} ({success:?})")
        }
        (access, observation) => format!("{access:?} {object} -> {observation:?}"),
    }
}

fn ended(end: &End) -> String {
    match end {
        End::Returned(Outcome::Bought) => "ends: bought".to_owned(),
        End::Returned(Outcome::SoldOut) => "ends: sold out".to_owned(),
        End::Crashed(reason) => format!("CRASHES: {reason}"),
        End::Killed => "KILLED".to_owned(),
    }
}

fn shared_header(trace: &Trace) -> String {
    let names: Vec<_> =
        trace.objects.iter().filter(|(_, c)| !matches!(c, Content::Lock { .. })).map(|(name, _)| *name).collect();
    match names.as_slice() {
        [name] => (*name).to_owned(),
        _ => "shared".to_owned(),
    }
}
