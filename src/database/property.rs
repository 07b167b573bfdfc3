//! The properties, and how an execution over a database shows that they fail or hold.

use super::{Checkout, Deed, End, Execution, Outcome, Trouble};
use std::fmt;
use std::str::FromStr;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Always: no more told to be sold than there were.
    NoOversell,
    /// Always, at the end: what was told to be sold, and what is left by the ledger, are what there was.
    LedgerBalances,
    /// Always, at the end: nobody was told that it is sold out while something is left.
    NoUndersell,
    /// Always: no deadlock, not even one that the database ends.
    NoDeadlock,
    /// Always: no buyer sees an error.
    NoFailure,
    /// Sometimes: all is sold, and nothing left.
    SellsOut,
}

impl Property {
    /// All of them, in the order of reports.
    pub const ALL: [Property; 6] = [
        Property::NoOversell,
        Property::LedgerBalances,
        Property::NoUndersell,
        Property::NoDeadlock,
        Property::NoFailure,
        Property::SellsOut,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Property::NoOversell => "no-oversell",
            Property::LedgerBalances => "ledger-balances",
            Property::NoUndersell => "no-undersell",
            Property::NoDeadlock => "no-deadlock",
            Property::NoFailure => "no-failure",
            Property::SellsOut => "sells-out",
        }
    }

    /// Whether it must hold in every execution, and not just in one.
    pub fn is_always(self) -> bool {
        self != Property::SellsOut
    }

    /// What it says, in words.
    pub fn says(self) -> &'static str {
        match self {
            Property::NoOversell => "never more told to be sold than there were",
            Property::LedgerBalances => "at the end, told to be sold + left by the ledger = what there was",
            Property::NoUndersell => "at the end, nobody was told that it is sold out while something is left",
            Property::NoDeadlock => "no deadlock, not even one that the database ends",
            Property::NoFailure => "no buyer sees an error",
            Property::SellsOut => "an execution can end with all sold and nothing left",
        }
    }

    /// What an execution shows at its last move: that an *always* fails, or a *sometimes* is possible.
    pub(super) fn shown(self, execution: &Execution, checkout: &Checkout, names: &[String]) -> Option<String> {
        let tickets = checkout.tickets;
        let end = execution.outcome.as_ref();
        match self {
            Property::NoOversell => {
                let sold = execution.sold();
                (sold > tickets).then(|| format!("{sold} sold of {tickets}"))
            }
            Property::LedgerBalances => {
                let Outcome { sold, left: Some(left), .. } = end? else { return None };
                (sold + left != tickets).then(|| format!("{sold} sold of {tickets}, and {left} left by the ledger"))
            }
            Property::NoUndersell => {
                let Outcome { sold, ends, .. } = end?;
                let told = ends.iter().position(|end| *end == End::SoldOut).filter(|_| *sold < tickets)?;
                Some(format!("{} is told that it is sold out, and {sold} of {tickets} sold", names[told]))
            }
            Property::NoDeadlock => execution.deeds().find_map(|(actor, deed)| match deed {
                Deed::Did { trouble: Some(Trouble::Deadlock), .. } => {
                    Some(format!("a deadlock, which the database ends at the expense of {}", names[*actor]))
                }
                _ => None,
            }),
            Property::NoFailure => execution.deeds().find_map(|(actor, deed)| match deed {
                Deed::Ended(End::Failed(message)) => Some(format!("{} sees an error: {message}", names[*actor])),
                _ => None,
            }),
            Property::SellsOut => {
                let Outcome { sold, left, .. } = end?;
                (*sold == tickets && left.is_none_or(|left| left == 0)).then(|| format!("{tickets} sold, none left"))
            }
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
