// Plotly draws the markers of a 3D view as letters, "■" and "●", of a font named "normal", which
// no machine has. Whatever stands in for it says how large they are: in DejaVu Sans they are 1.6
// times as large as in Times New Roman. So here is a font of that name, with these two letters
// and no others, which tools/marker_font.py makes.
window.face3dMarkers ??= (async () => {
  const font = atob(
    "AAEAAAAKAIAAAwAgT1MvMoaWZ5MAAAEoAAAAYGNtYXAmECXOAAABkAAAADxnbHlmkZofbAAAAdQAAABSaGVhZGGG" +
    "QugAAACsAAAANmhoZWEGcgHSAAAA5AAAACRobXR4AsAAgAAAAYgAAAAIbG9jYQANACkAAAHMAAAACG1heHAABQAS" +
    "AAABCAAAACBuYW1lCaE0lQAAAigAAABdcG9zdAADAAAAAAKIAAAAIAABAAAAAQAAQDpOYF8PPPUAAwQAAAAAAAAA" +
    "AAAAAAAAAAAAAABAAAACMAHwAAAAAwACAAAAAAAAAAEAAAQA/wAAAAKAAEAAUAIwAAEAAAAAAAAAAAAAAAAAAAAB" +
    "AAEAAAADABAAAQAAAAAAAgAAAAAAAAAAAAAAAAAAAAAAAwKAAZAABQAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
    "AAAAAAAAAAAAAAAAAAAgAAAAAAAAAAAAPz8/PwAAJaAlzwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAACgABA" +
    "AEAAQAAAAAIAAAADAAAAFAADAAEAAAAUAAQAKAAAAAYABAABAAIloCXP//8AACWgJc///9ph2jMAAQAAAAAAAAAA" +
    "AAAADQApAAEAQAAAAjAB8AADAAAzESERQAHwAfD+EAAAAQBAAAAB+AG4AA8AACUUBwYjIicmNTQ3NjMyFxYB+EBB" +
    "W1tBQEBBW1tBQNxbQUBAQVtbQUBAQQAAAAAABAA2AAEAAAAAAAEABgAAAAEAAAAAAAIABwAGAAMAAQQJAAEADAAN" +
    "AAMAAQQJAAIADgAZbm9ybWFsUmVndWxhcgBuAG8AcgBtAGEAbABSAGUAZwB1AGwAYQByAAAAAAMAAAAAAAAAAAAA" +
    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  );
  const bytes = Uint8Array.from(font, (letter) => letter.charCodeAt(0));
  const face = new FontFace("normal", bytes, { unicodeRange: "U+25A0, U+25CF" });
  document.fonts.add(face);
  await face.load();
})().catch((error) => console.warn("Markers are as large as this machine's fonts:", error));
