// Plotly's own widget script does the drawing. It is large, so a page loads it
// once: from the address that the page names, or from the kernel.

const CLICK_MOVES_AT_MOST = 4; // pixels
const CAMERA_RESTS_AFTER = 150; // milliseconds
const FRAMES_OF_REST = 40; // after so many without a change, nobody follows any more

/** Plotly's module, shared by every figure of the page. */
function plotlyModule(model) {
  window.face3dPlotly ??= loadPlotly(model).catch((error) => {
    window.face3dPlotly = undefined; // so that the next figure may try again
    throw error;
  });
  return window.face3dPlotly;
}

async function loadPlotly(model) {
  const module = await import(await scriptAddress(model));
  await window.face3dMarkers; // it keeps their shapes from the first that it draws
  // After every change Plotly's view tells Python all that it filled in by
  // default, points included, as text: megabytes that nobody here reads.
  module.FigureView.prototype._sendTraceDeltas = () => {};
  module.FigureView.prototype._sendLayoutDelta = () => {};
  // Nor does anybody read what lies under the pointer at each of its moves.
  for (const event of ["click", "hover", "unhover"]) {
    module.FigureView.prototype[`handle_plotly_${event}`] = () => {};
  }
  forgetWithTheView(module.FigureView.prototype);
  return module;
}

/**
 * Let a view's listeners go when the view goes.
 *
 * Plotly's stay, draw on what is no longer there, fail, and keep those that come after
 * them from hearing anything.
 */
function forgetWithTheView(prototype) {
  const { perform_render: show, remove } = prototype;
  prototype.perform_render = function () {
    const figure = this.model;
    const heard = [];
    const on = (event, hear) => {
      heard.push([event, hear]);
      figure.on(event, hear);
    };
    this.model = Object.create(figure, { on: { value: on } });
    this.forget = () => heard.forEach(([event, hear]) => figure.model.off(event, hear));
    show.call(this);
  };
  prototype.remove = function () {
    this.forget();
    remove.call(this);
  };
}

async function scriptAddress(model) {
  const address = document.querySelector('meta[name="face3d-plotly"]')?.content;
  if (address) return new URL(address, document.baseURI).href;
  const script = await new Promise((resolve) => {
    const receive = (message, buffers) => {
      if (message.type !== "script") return;
      model.off("msg:custom", receive);
      resolve(buffers[0]);
    };
    model.on("msg:custom", receive);
    model.send({ type: "script" });
  });
  return URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
}

/** Two frames from now the browser has drawn; a hidden page draws none and says so at once. */
function afterDrawing() {
  return new Promise((resolve) => {
    if (document.hidden) resolve();
    else requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
  });
}

/**
 * Tell `clicked(point)` of clicks on the model, as Plotly has it: curveNumber, pointNumber.
 *
 * Plotly says what is under the pointer when that moves and when it is pressed, and of a
 * quick click never that it was one. So what it found last counts, if nothing was dragged.
 */
function watchClicks(el, graph, clicked) {
  let under;
  let pressed;
  const found = ({ points }) => (under = points[0]);
  const lost = () => (under = undefined);
  const press = ({ clientX, clientY }) => (pressed = [clientX, clientY]);
  const click = async ({ clientX, clientY }) => {
    const dragged = Math.hypot(clientX - pressed?.[0], clientY - pressed?.[1]);
    if (!(dragged <= CLICK_MOVES_AT_MOST)) return;
    await afterDrawing(); // Plotly finds what is there when it draws
    if (under) clicked(under);
  };
  graph.on("plotly_hover", found);
  graph.on("plotly_click", found);
  graph.on("plotly_unhover", lost);
  el.addEventListener("pointerdown", press, true);
  el.addEventListener("click", click, true);
  return () => {
    el.removeEventListener("pointerdown", press, true);
    el.removeEventListener("click", click, true);
  };
}

/** Every 3D scene of a figure: its name in the layout, and what draws it. */
function scenesOf(graph) {
  const names = graph._fullLayout?._subplots?.gl3d ?? [];
  return names.map((name) => [name, graph._fullLayout[name]._scene]).filter(([, s]) => s?.camera);
}

