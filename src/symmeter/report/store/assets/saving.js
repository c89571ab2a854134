// Files that the buttons of the page save, with names that say what is in them.
const slug = (...words) => words.join(" ").normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
const fileName = (...words) => slug("symmeter", data.store, ...words);
const download = (url, name) => {
  const link = element("a");
  link.href = url;
  link.download = name;
  link.click();
};
// Words that a spreadsheet takes for a formula, unless all of them is a number: as in sweeps/tables.py.
const formula = (x) => typeof x === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(x) && !/^[+-]?(\d+\.?\d*(e[+-]?\d+)?|inf)$/i.test(x);
const quoted = (x) => `"${formula(x) ? "'" : ""}${String(x ?? "").replaceAll('"', '""')}"`;
const saveTable = (name, rows) => {
  const tags = Object.keys(data.tags);
  const head = Object.keys(rows[0] || {}).filter((key) => key !== "short");
  const line = (row) => [...head.map((key) => row[key]), ...tags.map((tag) => data.tags[tag][index.get(row.name)])];
  const lines = [[...head, ...tags.map((tag) => `tag_${tag}`)], ...rows.map(line)];
  const url = URL.createObjectURL(new Blob([lines.map((words) => words.map(quoted).join(",")).join("\n")], { type: "text/csv" }));
  download(url, `${fileName(name, current)}.csv`);
  setTimeout(() => URL.revokeObjectURL(url), 1000);
};
