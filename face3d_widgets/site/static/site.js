// One page of many sections. One section is seen at a time, and its figures are drawn when
// they come near the window: a browser keeps few 3D drawings at once.

const sections = [...document.querySelectorAll("main > section")];
const cameras = JSON.parse(document.querySelector("#cameras script").textContent);

/** Draw a figure where it belongs, once. */
function draw(place) {
  if (place.dataset.drawn) return;
  place.dataset.drawn = "true";
  const figure = JSON.parse(place.querySelector("script").textContent);
  const graph = document.createElement("div");
  place.append(graph);
  if ("flat" in figure && showFlat(graph, figure.flat)) {
    place.parentElement.querySelector(".views")?.remove(); // they turn nothing
    return;
  }
  const layout = figure.layout;
  layout.autosize = true;
  layout.height ??= place.clientHeight;
  Plotly.newPlot(graph, figure.data, layout, { ...figure.config, responsive: true });
}

/** Give a figure's drawing back. */
function clear(place) {
  const graph = place.querySelector(":scope > div");
  if (graph) {
    if (graph.data) Plotly.purge(graph);
    graph.remove();
  }
  delete place.dataset.drawn;
}

const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((e) => draw(e.target)),
  { rootMargin: "400px" },
);
document.querySelectorAll(".plot").forEach((place) => near.observe(place));

/** Show the section that the address names. */
function open() {
  const wanted = sections.find((section) => `#${section.id}` === location.hash) ?? sections[0];
  for (const section of sections) {
    section.hidden = section !== wanted;
    if (section.hidden) section.querySelectorAll(".plot[data-drawn]").forEach(clear);
  }
  const inLessons = wanted.classList.contains("lesson");
  document.querySelectorAll("nav a").forEach((link) => {
    const current = (link.hash === "#results") !== inLessons;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  document.title = `${wanted.querySelector("h1")?.textContent ?? "Results"} – one photo, one 3D face`;
  scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-camera]");
  const graph = button?.closest(".result").querySelector(".face > div");
  if (graph) Plotly.relayout(graph, { "scene.camera": structuredClone(cameras[button.dataset.camera]) });
});
addEventListener("hashchange", open);
addEventListener("beforeprint", () =>
  document.querySelectorAll("section:not([hidden]) .plot").forEach(draw),
);
open();