/** Call `taken({ clientX, clientY })` whenever a hand takes the view; gives the undo. */
function whenTaken(el, taken) {
  const take = (event) => taken(event.touches?.[0] ?? event);
  const options = { capture: true, passive: true };
  const events = ["pointerdown", "wheel", "touchstart"];
  for (const event of events) el.addEventListener(event, take, options);
  return () => events.forEach((event) => el.removeEventListener(event, take, options));
}

/**
 * Let a drag that began on the view stay the view's, wherever the pointer goes.
 *
 * Plotly hears a button go up over the view alone: let go beside it, the model would hang on
 * the pointer when that comes back.
 */
function holdDrags(el) {
  const hold = ({ target, pointerId, pointerType }) => {
    if (pointerType === "mouse" && target instanceof HTMLCanvasElement) {
      target.setPointerCapture(pointerId);
    }
  };
  el.addEventListener("pointerdown", hold, true);
  return () => el.removeEventListener("pointerdown", hold, true);
}

/**
 * Let the kernel know where the camera came to rest.
 *
 * Plotly tells of it when the button goes up, and after that moves on, with the next frame,
 * to where the pointer was by then: the slower the machine, the later and the farther.
 *
 * Only a hand's camera is told. While a camera of the kernel's is being drawn, scene and layout
 * differ too, and what the scene shows then is what the kernel has left behind.
 */
function watchCamera(el, graph, model) {
  let waiting;
  let taken = false; // by a hand, and not told since
  const given = () => {
    const news = Object.keys(model.get("_py2js_update")?.layout_data ?? {});
    if (news.some((key) => key.includes(".camera"))) taken = false;
  };
  const look = async () => {
    await afterDrawing();
    if (!taken) return;
    const scenes = scenesOf(graph);
    if (scenes.some(([, scene]) => scene.camera.mouseListener.buttons)) return later();
    taken = false;
    const moved = scenes.filter(([, scene]) => scene.isCameraChanged(graph.layout));
    if (!moved.length) return;
    const cameras = moved.map(([name, scene]) => [`${name}.camera`, scene.getCamera()]);
    window.Plotly.relayout(graph, Object.fromEntries(cameras));
  };
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, CAMERA_RESTS_AFTER);
  };
  graph.on("plotly_relayout", later);
  model.on("change:_py2js_update", given);
  window.addEventListener("pointerup", later);
  const stopHearing = whenTaken(el, () => (taken = true));
  return () => {
    clearTimeout(waiting);
    model.off("change:_py2js_update", given);
    window.removeEventListener("pointerup", later);
    stopHearing();
  };
}

/**
 * Where a figure has several scenes: turning one turns all.
 *
 * The one that a hand took last leads. It glides on after the hand let go, so the others
 * follow it from frame to frame until it has rested for a while.
 */
function linkCameras(el, graph) {
  let leader;
  let seen;
  let resting = 0;
  let frame;
  const follow = () => {
    const scenes = scenesOf(graph);
    const lead = scenes.find(([name]) => name === leader)?.[1];
    frame = undefined;
    if (!lead) return;
    const camera = lead.getCamera();
    const now = JSON.stringify(camera);
    if (now !== seen) {
      seen = now;
      resting = 0;
      for (const [name, scene] of scenes) {
        if (name === leader) continue;
        scene.setViewport({ camera, aspectratio: scene.fullSceneLayout.aspectratio });
      }
    } else if (!lead.camera.mouseListener.buttons) resting += 1;
    if (resting < FRAMES_OF_REST) frame = requestAnimationFrame(follow);
  };
  const take = ({ clientX, clientY }) => {
    const scenes = scenesOf(graph);
    if (scenes.length < 2) return;
    const hit = scenes.find(([, scene]) => {
      const { left, right, top, bottom } = scene.container.getBoundingClientRect();
      return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    });
    if (!hit) return;
    leader = hit[0];
    seen = undefined;
    resting = 0;
    frame ??= requestAnimationFrame(follow);
  };
  const stopHearing = whenTaken(el, take);
  return () => {
    cancelAnimationFrame(frame);
    stopHearing();
  };
}

/**
 * Call `resized()` when the view has another size, and tell the kernel of it.
 *
 * Pictures that are made elsewhere have the shape that the view has here.
 */
