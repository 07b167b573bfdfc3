//! Programs printed as code, so that a failing case can be read.

use crate::language::{Do, Generated, Number, Text, Which};
use oversell::scenario::Launch;
use std::fmt::{self, Debug, Formatter};

impl Debug for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Number::Is(number) => write!(f, "{number}"),
            Number::Seen => f.write_str("seen"),
            Number::OneLess => f.write_str("seen - 1"),
        }
    }
}

impl Debug for Which {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::A => "a",
            Which::B => "b",
        })
    }
}

impl Debug for Do {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line(f, self, 0)
    }
}

impl Debug for Generated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Text { launch, tickets, ledger, buyer, launcher: (launcher, stop) } = &*self.0;
        writeln!(f, "launch {launch:?}, {tickets} tickets, count in {ledger:?}")?;
        write!(f, "buyer {{")?;
        block(f, buyer, 1)?;
        writeln!(f, "}} -> bought if seen is odd")?;
        if *launch == Launch::JoinedWhile {
            write!(f, "launcher {{")?;
            block(f, launcher, 1)?;
            writeln!(f, "}} -> go on unless seen is {stop}")?;
        }
        Ok(())
    }
}

fn block(f: &mut Formatter<'_>, code: &[Do], depth: usize) -> fmt::Result {
    writeln!(f)?;
    for what in code {
        write!(f, "{:1$}", "", 4 * depth)?;
        line(f, what, depth)?;
    }
    write!(f, "{:1$}", "", 4 * (depth - 1))
}

fn line(f: &mut Formatter<'_>, what: &Do, depth: usize) -> fmt::Result {
    let mut nest = |head: fmt::Arguments<'_>, body: &[Do], tail: fmt::Arguments<'_>| -> fmt::Result {
        write!(f, "{head} {{")?;
        block(f, body, depth + 1)?;
        writeln!(f, "}}{tail}")
    };
    match what {
        Do::Rewrite(number, body) => nest(format_args!("truncate file"), body, format_args!(" write {number:?}")),
        Do::Locked(body) => nest(format_args!("locked"), body, format_args!("")),
        Do::Change(number, body) => nest(format_args!("lock purse"), body, format_args!(" put {number:?}")),
        Do::Span(name, body) => nest(format_args!("span {name}"), body, format_args!("")),
        Do::If(number, then, otherwise) => {
            nest(format_args!("if seen is {number}"), then, format_args!(""))?;
            if otherwise.is_empty() {
                return Ok(());
            }
            write!(f, "{:1$}else {{", "", 4 * depth)?;
            block(f, otherwise, depth + 1)?;
            writeln!(f, "}}")
        }
        Do::Read => writeln!(f, "read file"),
        Do::ReadLedger => writeln!(f, "read file, or die"),
        Do::Replace(number) => writeln!(f, "replace file by {number:?}"),
        Do::Load(cell) => writeln!(f, "load {cell:?}"),
        Do::Store(cell, number) => writeln!(f, "store {number:?} into {cell:?}"),
        Do::Swap(cell, number) => writeln!(f, "swap {number:?} into {cell:?}"),
        Do::Add(cell, number) => writeln!(f, "add {number} to {cell:?}"),
        Do::CompareExchange(cell, expected, new) => writeln!(f, "if {cell:?} is {expected:?}, set it to {new:?}"),
        Do::TakeOne(cell) => writeln!(f, "take one from {cell:?}, retrying"),
        Do::Sell => writeln!(f, "sell"),
        Do::Say => writeln!(f, "say seen"),
        Do::Crash => writeln!(f, "crash"),
    }
}
