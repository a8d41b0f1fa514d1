// The signature: drawn with a finger, a pen or the mouse, or written by the keyboard's "Use my typed name".
export function startSigning() {
  const pad = document.getElementById("signature-pad");
  if (!pad) return;
  const pen = pad.getContext("2d");
  const form = pad.closest("form");
  const field = document.getElementById("signature");
  const wrong = document.getElementById("sign-error");
  let last = null;
  let drawn = 0;

  pad.hidden = false;
  document.getElementById("sign-tools").hidden = false;
  clear();

  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last, last);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last) return;
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) {
      const next = place(step);
      stroke(last, next);
      last = next;
    }
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { last = null; });

  document.getElementById("sign-clear").addEventListener("click", clear);
  document.getElementById("sign-typed").addEventListener("click", () => {
    clear();
    const name = document.getElementById("signed_name").value.trim();
    pen.font = "italic 110px 'Snell Roundhand', 'Segoe Script', 'URW Chancery L', cursive";
    pen.textAlign = "center";
    pen.fillText(name, pad.width / 2, pad.height / 2 + 36, pad.width - 80);
    drawn = name ? pad.width : 0;
  });
  form.addEventListener("submit", (event) => {
    field.value = drawn > 60 ? pad.toDataURL("image/png") : "";
    const missing = whatIsMissing();
    wrong.hidden = !missing;
    if (!missing) return;
    event.preventDefault();
    wrong.textContent = missing;
    wrong.scrollIntoView({ block: "center" });
  });

  function whatIsMissing() {
    if (!form.querySelector("[name=purposes]:checked")) return "Nothing is ticked yet. Tick what you agree to.";
    return field.value ? "" : "The signature is missing. Draw it in the field with a finger, a pen or the mouse.";
  }

  function place(event) {
    const box = pad.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * pad.width) / box.width, y: ((event.clientY - box.top) * pad.height) / box.height };
  }

  function stroke(from, to) {
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    drawn += Math.hypot(to.x - from.x, to.y - from.y);
  }

  function clear() {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, pad.width, pad.height);
    pen.fillStyle = pen.strokeStyle = "#14213d";
    pen.lineWidth = 7;
    pen.lineCap = pen.lineJoin = "round";
    drawn = 0;
  }
}
