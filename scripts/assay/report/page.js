// Tables that can be sorted and filtered, and text that can be copied. Without it, the page is all there.
"use strict";

const collator = new Intl.Collator("en", { numeric: true });

/** What a cell is sorted by: its number in full, or its text; null where there is none. */
function key(cell) {
  const text = cell.textContent.trim();
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  return text === "" || text === "–" ? null : text;
}

/** Order of two keys: numbers by size, texts as people order them, what is missing last both ways. */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * collator.compare(String(a), String(b));
}

function sort(table, column, sign) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => [key(row.cells[column]), row]);
  rows.sort((a, b) => compare(a[0], b[0], sign));
  body.append(...rows.map((row) => row[1]));
}

function makeSortable(table) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(table, column, descending ? -1 : 1);
    });
  });
}

function makeFilters(tools) {
  const table = document.getElementById(tools.dataset.for);
  const rows = Array.from(table.tBodies[0].rows, (row) => ({
    row,
    variant: row.cells[0].textContent.trim(),
    text: row.textContent.toLowerCase(),
  }));
  const [search, variant, extra] = ["words", "variant", "extra"].map((name) =>
    tools.querySelector(`[data-${name}]`),
  );
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, variant: name, text } of rows) {
      const chosen = variant.selectedIndex === 0 || name === variant.value.trim();
      row.hidden = !(chosen && words.every((word) => text.includes(word)));
      shown += row.hidden ? 0 : 1;
    }
    const all = rows.length.toLocaleString("en");
    tools.querySelector("output").textContent =
      shown === rows.length ? `${all} runs` : `${shown.toLocaleString("en")} of ${all} runs`;
  };
  search.addEventListener("input", update);
  variant.addEventListener("change", update);
  if (extra) {
    const show = () => table.classList.toggle("few", !extra.checked);
    extra.addEventListener("change", show);
    show();
  }
  tools.hidden = false;
  update();
}

function makeCopyable(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  const frame = document.createElement("div");
  frame.className = "copyable";
  text.replaceWith(frame);
  frame.append(button, text);
}

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
document.querySelectorAll(".tools").forEach(makeFilters);
document.querySelectorAll("pre[data-copy]").forEach(makeCopyable);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not(.source)")) details.open = true;
});
