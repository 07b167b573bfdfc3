//! Declaring what is shared.

use super::{Cell, Condvar, Erased, File, Lock, Mutex, ObjectId, Primitive, RwLock, Semaphore, Value};
use crate::platform::{Content, Hold};
use crate::sync::Bytes;

/// Declares the shared objects of a scenario, with their initial content.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    objects: Vec<(&'static str, Content)>,
}

impl Setup {
    /// A file that exists with this content.
    pub fn file(&mut self, name: &'static str, content: impl Into<Bytes>) -> File {
        File(self.declare(name, Content::file(content.into())))
    }

    /// A lock that is free.
    pub fn lock(&mut self, name: &'static str) -> Lock {
        Lock(self.declare(name, Content::Lock { value: None, hold: Hold::Free }))
    }

    /// A free mutex that holds `value`.
    pub fn mutex<T: Value>(&mut self, name: &'static str, value: T) -> Mutex<T> {
        Mutex::new(self.declare(name, Content::Lock { value: Some(Erased::new(value)), hold: Hold::Free }))
    }

    /// A free reader–writer lock that holds `value`.
    pub fn rwlock<T: Value>(&mut self, name: &'static str, value: T) -> RwLock<T> {
        RwLock::new(self.declare(name, Content::Lock { value: Some(Erased::new(value)), hold: Hold::Free }))
    }

    /// A counting semaphore with so many permits.
    pub fn semaphore(&mut self, name: &'static str, permits: u32) -> Semaphore {
        Semaphore(self.declare(name, Content::Semaphore { permits }))
    }

    /// A condition variable for which nobody waits.
    pub fn condvar(&mut self, name: &'static str) -> Condvar {
        Condvar(self.declare(name, Content::Condvar { places: Vec::new() }))
    }

    /// An atomic cell: of a `bool`, or of any integer.
    pub fn cell<T: Primitive>(&mut self, name: &'static str, value: T) -> Cell<T> {
        Cell::new(self.declare(name, Content::Cell(value.to_word())))
    }

    /// The declared objects, by [`ObjectId`]: name and initial content.
    pub fn objects(&self) -> &[(&'static str, Content)] {
        &self.objects
    }

    /// What an object holds at the start.
    pub(crate) fn content_mut(&mut self, object: ObjectId) -> &mut Content {
        &mut self.objects[object].1
    }

    fn declare(&mut self, name: &'static str, content: Content) -> ObjectId {
        self.objects.push((name, content));
        self.objects.len() - 1
    }
}