function watchSize(el, model, resized) {
  let telling;
  const tell = () => {
    const { width, height } = el.getBoundingClientRect();
    if (width && height) model.send({ type: "size", width, height });
  };
  const observer = new ResizeObserver(() => {
    resized();
    clearTimeout(telling);
    telling = setTimeout(tell, 200);
  });
  observer.observe(el);
  return () => {
    observer.disconnect();
    clearTimeout(telling);
  };
}

/** Show what a saved notebook has of a figure: a still picture where one was kept, or none. */
function showStill(model, el) {
  const still = model.get("still");
  if (!still.byteLength) {
    el.classList.add("f3d-unkept");
    el.dataset.loading = "Run this cell to see the face; no picture of it was kept.";
    el.setAttribute("aria-label", el.dataset.loading);
    return undefined;
  }
  const url = URL.createObjectURL(new Blob([still], { type: "image/jpeg" }));
  const picture = document.createElement("img");
  picture.src = url;
  picture.alt = "A still picture of the 3D view";
  const caption = document.createElement("figcaption");
  caption.textContent = "A still picture; run this cell to turn the face.";
  const figure = document.createElement("figure");
  figure.className = "f3d-still";
  figure.append(picture, caption);
  el.removeAttribute("role");
  el.removeAttribute("aria-label");
  el.append(figure);
  return () => URL.revokeObjectURL(url);
}

export default () => {
  let figure; // what hears the kernel as long as there is a page, whether shown or not
  let unsaved;
  let inner;
  let loading;

  // The page is shown first; loading the script and drawing hold up everything else.
  async function load() {
    const { model } = figure;
    await afterDrawing();
    const module = await plotlyModule(model);
    // Changes made before now went past Plotly.
    while (unsaved.changed()) await unsaved.ask();
    inner = module.default();
    await inner.initialize(figure);
  }

  return {
    initialize(context) {
      unsaved = unsavedTraits(context.model);
      figure = { ...context, model: unsaved.of(context.model) };
    },

    async render(context) {
      const { el } = context;
      const model = unsaved.of(context.model);
      el.classList.add("f3d-figure");
      el.setAttribute("role", "img");
      el.setAttribute("aria-label", "3D view. The buttons beside it turn it without a mouse.");
      if (!(await hasKernel(context.model))) return showStill(model, el);
      el.dataset.loading = "Loading the 3D view…";
      if (!hasWebGL()) return showPictures({ model, el });
      loading ??= load();
      try {
        await loading;
      } catch (error) {
        loading = undefined;
        el.dataset.loading = "The 3D view could not be loaded; reload the page.";
        el.setAttribute("role", "alert");
        el.setAttribute("aria-label", el.dataset.loading);
        throw error;
      }
      await afterDrawing();
      const remove = await inner.render({ ...context, model });
      delete el.dataset.loading;
      const graph = el.classList.contains("js-plotly-plot") ? el : el.querySelector(".js-plotly-plot");

      // Registered after Plotly's own handler, hence called when it has finished.
      const drawn = async () => {
        if (!model.get("_py2js_update") && !model.get("_py2js_restyle")) return;
        await afterDrawing();
        model.send({ type: "drawn" });
      };
      model.on("change:_py2js_update", drawn);
      model.on("change:_py2js_restyle", drawn);

      const stopWatching = watchClicks(el, graph, ({ curveNumber, pointNumber }) =>
        model.send({ type: "click", trace: curveNumber, number: pointNumber }),
      );

      const letGo = holdDrags(el);
      const stopCamera = watchCamera(el, graph, model);
      const unlinkCameras = linkCameras(el, graph);

      const stopWatchingSize = watchSize(el, model, () => {
        if (el.clientWidth && graph._fullLayout) window.Plotly.Plots.resize(graph);
      });
      model.send({ type: "mounted" });
      return () => {
        model.send({ type: "unmounted" });
        stopWatchingSize();
        stopWatching();
        letGo();
        stopCamera();
        unlinkCameras();
        model.off("change:_py2js_update", drawn);
        model.off("change:_py2js_restyle", drawn);
        remove?.();
      };
    },
  };
};
