//! What stands beside the verdicts (witnesses, outcomes, certificates, replay, …), held against every schedule of the planted
//! programs that are small.

use super::engines;
use super::every::{Every, after, shows_now};
use crate::check::{Finding, Instance, Kind, Limits, Property, Threads, Verdict, alternatives, outcomes};
use crate::platform::model::Model;
use crate::platform::{Act, Content, LockKind, Move};
use crate::programs::planted::{Expected, Planted};
use crate::scenario::Scenario;
use crate::trace::page::{Fate, Ways};
use crate::trace::{Schedule, replay};
use std::collections::BTreeSet;

/// A planted program, with all that its schedules come to for 1, 2, … threads of the first role.
pub struct Small {
    scenario: Scenario,
    by_size: Vec<Every>,
    /// What each engine finds that can, for this many threads or for any number.
    findings: Vec<(&'static str, bool, Finding)>,
}

/// What is wrong, if anything is.
type Checked = Result<(), String>;

/// Something to be held against every schedule: its name, what must be so, and how that is found out.
pub type Instrument = (&'static str, &'static str, fn(&Small) -> Checked);

/// All of them.
pub const INSTRUMENTS: &[Instrument] = &[
    ("verdicts", "every engine's verdict on every property is what all schedules come to", verdicts),
    ("witnesses", "counting's and parametric's are the least schedules; others' show what they are for", witnesses),
    ("worst cases", "the most that is ever sold is what some schedule sells", worst_cases),
    ("outcomes", "all that some schedule comes to, after as few moves", all_outcomes),
    ("schedules", "what is written reads back and replays; what cannot happen is refused", schedules),
    ("certificates", "proofs verify, and neither with a state less nor of what is not so", certificates),
    ("alternatives", "each step's other moves, and the point of no return", all_alternatives),
    (
        "explanations",
        "an output is possible if some schedule prints it, else its first wrong line is named",
        explanations,
    ),
];

/// Whether it is known of a program what its interleavings come to.
pub fn is_known(planted: &Planted) -> bool {
    let known = matches!(planted.expected, Expected::Broken(_) | Expected::Holds(_));
    known && !planted.beyond.contains(&"counting")
}

impl Small {
    /// A program that is small enough, with nobody killed, or one of few.
    pub fn of(planted: &Planted) -> Vec<Small> {
        if !is_known(planted) {
            return Vec::new();
        }
        let (setup, _) = planted.scenario("all").build();
        let can_be_held = |content: &Content| !matches!(content, Content::Cell(_) | Content::File { .. });
        // What becomes of locks matters only where there are some.
        let locks = setup.objects().iter().any(|(_, content)| can_be_held(content));
        let faults = [(0, LockKind::Owned), (1, LockKind::Owned), (1, LockKind::Semaphore)];
        let faults = faults.into_iter().take(2 + usize::from(locks));
        faults.filter_map(|(kills, lock)| Small::with(planted, kills, lock)).collect()
    }

    fn with(planted: &Planted, kills: usize, lock: LockKind) -> Option<Small> {
        let scenario = planted.scenario("all");
        let instance = |threads| Instance::of(&scenario, threads).kills(kills).lock(lock);
        let by_size = (1..=planted.threads).map(|threads| Every::of(&scenario, &instance(threads)));
        let by_size = by_size.collect::<Option<Vec<_>>>()?;
        let any = instance(0).role(0, Threads::Any);
        let full = instance(planted.threads);
        let properties = Property::of(&scenario);
        let each = engines().into_iter().flat_map(|(engine, of_any)| {
            let findings = engine.check(&scenario, if of_any { &any } else { &full }, &properties).unwrap_or_default();
            findings.into_iter().map(move |finding| (engine.name(), of_any, finding))
        });
        let findings = each.collect();
        Some(Small { scenario, by_size, findings })
    }

    /// What may befall threads, in words.
    pub fn faults(&self) -> &'static str {
        match (self.full().instance.kills, self.full().instance.lock) {
            (0, _) => "",
            (_, LockKind::Owned) => " with a kill",
            (_, LockKind::Semaphore) => " with a kill, and locks that stay",
        }
    }

    /// Whether an engine is right that so many are sold at most.
    pub fn sells(&self, engine: &str, any: bool, said: u64) -> Checked {
        let worst = u64::try_from(self.full().worst).unwrap_or(0);
        // A random search finds what it finds, and many threads may sell more than these.
        let right = match engine {
            "shuttle-pct" => said <= worst,
            _ if any => said >= worst,
            _ => said == worst,
        };
        if right { Ok(()) } else { Err(format!("{engine} says that at most {said} are sold, and it is {worst}")) }
    }

    fn full(&self) -> &Every {
        &self.by_size[self.by_size.len() - 1]
    }

