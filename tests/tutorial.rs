//! Promise: what the tutorial and the README show of a command is what it prints, to the letter.
//!
//! `INSTA_UPDATE=always` writes it anew; then read what has changed.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BOX: &str = "```console\n";

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tutorial");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

fn printed(command: &str) -> String {
    let words: Vec<_> = command.strip_prefix("$ oversell").expect(command).split_whitespace().collect();
    let mut oversell = Command::new(env!("CARGO_BIN_EXE_oversell"));
    let output = oversell.args(words).env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The text with every box filled with what its command prints.
fn filled(text: &str) -> String {
    let mut parts = text.split(BOX);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (shown, after) = part.split_once("```").expect("a box that is opened is closed");
        let command = shown.lines().next().expect("a box begins with its command");
        filled.push_str(&format!("{BOX}{command}\n{}```{after}", printed(command)));
    }
    filled
}

#[test]
fn every_box_shows_what_its_command_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    for path in pages().into_iter().chain([readme]) {
        let text = fs::read_to_string(&path).unwrap();
        let filled = filled(&text);
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            fs::write(&path, &filled).unwrap();
        } else {
            for (shown, printed) in text.lines().zip(filled.lines()) {
                assert_eq!(shown, printed, "{}", path.display());
            }
            assert_eq!(text.lines().count(), filled.lines().count(), "{}", path.display());
        }
    }
}

#[test]
fn each_of_ten_pages_has_a_trace_or_verdict_and_a_question_with_its_answer() {
    let pages = pages();
    assert_eq!(pages.len(), 10);
    for (i, path) in pages.iter().enumerate() {
        let text = fs::read_to_string(path).unwrap();
        let name = path.display();
        assert!(text.contains(BOX), "{name} shows nothing");
        assert_eq!(text.matches("\n## Question\n").count(), 1, "{name}");
        assert_eq!(text.matches("<details><summary>Answer</summary>").count(), 1, "{name}");
        assert_eq!(text.contains("[The page before](page_"), i > 0, "{name}");
        // Every program that is named is one.
        for command in
            text.split(['`', '\n']).filter_map(|part| part.trim_start_matches("$ ").strip_prefix("oversell check "))
        {
            let program = command.split_whitespace().next().unwrap();
            assert!(oversell::programs::named(program).is_ok(), "{name} names `{program}`");
        }
    }
}
