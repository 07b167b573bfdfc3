//! Reports and turns as lines of JSON, for the pipes between processes.

use super::stage::{News, Report};
use super::{Actor, End};
use crate::sync::{Death, Ending, Event, Meaning};
use serde_json::{Value, json};

/// A report of a process as one line.
///
/// # Panics
/// It is the parent's, who is a thread of the process that would read the line.
pub fn encode(report: &Report) -> String {
    let Actor::Thread(role, number) = report.actor else { unreachable!("the parent reports within its process") };
    let news = match &report.news {
        News::Before(step) => json!({"before": step}),
        News::Took(seen) => json!({"took": seen}),
        News::Told(Event { name, value, meaning }) => {
            let (meaning, tickets) = meaning_as_words(*meaning);
            json!({"told": name, "value": value, "meaning": meaning, "tickets": tickets})
        }
        News::Ended(End::Returned(Ending(name))) => json!({"returned": name}),
        News::Ended(End::Crashed(Death { reason, torn })) => json!({"crashed": reason, "torn": torn}),
        News::Ended(End::Killed) => json!("killed"),
        News::Stopped => json!("stopped"),
        News::Decided(_) => unreachable!("only the parent decides"),
    };
    format!("{}\n", json!([role, number, news]))
}

/// The report that a line is; `None` if it is none.
pub fn decode(line: &str) -> Option<Report> {
    let value: Value = serde_json::from_str(line).ok()?;
    let index = |at: usize| usize::try_from(value.get(at)?.as_u64()?).ok();
    let actor = Actor::Thread(index(0)?, index(1)?);
    let news = value.get(2)?;
    let text = |key: &str| news.get(key).and_then(Value::as_str).map(str::to_owned);
    let news = if news == "killed" {
        News::Ended(End::Killed)
    } else if news == "stopped" {
        News::Stopped
    } else if let Some(step) = text("before") {
        News::Before(step)
    } else if let Some(seen) = text("took") {
        News::Took(seen)
    } else if let Some(name) = text("told") {
        let meaning = meaning_from_words(&text("meaning")?, news.get("tickets")?)?;
        News::Told(Event { name: name.into(), value: news.get("value")?.as_u64(), meaning })
    } else if let Some(name) = text("returned") {
        News::Ended(End::Returned(Ending(name.into())))
    } else {
        let (reason, torn) = (text("crashed")?, news.get("torn")?.as_bool()?);
        News::Ended(End::Crashed(Death { reason, torn }))
    };
    Some(Report { actor, news })
}

/// A turn as one line, with what the step shall come to.
pub fn encode_turn(pick: Option<&str>) -> String {
    format!("{}\n", json!(pick))
}

/// What the step of this turn shall come to, if it can come to several things.
pub fn decode_turn(line: &str) -> Option<String> {
    serde_json::from_str(line).ok()?
}

fn meaning_as_words(meaning: Meaning) -> (&'static str, Option<u32>) {
    match meaning {
        Meaning::Word => ("word", None),
        Meaning::Sale(tickets) => ("sale", Some(tickets)),
        Meaning::GivenBack(tickets) => ("given back", Some(tickets)),
        Meaning::Restocked(tickets) => ("restocked", Some(tickets)),
        Meaning::TornRead => ("torn read", None),
    }
}

fn meaning_from_words(meaning: &str, tickets: &Value) -> Option<Meaning> {
    let tickets = || u32::try_from(tickets.as_u64()?).ok();
    match meaning {
        "word" => Some(Meaning::Word),
        "sale" => Some(Meaning::Sale(tickets()?)),
        "given back" => Some(Meaning::GivenBack(tickets()?)),
        "restocked" => Some(Meaning::Restocked(tickets()?)),
        "torn read" => Some(Meaning::TornRead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_comes_back_as_it_went() {
        let event = |meaning, value| News::Told(Event { name: "票".into(), value, meaning });
        let all = [
            News::Before("database#0: write \"\\xff\n\"".to_owned()),
            News::Took("Done".to_owned()),
            event(Meaning::Word, Some(u64::MAX)),
            event(Meaning::Sale(1), None),
            event(Meaning::GivenBack(u32::MAX), None),
            event(Meaning::Restocked(0), Some(0)),
            event(Meaning::TornRead, None),
            News::Ended(End::Returned(Ending("sold out".into()))),
            News::Ended(End::Returned(Ending("killed".into()))),
            News::Ended(End::Crashed(Death { reason: "票\n".to_owned(), torn: false })),
            News::Ended(End::Crashed(Death { reason: String::new(), torn: true })),
            News::Ended(End::Killed),
            News::Stopped,
        ];
        for news in all {
            let report = Report { actor: Actor::Thread(2, 7), news };
            let line = encode(&report);
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert_eq!(decode(line.trim_end()), Some(report));
        }
    }

    #[test]
    fn other_output_is_no_report() {
        for line in ["", "hello", "[]", "[0,0]", "[0,0,{}]", "[-1,0,\"killed\"]", "[0,\"killed\"]", "[0,0,\"well\"]"] {
            assert_eq!(decode(line), None, "{line}");
        }
    }

    #[test]
    fn every_turn_comes_back_as_it_went() {
        for pick in [None, Some("1"), Some("de\nclined"), Some("null")] {
            let line = encode_turn(pick);
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert_eq!(decode_turn(line.trim_end()).as_deref(), pick);
        }
    }
}
