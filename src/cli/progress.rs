//! What is being done meanwhile: on a terminal, from the first second on.

use crate::check::{Progress, Watcher};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What is done in less time needs no progress.
const QUIET: Duration = Duration::from_secs(1);

/// A line on standard error that says what is being done, and ticks. It goes with this value.
pub struct Watch {
    bar: ProgressBar,
    /// Who shows the line, and how to tell it that all is done.
    showing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Watch {
    /// Starts to watch. Nothing is shown where nobody watches.
    pub fn start(doing: impl Into<String>) -> Watch {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(doing.into());
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        bar.set_style(style.expect("the template is a constant that parses").tick_chars(r"|/-\ "));
        let showing = io::stderr().is_terminal().then(|| {
            let (done, told) = channel();
            let bar = bar.clone();
            let show = move || {
                if told.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    while told.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                        bar.tick();
                    }
                }
            };
            (done, std::thread::spawn(show))
        });
        Watch { bar, showing }
    }

    /// Says what is being done now.
    pub fn say(&self, doing: String) {
        self.bar.set_message(doing);
    }

    /// Whom an engine tells how far it is, if anybody watches.
    pub fn watcher(&self) -> Option<Watcher> {
        self.showing.as_ref()?;
        let (bar, paces) = (self.bar.clone(), Mutex::new(Pace::default()));
        Some(Arc::new(move |progress: &Progress| {
            let mut pace = paces.lock().unwrap_or_else(PoisonError::into_inner);
            bar.set_message(pace.told(progress, Instant::now()));
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((done, showing)) = self.showing.take() {
            let _ = done.send(());
            let _ = showing.join();
        }
        self.bar.finish_and_clear();
    }
}

/// How fast one kind of thing is counted.
#[derive(Default)]
struct Pace {
    /// What, from when on, and how many there were then.
    since: Option<(&'static str, Instant, u64)>,
}

impl Pace {
    /// How far it is, in words. A new count starts a new pace.
    fn told(&mut self, Progress { doing, count, limit }: &Progress, now: Instant) -> String {
        let same = self.since.filter(|(what, _, first)| what == doing && first <= count);
        let (_, start, first) = *self.since.insert(same.unwrap_or((doing, now, *count)));
        let (so_far, limit) = (HumanCount(*count), HumanCount(*limit));
        let seconds = (now - start).as_secs_f64();
        if seconds < 0.1 {
            return format!("{so_far} {doing} of at most {limit}");
        }
        let rate = HumanCount(((count - first) as f64 / seconds) as u64);
        format!("{so_far} {doing} of at most {limit}, {rate} per second")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_was_said_last() {
        let watch = Watch::start("the first program");
        watch.say("the second program".to_owned());
        assert_eq!(watch.bar.message(), "the second program");
    }

    #[test]
    fn the_rate_is_that_of_what_is_counted_now() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut told = |doing, count, after| {
            pace.told(&Progress { doing, count, limit: 20_000 }, start + Duration::from_secs(after))
        };
        assert_eq!(told("states", 1_000, 1), "1,000 states of at most 20,000");
        assert_eq!(told("states", 3_000, 2), "3,000 states of at most 20,000, 2,000 per second");
        assert_eq!(told("control points", 10, 3), "10 control points of at most 20,000");
        assert_eq!(told("control points", 30, 13), "30 control points of at most 20,000, 2 per second");
        assert_eq!(told("control points", 5, 14), "5 control points of at most 20,000", "it starts over");
    }
}
