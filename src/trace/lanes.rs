//! A trace in lanes: one per thread and one for what they share, a row per step.

use super::faces::{Faces, value};
use super::holders::Holders;
use super::layout::{Layout, Object, Row, RowKind, Source, Span};
use super::words::{self, waits};
use crate::platform::script::{Local, Reading, Script};
use crate::platform::{Actor, Content, End, Entry, Trace, Waiter, What};
use crate::scenario::{Scenario, Speaker};
use crate::sync::{Access, Event, Meaning, ObjectId, Observation, Step};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
pub fn lanes(scenario: &Scenario, trace: &Trace, closing: &Closing) -> String {
    layout(scenario, trace, closing).text()
}

/// Lays a trace out in lanes.
pub fn layout(scenario: &Scenario, trace: &Trace, closing: &Closing) -> Layout {
    let mut telling = Telling::new(scenario, trace);
    for entry in &trace.entries {
        telling.tell(entry);
    }
    telling.waiting();
    telling.close(closing);
    let lanes = telling.actors.iter().map(|actor| trace.name(*actor)).collect();
    let Telling { objects, spans, rows, .. } = telling;
    Layout { lanes, shared: heading(trace), objects, spans, rows }
}

/// A trace that is being told, entry by entry.
struct Telling<'t> {
    scenario: &'t Scenario,
    trace: &'t Trace,
    /// Whose lanes there are, in order.
    actors: Vec<Actor>,
    /// The names of the objects, as steps call them.
    names: Vec<&'static str>,
    faces: Faces,
    objects: Vec<Object>,
    spans: Vec<Span>,
    /// The spans that somebody is in, outermost first.
    inside: BTreeMap<Actor, Vec<usize>>,
    /// Who waits at which place of a condition variable.
    places: BTreeMap<(ObjectId, usize), Actor>,
    holders: Holders,
    moves: usize,
    /// Where in the source each of somebody's steps is, from the first that is not told yet.
    sources: BTreeMap<Actor, VecDeque<Option<Source>>>,
    rows: Vec<Row>,
}

impl<'t> Telling<'t> {
    fn new(scenario: &'t Scenario, trace: &'t Trace) -> Self {
        let actors: BTreeSet<_> = trace.entries.iter().map(|entry| entry.actor).collect();
        // A file that is the only one goes without saying.
        let is_file = |(_, content): &&(&str, Content)| matches!(content, Content::File { .. });
        let only = trace.objects.iter().filter(is_file).count() == 1;
        let name = |(name, content): &(&'static str, Content)| match content {
            Content::File { .. } if only => "",
            _ => *name,
        };
        let several = visible(trace).count() > 1;
        let first = trace.objects.iter().filter_map(|(name, content)| value(content).map(|value| (name, value)));
        let first: Vec<_> = first
            .map(|(name, value)| Row {
                shared: if several { format!("{name} {value}") } else { value },
                ..Row::default()
            })
            .collect();
        let inside = actors.iter().map(|actor| (*actor, Vec::new())).collect();
        let actors: Vec<_> = actors.into_iter().collect();
        let faces = Faces::new(scenario, trace, &actors);
        Telling {
            scenario,
            trace,
            names: trace.objects.iter().map(name).collect(),
            objects: faces.objects(trace),
            spans: Vec::new(),
            inside,
            actors,
            faces,
            places: BTreeMap::new(),
            holders: Holders::default(),
            moves: 0,
            sources: sources(scenario, trace),
            // The first row says what there is at the start, even if it is nothing.
            rows: if first.is_empty() { vec![Row::default()] } else { first },
        }
    }

