//! `oversell programs`: what there is, in words.

use super::{Done, Exit, print};
use crate::check::{Kind, Property};
use crate::office::{Commit, LockScope, PROGRAMS, Program};
use crate::scenario::Launch;
use std::fmt::Write;

pub fn programs() -> Done {
    // Writing to a string cannot fail.
    let mut text = String::from("PROGRAMS (each buyer searches how many tickets are left, then buys one)\n\n");
    for program in PROGRAMS {
        let Program { name, buyers, tickets, claim, .. } = program;
        let _ = writeln!(text, "{name}: {buyers} buyers, {tickets} ticket{}", if *tickets == 1 { "" } else { "s" });
        let _ = writeln!(text, "    {}, {}", launch(program.launch), lock(program.lock_scope));
        let _ = writeln!(text, "    {}", commit(program.commit));
        let _ = writeln!(text, "    its author says: {claim}\n");
    }
    text.push_str("PROPERTIES\n\n");
    for property in Property::ALL {
        let kind = match property.kind() {
            Kind::Always => "always",
            Kind::Sometimes => "sometimes",
        };
        let _ = writeln!(text, "{property:17} {kind:10} {}", property.says());
    }
    text.push_str(
        "\nENGINES\n\n\
         counting      every reachable state, at full size and beyond; the default\n\
         coverability  the same for any number of buyers; the default with --buyers any\n\
         shuttle-dfs   every interleaving of a few buyers\n\
         shuttle-pct   a thousand random schedules at full size; finds, never proves\n\
         loom          the C11 memory model, up to 4 buyers; only in a build with --cfg loom\n",
    );
    print(&text)?;
    Ok(Exit::Holds)
}

fn launch(launch: Launch) -> &'static str {
    match launch {
        Launch::Together => "all started at once",
        Launch::Joined => "each started after the one before has ended",
        Launch::JoinedWhile => "each started after the one before has ended and the parent has found tickets left",
    }
}

fn lock(scope: LockScope) -> &'static str {
    match scope {
        LockScope::None => "no lock",
        LockScope::SearchAndBuy => "the lock around search and buy",
        LockScope::BuyOnly => "the lock around buy alone",
    }
}

fn commit(commit: Commit) -> &'static str {
    match commit {
        Commit::WriteThenAnnounce => "truncates the file, writes the new count, then tells the buyer",
        Commit::AnnounceThenFlush => "truncates the file, tells the buyer, and the new count arrives when it is closed",
        Commit::Replace => "writes a temporary file, renames it over the old one, then tells the buyer",
    }
}
