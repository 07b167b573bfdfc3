//! Who moves: schedules of statements as text, as in `0,0,1,0=declined,k1`.

use std::fmt;

/// What an actor does when it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Its next statement; or, if that waits in SQLite, another attempt at it.
    Step,
    /// It takes this alternative of the choice before it.
    Take(usize),
    /// Its connection is cut before the next statement reaches the database.
    Cut,
    /// Its COMMIT is carried out, and the connection is cut before that is acknowledged.
    CutAfter,
    /// Its COMMIT is decided, and held back from being seen until its next step; others move first.
    Hold,
}

/// One move: who, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move {
    /// Which actor, by its position in the cast.
    pub actor: usize,
    /// What it does.
    pub act: Act,
}

/// The names of those who act, in order: buyers first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast(pub Vec<String>);

impl Cast {
    /// How a schedule names an actor: buyers by their number alone, others as `sweeper0`.
    pub fn short(&self, actor: usize) -> String {
        let name = &self.0[actor];
        name.strip_prefix("buyer ").map_or_else(|| name.replace(' ', ""), str::to_owned)
    }
}

/// An order of moves, with who acts in it and what alternatives were taken. As text: an actor for its next step,
/// `0=declined` for a choice, `h0` for a COMMIT that is decided and that others see only at that actor's next step, `k0`
/// for a connection that is cut before its next statement, and `l0` for one that is cut after its COMMIT was carried out
/// but before that is acknowledged (lost).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The moves, each with the text of its alternative if it is a choice.
    pub moves: Vec<(Move, Option<String>)>,
    /// Who acts.
    pub cast: Cast,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (mv, alternative)) in self.moves.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let who = self.cast.short(mv.actor);
            match (mv.act, alternative) {
                (Act::Step, _) => write!(f, "{comma}{who}")?,
                (Act::Take(_), Some(name)) => write!(f, "{comma}{who}={name}")?,
                (Act::Take(number), None) => write!(f, "{comma}{who}={number}")?,
                (Act::Hold, _) => write!(f, "{comma}h{who}")?,
                (Act::Cut, _) => write!(f, "{comma}k{who}")?,
                (Act::CutAfter, _) => write!(f, "{comma}l{who}")?,
            }
        }
        Ok(())
    }
}

/// A move as it is written, before it is known what can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// Which actor.
    pub actor: usize,
    /// What it does; a choice by its alternative's name.
    pub act: Result<Act, String>,
}

/// A part of a schedule that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "step {position} of the schedule is `{text}`: write who takes its next step (`{example}`), `{example}=NAME` for a \
     choice, `h{example}` for a commit that is decided and held back from being seen, `k{example}` for a connection that \
     is cut, or `l{example}` for a commit whose acknowledgement is lost"
)]
pub struct ScheduleError {
    /// Which one, counted from 1.
    pub position: usize,
    /// What it says.
    pub text: String,
    /// How the first actor is written.
    pub example: String,
}

/// Reads a schedule.
///
/// # Errors
/// The first part of it that says nothing.
pub fn read(text: &str, cast: &Cast) -> Result<Vec<Written>, ScheduleError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let word = |(i, word): (usize, &str)| {
        let (who, alternative) = match word.split_once('=') {
            Some((who, name)) => (who, Some(name.to_owned())),
            None => (word, None),
        };
        let named = |who: &str| (0..cast.0.len()).find(|actor| cast.short(*actor) == who);
        let act = |act| alternative.clone().map_or(Ok(act), Err);
        let written = named(who).map(|actor| (actor, act(Act::Step))).or_else(|| {
            let after = |letter| who.strip_prefix(letter).filter(|_| alternative.is_none()).and_then(named);
            let letters = [('h', Act::Hold), ('k', Act::Cut), ('l', Act::CutAfter)];
            letters.into_iter().find_map(|(letter, act)| after(letter).map(|actor| (actor, Ok(act))))
        });
        let error = || ScheduleError { position: i + 1, text: word.to_owned(), example: cast.short(0) };
        let (actor, act) = written.ok_or_else(error)?;
        Ok(Written { text: word.to_owned(), actor, act })
    };
    text.split(',').map(str::trim).enumerate().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_read_as_it_is_written() {
        let cast = Cast(vec!["buyer 0".to_owned(), "buyer 1".to_owned(), "sweeper 0".to_owned()]);
        let read = read("0, 1=declined,sweeper0,k1,l0", &cast).unwrap();
        let acts: Vec<_> = read.into_iter().map(|written| (written.actor, written.act)).collect();
        let expected = [
            (0, Ok(Act::Step)),
            (1, Err("declined".to_owned())),
            (2, Ok(Act::Step)),
            (1, Ok(Act::Cut)),
            (0, Ok(Act::CutAfter)),
        ];
        assert_eq!(acts, expected);
    }

    #[test]
    fn nonsense_is_named_with_its_position() {
        let cast = Cast(vec!["buyer 0".to_owned()]);
        for (text, position) in [("1", 1), ("0,", 2), ("0,k", 2), ("x", 1), ("k0=a", 1)] {
            assert_eq!(read(text, &cast).unwrap_err().position, position, "{text}");
        }
    }
}
