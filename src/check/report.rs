//! A check in three lines: a scenario in, a report out.

use super::artefact;
use super::{
    CheckError, Counting, Engine, Finding, Instance, Kind, Limits, Parametric, Property, Scope, Threads, ToldApart,
    Verdict, Witness,
};
use crate::platform::LockKind;
use crate::scenario::Scenario;
use crate::trace::{threads, title};
use std::fmt;

/// What is asked of a scenario: how many threads, which properties, which faults and limits.
///
/// ```
/// # use oversell::{check::Check, scenario::Scenario, sync::{Cell, Event}};
/// # use std::sync::atomic::Ordering::SeqCst;
/// # let shop = Scenario::new("compare-exchange", |setup| setup.cell("left", 3u64))
/// #     .stock(3)
/// #     .role("buyer", |at, left: &Cell<u64>| {
/// #         if left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
/// #             return "sold out";
/// #         }
/// #         at.tell(Event::sale("bought"));
/// #         "bought"
/// #     })
/// #     .ledger(|at, left| Some(left.load(at, SeqCst)));
/// let report = Check::new(&shop).threads("buyer", 5).run()?;
/// report.assert_holds();
/// let report = Check::new(&shop).any("buyer").property("no-oversell").run()?;
/// report.assert_holds();
/// # Ok::<(), oversell::check::CheckError>(())
/// ```
#[derive(Clone)]
pub struct Check<'s> {
    scenario: &'s Scenario,
    instance: Instance,
    properties: Vec<Result<Property, String>>,
    limits: Option<Limits>,
    question: Option<String>,
}

impl<'s> Check<'s> {
    /// Checks every property that applies, of two threads of the first role and as many of the others as the scenario
    /// says.
    pub fn new(scenario: &'s Scenario) -> Self {
        let instance = Instance::of(scenario, 2);
        Check { scenario, instance, properties: Vec::new(), limits: None, question: None }
    }

    /// Asks for so many threads of a role.
    pub fn threads(self, role: &str, threads: usize) -> Self {
        self.with(role, Threads::Exactly(threads))
    }

    /// Asks for any number of threads of a role: what is proved then holds for every number of them.
    pub fn any(self, role: &str) -> Self {
        self.with(role, Threads::Any)
    }

    fn with(mut self, role: &str, threads: Threads) -> Self {
        match self.scenario.role(role) {
            Some(role) => self.instance.threads[role] = threads,
            None => {
                let roles: Vec<_> = self.scenario.roles().iter().map(|role| role.name).collect();
                let (name, roles) = (self.scenario.name(), roles.join(", "));
                let question = format!("`{name}` has no role `{role}`; its roles are {roles}");
                self.question.get_or_insert(question);
            }
        }
        self
    }

    /// Lets up to so many threads be killed between any two of their steps.
    pub fn kills(mut self, kills: usize) -> Self {
        self.instance.kills = kills;
        self
    }

    /// What becomes of the locks of the dead.
    pub fn lock(mut self, lock: LockKind) -> Self {
        self.instance.lock = lock;
        self
    }

    /// Asks for this property only, and for others that are asked for in the same way.
    pub fn property(mut self, name: &str) -> Self {
        self.properties.push(Property::named(self.scenario, name).map_err(|error| error.to_string()));
        self
    }

    /// How far to go.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Checks, by counting; where a role has any number of threads, for every number of them; and where threads know who
    /// they are, with all of them [told apart](ToldApart).
    ///
    /// # Errors
    /// The question makes no sense, or the scenario cannot be checked.
    pub fn run(self) -> Result<Report, CheckError> {
        let limits = self.limits.clone();
        if self.scenario.has_identities() {
            self.run_by(&ToldApart { limits: limits.unwrap_or_default() })
        } else if self.instance.is_any() {
            let engine =
                Parametric { limits: limits.unwrap_or_else(|| Parametric::default().limits), ..Parametric::default() };
            self.run_by(&engine)
        } else {
            self.run_by(&Counting { limits: limits.unwrap_or_default() })
        }
    }

    /// Checks by this engine.
    ///
    /// # Errors
    /// The question makes no sense, or the engine cannot check the scenario.
    pub fn run_by(self, engine: &impl Engine) -> Result<Report, CheckError> {
        if let Some(question) = self.question {
            return Err(CheckError::Question(question));
        }
        let mut properties =
            self.properties.into_iter().collect::<Result<Vec<_>, _>>().map_err(CheckError::Question)?;
        if properties.is_empty() {
            properties = Property::of(self.scenario);
        }
        let findings = engine.check(self.scenario, &self.instance, &properties)?;
        let engine = engine.name();
        Ok(Report { scenario: self.scenario.clone(), instance: self.instance, engine, findings })
    }
}

