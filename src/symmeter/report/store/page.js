// Text from outside goes into the page by textContent only.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const load = async (id) => {
  const bytes = Uint8Array.from(atob($(id).textContent), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try { return await import(url); } finally { URL.revokeObjectURL(url); }
};
const element = (tag, text, ...children) => {
  const made = document.createElement(tag);
  if (text !== null && text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
};
const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
const index = new Map(data.models.map((model, i) => [model.name, i]));
const metricOf = new Map(data.metrics.map((metric) => [metric.key, metric]));
const digits = (x, n = 3) => {
  if (x === null || x === undefined) return "";
  if (typeof x === "string") return x.replace("inf", "∞");
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return Number(x).toExponential(n - 1).replace("e+", "e");
  return Number(Number(x).toPrecision(n)).toString();
};
const withError = (x, e) => (x === null ? "" : digits(x) + (e === null ? "" : " ± " + digits(e, 1)));
const ends = { value: ["interval_low", "interval_high"], stability: ["stability_low", "stability_high"], specificity: ["specificity_low", "specificity_high"] };
const withInterval = (x, low, high, n = 3) => (x === null || x === undefined ? "" : digits(x, n) + (low === null && high === null ? "" : ` [${low === null ? "−∞" : digits(low, 2)}, ${high === null ? "∞" : digits(high, 2)}]`));
const get = (key, i, name) => (data.values[key][i] === null ? null : data.values[key][i][column[name]]);
const interval = (key, i, name, n = 3) => withInterval(get(key, i, name), ...ends[name].map((end) => get(key, i, end)), n);
let current = data.metrics[0].key;

const rowsOf = (key) => data.models.flatMap((model, i) => data.values[key][i] === null ? [] : [{
  ...model, ...Object.fromEntries(data.columns.map((name) => [name, get(key, i, name)])),
}]);

// charts
const config = () => {
  const dark = document.documentElement.dataset.theme === "dark";
  const ink = dark ? "#e8eaed" : "#1b1f24", line = dark ? "#3a414a" : "#dddddd";
  return { background: "transparent", view: { stroke: line }, font: "system-ui, sans-serif",
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: ink, tickColor: ink, labelFontSize: 12, titleFontSize: 12 },
    legend: { labelColor: ink, titleColor: ink, orient: "bottom", columns: 3 }, title: { color: ink },
    tick: { color: ink } };
};
const figures = [];
const drawCharts = async () => {
  while (figures.length) figures.pop().finalize();
  $("figures").replaceChildren();
  const rows = rowsOf(current);
  await Promise.all(Object.entries(data.charts[current]).map(async ([name, spec]) => {
    const place = element("div"), figure = element("figure", null, element("figcaption", name), place);
    place.className = "chart";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", `${name}: ${current}, ${rows.length} models; the numbers are in the ranking table`);
    const csv = element("button", "CSV");
    csv.type = "button";
    csv.addEventListener("click", () => save(name, rows));
    figure.append(csv);
    $("figures").append(figure);
    const full = { ...spec, config: config(), datasets: { ...(spec.datasets || {}), models: rows } };
    const made = await window.vegaEmbed(place, full, { renderer: rows.length > 400 ? "canvas" : "svg",
      actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: name.replaceAll(" ", "-") });
    figures.push(made);
  }));
  document.body.dataset.ready = current;
};
// Words that a spreadsheet takes for a formula, unless all of them is a number: as in sweeps/tables.py.
const formula = (x) => typeof x === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(x) && !/^[+-]?(\d+\.?\d*(e[+-]?\d+)?|inf)$/i.test(x);
const quoted = (x) => `"${formula(x) ? "'" : ""}${String(x ?? "").replaceAll('"', '""')}"`;
const save = (name, rows) => {
  const head = Object.keys(rows[0] || {});
  const text = [head.map(quoted).join(","), ...rows.map((row) => head.map((key) => quoted(row[key])).join(","))].join("\n");
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name.replaceAll(" ", "-") + ".csv";
  link.click();
  URL.revokeObjectURL(link.href);
};

