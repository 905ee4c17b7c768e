// What a page does beyond links and forms. All of it works without: forms have buttons, charts have tables.
"use strict";

const $ = (what, from = document) => from.querySelector(what);
const $$ = (what, from = document) => [...from.querySelectorAll(what)];
const narrow = matchMedia("(max-width: 62rem)");

function make(name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function signed(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "\u2212" : "+") + text;
}

function say(text, time = 5000) {
  const toast = $(".toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, time);
}

// Theme

function themes() {
  const button = $(".theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* stays for this page */ }
  });
}

// Going from view to view without losing one's place

let going = null;

async function go(address, { push = true, to = null } = {}) {
  if (going) going.abort();
  going = new AbortController();
  const mine = going;
  const main = $("main");
  const busy = make("div", undefined, "busy");
  const timer = setTimeout(() => { document.body.append(busy); main.setAttribute("aria-busy", "true"); }, 120);
  const focused = document.activeElement && document.activeElement.name
    ? [document.activeElement.name, document.activeElement.value] : null;
  const named = (one) => one.querySelector("summary").textContent.trim().split("\n")[0];
  const open = $$("main details[open]").map(named);
  try {
    let answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
    const since = Date.now();
    while (answer.status === 202) {
      say("Counting: " + Math.round((Date.now() - since) / 1000 + 3) + " seconds so far.", 9000);
      await new Promise((done) => { setTimeout(done, 700); });
      answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
      if (answer.status !== 202) $(".toast").hidden = true;
    }
    const text = await answer.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = $("main", page);
    if (!fresh) throw new Error("no page");
    main.replaceChildren(...fresh.childNodes);
    document.title = page.title;
    document.body.dataset.version = page.body.dataset.version;
    if (push) history.pushState(null, "", address);
    for (const one of $$("main details")) {
      if (open.includes(named(one))) one.open = true;
      else if (one.classList.contains("all")) one.open = false;
    }
    ready();
    if (to) {
      const target = $(to);
      if (target) { target.focus({ preventScroll: true }); target.scrollIntoView({ block: "start" }); }
    } else if (focused) {
      const same = $$("main [name]").find((one) => one.name === focused[0] && one.value === focused[1])
        || $$("main [name]").find((one) => one.name === focused[0]);
      if (same) same.focus({ preventScroll: true });
    }
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  } finally {
    clearTimeout(timer);
    busy.remove();
    if (going === mine) { main.removeAttribute("aria-busy"); going = null; }
  }
}

function written(form) {
  // Only what differs from the default stands in the address.
  const parts = new URLSearchParams();
  const statuses = [];
  for (const field of form.elements) {
    if (!field.name || !field.value || field.disabled) continue;
    if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
    if (field.name === "status") { statuses.push(field.value); continue; }
    if (field.dataset.default !== undefined && field.dataset.default === field.value) continue;
    parts.append(field.name, field.value);
  }
  if (statuses.length && (form.dataset.status === "any" || statuses.length > 1 || statuses[0] !== "actual")) {
    for (const one of statuses) parts.append("status", one);
  }
  const query = parts.toString();
  return form.getAttribute("action") + (query ? "?" + query : "");
}

