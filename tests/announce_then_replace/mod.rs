//! A scenario that is right as long as nobody dies.

use oversell::programs::tutorials::Document;
use oversell::scenario::Scenario;
use oversell::sync::{Event, File, Lock};

/// Replaces the file, but tells the buyer before: the mistake that `repaired` does not make.
pub fn announce_then_replace() -> Scenario {
    let parse = |content: &[u8]| Document::parse(content).expect("only ever replaced");
    Scenario::new("announce-then-replace", |setup| {
        (setup.file("database", Document::with_tickets(1).bytes()), setup.lock("purchase lock"))
    })
    .stock(1)
    .role("buyer", move |at, (database, lock): &(File, Lock)| {
        let _guard = lock.acquire(at);
        let Some(content) = parse(&database.read(at)).take_one() else { return "sold out" };
        at.tell(Event::sale("bought"));
        database.replace(at, content);
        "bought"
    })
    .endings(["bought", "sold out"])
    .ledger(move |at, (database, _)| Some(parse(&database.read(at)).count()))
    .line(|speaker, event| Some(format!("buyer {} {}", speaker.number, event.name)))
    .into()
}
