//! How many threads run a scenario, and what may happen to them.

use crate::scenario::{RoleId, Scenario};

/// How many threads run a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Threads {
    /// So many.
    Exactly(usize),
    /// Any number of them.
    Any,
}

impl Threads {
    /// The number, if it is one.
    pub fn number(self) -> Option<usize> {
        match self {
            Threads::Exactly(number) => Some(number),
            Threads::Any => None,
        }
    }
}

/// How the locks of the dead are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LockKind {
    /// The kernel frees them, as with a file lock.
    #[default]
    Owned,
    /// Nobody frees them, as with the tutorials' semaphores.
    Semaphore,
}

/// How many threads run each role of a scenario, and what may happen to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// By role.
    pub threads: Vec<Threads>,
    /// How many of them may be killed.
    pub kills: usize,
    /// What becomes of the locks of the dead.
    pub lock: LockKind,
}

impl Instance {
    /// So many threads of the first role, and of the others as many as the scenario says. Nobody is killed; locks are
    /// owned.
    pub fn of(scenario: &Scenario, first: usize) -> Self {
        Instance::with(scenario, Threads::Exactly(first))
    }

    /// The same for any number of threads of the first role.
    pub fn any(scenario: &Scenario) -> Self {
        Instance::with(scenario, Threads::Any)
    }

    fn with(scenario: &Scenario, first: Threads) -> Self {
        let mut threads: Vec<_> = scenario.roles().iter().map(|role| Threads::Exactly(role.threads)).collect();
        if let Some(role) = threads.first_mut() {
            *role = first;
        }
        Instance { threads, kills: 0, lock: LockKind::Owned }
    }

    /// The same, with so many kills.
    pub fn kills(self, kills: usize) -> Self {
        Instance { kills, ..self }
    }

    /// The same, with locks of this kind.
    pub fn lock(self, lock: LockKind) -> Self {
        Instance { lock, ..self }
    }

    /// The same, with so many threads of a role.
    pub fn role(mut self, role: RoleId, threads: Threads) -> Self {
        self.threads[role] = threads;
        self
    }

    /// How many threads run a role.
    ///
    /// # Panics
    /// Any number of them do.
    pub fn number(&self, role: RoleId) -> usize {
        self.threads[role].number().expect("only asked where every role has a number of threads")
    }

    /// How many threads there are in all; `None` if any number.
    pub fn total(&self) -> Option<usize> {
        self.threads.iter().map(|threads| threads.number()).sum()
    }

    /// Whether any role has any number of threads.
    pub fn is_any(&self) -> bool {
        self.threads.contains(&Threads::Any)
    }
}
