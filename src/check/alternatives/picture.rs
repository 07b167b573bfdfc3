//! The graph of all states as a picture: by step, merged as the checker merges them, the execution highlighted.

use super::graph::Graph;
use super::is_made;
use crate::check::exploration::Space;
use crate::trace::{escaped, picture, value};

/// The most states that are drawn.
const MOST_DRAWN: usize = 200;

/// Between two states of a step, and between two steps.
const ACROSS: f64 = 30.0;
const DOWN: f64 = 44.0;
const MARGIN: f64 = 40.0;

/// How often states of a step are put in order by those of the steps beside it.
const SWEEPS: usize = 8;

/// Colours for light and dark; the same names as on the page, which it is part of.
const STYLE: &str = "\
svg{--paper:#fff;--ink:#1b2027;--soft:#545d69;--line:#9aa4b0;--bad:#b3142b;--good:#17692f;--here:#0b57b8;--lost:#f6d5d9}\
@media(prefers-color-scheme:dark){svg{--paper:#14171c;--ink:#e3e7ec;--soft:#a3adb9;--line:#566171;--bad:#ff8d97;--good:#74d08d;--here:#86b9ff;--lost:#50262d}}\
:root[data-theme=light] svg{--paper:#fff;--ink:#1b2027;--soft:#545d69;--line:#9aa4b0;--bad:#b3142b;--good:#17692f;--here:#0b57b8;--lost:#f6d5d9}\
:root[data-theme=dark] svg{--paper:#14171c;--ink:#e3e7ec;--soft:#a3adb9;--line:#566171;--bad:#ff8d97;--good:#74d08d;--here:#86b9ff;--lost:#50262d}\
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}\
.e{fill:none;stroke:var(--line);stroke-width:1}.k{stroke-dasharray:3 3}.p{fill:none;stroke:var(--here);stroke-width:3}\
.n{fill:var(--paper);stroke:var(--line);stroke-width:1.5}.l{fill:var(--lost);stroke:var(--bad)}.b{fill:var(--bad);stroke:var(--bad)}\
.g{fill:var(--good);stroke:var(--good)}.h{stroke:var(--here);stroke-width:3}svg text.t{fill:var(--ink);font-weight:700;text-anchor:middle}";

/// A picture of all states with an execution in it, and what is to be said of it; an empty one if there are too many.
pub fn of(space: &Space<'_>, graph: &Graph, path: &[usize]) -> (String, String) {
    let states = graph.len();
    if states > MOST_DRAWN {
        return (String::new(), format!("{states} states: more than the {MOST_DRAWN} that a picture can show."));
    }
    let placed = Placed::new(graph);
    let says = format!(
        "{states} states, those that no future can tell apart merged into one, by how many steps they are away from the \
         start. Blue: the execution above. White: it can still end well; green: it has. Pink: it no longer can; red: \
         here the property breaks. Dashed: a kill."
    );
    (placed.svg(space, graph, path), says)
}

/// Where each state is drawn.
struct Placed {
    /// By state: its step, and its place in it.
    at: Vec<(usize, usize)>,
    layers: Vec<Vec<usize>>,
}

impl Placed {
    fn new(graph: &Graph) -> Self {
        let mut step = vec![usize::MAX; graph.len()];
        step[0] = 0;
        // States are numbered in the order of a breadth-first search.
        for state in 0..graph.len() {
            for arc in graph.arcs(state) {
                step[arc.to] = step[arc.to].min(step[state] + 1);
            }
        }
        let mut layers: Vec<Vec<usize>> = Vec::new();
        for (state, step) in step.iter().enumerate() {
            layers.resize(layers.len().max(step + 1), Vec::new());
            layers[*step].push(state);
        }
        let mut placed = Placed { at: step.into_iter().map(|step| (step, 0)).collect(), layers };
        placed.number();
        for sweep in 0..SWEEPS {
            placed.sweep(graph, sweep % 2 == 0);
        }
        placed
    }

    fn number(&mut self) {
        for layer in &self.layers {
            for (place, state) in layer.iter().enumerate() {
                self.at[*state].1 = place;
            }
        }
    }

