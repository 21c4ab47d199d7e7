// A page that was saved, and has no kernel to draw for it, in a browser without WebGL.

/**
 * Put the view's picture, as it was when the page was saved, in the place of a 3D drawing.
 *
 * `url` is empty where no picture could be drawn. False where the browser draws in 3D itself:
 * nothing is done then.
 */
function showFlat(place, url) {
  if (document.createElement("canvas").getContext("webgl")) return false;
  const note = document.createElement("p");
  note.style.cssText = "margin: 0; padding: 8px; font: 15px/1.4 system-ui, sans-serif";
  note.textContent =
    "This browser has no WebGL, which 3D needs" +
    (url ? ", so this is a picture and does not turn. " : ". ") +
    "Another browser or another computer shows it in 3D.";
  place.replaceChildren(note);
  if (!url) return true;
  const picture = document.createElement("img");
  picture.src = url;
  picture.alt = "The 3D view as a picture";
  picture.style.cssText = "display: block; max-width: 100%; max-height: calc(100vh - 90px); margin: auto";
  place.append(picture);
  return true;
}
