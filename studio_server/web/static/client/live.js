// Live events are a hint: the page is read again and what changed is swapped in. After a break it is read in full.
const KINDS = ["shot", "flag", "variation", "stage", "choice", "progress", "delivery", "copy"];
const SOON = 250;
const LATEST = 30000; // even if no event comes through

export function startLive(sending) {
  const source = document.querySelector("[data-events]");
  if (!source) return;
  const read = reader(sending);
  let stream = null;

  function open() {
    stream?.close();
    stream = new EventSource(source.dataset.events);
    stream.addEventListener("open", read);
    for (const kind of KINDS) {
      stream.addEventListener(kind, (event) => {
        if (kind !== "progress" || !showProgress(event)) read();
      });
    }
    stream.addEventListener("error", () => {
      // A refused stream (a ticket that died, a server that restarts) is not tried again by the browser itself.
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, 5000);
    });
  }

  open();
  document.addEventListener("visibilitychange", () => document.hidden || read());
  addEventListener("online", () => { open(); read(); });
  addEventListener("pageshow", (event) => event.persisted && read());
  setInterval(() => document.hidden || read(), LATEST);
  addEventListener("pagehide", () => stream?.close());
  sending.onQuiet(read);
}

function reader(sending) {
  let timer = null;
  let busy = false;
  let last = -SOON;
  let again = false;

  async function now() {
    timer = null;
    if (busy) { again = true; return; }
    busy = true;
    last = performance.now();
    again = false;
    const before = sending.count();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      // Another address means another page: the door, the consent, the next step.
      if (answer.redirected || !answer.ok) { location.replace(answer.url); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      // What was read before a pick was sent would take that pick back on the screen.
      if (sending.quiet() && sending.count() === before) swap(fresh);
      else again = sending.quiet(); // while something is unsent, the end of the sending reads again
    } catch {
      // Offline: the stream reads again when it is back.
    } finally {
      busy = false;
      if (again) soon();
    }
  }

  function soon() {
    // The first of several events is followed at once, the others together, a moment after it.
    timer ??= setTimeout(now, Math.max(0, last + SOON - performance.now()));
  }
  return soon;
}

function swap(fresh) {
  const held = document.activeElement?.closest("form[id], [id]")?.id;
  const inside = document.activeElement?.matches("button");
  for (const open of document.querySelectorAll("details[id][open]")) fresh.getElementById(open.id)?.setAttribute("open", "");
  for (const old of document.querySelectorAll("[data-live]")) {
    if (!old.isConnected || old.parentElement.closest("[data-live]")) continue;
    const next = fresh.getElementById(old.id);
    if (next) merge(old, next);
  }
  if (held && !document.activeElement?.closest(`#${CSS.escape(held)}`)) refocus(held, inside);
}

function refocus(id, inside) {
  const place = document.getElementById(id);
  (inside ? place?.querySelector("button") : place)?.focus({ preventScroll: true });
}

export function merge(old, next) {
  if (old.isEqualNode(next)) return;
  if (old.dataset.live !== "list") { replace(old, next); return; }
  const known = new Map([...old.children].map((child) => [child.id, child]));
  let place = old.firstElementChild;
  for (const child of [...next.children]) {
    const same = known.get(child.id);
    known.delete(child.id);
    if (!same) { old.insertBefore(document.adoptNode(child), place); continue; }
    if (same === place) place = place.nextElementSibling;
    else old.insertBefore(same, place);
    merge(same, child);
  }
  for (const gone of known.values()) gone.remove();
}

function replace(old, next) {
  // Pictures that are already there are moved over, so that nothing flickers.
  const pictures = new Map([...old.querySelectorAll("img")].map((img) => [img.getAttribute("src"), img]));
  const taken = document.adoptNode(next);
  for (const box of old.querySelectorAll("input[type=checkbox][form]:checked")) {
    const same = taken.querySelector(`input[form][value="${CSS.escape(box.value)}"]`);
    if (same) same.checked = true; // marked, and not sent yet
  }
  for (const img of taken.querySelectorAll("img")) {
    const same = pictures.get(img.getAttribute("src"));
    if (same && same.alt === img.alt) img.replaceWith(same);
  }
  old.replaceWith(taken);
}

function showProgress(event) {
  const data = JSON.parse(event.data);
  const line = [...document.querySelectorAll("[data-job]")].find((one) => one.dataset.job === data.job);
  if (!line || !["running", "waiting"].includes(data.state ?? "running")) return !/^(train|vary|preview)-/.test(data.job ?? "");
  const bar = line.querySelector("progress");
  if (data.total) { bar.max = data.total; bar.value = data.done; }
  line.querySelector("[data-job-text]").textContent = data.text;
  line.querySelector("[data-job-left]").textContent = timeLeft(data.seconds_left);
  return true;
}

export function timeLeft(seconds) {
  if (seconds == null || seconds <= 0) return "";
  if (seconds < 50) return "less than a minute left";
  if (seconds < 90) return "about a minute left";
  return `about ${Math.round(seconds / 60)} minutes left`;
}