    /// Puts the states of each step in the order of those that they come from, or lead to.
    fn sweep(&mut self, graph: &Graph, down: bool) {
        let mut beside: Vec<Vec<usize>> = vec![Vec::new(); graph.len()];
        for state in 0..graph.len() {
            for arc in graph.arcs(state).iter().filter(|arc| self.at[arc.to].0 == self.at[state].0 + 1) {
                let (from, to) = if down { (state, arc.to) } else { (arc.to, state) };
                beside[to].push(from);
            }
        }
        let steps: Vec<usize> =
            if down { (0..self.layers.len()).collect() } else { (0..self.layers.len()).rev().collect() };
        for step in steps {
            // In whole numbers, so that every machine comes to the same order.
            let middle = |state: &usize| match beside[*state].as_slice() {
                [] => self.x_in_units(*state),
                others => others.iter().map(|other| self.x_in_units(*other)).sum::<i64>() / others.len() as i64,
            };
            let mut layer = self.layers[step].clone();
            layer.sort_by_key(|state| (middle(state), self.at[*state].1));
            self.layers[step] = layer;
            self.number();
        }
    }

    /// How far to the right of the middle, in thousandths of half the distance between two states.
    fn x_in_units(&self, state: usize) -> i64 {
        let (step, place) = self.at[state];
        (2 * place as i64 - self.layers[step].len() as i64 + 1) * 1000
    }

    fn svg(&self, space: &Space<'_>, graph: &Graph, path: &[usize]) -> String {
        let widest = self.layers.iter().map(Vec::len).max().unwrap_or(1);
        let width = (widest - 1) as f64 * ACROSS + 2.0 * MARGIN + 20.0;
        let height = (self.layers.len() - 1) as f64 * DOWN + 2.0 * MARGIN;
        let point = |state: usize| {
            let x = width / 2.0 + 10.0 + self.x_in_units(state) as f64 / 2000.0 * ACROSS;
            (x, MARGIN + self.at[state].0 as f64 * DOWN)
        };
        let mut body = String::new();
        for step in 0..self.layers.len() {
            let y = MARGIN + step as f64 * DOWN + 4.0;
            body.push_str(&format!("<text x=\"6\" y=\"{y}\">{step}</text>\n"));
        }
        let line = |from: usize, to: usize, class: &str| {
            let ((x, y), (to_x, to_y)) = (point(from), point(to));
            if from == to {
                return format!("<path class=\"{class}\" d=\"M{x} {y}c26 -16 26 16 0 0\"/>\n");
            }
            // What does not lead one step down goes round what may stand between.
            let aside = if self.at[to].0 == self.at[from].0 + 1 { 0.0 } else { 24.0 };
            let (middle_x, middle_y) = ((x + to_x) / 2.0 + aside, (y + to_y) / 2.0);
            format!("<path class=\"{class}\" d=\"M{x} {y}Q{middle_x} {middle_y} {to_x} {to_y}\"/>\n")
        };
        let mut drawn = std::collections::BTreeSet::new();
        for state in 0..graph.len() {
            for arc in graph.arcs(state) {
                let class = if is_made(arc.transition.act) { "e" } else { "e k" };
                if drawn.insert((state, arc.to, class)) {
                    body.push_str(&line(state, arc.to, class));
                }
            }
        }
        for pair in path.windows(2) {
            body.push_str(&line(pair[0], pair[1], "p"));
        }
        for state in 0..graph.len() {
            let broken_by_step = path.last() == Some(&state) && graph.arrives_broken(path);
            let (sort, says) = match state {
                _ if graph.breaks(state) || broken_by_step => ("b", "here the property breaks"),
                _ if !graph.can_end_well(state) => ("l", "it can no longer end well"),
                _ if graph.is_end(state) => ("g", "an end, and a good one"),
                _ => ("", "it can still end well"),
            };
            let on = path.iter().position(|other| *other == state);
            let class = format!("n {sort} {}", if on.is_some() { "h" } else { "" });
            let (x, y) = point(state);
            let step = on.map(|step| format!("step {step}: ")).unwrap_or_default();
            let title = escaped(&format!("{step}{}{says}", shared(space, graph.state(state))));
            let circle = format!(
                "<circle class=\"{}\" cx=\"{x}\" cy=\"{y}\" r=\"8\"><title>{title}</title></circle>",
                class.split_whitespace().collect::<Vec<_>>().join(" ")
            );
            body.push_str(&circle);
            if let Some(step) = on {
                body.push_str(&format!("<text class=\"t\" x=\"{}\" y=\"{}\">{step}</text>", x - 16.0, y - 7.0));
            }
            body.push('\n');
        }
        picture(width, height, "All states, by step", STYLE, &body)
    }
}

/// What the shared objects hold in a state.
fn shared(space: &Space<'_>, state: &[u32]) -> String {
    let names = space.automaton.reading().names();
    let value = |(name, content): (&&str, &u32)| {
        value(space.automaton.content_of(*content)).map(|value| format!("{name} {value}, "))
    };
    names.iter().zip(state).filter_map(value).collect()
}
