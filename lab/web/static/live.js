// Keeps an open page fresh: when the lab says that something has changed, the page is fetched again, and each part marked data-live="…"
// becomes what it is there. Nodes stay wherever they can, and with them focus, scroll, selection and open details. Forms are never touched.

const STREAM = new URL("../events", import.meta.url);
const LIVE = "Live";
const NOT_LIVE = "Not live: reload to see what is new";
// Milliseconds. Between two fetches at least, and as many times as long as the last one took: a busy lab is asked less often.
const PAUSE_MS = 1000;
const PAUSE_FACTOR = 5;
// From one attempt to be connected to the next, at first and at most.
const RETRY_MS = [1000, 15000];

const sign = document.getElementById("live");
let stream = null;
let isBehind = false; // something has changed since the last fetch began
let isFetching = false;
let isFirst = true; // no event yet, and nothing may have been missed
let retryMs = RETRY_MS[0];
let fetchedAt = performance.now();

const say = (words) => {
  if (sign && sign.textContent !== words) sign.textContent = words;
};

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource(STREAM);
  stream.onopen = () => {
    retryMs = RETRY_MS[0];
    // Again: what happened meanwhile may be known already, so that no event comes.
    if (!isFirst) refresh();
  };
  stream.onmessage = (event) => {
    // The first event tells how old the present state is: what came about before this page need not be fetched again.
    const isKnown = isFirst && Number(event.data) > performance.now() / 1000 + 1;
    isFirst = false;
    if (isKnown) say(LIVE);
    else refresh();
  };
  stream.onerror = () => {
    say(NOT_LIVE);
    // An answer that is no stream ends it for good: then it is for us to try again.
    if (stream.readyState === EventSource.CLOSED) {
      hush();
      setTimeout(listen, retryMs);
      retryMs = Math.min(2 * retryMs, RETRY_MS[1]);
    }
  };
}

function hush() {
  stream?.close();
  stream = null;
}

// One fetch at a time; whatever comes meanwhile leads to one more.
async function refresh() {
  isBehind = true;
  if (isFetching) return;
  isFetching = true;
  while (isBehind && !document.hidden) {
    isBehind = false;
    const begun = performance.now();
    try {
      await renew();
      say(LIVE);
    } catch {
      say(NOT_LIVE);
    }
    fetchedAt = performance.now();
    await new Promise((done) => setTimeout(done, Math.max(PAUSE_MS, PAUSE_FACTOR * (fetchedAt - begun))));
  }
  isFetching = false;
}

async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [here, there] = [partsOf(document), partsOf(fresh)];
  const isWhole = here.size === there.size && [...there.keys()].every((key) => here.has(key));
  if (isWhole) there.forEach((part, key) => become(here.get(key), part));
  // A part has come or gone.
  else become(document.querySelector("main"), fresh.querySelector("main"));
  document.title = fresh.title;
}

const partsOf = (page) => new Map([...page.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));
const keyOf = (node) => node.dataset?.live ?? node.dataset?.key ?? (node.id || null);
const isSame = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

// Makes a node what another one is.
function become(old, fresh) {
  if (old.isEqualNode(fresh) || old.nodeName === "FORM") return;
  if (old.nodeType !== Node.ELEMENT_NODE) old.data = fresh.data;
  else becomeElement(old, fresh);
}

function becomeElement(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !(name === "open" && old.nodeName === "DETAILS")) old.setAttribute(name, value);
  }
  becomeInside(old, fresh);
}

function becomeInside(old, fresh) {
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const found = twin(wanted, place);
    if (!found) {
      old.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    while (place !== found) place = drop(place);
    become(found, wanted);
    place = found.nextSibling;
  }
  while (place) place = drop(place);
}

// The next old node that can become the wanted one. Text is never looked for behind an element: every other node is a line break.
function twin(wanted, place) {
  let node = place;
  while (node && !isSame(node, wanted)) node = wanted.nodeType === Node.ELEMENT_NODE ? node.nextSibling : null;
  return node;
}

// Removes a node, unless it is a form in which somebody writes; returns the next one.
function drop(node) {
  const next = node.nextSibling;
  if (!(node.nodeName === "FORM" && node.contains(document.activeElement))) node.remove();
  return next;
}

if (partsOf(document).size) {
  listen();
  document.addEventListener("visibilitychange", () => {
    isFirst = false;
    // A browser has six connections to a host, and every page that listens takes one.
    if (document.hidden) hush();
    else listen();
  });
  // What a page says of the last minutes is another when nothing comes in, too.
  setInterval(() => {
    const every = document.querySelector("[data-live-every]")?.dataset.liveEvery;
    if (every && stream?.readyState === EventSource.OPEN && performance.now() - fetchedAt > 1000 * every) refresh();
  }, 1000);
}
