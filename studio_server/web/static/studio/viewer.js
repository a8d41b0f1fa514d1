// One picture large, over the page: arrows go on, Escape or a touch beside it goes back.
export function startViewer() {
  const dialog = document.createElement("dialog");
  dialog.className = "s-viewer";
  dialog.innerHTML = `
    <img alt="">
    <p><button type="button" class="s-button" data-step="-1" aria-label="Picture before">‹</button>
      <span role="status"></span>
      <button type="button" class="s-button" data-step="1" aria-label="Next picture">›</button>
      <button type="button" class="s-button" data-close>Close</button></p>`;
  const picture = dialog.querySelector("img");
  const words = dialog.querySelector("[role=status]");
  let shown = "";

  function links() {
    return [...document.querySelectorAll("a[data-large]")];
  }

  function show(link) {
    shown = link.href;
    picture.src = link.href;
    picture.alt = words.textContent = link.dataset.large;
    if (!dialog.open) dialog.showModal();
  }

  function step(by) {
    // By address, not by node: the page may have been read again while the viewer was open.
    const all = links();
    const next = all[all.findIndex((link) => link.href === shown) + by];
    if (next) show(next);
  }

  document.body.append(dialog);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-large]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.step) step(Number(button.dataset.step));
    else if (event.target === dialog || button) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("close", () => links().find((link) => link.href === shown)?.focus());
}
