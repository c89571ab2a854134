// The table of all models: sorted by its heads, searched, and filtered by kind, weights and tags.
let ranking = null;
const last = Number.MAX_VALUE;  // those that are not ranked come after all others
const escaped = (words) => element("span", words ?? "").innerHTML;
const unbroken = (words) => words.split(" [").map((part, i) => `<span class="whole">${i ? "[" : ""}${part}</span>`).join(" ");
const shownNumber = (n) => (x, type) => (type === "display" ? digits(x, n) : x ?? "");
const shownText = (x, type) => (type === "display" ? escaped(x) : x ?? "");
const shownInterval = (column, n) => (x, type, row) => (type === "display" ? unbroken(withInterval(x, ...ends[column].map((end) => row[end]), n)) : x);
const shownStability = (x, type, row) => {
  if (type !== "sort" && type !== "type") return shownInterval("stability", 2)(x, type, row);
  return x === null ? last : row.named ? x : 1e6 + x;
};
const shownName = (x, type) => {
  if (type !== "display") return x;
  const made = button(null, x);
  made.append(...breakable(shortName(index.get(x))));
  made.className = "name";
  made.title = x;
  return made.outerHTML;
};
const shownTags = (x, type, row) => {
  const tags = tagsOf(index.get(row.name));
  if (type !== "display") return tags.join(", ");
  return tags.map((words) => {
    const made = button(words, `Show only ${words}`);
    made.className = "tag";
    made.dataset.tag = words.slice(0, words.indexOf(": "));
    made.dataset.value = words.slice(words.indexOf(": ") + 2);
    return made.outerHTML;
  }).join(" ");
};
const columns = () => [
  { title: "model", data: "name", render: shownName, cellType: "th" },
  { title: "value [95 %]", data: "value", render: shownInterval("value", 3) },
  { title: "stability [95 %]", data: "stability", render: shownStability },
  { title: "specificity [95 %]", data: "specificity", render: shownInterval("specificity", 2) },
  { title: "verdict", data: "verdict", render: shownText },
  { title: "accuracy", data: "accuracy", render: shownNumber(3) },
  { title: "parameters", data: "parameters", render: (x, type) => (type === "display" ? millions(x) : x ?? "") },
  { title: "architecture", data: "architecture", render: shownText },
  { title: "training", data: "training", render: shownText },
  { title: "training data", data: "training_data", render: shownText },
  ...(Object.keys(data.tags).length ? [{ title: "tags", data: null, render: shownTags, orderable: false, className: "tags" }] : []),
];
const drawRanking = (jQuery) => {
  if (ranking) { ranking.destroy(); $("models").replaceChildren(); }
  const heads = columns().map((one) => one.title);
  ranking = jQuery($("models")).DataTable({
    data: rowsOf(current), columns: columns(), order: [[2, "asc"], [0, "asc"]],
    pageLength: innerWidth < 640 ? 10 : 25, lengthMenu: [10, 25, 100, 500], deferRender: true, autoWidth: false,
    layout: { topStart: "info", topEnd: "search", bottomStart: "pageLength", bottomEnd: "paging" },
    language: { search: "Search ", info: "Models _START_ to _END_ of _TOTAL_", infoEmpty: "No models", infoFiltered: "(of _MAX_ in all)",
      zeroRecords: "No model matches: clear the search or the filters", lengthMenu: "_MENU_ models a page" },
    createdRow: (row) => { label(row, heads); row.cells[0].scope = "row"; },
  });
  named($("models"), "Models, most stable first");
  ranking.search.fixed("filters", (words, row) => passes(row));
  ranking.draw();
  boxes.observe($("ranked"));
  stack($("ranked"));
};

const tagFilters = () => [...document.querySelectorAll("select[data-tag]")];
const passes = (row) => {
  const kind = $("filter-kind").value, weights = $("filter-weights").value, i = index.get(row.name);
  if (kind && row.architecture !== kind) return false;
  if (weights && (row.training === "untrained") !== (weights === "untrained")) return false;
  return tagFilters().every((filter) => filter.value === "" || String(data.tags[filter.dataset.tag][i]) === filter.value);
};
const addTagFilters = () => {
  for (const [tag, values] of Object.entries(data.tags)) {
    const filter = element("select", null, new Option("all", ""));
    const found = [...new Set(values.filter((value) => value !== null).map(String))];
    filter.append(...found.sort((a, b) => a.localeCompare(b, undefined, { numeric: true })).map((value) => new Option(value, value)));
    filter.dataset.tag = tag;
    filter.addEventListener("change", () => ranking.draw());
    $("filters").insertBefore(element("label", `${tag} `, filter), $("clear"));
  }
};
const clearFilters = () => {
  for (const filter of $("filters").querySelectorAll("select")) filter.value = "";
  ranking.search("").draw();
};
const showOnly = ({ tag, value }) => {
  const filter = tagFilters().find((one) => one.dataset.tag === tag);
  filter.value = value;
  filter.focus();
  ranking.draw();
};
const startRanking = () => {
  addTagFilters();
  for (const id of ["filter-kind", "filter-weights"]) $(id).addEventListener("change", () => ranking.draw());
  $("clear").addEventListener("click", clearFilters);
  $("save-csv").addEventListener("click", () => saveTable("ranking", ranking.rows({ search: "applied" }).data().toArray()));
  $("models").addEventListener("click", (event) => {
    const tag = event.target.closest("button.tag"), row = event.target.closest("tbody tr"), found = row && ranking.row(row).data();
    if (tag) showOnly(tag.dataset);
    else if (found) showModel(found.name);
  });
};