    fn any(&self) -> Instance {
        self.full().instance.clone().role(0, Threads::Any)
    }

    /// The fewest threads of the first role that show a property, and the least schedule with so many.
    fn least(&self, property: Property) -> Option<(usize, &Schedule)> {
        (1..).zip(&self.by_size).find_map(|(threads, every)| Some((threads, every.least.get(&property)?)))
    }
}

fn verdicts(small: &Small) -> Checked {
    let full = small.full();
    let mut counted = 0;
    for &(engine, any, ref finding) in &small.findings {
        let (property, said) = (finding.property, finding.verdict.name());
        let settles = engine == "counting" || engine == "told-apart";
        counted += usize::from(engine == "counting");
        let right = match &finding.verdict {
            Verdict::Inconclusive { .. } | Verdict::Bounded { .. } => !settles,
            // With more threads than these, something may show.
            Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } if any => {
                small.least(property).is_some() || witness.instance.number(0) > small.by_size.len()
            }
            _ if any => small.least(property).is_none(),
            _ => said == full.name(property),
        };
        if !right {
            return Err(format!("{engine} says that {property} is {said}, and it is {}", full.name(property)));
        }
    }
    let all = Property::of(&small.scenario).len();
    if counted == all { Ok(()) } else { Err(format!("counting says something of {counted} properties of {all}")) }
}

fn witnesses(small: &Small) -> Checked {
    for &(engine, any, ref finding) in &small.findings {
        let Some(witness) = finding.verdict.witness() else { continue };
        let (property, text) = (finding.property, witness.schedule.text(&small.scenario));
        // Some of those who are alike may do.
        let number = witness.instance.number(0);
        let right = any || number == small.by_size.len() || engine == "counting" && number < small.by_size.len();
        if !right || witness.instance != small.full().instance.clone().role(0, Threads::Exactly(number)) {
            return Err(format!("{engine} shows {property} by {text}, of other threads than there are"));
        }
        let shown = replay(&small.scenario, &witness.instance, &witness.schedule).map_err(|error| error.to_string())?;
        if !shows_now(property, &shown, &witness.instance) {
            return Err(format!("{engine} shows {property} by {text}, which does not"));
        }
        // Who runs every schedule has run the shortest.
        let shortest = small.full().least.get(&property).filter(|_| engine == "shuttle-dfs");
        if shortest.is_some_and(|least| witness.schedule.0.len() > least.0.len()) {
            return Err(format!("{engine} shows {property} by {text}, and there are shorter ones"));
        }
        let Some((threads, least)) = small.least(property) else { continue };
        let is_least = (witness.instance.number(0), &witness.schedule) == (threads, least);
        if ["counting", "parametric", "coverability"].contains(&engine) && witness.is_canonical && !is_least {
            let least = least.text(&small.scenario);
            return Err(format!("{engine} shows {property} by {text}, and the least is {least}, of {threads}"));
        }
    }
    Ok(())
}

fn worst_cases(small: &Small) -> Checked {
    for &(engine, any, ref finding) in &small.findings {
        let Some(said) = finding.worst else { continue };
        if finding.property != Property::NoOversell {
            return Err(format!("{engine} says of {} how much is sold at most", finding.property));
        }
        small.sells(engine, any, said)?;
    }
    Ok(())
}

fn all_outcomes(small: &Small) -> Checked {
    let full = small.full();
    let reached = outcomes(&small.scenario, &full.instance, &Limits::default()).map_err(|error| error.to_string())?;
    let listed: Vec<_> = reached.reached.iter().map(|reached| (&reached.end, reached.schedule.0.len())).collect();
    let expected: Vec<_> = full.ends.iter().map(|(end, moves)| (end, *moves)).collect();
    if listed != expected {
        return Err(format!("{} outcomes are listed, and there are {}: {listed:?}", listed.len(), expected.len()));
    }
    let early = Limits { max_states: 1, ..Limits::default() };
    let early = outcomes(&small.scenario, &full.instance, &early).map_err(|error| error.to_string())?;
    if early.limit.is_none() && early.reached != reached.reached {
        return Err(format!("stopped early, it lists {} outcomes, and does not say so", early.reached.len()));
    }
    for reached in &reached.reached {
        let end = &reached.end;
        let all = end.ended.values().sum::<usize>() + end.crashed + end.killed + end.never_started + end.stuck;
        let killed = reached.schedule.0.iter().filter(|mv| mv.act == Act::Kill).count();
        if Some(all) != full.instance.total() || end.killed != killed {
            return Err(format!("{} comes to an end of others: {end:?}", reached.schedule.text(&small.scenario)));
        }
        let model = replay(&small.scenario, &full.instance, &reached.schedule).map_err(|error| error.to_string())?;
        if crate::check::Final::of_model(&model, &full.instance).as_ref() != Some(&reached.end) {
            return Err(format!("{} leads elsewhere", reached.schedule.text(&small.scenario)));
        }
    }
    #[cfg(feature = "shuttle")]
    if full.instance.kills == 0
        && let Ok(finals) = (crate::check::ShuttleDfs { max_executions: 5_000 }).finals(&small.scenario, &full.instance)
        && !finals.iter().eq(full.ends.keys())
    {
        return Err(format!("shuttle lists {} outcomes, and there are {}", finals.len(), full.ends.len()));
    }
    Ok(())
}

