// Strokes over the person: drawn in colour at once, sent one after the other, and gone when their answer is shown.
const INK = { keep: "#17a34acc", remove: "#e0483acc" };
const MOST_POINTS = 300;
const ZOOMS = [1, 1.5, 2, 3, 4];

export function startBrush() {
  const desk = document.querySelector("[data-brush]");
  if (desk) brush(desk);
}

function brush(desk) {
  const stage = desk.querySelector("[data-stage]");
  const scroll = desk.querySelector("[data-scroll]");
  const canvas = desk.querySelector("canvas");
  const person = desk.querySelector("[data-cut]");
  const status = desk.querySelector("[role=status]");
  const size = desk.querySelector("#size");
  const again = document.querySelector("[data-again]");
  const steps = { undo: desk.querySelector("[data-do=undo]"), redo: desk.querySelector("[data-do=redo]") };
  const ink = canvas.getContext("2d");
  const counts = { strokes: Number(desk.dataset.strokes), undone: Number(desk.dataset.undone) };
  const unsent = [];
  let [wide, high] = stage.dataset.aspect.split(" ").map(Number);
  let zoom = 0;
  let drawn = null; // the stroke under the pen
  let at = null; // where the brush is, in shares of the picture
  let sending = false;

  const kind = () => desk.querySelector("[name=kind]:checked").value;
  const width = () => 0.004 * 40 ** (size.value / 100); // of the longer side: 0.4 % to 16 %

  function say(sentence, bad = false) {
    status.textContent = sentence;
    status.classList.toggle("s-warn", bad);
  }

  function told() {
    steps.undo.disabled = !counts.strokes || sending;
    steps.redo.disabled = !counts.undone || sending;
    again.disabled = sending || !(counts.strokes || counts.undone);
  }

  function lay() {
    const room = { width: scroll.clientWidth, height: innerHeight * 0.78 };
    const fit = Math.min(room.width / wide, room.height / high);
    stage.style.width = `${wide * fit * ZOOMS[zoom]}px`;
    stage.style.height = `${high * fit * ZOOMS[zoom]}px`;
    const dense = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.min(4096, Math.round(stage.clientWidth * dense));
    canvas.height = Math.round((canvas.width * stage.clientHeight) / stage.clientWidth);
    paint();
  }

  function line(stroke) {
    ink.lineWidth = stroke.width * Math.max(canvas.width, canvas.height);
    ink.lineCap = ink.lineJoin = "round";
    ink.strokeStyle = INK[stroke.kind];
    ink.beginPath();
    for (const [x, y] of stroke.points) ink.lineTo(x * canvas.width, y * canvas.height);
    if (stroke.points.length === 1) ink.lineTo(stroke.points[0][0] * canvas.width + 0.1, stroke.points[0][1] * canvas.height);
    ink.stroke();
  }

  function paint() {
    ink.clearRect(0, 0, canvas.width, canvas.height);
    for (const one of unsent) if (one.points) line(one);
    if (drawn) line(drawn);
    if (!at) return;
    const radius = (width() * Math.max(canvas.width, canvas.height)) / 2;
    for (const [colour, thick] of [["#000a", 3], ["#fff", 1.5]]) {
      ink.strokeStyle = colour;
      ink.lineWidth = thick;
      ink.beginPath();
      ink.arc(at[0] * canvas.width, at[1] * canvas.height, radius, 0, 7);
      ink.stroke();
    }
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  function within([x, y]) { return x >= -0.5 && x <= 1.5 && y >= -0.5 && y <= 1.5; }

  function begin(event) {
    if (event.button || !event.isPrimary) { drawn = null; paint(); return; } // a second finger moves the picture
    canvas.setPointerCapture(event.pointerId);
    drawn = { kind: kind(), width: width(), points: [place(event)] };
    follow(event);
  }

  function follow(event) {
    at = place(event);
    if (drawn && event.isPrimary) {
      for (const one of event.getCoalescedEvents?.() ?? [event]) drawn.points.push(place(one));
    }
    paint();
  }

  function end() {
    if (drawn) send({ ...drawn, points: thinned(drawn.points.filter(within)) });
    drawn = null;
    paint();
  }

  function send(entry) {
    if (entry.points && !entry.points.length) return;
    unsent.push(entry);
    if (!sending) next();
  }

  async function next() {
    sending = true;
    told();
    stage.dataset.busy = "";
    say(unsent.length > 1 ? `Looking for the edge: ${unsent.length} strokes are waiting` : "Looking for the edge …");
    const fields = { ...unsent[0], points: JSON.stringify(unsent[0].points ?? []) };
    try {
      const state = await ask(desk.dataset.draw, fields);
      Object.assign(counts, state);
      if (unsent.length === 1) await show(state.state);
      unsent.shift();
      if (!unsent.length) say(words());
    } catch (error) {
      unsent.length = 0;
      say(error.message, true);
    }
    sending = false;
    paint();
    told();
    if (unsent.length) next();
    else delete stage.dataset.busy;
  }

  function words() {
    return counts.strokes ? `${counts.strokes} ${counts.strokes === 1 ? "stroke" : "strokes"}, all kept.` : "As the machine cut it out.";
  }

  // The picture is asked for by fetch, so that a refusal can be read out.
  async function show(state) {
    const answer = await fetch(`${desk.dataset.person}?${state}`, { headers: { Accept: "application/json, image/webp" } }).catch(() => null);
    if (!answer) throw new Error("The server was not reached. What you drew before is kept; load the page again.");
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? "This did not work. Load the page again.");
    const old = person.src;
    person.src = URL.createObjectURL(await answer.blob());
    await person.decode();
    if (old) URL.revokeObjectURL(old);
    if (wide !== person.naturalWidth) {
      [wide, high] = [person.naturalWidth, person.naturalHeight];
      lay();
    }
  }

  function step(what) {
    const due = what === "undo" ? counts.strokes : counts.undone;
    if (due && !sending) send({ kind: what });
  }

  function closer(by) {
    const middle = [(scroll.scrollLeft + scroll.clientWidth / 2) / stage.clientWidth, (scroll.scrollTop + scroll.clientHeight / 2) / stage.clientHeight];
    zoom = by ? Math.min(ZOOMS.length - 1, Math.max(0, zoom + by)) : 0;
    lay();
    scroll.scrollTo(middle[0] * stage.clientWidth - scroll.clientWidth / 2, middle[1] * stage.clientHeight - scroll.clientHeight / 2);
  }

  const KEYS = {
    k: () => choose("keep"), r: () => choose("remove"), "[": () => sized(-5), "]": () => sized(5),
    "+": () => closer(1), "-": () => closer(-1), 0: () => closer(0),
  };

  function choose(value) { desk.querySelector(`[name=kind][value=${value}]`).checked = true; paint(); }
  function sized(by) { size.value = Number(size.value) + by; paint(); }

  function key(event) {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "z") {
      event.preventDefault();
      step(event.shiftKey ? "redo" : "undo");
    } else if (!command && !event.altKey && KEYS[event.key.toLowerCase()]) {
      KEYS[event.key.toLowerCase()]();
    }
  }

  function byKeyboard(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    const [x, y] = at ?? [0.5, 0.5];
    const by = (width() / 2) * Math.max(wide, high);
    if (move) at = [Math.min(1, Math.max(0, x + (move[0] * by) / wide)), Math.min(1, Math.max(0, y + (move[1] * by) / high))];
    else send({ kind: kind(), width: width(), points: [[x, y]] });
    paint();
  }

  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", () => { drawn = null; paint(); });
  canvas.addEventListener("pointerleave", () => { if (!drawn) { at = null; paint(); } });
  canvas.addEventListener("keydown", byKeyboard);
  document.addEventListener("keydown", key);
  desk.addEventListener("change", (event) => {
    if (event.target.name === "behind") stage.dataset.behind = event.target.value;
  });
  for (const what of Object.keys(steps)) steps[what].addEventListener("click", () => step(what));
  for (const button of desk.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => closer(Number(button.dataset.zoom)));
  addEventListener("resize", lay);
  addEventListener("beforeunload", (event) => { if (unsent.length) event.preventDefault(); });

  lay();
  told();
  show(desk.dataset.state).then(() => say(words()), (error) => say(error.message, true));
}

async function ask(url, fields) {
  const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
  const answer = await fetch(url, {
    method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json", "X-CSRF-Token": token },
  }).catch(() => null);
  if (!answer) throw new Error("The server was not reached, so this stroke is not kept. Try again.");
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? "This stroke was not taken. Load the page again.");
  return said;
}

function thinned(points) {
  if (points.length <= MOST_POINTS) return points;
  const every = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, n) => points[Math.round(n * every)]);
}
