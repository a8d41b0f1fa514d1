// A photograph of a place: dropped, sent with its progress, and its horizon dragged to where it is.
export function startPlates() {
  const form = document.querySelector("[data-plate-form]");
  if (form) sending(form);
  const frame = document.querySelector("[data-horizon-frame]");
  if (frame) horizon(frame);
}

function sending(form) {
  const file = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const words = form.querySelector("[data-chosen]");
  const title = form.elements.title;
  const usual = words.textContent;

  function chosen() {
    const one = file.files[0];
    words.textContent = one ? one.name : usual;
    if (one && !title.value) title.value = plainName(one.name);
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // beside the field too: the browser would leave the page for the picture
      drop.classList.toggle("p-over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) { file.files = event.dataTransfer.files; chosen(); }
    });
  }
  file.addEventListener("change", chosen);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form); });
}

function plainName(name) {
  const bare = name.replace(/\.[^.]+$/, "").replace(/[_-]+/g, " ").trim();
  return /^[a-z]{0,4} ?\d+$/i.test(bare) ? "" : bare; // a camera's number is no name of a place
}

function send(form) {
  const parts = { error: form.querySelector("#add-error"), box: form.querySelector(".p-sending"), button: form.querySelector("button") };
  const bar = parts.box.querySelector("progress");
  const status = parts.box.querySelector("[role=status]");
  const request = new XMLHttpRequest();
  const failed = (sentence) => {
    parts.error.textContent = sentence;
    parts.error.hidden = false;
    parts.box.hidden = true;
    parts.button.disabled = false;
  };
  parts.error.hidden = true;
  parts.box.hidden = false;
  parts.button.disabled = true;
  status.textContent = "Sending";
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.lengthComputable ? event.loaded / event.total : 0;
    if (bar.value === 1) status.textContent = "Looking at it: horizon, light and focus";
  });
  request.addEventListener("load", () => {
    if (request.status === 201 && request.response?.next) location.assign(request.response.next);
    else failed(request.response?.error ?? "The server could not take it. Nothing was kept; try again.");
  });
  request.addEventListener("error", () => failed("The server was not reached, so nothing was sent. Try again."));
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.send(new FormData(form));
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
