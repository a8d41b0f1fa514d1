// A file on its way from the photographer's browser: how far it is, and what the server says of it.

// Resolves to { status, answer }; status 0: the server was not reached. `far(share)` is told as bytes leave, 0 to 1.
export function upload(address, body, far) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of how far an upload is
    request.upload.addEventListener("progress", (event) => event.lengthComputable && far(event.loaded / event.total));
    request.addEventListener("load", () => resolve({ status: request.status, answer: request.response }));
    request.addEventListener("error", () => resolve({ status: 0, answer: null }));
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.send(body);
  });
}

// Files may be dropped anywhere: beside the field the browser would leave the page for the picture.
export function catchDrops(form, take) {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("s-over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files);
    });
  }
}