// ranking
let ranking = null;
const drawRanking = (jQuery) => {
  if (ranking) { ranking.destroy(); $("models").replaceChildren(); }
  const rows = rowsOf(current);
  const number = (n) => (x, type) => (type === "display" ? digits(x, n) : x ?? "");
  const text = (x, type) => (type === "display" ? element("span", x ?? "").innerHTML : x ?? "");
  const shown = (column, n) => (x, type, row) => (type === "display" ? withInterval(x, ...ends[column].map((end) => row[end]), n) : x);
  const last = Number.MAX_VALUE;  // those that are not ranked come after all others
  const ranked = (x, type, row) => (type === "sort" || type === "type" ? (x === null ? last : row.named ? x : 1e6 + x) : shown("stability", 2)(x, type, row));
  const name = (x, type) => {
    if (type !== "display") return x;
    const button = element("button", x);
    button.className = "name"; button.type = "button";
    return button.outerHTML;
  };
  ranking = jQuery($("models")).DataTable({
    data: rows, pageLength: 25, lengthMenu: [10, 25, 100, 500], deferRender: true, autoWidth: false, scrollX: true,
    order: [[2, "asc"], [0, "asc"]], language: { search: "Search:" },
    columns: [
      { title: "model", data: "name", render: name }, { title: "value [95 %]", data: "value", render: shown("value", 3) },
      { title: "stability [95 %]", data: "stability", render: ranked }, { title: "specificity [95 %]", data: "specificity", render: shown("specificity", 2) },
      { title: "verdict", data: "verdict", render: text },
      { title: "accuracy", data: "accuracy", render: number(3) }, { title: "parameters", data: "parameters", render: (x, t) => t === "display" && x ? `${digits(x / 1e6)} M` : x ?? "" },
      { title: "architecture", data: "architecture", render: text }, { title: "training", data: "training", render: text },
      { title: "training data", data: "training_data", render: text },
    ],
  });
  applyFilters();
};
const applyFilters = () => {
  const exactly = (value) => (value ? `^${value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$` : "");
  const weights = { "": "", untrained: "^untrained$", trained: "^(?!untrained$)" }[$("filter-weights").value];
  ranking.column(7).search(exactly($("filter-kind").value), true, false);
  ranking.column(8).search(weights, true, false).draw();
};

