//! Verdicts on a checkout over a database.

use super::explore::{Graph, Limits, Merging, along, patiently, race};
use super::{Checkout, Database, DatabaseError, Execution, Level, Move, Outcome, Property, Schedule, Stage};
use std::sync::Arc;

/// What has become of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds in every order of statements, for these connections on this server and version.
    Proved,
    /// It fails.
    Refuted(Box<Witness>),
    /// It comes to pass.
    Possible(Box<Witness>),
    /// It comes to pass in no order of statements, for these connections on this server and version.
    Impossible,
    /// It is not known, for this reason: a limit was hit, waiters race, or nothing says it.
    Inconclusive(String),
}

impl Verdict {
    /// Whether the property holds; `None` if that is not known.
    pub fn holds(&self) -> Option<bool> {
        match self {
            Verdict::Proved | Verdict::Possible(_) => Some(true),
            Verdict::Refuted(_) | Verdict::Impossible => Some(false),
            Verdict::Inconclusive(_) => None,
        }
    }

    /// The witness, if there is one.
    pub fn witness(&self) -> Option<&Witness> {
        match self {
            Verdict::Refuted(witness) | Verdict::Possible(witness) => Some(witness),
            _ => None,
        }
    }
}

/// An execution that shows a property: fewest buyers, then fewest steps, then fewest switches, then the
/// lowest-numbered actor first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// How many buyers are in it.
    pub buyers: usize,
    /// The order of moves.
    pub schedule: Schedule,
    /// What happens.
    pub execution: Execution,
    /// What is to be seen at its end.
    pub remark: String,
}

/// A property and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which property.
    pub property: Property,
    /// What has become of it.
    pub verdict: Verdict,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The most buyers.
    pub buyers: usize,
    /// How many connections may be cut.
    pub cuts: usize,
    /// Which orders count as one.
    pub merging: Merging,
    /// How much is explored at most.
    pub limits: Limits,
}

impl Question {
    /// So many buyers, and nothing cut.
    pub fn of(buyers: usize) -> Question {
        Question { buyers, cuts: 0, merging: Merging::default(), limits: Limits::default() }
    }
}

/// All that is known of one checkout at one level of one database.
#[derive(Clone, Debug)]
pub struct Report {
    /// The checkout's name.
    pub checkout: String,
    /// What it does, in words.
    pub says: String,
    /// How `oversell db` is told of it; `None` for code of one's own.
    pub called: Option<String>,
    /// The database's name.
    pub database: String,
    /// The database's product and version.
    pub title: String,
    /// The level.
    pub level: Level,
    /// How many there were to be sold.
    pub tickets: i64,
    /// What was asked.
    pub question: Question,
    /// A verdict for each property.
    pub findings: Vec<Finding>,
    /// The most that were told to be sold.
    pub worst: i64,
    /// Every outcome with all buyers, each with the best schedule that leads to it.
    pub outcomes: Vec<(Outcome, Schedule)>,
    /// How many executions were performed.
    pub executions: u64,
    /// How many states were told apart.
    pub states: usize,
    /// Whether somebody starts over after a deadlock. Who loses one and starts over may lose again, and again, if they
    /// are back before the other, who is free to go on, has done so. That overlaps inside a statement, and so
    /// [`Property::NoFailure`] is not proved then.
    pub starts_over: bool,
    /// What kept it from being complete: a limit, or a race between waiters.
    pub limit: Option<String>,
}

/// Why retries after a deadlock prove nothing.
const OVERTAKES: &str = "who starts over after a deadlock may lose again, as often as they are back before the other, \
                         who is free to go on, has done so: inside a statement";

/// Explores a checkout, with one buyer, with two, and so on to as many as are asked for.
///
/// # Errors
/// Whatever keeps an execution from being what its schedule says; see [`DatabaseError`].
pub fn check(
    database: &Arc<dyn Database>,
    checkout: &Checkout,
    level: Level,
    question: Question,
) -> Result<Report, DatabaseError> {
    let mut stage = Stage::new(database.clone(), checkout, level, 1)?;
    let report = explore(&mut stage, database, checkout, level, question);
    let cleared = stage.clear();
    // Why it could not be explored matters more than that it could not be tidied up after.
    let report = report?;
    cleared.map(|()| report)
}

