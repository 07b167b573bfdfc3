//! Promise: `--html` and `--svg` write what is promised of them, the same on every run, and the README's pictures are what
//! the programs do now.
#![cfg(feature = "cli")]

mod reviewed;

use oversell::check::{Check, Finding};
use oversell::programs;
use oversell::trace::page::{Page, Told};
use reviewed::reviewed;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn oversell(args: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oversell")).args(args.split(' ')).output().unwrap()
}

/// What a command writes to the file that its last argument names.
fn written(args: &str, name: &str) -> (Option<i32>, String) {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    // What an earlier run has left would do for what is not written.
    let _ = fs::remove_file(&file);
    let done = oversell(&format!("{args} {}", file.display()));
    (done.status.code(), fs::read_to_string(&file).unwrap_or_else(|_| panic!("{done:?}")))
}

/// All there is to say of the torn read of `purchase-locked`.
fn torn_read() -> Told {
    let scenario = programs::named("purchase-locked").unwrap().scenario(1);
    let report = Check::new(&scenario).property("no-torn-read").run().unwrap();
    report.assert_refuted("no-torn-read").unwrap().told(&scenario)
}

#[test]
fn every_command_writes_its_page_and_ends_as_without() {
    for (args, code, said) in [
        ("check purchase-locked --html", 1, "\"turn\":{\"step\":5}"),
        ("check repaired --buyers any --html", 0, "\"text\":\"✓ no-torn-read\""),
        ("replay unlocked --buyers 2 --tickets 1 --schedule 0,0,1,1,1,1,0,0 --html", 0, "\"turn\":{\"step\":4}"),
        ("replay unlocked --buyers 2 --tickets 1 --schedule 0,0 --html", 0, "searches-overlap: "),
        ("outcomes unlocked --buyers 2 --tickets 1 --html", 0, "outcome-2"),
        ("matrix --html", 0, "opposite-locks.no-deadlock"),
    ] {
        let (first, html) = written(args, "first.html");
        assert_eq!(first, Some(code), "{args}");
        assert!(html.contains(said), "{args}: no {said}");
        let (_, again) = written(args, "again.html");
        assert_eq!(html, again, "{args}");
        // A template without a place that was not filled in, and nothing of this machine.
        assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
        for alien in ["{{", "0x7f", env!("CARGO_MANIFEST_DIR"), "http:"] {
            let known = html.replace("http://www.w3.org/2000/svg", "");
            assert!(!known.contains(alien), "{args}: {alien}");
        }
    }
}

#[test]
fn the_line_to_copy_replays_the_trace() {
    let (_, html) = written("check unlocked --property no-oversell --html", "replay.html");
    let line = html.split("\"replay\":\"").nth(1).unwrap().split('"').next().unwrap();
    let replayed = oversell(line.strip_prefix("oversell ").unwrap());
    assert!(String::from_utf8_lossy(&replayed.stdout).contains("✗ no-oversell: 2 sold of 1"), "{line}");
}

#[test]
fn what_cannot_be_written_or_drawn_is_said() {
    let nowhere = oversell("check unlocked --html /nowhere/at/all.html");
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("cannot write /nowhere/at/all.html: "));
    let nothing = oversell("check repaired --property no-torn-read --svg /nowhere/at/all.svg");
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no trace to make a picture of"));
}

#[test]
fn the_data_of_a_page_is_as_reviewed() {
    let page = Page { traces: vec![Told { states: None, ..torn_read() }], ..Page::default() };
    reviewed("page.purchase-locked.no-torn-read", &format!("{:#}", page.data()["traces"][0]));
}

/// A picture that the README shows: compared, and written anew where snapshots are.
fn shown(name: &str, svg: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github").join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&file, svg).unwrap();
    }
    let old = fs::read_to_string(&file).unwrap_or_default();
    assert!(old == svg, "{} is not what is so now: INSTA_UPDATE=always writes it anew", file.display());
}

#[test]
fn the_pictures_of_the_readme_are_what_is_so_now() {
    shown("matrix.svg", &written("matrix --svg", "matrix.svg").1);
    shown("unlocked.no-oversell.svg", &written("check unlocked --svg", "unlocked.svg").1);
    let (states, says) = torn_read().states.unwrap();
    assert!(says.starts_with("19 states"), "{says}");
    shown("purchase-locked.states.svg", &states);
}

#[test]
fn a_picture_has_what_the_text_has_where_the_text_has_it() {
    let scenario = programs::named("cancelled-twice").unwrap().scenario(1);
    for Finding { verdict, .. } in Check::new(&scenario).threads("buyer", 3).run().unwrap().findings {
        let Some(witness) = verdict.witness() else { continue };
        let told = witness.told(&scenario);
        let (text, svg) = (told.layout.text(), told.layout.svg("a title"));
        // Line by line, the characters of the text, at the columns of the text.
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let y = 14.0 + (number + 2) as f64 * 20.0 + 14.0;
            let pieces = svg.lines().filter(|piece| piece.starts_with(&format!("<text y=\"{y}\"")));
            for piece in pieces.flat_map(|piece| piece.split("<tspan x=\"").skip(1)) {
                let (x, rest) = piece.split_once('"').unwrap();
                let column = (x.parse::<f64>().unwrap() - 14.0) / 8.0;
                let said = rest.split_once('>').unwrap().1.split_once("</tspan>").unwrap().0;
                let said = said.replace("&gt;", ">").replace("&quot;", "\"");
                let there: String = line.chars().skip(column as usize).take(said.chars().count()).collect();
                assert_eq!(there, said, "line {number} of\n{text}");
            }
        }
        let drawn = svg.matches("<tspan").count();
        assert!(drawn > lines.len(), "{drawn} pieces of {} lines", lines.len());
    }
}
