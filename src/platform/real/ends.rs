//! How a real thread ends: by itself, by a death, or because it is told to stop.
//!
//! An actor that is told to stop frees what it holds, says that it stopped, and does nothing any more: its thread is
//! parked for ever, its process exits. Nothing unwinds through its code, so no `Drop` of it can take a step or be
//! noticed. A step after a death (code that catches its own unwinding, a `Drop` that takes a step meanwhile) is
//! reported as a crash of its own, and the actor goes no further.

use super::super::record::What;
use super::super::site::Place;
use super::super::stage::News;
use super::super::{Content, End, Hold, LockKind, Ran, run};
use super::{RealThread, step_text};
use crate::sync::{Death, ObjectId, Platform, Step};

/// A lock file that nobody holds.
const FREE_LOCK: Content = Content::Lock { value: None, hold: Hold::Free };

/// How many steps an actor with a file open may take after it was told to stop.
const LAST_STEPS: usize = 64;

impl RealThread<'_> {
    /// Runs code to its end, frees what it leaves held, and reports how it ended. Does not return if the actor is
    /// told to stop.
    pub fn run(&self, code: impl FnOnce(&dyn Platform) -> What) {
        let ended = match (run(|| code(self)), self.dying.get()) {
            (Ran::Returned(what), None) => what,
            (Ran::Returned(_), Some(dying)) => crashed(format!("{dying}, and yet it returns (`catch_unwind`?)")),
            (Ran::Crashed(death), _) => What::Ended(End::Crashed(death)),
        };
        self.end(ended);
    }

    /// It is over: nobody hears of it before all is free that its end frees.
    fn end(&self, what: What) {
        let died = matches!(what, What::Ended(End::Crashed(_)));
        self.alone(|record| {
            record(what.clone());
            self.bury(died).into_iter().for_each(|(object, content)| record(What::Freed(object, content)));
        });
        self.site.bell.ring();
        self.contact.report(match what {
            What::Ended(end) => News::Ended(end),
            What::Decided(go_on) => News::Decided(go_on),
            other => unreachable!("nobody ends by {other:?}"),
        });
    }

    /// Stops for good. In the record, and for what it holds, this is a kill.
    pub(super) fn halt(&self) -> ! {
        self.alone(|record| {
            record(What::Killed);
            self.bury(true).into_iter().for_each(|(object, content)| record(What::Freed(object, content)));
        });
        self.site.bell.ring();
        self.contact.report(News::Stopped);
        self.contact.rest()
    }

    /// Frees what an end frees, as [`Content::left_by`] has it; returns each object that changes, with what it then
    /// holds.
    fn bury(&self, died: bool) -> Vec<(ObjectId, Content)> {
        let held = std::mem::take(&mut *self.held.borrow_mut());
        self.disk.borrow_mut().close();
        let mut changed: Vec<(ObjectId, Content)> = Vec::new();
        for (object, mode) in held {
            let after = match &self.site.places[object] {
                Place::Memory(memory) => memory.left_by(mode, self.site.kind, died),
                // The file is unlocked by now; a semaphore's stays.
                Place::Lock(_) if self.site.kind == LockKind::Owned => Some(FREE_LOCK),
                _ => None,
            };
            if let Some(after) = after {
                changed.retain(|(other, _)| *other != object);
                changed.push((object, after));
            }
        }
        changed
    }

    /// The dead take no steps.
    pub(super) fn expect_alive(&self, step: &Step) {
        let why = match self.dying.get() {
            Some(dying) => format!("{dying}, and yet it goes on"),
            None if std::thread::panicking() => "a `Drop` takes a step while a panic unwinds".to_owned(),
            None => return,
        };
        self.end(crashed(format!("{why}: {}", step_text(&self.site.names, step))));
        self.contact.rest()
    }

    /// Stops if it was told to, unless it has emptied a file and not written it yet: then it goes on until it has. (But
    /// not for ever: code can drop such a file unwritten, and loop.)
    pub(super) fn heed_stop(&self) {
        if !self.contact.stopping() {
            return;
        }
        self.last_steps.set(self.last_steps.get() + 1);
        if !self.disk.borrow().has_open_files() || self.last_steps.get() > LAST_STEPS {
            self.halt();
        }
    }
}

fn crashed(reason: String) -> What {
    What::Ended(End::Crashed(Death { reason, torn: false }))
}
