//! Where a failed assertion leaves its page: `target/oversell/`, which a CI job can keep.

use super::Report;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder below the target directory.
const FOLDER: &str = "oversell";

/// What a failed assertion says of the page that shows it, with a blank line behind; nothing where there is none to be had.
///
/// The page goes to `target/oversell/TEST/SCENARIO.PROPERTY.html`, where the test's own name keeps apart those that check
/// the same. Where cargo has no target directory for this program, nothing is written.
pub fn left_for(report: &Report, property: &str) -> String {
    // Under loom a test is run over and over, by threads of loom's own.
    if cfg!(loom) || report.finding(property).verdict.witness().is_none() {
        return String::new();
    }
    let Some(target) = target() else { return String::new() };
    let file = target.join(FOLDER).join(place(report, property));
    match written(&file, &report.page().html()) {
        Ok(()) => format!("to walk through it, open {}\n\n", file.display()),
        Err(error) => format!("(the page to walk through it cannot be written to {}: {error})\n\n", file.display()),
    }
}

/// The file, below the folder.
fn place(report: &Report, property: &str) -> PathBuf {
    let file = format!("{}.{}.html", plain(report.scenario.name()), plain(property));
    match std::thread::current().name() {
        None | Some("main") => PathBuf::from(file),
        Some(test) => PathBuf::from(plain(test)).join(file),
    }
}

/// A name that a file can have anywhere.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' };
    name.replace("::", "-").chars().map(plain).collect()
}

/// Cargo's target directory, if it has built this program: cargo leaves signs in it.
fn target() -> Option<PathBuf> {
    let built = env::current_exe().ok()?;
    let folder = built.parent().filter(|folder| folder.ends_with("deps") || folder.ends_with("examples"))?;
    let marked = |folder: &&Path| [".rustc_info.json", "CACHEDIR.TAG"].iter().any(|sign| folder.join(sign).is_file());
    folder.ancestors().find(marked).map(Path::to_owned)
}

/// Writes a whole file at once, as another test may be reading or writing it.
fn written(file: &Path, html: &str) -> io::Result<()> {
    let folder = file.parent().expect("it lies in the folder");
    fs::create_dir_all(folder)?;
    let mut whole = tempfile::NamedTempFile::new_in(folder)?;
    whole.write_all(html.as_bytes())?;
    #[cfg(unix)]
    fs::set_permissions(whole.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    whole.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_file_can_have() {
        assert_eq!(plain("shop::never oversells/é"), "shop-never-oversells-é");
        assert_eq!(plain("../x"), "---x");
    }

    #[test]
    fn where_it_cannot_be_written_that_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("oversell");
        fs::write(&in_the_way, "a file").unwrap();
        assert!(written(&in_the_way.join("test/x.html"), "").is_err());
    }
}
