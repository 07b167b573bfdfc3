//! The properties, and how one execution shows that they fail or hold.

use crate::platform::model::{Crowd, Model};
use crate::platform::script::Aside;
use crate::platform::{Actor, Content, Deed, End, Trace};
use crate::scenario::Scenario;
use crate::sync::{Meaning, Outcome};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The span that [`Property::SearchesOverlap`] watches.
pub const SEARCH: &str = "search";

/// What is checked. *Sold* is how many buyers were told that they bought, whatever became of them afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Always, in every reachable state: no more sold than there were tickets.
    NoOversell,
    /// Always, at the end of every execution: the ledger can be read, and sold + count is what there was.
    LedgerBalances,
    /// Always: nobody ever reads content that is no ledger.
    NoTornRead,
    /// Always, at the end of every execution: everybody was served as long as there were tickets.
    NoUndersell,
    /// Always: wherever no step is possible, every buyer has finished.
    NoDeadlock,
    /// Sometimes: two buyers are inside search at once.
    SearchesOverlap,
    /// Sometimes: an execution ends with all tickets sold and none left.
    SellsOut,
}

/// Whether a property must hold in every execution, or in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In every execution.
    Always,
    /// In some execution.
    Sometimes,
}

impl Property {
    /// All of them, in the order of reports.
    pub const ALL: [Property; 7] = [
        Property::NoOversell,
        Property::LedgerBalances,
        Property::NoTornRead,
        Property::NoUndersell,
        Property::NoDeadlock,
        Property::SearchesOverlap,
        Property::SellsOut,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Property::NoOversell => "no-oversell",
            Property::LedgerBalances => "ledger-balances",
            Property::NoTornRead => "no-torn-read",
            Property::NoUndersell => "no-undersell",
            Property::NoDeadlock => "no-deadlock",
            Property::SearchesOverlap => "searches-overlap",
            Property::SellsOut => "sells-out",
        }
    }

    /// Always or sometimes.
    pub fn kind(self) -> Kind {
        match self {
            Property::SearchesOverlap | Property::SellsOut => Kind::Sometimes,
            _ => Kind::Always,
        }
    }

    /// What it says, in words.
    pub fn says(self) -> &'static str {
        match self {
            Property::NoOversell => "never more buyers told that they bought than there were tickets",
            Property::LedgerBalances => "at the end the file can be read, and sold + count = tickets",
            Property::NoTornRead => "nobody ever reads content that is not a JSON object with a count",
            Property::NoUndersell => "at the end as many are sold as there were tickets, or buyers if those were fewer",
            Property::NoDeadlock => "wherever no step is possible, every buyer has finished",
            Property::SearchesOverlap => "two buyers can be inside search at once",
            Property::SellsOut => "an execution can end with all tickets sold and a count of 0",
        }
    }

    /// Whether a final state shows it: breaks an *always*, is an instance of a *sometimes*. Only for the
    /// properties that speak of the end.
    pub fn shown_at_end(self, end: &Final, tickets: u64, crowd: &Crowd) -> bool {
        match self {
            Property::LedgerBalances => end.count.and_then(|count| count.checked_add(end.sold)) != Some(tickets),
            Property::NoUndersell => end.sold < tickets.min(crowd.buyers as u64),
            Property::NoDeadlock => end.stuck > 0,
            Property::SellsOut => end.sold == tickets && end.count == Some(0),
            Property::NoOversell | Property::NoTornRead | Property::SearchesOverlap => false,
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Property {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Property::ALL.into_iter().find(|property| property.name() == name).ok_or_else(|| {
            let names: Vec<_> = Property::ALL.iter().map(|property| property.name()).collect();
            format!("there is no property `{name}`; the properties are {}", names.join(", "))
        })
    }
}

/// How an execution came out. Every buyer is in exactly one of the six classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Final {
    /// Buyers that ended with a ticket.
    pub bought: usize,
    /// Buyers that ended without, finding none left.
    pub sold_out: usize,
    /// Buyers that crashed.
    pub crashed: usize,
    /// Buyers that were killed.
    pub killed: usize,
    /// Buyers that were never started.
    pub never_started: usize,
    /// Buyers that wait for ever.
    pub stuck: usize,
    /// How many buyers were told that they bought, killed ones included.
    pub sold: u64,
    /// What the ledger says is left; `None` if it cannot be read.
    pub count: Option<u64>,
}

impl Final {
    /// Counts buyers that were started: how they ended, or `None` if they are still waiting.
    pub fn add(&mut self, end: Option<&End>, buyers: usize) {
        *match end {
            Some(End::Returned(Outcome::Bought)) => &mut self.bought,
            Some(End::Returned(Outcome::SoldOut)) => &mut self.sold_out,
            Some(End::Crashed(_)) => &mut self.crashed,
            Some(End::Killed) => &mut self.killed,
            None => &mut self.stuck,
        } += buyers;
    }

