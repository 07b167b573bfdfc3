//! `oversell new`: a first test for the crate that one stands in.

use super::args::NewArgs;
use super::{Done, Exit, Failure, print};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The test. It is compiled and run as one of this crate's own, too.
const TEST: &str = include_str!("new_test.rs");

pub fn new(args: &NewArgs) -> Done {
    let path = &args.path;
    let manifest = fs::read_to_string("Cargo.toml")
        .map_err(|error| Failure::new(format!("there is no crate here: cannot read Cargo.toml: {error}")))?;
    write_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(format!("{} is there already, and stays as it is", path.display())),
        _ => Failure::new(format!("cannot write {}: {error}", path.display())),
    })?;
    let mut text = format!("wrote {}\n", path.display());
    if !manifest.contains("oversell") {
        text.push_str("next: cargo add --dev oversell --no-default-features, and cargo test\n");
    } else {
        text.push_str("next: cargo test\n");
    }
    print(&text)?;
    Ok(Exit::Holds)
}

/// Writes the test where there is nothing yet.
fn write_new(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(TEST.as_bytes())
}
