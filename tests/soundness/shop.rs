//! A shop that is only what its buyers do, and how to ask about it.

use oversell::check::{
    AutomatonError, Check, CheckError, Counting, Coverability, Engine, Finding, Instance, Limits, Property, Report,
};
use oversell::scenario::{Builder, Scenario};
use oversell::sync::{Cell, Ending, Event, File, Platform};
use std::sync::atomic::Ordering::SeqCst;

/// What buyers share: how many tickets are left (two at the start), two cells more, and a note (so that there is a file
/// that could be read torn).
#[derive(Clone, Copy)]
pub struct Shop {
    pub left: Cell<u64>,
    pub door: Cell<u64>,
    pub bell: Cell<u64>,
    pub note: File,
}

/// Two tickets, and buyers who do this. Each test has a name of its own: code that was refused is known again by it.
pub fn shop<E: Into<Ending>>(
    name: &str,
    code: impl Fn(&dyn Platform, &Shop) -> E + Send + Sync + 'static,
) -> Builder<Shop> {
    Scenario::new(name, |setup| Shop {
        left: setup.cell("left", 2),
        door: setup.cell("door", 0),
        bell: setup.cell("bell", 0),
        note: setup.file("note", b"open all day".to_vec()),
    })
    .stock(2)
    .role("buyer", code)
    .ledger(|at, shop| Some(shop.left.load(at, SeqCst)))
}

/// Takes a ticket as it should be done.
pub fn take(at: &dyn Platform, shop: &Shop) -> &'static str {
    match shop.left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Err(_) => "sold out",
        Ok(_) => {
            at.tell(Event::sale("bought"));
            "bought"
        }
    }
}

/// What counting says of so many threads of the first role.
pub fn counted(scenario: &Scenario, threads: usize) -> Report {
    Check::new(scenario).threads(scenario.roles()[0].name, threads).run().unwrap_or_else(|error| panic!("{error}"))
}

/// The names of the verdicts of a report.
pub fn names(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.verdict.name()).collect()
}

/// Why the engines that read the code refuse three threads, and any number of them.
pub fn refusal(name: &str, scenario: impl Fn(&str) -> Scenario) -> AutomatonError {
    // Not by default limits: what is refused late is refused too late.
    let few = Limits { max_states: 2_000, max_nodes: 300, ..Limits::default() };
    let by_counting = scenario(&format!("{name}, counting"));
    let properties = Property::of(&by_counting);
    let counting = Counting { limits: few.clone() }.check(&by_counting, &Instance::of(&by_counting, 3), &properties);
    let by_coverability = scenario(&format!("{name}, coverability"));
    let any = Coverability { limits: few }.check(&by_coverability, &Instance::any(&by_coverability), &properties);
    // Where cells can count without end, any number may be given up before; but nothing is proved then.
    let proves = |findings: &Vec<Finding>| findings.iter().any(|finding| finding.verdict.holds() == Some(true));
    match (counting, any) {
        (Err(CheckError::Automaton(error)), Err(CheckError::Automaton(_))) => error,
        (Err(CheckError::Automaton(error)), Ok(any)) if !proves(&any) => error,
        (counting, any) => panic!("no refusal, but {:?} and {:?}", verdicts(&counting), verdicts(&any)),
    }
}

fn verdicts(findings: &Result<Vec<Finding>, CheckError>) -> Vec<String> {
    match findings {
        Ok(findings) => findings.iter().map(|f| format!("{} {}", f.property, f.verdict.name())).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Asserts that each of these is said.
pub fn assert_says(error: &AutomatonError, parts: &[&str]) {
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing: {message}");
    }
}
