//! A program and its repair, side by side on the same schedule.

use super::page::{Beside, BesideRow};
use super::{Closing, Layout, Schedule, layout};
use crate::platform::Instance;
use crate::platform::model::Model;
use crate::scenario::Scenario;

/// Both on this schedule, as far as each can go; `None` if not the same threads take part in them.
pub fn beside(wrong: &Scenario, right: &Scenario, instance: &Instance, schedule: &Schedule) -> Option<Beside> {
    let roles = |scenario: &Scenario| scenario.roles().iter().map(|role| role.name).collect::<Vec<_>>();
    if roles(wrong) != roles(right) || wrong.launch() != right.launch() {
        return None;
    }
    let (left, right_steps) = (Steps::of(wrong, instance, schedule), Steps::of(right, instance, schedule));
    let mut rows = Vec::new();
    for (step, (who, did)) in left.did.iter().enumerate() {
        let other = match (right_steps.did.get(step), &right_steps.stopped) {
            (Some((_, other)), _) => other.clone(),
            (None, Some(why)) if step == right_steps.did.len() => vec![format!("cannot: {why}")],
            (None, _) => Vec::new(),
        };
        rows.push(BesideRow { number: step + 1, who: who.clone(), left: did.clone(), right: other });
    }
    let parts = match rows.iter().find(|row| row.left != row.right) {
        None => "On this schedule they do the same.".to_owned(),
        Some(BesideRow { number, who, left, right }) => {
            let first = |lines: &[String]| lines.first().cloned().unwrap_or_default();
            let same_step = first(left) == first(right);
            let what = if same_step { left.join("; ") } else { first(left) };
            let instead = if same_step { right.join("; ") } else { first(right) };
            format!("They part at step {number}: {who}, “{what}” here, “{instead}” there.")
        }
    };
    let stopped = right_steps.stopped.as_ref().filter(|_| right_steps.did.len() < left.did.len());
    let further = stopped.map(|_| format!(" The schedule can be followed there up to step {}.", right_steps.did.len()));
    let (wrong, right) = (wrong.name().to_owned(), right.name().to_owned());
    Some(Beside { wrong, right, parts: parts + &further.unwrap_or_default(), rows })
}

/// What a program does on a schedule.
struct Steps {
    /// Step by step, who takes it, and what comes of it, line by line.
    did: Vec<(String, Vec<String>)>,
    /// Why it cannot be followed any further.
    stopped: Option<String>,
}

impl Steps {
    fn of(scenario: &Scenario, instance: &Instance, schedule: &Schedule) -> Steps {
        let mut model = Model::new(scenario, instance);
        let misfit = schedule.0.iter().find_map(|mv| model.make(*mv).err());
        let Layout { lanes, rows, .. } = layout(scenario, model.trace(), &Closing::Stands(String::new()));
        let mut did: Vec<(String, Vec<String>)> = Vec::new();
        for row in rows.iter().filter(|row| row.kind != super::RowKind::Left) {
            let Some(lane) = row.lane else { continue };
            if row.number.is_some() {
                did.push((lanes[lane].clone(), Vec::new()));
            }
            let Some((_, lines)) = did.last_mut() else { continue };
            lines.push(row.text.clone());
            if !row.shared.is_empty() {
                lines.push(format!("→ {}", row.shared));
            }
        }
        Steps { did, stopped: misfit.map(|misfit| misfit.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::named;

    fn pair(wrong: &str, right: &str, buyers: usize, schedule: &str) -> Beside {
        let (wrong, right) = (named(wrong).unwrap(), named(right).unwrap());
        let (wrong, right) = (wrong.scenario(wrong.tickets), right.scenario(right.tickets));
        let schedule = Schedule::parse(schedule, &wrong).unwrap();
        beside(&wrong, &right, &Instance::of(&wrong, buyers), &schedule).unwrap()
    }

    #[test]
    fn they_part_where_the_repair_replaces_instead_of_truncating() {
        let beside = pair("purchase-locked", "repaired", 2, "0,0,0,0,1");
        let differ: Vec<_> = beside.rows.iter().map(|row| row.left != row.right).collect();
        assert_eq!(differ, [false, false, false, true, true], "{beside:#?}");
        assert!(
            beside.parts.starts_with("They part at step 4: buyer 0, “buy: truncate” here, “buy: replace"),
            "{beside:?}"
        );
    }

    #[test]
    fn a_repair_that_cannot_follow_says_why() {
        let beside = pair("opposite-locks", "ordered-locks", 2, "0:dinner-first,0,1:ticket-first,1");
        let cannot = beside.rows.iter().find(|row| row.right.first().is_some_and(|line| line.starts_with("cannot: ")));
        assert!(cannot.is_some(), "{beside:#?}");
    }
}
