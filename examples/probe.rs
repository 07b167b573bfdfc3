//! probe
use oversell::check::*;
use oversell::office::*;
use std::time::Instant;
fn main() {
    for p in PROGRAMS {
        let rush = Rush::new(p, p.tickets);
        let t = Instant::now();
        let f = Counting::default().check(&rush, &Crowd::of(p.buyers), &Property::ALL).unwrap();
        println!("== {} {}x{} {:?} {}", p.name, p.buyers, p.tickets, t.elapsed(), f[0].verdict.explored());
        for f in &f {
            println!(
                "   {:18} {:12} worst {:?} {}",
                f.property,
                f.verdict.name(),
                f.worst,
                f.verdict.witness().map(|w| format!("{} buyers: {}", w.crowd.buyers, w.schedule)).unwrap_or_default()
            );
        }
        let t = Instant::now();
        let a = Coverability { counting: Counting::default() }.check(&rush, &Crowd::of(0), &Property::ALL).unwrap();
        println!("   any: {:?} {}", t.elapsed(), a[0].verdict.explored());
        for f in &a {
            println!("   {:18} {:12} worst {:?}", f.property, f.verdict.name(), f.worst);
        }
        let t = Instant::now();
        let d = ShuttleDfs::default().check(&Rush::new(p, 1), &Crowd::of(2), &Property::ALL).unwrap();
        println!("   dfs: {:?} {}", t.elapsed(), d[0].verdict.explored());
        let c = Counting::default().check(&Rush::new(p, 1), &Crowd::of(2), &Property::ALL).unwrap();
        for (a, b) in c.iter().zip(&d) {
            if a.verdict.name() != b.verdict.name() {
                println!("   DIFF {} {} {}", a.property, a.verdict.name(), b.verdict.name());
            }
            if let (Some(x), Some(y)) = (a.verdict.witness(), b.verdict.witness()) {
                if x.crowd == y.crowd && x != y {
                    println!("WITNESS DIFF {} {}", x.schedule, y.schedule)
                }
            }
        }
    }
    let rush = Rush::new(Program::named("purchase-locked").unwrap(), 10);
    let t = Instant::now();
    let f = Counting::default().check(&rush, &Crowd::of(100), &Property::ALL[..1]).unwrap();
    println!("{:?} {}", t.elapsed(), f[0].verdict.explored());
    let t = Instant::now();
    let f = Coverability { counting: Counting::default() }.check(&rush, &Crowd::of(100), &Property::ALL[..1]).unwrap();
    println!("any x 10 {:?} {} {}", t.elapsed(), f[0].verdict.name(), f[0].verdict.explored());
    let rush = Rush::new(Program::named("purchase-locked").unwrap(), 2);
    let t = Instant::now();
    let f = Counting::default().check(&rush, &Crowd::of(15), &Property::ALL[..1]).unwrap();
    println!("15x2 {:?} {}", t.elapsed(), f[0].verdict.explored());
    let rush = Rush::new(Program::named("purchase-locked").unwrap(), 1);
    let f = Counting::default().check(&rush, &Crowd::of(15), &[Property::NoTornRead]).unwrap();
    print!("{}", f[0].verdict.witness().unwrap().lanes(&rush));
    let rush = Rush::new(Program::named("unlocked").unwrap(), 1);
    let f = Counting::default().check(&rush, &Crowd::of(15), &[Property::NoOversell]).unwrap();
    print!("{}", f[0].verdict.witness().unwrap().lanes(&rush));
    let rush = Rush::new(Program::named("joined-until-sold-out").unwrap(), 2);
    let f = Counting::default().check(&rush, &Crowd::of(15), &[Property::SellsOut]).unwrap();
    print!("{}", f[0].verdict.witness().unwrap().lanes(&rush));
}
