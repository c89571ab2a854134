// Charts in the colours of the page, each with its files and with its numbers as a table.
const isDark = () => document.documentElement.dataset.theme === "dark";
const config = (dark = isDark()) => {
  const ink = dark ? "#e8eaed" : "#1b1f24", line = dark ? "#3a414a" : "#dddddd";
  return { aria: false, mark: { aria: false }, background: dark ? "#15181c" : "#ffffff", view: { stroke: line }, font: "system-ui, sans-serif",
    axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: ink, tickColor: ink, labelFontSize: 12, titleFontSize: 12 },
    legend: { labelColor: ink, titleColor: ink, titleLimit: 320, orient: "bottom", columns: 3, layout: { bottom: { direction: "vertical", anchor: "start" } } },
    title: { color: ink, anchor: "start" }, tick: { color: ink } };
};
const quiet = { actions: false, ast: false };
const figures = [];
// A chart with what it shows in words, which Vega would replace by words of its own.
const embedded = async (place, words, spec, options) => {
  place.className = "chart";
  const made = await window.vegaEmbed(place, spec, { ...quiet, ...options });
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", words);
  return made;
};

// A picture for paper, whatever the page looks like: dark on white, with a title.
const savePicture = async (kind, name, spec, rows) => {
  const place = element("div");
  place.className = "unseen";
  document.body.append(place);
  const full = { ...spec, width: 640, title: `${name}: ${current}`, config: config(false), datasets: { ...(spec.datasets || {}), models: rows } };
  const made = await window.vegaEmbed(place, full, { ...quiet, renderer: "svg" });
  download(await made.view.toImageURL(kind, 2), `${fileName(name, current)}.${kind}`);
  made.finalize();
  place.remove();
};
const numbers = (name, spec, rows) => {  // made when it is opened: a large store has thousands of rows
  const shown = element("details", null, element("summary", "Numbers as a table"));
  const columns = spec.usermeta.columns, said = (row) => (column) => (typeof row[column] === "string" ? row[column] : digits(row[column]));
  shown.addEventListener("toggle", () => {
    if (shown.open && shown.children.length === 1) {
      const body = rows.map((row) => [whole(index.get(row.name)), ...columns.map(said(row)), row.training]);
      shown.append(tableOf(`${name}: ${current}`, ["model", ...columns.map((word) => word.replaceAll("_", " ")), "training"], body));
      shown.lastChild.classList.add("low");
      shown.lastChild.tabIndex = 0;
      shown.lastChild.setAttribute("role", "region");
      shown.lastChild.setAttribute("aria-label", `Numbers of ${name}`);
    }
  });
  return shown;
};
const spread = (rows, column) => {  // what one axis shows, in words
  const found = rows.map((row) => row[column]).filter((x) => typeof x === "number");
  if (!found.length) return `${column} in words`;
  return `${column} from ${digits(found.reduce((a, b) => Math.min(a, b)))} to ${digits(found.reduce((a, b) => Math.max(a, b)))}`;
};
const drawChart = async (name, spec, rows) => {
  const place = element("div"), figure = element("figure", null, element("figcaption", name), place);
  const words = `${name}, ${current}, of ${rows.length} models: ${spec.usermeta.columns.map((column) => spread(rows, column)).join(", ")}. The numbers follow as a table.`;
  const files = element("p", "Save as ",
    button("SVG", `Save ${name} as SVG`, () => savePicture("svg", name, spec, rows)), " ",
    button("PNG", `Save ${name} as PNG`, () => savePicture("png", name, spec, rows)), " ",
    button("CSV", `Save the numbers of ${name} as CSV`, () => saveTable(name, rows)));
  files.className = "files note";
  figure.append(files, numbers(name, spec, rows));
  $("figures").append(figure);
  const full = { ...spec, config: config(), datasets: { ...(spec.datasets || {}), models: rows } };
  figures.push(await embedded(place, words, full, { renderer: rows.length > 400 ? "canvas" : "svg" }));
};
const drawAll = async () => {
  while (figures.length) figures.pop().finalize();
  $("figures").replaceChildren();
  const rows = rowsOf(current);
  await Promise.all(Object.entries(data.charts[current]).map(([name, spec]) => drawChart(name, spec, rows)));
  document.body.dataset.ready = current;
};
let drawing = Promise.resolve();
const drawCharts = () => { drawing = drawing.then(drawAll); return drawing; };  // one after another: the last one stays
