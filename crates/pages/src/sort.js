"use strict";
// Tables sort by the column whose heading is clicked, upwards first, then downwards. Cells without a value stay last.
(() => {
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    if (text.startsWith("–")) return null;
    const number = Number.parseFloat(text.replaceAll("\u202f", "").replace("−", "-"));
    return row.cells[column].classList.contains("number") && Number.isFinite(number) ? number : text;
  };
  const order = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });

  function sort(table, column, heading) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    const [body] = table.tBodies;
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return down ? order(b, a) : order(a, b);
    });
    body.append(...rows.map(([, row]) => row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  for (const table of document.querySelectorAll("main table")) {
    const plain = table.tHead?.rows.length === 1 && !table.querySelector("[colspan], [rowspan]");
    if (!plain || table.tBodies[0].rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, column, heading));
    });
  }
})();
