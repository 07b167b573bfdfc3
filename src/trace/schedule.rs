//! A schedule as text: who moves, in order, as in `0,0,1,p,k1`.

use crate::platform::{Actor, Move};
use std::fmt;
use std::str::FromStr;

/// An order of moves. As text: a buyer's number for its next step, `p` for a step of the parent that launches
/// them, `k` and a number for the kill of that buyer; with commas between, and empty for no move at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule(pub Vec<Move>);

impl Schedule {
    /// How often the next move is somebody else's.
    pub fn switches(&self) -> usize {
        self.0.windows(2).filter(|pair| pair[0].actor != pair[1].actor).count()
    }

    /// What makes one witness better than another: fewer moves, then fewer context switches, then the
    /// lowest-numbered buyer first.
    pub fn rank(&self) -> (usize, usize, &[Move]) {
        (self.0.len(), self.switches(), &self.0)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mv) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let kill = if mv.kill { "k" } else { "" };
            match mv.actor {
                Actor::Buyer(number) => write!(f, "{comma}{kill}{number}")?,
                Actor::Launcher => write!(f, "{comma}p")?,
            }
        }
        Ok(())
    }
}

/// A part of a schedule that says nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "step {position} of the schedule is `{text}`: write a buyer's number (`0`), `k` and a number for a kill (`k0`), \
     or `p` for the parent"
)]
pub struct ScheduleError {
    /// Which one, counted from 1.
    pub position: usize,
    /// What it says.
    pub text: String,
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        if text.trim().is_empty() {
            return Ok(Schedule::default());
        }
        let moves = text.split(',').map(str::trim).enumerate().map(|(i, word)| {
            let error = || ScheduleError { position: i + 1, text: word.to_owned() };
            // Not `str::parse` alone: it would take `+1`.
            let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
                true => digits.parse().map_err(|_| error()),
                false => Err(error()),
            };
            match word.strip_prefix('k') {
                Some(digits) => number(digits).map(Move::kill),
                None if word == "p" => Ok(Move::step(Actor::Launcher)),
                None => number(word).map(|n| Move::step(Actor::Buyer(n))),
            }
        });
        moves.collect::<Result<_, _>>().map(Schedule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_schedule_are_each_others_inverse() {
        for text in ["", "0", "0,0,1,p,k1,10"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_named_with_its_position() {
        for (text, position, word) in
            [("0,x", 2, "x"), ("0,,1", 2, ""), ("k", 1, "k"), ("+1", 1, "+1"), ("0,-1", 2, "-1")]
        {
            let error = text.parse::<Schedule>().unwrap_err();
            assert_eq!(error, ScheduleError { position, text: word.to_owned() });
        }
    }

    #[test]
    fn a_switch_is_a_change_of_actor() {
        assert_eq!("0,0,1,k1,0".parse::<Schedule>().unwrap().switches(), 2);
    }
}
