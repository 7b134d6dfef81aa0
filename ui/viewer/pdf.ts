// Shows one PDF of its own origin: `pdf.html?file=<relative path>&theme=dark|light`. No eval, no storage, no links out.
import * as pdfjs from "pdfjs-dist/legacy/build/pdf.mjs";
import workerUrl from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";

pdfjs.GlobalWorkerOptions.workerSrc = workerUrl;

const query = new URLSearchParams(location.search);
if (query.get("theme") === "dark") document.documentElement.dataset["theme"] = "dark";

function part<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}
const sheets = part("sheets", HTMLElement);
const state = part("state", HTMLElement);
const input = part("page", HTMLInputElement);
const STEPS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 2.5, 3];

type Sheet = { box: HTMLElement; page: pdfjs.PDFPageProxy; drawn: number; task: pdfjs.RenderTask | null };
let list: Sheet[] = [];
let zoom = 1;

/** Only a document beside the viewer, on the same origin. */
function documentUrl(): URL {
  const url = new URL(query.get("file") ?? "", location.href);
  if (url.origin !== location.origin) throw new Error("a document of another origin");
  return url;
}

function layOut(): void {
  const room = Math.max(200, sheets.clientWidth - 34);
  for (const { box, page } of list) {
    const natural = page.getViewport({ scale: 1 });
    const scale = Math.min(room / natural.width, 1.6) * zoom;
    const view = page.getViewport({ scale });
    box.style.width = `${Math.floor(view.width)}px`;
    box.style.height = `${Math.floor(view.height)}px`;
    box.style.setProperty("--total-scale-factor", String(scale));
    box.dataset["scale"] = String(scale);
  }
  part("zoom", HTMLElement).textContent = `${Math.round(zoom * 100)} %`;
}

async function draw(sheet: Sheet): Promise<void> {
  const scale = Number(sheet.box.dataset["scale"]);
  if (sheet.drawn === scale) return;
  sheet.drawn = scale;
  sheet.task?.cancel();
  const viewport = sheet.page.getViewport({ scale });
  const canvas = document.createElement("canvas");
  // At most 16 million points a page: enough for print on a screen, and it spares small computers.
  const dots = Math.min(devicePixelRatio || 1, Math.sqrt(16e6 / (viewport.width * viewport.height)));
  canvas.width = Math.floor(viewport.width * dots);
  canvas.height = Math.floor(viewport.height * dots);
  sheet.task = sheet.page.render({ canvas, viewport, transform: [dots, 0, 0, dots, 0, 0] });
  try {
    await sheet.task.promise;
  } catch {
    return;
  }
  const text = document.createElement("div");
  text.className = "textLayer";
  sheet.box.replaceChildren(canvas, text);
  await new pdfjs.TextLayer({ textContentSource: sheet.page.streamTextContent(), container: text, viewport }).render();
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const sheet = list.find((one) => one.box === entry.target);
      if (!sheet) continue;
      if (entry.isIntersecting) void draw(sheet);
      else {
        sheet.task?.cancel();
        sheet.drawn = 0;
        sheet.box.replaceChildren();
      }
    }
  },
  { root: sheets, rootMargin: "100% 0px" },
);

function current(): number {
  const middle = sheets.scrollTop + sheets.clientHeight / 3;
  const index = list.findIndex(({ box }) => box.offsetTop - sheets.offsetTop + box.offsetHeight > middle);
  return index < 0 ? list.length : index + 1;
}
function show(page: number): void {
  list[Math.min(list.length, Math.max(1, page)) - 1]?.box.scrollIntoView({ block: "start" });
}
function scaleBy(step: number): void {
  const at = current();
  const index = STEPS.findIndex((one) => one >= zoom);
  zoom = STEPS[Math.min(STEPS.length - 1, Math.max(0, index + step))] ?? 1;
  layOut();
  show(at);
  for (const sheet of list) if (sheet.box.hasChildNodes()) void draw(sheet);
}

async function open(): Promise<void> {
  const beside = (folder: string) => new URL(`./${folder}/`, location.href).href;
  const options = {
    url: documentUrl().href,
    isEvalSupported: false,
    enableXfa: false,
    cMapUrl: beside("cmaps"),
    cMapPacked: true,
    standardFontDataUrl: beside("standard_fonts"),
    wasmUrl: beside("wasm"),
    iccUrl: beside("iccs"),
  };
  const pdf = await pdfjs.getDocument(options).promise;
  for (let n = 1; n <= pdf.numPages; n += 1) {
    const page = await pdf.getPage(n);
    const box = document.createElement("section");
    box.className = "sheet";
    box.setAttribute("aria-label", `${n} / ${pdf.numPages}`);
    sheets.append(box);
    list.push({ box, page, drawn: 0, task: null });
    if (n % 20 === 0) layOut();
  }
  layOut();
  for (const { box } of list) near.observe(box);
  input.max = String(pdf.numPages);
  part("pages", HTMLElement).textContent = `/ ${pdf.numPages}`;
  state.textContent = "";
  document.body.dataset["ready"] = "true";
}

part("previous", HTMLElement).addEventListener("click", () => show(current() - 1));
part("next", HTMLElement).addEventListener("click", () => show(current() + 1));
part("smaller", HTMLElement).addEventListener("click", () => scaleBy(-1));
part("larger", HTMLElement).addEventListener("click", () => scaleBy(1));
input.addEventListener("change", () => show(Number(input.value)));
sheets.addEventListener("scroll", () => (input.value = String(current())), { passive: true });
addEventListener("resize", layOut);

open().catch((error: unknown) => {
  list = [];
  state.textContent = error instanceof Error ? error.message : String(error);
  document.body.dataset["failed"] = "true";
});
