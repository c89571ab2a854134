// Two models side by side.
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
const apart = (key, i, j) => {
  const paired = ["value", "stability"].map((quantity) => pairedRatio(key, i, j, quantity)).filter((text) => text !== null);
  if (paired.length) return paired.join("; ");
  const [a, b] = [i, j].map((k) => get(key, k, "value")), [s, t] = [i, j].map((k) => get(key, k, "standard_error"));
  if (a === null || b === null) return "";
  const ratio = b !== 0 ? `${digits(a / b)} times` : "";
  if (s === null || t === null || Math.hypot(s, t) === 0) return ratio;
  const away = Math.abs(a - b) / Math.hypot(s, t);
  return `${ratio}, ${digits(away, 2)} standard errors apart${away < 2 ? ": no clear difference" : ""}`;
};
const compare = () => {
  const [i, j] = ["left", "right"].map((id) => index.get($(id).value));
  const value = (key, k) => withError(get(key, k, "value"), get(key, k, "standard_error"));
  const stability = (key, k) => digits(get(key, k, "stability"), 2);
  const about = (term, f) => [term, f(data.models[i]), f(data.models[j]), ""];
  $("comparison").replaceChildren(tableOf("Two models compared", ["what", whole(i), whole(j), "first against second"], [
    about("architecture", (m) => m.architecture), about("parameters", (m) => millions(m.parameters)),
    about("accuracy", (m) => digits(m.accuracy)), about("training", (m) => m.training),
    ...data.metrics.map((m) => [m.key, value(m.key, i), value(m.key, j), apart(m.key, i, j)]),
    ...data.metrics.map((m) => [`stability, ${m.key}`, stability(m.key, i), stability(m.key, j), ""]),
  ]));
};
const startCompare = () => {
  for (const id of ["left", "right"]) {
    $(id).addEventListener("change", () => {
      compare();
      say(`${$("left").value} and ${$("right").value} are compared below`);
    });
  }
};