function forms() {
  for (const form of $$("main form#facets")) {
    let timer = 0;
    const start = (delay) => { clearTimeout(timer); timer = setTimeout(() => go(written(form)), delay); };
    for (const field of form.elements) {
      if (field.type === "search") continue;
      field.addEventListener("change", () => {
        if (field.type === "date" && field.value && !(field.value >= "1000")) return;
        start(field.type === "checkbox" ? 350 : 0);
      });
      if (field.type === "range") {
        const out = field.closest("label").querySelector("output");
        field.addEventListener("input", () => { out.textContent = field.value; });
      }
    }
    form.addEventListener("submit", (event) => { event.preventDefault(); start(0); });
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("main a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  const here = link.pathname === location.pathname && /^\/relation\/\w+\/\w+$/.test(link.pathname);
  if (!here) return;
  event.preventDefault();
  go(link.pathname + link.search, { to: link.hash || null });
});

addEventListener("popstate", () => go(location.pathname + location.search, { push: false }));

// The chart

function chart() {
  const box = $("#chart");
  if (!box) return;
  for (const one of $$(".jsonly")) one.hidden = false;
  const starts = box.dataset.starts.split(" ").filter(Boolean);
  const ends = box.dataset.ends.split(" ").filter(Boolean);
  const tip = $(".tip", box), cursor = $(".cursor", box), brush = $(".brush", box);
  const told = new Map();
  let at = -1, from = -1, drawn = 1040, waiting = 0, down = null;

  const svg = () => $("svg", box);
  const scale = () => box.clientWidth / (svg().viewBox.baseVal.width || 1);
  const edge = (name) => Number(svg().dataset[name]) * scale();
  const step = () => (edge("right") - edge("left")) / Math.max(1, starts.length);
  const index = (x) => Math.max(0, Math.min(starts.length - 1, Math.floor((x - edge("left")) / step())));

  async function draw() {
    const width = Math.round(box.clientWidth);
    if (!width || Math.abs(width - drawn) < 8) return;
    drawn = width;
    const src = box.dataset.src;
    const answer = await fetch(src + (src.includes("?") ? "&" : "?") + "inline=1&width=" + width);
    if (!answer.ok || drawn !== width) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = $("svg", made);
    if (fresh) { svg().replaceWith(document.importNode(fresh, true)); if (at >= 0 && !tip.hidden) show(at); }
  }

  function place(element, first, last) {
    element.style.left = edge("left") + step() * first + "px";
    element.style.top = edge("top") + "px";
    element.style.width = Math.max(1, step() * (last - first + 1)) + "px";
    element.style.height = edge("bottom") - edge("top") + "px";
  }

  function put() {
    // On a narrow screen at its foot; else beside the period, on the side with more room, never over the edge.
    const small = box.clientWidth < 620;
    tip.classList.toggle("foot-tip", small);
    if (small) { tip.style.left = tip.style.top = ""; return; }
    const x = edge("left") + step() * (at + 0.5), wide = tip.offsetWidth;
    const left = x < box.clientWidth / 2 ? x + 14 : x - wide - 14;
    tip.style.left = Math.max(0, Math.min(box.clientWidth - wide, left)) + "px";
    tip.style.top = edge("top") + 10 + "px";
  }

  function fill(point) {
    const head = make("h3", point.label);
    const level = make("p");
    if (point.level === null) level.append("no level: too few happenings");
    else {
      level.append("level ", make("strong", signed(point.level) + " " + point.name));
      level.append(make("span", " (" + signed(point.low) + " to " + signed(point.high) + ")", "soft"));
    }
    const side = (name, one) => {
      const good = one.verbal_cooperation + one.material_cooperation, bad = one.verbal_conflict + one.material_conflict;
      const line = make("p", name + ": ");
      line.append(make("span", good + " cooperation", "upword"), ", ", make("span", bad + " conflict", "downword"));
      return line;
    };
    const names = box.dataset.src.match(/relation\/(\w+)\/(\w+)/);
    const read = make("p", point.joint.reports + " reports tell of it; " + point.read + " read, " + point.naming + " name both", "soft");
    tip.replaceChildren(head, level, side(names[1] + " → " + names[2], point.ab), side(names[2] + " → " + names[1], point.ba), read);
    if (point.strongest.length) {
      const list = make("ul");
      for (const one of point.strongest) {
        const line = make("li", undefined, one.intensity > 0 ? "upline" : "downline");
        line.append(make("strong", one.type.toLowerCase() + " "), one.sentence.slice(0, 300));
        list.append(line);
      }
      tip.append(list);
    }
    if (matchMedia("(hover: none)").matches) tip.append(make("p", "Tap the period again for its evidence.", "soft"));
    box.setAttribute("aria-valuetext", [head, level, ...$$("p", tip).slice(1)].map((one) => one.textContent).join(". "));
    put();
  }

  function show(next) {
    at = next;
    box.setAttribute("aria-valuenow", at);
    cursor.hidden = tip.hidden = false;
    cursor.style.left = edge("left") + step() * (at + 0.5) + "px";
    cursor.style.top = edge("top") + "px";
    cursor.style.height = edge("bottom") - edge("top") + "px";
    if (told.has(at)) { fill(told.get(at)); return; }
    tip.replaceChildren(make("h3", starts[at]));
    box.setAttribute("aria-valuetext", starts[at]);
    put();
    clearTimeout(waiting);
    const asked = at;
    waiting = setTimeout(async () => {
      const base = box.dataset.point;
      const answer = await fetch(base + (base.includes("?") ? "&" : "?") + "at=" + starts[asked]);
      if (!answer.ok) return;
      told.set(asked, await answer.json());
      if (at === asked && !tip.hidden) fill(told.get(asked));
    }, 60);
  }

  function hide() { tip.hidden = cursor.hidden = brush.hidden = true; from = -1; at = -1; }

  function changed(parts) {
    const query = new URLSearchParams(location.search);
    for (const name of ["happening", "page", "at"]) query.delete(name);
    for (const [name, value] of Object.entries(parts)) query.set(name, value);
    return location.pathname + "?" + query;
  }

  const open = (i) => go(changed({ at: starts[i] }), { to: "#evidence" });
  const zoom = (a, b) => { hide(); go(changed({ from: starts[Math.min(a, b)], to: ends[Math.max(a, b)] })); };
  const local = (event) => event.clientX - box.getBoundingClientRect().left;

  if (!starts.length) return;
  box.tabIndex = 0;
  box.setAttribute("role", "slider");
  box.setAttribute("aria-label", box.dataset.label);
  box.setAttribute("aria-valuemin", 0);
  box.setAttribute("aria-valuemax", starts.length - 1);
  box.setAttribute("aria-valuenow", 0);
  box.setAttribute("aria-valuetext", starts[0]);

  box.addEventListener("pointermove", (event) => {
    const here = index(local(event));
    if (down !== null && event.pointerType !== "touch" && Math.abs(event.clientX - down.x) > 5) {
      from = down.index;
      brush.hidden = false;
      place(brush, Math.min(from, here), Math.max(from, here));
    }
    if (here !== at) show(here);
  });
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    down = { x: event.clientX, index: index(local(event)), touch: event.pointerType === "touch", shown: at === index(local(event)) };
    if (!down.touch) box.setPointerCapture(event.pointerId);
    else if (!down.shown) show(down.index);
  });
  box.addEventListener("pointerup", (event) => {
    if (down === null) return;
    const here = index(local(event)), start = down;
    down = null;
    if (from >= 0 && from !== here) zoom(from, here);
    else if (!start.touch || start.shown) open(here);
    from = -1;
    brush.hidden = true;
  });
  box.addEventListener("pointercancel", () => { down = null; hide(); });
  box.addEventListener("pointerleave", (event) => { if (down === null && event.pointerType !== "touch") hide(); });
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    const jump = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 12, PageDown: -12 }[event.key];
    const begin = box.dataset.at ? Math.max(0, starts.findLastIndex((day) => day <= box.dataset.at)) : starts.length - 1;
    if (jump || event.key === "Home" || event.key === "End") {
      event.preventDefault();
      const was = at < 0 ? begin : at;
      const next = event.key === "Home" ? 0 : event.key === "End" ? starts.length - 1
        : at < 0 && Math.abs(jump) === 1 ? begin : Math.max(0, Math.min(starts.length - 1, was + jump));
      if (event.shiftKey) { if (from < 0) from = was; } else from = -1;
      show(next);
      brush.hidden = from < 0;
      if (from >= 0) place(brush, Math.min(from, next), Math.max(from, next));
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      if (from >= 0 && from !== at) zoom(from, at); else open(at);
    } else if (event.key === "Escape") hide();
  });
  chart.watch?.disconnect();
  chart.watch = new ResizeObserver(() => { clearTimeout(chart.timer); chart.timer = setTimeout(draw, 80); });
  chart.watch.observe(box);
  draw();
}

