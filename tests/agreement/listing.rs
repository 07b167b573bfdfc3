//! Programs printed as code, so that a failing case can be read.

use crate::language::{Code, Do, Number, ROLES, Text, Which};
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
            Which::First => "the first",
            Which::Last => "the last",
        })
    }
}

impl Debug for Do {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        line(f, self, 0)
    }
}

impl Debug for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Code { body, endings, asks_for } = self;
        write!(f, "asks for {asks_for}, {{")?;
        block(f, body, 1)?;
        writeln!(f, "}} -> by seen: {}", endings.join(", "))
    }
}

impl Debug for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Text { launch, tickets, ledger, roles, parent: (parent, stop) } = self;
        writeln!(f, "launch {launch:?}, {tickets} tickets, count in {ledger:?}")?;
        for (name, code) in ROLES.iter().zip(roles) {
            write!(f, "{name}, who {code:?}")?;
        }
        if *launch == Launch::JoinedWhile {
            write!(f, "parent {{")?;
            block(f, parent, 1)?;
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
    let mut nest = |head: fmt::Arguments<'_>, body: &[Do]| -> fmt::Result {
        write!(f, "{head} {{")?;
        block(f, body, depth + 1)?;
        writeln!(f, "}}")
    };
    match what {
        Do::Span(name, body) => nest(format_args!("span {name}"), body),
        Do::Until(true, number, body) => nest(format_args!("retry until seen is {number}"), body),
        Do::Until(false, number, body) => nest(format_args!("retry until seen is not {number}"), body),
        Do::UntilHeld(what, body) => nest(format_args!("retry try {what:?}, and then"), body),
        Do::If(number, then, otherwise) => {
            nest(format_args!("if seen is {number}"), then)?;
            if otherwise.is_empty() {
                return Ok(());
            }
            write!(f, "{:1$}else {{", "", 4 * depth)?;
            block(f, otherwise, depth + 1)?;
            writeln!(f, "}}")
        }
        Do::Read => writeln!(f, "read file"),
        Do::ReadLedger => writeln!(f, "read file, or die"),
        Do::Open => writeln!(f, "truncate file"),
        Do::Write(which, number) => writeln!(f, "write {number:?} through {which:?} handle"),
        Do::Replace(number) => writeln!(f, "replace file by {number:?}"),
        Do::Take(what) => writeln!(f, "take {what:?}"),
        Do::Try(what) => writeln!(f, "try {what:?}"),
        Do::Put(number) => writeln!(f, "put {number:?} into the last guard"),
        Do::Drop(which) => writeln!(f, "drop {which:?} guard"),
        Do::Forget(which) => writeln!(f, "forget {which:?} guard"),
        Do::Wait => writeln!(f, "wait for the bell, if the last guard is the purse's"),
        Do::NotifyOne => writeln!(f, "notify one"),
        Do::NotifyAll => writeln!(f, "notify all"),
        Do::AddPermit => writeln!(f, "add a permit"),
        Do::Access(cell, op, number) => writeln!(f, "{op:?} {number:?} in {cell:?}"),
        Do::CompareExchange(cell, expected, new) => writeln!(f, "if {cell:?} is {expected:?}, set it to {new:?}"),
        Do::TakeOne => writeln!(f, "take one from A, retrying"),
        Do::Fence => writeln!(f, "fence"),
        Do::Choose(false) => writeln!(f, "choose one of two"),
        Do::Choose(true) => writeln!(f, "choose one of three"),
        Do::Tell(said) => writeln!(f, "say {said:?}"),
        Do::Die(of) => writeln!(f, "die of {of:?}"),
    }
}
