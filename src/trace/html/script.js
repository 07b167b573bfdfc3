"use strict";
const page = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

// An element; children that are null or false are left out.
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else made.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) made.append(child);
  return made;
}

const colours = ["#2f6fd0", "#c2571a", "#2c8a4b", "#8a4fc7", "#b3861b", "#1b8a94", "#c03c79", "#6b7280"];
let told = null; // the trace that is shown, with what is computed of it
let step = 0;

// ---- what is computed of a trace, once

function prepared(trace) {
  if (trace.steps) return trace;
  const steps = [{ n: 0, rows: [], mark: "" }];
  let ends = null;
  for (const row of trace.rows) {
    if (row.n) steps.push({ n: row.n, rows: [], mark: row.mark });
    if (row.kind === "remark") continue;
    if (row.kind === "left") (ends = ends || { n: null, rows: [], mark: "" }).rows.push(row);
    else steps[steps.length - 1].rows.push(row);
  }
  let faces = trace.objects.map((object) => object.first);
  for (const one of steps) {
    one.before = faces;
    for (const row of one.rows) {
      for (const change of row.changes) {
        if (faces === one.before) faces = faces.slice();
        faces[change.object] = change;
      }
    }
    one.after = faces;
    one.lead = one.rows.find((row) => row.n) || null;
    one.text = one.rows.map((row) => `${trace.lanes[row.lane] ?? ""} ${row.text} ${row.gloss ?? ""}`).join(" ").toLowerCase();
  }
  // Steps of one span visit that follow on each other without anybody in between: what can be folded.
  for (let i = 1; i < steps.length; ) {
    const span = steps[i].lead && steps[i].lead.spans[0];
    let end = i + 1;
    while (span !== undefined && end < steps.length && steps[end].lead && steps[end].lead.spans[0] === span) end++;
    if (end - i > 1) for (let j = i; j < end; j++) steps[j].run = { first: i, last: end - 1, name: trace.spans[span].name };
    i = end;
  }
  // A lock that nobody touches needs no lane.
  const touched = new Set(trace.rows.flatMap((row) => row.changes.map((change) => change.object)));
  const shared = trace.objects.map((_, i) => i).filter((i) => trace.objects[i].first.value !== null || touched.has(i));
  return Object.assign(trace, { steps, ends, shared, open: new Set() });
}

// ---- small pieces

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const names = (lanes) => lanes.map((lane) => told.lanes[lane]).join(", ");
const last = () => told.steps.length - 1;
const link = (n) => el("a", { href: address(n) }, `step ${n}`);

function address(n, trace = told) {
  return trace === page.traces[0] ? `#step=${n}` : `#trace=${trace.name}&step=${n}`;
}

// A value, with what is different from the one before marked in it.
function value(now, before) {
  if (before === null || before === undefined || before === now) return [now];
  let start = 0, end = 0;
  while (start < now.length && start < before.length && now[start] === before[start]) start++;
  while (end < now.length - start && end < before.length - start && now[now.length - 1 - end] === before[before.length - 1 - end]) end++;
  const middle = now.slice(start, now.length - end);
  return middle === "" ? [el("mark", {}, now)] : [now.slice(0, start), el("mark", {}, middle), now.slice(now.length - end)];
}

function line(row) {
  const kind = { said: "said", death: "dies", kill: "dies", left: "said" }[row.kind];
  return [el("div", { class: kind }, row.text), row.gloss && el("div", { class: "gloss" }, row.gloss)];
}

function shape(face, before, object) {
  const parts = [];
  if (face.value !== null) parts.push(el("div", {}, value(face.value, before && before.value)));
  const held = face.holders.length > 0, waits = face.waiters.length > 0;
  if (held) parts.push(el("div", {}, `held by ${names(face.holders)}`));
  else if (object.what === "lock" && (!waits || face.value === null)) parts.push(el("div", { class: "soft" }, "free"));
  if (waits) parts.push(el("div", { class: "turn" }, `${names(face.waiters)} ${waits && face.waiters.length > 1 ? "wait" : "waits"}`));
  return parts;
}

// ---- the trace in lanes

