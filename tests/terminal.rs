//! Promise: what is shown fits the terminal: its width, its colours, its characters; and names that are almost right are
//! understood.
#![cfg(feature = "cli")]

use std::process::{Command, Output};

fn oversell(args: &[&str], set: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    for name in ["LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.args(args).envs(set.iter().copied()).output().unwrap()
}

fn shown(args: &[&str], set: &[(&str, &str)]) -> String {
    String::from_utf8(oversell(args, set).stdout).unwrap()
}

fn complaint(args: &[&str]) -> String {
    let output = oversell(args, &[]);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

const TRACE: [&str; 4] = ["check", "joined", "--property", "sells-out"];
const REPLAY: [&str; 8] = ["replay", "unlocked", "--buyers", "1", "--tickets", "1", "--schedule", "0,0,0,0"];

#[test]
fn there_are_colours_where_they_are_asked_for_and_only_there() {
    let colored = |args: &[&str], set: &[(&str, &str)]| shown(args, set).contains('\u{1b}');
    assert!(!colored(&TRACE, &[]), "this is no terminal");
    assert!(colored(&TRACE, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&TRACE, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    let with = |when| [&TRACE[..], &["--color", when]].concat();
    assert!(colored(&with("always"), &[]));
    assert!(colored(&with("always"), &[("NO_COLOR", "1")]), "who asks is given");
    assert!(!colored(&with("never"), &[("CLICOLOR_FORCE", "1")]));
    assert!(colored(&["--color=always", "--help"], &[]) && !colored(&["--help"], &[]));
    assert!(!colored(&[&with("always")[..], &["--format", "json"]].concat(), &[]), "JSON is for programs");
}

#[test]
fn a_locale_without_utf_8_gets_ascii() {
    let commands: [&[&str]; 7] = [
        &["matrix"],
        &["check", "purchase-locked"],
        &["check", "unlocked", "--buyers", "any"],
        &REPLAY,
        &["outcomes", "unlocked", "--buyers", "2"],
        &["programs"],
        &["--color=always", "check", "opposite-locks"],
    ];
    for args in commands {
        for set in [[("LC_ALL", "C")], [("LC_CTYPE", "de_DE.ISO-8859-1")], [("LANG", "POSIX")]] {
            let text = shown(args, &set);
            assert!(text.is_ascii(), "{args:?} under {set:?}:\n{text}");
            assert!(!text.contains("\\u"), "{args:?} has no stand-in for something:\n{text}");
        }
    }
    assert!(shown(&["matrix"], &[("LANG", "C"), ("LC_ALL", "C.UTF-8")]).contains('✓'));
    assert!(shown(&["matrix"], &[]).contains('✓'), "a pipe without a locale is given UTF-8");
    // The columns stay where they are.
    let widths = |set: &[(&str, &str)]| shown(&["matrix"], set).lines().map(|l| l.chars().count()).collect::<Vec<_>>();
    assert_eq!(widths(&[("LC_ALL", "C")])[..60], widths(&[])[..60]);
}

#[test]
fn chinese_lines_are_translated_in_traces_and_nowhere_else() {
    let with = |how: &[&str]| shown(&[&REPLAY[..], how].concat(), &[]);
    let (line, gloss) = ("> <路人 0> 购票成功", "= <passer-by 0> got a ticket");
    let both = with(&[]);
    let lines: Vec<_> = both.lines().map(str::trim).collect();
    let place = lines.iter().position(|it| it.starts_with(line)).expect(&both);
    assert!(lines[place + 1].starts_with(gloss), "{both}");
    assert_eq!(both, with(&["--gloss", "beside"]));
    let only = with(&["--gloss", "only"]);
    assert!(only.contains(gloss) && !only.contains(line), "{only}");
    let off = with(&["--gloss", "off"]);
    assert!(off.contains(line) && !off.contains(gloss), "{off}");
    // A run prints what the tutorials print, whatever the terminal.
    let run = ["run", "unlocked", "--buyers", "1", "--threads", "--speed", "1000"];
    for set in [&[("LC_ALL", "C"), ("CLICOLOR_FORCE", "1")][..], &[]] {
        assert_eq!(shown(&run, set), "<路人 0> 查看到剩余票数 [1]\n<路人 0> 购票成功\n");
    }
}

#[test]
fn a_deadlock_shows_who_waits_for_what_and_who_holds_it() {
    let rows = |args: &[&str]| -> Vec<String> { shown(args, &[]).lines().map(|line| line.trim().to_owned()).collect() };
    let has = |rows: &[String], two: [&str; 2]| rows.windows(2).any(|pair| pair[0] == two[0] && pair[1] == two[1]);
    let crossed = rows(&["check", "opposite-locks", "--property", "no-deadlock"]);
    assert!(has(&crossed, ["waits to acquire the tickets", "held by buyer 1"]), "{crossed:?}");
    assert!(has(&crossed, ["waits to acquire the dinners", "held by buyer 0"]), "{crossed:?}");
    let left = rows(&["check", "task-locked", "--kills", "1", "--lock", "semaphore", "--property", "no-deadlock"]);
    assert!(has(&left, ["waits to acquire the purchase lock", "held by buyer 0, who was killed"]), "{left:?}");
}

#[test]
fn names_that_are_almost_right_are_understood() {
    let offers = |args: &[&str], meant: &str| {
        let complaint = complaint(args);
        assert!(complaint.contains(meant), "{args:?}: {complaint}");
    };
    offers(&["check", "purchase-lock"], "did you mean `purchase-locked`?");
    offers(&["check", "unlocked", "--property", "no-oversel"], "did you mean `no-oversell`?");
    offers(&["check", "expiring-hold", "--threads", "sweper=1"], "did you mean `sweeper`?");
    offers(&["check", "unlocked", "--engine", "countin"], "'counting'");
    offers(&["chek", "unlocked"], "'check'");
    offers(&["unlocked"], "to check it: oversell check unlocked");
    #[cfg(all(not(loom), feature = "sqlite"))]
    offers(&["db", "conditional-updat"], "did you mean `conditional-update`?");
    let far = complaint(&["check", "zebra"]);
    assert!(!far.contains("did you mean"), "{far}");
}
