// The photograph over its composite, parted by a line that follows pointer, finger and arrow keys.
export function startCompare() {
  const both = document.querySelector("[data-compare]");
  const slide = document.getElementById("slide");
  if (!both || !slide) return;
  both.classList.add("c-over");
  document.getElementById("slide-row").hidden = false;
  const show = () => both.style.setProperty("--split", `${slide.value}%`);
  slide.addEventListener("input", show);
  show();

  let held = false;
  const follow = (event) => {
    const box = both.getBoundingClientRect();
    slide.value = ((event.clientX - box.left) / box.width) * 100;
    show();
  };
  both.addEventListener("pointerdown", (event) => {
    held = true;
    both.setPointerCapture(event.pointerId);
    follow(event);
  });
  both.addEventListener("pointermove", (event) => held && follow(event));
  for (const end of ["pointerup", "pointercancel"]) both.addEventListener(end, () => { held = false; });
}
