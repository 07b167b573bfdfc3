//! Certificates: the invariant that proves a verdict, as a file that can be re-checked.
//!
//! A certificate is a set of abstract states. It proves its property if every start is in it, every step from a state in
//! it leads to a state in it, and none of them shows the property. Which steps there are is not written down: whoever
//! [verifies](super::verify) it asks the real code.
//!
//! In the file everything is text. `contents` are what objects can hold, `points` are the control points of the code, and
//! a state is a line of indices into the two:
//!
//! | word | meaning |
//! | --- | --- |
//! | `3,7` | what each object holds, in their order |
//! | `-` or a point | where the parent stands, while it is at work |
//! | a number | kills so far |
//! | a number | threads of the first role that have not been started |
//! | a number | how many more are sold than there are; of any number of threads, 1 is "1 or more" |
//! | a number | restocked so far |
//! | a number | where `no-undersell` is proved for any number of threads: how many those have asked for who have ended and are not excused; as many as there are is "that or more" |
//! | `5:2 6:1` … | so many threads at this point |
//!
//! A number of threads of `k + 1` is "that or more". With a known number of threads `k` is that, and all numbers are exact.
//! Lists are sorted, so that the same proof is the same file.

mod make;
mod point;

pub use make::{Uncertified, certify};
pub(super) use point::{Point, held_by};

use super::{Property, Scope};
use crate::platform::{Instance, LockKind, Threads};
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The invariant that proves an *always* property, or that a *sometimes* property is impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The scenario's name.
    pub program: String,
    /// How many tickets there are at the start, if anything is sold.
    pub tickets: Option<u64>,
    /// How many threads run each role.
    pub threads: BTreeMap<String, Threads>,
    /// How many of them may be killed.
    pub kills: usize,
    /// What becomes of the locks of the dead.
    pub lock: LockKind,
    /// The property's name.
    pub property: String,
    /// How far threads are counted; with a known number of them, that number.
    pub k: u32,
    /// What objects can hold, in words.
    pub contents: Vec<String>,
    /// The control points of the code, in words.
    pub points: Vec<String>,
    /// The states.
    pub states: BTreeSet<AbstractState>,
}

/// A state of a certificate. All numbers of contents and points are indices into its lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AbstractState {
    pub(super) contents: Vec<usize>,
    pub(super) parent: Option<usize>,
    pub(crate) kills: usize,
    pub(super) unstarted: u32,
    pub(super) balance: i64,
    pub(super) restocked: i64,
    pub(super) asked: i64,
    /// How many threads stand where; no zeros.
    pub(super) points: BTreeMap<usize, u32>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is no certificate, or not one of this scenario.
    #[error("{0}")]
    Unreadable(String),
    /// It does not prove what it says.
    #[error("{0}")]
    DoesNotHold(String),
}

impl Certificate {
    /// The file of some certificates.
    pub fn write(certificates: &[Certificate]) -> String {
        format!("{:#}\n", Value::Array(certificates.iter().map(Certificate::as_json).collect()))
    }