    fn tell(&mut self, entry: &Entry) {
        let actor = entry.actor;
        self.holders.see(entry);
        let lane = self.lane(actor);
        let inside = self.inside.get_mut(&actor).expect("every actor of the trace has a list of spans");
        // What a step does at once belongs to the spans that the step is in.
        let spans = inside.clone();
        let (mut number, mut gloss, mut source) = (None, String::new(), None);
        let told = match &entry.what {
            What::Started | What::Local(Local::Entered(_) | Local::Left(..)) => {
                match &entry.what {
                    What::Local(Local::Entered(name)) => {
                        inside.push(self.spans.len());
                        self.spans.push(Span { name, lane: lane.expect("every actor of the trace has a lane") });
                    }
                    What::Local(Local::Left(..)) => drop(inside.pop()),
                    _ => {}
                }
                self.faces.see(entry);
                return;
            }
            // The crash that follows says it better.
            What::Local(Local::Told(event)) if event.meaning == Meaning::TornRead => return,
            What::Local(Local::Again(span)) => (RowKind::Said, format!("{span}: again")),
            What::Local(Local::Told(event)) => {
                gloss = self.scenario.gloss(&speaker(self.trace, actor), event).unwrap_or_default();
                (RowKind::Said, self.said(actor, event))
            }
            What::Took(step, seen, after) => {
                self.moves += 1;
                number = Some(self.moves);
                source = self.sources.get_mut(&actor).and_then(VecDeque::pop_front).flatten();
                let span = inside.last().map(|span| format!("{}: ", self.spans[*span].name)).unwrap_or_default();
                (RowKind::Step, format!("{span}{}", self.took(actor, step, seen, after.as_ref())))
            }
            What::Ended(end @ End::Crashed(_)) => (RowKind::Death, ended(end)),
            What::Ended(end) => (RowKind::End, ended(end)),
            What::Decided(go_on) => {
                (RowKind::Said, if *go_on { "goes on launching" } else { "stops launching" }.to_owned())
            }
            What::Killed => {
                self.moves += 1;
                number = Some(self.moves);
                (RowKind::Kill, "KILLED".to_owned())
            }
            What::Freed(object, _) => {
                (RowKind::Said, format!("its {} frees the {}", self.end(actor), self.trace.objects[*object].0))
            }
        };
        let before = self.faces.now();
        self.faces.see(entry);
        let changes: Vec<_> =
            self.faces.now().into_iter().enumerate().filter(|(object, face)| before[*object] != *face).collect();
        let several = visible(self.trace).count() > 1;
        // Who holds and who waits has rows of its own in the text.
        let shared = changes.iter().filter_map(|(object, face)| {
            let value = face.value.as_ref().filter(|value| before[*object].value.as_ref() != Some(value))?;
            Some(if several { format!("{} {value}", self.objects[*object].name) } else { value.clone() })
        });
        let shared = shared.collect::<Vec<_>>().join(", ");
        let (kind, text) = told;
        self.rows.push(Row { number, lane, text, gloss, shared, kind, spans, changes, source, ..Row::default() });
    }

    fn lane(&self, actor: Actor) -> Option<usize> {
        self.actors.iter().position(|other| *other == actor)
    }

    /// What becomes of something held by whoever has just ended: of a death, or of coming to one's end.
    fn end(&self, actor: Actor) -> &'static str {
        let last = self.trace.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Ended(end) if entry.actor == actor => Some(matches!(end, End::Returned(_))),
            What::Killed if entry.actor == actor => Some(false),
            _ => None,
        });
        if last == Some(false) { "death" } else { "end" }
    }

    fn said(&self, actor: Actor, event: &Event) -> String {
        match (self.scenario.line(&speaker(self.trace, actor), event), event.value) {
            (Some(line), _) => format!("> {line}"),
            (None, Some(value)) => format!("({} {value})", event.name),
            (None, None) => format!("({})", event.name),
        }
    }

    /// A step in words, with what only the rest of the trace can tell of it.
    fn took(&mut self, actor: Actor, step: &Step, seen: &Observation, after: Option<&Content>) -> String {
        let text = words::took(&self.names, step, seen);
        let Step::On(object, access) = step else { return text };
        match (access, seen, &self.faces.contents[*object]) {
            (Access::Write(into, _), _, Content::File { inode, .. }) if into != inode => {
                format!("{text} (into the file that was replaced)")
            }
            (Access::Wait, Observation::Place(place), _) => {
                self.places.insert((*object, *place), actor);
                text
            }
            (Access::NotifyOne | Access::NotifyAll, _, Content::Condvar { places: before }) => {
                let Some(Content::Condvar { places: after }) = after else { return text };
                let notified = (0..before.len().min(after.len()))
                    .filter(|place| before[*place] == Waiter::Waiting && after[*place] == Waiter::Notified)
                    .filter_map(|place| self.places.get(&(*object, place)))
                    .map(|actor| self.trace.name(*actor));
                match notified.collect::<Vec<_>>().join(", ") {
                    nobody if nobody.is_empty() => format!("{text} -> nobody"),
                    notified => format!("{text} -> {notified}"),
                }
            }
            _ => text,
        }
    }

    /// At the end: who waits, and who else is in the middle of something.
    fn waiting(&mut self) {
        let names: Vec<_> = self.trace.objects.iter().map(|(name, _)| *name).collect();
        for (actor, blocked) in self.faces.at_it() {
            let span = self.inside[&actor].last().map(|span| self.spans[*span].name);
            let waits = blocked.and_then(|step| waits(&names, step));
            let held = blocked.and_then(Step::object).filter(|_| waits.is_some());
            let held = held.and_then(|object| self.holders.of(object, self.trace));
            let text = match (waits, span) {
                (Some(waits), Some(span)) => format!("{span}: {waits}"),
                (Some(waits), None) => waits,
                (None, Some(span)) => format!("... inside {span}"),
                (None, None) => continue,
            };
            let (lane, spans) = (self.lane(actor), self.inside[&actor].clone());
            self.rows.push(Row { lane, text, spans: spans.clone(), kind: RowKind::Left, ..Row::default() });
            let held = held.map(|held| format!("held by {held}"));
            self.rows.extend(held.map(|text| Row { lane, text, spans, kind: RowKind::Left, ..Row::default() }));
        }
    }

    fn close(&mut self, closing: &Closing) {
        let (mark, remarks) = match closing {
            Closing::Broken(why) => ("✗", why.as_slice()),
            Closing::Reached(what) => ("✓", what.as_slice()),
            Closing::Stands(how) => ("", std::slice::from_ref(how)),
        };
        if let Some(last) = self.rows.iter_mut().rev().find(|row| row.number.is_some()) {
            last.mark = mark;
        }
        for remark in remarks {
            let text = format!("{mark} {remark}").trim_start().to_owned();
            self.rows.push(Row { text, kind: RowKind::Remark, ..Row::default() });
        }
    }
}