function lanes() {
  const lanes = told.lanes.length, objects = told.shared.length;
  const many = lanes > 3, narrow = many ? 8 : 11;
  $("stage").classList.toggle("many", many);
  $("lanes").style.setProperty("--columns", `3.2rem repeat(${lanes}, minmax(${narrow}rem, 3fr)) repeat(${objects}, minmax(6.5rem, 2fr))`);
  $("lanes").style.setProperty("--width", `${4 + lanes * (narrow + 0.7) + objects * 7.2}rem`);
  $("lanes").setAttribute("aria-rowcount", told.steps.length + 1);
  const head = el("div", { class: "row head", role: "row" },
    el("span", { class: "no", role: "columnheader" }, "step"),
    told.lanes.map((name) => el("span", { role: "columnheader" }, name)),
    told.shared.map((i) => el("span", { role: "columnheader" }, told.objects[i].name, el("small", {}, told.objects[i].what))));
  const rows = told.steps.map((one) => (one.element = row(one)));
  const end = told.ends && row(told.ends);
  const all = rows.flatMap((made, n) => {
    const run = told.steps[n].run;
    return run && run.first === n ? [(run.element = folded(run)), made] : [made];
  });
  if (end) all.push(end);
  const chunks = [];
  // A short trace is all there at once.
  const size = all.length > 60 ? 20 : all.length;
  for (let i = 0; i < all.length; i += size) chunks.push(el("div", { role: "rowgroup", class: all.length > 60 && "chunk" }, all.slice(i, i + size)));
  $("lanes").replaceChildren(el("div", { role: "rowgroup", class: "heading" }, head), ...chunks);
}

function row(one) {
  const cells = [];
  if (one.n === 0) cells.push(el("span", { class: "no soft", role: "rowheader" }, el("a", { href: address(0), "aria-label": "step 0, the start" }, "0")));
  else if (one.n === null) cells.push(el("span", { class: "no soft", role: "rowheader" }, "end"));
  else cells.push(el("span", { class: "no", role: "rowheader" },
    one.mark && el("b", { class: one.mark === "✓" && "good" }, one.mark + " "),
    el("a", { href: address(one.n), "aria-label": `step ${one.n}` }, String(one.n))));
  for (let lane = 0; lane < told.lanes.length; lane++) {
    const own = one.rows.filter((row) => row.lane === lane);
    if (own.length === 0) continue;
    const style = `grid-column:${lane + 2};--lane:${colours[lane % colours.length]}`;
    cells.push(el("div", { class: "act", role: "cell", "aria-colindex": lane + 2, style },
      el("span", { class: "who" }, told.lanes[lane]), own.map(line)));
  }
  told.shared.forEach((i, place) => {
    if (one.n === null) return;
    const object = told.objects[i], now = one.after[i], before = one.before[i];
    if (one.n !== 0 && now === before) return;
    const column = told.lanes.length + 2 + place;
    cells.push(el("div", { class: "val", role: "cell", "aria-colindex": column, style: `grid-column:${column}` },
      el("span", { class: "name" }, object.name + ": "), shape(now, one.n === 0 ? null : before, object)));
  });
  const turn = told.turn && told.turn.step === one.n && one.n > 0;
  const edge = turn && el("div", { class: "edge", role: "cell" }, `point of no return: until here it could be avoided`);
  const made = el("div", { class: "row" + (one.n === null ? "" : " step"), role: "row" }, edge, cells);
  if (one.n !== null) made.addEventListener("click", (event) => { if (!event.target.closest("a, button")) go(one.n); });
  if (told.turn && told.turn.step !== null && (one.n === null || one.n >= told.turn.step)) made.classList.add("after");
  return made;
}

function folded(run) {
  const button = el("button", { class: "run", type: "button", on: { click: () => { told.open.add(run.first); shown(); } } },
    `${run.name}: ${count(run.last - run.first + 1, "step")}, ${run.first} to ${run.last}`);
  return el("div", { class: "row", role: "row" }, el("span", { class: "no", role: "rowheader" }, "⋯"), el("div", { role: "cell", style: "grid-column: 2 / -1" }, button));
}

// Which rows are to be seen: those that are found, and not folded.
function shown() {
  const wanted = $("search").value.trim().toLowerCase();
  const folds = $("fold").getAttribute("aria-pressed") === "true";
  let found = 0;
  for (const one of told.steps) {
    const hit = wanted === "" || one.text.includes(wanted);
    if (hit && one.n > 0) found++;
    const within = one.run && step >= one.run.first && step <= one.run.last;
    const fold = folds && wanted === "" && one.run && !within && !told.open.has(one.run.first);
    one.hidden = !hit || Boolean(fold);
    one.element.classList.toggle("off", one.hidden);
    if (one.run && one.run.first === one.n) one.run.element.classList.toggle("off", !one.hidden || !hit);
  }
  $("found").textContent = wanted === "" ? "" : `${count(found, "step")} of ${last()}`;
}

