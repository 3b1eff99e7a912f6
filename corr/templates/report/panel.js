// The panel: what every layer says of a line or a loop.

const KINDS = { Passed: ["✓", "done", "good"], Missed: ["✗", "missed", "bad"], Failure: ["✗", "failed", "bad"] };
const kindOf = (tag) => KINDS[tag] || ["·", "analysis", "quiet"];
const word = (number) => (number === null || number === undefined ? null : page.data.words[number]);

// Rows of a kind as objects, their texts in place of the numbers.
function records(names, rows, texts) {
  return rows.map((row) => Object.fromEntries(names.map((name, n) =>
    [name, texts.includes(name) ? word(row[n]) : row[n]])));
}
const TEXTS = ["loop", "function", "file", "pass", "tag", "name", "words", "unit", "stage", "mnemonic", "operands"];

page.starts.push(() => {
  const data = page.data;
  page.remarks = records(data.remark, data.remarks, TEXTS);
  page.changes = records(data.change, data.changes, TEXTS);
  for (const change of page.changes) change.loops = change.loops.map(word);
  page.cache = records(data.cache, data.cachegrind, TEXTS);
  page.loops = data.loops.map((loop) => ({ ...loop, file: word(loop.file) }));
  page.byKey = new Map(page.loops.map((loop) => [loop.key, loop]));
});

// The loops of a name: its key, or what is printed for that.
function named(name) {
  const loop = page.byKey.get(name);
  return loop ? [loop] : page.loops.filter((l) => (l.names || []).includes(name));
}
// A loop as one says it: C++ names without what stands in brackets.
const said = (loop) => (loop.names || [loop.key]).reduce((a, b) => (b.length < a.length ? b : a));
const coded = (loop) => make("code", { title: loop.key }, said(loop));

function choices(name, loops) {
  const links = loops.map((l) => [make("a", { href: link("loop", l.key) }, make("code", {}, l.key)), ` ${l.file}:${l.line}`]);
  $("#panel").replaceChildren(...list(`${name} may be any of`, links).filter(Boolean));
  $("#panel").focus();
}

// The loops around a line, innermost first.
function around(file, line) {
  return page.loops.filter((l) => l.file === file && l.line <= line && line <= l.end_line)
    .sort((a, b) => b.depth - a.depth);
}

function list(title, items, most) {
  if (!items.length) return [];
  const first = items.slice(0, most || items.length).map((item) => make("li", {}, item));
  const rest = items.slice(first.length).map((item) => make("li", {}, item));
  return [make("h3", {}, title), make("ul", {}, first),
    rest.length ? make("details", {}, make("summary", {}, `${rest.length} more`), make("ul", {}, rest)) : null];
}
function facts(pairs) {
  const used = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return used.length ? make("dl", {}, used.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])) : null;
}
function saying(remark) {
  const [mark, kind, tone] = kindOf(remark.tag);
  return [make("span", { class: tone }, `${mark} ${kind}`), " ", make("code", {}, remark.pass), ": ", remark.words,
    remark.count > 1 ? ` (${remark.count}×)` : "", remark.line ? make("span", { class: "quiet" }, ` line ${remark.line}`) : ""];
}
function effect(change) {
  const from = change.before === null ? "" : `${change.before} → `;
  return [`${change.sequence} `, make("code", {}, change.pass), ` ${from}${change.after} instructions `,
    change.diff === null ? null : make("a", { href: link("pass", passKey(change)) }, "diff")];
}
const passKey = (change) => `${change.sequence},${change.function},${change.unit}`;

function cacheOf(test) {
  const names = page.data.cache.slice(3);
  const rows = page.cache.filter(test);
  if (!rows.length) return [];
  const sums = names.map((name) => [name.replaceAll("_", " "), rows.reduce((sum, row) => sum + (row[name] || 0), 0)]);
  return [make("h3", {}, "Simulated counters (cachegrind)"), facts(sums.map(([name, sum]) => [name, shown(sum, "count")]))];
}

