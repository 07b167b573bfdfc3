//! A scenario that is right as long as nobody dies.

use oversell::office::Document;
use oversell::scenario::{Scenario, Speaker};
use oversell::sync::{Event, File, Lock, Outcome, Platform, Setup};

/// Replaces the file, but tells the buyer before: the mistake that `repaired` does not make.
#[derive(Clone)]
pub struct AnnounceThenReplace;

impl Scenario for AnnounceThenReplace {
    type Shared = (File, Lock);

    fn tickets(&self) -> u64 {
        1
    }

    fn build(&self, setup: &mut Setup) -> (File, Lock) {
        (setup.file("database", Document::with_tickets(1).bytes()), setup.lock("purchase lock"))
    }

    fn buyer(&self, at: &dyn Platform, (database, lock): &(File, Lock), _number: usize) -> Outcome {
        let _guard = lock.acquire(at);
        let document = Document::parse(&database.read(at)).expect("only ever replaced");
        let Some(content) = document.take_one() else { return Outcome::SoldOut };
        at.tell(Event::sale("bought"));
        database.replace(at, content);
        Outcome::Bought
    }

    fn audit(&self, at: &dyn Platform, (database, _): &(File, Lock)) -> Option<u64> {
        Document::parse(&database.read(at)).ok().map(|document| document.count())
    }

    fn line(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        Some(format!("buyer {} {}", speaker.buyer, event.name))
    }
}
