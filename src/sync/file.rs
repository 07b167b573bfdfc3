//! Files whose reads and writes are small enough to be atomic.

use super::{Access, Bytes, Inode, ObjectId, Observation, Platform};

/// A file. Declared by [`Setup::file`](super::Setup::file).
#[derive(Clone, Copy, Debug)]
pub struct File(pub(crate) ObjectId);

impl File {
    /// The whole content. Step: *read*.
    pub fn read(&self, at: &dyn Platform) -> Bytes {
        match at.on(self.0, Access::Read) {
            Observation::Content(bytes) => bytes,
            other => unreachable!("a read observed {other:?}"),
        }
    }

    /// Opens the file for writing, which empties it. Several handles may be open at once. Step: *truncate*.
    pub fn truncate(&self, at: &dyn Platform) -> Emptied {
        match at.on(self.0, Access::Truncate) {
            Observation::Opened(inode) => Emptied { file: self.0, inode },
            other => unreachable!("a truncate observed {other:?}"),
        }
    }

    /// Gives the file new content all at once (a temporary file, renamed over it). Step: *replace*.
    pub fn replace(&self, at: &dyn Platform, content: impl Into<Bytes>) {
        at.on(self.0, Access::Replace(content.into()));
    }
}

/// A file that its holder has emptied and not yet written.
///
/// It is this very file that will be written: if the name is given another one meanwhile, the write is lost, as it is
/// on disk.
#[derive(Debug)]
#[must_use = "the file is empty until it is written"]
pub struct Emptied {
    file: ObjectId,
    inode: Inode,
}

impl Emptied {
    /// Writes the new content and closes the file. Step: *write*.
    pub fn write(self, at: &dyn Platform, content: impl Into<Bytes>) {
        at.on(self.file, Access::Write(self.inode, content.into()));
    }
}
