// Picks and choices are sent in the background. What could not be sent is kept and sent again:
// each says what shall be true, not what to toggle, so that twice is harmless and the last one wins.
const KEPT = `unsent:${location.pathname.split("/").slice(0, 3).join("/")}`;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

export function startSending() {
  const waiting = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  const listeners = [];
  let sent = 0;
  let running = false;
  let pause = FIRST_PAUSE;

  document.documentElement.classList.add("c-scripted");
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.send) return;
    event.preventDefault();
    if (form.dataset.send !== "contexts" && !foresee(form)) return;
    keep(form);
  });
  document.addEventListener("change", (event) => event.target.closest("form[data-send=contexts]")?.requestSubmit());
  addEventListener("online", () => flush());

  function keep(form) {
    const fields = [...new FormData(form)].filter(([name]) => name !== "back");
    waiting.set(form.action, sentFields(form, fields));
    sent += 1;
    save();
    flush();
  }

  async function flush() {
    if (running) return;
    running = true;
    while (waiting.size) {
      const [url, fields] = waiting.entries().next().value;
      const outcome = await post(url, fields);
      if (outcome === null) { offline(true); setTimeout(() => { running = false; flush(); }, pause); pause = Math.min(pause * 2, LONGEST_PAUSE); return; }
      pause = FIRST_PAUSE;
      offline(false);
      if (waiting.get(url) === fields) waiting.delete(url);
      save();
      if (outcome.error) say(outcome.error);
    }
    running = false;
    for (const listener of listeners) listener();
  }

  function save() {
    sessionStorage.setItem(KEPT, JSON.stringify([...waiting]));
  }

  if (waiting.size) flush();
  return { quiet: () => waiting.size === 0, count: () => sent, onQuiet: (listener) => listeners.push(listener) };
}

function sentFields(form, fields) {
  if (form.dataset.send === "contexts") return fields;
  const value = form.dataset.foreseen;
  return fields.map(([name, old]) => (name === "flag" || name === "choice" ? [name, value] : [name, old]));
}

// {} when it was taken, {error} when it was refused, null when nobody answered: then it is sent again.
async function post(url, fields) {
  try {
    const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "application/json", "X-CSRF-Token": token },
    });
    if (answer.status >= 502) return null;
    const said = await answer.json().catch(() => ({}));
    return answer.ok ? {} : { error: said.error ?? "That did not work. Load the page again." };
  } catch {
    return null;
  }
}

// Show at once what will be true; the next reading of the page corrects it if the server said no.
function foresee(form) {
  const button = form.querySelector("button");
  const on = button.getAttribute("aria-pressed") !== "true";
  if (form.dataset.send === "pick") {
    if (!count(on ? 1 : -1)) return false;
    form.dataset.foreseen = on ? "1" : "0";
    form.closest(".c-card")?.classList.toggle("c-picked", on);
  } else {
    const field = form.querySelector("[data-choice]");
    form.dataset.foreseen = on ? field.dataset.choice : "open";
    const others = form.closest(".c-decide").querySelectorAll("button");
    for (const other of others) other.setAttribute("aria-pressed", "false");
    const card = form.closest(".c-picture");
    card?.classList.toggle("c-is-approved", form.dataset.foreseen === "approved");
    card?.classList.toggle("c-is-refused", form.dataset.foreseen === "refused");
  }
  button.setAttribute("aria-pressed", String(on));
  return true;
}

function count(step) {
  const shown = document.querySelector("[data-picks]");
  if (!shown) return true;
  const next = Number(shown.textContent) + step;
  const limit = Number(shown.dataset.limit);
  if (next > limit) { say(`${limit} of ${limit} are chosen. Unpick one to choose another.`); return false; }
  shown.textContent = Math.max(0, next);
  return true;
}

let hush = 0;
function say(sentence) {
  const place = document.getElementById("said");
  if (!place) return;
  place.textContent = sentence;
  place.hidden = false;
  clearTimeout(hush);
  hush = setTimeout(() => { place.hidden = true; }, 6000);
}

function offline(is) {
  const place = document.getElementById("offline");
  if (place) place.hidden = !is;
}
