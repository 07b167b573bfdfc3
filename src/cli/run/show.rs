//! What is seen of a real run, and what it comes to.

use super::super::args::RunArgs;
use super::super::terminal::say;
use super::super::{Done, Exit, Failure, print};
use super::NO_SIGNAL;
use crate::check::Final;
use crate::platform::script::Reading;
use crate::platform::site::Site;
use crate::platform::stage::{Direction, News, Report, Stage, name, perform};
use crate::platform::{Actor, Content, End, Instance};
use crate::programs::tutorials::Document;
use crate::scenario::{Scenario, Speaker};
use crate::sync::Event;
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, IsTerminal};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What the audience sees, and counts.
pub struct Show<'a> {
    scenario: &'a Scenario,
    instance: &'a Instance,
    /// What is heard adds up to this.
    heard: Final,
    /// How many of those who crashed had read something torn.
    torn: usize,
    ends: BTreeMap<Actor, Option<End>>,
    bar: indicatif::ProgressBar,
}

impl<'a> Show<'a> {
    pub fn new(scenario: &'a Scenario, instance: &'a Instance) -> Self {
        let threads = instance.total().expect("a real run has a number of threads");
        let bar = match std::io::stderr().is_terminal() {
            true => indicatif::ProgressBar::new(threads as u64),
            false => indicatif::ProgressBar::hidden(),
        };
        bar.set_style(
            indicatif::ProgressStyle::with_template("{pos} of {len} threads have ended, {elapsed}")
                .expect("the template is a constant that parses"),
        );
        Show { scenario, instance, heard: Final::of_nobody(scenario), torn: 0, ends: BTreeMap::new(), bar }
    }

    pub fn run(&mut self, stage: &mut impl Stage, args: &RunArgs, stopped_by: &AtomicUsize) -> Result<(), Failure> {
        /// Longer than any thread of any program is silent at the original speed.
        const LONGEST_SILENCE: Duration = Duration::from_secs(10);
        let scaled =
            |time: Duration| Duration::try_from_secs_f64(time.as_secs_f64() / args.speed).unwrap_or(Duration::MAX);
        let patience = scaled(LONGEST_SILENCE).saturating_add(Duration::from_secs(30));
        // About as long as it takes to sell all tickets one after another.
        let buyers = self.instance.number(0) as u64;
        let purchases = self.scenario.stock().unwrap_or(1).clamp(1, buyers.max(1)) as u32;
        let within = scaled(Duration::from_secs(4) * purchases);
        let mut executioner = Executioner::new(args.kills, self.instance, args.seed, within);
        let mut direct = |stage: &mut dyn Stage| {
            executioner.strike(stage);
            if stopped_by.load(Ordering::Relaxed) == NO_SIGNAL { Direction::Go } else { Direction::Stop }
        };
        let (scenario, instance) = (self.scenario, self.instance);
        let mut failed = None;
        let ran = perform(stage, scenario, instance, patience, &mut direct, |stage, report| {
            failed = failed.take().or(self.hear(stage, report).err());
        });
        self.bar.finish_and_clear();
        ran?;
        failed.map_or(Ok(()), Err)
    }

