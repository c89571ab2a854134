// One model: what is known of it, all its metrics, its profile, and what it does worst on.
const facts = (i) => {
  const model = data.models[i], list = element("dl");
  const add = (term, value) => value !== null && value !== "" && list.append(element("dt", term), element("dd", value));
  add("model", model.model === model.name ? null : model.model);
  add("architecture", `${model.architecture}${model.family ? ` (${model.family})` : ""}`);
  add("parameters", millions(model.parameters));
  add("accuracy", digits(model.accuracy));
  add("training", `${model.training}; data: ${model.training_data}`);
  for (const [tag, values] of Object.entries(data.tags)) add(tag, values[i] === null ? null : String(values[i]));
  return list;
};
const metricsOf = (i) => tableOf("Metrics of this model", ["metric", "value [95 %]", "floor", "stability [95 %]", "specificity [95 %]", "verdict", `${data.item}s`],
  data.metrics.filter((m) => data.values[m.key][i] !== null).map((m) => [m.key,
    interval(m.key, i, "value"), digits(get(m.key, i, "floor"), 2), interval(m.key, i, "stability", 2), interval(m.key, i, "specificity", 2),
    get(m.key, i, "verdict"), String(get(m.key, i, "n"))]));
const ratiosOf = (i) => data.metrics.flatMap((m) => ["stability", "specificity"].filter((name) => get(m.key, i, name) !== null).map((ratio) => (
  { metric: m.key, ratio, value: get(m.key, i, ratio), from: get(m.key, i, `${ratio}_from`), to: get(m.key, i, `${ratio}_to`) })));
const drawProfile = (place, bars) => {
  const y = { field: "metric", type: "nominal", title: null, sort: null, axis: { labelLimit: Math.min(260, place.clientWidth / 3) } };
  const yOffset = { field: "ratio", type: "nominal", sort: null };
  const color = { field: "ratio", type: "nominal", title: null, sort: null, scale: { range: ["#0072B2", "#D55E00"] } };
  const title = ["ratio with its 95 % interval", "(0 symmetric, 1 no different)"];
  embedded(place, "stability and specificity by metric, as in the table above", { width: "container", height: { step: 18 }, config: config(), data: { values: bars }, layer: [
    { mark: { type: "bar" }, encoding: { y, yOffset, color, x: { field: "value", type: "quantitative", title, axis: { tickCount: 8 } } } },
    { transform: [{ filter: "isValid(datum.from)" }],
      mark: { type: "rule", strokeWidth: 2 }, encoding: { y, yOffset, x: { field: "from", type: "quantitative" }, x2: { field: "to" }, color: { value: config().axis.labelColor } } },
    { mark: { type: "rule", strokeDash: [4, 4], color: "#777777" }, encoding: { x: { datum: 1 } } } ] }, {});
};
const worstOf = (name) => data.metrics.flatMap((m) => {
  const found = data.worst[m.key]?.[name] || [];
  return found.length ? [[m.key, found.map(([item, value]) => `${item}: ${digits(value, 2)}`).join("; ")]] : [];
});
const details = () => {
  const name = $("chosen").value, i = index.get(name), profile = element("div"), bars = ratiosOf(i), worst = worstOf(name);
  $("details").replaceChildren(element("h3", null, ...breakable(name)), facts(i), element("h4", "Generator profile and controls"), metricsOf(i));
  if (bars.length) {
    $("details").append(profile);
    drawProfile(profile, bars);
  }
  if (worst.length) $("details").append(element("h4", `Which ${data.item}s`), tableOf(`Which ${data.item}s`, ["metric", "largest values"], worst));
  for (const [symmetry, parts] of Object.entries(data.parts[name] || {})) {
    const rows = parts.map(([layer, kind, share, ...own]) => [layer, kind, withInterval(percent(share), ...own.map(percent))]);
    $("details").append(element("h4", `Layers: ${symmetry}`), tableOf(`Layers: ${symmetry}`, ["layer", "kind", "share of the error, % [95 %]"], rows));
  }
  const notes = data.warnings[name] || [];
  if (notes.length) $("details").append(element("h4", "Warnings"), element("ul", null, ...notes.map((note) => element("li", note))));
};
const showModel = (name) => {
  $("chosen").value = name;
  details();
  $("model").scrollIntoView();
  $("chosen").focus({ preventScroll: true });
};
const startModel = () => $("chosen").addEventListener("change", () => {
  details();
  say(`${$("chosen").value} is shown below`);
});