fn schedules(small: &Small) -> Checked {
    let full = small.full();
    if let Some(schedule) = &full.goes_on {
        return Err(format!("{} goes on behind an end", schedule.text(&small.scenario)));
    }
    for least in full.least.values() {
        let text = least.text(&small.scenario);
        if Schedule::parse(&text, &small.scenario).ok().as_ref() != Some(least) {
            return Err(format!("{text} reads back as another"));
        }
        let model = replay(&small.scenario, &full.instance, least).map_err(|error| error.to_string())?;
        if model.trace().schedule() != least.0 {
            return Err(format!("{text} is replayed as another"));
        }
        let mut model = Model::new(&small.scenario, &full.instance);
        for mv in &least.0 {
            let offered = model.moves();
            let can_be_killed = offered.iter().any(|mv| mv.act == Act::Kill);
            let acts = [Act::Step, Act::Pick("none"), Act::Kill].into_iter().take(2 + usize::from(can_be_killed));
            let step = |actor| acts.clone().map(move |act| Move { actor, act });
            let mut others = full.everybody().flat_map(step).filter(|mv| !offered.contains(mv));
            if let Some(other) = others.find(|mv| after(&model, *mv).is_some()) {
                return Err(format!("{other:?} is made within {text}, and cannot be"));
            }
            model.make(*mv).map_err(|misfit| misfit.to_string())?;
        }
        let nobody = format!("{text}{}99", if least.0.is_empty() { "" } else { "," });
        let parsed = Schedule::parse(&nobody, &small.scenario).map_err(|error| error.to_string())?;
        match replay(&small.scenario, &full.instance, &parsed) {
            Err(error) if error.position == least.0.len() + 1 => {}
            other => return Err(format!("{nobody} is replayed: {:?}", other.map(|_| ()))),
        }
    }
    Ok(())
}

fn certificates(small: &Small) -> Checked {
    let full = small.full();
    super::certificates::check(&small.scenario, &full.instance, |property| Some(full.least.contains_key(&property)))?;
    // With more threads than these, something may show.
    let shows = |property| small.least(property).map(|_| true);
    super::certificates::check(&small.scenario, &small.any(), shows)
}

fn all_alternatives(small: &Small) -> Checked {
    let (full, scenario) = (small.full(), &small.scenario);
    for (&property, schedule) in &full.least {
        if property.kind() != Kind::Always || full.instance.kills > 0 || matches!(property, Property::Own(_)) {
            continue;
        }
        let Ways::Known { turn, steps } = alternatives(scenario, &full.instance, property, schedule).ways else {
            return Err(format!("nothing is said of {property} by {}", schedule.text(scenario)));
        };
        let mut models = vec![Model::new(scenario, &full.instance)];
        for mv in &schedule.0 {
            models.extend(models.last().and_then(|model| after(model, *mv)));
        }
        let well = |model: &Model| full.can_end_well(property, model);
        let last = models.iter().rposition(well);
        let expected = match last {
            Some(last) if last + 1 == models.len() => None,
            last => Some(last.map_or(0, |last| last + 1)),
        };
        if turn != expected {
            return Err(format!("{property}: no return after {turn:?}, and it is {expected:?}"));
        }
        for (model, ways) in models.iter().zip(&steps) {
            let fate = |model: &Model| match (shows_now(property, model, &full.instance), well(model)) {
                (true, _) => Fate::Breaks,
                (_, true) => Fate::Good,
                _ => Fate::Doomed,
            };
            let fates: BTreeSet<_> =
                model.moves().into_iter().filter_map(|mv| after(model, mv)).map(|next| fate(&next) as u8).collect();
            let said: BTreeSet<_> = ways.iter().map(|way| way.fate as u8).collect();
            if fates != said || ways.iter().filter(|way| way.taken).count() != 1 {
                let (at, steps) = (model.trace().schedule().len(), schedule.text(scenario));
                return Err(format!("{property}: other fates than are said after {at} steps of {steps}"));
            }
        }
    }
    Ok(())
}

fn explanations(small: &Small) -> Checked {
    if small.full().instance.kills > 0 { Ok(()) } else { super::outputs::check(small.full()) }
}
