//! The properties: what each of them says, and to which scenarios it applies.

use super::Final;
use crate::scenario::{Claim, Scenario};
use std::fmt;

/// What is checked. *Sold* is how many tickets count as sold, whatever became of their buyers afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Always, in every reachable state: no more sold than there are tickets.
    NoOversell,
    /// Always, at the end of every execution: the ledger can be read, and sold + count is what there is.
    LedgerBalances,
    /// Always: nobody ever reads content that is no ledger.
    NoTornRead,
    /// Always, at the end of every execution: as much is sold as there is, or was asked for if that is less.
    NoUndersell,
    /// Always: wherever no step is possible, every thread has finished.
    NoDeadlock,
    /// Always: nobody dies of a panic or an error of its own. (Kills and torn reads have their own names.)
    NoCrash,
    /// Always: from every reachable state an end can be reached.
    NoLivelock,
    /// Sometimes: two threads are inside search at once.
    SearchesOverlap,
    /// Sometimes: an execution ends with all tickets sold and none left.
    SellsOut,
    /// One that the scenario brings itself.
    Own(Own),
}

/// A property of a scenario's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Own {
    /// Its name.
    pub name: &'static str,
    /// Whether it must hold in every execution, or in one.
    pub kind: Kind,
    /// Over what.
    pub scope: Scope,
}

/// Whether a property must hold in every execution, or in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// In every execution.
    Always,
    /// In some execution.
    Sometimes,
}

/// What a property looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every reachable state.
    States,
    /// What happens in a step.
    Steps,
    /// The end of every execution.
    Ends,
    /// What can still come of a state.
    Futures,
}

impl Property {
    /// Those that every scenario may have, in the order of reports.
    pub const BUILT_IN: [Property; 9] = [
        Property::NoOversell,
        Property::LedgerBalances,
        Property::NoTornRead,
        Property::NoUndersell,
        Property::NoDeadlock,
        Property::NoCrash,
        Property::NoLivelock,
        Property::SearchesOverlap,
        Property::SellsOut,
    ];

    /// Those that apply to a scenario: the built-in ones that speak of what it has, and its own.
    pub fn of(scenario: &Scenario) -> Vec<Property> {
        let applies = |property: &Property| match property {
            Property::NoOversell | Property::NoUndersell => scenario.stock().is_some(),
            Property::LedgerBalances | Property::SellsOut => scenario.stock().is_some() && scenario.has_ledger(),
            Property::SearchesOverlap => scenario.search().is_some(),
            // Nothing but a file can be read torn.
            Property::NoTornRead => scenario.has_files(),
            _ => true,
        };
        let own = scenario.properties().iter().map(|own| {
            let (kind, scope) = match own.claim {
                Claim::Always(_) => (Kind::Always, Scope::States),
                Claim::Sometimes(_) => (Kind::Sometimes, Scope::States),
                Claim::AlwaysAtEnd(_) => (Kind::Always, Scope::Ends),
            };
            Property::Own(Own { name: own.name, kind, scope })
        });
        Property::BUILT_IN.into_iter().filter(applies).chain(own).collect()
    }

    /// The property of this name.
    ///
    /// # Errors
    /// It does not apply to the scenario; the error lists those that do.
    pub fn named(scenario: &Scenario, name: &str) -> Result<Property, UnknownProperty> {
        let all = Property::of(scenario);
        all.iter().copied().find(|property| property.name() == name).ok_or_else(|| UnknownProperty {
            name: name.to_owned(),
            scenario: scenario.name().to_owned(),
            known: all.iter().map(|property| property.name()).collect(),
        })
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Property::NoOversell => "no-oversell",
            Property::LedgerBalances => "ledger-balances",
            Property::NoTornRead => "no-torn-read",
            Property::NoUndersell => "no-undersell",
            Property::NoDeadlock => "no-deadlock",
            Property::NoCrash => "no-crash",
            Property::NoLivelock => "no-livelock",
            Property::SearchesOverlap => "searches-overlap",
            Property::SellsOut => "sells-out",
            Property::Own(own) => own.name,
        }
    }

    /// Always or sometimes.
    pub fn kind(self) -> Kind {
        match self {
            Property::SearchesOverlap | Property::SellsOut => Kind::Sometimes,
            Property::Own(own) => own.kind,
            _ => Kind::Always,
        }
    }

    /// What it looks at.
    pub fn scope(self) -> Scope {
        match self {
            Property::NoOversell | Property::SearchesOverlap => Scope::States,
            Property::NoTornRead | Property::NoCrash => Scope::Steps,
            Property::LedgerBalances | Property::NoUndersell | Property::NoDeadlock | Property::SellsOut => Scope::Ends,
            Property::NoLivelock => Scope::Futures,
            Property::Own(own) => own.scope,
        }
    }

    /// What it says, in a sentence.
    pub fn sentence(self, scenario: &Scenario) -> &'static str {
        match self {
            Property::NoOversell => "no more tickets are ever sold than there are",
            Property::LedgerBalances => "at every end the ledger can be read, and sold + count is what there is",
            Property::NoTornRead => "nobody ever reads content that is no ledger",
            Property::NoUndersell => "at every end as much is sold as there is, or was asked for if that is less",
            Property::NoDeadlock => "wherever no step is possible, every thread has finished",
            Property::NoCrash => "nobody dies of a panic or an error of its own",
            Property::NoLivelock => "from every reachable state an end can be reached",
            Property::SearchesOverlap => "two threads can be inside search at once",
            Property::SellsOut => "an execution can end with all tickets sold and a count of 0",
            Property::Own(own) => {
                let of = scenario.properties().iter().find(|property| property.name == own.name);
                of.map_or("", |property| property.sentence)
            }
        }
    }

    /// Whether an end shows a built-in property: breaks an *always*, is an instance of a *sometimes*.
    pub fn shown_at(self, end: &Final) -> bool {
        let count = end.count.and_then(|count| i64::try_from(count).ok());
        match self {
            Property::LedgerBalances => count.map(|count| count + end.sold) != Some(end.stock),
            Property::NoUndersell => end.sold < end.stock.min(end.asked),
            Property::NoDeadlock => end.stuck > 0,
            Property::SellsOut => end.sold == end.stock && count == Some(0),
            _ => false,
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A scenario has no property of this name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{scenario}` has no property `{name}`; its properties are {}", known.join(", "))]
pub struct UnknownProperty {
    /// The name.
    pub name: String,
    /// The scenario.
    pub scenario: String,
    /// The properties that it has.
    pub known: Vec<&'static str>,
}
