// The tables that are filled by need: remarks and changes by passes; diffs and patches on click.

const PAGE_ROWS = 200;

function options(select, values) {
  for (const value of values) select.append(make("option", { value }, value));
}
function counted(values) {
  const counts = new Map();
  for (const value of values) if (value) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value]) => value);
}

// A table of matching rows, some at a time.
function filtered(kernel, name, rows, matches, cells) {
  const table = $(`#${name}-table tbody`, kernel);
  const more = $(`#${name}-more`, kernel);
  const count = $(`#${name}-count`, kernel);
  if (!table) return () => {};
  let limit = PAGE_ROWS;
  const draw = () => {
    const found = rows.filter(matches);
    table.replaceChildren(...found.slice(0, limit).map(cells));
    heads(table.parentElement);
    count.textContent = `${found.length} of ${rows.length}`;
    more.hidden = found.length <= limit;
    more.textContent = `${Math.min(PAGE_ROWS, found.length - limit)} more`;
  };
  more.addEventListener("click", () => { limit += PAGE_ROWS; draw(); });
  return () => { limit = PAGE_ROWS; draw(); };
}
const functionName = (name) => page.data.functions[name] || name;
const loopLink = (key) => make("a", { href: link("loop", key) }, coded(page.byKey.get(key) || { key }));

page.starts.push((kernel) => {
  const search = $("#remark-search", kernel);
  const pass = $("#remark-pass", kernel);
  const kind = $("#remark-kind", kernel);
  const loop = $("#remark-loop", kernel);
  options(pass, counted(page.remarks.map((r) => r.pass)));
  options(loop, counted(page.remarks.map((r) => r.loop)).slice(0, 200));
  const fits = (r) => {
    const text = search.value.trim().toLowerCase();
    const tag = r.tag === "Failure" ? "Missed" : r.tag.startsWith("Analysis") ? "Analysis" : r.tag;
    return (!pass.value || r.pass === pass.value) && (!kind.value || tag === kind.value)
      && (!loop.value || r.loop === loop.value)
      && (!text || `${r.words} ${r.pass} ${r.loop || ""} ${r.function} ${functionName(r.function)} ${r.file || ""}`.toLowerCase().includes(text));
  };
  const draw = filtered(kernel, "remark", page.remarks, fits, (r) => {
    const [symbol, kindWord, tone] = kindOf(r.tag);
    const place = r.file ? `${r.file}:${r.line}` : "";
    return make("tr", {}, make("td", { class: `outcome ${tone}` }, `${symbol} ${kindWord}`), make("td", {}, make("code", {}, r.pass)),
      make("td", {}, r.loop ? loopLink(r.loop) : make("code", { class: "quiet", title: r.function }, functionName(r.function))),
      make("td", {}, place ? make("a", { href: link("line", place) }, place) : null),
      make("td", { class: "n" }, r.count), make("td", { class: "text" }, r.words));
  });
  for (const input of [search, pass, kind, loop]) input.addEventListener("input", draw);
  draw();
});

page.starts.push((kernel) => {
  const search = $("#pass-search", kernel);
  const loop = $("#pass-loop", kernel);
  if (!search) return;
  options(loop, counted(page.changes.flatMap((c) => c.loops)));
  const fits = (c) => {
    const text = search.value.trim().toLowerCase();
    return (!loop.value || c.loops.includes(loop.value))
      && (!text || `${c.pass} ${c.function} ${functionName(c.function)}`.toLowerCase().includes(text));
  };
  page.drawPasses = filtered(kernel, "pass", page.changes, fits, (c) => make("tr", { "data-pass": passKey(c) },
    make("td", { class: "n" }, c.sequence), make("td", {}, c.stage), make("td", {}, make("code", {}, c.pass)),
    make("td", {}, make("code", { title: c.function }, functionName(c.function))),
    make("td", {}, c.loops.slice(0, 4).map((key) => [loopLink(key), " "]), c.loops.length > 4 ? `and ${c.loops.length - 4} more` : ""),
    make("td", { class: "n" }, c.before === null ? shown(c.after) : `${c.before} → ${c.after}`),
    make("td", { class: "n" }, `+${c.added} −${c.removed}`),
    make("td", {}, c.diff === null ? make("span", { class: "quiet" }, "left out")
      : make("button", { type: "button", "aria-expanded": "false", click: (event) => toggleDiff(event.target, c) }, "diff"))));
  for (const input of [search, loop]) input.addEventListener("input", page.drawPasses);
  page.drawPasses();
});

page.keys["/"] = () => {
  const search = $("#remark-search") || $("#run-search");
  if (!search) return false;
  reveal(search);
  search.scrollIntoView({ block: "center" });
  search.focus();
  return true;
};

function coloured(text) {
  const tone = (line) => (line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : line.startsWith("@@") ? "at" : null);
  return make("pre", { class: "diff", tabindex: "0" }, text.split("\n").map((line) => make("span", { class: tone(line) }, line || " ")));
}
async function diffOf(change) {
  const piece = Math.floor(change.diff / page.data.pieces);
  if (!page.pieces[piece]) page.pieces[piece] = await fact(`diffs-${piece}`);
  return page.pieces[piece][change.diff % page.data.pieces];
}
async function toggleDiff(button, change) {
  const row = button.closest("tr");
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) { row.nextElementSibling.remove(); return; }
  const text = await diffOf(change);
  row.after(make("tr", { class: "diff-row" }, make("td", { colspan: 8 }, coloured(text))));
}
page.handlers.pass = async (key) => {
  const change = page.changes.find((c) => passKey(c) === key);
  if (!change) return;
  const find = () => $$("#pass-table tr[data-pass]").find((row) => row.dataset.pass === key);
  if (!find()) {
    $("#pass-loop").value = "";
    $("#pass-search").value = change.pass;
    page.drawPasses();
    while (!find() && !$("#pass-more").hidden) $("#pass-more").click();
  }
  const row = find();
  if (!row) return;
  const button = $("button", row);
  if (button && button.getAttribute("aria-expanded") === "false") await toggleDiff(button, change);
  point(row);
};

page.handlers.trial = async (name) => {
  const cell = document.getElementById(`trial-${name}`);
  if (!cell) return;
  point(cell.closest("tr"));
  page.patches ??= {};
  const chunk = page.chunks;
  page.patches[chunk] ??= await fact("patches");
  const cells = $$("[id^='trial-']");
  const patch = (page.patches[chunk] || [])[cells.indexOf(cell)];
  const box = $("#patch");
  box.hidden = !patch;
  box.replaceChildren(...(patch ? [make("h3", {}, `Patch of ${name} against the original`), coloured(patch)] : []));
};
page.handlers.change = (loop) => point($$(".change").find((one) => one.dataset.loop === loop));
