//! How far an engine goes, and how it is watched meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who is told what an engine is doing.
pub type Watcher = Arc<dyn Fn(&Progress) + Send + Sync>;

/// How far an engine goes. Past any of these, what is not settled is inconclusive.
#[derive(Clone)]
pub struct Limits {
    /// The most states to keep.
    pub max_states: usize,
    /// The most control points of the code.
    pub max_nodes: usize,
    /// The longest time.
    pub max_time: Duration,
    /// The most memory that states and control points may take, in bytes.
    pub max_memory: usize,
    /// Told several times a second what is being done.
    pub progress: Option<Watcher>,
}

impl Default for Limits {
    /// At most 20 million states, 20,000 control points, five minutes and 2 GiB.
    fn default() -> Self {
        Limits {
            max_states: 20_000_000,
            max_nodes: 20_000,
            max_time: Duration::from_secs(300),
            max_memory: 2 << 30,
            progress: None,
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { max_states, max_nodes, max_time, max_memory, .. } = self;
        write!(f, "Limits({max_states} states, {max_nodes} control points, {max_time:?}, {max_memory} bytes)")
    }
}

/// What an engine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// In a few words.
    pub doing: &'static str,
    /// How many states or control points there are so far.
    pub count: u64,
    /// Where it stops.
    pub limit: u64,
}

/// Looks after the limits of one check.
#[derive(Clone)]
pub struct Meter {
    pub limits: Limits,
    start: Instant,
    told: Instant,
    /// How often it has been asked since it last looked at the clock.
    asked: u32,
}

/// How often the clock is looked at: once in so many questions.
const CLOCK_EVERY: u32 = 256;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Meter {
    pub fn new(limits: &Limits) -> Self {
        let now = Instant::now();
        Meter { limits: limits.clone(), start: now, told: now, asked: 0 }
    }

    /// The limit that is hit, in words, if one is. `bytes` is what states and control points take by now.
    pub fn look(&mut self, doing: &'static str, count: usize, limit: usize, bytes: usize) -> Option<String> {
        if count > limit {
            return Some(format!("stopped at {limit} {doing} (see --max-states)"));
        }
        if bytes > self.limits.max_memory {
            return Some(format!("stopped at {} MB of memory, with {count} {doing}", bytes >> 20));
        }
        self.asked += 1;
        if self.asked < CLOCK_EVERY {
            return None;
        }
        self.asked = 0;
        let now = Instant::now();
        if now - self.start > self.limits.max_time {
            return Some(format!("stopped after {:?}, with {count} {doing}", self.limits.max_time));
        }
        if let Some(progress) = &self.limits.progress
            && now - self.told > TELL_EVERY
        {
            self.told = now;
            progress(&Progress { doing, count: count as u64, limit: limit as u64 });
        }
        None
    }
}
