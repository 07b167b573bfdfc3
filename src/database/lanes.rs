//! An execution over a database as text: a lane per connection, and one for what is committed.

use super::{Beat, Cast, Deed, End, Execution};
use crate::trace::{Layout, Row, RowKind};
use unicode_width::UnicodeWidthStr;

/// How wide a lane may get before its statements are broken over several lines.
const LANE: usize = 38;

/// How wide, where otherwise they would not stand side by side.
const NARROW: usize = 33;

/// What there is to say at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Properties break here.
    Broken(Vec<String>),
    /// Something possible has come to pass.
    Reached(Vec<String>),
    /// Neither: so it stands.
    Stands(String),
}

/// Writes an execution in lanes.
pub fn lanes(execution: &Execution, cast: &Cast, closing: &Closing) -> String {
    layout(execution, cast, closing).text()
}

/// Lays an execution out in lanes: wide ones, or narrow ones if only they stand side by side.
pub fn layout(execution: &Execution, cast: &Cast, closing: &Closing) -> Layout {
    let is_list = |layout: &Layout| layout.text().starts_with("step  who");
    let wide = laid_out(execution, cast, closing, LANE);
    let narrow = is_list(&wide).then(|| laid_out(execution, cast, closing, NARROW)).filter(|layout| !is_list(layout));
    narrow.unwrap_or(wide)
}

fn laid_out(execution: &Execution, cast: &Cast, closing: &Closing, width: usize) -> Layout {
    let mut rows = vec![row(None, None, String::new())];
    let mut committed = execution.at_first.clone().unwrap_or_default();
    rows[0].shared.clone_from(&committed);
    for (actor, deed) in &execution.before {
        rows.extend(lines(&text(deed, cast), width).into_iter().map(|line| row(None, Some(*actor), line)));
    }
    for (number, beat) in execution.beats.iter().enumerate() {
        let start = rows.len();
        rows.extend(of_beat(number + 1, beat, cast, width));
        if let Some(now) = beat.committed.as_ref().filter(|now| **now != committed) {
            committed.clone_from(now);
            rows[start].shared.clone_from(now);
        }
    }
    let (mark, remarks) = match closing {
        Closing::Broken(why) => ("✗", why.as_slice()),
        Closing::Reached(what) => ("✓", what.as_slice()),
        Closing::Stands(how) => ("", std::slice::from_ref(how)),
    };
    if let Some(last) = rows.iter_mut().rev().find(|row| row.number.is_some()) {
        last.mark = mark;
    }
    for remark in remarks {
        let text = format!("{mark} {remark}").trim_start().to_owned();
        rows.push(Row { kind: RowKind::Remark, ..row(None, None, text) });
    }
    // Lanes without anybody in them are left out.
    let seen: Vec<_> = (0..cast.0.len()).filter(|lane| rows.iter().any(|row| row.lane == Some(*lane))).collect();
    for row in &mut rows {
        row.lane = row.lane.and_then(|lane| seen.iter().position(|other| *other == lane));
    }
    let lanes = seen.into_iter().map(|lane| cast.0[lane].clone()).collect();
    Layout { lanes, shared: "committed".to_owned(), rows, ..Layout::default() }
}

fn row(number: Option<usize>, lane: Option<usize>, text: String) -> Row {
    let kind = match (number, lane) {
        (Some(_), _) => RowKind::Step,
        (None, Some(_)) => RowKind::Said,
        (None, None) => RowKind::First,
    };
    Row { number, lane, text, kind, ..Row::default() }
}

fn of_beat(number: usize, beat: &Beat, cast: &Cast, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (i, (actor, deed)) in beat.deeds.iter().enumerate() {
        // An error that was just shown need not be said twice.
        let same = |(who, other): &(usize, Deed)| {
            let Deed::Did { reply, trouble: Some(_), .. } = other else { return false };
            who == actor && *deed == Deed::Ended(End::Failed(reply.clone()))
        };
        if beat.deeds[..i].iter().any(same) {
            rows.push(row(None, Some(*actor), "SEES THE ERROR".to_owned()));
            continue;
        }
        for line in lines(&text(deed, cast), width) {
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
        Deed::Decided { text } => format!("{}: decided, not seen", one_line(text)),
        Deed::Seen => "(what it committed is seen)".to_owned(),
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
        Deed::Ended(End::Other(how)) => format!("ends: {how}"),
        Deed::Ended(End::Failed(message)) => format!("SEES AN ERROR: {message}"),
    }
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Breaks a long text between words; what goes on is indented.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.width() + 1 + word.width() > width {
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
