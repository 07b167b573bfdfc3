//! Threads told apart: every reachable state of threads that know who they are.
//!
//! Whoever stores who it is can be told from others by what it has stored, so threads must not be counted. Here the code is
//! read once for every thread, with its number, and each thread has control points of its own. A state of
//! [`exploration`](super::exploration) then says of every thread where it stands; no symmetry is assumed, not even of
//! threads that are in fact alike. All else is as in [`counting`](super::counting), but that a witness is only looked for
//! among all the threads there are: who is missing makes a difference.

use super::automaton::{Automaton, Endings};
use super::basis::{Decided, by_automaton};
use super::counting::all_states;
use super::limits::Limits;
use super::outcomes::{self, Outcomes};
use super::{CheckError, Engine, Finding, Instance, Property};
use crate::scenario::Scenario;

/// Explores every reachable state of threads that are told apart. Its verdicts hold for the instance that was asked about.
///
/// [`Check`](super::Check) chooses it where threads know who they are (see
/// [`role_by`](crate::scenario::Builder::role_by)). It checks any other scenario, too, with more states than
/// [`Counting`](super::Counting) does.
#[derive(Clone, Debug, Default)]
pub struct ToldApart {
    /// How far it goes.
    pub limits: Limits,
}

/// The most threads whose code is read, once for each.
const MOST_THREADS: usize = 1_000;

impl Engine for ToldApart {
    fn name(&self) -> &'static str {
        "told-apart"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        self.fits(instance)?;
        let read = || Automaton::merged_apart(scenario, &self.limits, Endings::asked_by(properties), instance);
        let mut findings = by_automaton(scenario, properties, read, |automaton| {
            let most = self.limits.max_states;
            let threads = instance.threads.first().map_or(0, |_| instance.number(0));
            let threads = threads..=threads;
            let mut worst = None;
            let settled = all_states(self.name(), most, automaton, instance, properties, threads, &mut worst)?;
            let settled =
                settled.into_iter().map(|it| it.expect("no more states than up to the limit would settle it"));
            Ok(Decided { verdicts: settled.collect(), worst })
        })?;
        // Of what is undecided nothing is assumed.
        let resting = findings.iter_mut().filter(|finding| !finding.basis.assumed.is_empty());
        for finding in resting.filter(|_| scenario.has_identities()) {
            finding.basis.assumed.push(
                "there are just so many threads: they know who they are, so what is proved for this many threads says \
                 nothing of more or fewer"
                    .to_owned(),
            );
        }
        Ok(findings)
    }
}

impl ToldApart {
    /// Every final outcome that is possible, each with one shortest schedule that leads to it. (The function
    /// [`outcomes`](super::outcomes()) tells threads apart only where they know who they are.)
    ///
    /// # Errors
    /// The scenario cannot be checked.
    pub fn outcomes(&self, scenario: &Scenario, instance: &Instance) -> Result<Outcomes, CheckError> {
        self.fits(instance)?;
        outcomes::by(&mut Automaton::told_apart(scenario, &self.limits, Endings::Apart)?, instance)
    }

    fn fits(&self, instance: &Instance) -> Result<(), CheckError> {
        if instance.total().is_some_and(|threads| threads <= MOST_THREADS) {
            return Ok(());
        }
        let reason = format!(
            "tells threads apart, so it needs to know how many there are, and up to {MOST_THREADS}: ask for a certain \
             number of each role"
        );
        Err(CheckError::Unsupported { engine: self.name(), reason })
    }
}

/// Refuses scenarios whose threads are not alike.
pub(super) fn alike(engine: &'static str, scenario: &Scenario) -> Result<(), CheckError> {
    let Some(role) = scenario.roles().iter().find(|role| role.has_identities) else { return Ok(()) };
    let role = role.name;
    let reason = format!(
        "takes threads of a role for alike, and those of `{role}` know who they are (`role_by`): use the told-apart engine \
         (`ToldApart`, or `--engine told-apart`) with a certain number of threads"
    );
    Err(CheckError::Unsupported { engine, reason })
}
