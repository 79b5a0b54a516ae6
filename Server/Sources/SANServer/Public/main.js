import { encode, keepToken, labelMap, segment } from "./api.js";
import { Labels, PhotoView } from "./labels.js";

const $ = (id) => document.getElementById(id);
const view = new PhotoView($("photo"));

// The photo that is shown: its file, and the promise of its name at the server.
let photo = null;
let kept = null;
// The question that was answered last, and its report.
let answered = null;
// What is under way, and what to do again once there is a token.
let running = new AbortController();
let afterToken = null;

function say(text, isWrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", isWrong);
}

/** Runs a task in the place of the one under way, and says what went wrong with it. */
async function run(task) {
  running.abort();
  const own = new AbortController();
  running = own;
  try {
    await task(own.signal);
  } catch (error) {
    if (own.signal.aborted || error.name === "AbortError") return;
    if (error.status === 401) {
      afterToken = task;
      $("access").hidden = false;
      $("token").focus();
    }
    say(error.message, true);
  }
}

// Photos

async function open(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    say("This browser cannot show this file; give it a photo as JPEG or PNG.", true);
    return;
  }
  [photo, kept, answered] = [file, null, null];
  $("invitation").hidden = true;
  $("drop").classList.add("full");
  $("photo").hidden = false;
  $("answer").hidden = true;
  $("pointer").textContent = "";
  view.show(bitmap);
  await run(look);
}

/** Sends the photo, and asks at once where names are there already. */
async function look(signal) {
  say("Looking at the photo …");
  kept = (await encode(photo, signal)).photo;
  if ($("classes").value.trim()) return ask(signal);
  say("Now name what is in it.");
  $("classes").focus();
}

$("file").addEventListener("change", () => {
  if ($("file").files.length > 0) open($("file").files[0]);
  $("file").value = "";
});

$("sample").addEventListener("click", async () => {
  const response = await fetch("coffee.jpg");
  const file = new File([await response.blob()], "coffee.jpg", { type: "image/jpeg" });
  if (!$("classes").value.trim()) $("classes").value = "cup, spoon, table";
  open(file);
});

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") openFirst(event.dataTransfer.files);
  });
}

document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length > 0) openFirst(event.clipboardData.files);
});

function openFirst(files) {
  const file = [...files].find(({ type }) => type.startsWith("image/"));
  if (file) open(file);
  else say("That is no photo; give it a JPEG or PNG file.", true);
}

// Questions

function question() {
  return { classes: $("classes").value, background: $("others").checked ? "distractors" : "none" };
}

async function ask(signal) {
  const asked = question();
  say("Labelling …");
  const start = performance.now();
  let report;
  try {
    report = await segment(kept, asked, signal);
  } catch (error) {
    if (error.status !== 404) throw error;
    // The server has forgotten the photo.
    kept = (await encode(photo, signal)).photo;
    report = await segment(kept, asked, signal);
  }
  if (report.classes.length > 255) throw new Error("The page shows up to 255 names; give it fewer.");
  const labels = await Labels.from(report);
  if (signal.aborted) return;
  answered = { asked, report };
  view.lay(labels);
  showLegend(report);
  $("answer").hidden = false;
  say(`Labelled in ${Math.round(performance.now() - start)} ms.`);
}

$("question").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!photo) say("Give it a photo first.", true);
  else run(kept ? ask : look);
});

$("others").addEventListener("change", () => {
  if (answered) run(ask);
});

$("access").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken($("token").value);
  $("token").value = "";
  $("access").hidden = true;
  if (afterToken) run(afterToken);
});

// Answers

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** A square in a class's colour; a picture, as the page's policy allows no styles in elements. */
function swatch(color) {
  const namespace = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(namespace, "svg");
  picture.setAttribute("viewBox", "0 0 1 1");
  picture.setAttribute("aria-hidden", "true");
  const square = document.createElementNS(namespace, "rect");
  for (const [name, value] of Object.entries({ width: 1, height: 1, fill: color })) {
    square.setAttribute(name, value);
  }
  picture.append(square);
  return picture;
}

function legendEntry({ name, color, coverage }, label) {
  const entry = document.createElement("li");
  const line = document.createElement("label");
  const [title, share] = [document.createElement("span"), document.createElement("span")];
  [title.className, share.className] = ["name", "share"];
  [title.textContent, share.textContent] = [name, percent(coverage)];
  if (label !== null) {
    const box = document.createElement("input");
    [box.type, box.checked] = ["checkbox", true];
    box.addEventListener("change", () => {
      if (box.checked) view.hidden.delete(label);
      else view.hidden.add(label);
      view.repaint();
    });
    line.append(box);
  }
  line.classList.toggle("absent", coverage === 0);
  line.append(swatch(color), title, share);
  entry.append(line);
  return entry;
}

function showLegend({ classes, other }) {
  const entries = classes.map(legendEntry);
  if (other) entries.push(legendEntry(other, null));
  $("legend").replaceChildren(...entries);
}

$("opacity").addEventListener("input", () => {
  view.opacity = $("opacity").value / 100;
  view.draw();
});

// The pointer, by mouse, finger or keyboard

let pixel = { x: 0, y: 0 };

function tell() {
  const { labels, canvas } = view;
  if (!labels) return;
  pixel.x = Math.min(Math.max(pixel.x, 0), canvas.width - 1);
  pixel.y = Math.min(Math.max(pixel.y, 0), canvas.height - 1);
  const { found, score } = labels.at(pixel.x, pixel.y);
  $("pointer").textContent = found ? `${found.name}, score ${score.toFixed(2)}` : "none of these";
}

for (const kind of ["pointermove", "pointerdown"]) {
  $("photo").addEventListener(kind, (event) => {
    const box = view.canvas.getBoundingClientRect();
    pixel = {
      x: Math.floor(((event.clientX - box.left) * view.canvas.width) / box.width),
      y: Math.floor(((event.clientY - box.top) * view.canvas.height) / box.height),
    };
    tell();
  });
}

const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

$("photo").addEventListener("keydown", (event) => {
  const step = steps[event.key];
  if (!step || !view.labels) return;
  event.preventDefault();
  const size = event.shiftKey ? Math.ceil(view.canvas.width / 20) : Math.ceil(view.canvas.width / 200);
  pixel = { x: pixel.x + size * step[0], y: pixel.y + size * step[1] };
  tell();
  view.point(pixel);
});

$("photo").addEventListener("blur", () => {
  if (photo) view.point(null);
});

// Downloads

function save(blob, suffix) {
  const link = document.createElement("a");
  const stem = (photo.name || "photo").replace(/\.[^.]*$/, "");
  [link.href, link.download] = [URL.createObjectURL(blob), `${stem}.${suffix}`];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

$("save-overlay").addEventListener("click", async () => save(await view.file(), "overlay.png"));

$("save-labels").addEventListener("click", async () => {
  try {
    save(await labelMap(kept, answered.asked), "labels.png");
  } catch (error) {
    say(error.message, true);
  }
});

$("save-json").addEventListener("click", () => {
  const { outputs, ...report } = answered.report;
  save(new Blob([`${JSON.stringify(report, null, 2)}\n`], { type: "application/json" }), "json");
});
