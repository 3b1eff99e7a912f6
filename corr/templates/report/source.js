// The source: choosing lines by pointer and key, folding loops, links to a loop or line.

const sourceRows = () => $$(".source tbody tr[data-l]").filter((row) => !row.classList.contains("folded"));
const fileOf = (row) => row.closest(".source").dataset.file;
const rowAt = (file, line) => {
  const table = $$(".source").find((t) => t.dataset.file === file);
  return table ? $(`tr[data-l="${Number(line)}"]`, table) : null;
};

function mark(row, loop) {
  for (const old of $$(".source tr[aria-selected=true]")) {
    old.removeAttribute("aria-selected");
    old.tabIndex = -1;
  }
  for (const old of $$(".source tr.in")) old.classList.remove("in");
  if (!row) return;
  row.setAttribute("aria-selected", "true");
  row.tabIndex = 0;
  if (loop)
    for (const one of $$("tr[data-l]", row.closest("tbody"))) {
      const line = +one.dataset.l;
      if (loop.line <= line && line <= loop.end_line) one.classList.add("in");
    }
}

// Choose a line, or a loop that the line stands for, and hold it.
function select(row, loop, focus) {
  if (!row || !page.data) return;
  const details = row.closest("details");
  if (details) details.open = true;
  const file = fileOf(row);
  const line = +row.dataset.l;
  mark(row, loop || around(file, line)[0]);
  fill({ file, line, row, loop, kept: true });
  page.row = row;
  if (focus !== false) row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const rows = sourceRows().filter((row) => row.closest("details").open);
  if (!rows.length) return false;
  const at = rows.indexOf(page.row);
  const next = at < 0 ? rows.find((row) => row.dataset.n) || rows[0] : rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  select(next);
  remember("line", `${fileOf(next)}:${next.dataset.l}`);
  return true;
}

function hotLoop(step) {
  const hot = page.loops.filter((l) => l.share).sort((a, b) => b.share - a.share);
  if (!hot.length) return false;
  const key = page.shown && page.shown.loop ? page.shown.loop.key : null;
  const at = hot.findIndex((l) => l.key === key);
  const next = hot[(at + step + hot.length + (at < 0 && step < 0 ? 1 : 0)) % hot.length];
  return openLoop(next.key);
}

function openLoop(key) {
  const loop = page.byKey && page.byKey.get(key);
  if (!loop) return false;
  const row = rowAt(loop.file, loop.line);
  if (row) {
    unfold(row);
    select(row, loop);
    row.scrollIntoView({ block: "center" });
  } else {
    fill({ loop, kept: true });
    $("#panel").focus();
  }
  remember("loop", key);
  return true;
}

// Fold the lines of a loop behind its first one. Inner folds stay as they were.
function fold(button, folded) {
  const loop = page.byKey && page.byKey.get(button.dataset.loop);
  if (!loop) return;
  const closed = folded === undefined ? button.getAttribute("aria-expanded") === "true" : folded;
  button.setAttribute("aria-expanded", String(!closed));
  button.textContent = closed ? "▸" : "▾";
  refold(button.closest("tbody"));
}
function refold(body) {
  const closed = $$(".fold[aria-expanded=false]", body).map((b) => page.byKey.get(b.dataset.loop));
  for (const row of $$("tr[data-l]", body)) {
    const line = +row.dataset.l;
    row.classList.toggle("folded", closed.some((l) => l.line < line && line <= l.end_line));
  }
}
function unfold(row) {
  const line = +row.dataset.l;
  for (const button of $$(".fold[aria-expanded=false]", row.closest("tbody"))) {
    const loop = page.byKey.get(button.dataset.loop);
    if (loop.line < line && line <= loop.end_line) fold(button, false);
  }
}

page.starts.push((kernel) => {
  page.row = null;
  page.shown = null;
  const files = $(".files", kernel);
  if (!files) return;
  for (const table of $$(".source", files)) {
    const first = $("tbody tr[data-n]", table) || $("tbody tr[data-l]", table);
    if (first) first.tabIndex = 0;
    for (const row of $$("tbody tr[data-l]", table)) if (row !== first) row.tabIndex = -1;
  }
  const hottest = page.loops.filter((l) => l.share).sort((a, b) => b.share - a.share)[0];
  const top = hottest && rowAt(hottest.file, hottest.line);
  if (top && top.closest("details").open) {
    const box = top.closest(".scroll");
    box.scrollTop = top.offsetTop - box.clientHeight / 3;
    fill({ file: hottest.file, line: hottest.line, row: top, loop: hottest, kept: false });
  }
  files.addEventListener("click", (event) => {
    const button = event.target.closest(".fold");
    if (button) { fold(button); return; }
    const row = event.target.closest("tr[data-l]");
    if (!row || String(getSelection())) return;
    select(row);
    remember("line", `${fileOf(row)}:${row.dataset.l}`);
  });
  files.addEventListener("pointerover", (event) => {
    const row = event.target.closest("tr[data-l]");
    if (!row || (page.shown && page.shown.kept)) return;
    clearTimeout(page.preview);
    page.preview = setTimeout(() => {
      if (page.shown && page.shown.kept) return;
      const file = fileOf(row);
      fill({ file, line: +row.dataset.l, row, kept: false });
    }, 120);
  });
  files.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-l]");
    if (row && row !== page.row && event.target === row && row.matches(":focus-visible")) select(row);
  });
});

const inSource = (event) => event.target.closest(".source") !== null;
page.keys.j = () => move(1);
page.keys.k = () => move(-1);
page.keys.ArrowDown = (event) => inSource(event) && move(1);
page.keys.ArrowUp = (event) => inSource(event) && move(-1);
page.keys.n = () => page.loops && hotLoop(1);
page.keys.p = () => page.loops && hotLoop(-1);
page.keys.Enter = (event) => {
  const row = event.target.closest("tr[data-l]");
  const button = row && $(".fold", row);
  if (!button) return false;
  fold(button);
  return true;
};
page.keys.o = () => {
  if (!page.row) return false;
  const loops = around(fileOf(page.row), +page.row.dataset.l);
  const at = page.shown.loop ? loops.findIndex((l) => l.key === page.shown.loop.key) : -1;
  const next = loops[at + 1];
  if (next) openLoop(next.key);
  return Boolean(next);
};
page.keys.Escape = () => {
  $("#tip").hidden = true;
  if (!page.shown) return false;
  page.shown.kept = false;
  $("#panel").classList.remove("chosen");
  mark(null);
  page.row = null;
  return true;
};
// A link may have any name that corr prints of a loop; where several have it, they are listed.
page.handlers.loop = (name) => {
  const found = page.loops ? named(name) : [];
  if (found.length > 1) choices(name, found);
  else if (!openLoop(found.length ? found[0].key : name)) point($("#hot"));
};
page.handlers.line = (place) => {
  const at = place.lastIndexOf(":");
  const row = rowAt(place.slice(0, at), place.slice(at + 1));
  if (row) { unfold(row); select(row); row.scrollIntoView({ block: "center" }); }
};