    /// The certificates of a file.
    ///
    /// # Errors
    /// It is no file of certificates; says where it is not.
    pub fn read(text: &str) -> Result<Vec<Certificate>, CertificateError> {
        let unreadable = |what: String| {
            CertificateError::Unreadable(format!(
                "{what}; write the file anew with `oversell check PROGRAM --certificate FILE`"
            ))
        };
        let rows: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| unreadable(format!("this is no JSON array of certificates: {error}")))?;
        if rows.is_empty() {
            return Err(unreadable("there is no certificate in this file".to_owned()));
        }
        let read =
            |(i, row)| Certificate::from_json(row).map_err(|e| unreadable(format!("certificate {}: {e}", i + 1)));
        rows.iter().enumerate().map(read).collect()
    }

    fn as_json(&self) -> Value {
        let threads = self.threads.iter().map(|(role, threads)| {
            let number = threads.number().map_or(json!("any"), |number| json!(number));
            (role.clone(), number)
        });
        json!({
            "program": self.program,
            "tickets": self.tickets,
            "threads": threads.collect::<Map<_, _>>(),
            "kills": self.kills,
            "lock": lock_name(self.lock),
            "property": self.property,
            "k": self.k,
            "contents": self.contents,
            "points": self.points,
            "states": self.states.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }

    fn from_json(row: &Value) -> Result<Certificate, String> {
        fn part<T: serde::de::DeserializeOwned>(row: &Value, key: &str) -> Result<T, String> {
            let value = row.get(key).ok_or_else(|| format!("`{key}` is missing"))?;
            serde_json::from_value(value.clone()).map_err(|error| format!("`{key}` is wrong: {error}"))
        }
        let threads = |(role, threads): (String, Value)| match threads.as_u64().map(usize::try_from) {
            Some(Ok(number)) if number <= super::MOST_THREADS => Ok((role, Threads::Exactly(number))),
            _ if threads == "any" => Ok((role, Threads::Any)),
            _ => Err(format!("`threads` of `{role}` is {threads}, and neither a number of threads nor \"any\"")),
        };
        let lock: String = part(row, "lock")?;
        let certificate = Certificate {
            program: part(row, "program")?,
            tickets: part(row, "tickets")?,
            threads: part::<Map<_, _>>(row, "threads")?.into_iter().map(threads).collect::<Result<_, _>>()?,
            kills: part(row, "kills")?,
            lock: [LockKind::Owned, LockKind::Semaphore]
                .into_iter()
                .find(|kind| lock_name(*kind) == lock)
                .ok_or_else(|| format!("`lock` is `{lock}`, and neither `owned` nor `semaphore`"))?,
            property: part(row, "property")?,
            k: part(row, "k")?,
            contents: part(row, "contents")?,
            points: part(row, "points")?,
            states: BTreeSet::new(),
        };
        let lines: Vec<String> = part(row, "states")?;
        let states = lines.iter().map(|line| line.parse().map_err(|()| format!("`states` has no state in `{line}`")));
        let states = states.collect::<Result<BTreeSet<_>, _>>()?;
        let distinct = |texts: &[String]| texts.iter().collect::<BTreeSet<_>>().len() == texts.len();
        if states.len() < lines.len() || !distinct(&certificate.contents) || !distinct(&certificate.points) {
            return Err("something is listed twice in `contents`, `points` or `states`".to_owned());
        }
        Ok(Certificate { states, ..certificate })
    }

    /// How many threads of a scenario it is about, and what may befall them.
    ///
    /// # Errors
    /// The scenario has other roles.
    pub fn instance(&self, scenario: &Scenario) -> Result<Instance, CertificateError> {
        let threads = scenario.roles().iter().map(|role| self.threads.get(role.name).copied());
        let threads = threads.collect::<Option<Vec<_>>>().filter(|threads| threads.len() == self.threads.len());
        let roles: Vec<_> = scenario.roles().iter().map(|role| role.name).collect();
        let other = || format!("this is no certificate of `{}`, whose roles are {}", scenario.name(), roles.join(", "));
        let threads = threads.ok_or_else(|| CertificateError::Unreadable(other()))?;
        Ok(Instance { threads, kills: self.kills, lock: self.lock })
    }

    /// The property that it proves (or, of a *sometimes*, proves impossible).
    ///
    /// # Errors
    /// The scenario has no such property, or it has no certificates.
    pub fn property(&self, scenario: &Scenario) -> Result<Property, CertificateError> {
        let property = Property::named(scenario, &self.property);
        let property = property.map_err(|error| CertificateError::Unreadable(error.to_string()))?;
        if matches!(property, Property::Own(own) if own.scope == Scope::Ends) {
            let reason =
                format!("`{property}` is of the scenario's own and of ends; of such there are no certificates");
            return Err(CertificateError::Unreadable(reason));
        }
        Ok(property)
    }

    /// What it is about, if it is about this scenario: the property, and how many threads there are.
    pub(super) fn question(&self, scenario: &Scenario) -> Result<(Property, Instance), CertificateError> {
        let other = |what: String| CertificateError::Unreadable(format!("this is no certificate of {what}"));
        let stock =
            |tickets: Option<u64>| tickets.map_or("no stock".to_owned(), |tickets| format!("a stock of {tickets}"));
        if self.program != scenario.name() || self.tickets != scenario.stock() {
            let (of, is) = ((scenario.name(), stock(scenario.stock())), (&self.program, stock(self.tickets)));
            return Err(other(format!("`{}` with {}, but of `{}` with {}", of.0, of.1, is.0, is.1)));
        }
        if scenario.has_identities() {
            return Err(other(format!("`{}`, whose threads know who they are and cannot be counted", scenario.name())));
        }
        let (property, instance) = (self.property(scenario)?, self.instance(scenario)?);
        let counted = instance.total().map(|threads| u32::try_from(threads.max(1)).ok());
        if self.k == 0 || counted.is_some_and(|threads| threads != Some(self.k)) || self.k > MOST_COUNTED {
            return Err(other(format!("so many threads: `k` cannot be {}", self.k)));
        }
        Ok((property, instance))
    }

    /// It does not hold, for this reason; in this state.
    pub(super) fn fails(&self, reason: &str, state: Option<&AbstractState>) -> CertificateError {
        let state = state.map_or(String::new(), |state| format!("\n{}", self.in_words(state)));
        CertificateError::DoesNotHold(format!(
            "it does not prove {} of `{}`: {reason}{state}\nEither the code has changed since it was written, or the file \
             has. Write it anew with `oversell check {} --certificate FILE`",
            self.property, self.program, self.program
        ))
    }

    /// A state in words.
    fn in_words(&self, state: &AbstractState) -> String {
        let text = |texts: &[String], index: &usize| texts.get(*index).cloned().unwrap_or_else(|| "?".to_owned());
        let mut lines = vec![format!("state \"{state}\":")];
        lines.extend(state.contents.iter().map(|index| text(&self.contents, index)));
        lines.extend(state.parent.iter().map(|index| text(&self.points, index)));
        lines.extend(state.points.iter().map(|(at, threads)| {
            let more = if *threads > self.k { " or more" } else { "" };
            format!("{threads}{more} at {}", text(&self.points, at))
        }));
        lines.join("\n  ")
    }
}

/// More threads than this are not counted.
const MOST_COUNTED: u32 = super::MOST_THREADS as u32;

/// What a lock's kind is called in a certificate.
fn lock_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Owned => "owned",
        LockKind::Semaphore => "semaphore",
    }
}

