//! What it means that two engines agree.

use crate::enumeration::Enumerated;
use oversell::check::{
    Coverability, Engine, Finding, Instance, Kind, Limits, Parametric, Property, Scope, Threads, Verdict,
};
use oversell::scenario::Scenario;
use oversell::trace::Schedule;

/// The engines that say something of any number of threads, each with these limits. Every one of them is held to
/// [`contradiction`].
pub fn for_any_number(limits: &Limits) -> Vec<Box<dyn Engine>> {
    let limits = limits.clone();
    vec![Box::new(Coverability { limits: limits.clone() }), Box::new(Parametric { limits, ..Parametric::default() })]
}

/// Whether no limit was hit. (Nothing may be known of ends all the same, where there are none.)
pub fn is_settled(finding: &Finding) -> bool {
    !matches!(&finding.verdict, Verdict::Inconclusive { limit, .. } if !limit.contains("no execution ends"))
}

/// How the verdict on a property is called, given what the reference says.
pub fn name(property: Property, all: &Enumerated) -> &'static str {
    let shows = all.least.contains_key(&property);
    match (property.kind(), shows) {
        // Nothing about ends is proved where there are none.
        (_, false) if property.scope() == Scope::Ends && all.ends.is_empty() => "inconclusive",
        (Kind::Always, true) => "refuted",
        (Kind::Always, false) => "proved",
        (Kind::Sometimes, true) => "possible",
        (Kind::Sometimes, false) => "impossible",
    }
}

/// The witness of a finding: how many threads of the first role it takes, and its schedule.
pub fn witness(finding: &Finding) -> Option<(usize, &Schedule)> {
    finding.verdict.witness().map(|witness| (witness.instance.number(0), &witness.schedule))
}

/// The same instance with so many threads of the first role.
pub fn sized(instance: &Instance, threads: usize) -> Instance {
    instance.clone().role(0, Threads::Exactly(threads))
}

/// What is wrong with a finding about any number of threads of the first role, held against those about 1, 2, 3, … of
/// them.
pub fn contradiction(scenario: &Scenario, any: &Finding, sizes: &[&Finding]) -> Option<String> {
    let property = any.property;
    let wrong = |what: String| Some(format!("{property} for any number is {}, but {what}", any.verdict.name()));
    if property == Property::NoOversell
        && let Some(most) = any.worst
        && let Some(worse) = sizes.iter().find(|finding| finding.worst > Some(most))
    {
        return wrong(format!("at most {most} sold is no bound: {:?}", worse.worst));
    }
    let smallest = sizes.iter().find_map(|finding| finding.verdict.witness());
    let text = |schedule: &Schedule| schedule.text(scenario);
    match (&any.verdict, smallest) {
        (Verdict::Inconclusive { .. } | Verdict::Bounded { .. }, _) => None,
        (Verdict::Proved(_) | Verdict::Impossible(_), Some(witness)) => {
            wrong(format!("{:?} shows it by `{}`", witness.instance, text(&witness.schedule)))
        }
        (Verdict::Proved(_) | Verdict::Impossible(_), None) => None,
        (Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. }, smallest) => {
            let within = witness.instance.number(0) <= sizes.len();
            match smallest {
                Some(counted) if **witness == *counted => None,
                // One that the search came across at its limit has as few threads, but may be longer.
                Some(counted) if !witness.is_canonical && witness.instance.total() == counted.instance.total() => None,
                Some(counted) => {
                    wrong(format!("by `{}`, not by `{}`", text(&witness.schedule), text(&counted.schedule)))
                }
                None if within => wrong(format!("by `{}`, and counting sees none", text(&witness.schedule))),
                None => None,
            }
        }
    }
}
