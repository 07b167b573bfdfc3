//! What is known of programs that have too many schedules to walk all of them: what follows from how they are made, with any
//! number of buyers or a crowd of them, or where they go round.

use crate::check::{Counting, Engine, Finding, Instance, Limits, Parametric, Property};
use crate::programs::{self, planted};
use crate::scenario::Scenario;

/// What is known of a program.
pub struct Fact {
    /// One of the tutorials', or a planted one, which has tickets of its own.
    pub program: &'static str,
    /// `None` for any number.
    pub buyers: Option<usize>,
    pub tickets: u64,
    pub property: &'static str,
    /// What the verdict must be called.
    verdict: &'static str,
    /// The most that are sold, if that is to be said.
    worst: Option<u64>,
    /// The most that are sold, if anything is said.
    at_most: Option<u64>,
    kills: usize,
    /// How many threads and moves the canonical witness takes, if there is one.
    witness: Option<(usize, usize)>,
}

const fn fact(
    (program, buyers, tickets): (&'static str, Option<usize>, u64),
    property: &'static str,
    verdict: &'static str,
    worst: Option<u64>,
    witness: Option<(usize, usize)>,
) -> Fact {
    Fact { program, buyers, tickets, property, verdict, worst, at_most: None, kills: 0, witness }
}

const CROWD: Option<usize> = Some(60);

/// With so many there are too many states for counting to begin with them.
const THRONG: Option<usize> = Some(150);

pub const FACTS: &[Fact] = &[
    // All see the tickets before anybody has written, in two reads each; then each empties the file and writes.
    fact(("unlocked", None, 1), "no-oversell", "refuted", None, Some((2, 8))),
    fact(("unlocked", CROWD, 3), "no-oversell", "refuted", Some(60), Some((4, 16))),
    fact(("unlocked", CROWD, 3), "no-torn-read", "refuted", None, Some((2, 4))),
    fact(("unlocked", CROWD, 3), "ledger-balances", "refuted", None, None),
    fact(("unlocked", CROWD, 3), "no-deadlock", "proved", None, None),
    fact(("unlocked", CROWD, 3), "sells-out", "possible", None, None),
    // The lock keeps purchases apart, and not searches.
    fact(("purchase-locked", None, 1), "no-oversell", "proved", Some(1), None),
    fact(("purchase-locked", None, 1), "no-torn-read", "refuted", None, Some((2, 5))),
    fact(("purchase-locked", None, 1), "searches-overlap", "possible", None, Some((2, 0))),
    fact(("purchase-locked", CROWD, 10), "no-oversell", "proved", Some(10), None),
    fact(("purchase-locked", CROWD, 10), "sells-out", "possible", None, None),
    fact(("task-locked", None, 1), "no-torn-read", "proved", None, None),
    fact(("task-locked", None, 1), "searches-overlap", "impossible", None, None),
    fact(("task-locked", CROWD, 10), "no-undersell", "proved", None, None),
    fact(("joined", None, 2), "no-oversell", "proved", Some(2), None),
    fact(("joined-until-sold-out", None, 2), "no-undersell", "proved", None, None),
    fact(("repaired", None, 2), "no-oversell", "proved", Some(2), None),
    fact(("repaired", None, 2), "no-torn-read", "proved", None, None),
    fact(("repaired", None, 2), "ledger-balances", "proved", None, None),
    fact(("repaired", CROWD, 10), "no-livelock", "proved", None, None),
    // What one shows alone, all together do not.
    fact(("opens-and-goes", THRONG, 1), "no-undersell", "proved", None, None),
    fact(("looks-for-a-pair", THRONG, 0), "no-livelock", "proved", None, None),
    // Each alone would sell two.
    Fact { at_most: THRONG_TAKES, ..fact(("every-other", THRONG, 2), "no-oversell", "refuted", None, None) },
    // No execution ends, so nothing is so of all ends.
    fact(("waits-for-nobody", Some(2), 2), "no-deadlock", "inconclusive", None, None),
    fact(("waits-for-nobody", None, 2), "no-deadlock", "inconclusive", None, None),
    // To be killed is no way out.
    Fact { kills: 1, ..fact(("waits-for-nobody", Some(1), 2), "no-livelock", "refuted", None, Some((1, 0))) },
    Fact { kills: 1, ..fact(("waits-for-nobody", None, 2), "no-livelock", "refuted", None, Some((1, 0))) },
];

/// Every other of them takes two.
const THRONG_TAKES: Option<u64> = Some(150);

/// What takes more is not going to end.
fn limits() -> Limits {
    Limits { max_states: 50_000, ..Limits::default() }
}

impl Fact {
    /// What is wrong with what the engines make of it, if anything is.
    pub fn check(&self) -> Result<(), String> {
        let Fact { buyers, property, verdict, worst, at_most, kills, witness, .. } = *self;
        let scenario = self.scenario()?;
        let property = Property::named(&scenario, property).map_err(|error| error.to_string())?;
        let (instance, engine): (_, Box<dyn Engine>) = match buyers {
            Some(buyers) => (Instance::of(&scenario, buyers), Box::new(Counting { limits: limits() })),
            None => (Instance::any(&scenario), Box::new(Parametric { limits: limits(), ..Parametric::default() })),
        };
        let findings =
            engine.check(&scenario, &instance.kills(kills), &[property]).map_err(|error| error.to_string())?;
        let [Finding { verdict: said, worst: most, .. }] = findings.as_slice() else {
            return Err("it was asked one thing".to_owned());
        };
        let shown = said.witness().map(|witness| (witness.instance.number(0), witness.schedule.0.len()));
        if said.name() != verdict {
            return Err(format!("it is {verdict}, not {}", said.name()));
        }
        if worst.is_some() && *most != worst || most.is_some_and(|most| at_most.is_some_and(|known| most != known)) {
            let worst = worst.or(at_most);
            return Err(format!("the most that is sold is {worst:?}, not {most:?}"));
        }
        match witness.is_some() && shown != witness {
            true => Err(format!("the least witness takes {witness:?} threads and moves, not {shown:?}")),
            false => Ok(()),
        }
    }

    fn scenario(&self) -> Result<Scenario, String> {
        match planted::all().find(|planted| planted.name == self.program) {
            Some(planted) => Ok(planted.scenario("facts")),
            None => Ok(programs::named(self.program).map_err(|error| error.to_string())?.scenario(self.tickets)),
        }
    }
}
