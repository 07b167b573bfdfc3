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
}
