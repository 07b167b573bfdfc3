//! The catalogue: the ways in which shops take one from the stock, right and wrong.

mod counter;

use super::{Checkout, Dialect, Level};

/// One way to sell, wherever it can be written.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its name.
    pub name: &'static str,
    /// What it does, in words.
    pub says: &'static str,
    /// The checkout in the SQL of a database; `None` where it cannot be written.
    pub checkout: fn(Dialect) -> Option<Checkout>,
    /// Whether it is right, by the manuals, at a level: it neither oversells, nor undersells, nor loses count there.
    pub is_right: fn(Dialect, Level) -> bool,
}

impl Pattern {
    /// The checkout, with its name.
    pub fn on(&self, dialect: Dialect) -> Option<Checkout> {
        let mut checkout = (self.checkout)(dialect)?;
        checkout.name = self.name.to_owned();
        checkout.says = self.says.to_owned();
        Some(checkout)
    }

    /// The pattern of this name.
    ///
    /// # Errors
    /// There is none; the message lists them.
    pub fn named(name: &str) -> Result<Pattern, String> {
        all().into_iter().find(|pattern| pattern.name == name).ok_or_else(|| {
            let names: Vec<_> = all().iter().map(|pattern| pattern.name).collect();
            format!("there is no checkout `{name}` in the catalogue; there are {}", names.join(", "))
        })
    }
}

/// All of them, in the order of the table.
pub fn all() -> Vec<Pattern> {
    [counter::PATTERNS].concat()
}