function codeTable(rows, most) {
  if (!rows.length) return null;
  const hot = Math.max(...rows.map((row) => row.samples || 0));
  const line = (row) => make("tr", { class: row.samples && row.samples >= hot / 3 ? "hot" : null },
    make("td", {}, make("code", {}, row.address.toString(16))), make("td", {}, make("code", {}, row.mnemonic)),
    make("td", {}, make("code", {}, row.operands)), make("td", { class: "n" }, shown(row.line)),
    make("td", { class: "n" }, shown(row.samples)), make("td", { class: "n" }, shown(row.latency)));
  const head = ["at", "instruction", "operands", "line", "samples", "latency"];
  return make("div", { class: "scroll" }, make("table", {}, make("caption", {}, "Machine code"),
    make("thead", {}, make("tr", {}, head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows.slice(0, most || 400).map(line))));
}
function codeOf(machine) {
  return records(page.data.code, machine.code, TEXTS);
}
function machineLoop(machine) {
  return [make("h3", {}, `Machine loop at ${machine.machine_loop.toString(16)} in `, make("code", {}, machine.symbol)),
    facts([["samples", shown(machine.samples)], ["instructions", shown(machine.instructions)],
      ["vector bits", shown(machine.vector_bits)],
      ["model", machine.cycles === undefined ? "not modelled" : `${shown(machine.cycles)} cycles a pass on ${machine.cpu}`],
      ["by resources alone", machine.block_rthroughput === undefined ? "" : `${shown(machine.block_rthroughput)} cycles`],
      ["instructions a cycle", shown(machine.ipc)], ["micro-operations", shown(machine.uops)],
      ["limit", machine.bound_by], ["calls", machine.calls ? "yes: 100 cycles are assumed for each" : ""]]),
    codeTable(codeOf(machine))];
}

function loopFacts(loop) {
  return facts([["share of the time", shown(loop.share, "percent")], ["samples", shown(loop.samples)],
    ["entered", shown(loop.entries, "count")], ["iterations", shown(loop.iterations, "count")],
    ["mean trips", shown(loop.trip_count, "count")], ["ns an iteration", shown(loop.ns_per_iteration)],
    ["not counted", loop.iterations === undefined ? loop.reason : ""], ["vector (lanes × interleave)", loop.vector],
    ["simd bits", shown(loop.simd_bits)], ["unrolled by", shown(loop.unroll)],
    ["model cycles a pass", shown(loop.mca_cycles)], ["bound by", loop.bound],
    ["passes that changed it", shown(loop.passes)], ["regions", (loop.regions || []).join(", ")]]);
}

function showLoop(loop) {
  const remarks = page.remarks.filter((r) => r.loop === loop.key);
  const passes = page.changes.filter((c) => c.loops.includes(loop.key));
  const machines = page.data.machine.filter((m) => m.loop === loop.key);
  const deeper = page.loops.filter((l) => l.parent === loop.key);
  return [make("h3", {}, "Loop ", coded(loop)),
    make("p", {}, `${loop.file}:${loop.line}–${loop.end_line} `,
      make("a", { href: link("loop", loop.key) }, "link to this loop"), " · ",
      make("span", { class: "quiet" }, "its own, inner loops left out")),
    loopFacts(loop),
    deeper.length ? list("Inner loops", deeper.map((l) => [make("a", { href: link("loop", l.key) }, coded(l)),
      ` ${shown(l.share, "percent")}`])) : null,
    list("Remarks", remarks.map(saying), 14), list("Passes that changed it", passes.map(effect), 10),
    cacheOf((row) => row.loop === loop.key),
    machines.slice(0, 3).map(machineLoop),
    machines.length > 3 ? make("p", { class: "quiet" }, `${machines.length - 3} more machine loops`) : null].flat(9);
}

function showLine(file, line, row) {
  const loops = around(file, line);
  const begins = loops.filter((l) => l.line === line);
  const remarks = page.remarks.filter((r) => r.file === file && r.line === line);
  const about = loops.length ? page.remarks.filter((r) => r.loop === loops[0].key && r.line === loops[0].line && r.line !== line) : [];
  const code = page.data.machine.flatMap(codeOf).filter((c) => c.file === file && c.line === line);
  const inner = loops[0];
  const passes = inner ? page.changes.filter((c) => c.loops.includes(inner.key)) : [];
  return [make("h3", {}, make("code", {}, `${file}:${line}`)),
    facts([["share of the time", row.dataset.v ? shown(+row.dataset.v, "percent") : ""], ["samples", row.dataset.n],
      ["executed", row.dataset.x ? shown(+row.dataset.x, "count") : ""],
      ["in loop", inner ? make("a", { href: link("loop", inner.key) }, coded(inner)) : "none"],
      ["its iterations", inner ? shown(inner.iterations, "count") : ""],
      ["model", inner && inner.mca_cycles !== undefined ? `${shown(inner.mca_cycles)} cycles a pass, bound by ${inner.bound}` : ""],
      ["begins", begins.map(said).join(", ")]]),
    list("Remarks on the line", remarks.map(saying), 14), list("On the loop around it", about.map(saying), 6),
    inner ? list(`Passes that changed ${said(inner)}`, passes.map(effect), 5) : null,
    cacheOf((r) => r.file === file && r.line === line), codeTable(code, 80),
    code.length ? null : make("p", { class: "quiet" }, "No instruction of a hot machine loop comes from this line.")].flat(9);
}

// What is shown: {file, line, row} or a loop; `kept` by a click or a key, else a preview.
function fill(choice) {
  const panel = $("#panel");
  if (!panel || !page.data) return;
  page.shown = choice;
  const { file, line, row, loop } = choice;
  const loops = loop ? around(loop.file, loop.line).filter((l) => l.depth <= loop.depth || l.parent === loop.key) : around(file, line);
  const crumb = (text, pressed, to) => make("button", { type: "button", "aria-pressed": String(pressed), click: to }, text);
  const crumbs = make("div", { class: "crumbs" },
    row ? crumb(`line ${line}`, !loop, () => fill({ file, line, row, kept: true })) : null,
    loops.map((l) => crumb(said(l), loop && loop.key === l.key, () => { fill({ file, line, row, loop: l, kept: true }); remember("loop", l.key); })));
  panel.replaceChildren(crumbs, ...(loop ? showLoop(loop) : showLine(file, line, row)).filter(Boolean));
  panel.classList.toggle("chosen", Boolean(choice.kept));
  panel.scrollTop = 0;
}