// ---- the step that is shown

const fates = { good: ["good", "it can still end well"], doomed: ["bad", "it can no longer end well"], breaks: ["bad", "breaks it here"] };

function way(one) {
  const [colour, words] = fates[one.fate] || ["soft", ""];
  const on = one.then.map((next) => el("li", {}, el("span", { class: "soft" }, `${next.who}: `), el("code", {}, next.text)));
  return el("li", { class: one.taken && "taken" },
    el("div", {}, el("span", { class: "soft" }, `${one.who}: `), el("code", {}, one.text), one.taken && el("span", { class: "soft" }, " (taken here)")),
    words && el("div", { class: colour }, `${one.fate === "good" ? "✓" : "✗"} ${words}`),
    on.length > 0 && el("details", {}, el("summary", {}, one.fate === "good" ? `how: ${count(on.length, "step")} more to a good end` : `the shortest way on: ${count(on.length, "step")} more`), el("ol", {}, on)),
    one.then.length === 0 && one.end && el("div", { class: "soft" }, one.end));
}

function panel() {
  const one = told.steps[step];
  const parts = [];
  if (step === 0) parts.push(el("h2", {}, "The start"), el("p", {}, "Nobody has taken a step yet."), one.rows.filter((row) => row.lane !== null).map(line).flat());
  else {
    const lead = one.lead;
    parts.push(el("h2", {}, `Step ${step} of ${last()}: ${told.lanes[lead.lane]}`));
    parts.push(el("div", { class: "act", style: `--lane:${colours[lead.lane % colours.length]}` },
      one.rows.map((row) => [row.lane !== lead.lane && el("div", { class: "soft" }, told.lanes[row.lane]), line(row)])));
    if (lead.spans.length > 0) parts.push(el("p", { class: "soft" }, `inside ${lead.spans.map((span) => told.spans[span].name).join(", in it ")}`));
    if (lead.source) parts.push(el("p", { class: "mono" }, `${lead.source.file}:${lead.source.line}`));
  }
  if (step === last() && told.why.length > 0) parts.push(el("p", { class: { broken: "bad", reached: "good" }[told.holds] }, told.why.join("; ")));
  if (step === last() && told.ends) parts.push(told.ends.rows.map((row) => el("p", { class: "soft" }, `${told.lanes[row.lane]}: ${row.text}`)));
  if (told.objects.length > 0) {
    parts.push(el("h3", {}, step === 0 ? "What is shared" : "What is shared, after this step"));
    parts.push(el("table", {}, told.shared.map((i) => {
      const object = told.objects[i], now = one.after[i], before = step === 0 ? null : one.before[i];
      const was = before && before !== now && before.value !== now.value && before.value !== null;
      return el("tr", {}, el("th", { scope: "row" }, object.name), el("td", { class: "val" }, shape(now, before, object), was && el("div", { class: "soft" }, `was ${before.value}`)));
    })));
  }
  const ways = step > 0 && told.ways && told.ways[step - 1];
  if (ways) {
    parts.push(el("h3", {}, ways.length > 1 ? "What could have happened in its place" : "Nothing else could have happened in its place"));
    parts.push(el("ul", { class: "ways" }, ways.map(way)));
  } else if (step > 0 && told.unknown) parts.push(el("h3", {}, "What else could have happened"), el("p", { class: "soft" }, told.unknown));
  $("panel").replaceChildren(...parts.flat(Infinity).filter(Boolean));
}

// ---- going from step to step

function go(to, remember = true) {
  const before = told.steps[step];
  step = Math.max(0, Math.min(last(), to));
  const now = told.steps[step];
  if (before && before.element) { before.element.classList.remove("here"); before.element.removeAttribute("aria-current"); }
  shown();
  now.element.classList.add("here");
  now.element.setAttribute("aria-current", "step");
  keepInView(now.element);
  $("scrubber").value = step;
  $("at").textContent = `step ${step} of ${last()}`;
  $("scrubber").setAttribute("aria-valuetext", `step ${step} of ${last()}: ${now.lead ? told.lanes[now.lead.lane] + " " + now.lead.text : "the start"}`);
  $("first").disabled = $("back").disabled = step === 0;
  $("last").disabled = $("on").disabled = step === last();
  panel();
  if (remember) history.replaceState(null, "", address(step));
}

