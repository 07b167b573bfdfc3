//! Where the shared objects of a scenario are on a real machine.

use super::real::{AtomicWord, Bell, InMemory, lock_file, replace, temporary_of};
use super::{Content, Hold, LockKind};
use crate::sync::{ObjectId, Setup};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the shared objects of a scenario are, by [`ObjectId`].
#[derive(Clone, Debug)]
pub struct Site {
    pub(super) places: Vec<Place>,
    pub(super) names: Arc<[&'static str]>,
    pub(super) kind: LockKind,
    pub(super) bell: Arc<Bell>,
}

/// Where one shared object is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// The lock file of a lock without a value.
    Lock(PathBuf),
    /// A lock with a value, a semaphore or a condition variable, in the memory of this process.
    Memory(Arc<InMemory>),
    /// An atomic cell in the memory of this process.
    Cell(Arc<AtomicWord>),
}

impl Place {
    /// Where it is on disk, if it is.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Place::File(path) | Place::Lock(path) => Some(path),
            Place::Memory(_) | Place::Cell(_) => None,
        }
    }
}

/// What cannot be done with real objects.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {path}: {source}", path = path.display())]
pub struct SiteError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl SiteError {
    fn at<'p>(what: &'static str, path: &'p Path) -> impl Fn(io::Error) -> SiteError + use<'p> {
        move |source| SiteError { what, path: path.to_owned(), source }
    }
}

impl Site {
    /// Puts the first file of a scenario at `database`, and everything else beside it. Touches nothing yet.
    pub fn beside(database: &Path, setup: &Setup, kind: LockKind) -> Site {
        let beside = |name: &str| {
            let mut path = database.as_os_str().to_owned();
            path.push(format!(".{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")));
            PathBuf::from(path)
        };
        let mut first = true;
        let place = |(name, content): &(&'static str, Content)| match content {
            Content::File { .. } if std::mem::take(&mut first) => Place::File(database.to_owned()),
            Content::File { .. } => Place::File(beside(name)),
            Content::Lock { value: None, .. } => Place::Lock(beside(name)),
            Content::Cell(word) => Place::Cell(Arc::new(AtomicWord::new(*word))),
            Content::Lock { .. } | Content::Semaphore { .. } | Content::Condvar { .. } => {
                Place::Memory(Arc::new(InMemory::new(content.clone())))
            }
        };
        let names = setup.objects().iter().map(|(name, _)| *name).collect();
        Site { places: setup.objects().iter().map(place).collect(), names, kind, bell: Arc::default() }
    }

    /// Writes the initial content of every file.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn furnish(&self, setup: &Setup) -> Result<(), SiteError> {
        for (place, (_, content)) in self.places.iter().zip(setup.objects()) {
            if let (Place::File(path), Content::File { bytes, .. }) = (place, content) {
                // All at once: a full disk leaves no half of it.
                replace(path, bytes).map_err(SiteError::at("write", path))?;
            }
        }
        Ok(())
    }

    /// Sees to it that every lock file is there and that nobody else holds it.
    ///
    /// # Errors
    /// A lock file cannot be opened, or another program holds it.
    pub fn open_locks(&self) -> Result<(), SiteError> {
        for place in &self.places {
            let Place::Lock(path) = place else { continue };
            if self.kind == LockKind::Owned {
                lock_file(path).map_err(SiteError::at("open the lock file", path))?;
            }
            if self.is_held(path).map_err(SiteError::at("lock", path))? {
                let source = io::Error::new(
                    ErrorKind::WouldBlock,
                    "another program holds it; wait for that or use another --db",
                );
                return Err(SiteError::at("lock", path)(source));
            }
        }
        Ok(())
    }

    /// Removes what a process has left that was killed in the middle of a replacement.
    pub(super) fn clear_away(&self, process: u32) {
        let prefix = temporary_of(process);
        for place in &self.places {
            let Place::File(path) = place else { continue };
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    // A folder that nothing can be removed from keeps it, and that is no reason to stop.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// The names of those objects that live in one process's memory, so that no other process could share them.
    pub fn in_memory(&self) -> impl Iterator<Item = &'static str> {
        self.places.iter().zip(self.names.iter()).filter(|(place, _)| place.path().is_none()).map(|(_, name)| *name)
    }

    /// What a shared object holds now. Nobody may be in the middle of a step. Which file a name stands for is not
    /// told: all count as the first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn content(&self, object: ObjectId) -> Result<Content, SiteError> {
        Ok(match &self.places[object] {
            Place::File(path) => Content::file(fs::read(path).map_err(SiteError::at("read", path))?.into()),
            Place::Lock(path) => {
                let held = self.is_held(path).map_err(SiteError::at("lock", path))?;
                Content::Lock { value: None, hold: if held { Hold::Exclusive } else { Hold::Free } }
            }
            Place::Memory(memory) => memory.content(),
            Place::Cell(cell) => Content::Cell(cell.word()),
        })
    }

    fn is_held(&self, path: &Path) -> io::Result<bool> {
        if self.kind == LockKind::Semaphore {
            return path.try_exists();
        }
        let file = lock_file(path)?;
        match file.try_lock() {
            Ok(()) => file.unlock().map(|()| false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}
