//! Reports as lines of JSON, for the pipe between processes.
//!
//! Only what processes can share has a form here: files and locks.

use super::stage::{News, Report};
use super::{Actor, End};
use crate::sync::{Access, Event, Meaning, Observation, Outcome, Step};
use serde_json::{Value, json};

/// A report of a buyer as one line.
///
/// # Panics
/// It speaks of a value mutex, a cell or the launcher, none of which is shared between processes.
pub fn encode(report: &Report) -> String {
    let Actor::Buyer(buyer) = report.actor else { unreachable!("the launcher reports from its own process") };
    let news = match &report.news {
        News::Before(Step { object, access }) => json!({"before": object, "access": access_as_json(access)}),
        News::Took(Observation::Done) => json!({"took": null}),
        News::Took(Observation::Content(bytes)) => json!({"took": bytes.as_ref()}),
        News::Told(event) => {
            json!({"told": event.name, "value": event.value, "meaning": meaning_as_json(event.meaning)})
        }
        News::Ended(End::Returned(Outcome::Bought)) => json!({"ended": "bought"}),
        News::Ended(End::Returned(Outcome::SoldOut)) => json!({"ended": "sold out"}),
        News::Ended(End::Crashed(reason)) => json!({"ended": "crashed", "reason": reason}),
        News::Ended(End::Killed) => json!({"ended": "killed"}),
        News::Stopped => json!({"ended": "stopped"}),
        news => unreachable!("{news:?} never comes from a process"),
    };
    format!("{}\n", json!([buyer, news]))
}

/// The report that a line is; `None` if it is none.
pub fn decode(line: &str) -> Option<Report> {
    let value: Value = serde_json::from_str(line).ok()?;
    let (buyer, news) = (value.get(0)?.as_u64()?, value.get(1)?);
    let actor = Actor::Buyer(usize::try_from(buyer).ok()?);
    let news = if let Some(object) = news.get("before") {
        let object = usize::try_from(object.as_u64()?).ok()?;
        News::Before(Step { object, access: access_from_json(news.get("access")?)? })
    } else if let Some(seen) = news.get("took") {
        News::Took(match seen {
            Value::Null => Observation::Done,
            bytes => Observation::Content(bytes_from_json(bytes)?.into()),
        })
    } else if let Some(name) = news.get("told") {
        let name = name.as_str()?.to_owned().into();
        News::Told(Event {
            name,
            value: news.get("value")?.as_u64(),
            meaning: meaning_from_json(news.get("meaning")?)?,
        })
    } else {
        match news.get("ended")?.as_str()? {
            "bought" => News::Ended(End::Returned(Outcome::Bought)),
            "sold out" => News::Ended(End::Returned(Outcome::SoldOut)),
            "crashed" => News::Ended(End::Crashed(news.get("reason")?.as_str()?.to_owned())),
            "killed" => News::Ended(End::Killed),
            "stopped" => News::Stopped,
            _ => return None,
        }
    };
    Some(Report { actor, news })
}

fn access_as_json(access: &Access) -> Value {
    match access {
        Access::Read => json!("read"),
        Access::Truncate => json!("truncate"),
        Access::Write(bytes) => json!({"write": bytes.as_ref()}),
        Access::Replace(bytes) => json!({"replace": bytes.as_ref()}),
        Access::Acquire => json!("acquire"),
        Access::Release => json!("release"),
        other => unreachable!("{other:?} is not shared between processes"),
    }
}

fn access_from_json(access: &Value) -> Option<Access> {
    Some(match access.as_str() {
        Some("read") => Access::Read,
        Some("truncate") => Access::Truncate,
        Some("acquire") => Access::Acquire,
        Some("release") => Access::Release,
        Some(_) => return None,
        None => match (access.get("write"), access.get("replace")) {
            (Some(bytes), _) => Access::Write(bytes_from_json(bytes)?.into()),
            (_, Some(bytes)) => Access::Replace(bytes_from_json(bytes)?.into()),
            _ => return None,
        },
    })
}

fn bytes_from_json(bytes: &Value) -> Option<Vec<u8>> {
    bytes.as_array()?.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
}

fn meaning_as_json(meaning: Meaning) -> Value {
    json!(match meaning {
        Meaning::Word => "word",
        Meaning::Sale => "sale",
        Meaning::TornRead => "torn read",
    })
}

fn meaning_from_json(meaning: &Value) -> Option<Meaning> {
    match meaning.as_str()? {
        "word" => Some(Meaning::Word),
        "sale" => Some(Meaning::Sale),
        "torn read" => Some(Meaning::TornRead),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_comes_back_as_it_went() {
        let bytes: crate::sync::Bytes = [b'{', 0xff, b'\n'].into();
        let steps = [
            Access::Read,
            Access::Truncate,
            Access::Write(bytes.clone()),
            Access::Replace(bytes.clone()),
            Access::Acquire,
            Access::Release,
        ];
        let mut all: Vec<News> = steps.into_iter().map(|access| News::Before(Step { object: 1, access })).collect();
        all.extend([
            News::Took(Observation::Done),
            News::Took(Observation::Content(bytes)),
            News::Told(Event::word("saw").with(3)),
            News::Told(Event::sale("bought")),
            News::Ended(End::Returned(Outcome::Bought)),
            News::Ended(End::Returned(Outcome::SoldOut)),
            News::Ended(End::Crashed("票\n".to_owned())),
            News::Ended(End::Killed),
            News::Stopped,
        ]);
        for news in all {
            let report = Report { actor: Actor::Buyer(7), news };
            let line = encode(&report);
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert_eq!(decode(line.trim_end()), Some(report));
        }
    }

    #[test]
    fn other_output_is_no_report() {
        for line in ["", "hello", "[]", "[0]", "[0,{}]", "[-1,{\"ended\":\"bought\"}]", "[0,{\"ended\":\"well\"}]"] {
            assert_eq!(decode(line), None, "{line}");
        }
    }
}
