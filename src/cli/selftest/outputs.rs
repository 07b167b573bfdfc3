//! Explanations of outputs, held against what every schedule prints.

use super::every::Every;
use crate::check::{Explanation, Limits, explain, printed};
use crate::trace::replay;
use std::collections::BTreeSet;

/// What is wrong with what is said of outputs, of those that schedules print and of others, if anything is.
pub fn check(full: &Every) -> Result<(), String> {
    // Which process has which id is for the output to say.
    let outputs: BTreeSet<_> = full.outputs.iter().map(|lines| nameless(lines)).collect();
    // Each output, the same with one line less, twice, or another, and with its ends changed for each other.
    let mut asked = full.outputs.clone();
    for lines in &full.outputs {
        asked.extend((0..=lines.len()).map(|end| lines[..end].to_vec()));
        for at in 0..lines.len() {
            asked.insert([&lines[..at], &lines[at..=at], &lines[at..]].concat());
            asked.insert([&lines[..at], &["nobody says this".to_owned()], &lines[at..]].concat());
            asked.insert([&lines[at..], &lines[..at]].concat());
        }
    }
    let alike = |one: &[String], other: &[String]| one.iter().zip(other).take_while(|(a, b)| a == b).count();
    for lines in asked {
        let words: Vec<_> = lines.iter().map(String::as_str).collect();
        let explained = explain(&full.scenario, &full.instance, &words, &Limits::default());
        let explained = explained.map_err(|error| error.to_string())?;
        let known = nameless(&lines);
        let furthest = outputs.iter().map(|output| alike(output, &known)).max().unwrap_or(0);
        let right = match &explained {
            Explanation::Possible(schedule) => {
                let model = replay(&full.scenario, &full.instance, schedule).map_err(|error| error.to_string())?;
                outputs.contains(&known) && nameless(&printed(&full.scenario, model.trace())) == known
            }
            Explanation::Unfinished => furthest == lines.len() && !outputs.contains(&known),
            Explanation::Impossible { line } => furthest < lines.len() && *line == furthest,
            Explanation::Inconclusive { .. } => false,
        };
        if !right {
            return Err(format!("{lines:?} is said to be {explained:?}"));
        }
    }
    Ok(())
}

/// An output with its process ids numbered in the order in which they come.
fn nameless(lines: &[String]) -> Vec<String> {
    let mut known = Vec::new();
    let nameless = |line: &String| match line.split_once(' ') {
        Some((pid, said)) if pid.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number = known.iter().position(|other| *other == pid).unwrap_or_else(|| {
                known.push(pid.to_owned());
                known.len() - 1
            });
            format!("{number} {said}")
        }
        _ => line.clone(),
    };
    lines.iter().map(nameless).collect()
}
