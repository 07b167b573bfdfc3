//! `oversell replay`: one interleaving, exactly.

use super::args::{ReplayArgs, Where};
use super::report::replay_line;
use super::run::{at_most, buyer_command, fresh_database, site};
use super::terminal::{gloss, show};
use super::{Done, Exit, Failure};
use crate::check::{Final, Kind, Property, Witness, evidence};
use crate::platform::Instance;
use crate::platform::conductor::conduct;
use crate::platform::model::Model;
use crate::platform::processes::Processes;
use crate::platform::stage::Pace;
use crate::platform::threads::Threads;
use crate::scenario::Scenario;
use crate::trace::{Closing, Schedule, layout, replay as replay_on_model, title};

/// A trace of more threads is nothing to read.
pub const MOST_IN_A_TRACE: usize = 1000;

pub fn replay(args: &ReplayArgs) -> Done {
    let scenario = args.what.scenario();
    let instance = args.cast.instance(args.what.program, &scenario)?.lock(args.lock.into());
    at_most(MOST_IN_A_TRACE, &instance, "show in a trace")?;
    let schedule = Schedule::parse(&args.schedule, &scenario)?;
    // First on the model in any case: what does not fit there needs no process started.
    let mut model = replay_on_model(&scenario, &instance, &schedule)?;
    let mut remark = String::new();
    if args.on != Where::Model {
        model = on_stage(args, &scenario, &instance, &schedule)?;
        let stage = if args.on == Where::Threads { "threads" } else { "processes" };
        remark = format!("✓ so it went on real {stage}: every step, every observation and every shared content\n");
    }
    let closing = closing(&scenario, &instance, &model);
    let text = layout(&scenario, model.trace(), &closing).text_with(gloss());
    let (title, line) = (title(&scenario, &instance), replay_line(&scenario, &instance, &schedule));
    show(&format!("{title}\n\n{text}{remark}\n{line}\n"))?;
    let page = || {
        let shows = broken(&scenario, &instance, &model, &schedule);
        super::page::replayed(args.what.program, &scenario, &instance, &schedule, &closing, shows, model.trace())
    };
    args.pictures.write(page, super::page::first_trace)?;
    Ok(Exit::Holds)
}

fn on_stage(
    args: &ReplayArgs,
    scenario: &Scenario,
    instance: &Instance,
    schedule: &Schedule,
) -> Result<Model, Failure> {
    let (_folder, path) = fresh_database()?;
    let (site, setup) = site(scenario, &path, instance.lock);
    site.furnish(&setup)?;
    if args.on == Where::Threads {
        let mut stage = Threads::new(scenario, site.clone(), Pace::Conducted);
        return Ok(conduct(scenario, instance, &schedule.0, &site, &mut stage)?);
    }
    let command = buyer_command(args.what.program, scenario, &path, args.lock, Pace::Conducted)?;
    let mut stage = Processes::new(scenario, site.clone(), Pace::Conducted, command)?;
    Ok(conduct(scenario, instance, &schedule.0, &site, &mut stage)?)
}

/// The first property that the execution breaks, with the execution as its witness.
fn broken(scenario: &Scenario, instance: &Instance, model: &Model, schedule: &Schedule) -> Option<Witness> {
    let end = Final::of_model(model, instance);
    let always = Property::of(scenario).into_iter().filter(|property| property.kind() == Kind::Always);
    let mut shown = always.filter_map(|property| {
        let seen = evidence(property, scenario, model.trace(), end.as_ref())?;
        Some(Witness {
            property,
            instance: instance.clone(),
            schedule: schedule.clone(),
            trace: model.trace().clone(),
            remark: seen.remark,
            is_canonical: false,
        })
    });
    shown.next()
}

/// What the end of the trace shows.
fn closing(scenario: &Scenario, instance: &Instance, model: &Model) -> Closing {
    let end = Final::of_model(model, instance);
    let seen = |kind| {
        let properties = Property::of(scenario).into_iter().filter(|property| property.kind() == kind);
        let shown = properties.filter_map(|property| {
            let seen = evidence(property, scenario, model.trace(), end.as_ref())?;
            Some(format!("{property}: {}", seen.remark))
        });
        shown.collect::<Vec<_>>()
    };
    let (broken, reached) = (seen(Kind::Always), seen(Kind::Sometimes));
    match end {
        _ if !broken.is_empty() => Closing::Broken(broken),
        _ if !reached.is_empty() => Closing::Reached(reached),
        Some(end) => Closing::Stands(format!("the execution is over: {}", came_out(&end))),
        None => Closing::Stands("the schedule ends here; the execution could go on".to_owned()),
    }
}

/// How many threads ended in which way.
fn came_out(end: &Final) -> String {
    let ended = end.ended.iter().map(|((_, ending), threads)| (*threads, ending.to_string()));
    let others = [
        (end.crashed, "crashed"),
        (end.killed, "killed"),
        (end.stuck, "waiting for ever"),
        (end.never_started, "never started"),
    ];
    let others = others.into_iter().map(|(threads, what)| (threads, what.to_owned()));
    let parts: Vec<_> =
        ended.chain(others).filter(|(threads, _)| *threads > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if parts.is_empty() { "nobody was there".to_owned() } else { parts.join(", ") }
}