// one model, and two
const facts = (i) => {
  const model = data.models[i], list = element("dl");
  const add = (term, value) => value !== null && value !== "" && list.append(element("dt", term), element("dd", value));
  add("model", model.model); add("architecture", `${model.architecture}${model.family ? ` (${model.family})` : ""}`);
  add("parameters", model.parameters === null ? null : `${digits(model.parameters / 1e6)} M`);
  add("accuracy", model.accuracy === null ? null : digits(model.accuracy));
  add("training", `${model.training}; data: ${model.training_data}`);
  return list;
};
const tableOf = (heads, rows) => {
  const head = element("tr", null, ...heads.map((word) => { const th = element("th", word); th.scope = "col"; return th; }));
  const body = rows.map((row) => element("tr", null, ...row.map((word) => element("td", word))));
  return element("table", null, element("thead", null, head), element("tbody", null, ...body));
};
const percent = (x) => (typeof x === "number" ? 100 * x : x);
const details = () => {
  const name = $("chosen").value, i = index.get(name), scroll = element("div");
  scroll.className = "scroll";
  const rows = data.metrics.filter((m) => data.values[m.key][i] !== null).map((m) => [m.key,
    interval(m.key, i, "value"), digits(get(m.key, i, "floor"), 2), interval(m.key, i, "stability", 2), interval(m.key, i, "specificity", 2),
    get(m.key, i, "verdict"), String(get(m.key, i, "n"))]);
  scroll.append(tableOf(["metric", "value [95 %]", "floor", "stability [95 %]", "specificity [95 %]", "verdict", `${data.item}s`], rows));
  $("details").replaceChildren(element("h3", name), facts(i), element("h3", "Generator profile and controls"), scroll);
  const profile = element("div");
  profile.className = "chart";
  const bars = data.metrics.flatMap((m) => ["stability", "specificity"].filter((name) => get(m.key, i, name) !== null).map((ratio) => (
    { metric: m.key, ratio, value: get(m.key, i, ratio), from: get(m.key, i, `${ratio}_from`), to: get(m.key, i, `${ratio}_to`) })));
  if (bars.length) {
    $("details").append(profile);
    profile.setAttribute("role", "img");
    profile.setAttribute("aria-label", "stability and specificity by metric, as in the table above");
    const y = { field: "metric", type: "nominal", title: null, sort: null, axis: { labelLimit: 260 } };
    const yOffset = { field: "ratio", type: "nominal", sort: null };
    const color = { field: "ratio", type: "nominal", title: null, sort: null, scale: { range: ["#56B4E9", "#E69F00"] } };
    window.vegaEmbed(profile, { width: "container", height: { step: 18 }, config: config(), data: { values: bars }, layer: [
      { mark: { type: "bar" }, encoding: { y, yOffset, color, x: { field: "value", type: "quantitative", title: "ratio with its 95 % interval (0 symmetric, 1 no different)", axis: { tickCount: 8 } } } },
      { transform: [{ filter: "isValid(datum.from)" }],
        mark: { type: "rule", strokeWidth: 2 }, encoding: { y, yOffset, x: { field: "from", type: "quantitative" }, x2: { field: "to" }, color: { value: config().axis.labelColor } } },
      { mark: { type: "rule", strokeDash: [4, 4], color: "#777777" }, encoding: { x: { datum: 1 } } } ] },
      { actions: { export: true, source: false, compiled: false, editor: false } });
  }
  const worst = data.metrics.flatMap((m) => {
    const found = data.worst[m.key]?.[name] || [];
    return found.length ? [[m.key, found.map(([item, value]) => `${item}: ${digits(value, 2)}`).join("; ")]] : [];
  });
  if (worst.length) {
    const box = element("div", null, tableOf(["metric", "largest values"], worst));
    box.className = "scroll";
    $("details").append(element("h3", `Which ${data.item}s`), box);
  }
  for (const [symmetry, parts] of Object.entries(data.parts[name] || {})) {
    const box = element("div", null, tableOf(["layer", "kind", "share of the error, % [95 %]"],
      parts.map(([layer, kind, share, ...own]) => [layer, kind, withInterval(percent(share), ...own.map(percent))])));
    box.className = "scroll";
    $("details").append(element("h3", `Layers: ${symmetry}`), box);
  }
  const notes = data.warnings[name] || [];
  if (notes.length) $("details").append(element("h3", "Warnings"), element("ul", null, ...notes.map((note) => element("li", note))));
};
// The same as symmeter compare: the geometric mean of ratios sample by sample, with Student's interval on the logarithms.
const pairedRatio = (key, i, j, quantity) => {
  const logs = [i, j].map((k) => data.pairs.metrics?.[key]?.[data.models[k].name]?.[quantity]);
  if (i === j || !logs[0] || !logs[1]) return null;
  const both = logs[0].flatMap((x, at) => (x === null || logs[1][at] === null ? [] : [x - logs[1][at]]));
  const n = both.length, mean = both.reduce((sum, x) => sum + x, 0) / n;
  if (n < data.pairs.fewest) return null;
  const error = Math.sqrt(both.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1) / n);
  const ends = (quantiles) => [-1, 1].map((sign) => Math.exp(mean + sign * quantiles[n] * error));
  const [low, high] = ends(data.pairs.corrected), said = get(key, i, "verdict") === "not resolved" || get(key, j, "verdict") === "not resolved"
    ? "not resolved" : high < 1 ? data.pairs.words[quantity][0] : low > 1 ? data.pairs.words[quantity][1] : "no clear difference";
  const shown = ends(data.pairs.quantiles).map((x) => digits(x, 2)).join(" ");
  return `${quantity}: ${digits(Math.exp(mean), 2)} times [${shown}], ${n} ${data.item}s: ${said}`;
};
const compare = () => {
  const [i, j] = ["left", "right"].map((id) => index.get($(id).value));
  const shown = (key, k) => withError(get(key, k, "value"), get(key, k, "standard_error"));
  const apart = (key) => {
    const paired = ["value", "stability"].map((quantity) => pairedRatio(key, i, j, quantity)).filter((text) => text !== null);
    if (paired.length) return paired.join("; ");
    const [a, b] = [i, j].map((k) => get(key, k, "value")), [s, t] = [i, j].map((k) => get(key, k, "standard_error"));
    if (a === null || b === null) return "";
    const ratio = b !== 0 ? `${digits(a / b)} times` : "";
    if (s === null || t === null || Math.hypot(s, t) === 0) return ratio;
    const away = Math.abs(a - b) / Math.hypot(s, t);
    return `${ratio}, ${digits(away, 2)} standard errors apart${away < 2 ? ": no clear difference" : ""}`;
  };
  const about = (term, f) => [term, f(data.models[i]), f(data.models[j]), ""];
  $("comparison").replaceChildren(tableOf(["", data.models[i].name, data.models[j].name, "first against second"], [
    about("architecture", (m) => m.architecture), about("parameters", (m) => m.parameters === null ? "" : `${digits(m.parameters / 1e6)} M`),
    about("accuracy", (m) => digits(m.accuracy)), about("training", (m) => m.training),
    ...data.metrics.map((m) => [m.key, shown(m.key, i), shown(m.key, j), apart(m.key)]),
    ...data.metrics.map((m) => [`stability, ${m.key}`, digits(get(m.key, i, "stability"), 2), digits(get(m.key, j, "stability"), 2), ""]),
  ]));
};