/// Where in the source the threads take their steps, if that is known: their code is read again and asked.
fn sources(scenario: &Scenario, trace: &Trace) -> BTreeMap<Actor, VecDeque<Option<Source>>> {
    if scenario.turns().is_none() {
        return BTreeMap::new();
    }
    let mut scripts: BTreeMap<Actor, Vec<(Step, Observation)>> = BTreeMap::new();
    for entry in &trace.entries {
        if let What::Took(step, seen, _) = &entry.what {
            scripts.entry(entry.actor).or_default().push((step.clone(), seen.clone()));
        }
    }
    let all = || {
        let (reading, _) = Reading::new(scenario);
        let of = |(actor, script): (&Actor, &Vec<_>)| {
            let read = || drop(reading.follow(*actor, Script::Whole(script)));
            (*actor, crate::drop_in::sites(read).iter().take(script.len()).map(|site| place(site)).collect())
        };
        scripts.iter().map(of).collect()
    };
    // On a thread of its own, as below.
    std::thread::scope(|scope| scope.spawn(all).join()).unwrap_or_default()
}

/// A place in the source, of `file:line`.
fn place(site: &str) -> Option<Source> {
    let (file, line) = site.rsplit_once(':')?;
    Some(Source { file: file.to_owned(), line: line.parse().ok()? })
}

/// Who speaks, with a stand-in for the process id that is the same on every run.
fn speaker(trace: &Trace, actor: Actor) -> Speaker {
    match actor {
        Actor::Thread(role, number) => {
            let pid = if role == 0 { format!("<{number}>") } else { format!("<{} {number}>", trace.roles[role]) };
            Speaker { role: trace.roles[role], number, pid }
        }
        Actor::Parent => Speaker { role: "parent", number: 0, pid: "<parent>".to_owned() },
    }
}

/// The objects that have a value to show: locks without one have their rows.
fn visible(trace: &Trace) -> impl Iterator<Item = &'static str> {
    trace.objects.iter().filter(|(_, content)| value(content).is_some()).map(|(name, _)| *name)
}

/// What stands above the column of what is shared.
fn heading(trace: &Trace) -> String {
    let names: Vec<_> = visible(trace).collect();
    if let [name] = names.as_slice() { (*name).to_owned() } else { "shared".to_owned() }
}

fn ended(end: &End) -> String {
    match end {
        End::Returned(ending) => format!("ends: {ending}"),
        End::Crashed(death) => format!("CRASHES: {}", death.reason),
        End::Killed => "KILLED".to_owned(),
    }
}
