"use strict";
// Draws the figures of a comparison from the data in the page. Colours come from the style sheet, light and dark.

const data = JSON.parse(document.getElementById("data").textContent);
const COLOURS = 6, DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];  // no two of 30 schedules share both
const STROKES = { solid: "none", dash: "6 3", dot: "2 3", dashdot: "6 3 2 3", longdash: "10 3" };
const BEST = 4;  // schedules shown at first, besides the natural course
const shown = new Set();
const element = (id) => document.getElementById(id);

function style(name) {
  const css = getComputedStyle(document.documentElement), own = (variable) => css.getPropertyValue(variable).trim();
  if (!name) return own;
  const rank = data.names.filter((other) => other !== data.twin).indexOf(name);
  return rank < 0 ? { colour: own("--ink"), dash: "dash", variable: "--ink" }
    : { colour: own(`--c${rank % COLOURS}`), dash: DASHES[rank % DASHES.length], variable: `--c${rank % COLOURS}` };
}

function faded(colour, opacity) {
  const part = (k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  return `rgba(${part(0)}, ${part(1)}, ${part(2)}, ${opacity})`;
}

function signed(value, digits = 1) {
  return (value > 0 ? "+" : "") + value.toFixed(digits).replace("-", "−");
}

function layout(x, y, more = {}) {
  const own = style();
  const axis = { gridcolor: own("--grid"), linecolor: own("--line"), zerolinecolor: own("--line"), fixedrange: true,
    automargin: true };
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 12, t: 8, b: 8 },
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: own("--ink") }, showlegend: false,
    dragmode: false, hovermode: "closest",
    hoverlabel: { bgcolor: own("--back"), bordercolor: own("--line"), font: { color: own("--ink") }, namelength: -1 },
    ...more, xaxis: { ...axis, ...x }, yaxis: { ...axis, ...y } };
}

function plot(id, traces, figure) {
  Plotly.react(id, traces, figure, { responsive: true, displayModeBar: false });
}

function line(axis, at, colour, dash = "solid") {
  const along = axis === "x" ? { x0: at, x1: at, y0: 0, y1: 1, yref: "paper" } : { y0: at, y1: at, x0: 0, x1: 1, xref: "paper" };
  return { type: "line", layer: "below", line: { color: colour, width: 1.5, dash }, ...along };
}

// Two schedules

function difference(a, b) {
  if (a === b) return { mean: 0, low: 0, high: 0 };
  const found = data.differences.find((each) => each.a === a && each.b === b);
  if (found) return found;
  const turned = data.differences.find((each) => each.a === b && each.b === a);
  return { mean: -turned.mean, low: -turned.high, high: -turned.low };
}

function holds(a, b) {
  const found = data.pairs.find((each) => each.a === a && each.b === b);
  if (found) return found.holds;
  const turned = data.pairs.find((each) => each.a === b && each.b === a);
  return turned ? turned.reversed : null;
}

