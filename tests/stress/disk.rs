//! A disk that is nearly full.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// A page of memory, and so a block of the disk. Every file that is not empty takes one.
const PAGE: usize = 4096;
const PAGES: usize = 16;

/// A disk of a few pages, in memory.
pub struct Disk(tempfile::TempDir);

impl Disk {
    /// Where this user may not mount one, it says so, and there is none.
    pub fn mount() -> Option<Disk> {
        let at = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={},mode=755", PAGES * PAGE), "tmpfs"]).arg(at.path());
        if !mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: a full disk and few processes, as only root may mount a disk and be somebody else");
            return None;
        }
        Some(Disk(at))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing is left to be done where this fails, and an assertion may have failed already.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// Somebody else on the disk, who takes all of it but a few pages, and then those, and gives them back, at random.
pub struct Dwindling {
    done: Arc<AtomicBool>,
    somebody: Option<JoinHandle<()>>,
}

impl Dwindling {
    /// Now it is nearly full.
    pub fn start(disk: &Disk, seed: u64) -> Dwindling {
        let file = disk.path().join("somebody-else");
        let mut random = fastrand::Rng::with_seed(seed ^ 0xd15c);
        // One page is the database's.
        let kept = PAGES - 1 - random.usize(0..4);
        fill(&file, kept);
        let done = Arc::new(AtomicBool::new(false));
        let somebody = std::thread::spawn({
            let done = Arc::clone(&done);
            move || {
                while !done.load(Relaxed) {
                    std::thread::sleep(Duration::from_micros(random.u64(100..8_000)));
                    fill(&file, if random.bool() { kept } else { PAGES });
                }
                drop(fs::remove_file(&file));
            }
        });
        Dwindling { done, somebody: Some(somebody) }
    }
}

/// Takes so many pages, or what there are.
fn fill(file: &Path, pages: usize) {
    let mut file = File::options().create(true).write(true).truncate(false).open(file).unwrap();
    file.set_len((pages * PAGE) as u64).unwrap();
    for _ in 0..pages {
        if file.write_all(&[b'x'; PAGE]).is_err() {
            return;
        }
    }
}

impl Drop for Dwindling {
    fn drop(&mut self) {
        self.done.store(true, Relaxed);
        if let Some(somebody) = self.somebody.take() {
            drop(somebody.join());
        }
    }
}
