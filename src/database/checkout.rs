//! A checkout under test: its tables, who acts, and how to read the ledger.

use super::reading::may_ask_who;
use super::{Cast, End, Session, SqlError};
use std::fmt;
use std::sync::Arc;

/// What an actor does, over its own connection.
pub type Code = Arc<dyn Fn(&mut Session) -> Result<End, SqlError> + Send + Sync>;

/// Actors of one kind.
#[derive(Clone)]
pub struct Role {
    /// What they are called, as in `sweeper`; buyers are `buyer`.
    pub name: String,
    /// How many there are; `None` is as many as are asked for.
    pub count: Option<usize>,
    /// What they do.
    pub code: Code,
}

/// A checkout: the tables, the code, and the audit.
#[derive(Clone)]
pub struct Checkout {
    /// Its name.
    pub name: String,
    /// What it does, in words.
    pub says: String,
    /// How `oversell db` is told of it, so that a line can replay what it does there; `None` for code of one's own.
    pub called: Option<String>,
    /// How many there are to be sold.
    pub tickets: i64,
    /// The statements that make the tables.
    pub tables: Vec<String>,
    /// The statements that fill them, before each execution.
    pub fill: Vec<String>,
    /// What the traces show of what is committed: each with its name, and the query.
    pub shown: Vec<(String, String)>,
    /// The query for how many are left, by the ledger.
    pub left: Option<String>,
    /// Who acts.
    pub roles: Vec<Role>,
}

impl Checkout {
    /// A checkout of buyers alone, with nothing shown.
    pub fn new(
        name: &str,
        tickets: i64,
        buy: impl Fn(&mut Session) -> Result<End, SqlError> + Send + Sync + 'static,
    ) -> Checkout {
        let buyer = Role { name: "buyer".to_owned(), count: None, code: Arc::new(buy) };
        let (says, called, left) = (String::new(), None, None);
        let (tables, fill, shown) = (Vec::new(), Vec::new(), Vec::new());
        Checkout { name: name.to_owned(), says, called, tickets, tables, fill, shown, left, roles: vec![buyer] }
    }

    /// Whether its tables may hold what tells one connection from another.
    pub(super) fn may_ask_who(&self) -> bool {
        self.tables.iter().chain(&self.fill).any(|statement| may_ask_who(statement))
    }

    /// Who acts, and each one's code, when so many buyers come.
    pub fn cast(&self, buyers: usize) -> (Cast, Vec<Code>) {
        let (mut names, mut codes) = (Vec::new(), Vec::new());
        for role in &self.roles {
            for number in 0..role.count.unwrap_or(buyers) {
                names.push(format!("{} {number}", role.name));
                codes.push(role.code.clone());
            }
        }
        (Cast(names), codes)
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout").field("name", &self.name).field("tickets", &self.tickets).finish_non_exhaustive()
    }
}
