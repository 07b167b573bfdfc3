//! How text looks where it is shown: colours, signs that the terminal has, translations.

use super::Failure;
use super::args::Looks;
use crate::trace::Gloss;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::OnceLock;

/// How everything is shown that this process prints for people.
#[derive(Clone, Copy, Debug)]
struct Terminal {
    color: bool,
    ascii: bool,
    gloss: Gloss,
}

static TERMINAL: OnceLock<Terminal> = OnceLock::new();

/// Where nobody has asked for anything.
const PLAIN: Terminal = Terminal { color: false, ascii: false, gloss: Gloss::Beside };

/// Settles how things are shown, once.
pub fn settle(looks: &Looks) {
    let stdout = io::stdout();
    let choice = match looks.color.into() {
        // This knows NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        ColorChoice::Auto => AutoStream::choice(&stdout),
        choice => choice,
    };
    let ascii = is_ascii(&|name| env::var(name).ok(), stdout.is_terminal());
    let usual = if ascii { Gloss::Only } else { Gloss::Beside };
    let gloss = looks.gloss.map_or(usual, Gloss::from);
    let _ = TERMINAL.set(Terminal { color: choice != ColorChoice::Never, ascii, gloss });
}

/// Whether traces translate what is said in them.
pub fn gloss() -> Gloss {
    TERMINAL.get().unwrap_or(&PLAIN).gloss
}

/// Whether only ASCII can be shown. A locale that is not UTF-8 says so; where none is set, a terminal is taken at its word
/// (it is the C locale), and a file or a pipe is UTF-8 as text is anywhere.
fn is_ascii(variable: &dyn Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
    match set {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        }
        // Windows has no such variables, and its console is given characters, not bytes.
        None => terminal && !cfg!(windows),
    }
}

/// Shows a text for people on standard output.
pub fn show(text: &str) -> Result<(), Failure> {
    super::print(&TERMINAL.get().unwrap_or(&PLAIN).dress(text))
}

/// Says something on standard error, which may be closed or full: there is nowhere left to complain about that.
pub fn say(text: &str) {
    let terminal = Terminal { color: false, ..*TERMINAL.get().unwrap_or(&PLAIN) };
    let _ = writeln!(io::stderr().lock(), "{}", terminal.dress(text));
}

impl Terminal {
    fn dress(self, text: &str) -> String {
        let mut dressed = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            self.dress_line(&mut dressed, line);
        }
        dressed
    }

    fn dress_line(self, dressed: &mut String, line: &str) {
        let mut rest = line;
        // The command that replays a trace is to be found at a glance.
        if line.starts_with("oversell ") {
            return self.paint(
                dressed,
                Style::new().bold(),
                line.trim_end_matches('\n'),
                &line[line.trim_end().len()..],
            );
        }
        while let Some(first) = rest.chars().next() {
            let (style, length) = match first {
                '✓' => (Some(AnsiColor::Green.on_default()), first.len_utf8()),
                '✗' => (Some(AnsiColor::Red.on_default().bold()), first.len_utf8()),
                _ if rest.starts_with("  > ") => (Some(AnsiColor::Cyan.on_default()), cell(rest)),
                _ if rest.starts_with("  = ") => (Some(Style::new().dimmed()), cell(rest)),
                _ if rest.starts_with("KILLED") => (Some(AnsiColor::Red.on_default()), "KILLED".len()),
                _ if rest.starts_with("CRASHES") => (Some(AnsiColor::Red.on_default()), "CRASHES".len()),
                _ if rest.starts_with("waits ") || rest.starts_with("held by ") => {
                    (Some(AnsiColor::Yellow.on_default()), cell(rest))
                }
                _ => (None, first.len_utf8()),
            };
            let (text, after) = rest.split_at(length);
            match style {
                Some(style) => self.paint(dressed, style, text, ""),
                None => self.write(dressed, text),
            }
            rest = after;
        }
    }

    fn paint(self, dressed: &mut String, style: Style, text: &str, plain: &str) {
        if self.color {
            let _ = write!(dressed, "{style}");
        }
        self.write(dressed, text);
        if self.color {
            let _ = write!(dressed, "{style:#}");
        }
        dressed.push_str(plain);
    }

    fn write(self, dressed: &mut String, text: &str) {
        if !self.ascii {
            dressed.push_str(text);
            return;
        }
        for c in text.chars() {
            match c {
                c if c.is_ascii() => dressed.push(c),
                // As wide as what they stand for, so that columns stay straight.
                '✓' => dressed.push('+'),
                '✗' => dressed.push('X'),
                '·' => dressed.push('.'),
                '∞' => dressed.push('*'),
                '×' => dressed.push('x'),
                '–' | '—' => dressed.push('-'),
                '→' => dressed.push_str("->"),
                '…' => dressed.push_str("..."),
                other => dressed.extend(other.escape_unicode()),
            }
        }
    }
}

/// How long the cell of a table is that begins here: to the next gap between columns, or the end of the line.
fn cell(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let end = text[start..].find("  ").map_or(text.len(), |gap| start + gap);
    text[..end].trim_end().len()
}

/// Somebody else's text, in which nothing can steer a terminal.
pub fn harmless(text: &str) -> String {
    let escaped = |c: char| if c.is_control() && c != '\t' { c.escape_default().collect() } else { vec![c] };
    text.chars().flat_map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(set: &[(&str, &str)], terminal: bool) -> bool {
        let set = |name: &str| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        is_ascii(&set, terminal)
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert!(!locale(&[("LANG", "de_DE.UTF-8")], true));
        assert!(!locale(&[("LANG", "C"), ("LC_ALL", "C.utf8")], true));
        assert!(locale(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "POSIX")], false));
        assert!(locale(&[("LANG", "de_DE.UTF-8"), ("LC_CTYPE", "de_DE.ISO-8859-1")], true));
        assert!(!locale(&[("LC_ALL", ""), ("LANG", "zh_CN.UTF-8")], true));
        assert_eq!(locale(&[], true), !cfg!(windows));
        assert!(!locale(&[], false), "a file is UTF-8");
    }

    #[test]
    fn an_ascii_terminal_gets_ascii_of_the_same_width() {
        let terminal = Terminal { ascii: true, ..PLAIN };
        assert_eq!(terminal.dress("✓  ✗ ∞  ·  10 × 1\n售"), "+  X *  .  10 x 1\n\\u{552e}");
    }

    #[test]
    fn colours_leave_the_text_as_it_is() {
        let terminal = Terminal { color: true, ..PLAIN };
        let text = "✗  4  KILLED\n      > 售空  > 售空   x\n      = sold out\n✓ so it is\n\noversell replay x\n";
        let dressed = terminal.dress(text);
        assert_eq!(anstream::adapter::strip_str(&dressed).to_string(), text);
        assert_eq!(dressed.matches("\u{1b}[0m").count(), 7, "{dressed:?}");
        assert!(dressed.contains("\u{1b}[36m  > 售空\u{1b}[0m\u{1b}[36m  > 售空\u{1b}[0m   x"), "{dressed:?}");
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(harmless("a\u{1b}[2Jb\r\u{7}\tc\u{9b}"), "a\\u{1b}[2Jb\\r\\u{7}\tc\\u{9b}");
    }
}
