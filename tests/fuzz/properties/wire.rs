//! The lines between processes.

use oversell::platform::stage::Report;
use oversell::platform::wire::{decode, decode_turn, encode, encode_turn};

/// It is one line, and comes back as it went.
pub fn report(report: &Report) -> String {
    let line = encode(report);
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    let line = line.trim_end_matches('\n');
    assert_eq!(decode(line).as_ref(), Some(report), "{line}");
    line.to_owned()
}

/// It is a report or a turn that comes back as it went, or somebody's own output.
pub fn line(text: &str) -> &'static str {
    let turn = decode_turn(text);
    let line = encode_turn(turn.as_deref());
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    assert_eq!(decode_turn(&line), turn, "{line}");
    match decode(text) {
        Some(another) => {
            report(&another);
            "a report"
        }
        None if turn.is_some() => "a turn",
        None => "neither",
    }
}
