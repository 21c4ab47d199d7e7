/** Whether this browser draws in 3D. */
function hasWebGL() {
  const gl = document.createElement("canvas").getContext("webgl");
  gl?.getExtension("WEBGL_lose_context")?.loseContext(); // a page has only so many
  return gl !== null;
}

/**
 * Show pictures of the view, which the kernel draws, where the browser has no WebGL.
 *
 * One is asked for at a time; whatever changes meanwhile is in the next.
 */
function showPictures({ model, el }) {
  const picture = document.createElement("img");
  picture.alt = "";
  const note = document.createElement("p");
  note.textContent =
    "This browser has no WebGL, which 3D needs, so this is a picture: " +
    "it is drawn anew when you move a slider, press a button, drag or scroll.";
  note.setAttribute("role", "status");
  el.classList.add("f3d-pictures");
  el.setAttribute("aria-label", "Picture of the 3D view. The buttons beside it turn it.");
  el.append(picture, note);

  const view = crypto.getRandomValues(new Uint32Array(1))[0]; // of several of one model
  let turned = [0, 0];
  let farther = 1;
  let asked = false;
  let again = false;
  const ask = () => {
    const { width, height } = el.getBoundingClientRect();
    again = asked;
    if (asked || !width || !height) return;
    asked = true;
    const [right, down] = turned;
    const size = { width, height, ratio: devicePixelRatio };
    model.send({ type: "picture", view, ...size, right, down, farther });
    turned = [0, 0];
    farther = 1;
  };
  const arrived = (message, buffers) => {
    if (message.type !== "picture" || message.view !== view) return;
    asked = false;
    if (buffers.length) {
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(new Blob([buffers[0]], { type: "image/webp" }));
      delete el.dataset.loading;
    }
    model.send({ type: "drawn" });
    if (again) ask();
  };
  model.on("msg:custom", arrived);
  const changes = model.get("_unsaved").map((name) => `change:${name}`);
  for (const change of changes) model.on(change, ask);

  el.addEventListener("pointerdown", (event) => {
    if (event.button === 0) el.setPointerCapture(event.pointerId);
    event.preventDefault(); // the picture itself is not dragged
  });
  el.addEventListener("pointermove", ({ pointerId, movementX, movementY }) => {
    if (!el.hasPointerCapture(pointerId)) return;
    turned = [turned[0] + movementX, turned[1] + movementY];
    ask();
  });
  el.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      farther *= Math.exp(event.deltaY / 1000);
      ask();
    },
    { passive: false },
  );

  const stopWatching = watchSize(el, model, ask);
  model.send({ type: "mounted" });
  ask();
  return () => {
    model.send({ type: "unmounted" });
    stopWatching();
    model.off("msg:custom", arrived);
    for (const change of changes) model.off(change, ask);
    URL.revokeObjectURL(picture.src);
  };
}