// Scrolls the lanes, and not the page, unless the lanes are as long as the page.
function keepInView(element) {
  const box = $("trace"), head = 48;
  if (box.scrollHeight <= box.clientHeight + 1) return;
  const place = element.getBoundingClientRect(), within = box.getBoundingClientRect();
  const above = within.top + head - place.top, below = place.bottom - within.top - box.clientHeight;
  if (above > 0) box.scrollTop -= above;
  else if (below > 0) box.scrollTop += below + 8;
}

// The next step in a direction that is to be seen.
function along(by) {
  let to = step + by;
  while (to > 0 && to < last() && told.steps[to].hidden && !(told.steps[to].run && $("search").value === "")) to += Math.sign(by);
  go(to);
}

// ---- the whole page

function verdict() {
  const turn = told.turn, broken = told.holds === "broken";
  const at = told.steps.find((one) => one.mark) || told.steps[last()];
  const title = told.property ? [told.property, el("small", {}, broken ? " does not hold" : " is possible")] : [told.title];
  const facts = [];
  const fact = (term, ...what) => facts.push(el("dt", {}, term), el("dd", {}, ...what.flat()));
  if (told.sentence) fact("claim", told.sentence);
  const who = at.lead && [link(at.n), ": ", told.lanes[at.lead.lane], ", ", el("code", {}, at.lead.text)];
  if (told.why.length > 0) fact(broken ? "breaks at" : told.holds === "reached" ? "shown at" : "comes to", who || [], who ? [". ", el("strong", {}, told.why.join("; "))] : told.why.join("; "));
  if (turn) fact("point of no return", turned(turn));
  else if (told.unknown) fact("point of no return", told.unknown);
  if (told.replay) fact("replay", el("span", { class: "copy" }, el("code", { id: "replay" }, told.replay), copier(told.replay)));
  if (told.note) fact("note", told.note);
  $("verdict").className = told.holds;
  $("verdict").replaceChildren(el("h2", { id: "claim", class: broken ? "bad" : told.holds === "reached" ? "good" : "" }, broken ? "✗ " : told.holds === "reached" ? "✓ " : "", title),
    told.property && (page.traces.length > 1 || told.title !== page.title) ? el("p", { class: "soft" }, told.title) : "", el("dl", {}, facts));
}

function turned(turn) {
  if (turn.step === null) return ["none: a good end can still be reached from where the trace stops"];
  if (turn.step === 0) return ["the start: no execution of this ends well"];
  const one = told.steps[turn.step], better = told.ways[turn.step - 1].find((way) => way.fate === "good" && !way.taken);
  const said = [link(turn.step), ": ", told.lanes[one.lead.lane], ", ", el("code", {}, one.lead.text), "."];
  if (turn.step === last()) said.push(" Until then it could be avoided");
  else said.push(" After it, nothing that anybody does can avoid it");
  said.push(".", better ? [" Instead ", better.who, " could have gone on with ", el("code", {}, better.text), ", and all could have ended well."] : "");
  return said.flat();
}

function copier(text) {
  return el("button", { type: "button", id: "copy", on: { click: async (event) => {
    const button = event.target;
    try { await navigator.clipboard.writeText(text); button.textContent = "copied"; } catch {
      getSelection().selectAllChildren($("replay"));
      button.textContent = "selected";
    }
    setTimeout(() => (button.textContent = "copy"), 1500);
  } } }, "copy");
}

function beside() {
  const it = told.beside;
  $("beside").hidden = !it;
  if (!it) return;
  const cell = (lines) => el("div", { class: "act" }, lines.map((text) => el("div", {}, text)));
  $("beside").replaceChildren(el("h2", { id: "beside-title" }, `Beside its repair, ${it.name}, on the same schedule`), el("p", {}, it.parts),
    el("div", { class: "pair head" }, el("span", {}, "step"), el("span", {}, it.wrong), el("span", {}, it.name)),
    ...it.rows.map((row) => el("div", { class: "pair" }, el("span", {}, el("a", { href: address(row.n) }, String(row.n)), " ", row.who),
      cell(row.left), el("div", { class: row.differ && row.right.length > 0 && "differ" }, row.right.length > 0 && cell(row.right)))));
}

