//! The console lines, word for word as the tutorials print them.

use crate::scenario::Speaker;
use crate::sync::Event;

/// Which tutorial's words a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// The 10 × 1 programs: passers-by, by number.
    PassersBy,
    /// `joined`: processes, by id.
    Processes,
    /// The later 15 × 2 programs: bare process ids.
    BareProcesses,
}

impl Wording {
    /// The line for an event, or `None` where the tutorial prints nothing.
    pub fn line(self, speaker: &Speaker, event: &Event) -> Option<String> {
        let Speaker { number, pid, .. } = speaker;
        let line = match (self, event.name.as_ref(), event.value) {
            (Wording::PassersBy, "saw", Some(n)) => format!("<路人 {number}> 查看到剩余票数 [{n}]"),
            (Wording::PassersBy, "bought", _) => format!("<路人 {number}> 购票成功"),
            (Wording::Processes | Wording::BareProcesses, "saw", Some(n)) => format!("还剩余{n}"),
            (Wording::Processes, "bought", _) => format!("进程{pid}抢票成功"),
            (Wording::BareProcesses, "bought", _) => format!("{pid}抢票成功"),
            (Wording::Processes, "sold out", _) => "票已经售空啦!!!!!!!".to_owned(),
            (Wording::BareProcesses, "sold out", _) => "票已经售空！！！！！！！！！！！！".to_owned(),
            _ => return None,
        };
        Some(line)
    }

    /// What that line means.
    pub fn gloss(self, speaker: &Speaker, event: &Event) -> Option<String> {
        let Speaker { number, pid, .. } = speaker;
        let gloss = match (self, event.name.as_ref(), event.value) {
            (Wording::PassersBy, "saw", Some(n)) => format!("<passer-by {number}> sees [{n}] left"),
            (Wording::PassersBy, "bought", _) => format!("<passer-by {number}> got a ticket"),
            (Wording::Processes | Wording::BareProcesses, "saw", Some(n)) => format!("{n} left"),
            (Wording::Processes, "bought", _) => format!("process {pid} got a ticket"),
            (Wording::BareProcesses, "bought", _) => format!("{pid} got a ticket"),
            (Wording::Processes | Wording::BareProcesses, "sold out", _) => "the tickets are sold out!".to_owned(),
            _ => return None,
        };
        Some(gloss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_translation_and_nothing_else_has_one() {
        let speaker = Speaker { role: "buyer", number: 3, pid: "77".to_owned() };
        for wording in [Wording::PassersBy, Wording::Processes, Wording::BareProcesses] {
            for event in [Event::word("saw").with(2), Event::sale("bought"), Event::word("sold out")] {
                let (line, gloss) = (wording.line(&speaker, &event), wording.gloss(&speaker, &event));
                assert_eq!(line.is_some(), gloss.is_some(), "{wording:?}: {line:?} and {gloss:?}");
                // Who says it and which number, is in both.
                let digits = |text: Option<String>| text.unwrap_or_default().replace(|c: char| !c.is_ascii_digit(), "");
                assert_eq!(digits(line), digits(gloss));
            }
        }
    }
}