function drawPair() {
  const a = element("pick-a").value, b = element("pick-b").value, own = style(), mean = difference(a, b);
  const patients = data.patients.map((patient, k) => ({ patient, a: data.scores[a][k], b: data.scores[b][k] }))
    .sort((one, other) => (other.a - other.b) - (one.a - one.b)).map((each, k) => ({ ...each, place: k + 1 }));
  const marks = (name, some, symbol, colour) => ({ type: "scatter", mode: "markers", name,
    x: some.map((each) => each.place), y: some.map((each) => each.a - each.b),
    text: some.map((each) => `patient ${each.patient}: ${signed(each.a - each.b)}<br>A ${signed(each.a)}, B ${signed(each.b)}`),
    hoverinfo: "text", marker: { symbol, size: 12, color: colour, line: { width: 1, color: own("--page") } } });
  const better = patients.filter((each) => each.a > each.b), worse = patients.filter((each) => each.a < each.b);
  const alike = patients.filter((each) => each.a === each.b);
  const groups = [["A better", better, "triangle-up", own("--c0")], ["B better", worse, "triangle-down", own("--c1")],
    ["alike", alike, "circle", own("--soft")]].filter((group) => group[1].length);
  const band = { type: "rect", layer: "below", xref: "paper", x0: 0, x1: 1, y0: mean.low, y1: mean.high,
    fillcolor: faded(own("--c0"), 0.18), line: { width: 0 } };
  plot("plot-pair", groups.map((group) => marks(...group)), layout(
    { title: { text: "patients, in order of the difference" }, showticklabels: false, showgrid: false, range: [0, patients.length + 1] },
    { title: { text: "A minus B, points" } },
    { shapes: [band, line("y", 0, own("--soft"), "dot"), line("y", mean.mean, own("--c0"))], showlegend: true,
      legend: { itemclick: false, itemdoubleclick: false, orientation: "h", x: 0, y: 1.02, yanchor: "bottom" } }));
  const sure = mean.low > 0 || mean.high < 0, share = holds(a, b);
  element("pair-words").textContent = a === b ? "Choose two different schedules." :
    `${a} scores ${Math.abs(mean.mean).toFixed(1)} points ${mean.mean < 0 ? "below" : "above"} ${b}`
    + ` (A minus B, 95 % interval ${signed(mean.low)} to ${signed(mean.high)}, paired over ${data.patients.length} patients)`
    + (sure ? "" : "; the interval holds 0, so either may be the better one")
    + `. A is better in ${better.length}, B in ${worse.length}, alike in ${alike.length}.`
    + (share === null ? "" : ` The mean of A is the higher in ${Math.round(share * data.sets)} of ${data.sets} other parameter sets.`);
  element("pair-times").replaceChildren(...[["A", a], ["B", b]].flatMap(([letter, name]) => {
    const title = document.createElement("h3"), times = document.querySelector(`[data-timeline="${name}"]`).cloneNode(true);
    title.textContent = `${letter}: ${name}`;
    times.removeAttribute("data-timeline");
    return [title, times];
  }));
}

// Courses

function traces(name, panel) {
  const [low, middle, high] = data.courses[name][panel], { colour, dash } = style(name);
  const known = data.day.map((_, k) => k).filter((k) => middle[k] !== null);
  const x = known.map((k) => data.day[k]), pick = (values) => known.map((k) => values[k]);
  const spread = { type: "scatter", mode: "lines", x: [...x, ...[...x].reverse()], y: [...pick(high), ...pick(low).reverse()],
    line: { width: 0 }, fill: "toself", fillcolor: faded(colour, 0.1), hoverinfo: "skip", name };
  const median = { type: "scatter", mode: "lines", x, y: pick(middle), line: { color: colour, dash, width: 2 }, name,
    hovertemplate: "after %{x} days: %{y:.3g}" };
  return [spread, median];
}

function range(panel, names) {
  if (["symptoms", "function", "acetylation"].includes(panel)) return { range: [-0.03, 1.03] };
  if (["nets", "nogo"].includes(panel)) return { rangemode: "tozero" };
  if (!panel.startsWith("early") || !names.length) return {};
  const values = names.flatMap((name) => ["early_own", "early_captor"].flatMap((side) => data.courses[name][side].flat()));
  const least = values.reduce((a, b) => Math.min(a, b)), most = values.reduce((a, b) => Math.max(a, b));
  return { range: [least - 0.05 * (most - least), most + 0.05 * (most - least)] };
}

function drawCourses() {
  const own = style(), names = data.names.filter((name) => shown.has(name)).reverse();  // the best is drawn last
  const shapes = [{ type: "rect", layer: "below", yref: "paper", x0: 0, x1: data.horizon, y0: 0, y1: 1,
    fillcolor: own("--band"), line: { width: 0 } }, line("x", data.challenge, own("--soft"), "dot")];
  for (const { key, unit } of data.panels) {
    const drawn = names.map((name) => traces(name, key));
    const spreads = names.length > data.shaded ? [] : drawn.map((pair) => pair[0]);
    plot(`plot-${key}`, [...spreads, ...drawn.map((pair) => pair[1])],
      layout({ title: { text: "days since treatment began" }, range: [0, data.followup + 1] }, { title: { text: unit }, ...range(key, names) }, { shapes }));
  }
}