impl fmt::Display for AbstractState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contents: Vec<_> = self.contents.iter().map(ToString::to_string).collect();
        let contents = if contents.is_empty() { "-".to_owned() } else { contents.join(",") };
        let parent = self.parent.map_or("-".to_owned(), |point| point.to_string());
        let AbstractState { kills, unstarted, balance, restocked, asked, .. } = self;
        write!(f, "{contents} {parent} {kills} {unstarted} {balance} {restocked} {asked}")?;
        self.points.iter().try_for_each(|(point, threads)| write!(f, " {point}:{threads}"))
    }
}

impl FromStr for AbstractState {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let read = || {
            let mut words = line.split(' ');
            let contents = match words.next()? {
                "-" => Vec::new(),
                indices => indices.split(',').map(|index| index.parse().ok()).collect::<Option<_>>()?,
            };
            let parent = match words.next()? {
                "-" => None,
                point => Some(point.parse().ok()?),
            };
            let (kills, unstarted) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            let (balance, restocked) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            let asked = words.next()?.parse().ok()?;
            let at = |word: &str| {
                let (point, number) = word.split_once(':')?;
                Some((point.parse().ok()?, number.parse().ok()?))
            };
            let points = words.map(at).collect::<Option<_>>()?;
            Some(AbstractState { contents, parent, kills, unstarted, balance, restocked, asked, points })
        };
        // Written in one way only, so that no two lines are the same state.
        read().filter(|state| state.to_string() == line).ok_or(())
    }
}
