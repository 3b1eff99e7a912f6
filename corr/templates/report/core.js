// The page's own state: theme, chunks of data, links (#loop=KEY …), tips on the charts.
// Foreign text is only ever set as text (textContent), never as markup.

const $ = (selector, root) => (root || document).querySelector(selector);
const $$ = (selector, root) => [...(root || document).querySelectorAll(selector)];
const page = { kernel: null, data: null, at: "", handlers: {}, keys: {} };

// An element: make("td", {class: "n"}, "text", child, …)
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(9)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

// The text of a chunk: base64, gzip.
async function unpacked(id) {
  const element = document.getElementById(id);
  if (!element) return null;
  const bytes = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
async function fact(name) {
  const text = await unpacked(`${page.chunks}-${name}`);
  return text === null ? null : JSON.parse(text);
}

// Numbers as `corr` prints them.
function shown(value, style) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (style === "percent") return `${(100 * value).toFixed(1)}%`;
  if (style === "count")
    for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]])
      if (Math.abs(value) >= size) return +(value / (unit === "k" ? 1000 : size)).toPrecision(3) + unit;
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 10000 ? String(+value.toPrecision(4)) : Math.round(value).toLocaleString("en");
}

// --- theme -------------------------------------------------------------------------------------
const THEMES = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" };
function theme(name) {
  if (name === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", name);
  const button = $("#theme");
  button.textContent = THEMES[name];
  button.setAttribute("aria-label", `Colours: ${name === "auto" ? "as the system" : name}`);
  button.dataset.now = name;
  try { localStorage.setItem("corr-theme", name); } catch (error) { /* a file may have no storage */ }
}
function nextTheme() {
  const names = Object.keys(THEMES);
  theme(names[(names.indexOf($("#theme").dataset.now) + 1) % names.length]);
}

// --- links -------------------------------------------------------------------------------------
function asked() {
  const found = {};
  const text = location.hash.slice(1);
  if (!text.includes("=")) return found;
  for (const part of text.split("&")) {
    const [key, ...value] = part.split("=");
    try { found[key] = decodeURIComponent(value.join("=")); } catch (error) { found[key] = ""; }
  }
  return found;
}
function link(key, value) {
  return `#${page.at}${key}=${encodeURIComponent(value)}`;
}
// Say in the address what is shown, without a step in the history.
function remember(key, value) {
  history.replaceState(null, "", link(key, value));
}
async function follow() {
  const section = document.getElementById(location.hash.slice(1));
  const layer = section && $(":scope > .layer", section);
  if (layer) {
    layer.open = true;
    section.scrollIntoView();
  }
  const wanted = asked();
  if ("kernel" in wanted) await choose(wanted.kernel);
  for (const [key, handler] of Object.entries(page.handlers))
    if (key in wanted && page.kernel) await handler(wanted[key]);
}
// Open what an element is folded away in.
function reveal(element) {
  for (let box = element.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}
function point(element) {
  for (const old of $$(".target")) old.classList.remove("target");
  if (!element) return;
  reveal(element);
  element.classList.add("target");
  element.scrollIntoView({ block: "center" });
}

// --- several kernels: one at a time ------------------------------------------------------------
async function choose(name) {
  const view = $("#view");
  if (page.kernel && page.kernel.dataset.kernel === name) return;
  const chunk = $$("script[type='application/gzip']").find((s) => s.id.startsWith("kernel-")
    && decodeURIComponent(s.id.slice(7)) === name);
  if (!page.summary) page.summary = $("#summary");
  if (!page.summary) return;
  if (!chunk) {
    page.kernel = null;
    view.replaceChildren(page.summary);
  } else {
    // markup of the report's own templates, escaped there; scripts in it would not run (and the
    // page's policy allows none)
    const part = new DOMParser().parseFromString(await unpacked(chunk.id), "text/html");
    view.replaceChildren(...part.body.childNodes);
    await start($(".kernel", view));
  }
  $("#back").hidden = !chunk;
  window.scrollTo(0, 0);
}
async function start(kernel) {
  page.kernel = kernel;
  page.at = kernel.dataset.at;
  page.chunks = kernel.dataset.chunks;
  page.data = null;
  page.pieces = {};
  charts(kernel);
  page.data = await fact("layers");
  if (page.data) for (const begin of page.starts) begin(kernel);
  document.body.dataset.ready = "yes";
}
page.starts = [];

// --- tips: what a mark says, on pointing and on focus ------------------------------------------
function charts(root) {
  for (const table of $$("table.listing", root)) heads(table);
  for (const mark of $$(".chart [aria-label][role='graphics-symbol']", root))
    if (!mark.closest("a") && !mark.closest("[class*=role-axis],[class*=role-legend]")
        && !/^[XY]-axis|legend/.test(mark.getAttribute("aria-label"))) mark.setAttribute("tabindex", "0");
}
function tip(event) {
  const box = $("#tip");
  const target = event.target.closest && event.target.closest(".chart a, .chart [aria-label], .icicle .mark");
  const mark = target && (target.matches("[aria-label]") ? target : $("[aria-label]", target));
  if (!mark || mark.closest("[class*=role-axis],[class*=role-legend]") || !mark.closest("svg")) {
    box.hidden = true;
    return;
  }
  box.textContent = mark.getAttribute("aria-label");
  box.hidden = false;
  const around = mark.getBoundingClientRect();
  const left = Math.max(4, Math.min(around.left, innerWidth - box.offsetWidth - 8));
  const below = around.bottom + 8 + box.offsetHeight < innerHeight;
  box.style.left = `${left}px`;
  box.style.top = `${below ? around.bottom + 8 : around.top - box.offsetHeight - 8}px`;
}

// --- keys --------------------------------------------------------------------------------------
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea, dialog");
  if (typing) {
    if (event.key === "Escape" && event.target.blur) event.target.blur();
    return;
  }
  const action = page.keys[event.key];
  if (action && action(event) !== false) event.preventDefault();
}
page.keys["?"] = () => $("#keys").showModal();
page.keys.t = nextTheme;
page.keys.Escape = () => { $("#tip").hidden = true; return false; };

// A narrow window shows a row of so many columns as a card: each cell says what it is of.
const CARDS = 5;
function heads(table) {
  const names = $$("thead th", table).map((head) => head.textContent);
  if (names.length < CARDS) return;
  for (const row of $$("tbody tr", table))
    [...row.children].forEach((cell, n) => {
      if (cell.tagName !== "TD" || !names[n]) return;
      cell.dataset.h = names[n];
      cell.classList.toggle("none", !cell.firstChild);
    });
}
// On paper nothing can be opened.
function printed() {
  const closed = $$(".layer:not([open]), .change:not([open])");
  for (const one of closed) one.open = true;
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; }, { once: true });
}

function begin() {
  let kept = "auto";
  try { kept = localStorage.getItem("corr-theme") || "auto"; } catch (error) { /* none */ }
  theme(kept in THEMES ? kept : "auto");
  $("#theme").addEventListener("click", nextTheme);
  $("#help").addEventListener("click", () => $("#keys").showModal());
  document.addEventListener("keydown", pressed);
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, tip);
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", printed);
  const kernel = $(".kernel");
  charts(document);
  const ready = kernel ? start(kernel) : Promise.resolve();
  ready.then(follow).then(() => { document.body.dataset.ready = "yes"; });
}
document.readyState === "loading"
  ? document.addEventListener("DOMContentLoaded", begin) : queueMicrotask(begin);