function drawLegend() {
  for (const chip of element("legend").querySelectorAll("button")) chip.setAttribute("aria-pressed", shown.has(chip.value));
}

function makeLegend() {
  element("legend").replaceChildren(...data.names.map((name) => {
    const item = document.createElement("li"), chip = document.createElement("button"), { dash, variable } = style(name);
    chip.type = "button";
    chip.value = name;
    chip.innerHTML = `<svg width="28" height="8" aria-hidden="true"><line x1="0" x2="28" y1="4" y2="4" stroke-width="2.5"
      stroke="var(${variable})" stroke-dasharray="${STROKES[dash]}"/></svg>`;
    chip.append(name);
    chip.addEventListener("click", () => show(shown.has(name) ? [...shown].filter((other) => other !== name) : [...shown, name]));
    item.append(chip);
    return item;
  }));
}

function show(names) {
  shown.clear();
  names.forEach((name) => shown.add(name));
  drawLegend();
  drawCourses();
}

const SETS = {
  best: () => [...data.names.filter((name) => name !== data.twin).slice(0, BEST), data.twin],
  pair: () => [element("pick-a").value, element("pick-b").value],
  all: () => data.names,
  none: () => [],
};

// Who responds

function drawResponders() {
  const name = element("pick-schedule").value, own = style(), found = data.responders[name];
  const seen = data.observables.find((each) => each.name === element("pick-observable").value);
  const half = found.find((each) => each.observable === seen.name), order = [...found].reverse();
  plot("plot-halves", [{ type: "scatter", mode: "markers", x: order.map((each) => each.difference.mean),
    y: order.map((each) => each.observable), marker: { size: 9, color: order.map((each) => each === half ? own("--c1") : own("--c0")),
      symbol: order.map((each) => each === half ? "diamond" : "circle") },
    error_x: { type: "data", symmetric: false, color: own("--c0"), thickness: 2, width: 0,
      array: order.map((each) => each.difference.high - each.difference.mean),
      arrayminus: order.map((each) => each.difference.mean - each.difference.low) },
    hovertemplate: "%{y}: %{x:+.2f}<extra></extra>" }],
    layout({ title: { text: "difference in share restored" } }, {}, { shapes: [line("x", 0, own("--soft"), "dot")] }));
  const points = (label, upper, symbol, colour) => {
    const which = seen.values.map((_, k) => k).filter((k) => (seen.values[k] > seen.median) === upper);
    return { type: "scatter", mode: "markers", name: label, x: which.map((k) => seen.values[k]),
      y: which.map((k) => data.restored[name][k]), text: which.map((k) => `patient ${data.patients[k]}`),
      hovertemplate: "%{text}: %{y:.2f}<extra></extra>", marker: { symbol, size: 8, color: colour } };
  };
  plot("plot-patients", [points("lower half", false, "circle-open", own("--c1")), points("upper half", true, "circle", own("--c0"))],
    layout({ title: { text: `${seen.name} (${seen.unit})` } }, { title: { text: "share restored" } },
      { shapes: [line("x", seen.median, own("--soft"), "dot")], showlegend: true,
        legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" } }));
  const { mean, low, high } = half ? half.difference : {};
  element("responders-words").textContent = !half ? `Patients cannot be split in two by ${seen.name}.` :
    `Under ${name}, the half of patients with higher ${seen.name} ends with ${Math.abs(mean).toFixed(2)}`
    + ` ${mean < 0 ? "less" : "more"} of lost function restored than the other half (difference ${signed(mean, 2)},`
    + ` 95 % interval ${signed(low, 2)} to ${signed(high, 2)}${low > 0 || high < 0 ? "" : ", which holds 0: either half may do better"}).`;
}

function draw() {
  if (element("plot-pair")) drawPair();
  drawCourses();
  if (element("plot-halves")) drawResponders();
}

makeLegend();
SETS.best().forEach((name) => shown.add(name));
drawLegend();
for (const id of ["pick-a", "pick-b"]) element(id)?.addEventListener("change", drawPair);
for (const id of ["pick-schedule", "pick-observable"]) element(id)?.addEventListener("change", drawResponders);
for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => show(SETS[button.dataset.show]()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
