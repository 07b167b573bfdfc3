//! The same file under loom, shuttle and oversell: what each reaches in a few seconds, in one table.
//!
//! `cargo run --release --example side_by_side`. (Loom is only there with `--cfg loom`, so this builds itself once more.)
//!
//! Loom explores C11's weak memory too, which the others do not; shuttle also runs random schedules of any size. What is
//! compared here is what each of them is sure of.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long a checker may take for one number of threads.
const BUDGET: Duration = Duration::from_secs(10);

/// The most threads that are tried.
const MOST: usize = 64;

type Buy<S> = fn(&S) -> bool;

#[cfg(loom)]
mod of_loom {
    use loom::sync;
    include!("shop.rs");
}

#[cfg(not(loom))]
mod of_shuttle {
    use shuttle::sync;
    include!("shop.rs");
}

#[cfg(not(loom))]
mod of_oversell {
    use oversell::drop_in::sync;
    include!("shop.rs");
}

#[cfg(loom)]
fn test_with_loom(threads: usize, buy: Buy<of_loom::Shop>) {
    let mut model = loom::model::Builder::new();
    model.max_duration = Some(BUDGET);
    model.check(move || {
        let shop = loom::sync::Arc::new(of_loom::Shop::new(1));
        let buyers: Vec<_> = (0..threads)
            .map(|_| {
                let shop = shop.clone();
                loom::thread::spawn(move || buy(&shop))
            })
            .collect();
        let sold = buyers.into_iter().map(|buyer| buyer.join().unwrap()).filter(|sold| *sold).count();
        assert!(sold <= 1 && shop.sold() <= 1);
    });
}

#[cfg(not(loom))]
fn test_with_shuttle(threads: usize, buy: Buy<of_shuttle::Shop>) {
    let mut config = shuttle::Config::new();
    config.max_time = Some(BUDGET);
    config.failure_persistence = shuttle::FailurePersistence::None;
    let runner = shuttle::Runner::new(shuttle::scheduler::DfsScheduler::new(None, false), config);
    runner.run(move || {
        let shop = shuttle::sync::Arc::new(of_shuttle::Shop::new(1));
        let buyers: Vec<_> = (0..threads)
            .map(|_| {
                let shop = shop.clone();
                shuttle::thread::spawn(move || buy(&shop))
            })
            .collect();
        let sold = buyers.into_iter().map(|buyer| buyer.join().unwrap()).filter(|sold| *sold).count();
        assert!(sold <= 1 && shop.sold() <= 1);
    });
}

#[cfg(not(loom))]
fn test_with_oversell(threads: Option<usize>, buy: Buy<of_oversell::Shop>) {
    use oversell::{check::Check, scenario::Scenario};
    let shop = Scenario::over("shop", || of_oversell::Shop::new(1))
        .stock(1)
        .role("buyer", move |shop| if buy(shop) { "bought" } else { "sold out" })
        .sale("bought")
        .always("sold", "no more are sold than there are", |shop, _| shop.sold() <= 1);
    let check = Check::new(&shop);
    let check = threads.map_or(check.clone().any("buyer"), |threads| check.threads("buyer", threads));
    check.run().unwrap().assert_holds();
}

/// How many threads are reached within the budget, and how long that took.
fn reach(test: impl Fn(usize)) -> (usize, Duration) {
    let mut reached = (0, Duration::ZERO);
    for threads in 1..=MOST {
        let start = Instant::now();
        let completed = catch_unwind(AssertUnwindSafe(|| test(threads))).is_ok();
        if !completed || start.elapsed() >= BUDGET {
            break;
        }
        reached = (threads, start.elapsed());
    }
    reached
}

/// How long it takes to find the bug with two threads.
fn find(test: impl FnOnce()) -> Duration {
    let start = Instant::now();
    assert!(catch_unwind(AssertUnwindSafe(test)).is_err(), "the bug is not found");
    start.elapsed()
}

/// How many lines a test takes: the function of this name.
fn lines(name: &str) -> usize {
    let source = include_str!("main.rs");
    let from = source.lines().skip_while(|line| !line.contains(&format!("fn {name}(")));
    from.take_while(|line| *line != "}").count() + 1
}

fn row(checker: &str, test: &str, (threads, time): (usize, Duration), found: Duration) -> String {
    let threads = if threads == usize::MAX { "any".to_owned() } else { threads.to_string() };
    let lines = lines(test);
    format!("{checker:24}  {threads:>7}  {time:>10.1?}  {found:>10.1?}  {lines:>5}")
}

#[cfg(loom)]
fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    let reached = reach(|threads| test_with_loom(threads, of_loom::Shop::buy));
    let found = find(|| test_with_loom(2, of_loom::Shop::buy_what_was_seen));
    println!("{}", row("loom (C11)", "test_with_loom", reached, found));
}

#[cfg(not(loom))]
fn main() {
    println!("{:24}  {:>7}  {:>10}  {:>10}  {:>5}", "checker", "threads", "time", "finds bug", "lines");
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let mut again = std::process::Command::new(cargo);
    again.args(["run", "--quiet", "--no-default-features", "--example", "side_by_side"]);
    again.args((!cfg!(debug_assertions)).then_some("--release"));
    again.args(["--features", "shuttle", "--target-dir"]);
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or("target".to_owned());
    again.arg(format!("{target}/loom")).env("RUSTFLAGS", "--cfg loom");
    again.current_dir(env!("CARGO_MANIFEST_DIR"));
    match again.output() {
        Ok(output) if output.status.success() => print!("{}", String::from_utf8_lossy(&output.stdout)),
        Ok(output) => println!("loom: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => println!("loom: {error}"),
    }
    std::panic::set_hook(Box::new(|_| ()));
    let reached = reach(|threads| test_with_shuttle(threads, of_shuttle::Shop::buy));
    let found = find(|| test_with_shuttle(2, of_shuttle::Shop::buy_what_was_seen));
    println!("{}", row("shuttle (every schedule)", "test_with_shuttle", reached, found));
    let counted = reach(|threads| test_with_oversell(Some(threads), of_oversell::Shop::buy));
    let found = find(|| test_with_oversell(Some(2), of_oversell::Shop::buy_what_was_seen));
    println!("{}", row("oversell (counting)", "test_with_oversell", counted, found));
    let start = Instant::now();
    test_with_oversell(None, of_oversell::Shop::buy);
    let any = (usize::MAX, start.elapsed());
    println!("{}", row("oversell (any number)", "test_with_oversell", any, found));
}
