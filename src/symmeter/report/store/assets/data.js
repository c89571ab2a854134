// What the page was given, and how its numbers are written.
const data = JSON.parse(document.getElementById("data").textContent);
const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
const index = new Map(data.models.map((model, i) => [model.name, i]));
const metricOf = new Map(data.metrics.map((metric) => [metric.key, metric]));
const ends = Object.fromEntries(["value", "stability", "specificity"].map((name) => {
  const start = name === "value" ? "interval" : name;
  return [name, [`${start}_low`, `${start}_high`]];
}));
let current = data.metrics[0].key;

const get = (key, i, name) => (data.values[key][i] === null ? null : data.values[key][i][column[name]]);
const rowsOf = (key) => data.models.flatMap((model, i) => data.values[key][i] === null ? [] : [{
  ...model, ...Object.fromEntries(data.columns.map((name) => [name, get(key, i, name)])),
}]);
const tagsOf = (i) => Object.entries(data.tags).flatMap(([tag, values]) => (values[i] === null ? [] : [`${tag}: ${values[i]}`]));

const digits = (x, n = 3) => {
  if (x === null || x === undefined) return "";
  if (typeof x === "string") return x.replace("inf", "∞");
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return Number(x).toExponential(n - 1).replace("e+", "e");
  return Number(Number(x).toPrecision(n)).toString();
};
const millions = (x) => (x === null || x === undefined ? "" : `${digits(x / 1e6)} M`);
const percent = (x) => (typeof x === "number" ? 100 * x : x);
const withError = (x, e) => (x === null ? "" : digits(x) + (e === null ? "" : ` ± ${digits(e, 1)}`));
const withInterval = (x, low, high, n = 3) => {
  if (x === null || x === undefined) return "";
  if (low === null && high === null) return digits(x, n);
  return `${digits(x, n)} [${low === null ? "−∞" : digits(low, 2)}, ${high === null ? "∞" : digits(high, 2)}]`;
};
const interval = (key, i, name, n = 3) => withInterval(get(key, i, name), ...ends[name].map((end) => get(key, i, end)), n);
