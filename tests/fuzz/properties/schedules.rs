//! Schedules: what is read is printed as what reads back, and nonsense is named.

use oversell::platform::Instance;
use oversell::scenario::Scenario;
use oversell::trace::{Schedule, replay};
use std::sync::LazyLock;

/// Its roles are the trickier ones: `k` is for kills, `p` for the parent.
pub static SCENARIO: LazyLock<Scenario> = LazyLock::new(|| {
    let choose = |at: &dyn oversell::sync::Platform, (): &()| at.choose("payment", &["accepted", "k1", "0:p"]);
    Scenario::new("shop", |_| ())
        .role("buyer", choose)
        .role("kiosk", choose)
        .role("pp", choose)
        .role("kk", choose)
        .into()
});

/// It is a schedule that reads back, or the first word is named that is none.
pub fn schedule(text: &str) -> &'static str {
    let scenario = &*SCENARIO;
    match Schedule::parse(text, scenario) {
        Err(error) => {
            let word = text.split(',').nth(error.position - 1).map(str::trim);
            assert_eq!(word, Some(error.text.as_str()));
            let before: Vec<_> = text.split(',').take(error.position - 1).collect();
            assert!(Schedule::parse(&before.join(","), scenario).is_ok(), "the first one is named");
            "refused"
        }
        Ok(schedule) => {
            assert_eq!(Schedule::parse(&schedule.text(scenario), scenario), Ok(schedule.clone()));
            // It may be no execution; then that is said.
            match replay(scenario, &Instance::of(scenario, 2), &schedule) {
                Ok(model) => {
                    assert_eq!(model.trace().schedule(), schedule.0);
                    "an execution"
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    "a schedule"
                }
            }
        }
    }
}
