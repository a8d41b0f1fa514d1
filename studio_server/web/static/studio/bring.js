// Photographs dropped onto a session's page, or chosen there: two on their way at a time, each with its progress.
import { catchDrops, upload } from "./sending.js";

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

  catchDrops(form, take);
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
async function send(form, file, item) {
  const bar = item.querySelector("progress");
  const words = item.querySelector("small");
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token.value);
  body.append("photographs", file, file.name);
  words.textContent = "sending";
  const begun = performance.now();
  const { status, answer } = await upload(form.action, body, (share) => {
    bar.value = share;
    const left = ((performance.now() - begun) / 1000) * (1 / Math.max(share, 0.01) - 1);
    words.textContent = share === 1 ? "being taken in" : left > 2 ? `${Math.ceil(left)} s left` : "sending";
  });
  if (status === 0) return "The server was not reached. Send it again.";
  if (status >= 300) return answer?.error ?? "The server could not take it. Send it again.";
  bar.value = 1;
  words.textContent = answer?.state === "known" ? "was here already" : "received";
  return "";
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
