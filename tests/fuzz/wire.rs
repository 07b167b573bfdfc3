//! Lines between processes, and what is nearly one.

use crate::properties::wire::{line, report};
use crate::{Tally, changes, fuzz, is_worthwhile};
use oversell::platform::stage::{News, Report};
use oversell::platform::{Actor, End};
use oversell::sync::{Death, Ending, Event, Meaning};
use proptest::prelude::*;

const TOKENS: &[&str] = &["[", "]", "{", "}", ",", ":", "\"", "0", "7", "null", "killed", "sale", "票", "\\u0000"];

fn reports() -> impl Strategy<Value = Report> {
    let tickets = any::<u32>;
    let meaning = prop_oneof![
        Just(Meaning::Word),
        Just(Meaning::TornRead),
        tickets().prop_map(Meaning::Sale),
        tickets().prop_map(Meaning::GivenBack),
        tickets().prop_map(Meaning::Restocked),
    ];
    let text = any::<String>;
    let told = (text(), any::<Option<u64>>(), meaning);
    let news = prop_oneof![
        text().prop_map(News::Before),
        text().prop_map(News::Took),
        told.prop_map(|(name, value, meaning)| News::Told(Event { name: name.into(), value, meaning })),
        text().prop_map(|name| News::Ended(End::Returned(Ending(name.into())))),
        (text(), any::<bool>()).prop_map(|(reason, torn)| News::Ended(End::Crashed(Death { reason, torn }))),
        Just(News::Ended(End::Killed)),
        Just(News::Stopped),
    ];
    let report = |(role, number, news)| Report { actor: Actor::Thread(role, number), news };
    (any::<usize>(), any::<usize>(), news).prop_map(report)
}

fn garbled(seed: u8, cases: u32) -> Tally {
    fuzz(seed, cases, &(reports(), changes(TOKENS, 1)), |(sent, changes)| {
        let mut text = report(&sent).into_bytes();
        changes.iter().for_each(|change| change.make(&mut text));
        Ok(String::from_utf8(text).map_or("no text", |text| line(&text)))
    })
}

#[test]
fn a_report_comes_back_as_it_went_and_a_garbled_line_is_another_report_or_none() {
    is_worthwhile(&garbled(1, 1_000), 10, &["a report", "neither"]);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_lines() {
    for seed in 2..12 {
        is_worthwhile(&garbled(seed, 20_000), 10, &["a report", "neither"]);
    }
}