    /// How a recorded execution came out, which has come as far as it can.
    pub fn of_trace(trace: &Trace, crowd: &Crowd, count: Option<u64>) -> Self {
        let mut ends: BTreeMap<usize, Option<End>> = BTreeMap::new();
        let mut sold = 0;
        for entry in &trace.entries {
            let Actor::Buyer(number) = entry.actor else { continue };
            match &entry.deed {
                Deed::Started => ends.insert(number, None),
                Deed::Ended(end) => ends.insert(number, Some(end.clone())),
                Deed::Killed => ends.insert(number, Some(End::Killed)),
                Deed::Aside(Aside::Told(event)) if event.meaning == Meaning::Sale => {
                    sold += 1;
                    continue;
                }
                _ => continue,
            };
        }
        let mut end = Final { sold, count, never_started: crowd.buyers - ends.len(), ..Final::default() };
        ends.values().for_each(|ended| end.add(ended.as_ref(), 1));
        end
    }

    /// How a model came out; `None` while somebody can still take a step.
    pub fn of_model<S: Scenario>(model: &Model<S>, crowd: &Crowd) -> Option<Self> {
        let over = model.moves().iter().all(|mv| mv.kill);
        over.then(|| Final::of_trace(model.trace(), crowd, model.audit()))
    }
}

/// The first place in an execution that shows a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// After how many moves.
    pub moves: usize,
    /// What is to be seen there.
    pub remark: String,
}

/// Where a settled execution shows that an *always* property fails or a *sometimes* property is possible.
/// `end` is how it came out, if it has come to its end.
pub fn sighting(
    property: Property,
    trace: &Trace,
    tickets: u64,
    crowd: &Crowd,
    end: Option<&Final>,
) -> Option<Sighting> {
    match property {
        Property::NoOversell => watch(trace, Watch::default(), |watch| {
            (watch.sold > tickets).then(|| format!("{} sold of {tickets}", watch.sold))
        }),
        Property::NoTornRead => watch(trace, Watch::default(), |watch| {
            watch.torn.map(|actor| format!("{actor} read content that is no JSON object with a count"))
        }),
        Property::SearchesOverlap => watch(trace, Watch::default(), |watch| {
            let mut inside = watch.searching.iter().filter(|(_, depth)| **depth > 0).map(|(buyer, _)| *buyer);
            let (first, second) = (inside.next()?, inside.next()?);
            Some(format!("buyers {first} and {second} are inside search at once"))
        }),
        at_end => {
            let end = end.filter(|end| at_end.shown_at_end(end, tickets, crowd))?;
            Some(Sighting { moves: trace.schedule().len(), remark: remark(at_end, trace, end, tickets) })
        }
    }
}

fn remark(property: Property, trace: &Trace, end: &Final, tickets: u64) -> String {
    let left = end.count.map_or("a count that cannot be read".to_owned(), |count| format!("a count of {count}"));
    match property {
        Property::NoUndersell => format!("only {} sold of {tickets}, and nobody can take a step any more", end.sold),
        Property::NoDeadlock => {
            let contents = trace.contents();
            let is_held =
                |content: &Content| matches!(content, Content::Lock { held: true } | Content::Mutex { held: true, .. });
            let held = trace.objects.iter().zip(&contents).filter(|(_, content)| is_held(content));
            let held: Vec<_> = held.map(|((name, _), _)| *name).collect();
            let who = if end.stuck == 1 { "1 buyer waits".to_owned() } else { format!("{} buyers wait", end.stuck) };
            format!("{who} for ever, and nobody will free the {}", held.join(" or the "))
        }
        _ => format!("{} sold of {tickets}, and the execution ends with {left}", end.sold),
    }
}

/// What the properties about states look at.
#[derive(Default)]
struct Watch {
    sold: u64,
    torn: Option<Actor>,
    searching: BTreeMap<usize, usize>,
}

impl Watch {
    fn see(&mut self, actor: Actor, deed: &Deed) {
        match deed {
            Deed::Aside(Aside::Told(event)) => match event.meaning {
                Meaning::Sale => self.sold += u64::from(actor.buyer().is_some()),
                Meaning::TornRead => self.torn = Some(actor),
                Meaning::Word => {}
            },
            Deed::Aside(Aside::Entered(span)) if *span == SEARCH => {
                if let Some(buyer) = actor.buyer() {
                    *self.searching.entry(buyer).or_default() += 1;
                }
            }
            Deed::Aside(Aside::Left(span, _)) if *span == SEARCH => {
                if let Some(buyer) = actor.buyer() {
                    *self.searching.entry(buyer).or_default() -= 1;
                }
            }
            Deed::Ended(_) | Deed::Killed => {
                actor.buyer().map(|buyer| self.searching.remove(&buyer));
            }
            _ => {}
        }
    }
}

/// Looks at the states between moves, in order.
fn watch(trace: &Trace, mut watch: Watch, shows: impl Fn(&Watch) -> Option<String>) -> Option<Sighting> {
    let mut moves = 0;
    for entry in &trace.entries {
        if entry.as_move().is_some() {
            if let Some(remark) = shows(&watch) {
                return Some(Sighting { moves, remark });
            }
            moves += 1;
        }
        watch.see(entry.actor, &entry.deed);
    }
    shows(&watch).map(|remark| Sighting { moves, remark })
}
