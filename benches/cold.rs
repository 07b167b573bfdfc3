//! scratch
use oversell::check::*;
use oversell::office::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let b: usize = a[1].parse().unwrap();
    let t: u64 = a[2].parse().unwrap();
    let reps: usize = a.get(3).and_then(|x| x.parse().ok()).unwrap_or(1);
    let p: &'static Program = PROGRAMS.iter().find(|p| p.name == "purchase-locked").unwrap();
    for _ in 0..reps {
        let rush = Rush::new(p, t);
        let at = Instant::now();
        let f = if b == 0 {
            if a.len() > 4 {
                Coverability { counting: Counting::default() }.check(&rush, &Crowd::of(1), &[Property::NoOversell])
            } else {
                Coverability { counting: Counting::default() }.check(
                    &rush,
                    &Crowd::of(1),
                    &[Property::NoOversell, Property::NoTornRead, Property::SearchesOverlap],
                )
            }
        } else {
            Counting::default().check(&rush, &Crowd::of(b), &Property::ALL)
        }
        .unwrap();
        let e = at.elapsed();
        println!(
            "{:.3} ms {} {}",
            e.as_secs_f64() * 1e3,
            f[0].verdict.explored(),
            f.iter().map(|f| f.verdict.name()).collect::<Vec<_>>().join(" ")
        );
    }
}
