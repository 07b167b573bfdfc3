//! A trace in lanes: one per thread and one for what they share, a row per step.

use super::layout::{Layout, Row};
use super::words::{self, shown, waits};
use crate::platform::script::{Local, Reading, Script, Stop};
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
    Layout { lanes, shared: heading(trace), rows: telling.rows }
}

/// A trace that is being told, entry by entry.
struct Telling<'t> {
    scenario: &'t Scenario,
    trace: &'t Trace,
    /// Whose lanes there are, in order.
    actors: Vec<Actor>,
    /// The names of the objects, as steps call them.
    names: Vec<&'static str>,
    contents: Vec<Content>,
    /// The spans that somebody is in, outermost first.
    spans: BTreeMap<Actor, Vec<&'static str>>,
    /// Who has started and not ended.
    at_it: BTreeSet<Actor>,
    /// Who waits at which place of a condition variable.
    places: BTreeMap<(ObjectId, usize), Actor>,
    moves: usize,
    /// Where in the source each of somebody's steps is, from the first that is not told yet.
    sources: BTreeMap<Actor, VecDeque<String>>,
    rows: Vec<Row>,
}

impl<'t> Telling<'t> {
    fn new(scenario: &'t Scenario, trace: &'t Trace) -> Self {
        let actors: BTreeSet<_> = trace.entries.iter().map(|entry| entry.actor).collect();
        let contents: Vec<_> = trace.objects.iter().map(|(_, content)| content.clone()).collect();
        // A file that is the only one goes without saying.
        let only = contents.iter().filter(|content| matches!(content, Content::File { .. })).count() == 1;
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
        Telling {
            scenario,
            trace,
            names: trace.objects.iter().map(name).collect(),
            spans: actors.iter().map(|actor| (*actor, Vec::new())).collect(),
            actors: actors.into_iter().collect(),
            contents,
            at_it: BTreeSet::new(),
            places: BTreeMap::new(),
            moves: 0,
            sources: sources(scenario, trace),
            // The first row says what there is at the start, even if it is nothing.
            rows: if first.is_empty() { vec![Row::default()] } else { first },
        }
    }

    fn tell(&mut self, entry: &Entry) {
        let actor = entry.actor;
        let inside = self.spans.get_mut(&actor).expect("every actor of the trace has a list of spans");
        let (mut number, mut source) = (None, None);
        let text = match &entry.what {
            What::Started => {
                self.at_it.insert(actor);
                return;
            }
            What::Local(Local::Entered(span)) => {
                inside.push(span);
                return;
            }
            What::Local(Local::Left(..)) => {
                inside.pop();
                return;
            }
            // The crash that follows says it better.
            What::Local(Local::Told(event)) if event.meaning == Meaning::TornRead => return,
            What::Local(Local::Again(span)) => format!("{span}: again"),
            What::Local(Local::Told(event)) => self.said(actor, event),
            What::Took(step, seen, after) => {
                self.moves += 1;
                number = Some(self.moves);
                source = self.sources.get_mut(&actor).and_then(VecDeque::pop_front);
                let span = inside.last().map(|span| format!("{span}: ")).unwrap_or_default();
                format!("{span}{}", self.took(actor, step, seen, after.as_ref()))
            }
            What::Ended(end) => {
                self.at_it.remove(&actor);
                ended(end)
            }
            What::Decided(go_on) => {
                self.at_it.remove(&actor);
                if *go_on { "goes on launching" } else { "stops launching" }.to_owned()
            }
            What::Killed => {
                self.moves += 1;
                number = Some(self.moves);
                self.at_it.remove(&actor);
                "KILLED".to_owned()
            }
            What::Freed(object, _) => format!("its {} frees the {}", self.end(actor), self.trace.objects[*object].0),
        };
        let before = self.contents.clone();
        entry.act_on(&mut self.contents);
        let shared = self.changes(&before);
        let source = source.unwrap_or_default();
        self.rows.push(Row { number, lane: self.lane(actor), text, shared, source, ..Row::default() });
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
        match (access, seen, &self.contents[*object]) {
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

    /// What has changed that is worth a cell.
    fn changes(&self, before: &[Content]) -> String {
        let several = visible(self.trace).count() > 1;
        let changed =
            self.trace.objects.iter().zip(before).zip(&self.contents).filter_map(|(((name, _), old), new)| {
                let new = value(new)?;
                let shown = if several { format!("{name} {new}") } else { new.clone() };
                (value(old)? != new).then_some(shown)
            });
        changed.collect::<Vec<_>>().join(", ")
    }

    /// At the end: who waits, and who else is in the middle of something.
    fn waiting(&mut self) {
        let next = next_steps(self.scenario, self.trace, &self.at_it);
        for (actor, step) in self.at_it.clone().into_iter().zip(next) {
            let span = self.spans[&actor].last();
            let waits = step.and_then(|step| {
                let Step::On(object, access) = &step else { return None };
                let names: Vec<_> = self.trace.objects.iter().map(|(name, _)| *name).collect();
                if self.contents[*object].enables(access) { None } else { waits(&names, &step) }
            });
            let text = match (waits, span) {
                (Some(waits), Some(span)) => format!("{span}: {waits}"),
                (Some(waits), None) => waits,
                (None, Some(span)) => format!("... inside {span}"),
                (None, None) => continue,
            };
            self.rows.push(Row { lane: self.lane(actor), text, ..Row::default() });
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
            self.rows.push(Row { text: format!("{mark} {remark}").trim_start().to_owned(), ..Row::default() });
        }
    }
}

/// Where in the source the threads take their steps, if that is known: their code is read again and asked.
fn sources(scenario: &Scenario, trace: &Trace) -> BTreeMap<Actor, VecDeque<String>> {
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
            (*actor, crate::drop_in::sites(read).into_iter().take(script.len()).collect())
        };
        scripts.iter().map(of).collect()
    };
    // On a thread of its own, as below.
    std::thread::scope(|scope| scope.spawn(all).join()).unwrap_or_default()
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

fn value(content: &Content) -> Option<String> {
    match content {
        Content::File { bytes, .. } => Some(shown(bytes)),
        Content::Cell(word) => Some(word.to_string()),
        Content::Lock { value, .. } => value.as_ref().map(|value| format!("{value:?}")),
        Content::Semaphore { permits } => Some(permits.to_string()),
        Content::Condvar { .. } => None,
    }
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