    fn hear(&mut self, stage: &dyn Stage, Report { actor, news }: &Report) -> Result<(), Failure> {
        if *actor != Actor::Parent {
            self.ends.entry(*actor).or_default();
        }
        match news {
            News::Told(event) => return self.hear_told(stage, *actor, event),
            News::Ended(end) => {
                if let End::Crashed(death) = end {
                    self.torn += usize::from(death.torn);
                    let who = name(self.scenario, *actor);
                    self.bar.suspend(|| say(&format!("{who} crashed: {}", death.reason)));
                }
                if *actor != Actor::Parent {
                    self.ends.insert(*actor, Some(end.clone()));
                    self.bar.inc(1);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn hear_told(&mut self, stage: &dyn Stage, actor: Actor, event: &Event) -> Result<(), Failure> {
        let (role, number) = match actor {
            Actor::Thread(role, number) => {
                self.heard.hear(self.scenario, event);
                (self.scenario.roles()[role].name, number)
            }
            // What the parent says is no sale.
            Actor::Parent => ("parent", 0),
        };
        let speaker = Speaker { role, number, pid: stage.pid(actor).to_string() };
        match self.scenario.line(&speaker, event) {
            Some(line) => self.bar.suspend(|| print(&format!("{line}\n"))),
            None => Ok(()),
        }
    }

    /// The summary, also of a run that could not go on. It goes to standard error, so that standard output can be fed to
    /// `explain`.
    pub fn conclude(
        mut self,
        site: &Site,
        database: Option<&Path>,
        stopped_by: usize,
        ran: Result<(), Failure>,
    ) -> Done {
        let total = self.instance.total().unwrap_or(self.ends.len());
        self.heard.add_unstarted(self.scenario, total - self.ends.len());
        for (actor, end) in &self.ends {
            let role = actor.role().expect("the parent is not counted");
            self.heard.add(self.scenario, role, end.as_ref(), 1);
        }
        let count = self.count(site, database);
        say(&format!("\n{}", self.summary(database.is_some(), count.as_ref())));
        if stopped_by != NO_SIGNAL {
            say(&format!("stopped by signal {stopped_by}"));
            return Ok(Exit::Stopped(u8::try_from(stopped_by).expect("signals are small numbers")));
        }
        let crashed = self.heard.crashed.saturating_sub(self.torn);
        let broken = self.broken(count);
        if let Some(broken) = &broken {
            say(broken);
        }
        ran?;
        if broken.is_some() {
            return Ok(Exit::Fails);
        }
        if crashed > 0 {
            // A torn read is the program's own doing; any other crash is not.
            return Err(Failure::new(format!("{crashed} of the threads could not do their work, see above")));
        }
        match (self.stock(), self.scenario.has_ledger()) {
            (Some(stock), true) => say(&format!("sound: what was sold and what is left add up to {stock}")),
            (Some(_), false) => say("sound: no more was sold than there was"),
            (None, _) => {}
        }
        Ok(Exit::Holds)
    }

    /// How many tickets there are, if anything is sold: a database may have more than what was heard adds up to.
    fn stock(&self) -> Option<i128> {
        let (all, heard_first) = (self.scenario.stock()?, Final::of_nobody(self.scenario).stock);
        Some(i128::from(all) + i128::from(self.heard.stock) - i128::from(heard_first))
    }

    /// What is wrong with what was sold, if anything is.
    fn broken(&self, count: Option<Result<u64, String>>) -> Option<String> {
        let (sold, stock) = (i128::from(self.heard.sold), self.stock()?);
        if sold > stock {
            return Some(format!("OVERSOLD: {sold} sold of {stock}"));
        }
        let left = count?.ok().map(i128::from);
        (left.map(|left| left + sold) != Some(stock))
            .then(|| format!("UNBALANCED: what was sold and what is left do not add up to {stock}"))
    }

    /// What the ledger says is left, or why it cannot be read, if that is known; `None` if there is no ledger.
    fn count(&self, site: &Site, database: Option<&Path>) -> Option<Result<u64, String>> {
        if let Some(path) = database {
            let content = fs::read(path).map_err(|e| e.to_string());
            let document = content.and_then(|content| Document::parse(&content).map_err(|e| e.to_string()));
            return Some(document.map(|document| document.count()));
        }
        let (reading, setup) = Reading::new(self.scenario);
        let contents: Result<Vec<Content>, _> = (0..setup.objects().len()).map(|i| site.content(i)).collect();
        let audit = |contents: Vec<Content>| reading.audit(&contents).ok_or_else(String::new);
        self.scenario.has_ledger().then(|| contents.map_err(|error| error.to_string()).and_then(audit))
    }

    /// How everybody ended, and what is left.
    fn summary(&self, database: bool, count: Option<&Result<u64, String>>) -> String {
        let Final { sold, crashed, killed, never_started, stuck, .. } = self.heard;
        let sold = self.stock().map_or(String::new(), |stock| format!("{sold} sold of {stock}; "));
        let mut parts: Vec<_> = self.endings().iter().map(|(ending, threads)| format!("{threads} {ending}")).collect();
        // Nobody waits for ever in a run that has come to its end: those without an end were told to stop.
        let others = [(crashed, "crashed"), (killed, "killed"), (stuck, "stopped"), (never_started, "never started")];
        parts.extend(
            others.iter().filter(|(threads, _)| *threads > 0).map(|(threads, what)| format!("{threads} {what}")),
        );
        let ledger = if database { "database" } else { "ledger" };
        let left = match count {
            Some(Ok(count)) => format!("; the {ledger} says {count} left"),
            Some(Err(reason)) if reason.is_empty() => format!("; the {ledger} cannot be read"),
            Some(Err(reason)) => format!("; the {ledger} cannot be read: {reason}"),
            None => String::new(),
        };
        format!("{sold}{}{left}", parts.join(", "))
    }

    /// How many threads ended in which way of the scenario's own: those that it lists, then others.
    fn endings(&self) -> Vec<(String, usize)> {
        let mut endings: Vec<(String, usize)> = Vec::new();
        for ending in self.scenario.endings() {
            endings.push((ending.to_string(), self.heard.ended(&ending.0)));
        }
        for (_, ending) in self.heard.ended.keys() {
            if !endings.iter().any(|(known, _)| *known == ending.0) {
                endings.push((ending.to_string(), self.heard.ended(&ending.0)));
            }
        }
        endings
    }
}

/// Kills threads at random moments, for stress tests.
struct Executioner {
    start: Instant,
    /// Whom, and when after the start.
    victims: Vec<(Actor, Duration)>,
}

impl Executioner {
    fn new(kills: usize, instance: &Instance, seed: u64, within: Duration) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let of_role = |role| (0..instance.number(role)).map(move |number| Actor::Thread(role, number));
        let victims = random.choose_multiple((0..instance.threads.len()).flat_map(of_role), kills);
        let victims = victims.into_iter().map(|victim| (victim, within.mul_f64(random.f64()))).collect();
        Executioner { start: Instant::now(), victims }
    }

    fn strike(&mut self, stage: &mut dyn Stage) {
        let now = self.start.elapsed();
        self.victims.retain(|(victim, when)| {
            // One that is not there yet is tried again; one that has ended by itself has escaped.
            *when > now || stage.kill(*victim).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        });
    }
}