fn explore(
    stage: &mut Stage,
    database: &Arc<dyn Database>,
    checkout: &Checkout,
    level: Level,
    question: Question,
) -> Result<Report, DatabaseError> {
    let mut witnesses: Vec<Option<Witness>> = vec![None; Property::ALL.len()];
    let (mut executions, mut states, mut worst, mut limit, mut outcomes) = (0, 0, 0, None, Vec::new());
    let mut starts_over = false;
    for buyers in 1..=question.buyers {
        stage.recast(buyers);
        stage.cuts = question.cuts;
        let graph = Graph::explore(stage, question.merging, question.limits)?;
        let ways = graph.ways();
        executions += graph.executions;
        states += graph.states();
        worst = worst.max(graph.worst());
        limit = limit.or(graph.limit.clone());
        starts_over |= graph.starts_over;
        for (property, witness) in Property::ALL.into_iter().zip(&mut witnesses) {
            if witness.is_none()
                && let Some(path) = ways.shown.get(&property)
            {
                let shown = patiently(|| show(stage, checkout, property, buyers, path));
                *witness = or_race(shown, &graph, &mut limit)?;
            }
        }
        if buyers == question.buyers {
            for (outcome, path) in ways.outcomes {
                let schedule = patiently(|| schedule_of(stage, &path));
                outcomes.extend(or_race(schedule, &graph, &mut limit)?.map(|schedule| (outcome, schedule)));
            }
        }
    }
    let unasked = |property| property == Property::LedgerBalances && checkout.left.is_none();
    let verdict = |property: Property, witness: Option<Witness>| match (witness, &limit) {
        _ if unasked(property) => Verdict::Inconclusive("no query says what is left".to_owned()),
        (Some(witness), _) if property.is_always() => Verdict::Refuted(Box::new(witness)),
        (Some(witness), _) => Verdict::Possible(Box::new(witness)),
        (None, Some(limit)) => Verdict::Inconclusive(limit.clone()),
        (None, None) if property == Property::NoFailure && starts_over => Verdict::Inconclusive(OVERTAKES.to_owned()),
        (None, None) if property.is_always() => Verdict::Proved,
        (None, None) => Verdict::Impossible,
    };
    let findings = Property::ALL.into_iter().zip(witnesses);
    let findings = findings.map(|(property, witness)| Finding { property, verdict: verdict(property, witness) });
    Ok(Report {
        checkout: checkout.name.clone(),
        says: checkout.says.clone(),
        called: checkout.called.clone(),
        database: database.name().to_owned(),
        title: database.title().to_owned(),
        level,
        tickets: checkout.tickets,
        question,
        findings: findings.collect(),
        worst,
        outcomes,
        executions,
        states,
        starts_over,
        limit,
    })
}

/// What was seen once, and is not seen again because waiters race, is left open.
fn or_race<T>(
    again: Result<T, DatabaseError>,
    graph: &Graph,
    limit: &mut Option<String>,
) -> Result<Option<T>, DatabaseError> {
    match again {
        Err(error @ DatabaseError::NotDeterministic { .. }) if graph.may_race => {
            limit.get_or_insert_with(|| race(&error));
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Performs a path again, with what is committed after each step.
fn show(
    stage: &mut Stage,
    checkout: &Checkout,
    property: Property,
    buyers: usize,
    path: &[Move],
) -> Result<Witness, DatabaseError> {
    stage.notes = true;
    let execution = stage.perform(along(path));
    stage.notes = false;
    let execution = execution?;
    let schedule = schedule(stage, &execution);
    match property.shown(&execution, checkout, &stage.cast.0) {
        Some(remark) => Ok(Witness { buyers, schedule, execution, remark }),
        None => Err(DatabaseError::NotDeterministic {
            schedule: schedule.to_string(),
            what: format!("{property} showed at its end once, and does not now"),
        }),
    }
}

fn schedule_of(stage: &mut Stage, path: &[Move]) -> Result<Schedule, DatabaseError> {
    if path.iter().all(|mv| !matches!(mv.act, super::Act::Take(_))) {
        let moves = path.iter().map(|mv| (*mv, None)).collect();
        return Ok(Schedule { moves, cast: stage.cast.clone() });
    }
    let execution = stage.perform(along(path))?;
    Ok(schedule(stage, &execution))
}

fn schedule(stage: &Stage, execution: &Execution) -> Schedule {
    let moves = execution.beats.iter().map(|beat| (beat.mv, beat.alternative.clone())).collect();
    Schedule { moves, cast: stage.cast.clone() }
}

impl Report {
    /// The finding on a property.
    pub fn finding(&self, property: Property) -> &Finding {
        // There is one for each.
        &self.findings[Property::ALL.iter().position(|other| *other == property).unwrap_or(0)]
    }

    /// What the verdicts rest on: how many executions, of whom, where.
    pub fn scope(&self) -> String {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let cuts = match self.question.cuts {
            0 => String::new(),
            cuts => format!(", up to {} cut", count(cuts, "connection")),
        };
        let buyers = count(self.question.buyers, "buyer");
        let (title, level, executions) = (&self.title, self.level, self.executions);
        format!("{buyers} at most{cuts}, on {title} at {level}, at statement granularity: {executions} executions")
    }
}