/// What came of a check. Its [`Display`](fmt::Display) is everything there is to say, with the trace of each property
/// that fails.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was checked.
    pub scenario: Scenario,
    /// With how many threads.
    pub instance: Instance,
    /// By which engine.
    pub engine: &'static str,
    /// What it says, a finding for each property.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The finding of a property.
    ///
    /// # Panics
    /// The property was not asked for.
    #[track_caller]
    pub fn finding(&self, property: &str) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.property.name() == property);
        found.unwrap_or_else(|| {
            let asked: Vec<_> = self.findings.iter().map(|finding| finding.property.name()).collect();
            panic!("`{property}` was not asked for; what was: {}", asked.join(", "))
        })
    }

    /// Asserts that every *always* property is proved, and every *sometimes* property of the scenario's own possible.
    /// (Whether searches overlap and all is sold are questions, and no promises, unless they are all that was asked.)
    ///
    /// # Panics
    /// One is not; the message is the whole report. Where a test fails so, it first writes a page on which the trace can be
    /// walked through, to `target/oversell/TEST/SCENARIO.PROPERTY.html`, and says where it is.
    #[track_caller]
    pub fn assert_holds(&self) {
        let question = |finding: &&Finding| !matches!(finding.property, Property::SellsOut | Property::SearchesOverlap);
        let any_promise = self.findings.iter().any(|finding| question(&finding));
        let promised = self.findings.iter().filter(|finding| question(finding) || !any_promise);
        let failing: Vec<_> = promised.filter(|finding| finding.verdict.holds() != Some(true)).collect();
        if let Some(first) = failing.first() {
            // Written first: a panic hook is no place to follow code that may panic.
            let (report, page) = (self.to_string(), artefact::left_for(self, first.property.name()));
            panic!("{} is {}\n\n{page}{report}", first.property, first.verdict.name());
        }
    }

    /// The same, for code with loops that were followed for some turns only: as far as that went, every *always* property
    /// of states and steps holds. Nothing is said of ends.
    ///
    /// # Panics
    /// One does not; the message is the whole report.
    #[track_caller]
    pub fn assert_holds_within_turns(&self) {
        let fails = |finding: &&Finding| match (&finding.verdict, finding.property.scope()) {
            (Verdict::Bounded { .. }, _) => false,
            (Verdict::Inconclusive { .. }, Scope::Ends | Scope::Futures) => false,
            (verdict, _) => finding.property.kind() == Kind::Always && verdict.holds() != Some(true),
        };
        if let Some(first) = self.findings.iter().find(fails) {
            let report = self.to_string();
            panic!("{} is {}\n\n{report}", first.property, first.verdict.name());
        }
    }

    /// Asserts that a property is refuted (of a *sometimes* property: impossible), and returns its witness if that
    /// takes one.
    ///
    /// # Panics
    /// It is not; the message is the whole report.
    #[track_caller]
    pub fn assert_refuted(&self, property: &str) -> Option<&Witness> {
        let finding = self.finding(property);
        if finding.verdict.holds() != Some(false) {
            let report = self.to_string();
            panic!("{property} is {}\n\n{report}", finding.verdict.name());
        }
        finding.verdict.witness()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explored = self.findings.first().map(|finding| finding.verdict.explored().to_string());
        writeln!(f, "{}", title(&self.scenario, &self.instance))?;
        writeln!(f, "{}: {}\n", self.engine, explored.unwrap_or_default())?;
        for finding in &self.findings {
            writeln!(f, "{}", line(finding, &self.scenario).trim_end())?;
        }
        let assumed = self.findings.iter().flat_map(|finding| &finding.basis.assumed);
        let mut said: Vec<&String> = Vec::new();
        for assumed in assumed {
            if !said.contains(&assumed) {
                if said.is_empty() {
                    writeln!(f)?;
                }
                writeln!(f, "assumed: {assumed}")?;
                said.push(assumed);
            }
        }
        for finding in &self.findings {
            if let Verdict::Refuted { witness, .. } = &finding.verdict {
                write!(f, "\n{}", shown(&self.scenario, witness))?;
            }
        }
        Ok(())
    }
}

/// A finding on one line.
fn line(finding: &Finding, scenario: &Scenario) -> String {
    let mark = match finding.verdict.holds() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    let Finding { property, verdict, worst, basis } = finding;
    let memory = basis.memory.name();
    let detail = match (verdict, worst) {
        (Verdict::Refuted { witness, .. }, worst) => {
            let worst = worst.map(|worst| format!("at worst {worst} sold of {}; ", scenario.stock().unwrap_or(0)));
            format!("{}shown by {}", worst.unwrap_or_default(), threads(scenario, &witness.instance))
        }
        (Verdict::Bounded { bound, .. }, _) => format!("{bound}; {memory}"),
        (Verdict::Inconclusive { limit, .. }, _) => limit.clone(),
        (Verdict::Proved(_) | Verdict::Impossible(_), _) => memory.to_owned(),
        (Verdict::Possible { .. }, _) => String::new(),
    };
    format!("{mark} {property:16}  {:12}  {detail}", verdict.name())
}

/// A witness as reviewers read it: what it shows, the lanes, and the schedule that replays it.
fn shown(scenario: &Scenario, witness: &Witness) -> String {
    let Witness { instance, schedule, property, .. } = witness;
    let (title, lanes) = (title(scenario, instance), witness.lanes(scenario));
    let sentence = property.sentence(scenario);
    format!(
        "{title}\n\n{lanes}  (claimed: {sentence})\n\nschedule `{}`: replay it with oversell::trace::replay\n",
        schedule.text(scenario)
    )
}
