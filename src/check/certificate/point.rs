//! Control points and contents, as certificates tell them in words.

use crate::check::outcome::Tally;
use crate::platform::script::{Memory, did};
use crate::platform::{Actor, Content, Hold};
use crate::scenario::Scenario;
use crate::sync::{Access, Inode, Mode, ObjectId, Observation, Step};

/// A control point: who stands there, and all that matters of how it came there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::check) struct Point {
    /// Whoever runs this code: number 0 of a role stands for all, or it is the parent.
    pub actor: Actor,
    /// What it remembers; nothing once it has ended.
    pub memory: Vec<Memory>,
    /// The step before which it stands; `None` if it has ended.
    pub step: Option<Step>,
    /// What it holds; nothing once it has ended.
    pub held: Vec<(ObjectId, Mode)>,
    /// What it has told.
    pub tally: Tally,
    /// It has ended in a way that asks for nothing.
    pub excused: bool,
}

impl Point {
    /// Nothing has happened yet.
    pub fn start(actor: Actor, tally: Tally) -> Self {
        Point { actor, memory: Vec::new(), step: None, held: Vec::new(), tally, excused: false }
    }

    /// What it held, and the same at its end.
    pub fn ended(self) -> (Vec<(ObjectId, Mode)>, Self) {
        (self.held, Point { memory: Vec::new(), step: None, held: Vec::new(), ..self })
    }

    /// In words. Two points that read alike are taken for one only if they are equal.
    pub fn text(&self, scenario: &Scenario, names: &[&'static str]) -> String {
        let who = self.actor.role().map_or("the parent", |role| scenario.roles()[role].name);
        let mut parts: Vec<String> = self.memory.iter().map(|memory| remembered(names, memory)).collect();
        parts.extend(self.held.iter().map(|(object, mode)| format!("holding {} ({mode:?})", names[*object])));
        let Tally { sold, restocked, totals } = &self.tally;
        if *sold != 0 || *restocked != 0 || totals.iter().any(|total| *total != 0) {
            let totals = scenario.tallied().iter().zip(totals).map(|(event, total)| format!(", {event} {total}"));
            parts.push(format!("sold {sold}, restocked {restocked}{}", totals.collect::<String>()));
        }
        parts.push(match &self.step {
            Some(step) => format!("before: {}", crate::trace::step(names, step)),
            None if self.excused => "ended, excused".to_owned(),
            None => "ended".to_owned(),
        });
        format!("{who}: {}", parts.join("; "))
    }

    /// The spans that it stands in.
    pub fn inside(&self, span: &str) -> bool {
        self.memory.iter().any(|memory| matches!(memory, Memory::Inside(inside) if *inside == span))
    }
}

/// Something remembered; with what traces leave out because there the steps of others tell it.
fn remembered(names: &[&'static str], memory: &Memory) -> String {
    let text = did(names, memory);
    match memory {
        Memory::Took(_, Observation::Opened(Inode(file))) if *file > 0 => format!("{text} (file {file})"),
        Memory::Took(Step::On(_, Access::Write(Inode(file), _)), _) if *file > 0 => format!("{text} (file {file})"),
        Memory::Took(_, Observation::Place(place)) => format!("{text} (place {place})"),
        _ => text,
    }
}

/// What an object holds, in words.
pub(in crate::check) fn held_by(names: &[&'static str], object: ObjectId, content: &Content) -> String {
    let held = match content {
        Content::File { bytes, inode: Inode(file), opened } => {
            let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains('\\'));
            let text = text.map_or_else(|| format!("bytes \"{}\"", bytes.escape_ascii()), str::to_owned);
            format!("{text} (file {file}{})", if *opened { ", opened" } else { "" })
        }
        Content::Lock { value, hold } => {
            let hold = match hold {
                Hold::Free => "free".to_owned(),
                Hold::Shared(readers) => format!("held by {readers} readers"),
                Hold::Exclusive => "held".to_owned(),
            };
            value.as_ref().map_or(hold.clone(), |value| format!("{value:?} ({hold})"))
        }
        Content::Semaphore { permits } => format!("{permits} permits"),
        Content::Condvar { places } => format!("{places:?}"),
        Content::Cell(word) => word.to_string(),
    };
    format!("{object} {}: {held}", names[object])
}
