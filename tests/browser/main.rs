//! Promise: the page works in a real browser, by keys and by mouse, in both colour schemes, at any width, for everybody,
//! and without a word on the console. Without a browser each test says that it is skipped, and why.
#![cfg(all(unix, feature = "cli", not(loom)))]

mod chromium;
mod pages;

use chromium::Tab;
use pages::{checked, every_witness, long, written};
use serde_json::{Value, json};

/// A tab of a browser, or a word on why the test is skipped.
fn tab() -> Option<Tab> {
    match Tab::new() {
        Ok(mut tab) => {
            tab.resize(1280, 800);
            Some(tab)
        }
        Err(why) => {
            println!("skipped, because {why}");
            None
        }
    }
}

#[test]
fn keys_and_mouse_and_scrubber_go_from_step_to_step() {
    let Some(mut tab) = tab() else { return };
    tab.open(&written("stepping", &checked("purchase-locked")), "");
    let at = |tab: &mut Tab| tab.eval("document.querySelector('[aria-current=step] .no').textContent.trim()");
    assert_eq!(at(&mut tab), "✗ 5", "it opens where the property breaks");
    for (key, step) in
        [("ArrowUp", "4"), ("ArrowLeft", "3"), ("Home", "0"), ("ArrowDown", "1"), ("ArrowRight", "2"), ("End", "✗ 5")]
    {
        tab.key(key);
        assert_eq!(at(&mut tab), step, "after {key}");
    }
    tab.click(".row.step:nth-child(3) .act");
    assert_eq!(at(&mut tab), "2", "after a click into its row");
    tab.click("#back");
    assert_eq!(at(&mut tab), "1");
    tab.eval("{ const s = $('scrubber'); s.value = 4; s.dispatchEvent(new Event('input')); }");
    assert_eq!(at(&mut tab), "4");
    let panel = tab.eval("$('panel').innerText");
    let panel = panel.as_str().unwrap();
    for said in
        ["Step 4 of 5: buyer 0", "buy: truncate", "held by buyer 0", "was {\"count\": 1}", "it can still end well"]
    {
        assert!(panel.contains(said), "{said} in\n{panel}");
    }
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn a_permalink_leads_to_its_step_and_its_trace() {
    let Some(mut tab) = tab() else { return };
    let file = written("permalink", &checked("unlocked"));
    tab.open(&file, "#step=3");
    assert_eq!(tab.eval("$('at').textContent"), "step 3 of 8");
    tab.key("ArrowDown");
    assert_eq!(tab.eval("location.hash"), "#step=4");
    tab.open(&file, "#trace=no-torn-read&step=2");
    assert_eq!(tab.eval("$('claim').textContent"), "✗ no-torn-read does not hold");
    assert_eq!(tab.eval("$('at').textContent.slice(0, 6)"), "step 2");
    tab.click("#findings a:nth-child(1)");
    // A page is told of a new place in it a little later.
    tab.eval("new Promise(done => setTimeout(done, 200))");
    assert_eq!(tab.eval("$('claim').textContent"), "✗ no-oversell does not hold");
    tab.open(&file, "#step=999");
    assert_eq!(tab.eval("$('at').textContent"), "step 8 of 8");
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn a_cell_of_the_matrix_leads_to_its_trace() {
    let Some(mut tab) = tab() else { return };
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("matrix-in-browser.html");
    let made =
        std::process::Command::new(env!("CARGO_BIN_EXE_oversell")).args(["matrix", "--html"]).arg(&file).output();
    assert!(made.unwrap().status.success());
    tab.open(&file, "");
    assert_eq!(
        tab.eval("[$('verdict').hidden, $('overview').hidden, document.querySelectorAll('#overview a').length > 30]"),
        json!([true, false, true])
    );
    tab.click("#overview a[href*='opposite-locks.no-deadlock']");
    tab.eval("new Promise(done => setTimeout(done, 200))");
    assert_eq!(tab.eval("$('claim').textContent"), "✗ no-deadlock does not hold");
    let there = tab
        .eval("[$('verdict').getBoundingClientRect().top >= 0, $('lanes').getBoundingClientRect().top < innerHeight]");
    assert_eq!(there, json!([true, true]), "it is to be seen");
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn a_search_leaves_the_steps_that_it_finds() {
    let Some(mut tab) = tab() else { return };
    tab.open(&written("search", &checked("unlocked")), "#step=1");
    tab.key("/");
    for letter in "truncate".chars() {
        tab.key(&letter.to_string());
    }
    let seen = "[...document.querySelectorAll('.row.step')].filter(r => r.offsetHeight > 0).map(r => r.querySelector('a').textContent).join()";
    assert_eq!(tab.eval(seen), "5,7");
    assert_eq!(tab.eval("$('found').textContent"), "2 steps of 8");
    tab.key("Enter");
    assert_eq!(tab.eval("$('at').textContent"), "step 5 of 8");
    tab.key("Escape");
    assert_eq!(tab.eval(seen), "0,1,2,3,4,5,6,7,8");
    // Spans that nobody interrupts fold into a row, but for the one that the step is in.
    tab.click("#fold");
    assert_eq!(tab.eval(seen), "0,1,2,3,4,5,6");
    tab.key("Home");
    assert_eq!(tab.eval(seen), "0,1,2,3");
    assert_eq!(
        tab.eval("[...document.querySelectorAll('.run')].map(b => b.textContent).join()"),
        "buy: 3 steps, 4 to 6,buy: 2 steps, 7 to 8"
    );
    tab.click(".run");
    assert_eq!(tab.eval(seen), "0,1,2,3,4,5,6");
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn colours_follow_the_system_and_the_switch() {
    let Some(mut tab) = tab() else { return };
    let file = written("colours", &checked("purchase-locked"));
    let paper = "getComputedStyle(document.body).backgroundColor";
    let (light, dark) = (json!("rgb(255, 255, 255)"), json!("rgb(20, 23, 28)"));
    tab.prefer("prefers-color-scheme", "light");
    tab.open(&file, "");
    assert_eq!(tab.eval(paper), light);
    tab.prefer("prefers-color-scheme", "dark");
    assert_eq!(tab.eval(paper), dark);
    tab.click("#theme");
    assert_eq!(tab.eval(paper), light);
    tab.click("#theme");
    assert_eq!(tab.eval(paper), dark);
    tab.prefer("prefers-reduced-motion", "reduce");
    assert_eq!(tab.eval("getComputedStyle(document.querySelector('.row.step')).transitionDuration"), "0s");
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn the_first_screen_says_what_went_wrong() {
    let Some(mut tab) = tab() else { return };
    tab.open(&written("first-screen", &checked("purchase-locked")), "");
    // What lies within the window without scrolling.
    let seen = "[...document.querySelectorAll('dt, dd, .edge, .row.step, #panel h2')]\
                .filter(e => e.getBoundingClientRect().bottom <= innerHeight && e.getBoundingClientRect().top >= 0)\
                .map(e => e.innerText).join('\\n')";
    let seen = tab.eval(seen);
    for said in [
        "nobody ever reads content that is no ledger",
        "step 5: buyer 1, search: read -> (empty). buyer 1 read content that is no JSON object with a count",
        "Until then it could be avoided. Instead buyer 0 could have gone on with buy: write {\"count\": 0}, and all could have ended well.",
        "point of no return: until here it could be avoided",
        "CRASHES: the file is empty",
        "Step 5 of 5: buyer 1",
    ] {
        assert!(seen.as_str().unwrap().contains(said), "{said} in\n{}", seen.as_str().unwrap());
    }
}

#[test]
fn two_thousand_steps_scroll_smoothly() {
    let Some(mut tab) = tab() else { return };
    tab.open(&written("long", &long(2_000)), "#step=0");
    assert_eq!(tab.eval("document.querySelectorAll('.row.step').length"), 2_001);
    // What is out of sight is not laid out, some twenty rows at a time: that is what keeps it smooth. How smooth is printed.
    let chunks =
        "[...document.querySelectorAll('.chunk')].filter(e => getComputedStyle(e).contentVisibility === 'auto').length";
    assert!(tab.eval(chunks).as_u64().is_some_and(|chunks| chunks > 90), "rows that nobody sees are laid out");
    // Three lines a frame: a hundred and eighty a second.
    let frames = "new Promise(done => {
        const box = $('trace'), times = [];
        let last = performance.now();
        requestAnimationFrame(function frame(now) {
            times.push(now - last); last = now;
            box.scrollTop += 100;
            if (times.length < 60) requestAnimationFrame(frame);
            else done(times.slice(1).sort((a, b) => a - b));
        });
    })";
    let frame = |tab: &mut Tab| {
        let (busy, times) = tab.busy(|tab| tab.eval(frames));
        let times: Vec<f64> = times.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        (busy / times.len() as f64, times[times.len() / 2])
    };
    let (busy, middle) = frame(&mut tab);
    // Of the clock no more is asked than of a trace of 40 steps: a machine that is busy elsewhere has few frames for anybody.
    let along = "for (let i = 0; i < 100; i++) { along(1); document.body.offsetHeight }";
    let (keyed, _) = tab.busy(|tab| tab.eval(along));
    tab.open(&written("short", &long(40)), "#step=0");
    let (_, usual) = frame(&mut tab);
    println!(
        "2,000 steps: {middle:.1} ms a frame (of 40 steps: {usual:.1}), of which the page works {busy:.1}; {:.1} ms a step",
        keyed / 100.0
    );
    assert_eq!(tab.errors, Vec::<String>::new());
}

#[test]
fn everybody_can_use_it() {
    let Some(mut tab) = tab() else { return };
    let files = [written("axe", &checked("purchase-locked")), written("axe-long", &long(40))];
    for (file, scheme) in [(&files[0], "light"), (&files[0], "dark"), (&files[1], "light")] {
        for width in [1280, 400] {
            tab.resize(width, 800);
            tab.prefer("prefers-color-scheme", scheme);
            tab.open(file, "");
            tab.eval(include_str!("axe-core/axe.min.js"));
            let found = tab.eval("axe.run().then(found => found.violations.map(v => [v.id, v.nodes.map(n => n.html + n.failureSummary)]))");
            assert_eq!(found, json!([]), "{scheme} at {width}: {found:#}");
        }
    }
    assert_eq!(tab.errors, Vec::<String>::new());
}

/// What does not fit, in words: cells whose text runs out of them, that lie on each other or outside of their row, and a page
/// that is wider than the window.
const DEFECTS: &str = "(() => {
    const found = [];
    const name = (e) => told.name + ': ' + e.innerText.slice(0, 60);
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(told.name + ': the page is ' + wide + ' px too wide');
    for (const row of document.querySelectorAll('.row:not(.off), .pair')) {
        const box = row.getBoundingClientRect();
        if (box.height === 0) continue;
        const cells = [...row.children].filter(c => c.offsetWidth > 0);
        cells.forEach((cell, i) => {
            const r = cell.getBoundingClientRect();
            if (cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth > 0) found.push(name(cell) + ': runs out of its cell');
            if (r.left < box.left - 1 || r.right > box.right + 1 || r.bottom > box.bottom + 1) found.push(name(cell) + ': lies outside of its row');
            for (const other of cells.slice(i + 1)) {
                const o = other.getBoundingClientRect();
                const across = Math.min(r.right, o.right) - Math.max(r.left, o.left), down = Math.min(r.bottom, o.bottom) - Math.max(r.top, o.top);
                if (across > 1 && down > 1) found.push(name(cell) + ': lies on ' + other.innerText.slice(0, 60));
            }
        });
    }
    for (const e of document.querySelectorAll('#verdict dd, #panel > *, #controls > *, nav > *')) {
        if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline') found.push(name(e) + ': runs out of its box');
        if (e.getBoundingClientRect().right > innerWidth + 1) found.push(name(e) + ': runs out of the window');
    }
    return found;
})()";

/// Not a test: `cargo test --test browser -- --ignored` writes pictures to look at.
#[test]
#[ignore = "for people, who look at what it writes"]
fn pictures_to_look_at() {
    let Some(mut tab) = tab() else { return };
    let mut page = every_witness();
    #[cfg(feature = "sqlite")]
    page.traces.extend(pages::of_sqlite().traces);
    let file = written("pictures", &page);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (width, height) in [(1280, 900), (400, 2400)] {
        tab.resize(width, height);
        tab.open(&file, "");
        for (number, told) in page.traces.iter().enumerate() {
            tab.eval(&format!(
                "tell(page.traces[{number}]); go(last(), false); $('findings').hidden = true; scrollTo(0, 0)"
            ));
            let picture = folder.join(format!("{}.{width}.png", told.name));
            std::fs::write(&picture, tab.screenshot()).unwrap();
        }
    }
    println!("pictures are in {}", folder.display());
}

#[test]
fn every_witness_fits_at_both_widths() {
    let Some(mut tab) = tab() else { return };
    fits_at_both_widths(&mut tab, "every-witness", &every_witness());
}

#[cfg(feature = "sqlite")]
#[test]
fn every_witness_of_sqlite_fits_at_both_widths() {
    let Some(mut tab) = tab() else { return };
    fits_at_both_widths(&mut tab, "sqlite", &pages::of_sqlite());
}

#[cfg(feature = "sqlite")]
#[test]
#[ignore = "performs the whole catalogue on all servers: a minute or two, and .ci/run does it"]
fn every_witness_of_all_databases_fits_at_both_widths() {
    let Some(mut tab) = tab() else { return };
    fits_at_both_widths(&mut tab, "databases", &pages::of_databases());
}

fn fits_at_both_widths(tab: &mut Tab, name: &str, page: &oversell::trace::page::Page) {
    let file = written(name, page);
    for width in [1280, 400] {
        tab.resize(width, 900);
        tab.open(&file, "");
        // What is not to be seen is not laid out, and would not be measured.
        tab.eval("document.head.append(el('style', {}, '.chunk { content-visibility: visible !important }'))");
        let found =
            tab.eval(&format!("page.traces.flatMap(told => {{ tell(told); go(last(), false); return {DEFECTS} }})"));
        assert_eq!(found, json!([]), "at {width}: {found:#}");
    }
    println!("{name}: {} traces at 1280 and at 400 pixels", page.traces.len());
    assert_eq!(tab.errors, Vec::<String>::new());
}