function states() {
  $("states").hidden = !told.states;
  if (!told.states) return;
  const picture = el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Picture of the states" });
  picture.innerHTML = told.states.svg; // written by oversell itself, everything in it escaped
  $("states").replaceChildren(el("h2", { id: "states-title" }, "All states, by step"), el("p", {}, told.states.says), told.states.svg ? picture : "");
}

function overview() {
  const table = page.table;
  $("overview").hidden = !table;
  if (!table) return;
  const cell = (cell, tag) => {
    const colour = cell.text.startsWith("✗") ? "bad" : cell.text.startsWith("✓") ? "good" : "";
    const trace = cell.trace !== null && page.traces[cell.trace];
    return el(tag, { class: colour + (cell.text.length < 40 ? " short" : ""), scope: tag === "th" && "row" }, trace ? el("a", { class: colour, href: `#trace=${trace.name}&step=${trace.rows.filter((row) => row.n).length}` }, cell.text) : cell.text);
  };
  $("overview").replaceChildren(el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Table" }, el("table", {},
    el("thead", {}, el("tr", {}, table.head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, table.rows.map((row) => el("tr", {}, row.map((one, i) => cell(one, i === 0 ? "th" : "td"))))))));
  if (!table.first) document.querySelector("main").append($("overview"));
}

function findings() {
  $("findings").hidden = page.traces.length < 2 || Boolean(page.table && page.table.first);
  $("findings").replaceChildren(...page.traces.map((trace) => el("a", { href: `#trace=${trace.name}`, "data-trace": trace.name },
    `${trace.holds === "broken" ? "✗ " : trace.holds === "reached" ? "✓ " : ""}${trace.name}`)));
}

function tell(trace) {
  told = prepared(trace);
  step = 0;
  for (const id of ["verdict", "controls", "stage"]) $(id).hidden = false;
  $("scrubber").max = last();
  $("search").value = "";
  $("fold").hidden = !told.steps.some((one) => one.run);
  for (const chip of $("findings").children) chip.setAttribute("aria-current", String(chip.dataset.trace === told.name));
  lanes();
  verdict();
  beside();
  states();
}

// Where the address points to; without a step, to where the property shows.
function follow() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const trace = page.traces.find((trace) => trace.name === wanted.get("trace")) || (wanted.has("step") && !wanted.has("trace") && told) || (page.table && page.table.first && !location.hash ? null : page.traces[0]);
  if (!trace) return;
  const other = trace !== told;
  if (other) tell(trace);
  const n = parseInt(wanted.get("step"), 10);
  go(Number.isNaN(n) ? last() : n, location.hash !== "");
  if (other && page.table && page.table.first) $("verdict").scrollIntoView();
}

function theme(to) {
  const root = document.documentElement;
  if (to) root.dataset.theme = to;
  else delete root.dataset.theme;
  $("theme").textContent = { light: "☀", dark: "☾" }[to] || "◐";
  $("theme").setAttribute("aria-label", `Colours: ${to || "as the system has them"}`);
}

$("theme").addEventListener("click", () => {
  const order = [undefined, "light", "dark"];
  theme(order[(order.indexOf(document.documentElement.dataset.theme) + 1) % 3]);
});
$("first").addEventListener("click", () => go(0));
$("back").addEventListener("click", () => along(-1));
$("on").addEventListener("click", () => along(1));
$("last").addEventListener("click", () => go(last()));
$("scrubber").addEventListener("input", () => go(Number($("scrubber").value)));
$("search").addEventListener("input", shown);
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") { $("search").value = ""; shown(); $("trace").focus(); }
  if (event.key === "Enter") {
    const next = [...told.steps.slice(step + 1), ...told.steps.slice(0, step + 1)].find((one) => !one.hidden && one.n > 0);
    if (next) go(next.n);
  }
});
$("fold").addEventListener("click", () => {
  const folds = $("fold").getAttribute("aria-pressed") !== "true";
  $("fold").setAttribute("aria-pressed", String(folds));
  told.open.clear();
  shown();
});
addEventListener("keydown", (event) => {
  if (!told || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input")) return;
  const act = { ArrowDown: () => along(1), ArrowRight: () => along(1), ArrowUp: () => along(-1), ArrowLeft: () => along(-1),
    PageDown: () => go(step + 10), PageUp: () => go(step - 10), Home: () => go(0), End: () => go(last()),
    "/": () => $("search").focus() }[event.key];
  if (act) { event.preventDefault(); act(); }
});
addEventListener("hashchange", follow);

$("about").textContent = page.about.join("\n");
theme();
overview();
findings();
follow();
