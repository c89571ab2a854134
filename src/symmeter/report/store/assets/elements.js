// Pieces of the page. Text from outside goes into it by textContent and attributes only.
const $ = (id) => document.getElementById(id);
const element = (tag, text, ...children) => {
  const made = document.createElement(tag);
  if (text !== null && text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
};
const button = (text, label, action) => {
  const made = element("button", text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  if (action) made.addEventListener("click", action);
  return made;
};
const option = (value, text = value) => {
  const made = new Option(text, value);
  if (text !== value && value) made.title = value;
  return made;
};
// Words that may be broken where a path or a name has a border.
const breakable = (words) => words.split(/(?<=[/\\_.:-])/).flatMap((part, i) => (i ? [element("wbr"), part] : [part]));
const shortName = (i) => data.models[i].short ?? data.models[i].name;

// A table in a box: where it does not fit, each row becomes a card whose cells carry the words of their columns.
const stack = (box) => {
  box.classList.remove("stacked");
  box.classList.toggle("stacked", box.querySelector("table").offsetWidth > box.clientWidth + 1);
};
const widths = new WeakMap();
const boxes = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => {
  if (widths.get(target) === contentRect.width) return;
  widths.set(target, contentRect.width);
  stack(target);
}));
const label = (row, heads) => [...row.cells].forEach((cell, i) => {
  cell.dataset.label = heads[i];
  cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
  row.setAttribute("role", "row");
});
const named = (table, name) => {  // roles, because some browsers forget those of tables that are laid out as cards
  table.setAttribute("role", "table");
  if (name) table.setAttribute("aria-label", name);
  for (const part of table.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
  for (const row of table.querySelectorAll("thead tr")) row.setAttribute("role", "row");
  for (const head of table.querySelectorAll("thead th")) head.setAttribute("role", "columnheader");
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
  for (const row of table.querySelectorAll("tbody tr")) label(row, heads);
};
const boxOf = (table) => {
  const box = element("div", null, table);
  box.className = "box";
  boxes.observe(box);
  return box;
};
const tableOf = (name, heads, rows) => {
  const cell = (tag, scope, word) => {
    const made = word instanceof Node ? element(tag, null, word) : element(tag, word);
    if (scope) made.scope = scope;
    return made;
  };
  const head = element("tr", null, ...heads.map((word) => cell("th", "col", word)));
  const body = rows.map(([first, ...others]) => element("tr", null, cell("th", "row", first), ...others.map((word) => cell("td", "", word))));
  const table = element("table", null, element("thead", null, head), element("tbody", null, ...body));
  named(table, name);
  return boxOf(table);
};
const whole = (i) => {  // the name of a model, shortened; the whole on hover and to a screen reader
  const made = element(data.models[i].short ? "abbr" : "span", null, ...breakable(shortName(i)));
  if (data.models[i].short) made.title = data.models[i].name;
  return made;
};
const say = (words) => { $("said").textContent = words; };
