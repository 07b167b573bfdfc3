//! What a trace is of, in a line.

use crate::platform::{Instance, LockKind, Threads};
use crate::scenario::Scenario;

/// The scenario, who takes part, what there is to be had, and what may befall them:
/// `purchase-locked, 2 buyers, 1 ticket, 1 kill allowed, semaphore lock`.
pub fn title(scenario: &Scenario, instance: &Instance) -> String {
    let mut parts = vec![scenario.name().to_owned(), threads(scenario, instance)];
    parts.extend(scenario.stock().map(|stock| count(stock, "ticket")));
    if instance.kills > 0 {
        parts.push(format!("{} allowed", count(instance.kills as u64, "kill")));
        parts.push(match instance.lock {
            LockKind::Owned => "owned lock".to_owned(),
            LockKind::Semaphore => "semaphore lock".to_owned(),
        });
    }
    parts.join(", ")
}

/// How many threads there are of which role: `2 buyers, 1 sweeper`. Roles that nobody plays go without saying, but for
/// the first.
pub fn threads(scenario: &Scenario, instance: &Instance) -> String {
    let roles = scenario.roles().iter().zip(&instance.threads).enumerate();
    let parts = roles.filter_map(|(i, (role, threads))| match threads {
        Threads::Exactly(0) if i > 0 => None,
        Threads::Exactly(threads) => Some(count(*threads as u64, role.name)),
        Threads::Any => Some(format!("any number of {}s", role.name)),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_everybody_who_takes_part() {
        let shop = Scenario::new("shop", |_| ()).stock(1).role("buyer", |_, ()| ()).role("sweeper", |_, ()| ());
        assert_eq!(title(&shop, &Instance::of(&shop, 2)), "shop, 2 buyers, 1 sweeper, 1 ticket");
        let alone = Instance::any(&shop).role(1, Threads::Exactly(0)).kills(2).lock(LockKind::Semaphore);
        assert_eq!(title(&shop, &alone), "shop, any number of buyers, 1 ticket, 2 kills allowed, semaphore lock");
    }
}
