//! An execution over a database as text: a lane per connection, and one for what is committed.

use super::{Beat, Cast, Deed, End, Execution};
use crate::trace::layout::{Layout, Row};
use unicode_width::UnicodeWidthStr;

/// How wide a lane may get before its statements are broken over several lines.
const LANE: usize = 38;

/// What there is to say at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// A property breaks here.
    Broken(String),
    /// Something possible has come to pass.
    Reached(String),
    /// Neither: so it stands.
    Stands(String),
}

/// Writes an execution in lanes.
pub fn lanes(execution: &Execution, cast: &Cast, closing: &Closing) -> String {
    let mut rows = vec![row(None, None, String::new())];
    let mut committed = execution.at_first.clone().unwrap_or_default();
    rows[0].shared.clone_from(&committed);
    for (actor, deed) in &execution.before {
        rows.extend(lines(&text(deed, cast)).into_iter().map(|line| row(None, Some(*actor), line)));
    }
    for (number, beat) in execution.beats.iter().enumerate() {
        let start = rows.len();
        rows.extend(of_beat(number + 1, beat, cast));
        if let Some(now) = beat.committed.as_ref().filter(|now| **now != committed) {
            committed.clone_from(now);
            rows[start].shared.clone_from(now);
        }
    }
    let (mark, remark) = match closing {
        Closing::Broken(why) => ("✗", why),
        Closing::Reached(what) => ("✓", what),
        Closing::Stands(how) => ("", how),
    };
    if let Some(last) = rows.iter_mut().rev().find(|row| row.number.is_some()) {
        last.mark = mark;
    }
    rows.push(row(None, None, format!("{mark} {remark}").trim_start().to_owned()));
    // Lanes without anybody in them are left out.
    let seen: Vec<_> = (0..cast.0.len()).filter(|lane| rows.iter().any(|row| row.lane == Some(*lane))).collect();
    for row in &mut rows {
        row.lane = row.lane.and_then(|lane| seen.iter().position(|other| *other == lane));
    }
    let lanes = seen.into_iter().map(|lane| cast.0[lane].clone()).collect();
    Layout { lanes, shared: "committed".to_owned(), rows }.render()
}

fn row(number: Option<usize>, lane: Option<usize>, text: String) -> Row {
    Row { mark: "", number, lane, text, shared: String::new() }
}

fn of_beat(number: usize, beat: &Beat, cast: &Cast) -> Vec<Row> {
    let mut rows = Vec::new();
    for (actor, deed) in &beat.deeds {
        for line in lines(&text(deed, cast)) {
            let number = if rows.is_empty() { Some(number) } else { None };
            rows.push(row(number, Some(*actor), line));
        }
    }
    rows
}

fn text(deed: &Deed, cast: &Cast) -> String {
    match deed {
        Deed::Did { text, reply, trouble, waited } => {
            let what = if *waited { "goes on".to_owned() } else { one_line(text) };
            match (trouble, reply.as_str()) {
                (Some(_), message) if *waited => format!("fails: {message}"),
                (Some(_), message) => format!("{what} fails: {message}"),
                (None, "") => what,
                (None, reply) => format!("{what} -> {reply}"),
            }
        }
        Deed::Waits { text, holders } => {
            let holders: Vec<_> = holders.iter().map(|holder| cast.0[*holder].as_str()).collect();
            let holders = if holders.is_empty() { "the lock".to_owned() } else { holders.join(" and ") };
            format!("{} waits for {holders}", one_line(text))
        }
        Deed::GaveUp => "has waited too long".to_owned(),
        Deed::Chose { name, alternative } => format!("{name}: {alternative}"),
        Deed::Cut { text, after: false } => format!("CUT before {}", one_line(text)),
        Deed::Cut { text, after: true } => format!("{}, CUT before it is acknowledged", one_line(text)),
        Deed::Sold(1) => "> sold".to_owned(),
        Deed::Sold(quantity) => format!("> sold {quantity}"),
        Deed::Says(remark) => format!("({remark})"),
        Deed::Ended(End::Bought) => "ends: bought".to_owned(),
        Deed::Ended(End::SoldOut) => "ends: sold out".to_owned(),
        Deed::Ended(End::Withdrew) => "ends: withdrew".to_owned(),
        Deed::Ended(End::Done) => "ends".to_owned(),
        Deed::Ended(End::Failed(message)) => format!("FAILS: {message}"),
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Breaks a long text between words; what goes on is indented.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.width() + 1 + word.width() > LANE {
            lines.push(std::mem::replace(&mut line, "  ".to_owned()));
        }
        if !line.trim().is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
