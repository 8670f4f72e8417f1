"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const D = JSON.parse($("data").textContent);
  const N = D.id.length, P = D.points, HEART = 0, SPEED = 1, GROUND = 2;
  const text = atob(D.series);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  D.series = null;

  // -- what a workout is ------------------------------------------------------------------------
  const TOP_SPEED = { run: 6, walk: 3, ride: 15 };
  const sport = (i) => D.sports[D.sport[i]];
  const user = (i) => D.users[D.user[i]];
  const day = (i) => new Date(D.start[i] * 1000).toISOString().slice(0, 10);
  const clock = (i) => new Date(D.start[i] * 1000).toISOString().slice(11, 16);
  const two = (n) => String(n).padStart(2, "0");
  const span = (sec) => {
    const s = Math.round(sec), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  };
  const km = (m) => (m === null ? "–" : `${(m / 1000).toFixed(1)} km`);
  const pace = (i, mps) => {
    if (mps === null || !(mps > 0.2)) return "–";
    return sport(i) === "ride" ? `${(3.6 * mps).toFixed(1)} km/h` : `${span(1000 / mps)} /km`;
  };
  const beats = (bpm) => (bpm === null ? "–" : `${Math.round(bpm)} bpm`);
  const share = (q) => `${Math.floor(100 * q + 1e-9)} %`;
  const grade = (q) => (q >= 0.95 ? "good" : q >= 0.8 ? "fair" : "bad");

  // A byte of 0 says nothing was measured; see thumbnails.py for the scales.
  const value = (i, channel, p) => {
    const b = bytes[(i * 3 + channel) * P + p];
    if (!b) return null;
    if (channel === HEART) return b + 29;
    if (channel === SPEED) return ((b - 1) / 254) * D.topSpeed[i];
    return D.low[i] + ((b - 1) / 254) * (D.high[i] - D.low[i]);
  };

  // -- drawing ----------------------------------------------------------------------------------
  let colour = {};
  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["heart", "speed", "ground", "line", "soft", "ink"])
      colour[name] = style.getPropertyValue("--" + name).trim();
  };
  const prepare = (canvas) => {
    const ratio = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
    canvas.width = Math.max(1, Math.round(w * ratio));
    canvas.height = Math.max(1, Math.round(h * ratio));
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [ctx, w, h];
  };
  const stroke = (ctx, i, channel, box, low, high, width) => {
    ctx.beginPath();
    let last = -9;
    for (let p = 0; p < P; p++) {
      const v = value(i, channel, p);
      if (v === null) continue;
      const x = box.x + ((p + 0.5) / P) * box.w;
      const y = box.y + box.h * (1 - Math.min(1, Math.max(0, (v - low) / (high - low))));
      // Up to two empty points are a short workout's spacing, more are a gap.
      if (p - last > 3) ctx.moveTo(x - 0.7, y);
      ctx.lineTo(x, y);
      last = p;
    }
    ctx.lineWidth = width;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour[channel === HEART ? "heart" : "speed"];
    ctx.stroke();
  };
  const fill = (ctx, i, box, low, high) => {
    ctx.beginPath();
    let first = null, last = null;
    for (let p = 0; p < P; p++) {
      const v = value(i, GROUND, p);
      if (v === null) continue;
      const x = box.x + ((p + 0.5) / P) * box.w, y = box.y + box.h * (1 - (v - low) / (high - low));
      if (first === null) ctx.moveTo((first = x), y);
      else ctx.lineTo(x, y);
      last = x;
    }
    if (first === null) return;
    ctx.lineTo(last, box.y + box.h);
    ctx.lineTo(first, box.y + box.h);
    ctx.fillStyle = colour.ground;
    ctx.fill();
  };
  const groundScale = (i) => [D.low[i] - 0.05, Math.max(D.high[i], D.low[i] + 60)];
  const thumbnail = (canvas, i) => {
    const [ctx, w, h] = prepare(canvas);
    const box = { x: 0, y: 2, w, h: h - 4 };
    fill(ctx, i, { x: 0, y: h * 0.45, w, h: h * 0.55 }, ...groundScale(i));
    stroke(ctx, i, SPEED, { x: 0, y: h * 0.5, w, h: h * 0.48 }, 0, TOP_SPEED[sport(i)] || 6, 1.2);
    stroke(ctx, i, HEART, { ...box, h: h * 0.62 }, 60, 200, 1.6);
  };

  // -- which are shown, and in what order -------------------------------------------------------
  const KEYS = ["q", "sport", "user", "quality", "usable", "rule", "shortest", "longest", "since", "until", "sort"];
  let shown = [], said = null, falling = true;
  const haystack = (i) => {
    if (said === null) {
      said = new Array(N);
      for (let k = 0; k < N; k++)
        said[k] = [D.id[k], user(k), sport(k), day(k), D.sources[D.source[k]], D.path[k],
          ...(D.found[k] || []).map((f) => D.rules[f[0]])].join(" ").toLowerCase();
    }
    return said[i];
  };
  const wanted = () => {
    const number = (id) => ($(id).value === "" ? null : Number($(id).value));
    const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const name = $("user").value, exact = D.users.indexOf(name), part = name.toLowerCase();
    const kind = $("sport").value === "" ? -1 : Number($("sport").value);
    const rule = $("rule").value === "" ? -1 : Number($("rule").value);
    const quality = number("quality"), usable = number("usable");
    const shortest = number("shortest"), longest = number("longest");
    const since = $("since").value ? Date.parse($("since").value + "T00:00:00Z") / 1000 : null;
    const until = $("until").value ? Date.parse($("until").value + "T00:00:00Z") / 1000 + 86400 : null;
    return (i) =>
      (kind < 0 || D.sport[i] === kind) &&
      (usable === null || D.usable[i] === usable) &&
      (quality === null || 100 * D.quality[i] >= quality - 1e-9) &&
      (shortest === null || D.duration[i] >= 60 * shortest) &&
      (longest === null || D.duration[i] <= 60 * longest) &&
      (since === null || D.start[i] >= since) &&
      (until === null || D.start[i] < until) &&
      (!name || (exact >= 0 ? D.user[i] === exact : user(i).toLowerCase().includes(part))) &&
      (rule < 0 || (D.found[i] || []).some((f) => f[0] === rule)) &&
      (!words.length || words.every((word) => haystack(i).includes(word)));
  };
  const choose = () => {
    const fits = wanted(), by = $("sort").value, column = D[by], sign = falling ? -1 : 1;
    shown = [];
    for (let i = 0; i < N; i++) if (fits(i)) shown.push(i);
    // Users and sports are numbered in the order of their names; what is unknown comes last either way.
    shown.sort((a, b) => {
      const x = column[a], y = column[b];
      if (x === y) return D.start[b] - D.start[a] || a - b;
      if (x === null) return 1;
      if (y === null) return -1;
      return sign * (x - y);
    });
    $("count").textContent = `${shown.length.toLocaleString("en")} of ${N.toLocaleString("en")} workouts`;
    $("none").hidden = shown.length > 0;
    $("turn").textContent = falling ? "↓" : "↑";
    $("turn").setAttribute("aria-pressed", String(falling));
    current = 0;
    generation++;
    $("grid").scrollTop = 0;
    render();
  };
  const remember = () => {
    const state = new URLSearchParams();
    for (const key of KEYS) if ($(key).value && !(key === "sort" && $(key).value === "start")) state.set(key, $(key).value);
    if (!falling) state.set("order", "up");
    if (open !== null) state.set("w", D.id[open]);
    const hash = state.toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  };
  const recall = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const key of KEYS) $(key).value = state.get(key) ?? (key === "sort" ? "start" : "");
    if (!$("sort").value) $("sort").value = "start";
    falling = state.get("order") !== "up";
    choose();
    const place = state.has("w") ? D.id.indexOf(state.get("w")) : -1;
    if (place >= 0) show(place);
  };

  // -- only the cards that can be seen exist ----------------------------------------------------
  const HIGH = 158, GAP = 10, LEAST = 216;
  let pool = [], generation = 0, current = 0, columns = 1;
  const card = () => {
    const el = document.createElement("button");
    el.type = "button";
    el.className = "card";
    const head = document.createElement("span"), foot = document.createElement("span");
    const canvas = document.createElement("canvas");
    const who = document.createElement("b"), when = document.createElement("i");
    const what = document.createElement("i"), how = document.createElement("i");
    when.style.fontStyle = what.style.fontStyle = how.style.fontStyle = "normal";
    when.className = "soft";
    what.className = "what";
    head.append(who, when);
    foot.append(what, how);
    el.append(head, canvas, foot);
    Object.assign(el, { who, when, what, how, canvas, shows: -1, generation: -1 });
    el.addEventListener("click", () => { current = el.place; show(shown[el.place]); });
    el.addEventListener("focus", () => { current = el.place; });
    $("grid").append(el);
    return el;
  };
  const render = () => {
    const grid = $("grid"), inner = grid.clientWidth - GAP;
    columns = Math.max(1, Math.floor(inner / (LEAST + GAP)));
    const width = inner / columns - GAP, rows = Math.ceil(shown.length / columns);
    $("spacer").style.height = `${rows * (HIGH + GAP) + GAP}px`;
    const first = Math.max(0, Math.floor(grid.scrollTop / (HIGH + GAP)) - 1);
    const last = Math.min(rows, Math.ceil((grid.scrollTop + grid.clientHeight) / (HIGH + GAP)) + 1);
    const from = first * columns, to = Math.min(shown.length, last * columns);
    while (pool.length < (last - first + 1) * columns) pool.push(card());
    const used = new Set();
    for (let place = from; place < to; place++) {
      const el = pool[place % pool.length];
      used.add(el);
      el.hidden = false;
      el.tabIndex = place === current || (place === from && (current < from || current >= to)) ? 0 : -1;
      const x = GAP + (place % columns) * (width + GAP), y = GAP + Math.floor(place / columns) * (HIGH + GAP);
      el.style.transform = `translate(${x}px, ${y}px)`;
      el.style.width = `${width}px`;
      el.place = place;
      const i = shown[place];
      if (el.shows === i && el.generation === generation && el.drawnAt === width) continue;
      Object.assign(el, { shows: i, generation, drawnAt: width });
      el.who.textContent = user(i);
      el.when.textContent = day(i);
      el.what.textContent = `${sport(i)} ${Math.round(D.duration[i] / 60)}′ · ${km(D.distance[i])} · ♥ ${D.hr[i] ?? "–"}`;
      el.how.textContent = (D.usable[i] ? "" : "✗ ") + share(D.quality[i]);
      el.how.className = D.usable[i] ? grade(D.quality[i]) : "bad";
      el.setAttribute("aria-label",
        `${user(i)}, ${sport(i)}, ${day(i)}, ${span(D.duration[i])}, ${km(D.distance[i])}, ` +
        `mean heart rate ${beats(D.hr[i])}, quality ${share(D.quality[i])}${D.usable[i] ? "" : ", not learnt from"}`);
      thumbnail(el.canvas, i);
    }
    for (const el of pool) if (!used.has(el)) el.hidden = true;
  };
  const moveTo = (place) => {
    current = Math.min(shown.length - 1, Math.max(0, place));
    const grid = $("grid"), y = Math.floor(current / columns) * (HIGH + GAP);
    if (y < grid.scrollTop) grid.scrollTop = y;
    if (y + HIGH + 2 * GAP > grid.scrollTop + grid.clientHeight) grid.scrollTop = y + HIGH + 2 * GAP - grid.clientHeight;
    render();
    pool[current % pool.length].focus({ preventScroll: true });
  };

  // -- one workout, large -----------------------------------------------------------------------
  let open = null;
  const PANELS = [
    { channel: HEART, name: "heart rate, beats a minute", part: 0.46 },
    { channel: SPEED, name: "speed, m/s", part: 0.3 },
    { channel: GROUND, name: "altitude, metres", part: 0.24 },
  ];
  const reach = (i, channel) => {
    let low = Infinity, high = -Infinity;
    for (let p = 0; p < P; p++) {
      const v = value(i, channel, p);
      if (v !== null) { low = Math.min(low, v); high = Math.max(high, v); }
    }
    if (low > high) return null;
    if (channel === HEART) return [Math.min(60, Math.floor(low / 20) * 20), Math.max(180, Math.ceil(high / 20) * 20)];
    if (channel === SPEED) return [0, Math.max(1, high * 1.05)];
    return [low - 2, Math.max(high, low + 30) + 2];
  };
  const ticks = (low, high, most) => {
    const rough = (high - low) / most, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((m) => m * unit >= rough - 1e-9);
    const found = [];
    for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) found.push(+v.toFixed(6));
    return found;
  };
  const chart = (at) => {
    const i = open, [ctx, w, h] = prepare($("chart")), left = 44, right = 8, bottom = 22;
    ctx.clearRect(0, 0, w, h);
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    let y = 0;
    for (const { channel, name, part } of PANELS) {
      const high = (h - bottom) * part, box = { x: left, y: y + 18, w: w - left - right, h: high - 26 };
      y += high;
      ctx.fillStyle = colour.soft;
      ctx.textAlign = "left";
      const range = reach(i, channel);
      ctx.fillText(range ? name : `${name}: nobody measured it`, left, box.y - 10);
      if (!range) continue;
      ctx.textAlign = "right";
      ctx.strokeStyle = colour.line;
      ctx.lineWidth = 1;
      for (const v of ticks(...range, 4)) {
        const level = box.y + box.h * (1 - (v - range[0]) / (range[1] - range[0]));
        ctx.fillText(String(v), left - 6, level);
        ctx.beginPath();
        ctx.moveTo(box.x, level);
        ctx.lineTo(box.x + box.w, level);
        ctx.stroke();
      }
      if (channel === GROUND) fill(ctx, i, box, ...range);
      else stroke(ctx, i, channel, box, ...range, 2);
    }
    ctx.fillStyle = colour.soft;
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "center";
    const minutes = Math.max(D.duration[i] / 60, 1 / 60);
    for (const m of ticks(0, minutes, 8)) {
      const x = left + (m / minutes) * (w - left - right);
      ctx.fillText(`${m} min`, Math.min(w - 24, Math.max(left + 4, x)), h - 5);
    }
    if (at === undefined) return void ($("readout").textContent = "\u00a0");
    const p = Math.min(P - 1, Math.max(0, Math.floor(((at - left) / (w - left - right)) * P)));
    const x = left + ((p + 0.5) / P) * (w - left - right);
    ctx.strokeStyle = colour.ink;
    ctx.beginPath();
    ctx.moveTo(x, 12);
    ctx.lineTo(x, h - bottom);
    ctx.stroke();
    const ground = value(i, GROUND, p);
    $("readout").textContent = `${span(((p + 0.5) / P) * D.duration[i])}: ${beats(value(i, HEART, p))}, ` +
      `${pace(i, value(i, SPEED, p))}, ${ground === null ? "–" : Math.round(ground) + " m"}`;
  };
  const show = (i) => {
    open = i;
    $("name").textContent = `${user(i)} · ${sport(i)} · ${day(i)} ${clock(i)} UTC`;
    const facts = [
      ["Length", span(D.duration[i])], ["Distance", km(D.distance[i])], ["Mean speed", pace(i, D.speed[i])],
      ["Climbed", D.ascent[i] === null ? "–" : `${Math.round(D.ascent[i])} m`],
      ["Heart rate, mean", beats(D.hr[i])], ["Heart rate, highest", beats(D.hrmax[i])],
      ["Largest gap", `${Math.round(D.gap[i])} s`], ["Quality", share(D.quality[i])],
      ["Models learn from it", D.usable[i] ? "yes" : "no"], ["Source", D.sources[D.source[i]]],
      ["File", D.path[i]], ["Workout", D.id[i]],
    ];
    $("facts").replaceChildren(...facts.map(([name, what]) => {
      const div = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = what;
      div.append(dt, dd);
      return div;
    }));
    $("found").replaceChildren(...(D.found[i] || []).map(([rule, seconds, whole, example]) => {
      const li = document.createElement("li");
      const many = seconds ? `, ${seconds.toLocaleString("en")} samples` : "";
      li.textContent = `${D.rules[rule]}${many}${whole ? ", the workout as a whole" : ""}: ${example}`;
      return li;
    }));
    if (!$("big").open) $("big").showModal();
    chart();
    remember();
  };
  const step = (by) => {
    const place = shown.indexOf(open) + by;
    if (place >= 0 && place < shown.length) { current = place; show(shown[place]); }
  };
  // The dialog's own "close" event comes a while later: a key pressed meanwhile would be undone by it.
  const leave = () => {
    const place = shown.indexOf(open);
    open = null;
    $("big").close();
    remember();
    if (place >= 0) moveTo(place);
  };

  // -- wiring -----------------------------------------------------------------------------------
  const option = (select, label, i) => {
    const el = document.createElement("option");
    el.textContent = label;
    el.value = i;
    select.append(el);
  };
  D.sports.forEach((name, i) => option($("sport"), name, i));
  D.rules.forEach((name, i) => option($("rule"), name, i));
  // A list of very many names is slower to open than to type into.
  if (D.users.length <= 2000) D.users.forEach((name) => { const o = document.createElement("option"); o.value = name; $("users").append(o); });
  const changed = () => { choose(); remember(); };
  let waiting = 0;
  $("filters").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(changed, 60); });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(() => { falling = true; changed(); }));
  $("again").addEventListener("click", () => $("filters").reset());
  $("turn").addEventListener("click", () => { falling = !falling; changed(); });
  $("grid").addEventListener("scroll", () => requestAnimationFrame(render), { passive: true });
  $("close").addEventListener("click", leave);
  $("back").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("big").addEventListener("click", (event) => { if (event.target === $("big")) leave(); });
  $("big").addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  $("chart").addEventListener("pointermove", (event) => chart(event.offsetX));
  $("chart").addEventListener("pointerleave", () => chart());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ($("big").open) {
      if (event.key === "ArrowLeft") step(-1);
      if (event.key === "ArrowRight") step(1);
      if (event.key === "Escape") { event.preventDefault(); leave(); }
      return;
    }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "/") { $("panel").open = true; $("q").focus(); event.preventDefault(); return; }
    const page = Math.max(1, Math.floor($("grid").clientHeight / (HIGH + GAP))) * columns;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -shown.length, End: shown.length }[event.key];
    if (by === undefined || !shown.length) return;
    event.preventDefault();
    const inside = document.activeElement && document.activeElement.className === "card";
    moveTo(inside || Math.abs(by) === shown.length ? current + by : current);
  });
  const redraw = () => { readColours(); generation++; render(); if (open !== null) chart(); };
  window.addEventListener("resize", redraw);
  window.addEventListener("hashchange", recall);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  $("panel").open = innerWidth > 640;
  readColours();
  recall();
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.drawnAfterMs = String(Math.round(performance.now()));
  }));
})();
