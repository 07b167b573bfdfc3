//! Where the shared objects of a scenario are on a real machine.

use super::{Content, LockKind};
use crate::sync::{Bytes, Erased, ObjectId, Setup};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Where the shared objects of a scenario are, by [`ObjectId`].
#[derive(Clone, Debug)]
pub struct Site {
    pub(super) places: Vec<Place>,
    pub(super) kind: LockKind,
}

/// Where one shared object is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// The lock file of a lock.
    Lock(PathBuf),
    /// A value mutex in the memory of this process: its value, and whether it is held.
    Mutex(Arc<(Mutex<(Erased, bool)>, Condvar)>),
    /// An atomic cell in the memory of this process.
    Cell(Arc<AtomicU64>),
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
            Content::File(_) if std::mem::take(&mut first) => Place::File(database.to_owned()),
            Content::File(_) => Place::File(beside(name)),
            Content::Lock { .. } => Place::Lock(beside(name)),
            Content::Mutex { value, .. } => {
                Place::Mutex(Arc::new((Mutex::new((value.clone(), false)), Condvar::new())))
            }
            Content::Cell(value) => Place::Cell(Arc::new(AtomicU64::new(*value))),
        };
        Site { places: setup.objects().iter().map(place).collect(), kind }
    }

    /// Writes the initial content of every file.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn furnish(&self, setup: &Setup) -> Result<(), SiteError> {
        for (place, (_, content)) in self.places.iter().zip(setup.objects()) {
            if let (Place::File(path), Content::File(bytes)) = (place, content) {
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
            if self.is_held(place).map_err(SiteError::at("lock", path))? {
                let source = io::Error::new(
                    ErrorKind::WouldBlock,
                    "another program holds it; wait for that or use another --db",
                );
                return Err(SiteError::at("lock", path)(source));
            }
        }
        Ok(())
    }

    /// Whether all of it can be shared between processes.
    pub fn is_on_disk(&self) -> bool {
        self.places.iter().all(|place| matches!(place, Place::File(_) | Place::Lock(_)))
    }

    /// What a shared object holds now. Nobody may be in the middle of a step.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn content(&self, object: ObjectId) -> Result<Content, SiteError> {
        match &self.places[object] {
            Place::File(path) => Ok(Content::File(fs::read(path).map_err(SiteError::at("read", path))?.into())),
            place @ Place::Lock(path) => {
                Ok(Content::Lock { held: self.is_held(place).map_err(SiteError::at("lock", path))? })
            }
            Place::Mutex(mutex) => {
                let state = mutex.0.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(Content::Mutex { value: state.0.clone(), held: state.1 })
            }
            Place::Cell(cell) => Ok(Content::Cell(cell.load(std::sync::atomic::Ordering::SeqCst))),
        }
    }

    fn is_held(&self, place: &Place) -> io::Result<bool> {
        match (place, self.kind) {
            (Place::Lock(path), LockKind::Semaphore) => path.try_exists(),
            (Place::Lock(path), LockKind::Owned) => {
                let file = lock_file(path)?;
                match file.try_lock() {
                    Ok(()) => file.unlock().map(|()| false),
                    Err(fs::TryLockError::WouldBlock) => Ok(true),
                    Err(fs::TryLockError::Error(error)) => Err(error),
                }
            }
            _ => Ok(false),
        }
    }
}

/// Opens a lock file, and makes it if there is none.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// Gives a file new content all at once: readers see the old or the new, and a failure leaves the old.
pub(super) fn replace(path: &Path, bytes: &Bytes) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    // A temporary file is readable by its owner alone; the database shall stay as open as it was.
    if let Ok(metadata) = fs::metadata(path) {
        fs::set_permissions(temporary.path(), metadata.permissions())?;
    }
    temporary.persist(path).map(drop).map_err(|error| error.error)
}