// PNG of the chart, made here: no picture leaves the machine.

function png() {
  const button = $(".png");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const answer = await fetch(button.dataset.src);
    const url = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = make("canvas");
      canvas.width = image.naturalWidth * 2;
      canvas.height = image.naturalHeight * 2;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(url);
      canvas.toBlob((blob) => {
        const link = make("a");
        link.href = URL.createObjectURL(blob);
        link.download = location.pathname.split("/").filter(Boolean).slice(-2).join("-") + ".png";
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      });
    });
    image.src = url;
  });
}

// Reviews

function reviews() {
  for (const form of $$("form.review")) {
    if (form.dataset.ready) continue;
    form.dataset.ready = "1";
    const send = async (verdict) => {
      const body = new URLSearchParams(new FormData(form));
      body.set("verdict", verdict);
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      const said = await answer.json();
      if (!answer.ok) { say(said.error || "The review was not kept."); return; }
      for (const button of $$("button", form)) button.setAttribute("aria-pressed", String(button.value === verdict));
      $(".ask", form).dataset.was = verdict;
      say("Kept. Precision in your reviews: " + said.right + " of " + said.reviewed + ".");
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const verdict = event.submitter && event.submitter.value;
      const was = $(".ask", form).dataset.was;
      const note = document.activeElement === $("input[name=note]", form);
      if (note && !was) say("Say right or wrong first; the note goes with it.");
      else send(note ? was : verdict);
    });
  }
}

function copies() {
  for (const button of $$("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const told = $("#" + button.dataset.copy).textContent.trim(), address = button.dataset.address;
      const text = told.endsWith(address) ? told.slice(0, -address.length) + location.origin + address : told;
      await navigator.clipboard.writeText(text);
      say("Copied.");
    });
  }
}

// A store that is being filled: the page looks every few seconds and redraws itself where it stands.

function live() {
  let asked = document.body.dataset.version;
  const look = async () => {
    if (document.hidden || going) return;
    try {
      const found = await (await fetch("/live.json")).json();
      const version = found.version === null ? "" : String(found.version);
      if (version === asked) return;
      asked = version;
      if (new URLSearchParams(location.search).has("version") || $("main input[type=text]:focus, main input[type=search]:focus")) return;
      await go(location.pathname + location.search, { push: false });
      say("The store has grown: " + found.documents.toLocaleString("en") + " reports, " + found.events.toLocaleString("en") + " events.");
    } catch { /* the server is away; the next look will tell */ }
  };
  setInterval(look, 4000);
}

function ready() {
  const waiting = $("#wait");
  if (waiting) setTimeout(() => go(location.pathname + location.search, { push: false }), 500);
  const all = $("details.all");
  if (all && narrow.matches && !ready.once) all.open = false;
  ready.once = true;
  forms();
  chart();
  png();
  reviews();
  copies();
}

themes();
ready();
live();
