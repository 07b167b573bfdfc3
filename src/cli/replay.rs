//! `oversell replay`: one interleaving, exactly.

use super::args::{ReplayArgs, Where};
use super::report::{replay_line, title};
use super::run::{buyer_command, fresh_database, site};
use super::{Done, Exit, Failure, print};
use crate::check::{Crowd, Final, Kind, Property, sighting};
use crate::office::Rush;
use crate::platform::conductor::conduct;
use crate::platform::model::Model;
use crate::platform::processes::Processes;
use crate::platform::threads::Threads;
use crate::scenario::Scenario;
use crate::trace::{Closing, lanes, replay as replay_on_model};

pub fn replay(args: &ReplayArgs) -> Done {
    let rush = args.what.rush();
    let buyers = args.buyers.unwrap_or(args.what.program.buyers);
    let crowd = Crowd { buyers, kills: 0, lock: args.lock.into() };
    // First on the model in any case: what does not fit there needs no process started.
    let mut model = replay_on_model(&rush, &crowd, &args.schedule)?;
    let mut remark = String::new();
    if args.on != Where::Model {
        model = on_stage(args, &rush, &crowd)?;
        let stage = if args.on == Where::Threads { "threads" } else { "processes" };
        remark = format!("✓ so it went on real {stage}: every step, every observation and every byte on disk\n");
    }
    let text = lanes(&rush, model.trace(), &closing(&rush, &crowd, &model));
    print(&format!("{}\n{text}{remark}\n{}\n", title(&rush, &crowd), replay_line(&rush, &crowd, &args.schedule)))?;
    Ok(Exit::Holds)
}

fn on_stage(args: &ReplayArgs, rush: &Rush, crowd: &Crowd) -> Result<Model<Rush>, Failure> {
    /// Conducted buyers do not wait, so this says nothing.
    const SPEED: f64 = 1.0;
    let (_folder, path) = fresh_database()?;
    let (site, setup) = site(rush, &path, crowd.lock);
    site.furnish(&setup)?;
    let moves = &args.schedule.0;
    if args.on == Where::Threads {
        let mut stage = Threads::new(rush, site.clone(), SPEED, true);
        return Ok(conduct(rush, crowd, moves, &site, &mut stage)?);
    }
    let command = buyer_command(args.what.program, &path, SPEED, args.lock, true)?;
    let mut stage = Processes::new(rush, site.clone(), SPEED, true, command)?;
    Ok(conduct(rush, crowd, moves, &site, &mut stage)?)
}

/// What the end of the trace shows.
fn closing(rush: &Rush, crowd: &Crowd, model: &Model<Rush>) -> Closing {
    let end = Final::of_model(model, crowd);
    let seen = |kind| {
        let shown = Property::ALL.into_iter().filter(|property| property.kind() == kind).filter_map(|property| {
            let seen = sighting(property, model.trace(), rush.tickets(), crowd, end.as_ref())?;
            Some(format!("{property}: {}", seen.remark))
        });
        shown.collect::<Vec<_>>()
    };
    let (broken, reached) = (seen(Kind::Always), seen(Kind::Sometimes));
    match end {
        _ if !broken.is_empty() => Closing::Broken(broken),
        _ if !reached.is_empty() => Closing::Reached(reached),
        Some(end) => {
            Closing::Stands(format!("the execution is over: {} bought, {} found it sold out", end.bought, end.sold_out))
        }
        None => Closing::Stands("the schedule ends here; the execution could go on".to_owned()),
    }
}
