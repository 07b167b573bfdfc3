//! What one actor has open and locked on disk.

use super::super::LockKind;
use crate::sync::{Access, Bytes, Inode, ObjectId, Observation};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The open files and the lock files of one actor.
pub struct Disk {
    kind: LockKind,
    /// The files that it has emptied and not yet written, by the handle's own number.
    open: BTreeMap<Inode, File>,
    opened: u32,
    /// Its locks, the latest last.
    locks: Vec<(ObjectId, Held)>,
}

/// A lock that somebody holds.
enum Held {
    /// Freed by us, or by the kernel when we die.
    Owned(Flock),
    /// Freed when the file is removed, by us or by nobody.
    Semaphore(PathBuf),
}

/// A locked file. It is unlocked explicitly: closing it would not do while another thread is starting a process,
/// which holds a copy of every handle until it has begun to run.
struct Flock(File);

impl Drop for Flock {
    fn drop(&mut self) {
        // Nothing could be done about an error, and closing the file is next.
        let _ = self.0.unlock();
    }
}

impl Disk {
    /// Nothing is open or locked; locks will be of this kind.
    pub fn new(kind: LockKind) -> Self {
        Disk { kind, open: BTreeMap::new(), opened: 0, locks: Vec::new() }
    }

    /// Whether a file stands empty that only we can write.
    pub fn has_open_files(&self) -> bool {
        !self.open.is_empty()
    }

    /// Closes all files, and frees the locks that an end frees.
    pub fn close(&mut self) {
        self.open.clear();
        self.locks.clear();
    }

    /// Takes a step on a file.
    ///
    /// # Errors
    /// Those of the calls.
    pub fn on_file(&mut self, path: &Path, access: &Access) -> io::Result<Observation> {
        match access {
            Access::Read => {
                let mut bytes = Vec::new();
                File::open(path)?.read_to_end(&mut bytes)?;
                return Ok(Observation::Content(bytes.into()));
            }
            Access::Truncate => {
                let file = File::options().write(true).create(true).truncate(true).open(path)?;
                let handle = Inode(self.opened);
                self.opened += 1;
                self.open.insert(handle, file);
                return Ok(Observation::Opened(handle));
            }
            Access::Write(handle, bytes) => {
                let mut file = self.open.remove(handle).expect("`Emptied` is only made by a truncate, and used once");
                file.write_all(bytes)?;
            }
            Access::Replace(bytes) => replace(path, bytes)?,
            access => unreachable!("{access:?} does not fit a file"),
        }
        Ok(Observation::Done)
    }

    /// Takes a step on a lock; `None` if it would have to wait. With `wait`, it waits in the kernel where that can be.
    ///
    /// # Errors
    /// Those of the calls.
    pub fn on_lock(
        &mut self,
        object: ObjectId,
        path: &Path,
        access: &Access,
        wait: bool,
    ) -> io::Result<Option<Observation>> {
        match access {
            Access::Unlock(..) => {
                let place = self.locks.iter().rposition(|(other, _)| *other == object);
                let (_, held) = self.locks.remove(place.expect("only what is held is freed"));
                match held {
                    Held::Owned(flock) => flock.0.unlock()?,
                    Held::Semaphore(path) => fs::remove_file(path)?,
                }
                Ok(Some(Observation::Done))
            }
            Access::Lock(_) | Access::TryLock(_) => {
                let tries = matches!(access, Access::TryLock(_));
                match self.acquire(path, wait && !tries)? {
                    Some(held) => {
                        self.locks.push((object, held));
                        Ok(Some(Observation::Done))
                    }
                    None if tries => Ok(Some(Observation::Refused)),
                    None => Ok(None),
                }
            }
            access => unreachable!("{access:?} does not fit a lock"),
        }
    }

    fn acquire(&self, path: &Path, wait: bool) -> io::Result<Option<Held>> {
        if self.kind == LockKind::Semaphore {
            return match File::create_new(path) {
                Ok(_) => Ok(Some(Held::Semaphore(path.to_owned()))),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error),
            };
        }
        let file = lock_file(path)?;
        if wait {
            file.lock()?;
            return Ok(Some(Held::Owned(Flock(file))));
        }
        match file.try_lock() {
            Ok(()) => Ok(Some(Held::Owned(Flock(file)))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens a lock file, and makes it if there is none.
pub fn lock_file(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// How the names of a process's temporary files begin. Whoever kills it can tell by it what it has left.
pub fn temporary_of(process: u32) -> String {
    format!(".oversell-{process}-")
}

/// Gives a file new content all at once: readers see the old or the new, and a failure leaves the old.
pub fn replace(path: &Path, bytes: &Bytes) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(&temporary_of(std::process::id())).tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    // A temporary file is readable by its owner alone; the database shall stay as open as it was.
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(temporary.path(), metadata.permissions())?;
    }
    temporary.persist(path).map(drop).map_err(|error| error.error)
}
