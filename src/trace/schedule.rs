//! A schedule as text: who moves, in order, as in `0,0,1:declined,p,k1`.

use crate::platform::record::interned;
use crate::platform::{Act, Actor, Move};
use crate::scenario::Scenario;
use std::fmt;

/// An order of moves.
///
/// As text, with commas between, and empty for no move at all:
///
/// | word | move |
/// | --- | --- |
/// | `0` | the next step of thread 0 of the first role |
/// | `sweeper0` | the next step of thread 0 of the role `sweeper` |
/// | `p` | the next step of the parent that starts the threads of the first role one by one |
/// | `0:declined` | the same as `0`, where this step can come to several things, and comes to `declined` |
/// | `k0`, `ksweeper0` | that thread is killed |
///
/// ```
/// # use oversell::scenario::Scenario;
/// # use oversell::trace::Schedule;
/// let shop = Scenario::new("shop", |_| ()).role("buyer", |_, ()| ()).role("sweeper", |_, ()| ());
/// let schedule = Schedule::parse("0,sweeper0,k1", &shop)?;
/// assert_eq!(schedule.text(&shop), "0,sweeper0,k1");
/// # Ok::<(), oversell::trace::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule(pub Vec<Move>);

impl Schedule {
    /// Reads a schedule for a scenario, whose roles it names.
    ///
    /// # Errors
    /// The first word that says nothing, with its position.
    pub fn parse(text: &str, scenario: &Scenario) -> Result<Schedule, ScheduleError> {
        let roles: Vec<_> = scenario.roles().iter().map(|role| role.name).collect();
        if text.trim().is_empty() {
            return Ok(Schedule::default());
        }
        let words = text.split(',').map(str::trim).enumerate();
        let moves = words.map(|(i, word)| {
            let error = || ScheduleError { position: i + 1, text: word.to_owned(), roles: roles.clone() };
            read(word, &roles).ok_or_else(error)
        });
        moves.collect::<Result<_, _>>().map(Schedule)
    }

    /// The schedule as text, which [`parse`](Schedule::parse) reads.
    pub fn text(&self, scenario: &Scenario) -> String {
        let words = self.0.iter().map(|mv| {
            let who = match mv.actor {
                Actor::Thread(0, number) => number.to_string(),
                Actor::Thread(role, number) => format!("{}{number}", scenario.roles()[role].name),
                Actor::Parent => "p".to_owned(),
            };
            match mv.act {
                Act::Step => who,
                Act::Pick(pick) => format!("{who}:{pick}"),
                Act::Kill => format!("k{who}"),
            }
        });
        words.collect::<Vec<_>>().join(",")
    }

    /// How often the next move is somebody else's.
    pub fn switches(&self) -> usize {
        self.0.windows(2).filter(|pair| pair[0].actor != pair[1].actor).count()
    }

    /// What makes one witness better than another: fewer moves, then fewer context switches, then the
    /// lowest-numbered thread first.
    pub fn rank(&self) -> (usize, usize, &[Move]) {
        (self.0.len(), self.switches(), &self.0)
    }
}

/// One word as a move.
fn read(word: &str, roles: &[&'static str]) -> Option<Move> {
    let (who, pick) = match word.split_once(':') {
        Some((who, pick)) if !pick.is_empty() => (who, Some(pick)),
        Some(_) => return None,
        None => (word, None),
    };
    let act = pick.map_or(Act::Step, |pick| Act::Pick(interned(pick)));
    // A role's own name goes first: `kiosk0` is a step in a scenario with kiosks.
    match (actor(who, roles), who.strip_prefix('k')) {
        (Some(actor), _) => Some(Move { actor, act }),
        (None, Some(whom)) if pick.is_none() => Some(Move::kill(actor(whom, roles)?)),
        _ => None,
    }
}

fn actor(word: &str, roles: &[&'static str]) -> Option<Actor> {
    if word == "p" {
        return Some(Actor::Parent);
    }
    let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    let name = &word[..word.len() - digits.len()];
    let role = if name.is_empty() { Some(0) } else { roles.iter().position(|role| *role == name) };
    // Not `str::parse` alone: it would take `+1`.
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok());
    Some(Actor::Thread(role?, number??))
}

/// A word of a schedule that says nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct ScheduleError {
    /// Which one, counted from 1.
    pub position: usize,
    /// What it says.
    pub text: String,
    /// The roles that there are.
    pub roles: Vec<&'static str>,
}

impl std::error::Error for ScheduleError {}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ScheduleError { position, text, roles } = self;
        let first = roles.first().copied().unwrap_or("thread");
        write!(f, "step {position} of the schedule is `{text}`: write a {first}'s number (`0`)")?;
        for role in roles.iter().skip(1) {
            write!(f, ", `{role}` and a number (`{role}0`)")?;
        }
        f.write_str(
            ", `k` before it for a kill (`k0`), `:` and an alternative behind it for a choice (`0:declined`), or `p` \
             for the parent",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Scenario {
        Scenario::new("shop", |_| ()).role("buyer", |_, ()| ()).role("stock-keeper", |_, ()| ()).into()
    }

    fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        Schedule::parse(text, &shop())
    }

    #[test]
    fn text_and_schedule_are_each_others_inverse() {
        for text in ["", "0", "0,0,1,p,k1,10", "stock-keeper3,kstock-keeper0,0:declined,stock-keeper1:1"] {
            assert_eq!(parse(text).unwrap().text(&shop()), text);
        }
        assert_eq!(parse("buyer1").unwrap(), parse("1").unwrap());
    }

    #[test]
    fn nonsense_is_named_with_its_position() {
        for (text, position, word) in [
            ("0,x", 2, "x"),
            ("0,,1", 2, ""),
            ("k", 1, "k"),
            ("+1", 1, "+1"),
            ("0,-1", 2, "-1"),
            ("0:", 1, "0:"),
            ("k0:accepted", 1, "k0:accepted"),
            ("0,sweeper0", 2, "sweeper0"),
            ("stock-keeper", 1, "stock-keeper"),
            ("99999999999999999999", 1, "99999999999999999999"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.position, error.text.as_str()), (position, word));
            assert!(error.to_string().contains("`stock-keeper0`"), "{error}");
        }
    }

    #[test]
    fn a_role_that_begins_with_k_is_no_kill() {
        let kiosks = Scenario::new("kiosks", |_| ()).role("kiosk", |_, ()| ()).role("buyer", |_, ()| ());
        let read = |text: &str| Schedule::parse(text, &kiosks).unwrap().0[0];
        assert_eq!(read("kiosk0"), Move::step(Actor::Thread(0, 0)));
        assert_eq!(read("kkiosk0"), Move::kill(Actor::Thread(0, 0)));
        assert_eq!(read("kbuyer0"), Move::kill(Actor::Thread(1, 0)));
    }

    #[test]
    fn a_switch_is_a_change_of_actor() {
        assert_eq!(parse("0,0,1,k1,0").unwrap().switches(), 2);
    }
}