// the page
const choose = async (tables) => {
  const metric = metricOf.get(current);
  document.querySelectorAll("[data-metric]").forEach((node) => { node.hidden = node.dataset.metric !== current; });
  $("unit").textContent = `${metric.direction}${metric.unit ? `; unit ${metric.unit}` : ""}`;
  drawRanking(tables.jQuery);
  await drawCharts();
};
const theme = (dark) => {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.classList.toggle("dark", dark);
  $("theme").setAttribute("aria-pressed", String(dark));
  $("theme").textContent = dark ? "Light" : "Dark";
};
const start = async () => {
  theme(matchMedia("(prefers-color-scheme: dark)").matches);
  const [, tables] = await Promise.all([load("vega"), load("tables")]);
  for (const id of ["chosen", "left", "right"]) $(id).append(...data.models.map((model) => new Option(model.name, model.name)));
  if (data.models.length > 1) $("right").selectedIndex = 1;
  $("metric").addEventListener("change", () => { current = $("metric").value; choose(tables); });
  $("theme").addEventListener("click", async () => { theme(document.documentElement.dataset.theme !== "dark"); await drawCharts(); details(); });
  for (const id of ["filter-kind", "filter-weights"]) $(id).addEventListener("change", applyFilters);
  $("save-csv").addEventListener("click", () => save(`ranking ${current}`, ranking.rows({ search: "applied" }).data().toArray()));
  $("chosen").addEventListener("change", details);
  for (const id of ["left", "right"]) $(id).addEventListener("change", compare);
  $("models").addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr"), found = row && ranking.row(row).data();
    if (found) { $("chosen").value = found.name; details(); $("model").scrollIntoView(); $("chosen").focus({ preventScroll: true }); }
  });
  await choose(tables);
  details();
  compare();
};
start();
