// The page: its libraries, its colours, and which metric it is about.
const load = async (id) => {
  const bytes = Uint8Array.from(atob($(id).textContent), (c) => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try { return await import(url); } finally { URL.revokeObjectURL(url); }
};
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
};
const repaint = async (dark) => {
  theme(dark);
  details();
  await drawCharts();
};
const start = async () => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  theme(system.matches);
  const [, tables] = await Promise.all([load("vega"), load("tables")]);
  const names = data.models.map((model, i) => [model.name, shortName(i)]);
  for (const id of ["chosen", "left", "right"]) $(id).append(...names.map(([name, short]) => option(name, short)));
  if (data.models.length > 1) $("right").selectedIndex = 1;
  $("metric").addEventListener("change", async () => {
    current = $("metric").value;
    await choose(tables);
    say(`All sections are about ${current}`);
  });
  $("theme").addEventListener("click", () => repaint(!isDark()));
  system.addEventListener("change", (event) => repaint(event.matches));
  document.querySelectorAll(".box").forEach((box) => box.querySelectorAll("table").forEach((table) => { named(table); boxes.observe(box); }));
  startRanking();
  startModel();
  startCompare();
  await choose(tables);
  details();
  compare();
};
start();
