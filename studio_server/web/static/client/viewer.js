// One photograph: arrow keys and a swipe lead to its neighbours, Escape back to the sheet.
const FAR_ENOUGH = 60;

export function startViewer() {
  const viewer = document.querySelector("[data-swipe]");
  const go = (rel) => document.querySelector(`a[rel=${rel}]`)?.click();
  if (viewer) swipe(viewer, go);
  addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea") || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "ArrowLeft") go("prev");
    if (event.key === "ArrowRight") go("next");
    if (event.key === "Escape") go("up");
  });
}

function swipe(viewer, go) {
  let from = null;
  viewer.addEventListener("touchstart", (event) => { from = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
  viewer.addEventListener("touchend", (event) => {
    if (!from) return;
    const across = event.changedTouches[0].clientX - from.clientX;
    const down = Math.abs(event.changedTouches[0].clientY - from.clientY);
    from = null;
    if (Math.abs(across) > FAR_ENOUGH && down < Math.abs(across) / 2) go(across > 0 ? "prev" : "next");
  }, { passive: true });
}
