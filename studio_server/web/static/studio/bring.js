// Photographs dropped onto a session's page, or chosen there: two on their way at a time, each with its progress.
const AT_ONCE = 2;

export function startBringing() {
  const form = document.querySelector("[data-bring]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector(".s-brought");
  const waiting = [];
  let under = 0;
  form.querySelector("[data-without-script]").hidden = true;

  function take(files) {
    for (const file of files) line(file, list.appendChild(document.createElement("li")));
    list.hidden = list.children.length === 0;
    next();
  }

  function done(item) {
    item.remove();
    list.hidden = list.children.length === 0;
  }

  function line(file, item) {
    fill(item, file);
    waiting.push({ file, item });
  }

  function next() {
    while (under < AT_ONCE && waiting.length) {
      under += 1;
      const { file, item } = waiting.shift();
      send(form, file, item).then((refused) => {
        under -= 1;
        if (refused) refuse(item, refused, () => { line(file, item); next(); }, () => done(item));
        else setTimeout(() => done(item), 1500);
        next();
      });
    }
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // beside the field too: the browser would leave the page for the picture
      form.classList.toggle("s-over", kind === "dragover");
      if (kind === "drop") take(event.dataTransfer.files);
    });
  }
  const chosen = () => { take(input.files); input.value = ""; };
  input.addEventListener("change", chosen);
  if (input.files.length) chosen(); // before this script ran
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => { if (under) event.preventDefault(); }); // they would be lost on the way
}

function fill(item, file) {
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const words = document.createElement("small");
  name.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  words.textContent = "waiting";
  item.classList.remove("s-bad");
  item.replaceChildren(name, bar, words);
}

// Resolves to what the server refused it for; to nothing where it is kept.
function send(form, file, item) {
  const bar = item.querySelector("progress");
  const words = item.querySelector("small");
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token.value);
  body.append("photographs", file, file.name);
  words.textContent = "sending";
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const begun = performance.now();
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      const left = ((performance.now() - begun) / 1000) * (1 / Math.max(bar.value, 0.01) - 1);
      words.textContent = bar.value === 1 ? "being taken in" : left > 2 ? `${Math.ceil(left)} s left` : "sending";
    });
    request.addEventListener("load", () => {
      if (request.status >= 300) return resolve(request.response?.error ?? "The server could not take it. Send it again.");
      bar.value = 1;
      words.textContent = request.response?.state === "known" ? "was here already" : "received";
      resolve("");
    });
    request.addEventListener("error", () => resolve("The server was not reached. Send it again."));
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.send(body);
  });
}

function refuse(item, sentence, retry, leave) {
  const buttons = document.createElement("span");
  const name = item.firstChild.textContent;
  buttons.append(button("Send again", `Send ${name} again`, retry), button("Leave it", `Leave ${name}`, leave));
  item.querySelector("progress").remove();
  item.querySelector("small").textContent = sentence;
  item.classList.add("s-bad");
  item.append(buttons);
}

function button(words, meaning, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "s-button s-small";
  made.textContent = words;
  made.setAttribute("aria-label", meaning);
  made.addEventListener("click", act);
  return made;
}
