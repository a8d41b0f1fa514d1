// A photograph of a place: dropped, sent with its progress, and its horizon dragged to where it is.
import { catchDrops, upload } from "./sending.js";

export function startPlates() {
  const form = document.querySelector("[data-plate-form]");
  if (form) sending(form);
  const frame = document.querySelector("[data-horizon-frame]");
  if (frame) horizon(frame);
}

function sending(form) {
  const file = form.querySelector("input[type=file]");
  const words = form.querySelector("[data-chosen]");
  const title = form.elements.title;
  const usual = words.textContent;

  function chosen() {
    const one = file.files[0];
    words.textContent = one ? one.name : usual;
    if (one && !title.value) title.value = plainName(one.name);
  }

  catchDrops(form, (files) => { file.files = files; chosen(); });
  file.addEventListener("change", chosen);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form); });
}

function plainName(name) {
  const bare = name.replace(/\.[^.]+$/, "").replace(/[_-]+/g, " ").trim();
  return /^[a-z]{0,4} ?\d+$/i.test(bare) ? "" : bare; // a camera's number is no name of a place
}

async function send(form) {
  const parts = { error: form.querySelector("#add-error"), box: form.querySelector(".p-sending"), button: form.querySelector("button") };
  const bar = parts.box.querySelector("progress");
  const words = parts.box.querySelector("[role=status]");
  parts.error.hidden = true;
  parts.box.hidden = false;
  parts.button.disabled = true;
  words.textContent = "Sending";
  const { status, answer } = await upload(form.action, new FormData(form), (share) => {
    bar.value = share;
    if (share === 1) words.textContent = "Looking at it: horizon, light and focus";
  });
  if (status === 201 && answer?.next) { location.assign(answer.next); return; }
  parts.error.textContent = status === 0
    ? "The server was not reached, so nothing was sent. Try again."
    : answer?.error ?? "The server could not take it. Nothing was kept; try again.";
  parts.error.hidden = false;
  parts.box.hidden = true;
  parts.button.disabled = false;
}

function horizon(frame) {
  const range = document.querySelector("#horizon");
  const shown = document.querySelector("#horizon-value");
  const lines = frame.querySelectorAll("line");
  let held = false;

  function draw() {
    for (const line of lines) { line.setAttribute("y1", range.value); line.setAttribute("y2", range.value); }
    shown.textContent = `${Number(range.value).toFixed(1)} %`;
  }

  function follow(event) {
    const box = frame.getBoundingClientRect();
    range.value = (100 * (event.clientY - box.top)) / box.height;
    draw();
  }

  range.addEventListener("input", draw);
  range.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (!by) return;
    event.preventDefault(); // up is up on the picture, where the numbers are lower
    range.value = Number(range.value) + by * Number(range.step);
    draw();
  });
  frame.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    held = true;
    follow(event);
    range.focus({ preventScroll: true });
  });
  frame.addEventListener("pointermove", (event) => held && follow(event));
  for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, () => { held = false; });
  draw();
}
