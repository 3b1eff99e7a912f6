// `corr serve`: what is running is asked for again and again, and shown as text.

const POLL_MS = 2000;

function drawLive(answer) {
  const box = $("#live");
  if (!box) return;
  box.hidden = !answer.running.length;
  $("#optimisations").hidden = !answer.sessions.length;
  $("#live-list").replaceChildren(...answer.running.flatMap((one) => [
    make("h3", {}, one.program, " ", make("span", { class: "quiet" }, `since ${one.started}`)),
    make("pre", { class: "wrap" }, one.lines.join("\n"))]));
  const table = $("#sessions");
  const times = (value) => (value === null ? "" : `×${shown(value)}`);
  $("tbody", table).replaceChildren(...answer.sessions.map((s) => make("tr", {}, make("td", {}, s.program),
    make("td", {}, make("a", { href: `/run/${encodeURIComponent(s.newest)}` }, make("code", {}, s.session))),
    [s.iterations, s.proposals, s.accepted].map((n) => make("td", { class: "n" }, shown(n))),
    make("td", { class: "n" }, times(s.speedup)), make("td", { class: "n" }, times(s.measured_again)))));
  heads(table);
}
async function poll() {
  try {
    if (!document.hidden) {
      const answer = await fetch("/live.json");
      if (answer.ok) drawLive(await answer.json());
    }
  } catch (error) { /* the server has ended; it may come back */ }
  setTimeout(poll, POLL_MS);
}
function searchRuns() {
  const search = $("#run-search");
  if (!search) return;
  search.addEventListener("input", () => {
    const text = search.value.trim().toLowerCase();
    for (const row of $$("#runs tbody tr")) row.hidden = !row.textContent.toLowerCase().includes(text);
  });
}
/** Two runs are chosen: the older one is what the other is compared with. A third takes the place of the first. */
function chooseRuns() {
  const link = $("#compare"), told = $("#chosen");
  if (!link) return;
  const chosen = [];
  const names = $$("#runs .choose");
  for (const box of names) {
    box.checked = false; // a browser that comes back keeps the marks
    box.addEventListener("change", () => {
      if (box.checked) chosen.push(box);
      else chosen.splice(chosen.indexOf(box), 1);
      if (chosen.length > 2) chosen.shift().checked = false;
      const [a, b] = [...chosen].sort((x, y) => (x.value < y.value ? -1 : 1));
      link.hidden = chosen.length !== 2;
      if (!link.hidden) link.href = `/diff/${encodeURIComponent(a.value)}/${encodeURIComponent(b.value)}`;
      const name = (one) => `${one.dataset.name} (${one.value})`;
      told.textContent = link.hidden ? (a ? `${name(a)} and another` : "choose two runs to compare them") : `${name(a)} and ${name(b)}:`;
    });
  }
}
document.addEventListener("DOMContentLoaded", () => {
  chooseRuns();
  searchRuns();
  if (document.body.dataset.served && $("#lake")) poll();
});
