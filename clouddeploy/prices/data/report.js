"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const names = Object.keys(data.clouds);
const at = (id) => document.getElementById(id);

// text is only ever set as text: nothing in the data can become markup
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "rect", "path", "line", "text", "circle", "title", "g"].includes(tag);
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const FIELDS = [
  ["hours", "Hours per month", Number(data.assumptions.hours), 1],
  ["egress", "Egress, GB", Number(data.app.egress_gb), 10],
  ["lb", "Load balancers", data.app.load_balancers, 1],
  ["registry", "Images kept, GB", Number(data.app.registry_gb), 1],
  ["disk", "Disk per node, GiB", Number(data.assumptions.node_disk_gib), 10],
];
const given = Object.fromEntries(FIELDS.map(([name, , value]) => [name, value]));
let now = { ...given, scale: 0, axis: "replicas" };

function drivers(a) {
  return {
    month: 1, hours: a.hours, node_disk: a.disk, lb: a.lb, lb_hours: a.lb * a.hours,
    rule_hours: Math.min(a.lb, 1) * a.hours, extra_rule_hours: Math.max(a.lb - 5, 0) * a.hours,
    lb_gb: a.lb > 0 ? a.egress : 0, egress_gb: a.egress, registry_gb: a.registry,
    volume_gib: data.app.volumes_gib.reduce((sum, size) => sum + size, 0),
  };
}

function quantity(line, by) {
  const asked = Object.entries(line.terms).reduce((sum, [name, factor]) => sum + Number(factor) * by[name], 0);
  const billed = Math.max(0, asked - Number(line.free));
  return line.most === null ? billed : Math.min(billed, Number(line.most));
}

function monthly(line, by) {
  const count = quantity(line, by);
  if (count === 0) return 0;
  if (line.unit_usd === null) return null;
  const amount = count * Number(line.unit_usd);
  if (line.cap_usd === null) return amount;
  return amount > 0 ? Math.min(amount, Number(line.cap_usd)) : Math.max(amount, -Number(line.cap_usd));
}

function total(offer, by) {
  let known = 0, unknown = 0;
  for (const line of offer.lines) {
    const amount = monthly(line, by);
    if (amount === null) unknown += 1; else known += amount;
  }
  return { known, unknown };
}

// half a cent rounds up, whatever the binary fraction made of it
const cents = (amount) => (Math.round(amount * 100 + Math.sign(amount) * 1e-6) / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const sumText = (sum) => (sum.unknown ? `>= ${cents(sum.known)} (+${sum.unknown} unknown)` : cents(sum.known));
const kindColour = (kind) => `var(--k${data.kinds.indexOf(kind)})`;
const cloudColour = (name) => `var(--c${names.indexOf(name)})`;
const label = (offer) => offer.title.split(" ").pop();

function ranked(lane, by) {
  return lane.offers.map((offer) => ({ offer, sum: total(offer, by) }))
    .sort((a, b) => a.sum.known - b.sum.known || a.sum.unknown - b.sum.unknown);
}

function byKind(offer, by) {
  const found = new Map();
  for (const line of offer.lines) found.set(line.kind, (found.get(line.kind) || 0) + (monthly(line, by) || 0));
  return found;
}

function bar(offer, by, most) {
  const svg = make("svg", { viewBox: "0 0 1000 26", preserveAspectRatio: "none", role: "img" });
  const parts = [];
  let x = 0, credit = 0;
  for (const [kind, amount] of byKind(offer, by)) {
    if (amount < 0) credit += amount;
    if (amount <= 0) continue;
    const width = (amount / most) * 1000;
    svg.append(make("rect", { x, y: 0, width: Math.max(width - 1.5, 0.5), height: 26, fill: kindColour(kind) }, make("title", {}, `${kind}: ${cents(amount)}`)));
    parts.push(`${kind} ${cents(amount)}`);
    x += width;
  }
  svg.setAttribute("aria-label", parts.join(", "));
  return svg;
}

function drawBars(by) {
  const lanes = data.scales[now.scale].lanes;
  const rankedLanes = lanes.map((lane) => ranked(lane, by));
  const most = Math.max(1, ...rankedLanes.flat().map((one) => one.sum.known));
  const bars = at("bars");
  bars.replaceChildren();
  lanes.forEach((lane, index) => {
    bars.append(make("h3", {}, lane.name === "any CPU" ? "Any CPU: shared and burstable ones included" : "Steady CPU: dedicated cores only"));
    for (const { offer, sum } of rankedLanes[index]) {
      const where = make("div", {}, make("b", {}, offer.title),
        make("small", {}, `${offer.region}${offer.region_note ? ` (${offer.region_note})` : ""}`),
        make("small", {}, `${offer.nodes} x ${offer.machine.name}, ${offer.control_plane}, SLA ${offer.sla ? offer.sla + " %" : "none"}`));
      const amount = make("div", { class: "sum" }, sum.unknown ? `>= ${cents(sum.known)}` : cents(sum.known),
        make("small", {}, sum.unknown ? `+${sum.unknown} unknown` : `${(sum.known / now.hours).toFixed(3)} an hour`));
      bars.append(make("div", { class: "offer", "data-lane": lane.name, "data-cloud": offer.provider, "data-total": sumText(sum), "data-nodes": offer.nodes },
        where, make("div", { class: "bar" }, bar(offer, by, most)), amount));
    }
    for (const one of lane.unfit) bars.append(make("p", { class: "unfit", "data-unfit": one.provider }, `${one.title}: ${one.reason}`));
  });
  const first = rankedLanes[0].filter((one) => !one.sum.unknown);
  const best = first[0] || rankedLanes[0][0];
  at("verdict").textContent = best ? `Cheapest complete bill: ${best.offer.title}, ${sumText(best.sum)} a month${first[1] ? `, then ${first[1].offer.title}, ${sumText(first[1].sum)}` : ""}.` : "No cloud can run this.";
}

function podsAt(scale) { return data.app.pods.reduce((sum, pod) => sum + pod.count, 0) * data.scales[scale].factor; }

function series() {
  if (now.axis === "replicas") {
    const by = drivers(now);
    const points = data.scales.map((scale, index) => ({ x: podsAt(index), lane: scale.lanes[0], by }));
    return { points, unit: "pods", format: (x) => `${Math.round(x)} pods` };
  }
  const lane = data.scales[now.scale].lanes[0];
  const points = [...Array(41).keys()].map((step) => ({ x: step * 250, lane, by: drivers({ ...now, egress: step * 250 }) }));
  return { points, unit: "GB egress", format: (x) => `${Math.round(x).toLocaleString("en-US")} GB` };
}

function lines(points) {
  return names.map((name) => ({
    name,
    points: points.flatMap(({ x, lane, by }) => {
      const offer = lane.offers.find((one) => one.provider === name);
      const sum = offer && total(offer, by);
      return offer ? [{ x, y: sum.known, unknown: sum.unknown, label: label(offer) }] : [];
    }),
  })).filter((one) => one.points.length > 0);
}

function crossings(all) {
  const found = [];
  for (let i = 0; i < all.length; i++) for (let j = i + 1; j < all.length; j++) {
    const [a, b] = [all[i], all[j]];
    for (let k = 1; k < Math.min(a.points.length, b.points.length); k++) {
      const before = a.points[k - 1].y - b.points[k - 1].y, after = a.points[k].y - b.points[k].y;
      if (before * after >= 0) continue;
      const share = before / (before - after);
      const x = a.points[k - 1].x + share * (a.points[k].x - a.points[k - 1].x);
      found.push({ x, y: a.points[k - 1].y + share * (a.points[k].y - a.points[k - 1].y), cheaper: (after < 0 ? a : b).points[k], dearer: (after < 0 ? b : a).points[k] });
    }
  }
  return found.sort((a, b) => a.x - b.x);
}

// a sum with unknown parts is a lower limit, and is not simply cheaper
function without({ cheaper, dearer }) {
  const vague = [cheaper, dearer].filter((one) => one.unknown).map((one) => `${one.unknown} unknown amounts of ${one.label}`);
  return vague.length ? `, not counting ${vague.join(" and ")}` : "";
}

function niceStep(span) {
  const rough = span / 7, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= rough);
}

function drawChart() {
  const { points, unit, format } = series();
  const all = lines(points), crossed = crossings(all);
  const wide = at("chart").clientWidth > 560, W = wide ? 900 : 420, H = wide ? 340 : 320, left = 52, right = 72, top = 16, bottom = 38;
  const maxX = Math.max(...points.map((p) => p.x)), minX = Math.min(...points.map((p) => p.x));
  const maxY = Math.max(1, ...all.flatMap((one) => one.points.map((p) => p.y))) * 1.05;
  const X = (x) => left + ((x - minX) / (maxX - minX || 1)) * (W - left - right), Y = (y) => H - bottom - (y / maxY) * (H - top - bottom);
  const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `USD per month against ${unit}` });
  for (let y = 0, step = niceStep(maxY); y <= maxY; y += step) {
    svg.append(make("line", { x1: left, x2: W - right, y1: Y(y), y2: Y(y), stroke: "var(--line)" }), make("text", { x: left - 8, y: Y(y) + 4, "text-anchor": "end" }, Math.round(y).toLocaleString("en-US")));
  }
  for (let i = 0; i <= 4; i++) {
    const x = minX + ((maxX - minX) * i) / 4;
    svg.append(make("text", { x: X(x), y: H - 18, "text-anchor": "middle" }, Math.round(x).toLocaleString("en-US")));
  }
  svg.append(make("text", { x: (left + W - right) / 2, y: H - 3, "text-anchor": "middle" }, unit));
  for (const one of all) {
    const path = one.points.map((p, i) => `${i ? "L" : "M"}${X(p.x).toFixed(1)} ${Y(p.y).toFixed(1)}`).join("");
    svg.append(make("path", { d: path, fill: "none", stroke: cloudColour(one.name), "stroke-width": 2.5, "stroke-linejoin": "round", "stroke-dasharray": one.points.some((p) => p.unknown) ? "7 5" : null }));
    if (points.length < 20) for (const p of one.points) svg.append(make("circle", { cx: X(p.x), cy: Y(p.y), r: 3.5, fill: cloudColour(one.name) }, make("title", {}, `${p.label}: ${cents(p.y)} at ${format(p.x)}`)));
  }
  for (const one of crossed) svg.append(make("circle", { cx: X(one.x), cy: Y(one.y), r: 6, fill: "none", stroke: "var(--ink)", "stroke-width": 1.5 }));
  // names stand beside the ends of their lines, pushed apart where those are close
  let lowest = -99;
  for (const one of all.map((l) => ({ ...l, end: l.points[l.points.length - 1] })).sort((a, b) => b.end.y - a.end.y)) {
    const y = Math.max(Y(one.end.y) + 4, lowest + 14);
    lowest = y;
    svg.append(make("text", { x: X(one.end.x) + 8, y, class: "name", style: `fill:${cloudColour(one.name)}` }, one.end.unknown ? `>= ${one.end.label}` : one.end.label));
  }
  at("chart").replaceChildren(svg);
  at("crossings").replaceChildren(...(crossed.length ? crossed.map((one) => make("li", {}, `From about ${format(one.x)} on, ${one.cheaper.label} is cheaper than ${one.dearer.label}${without(one)}.`)) : [make("li", {}, "The order stays the same over this range.")]));
}

const services = data.app.pods.map((pod) => pod.service);
function serviceColour(service) {
  const index = services.indexOf(service.replace(" (surge)", ""));
  if (index < 0) return "var(--k8)";
  return `var(--k${[1, 0, 4, 7, 6, 2, 5, 3][index % 8]})`;
}

function nodeBox(room, pods, number) {
  const svg = make("svg", { viewBox: "0 0 74 104", role: "img" });
  const said = [];
  [["cpu", 8], ["memory", 40]].forEach(([what, x]) => {
    svg.append(make("rect", { x, y: 8, width: 26, height: 88, fill: "var(--free)", rx: 2 }));
    let y = 96;
    for (const pod of pods) for (let i = 0; i < pod.count; i++) {
      const height = (pod[what] / room[what]) * 88;
      y -= height;
      svg.append(make("rect", { x, y, width: 26, height: Math.max(height - 1, 0.5), fill: serviceColour(pod.service), opacity: pod.service.endsWith("(surge)") ? 0.45 : 1 },
        make("title", {}, `${pod.service}: ${pod.cpu}m, ${pod.memory}Mi`)));
    }
  });
  for (const pod of pods) said.push(`${pod.count} x ${pod.service}`);
  svg.setAttribute("aria-label", `node ${number}: ${said.join(", ") || "empty"}`);
  return svg;
}

function drawNodes() {
  at("services").replaceChildren(...[...services, "(add-on)"].map((name) => make("span", {}, make("i", { style: `background:${serviceColour(name)}` }), name)), make("span", {}, make("i", { style: `background:${serviceColour(services[0])};opacity:.45` }), "room for a rolling update"));
  const most = 24;
  at("nodes").replaceChildren(...data.scales[now.scale].lanes[0].offers.map((offer) => {
    const boxes = offer.packing.slice(0, most).map((pods, i) => nodeBox(offer.node_room, pods, i + 1));
    const more = offer.packing.length > most ? [make("small", {}, `and ${offer.packing.length - most} more`)] : [];
    return make("div", { class: "cluster" },
      make("p", {}, make("b", {}, offer.title), ` ${offer.nodes} x ${offer.machine.name}: `, make("small", {}, `${Math.round(offer.fit.cpu * 100)} % of CPU and ${Math.round(offer.fit.memory * 100)} % of memory asked for`)),
      make("div", { class: "boxes" }, ...boxes, ...more));
  }));
}

function plainNumber(value) { return Number(value.toFixed(4)).toLocaleString("en-US", { maximumFractionDigits: 4 }); }

function drawBills(by) {
  const open = new Set([...document.querySelectorAll("#bills details[open]")].map((one) => one.dataset.cloud));
  at("bills").replaceChildren(...data.scales[now.scale].lanes[0].offers.map((offer) => {
    const rows = offer.lines.map((line) => {
      const amount = monthly(line, by);
      return make("tr", {}, make("td", {}, line.kind), make("td", {}, line.title, ...(line.note ? [make("br"), make("small", {}, line.note)] : [])),
        make("td", { class: "n" }, plainNumber(quantity(line, by))), make("td", {}, line.unit), make("td", { class: "n" }, line.unit_usd ?? "unknown"),
        make("td", { class: "n" }, amount === null ? "unknown" : cents(amount)),
        make("td", {}, line.as_of || "undated", " ", make("a", { href: `#source-${line.source}` }, `[${line.source + 1}]`)));
    });
    const head = make("thead", {}, make("tr", {}, ...["Kind", "What", "Quantity", "Unit", "USD each", "USD/month", "As of"].map((name, i) => make("th", { class: [2, 4, 5].includes(i) ? "n" : null, scope: "col" }, name))));
    const notes = offer.notes.map((note) => make("li", {}, note));
    return make("details", { "data-cloud": offer.provider, ...(open.has(offer.provider) ? { open: "" } : {}) },
      make("summary", {}, offer.title, make("span", {}, sumText(total(offer, by)))),
      make("div", { class: "scroll" }, make("table", {}, head, make("tbody", {}, ...rows))), make("ul", {}, ...notes));
  }));
}

function drawFixed() {
  const app = data.app;
  document.title = `${app.name}: cost comparison`;
  at("title").textContent = `What ${app.name} costs per month`;
  const size = `${app.cpu_millicores / 1000} CPU and ${Number((app.memory_mib / 1024).toFixed(2))} GiB in ${app.pods.reduce((n, pod) => n + pod.count, 0)} pods`;
  at("summary").textContent = `${size}, ${data.wishes.region}, ${data.wishes.arch}, on ${data.wishes.today}. List prices in USD, before taxes and discounts. What is unknown is counted as unknown, never as 0.`;
  at("legend").replaceChildren(...data.kinds.map((kind) => make("span", {}, make("i", { style: `background:${kindColour(kind)}` }), kind)));
  const shown = names.filter((name) => data.features[name]);
  const facts = Object.keys(data.features[shown[0]]);
  at("facts").replaceChildren(
    make("thead", {}, make("tr", {}, make("th", {}), ...shown.map((name) => make("th", { scope: "col" }, data.clouds[name])))),
    make("tbody", {}, ...facts.map((fact) => make("tr", {}, make("th", { scope: "row" }, fact), ...shown.map((name) => make("td", { title: `${data.features[name][fact].source}${data.features[name][fact].as_of ? `, ${data.features[name][fact].as_of}` : ""}` }, data.features[name][fact].text))))));
  at("advice").replaceChildren(...data.recommendations.map((one) => make("div", {}, make("h3", {}, `${one.lane}: ${data.clouds[one.provider]}`),
    make("p", {}, `By these rules: ${one.rules.join("; ")}.${one.runner_up ? ` Runner-up: ${data.clouds[one.runner_up]}.` : ""}`), make("ul", {}, ...one.changes.map((text) => make("li", {}, text))))),
    ...(app.assumed.length ? [make("h3", {}, "Assumed"), make("ul", {}, ...app.assumed.map((text) => make("li", {}, text)))] : []));
  const p = data.prices;
  at("age").textContent = `Bundled ${p.bundled}, oldest ${p.oldest || "undated"}; ${p.stale} of ${p.used} prices are older than 90 days, ${p.undated} have no date.`;
  at("sources").replaceChildren(...data.sources.map((text, i) => make("li", { id: `source-${i}` }, text)));
}

function drawForm() {
  const fields = FIELDS.map(([name, text, , step]) => {
    const input = make("input", { type: "number", id: `in-${name}`, min: 0, step, value: now[name], inputmode: "decimal" });
    input.addEventListener("input", () => { if (input.value !== "" && Number(input.value) >= 0) change({ [name]: Number(input.value) }); });
    return make("label", { for: `in-${name}` }, text, input);
  });
  const text = make("span", { id: "scale-text" });
  const slider = make("input", { type: "range", id: "in-scale", min: 0, max: data.scales.length - 1, step: 1, value: now.scale });
  slider.addEventListener("input", () => change({ scale: Number(slider.value) }));
  const reset = make("button", { type: "button" }, "As given");
  reset.addEventListener("click", () => { now = { ...given, scale: 0, axis: now.axis }; drawForm(); change({}); });
  at("assume").replaceChildren(...(data.scales.length > 1 ? [make("label", { for: "in-scale" }, text, slider)] : []), ...fields, reset);
  at("axis").replaceChildren(...[["replicas", "against replicas"], ["egress", "against traffic"]].map(([name, said]) => {
    const input = make("input", { type: "radio", name: "axis", value: name });
    input.checked = now.axis === name;
    input.addEventListener("change", () => change({ axis: name }));
    return make("label", {}, input, ` ${said}`);
  }));
}

function change(part) {
  now = { ...now, ...part };
  const by = drivers(now);
  if (at("scale-text")) at("scale-text").textContent = `Replicas x ${data.scales[now.scale].factor}: ${podsAt(now.scale)} pods`;
  drawBars(by); drawChart(); drawNodes(); drawBills(by);
}

// #egress=1000&lb=2 opens the page with other assumptions
for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
  if (name in given && value !== "" && Number(value) >= 0) now[name] = Number(value);
  if (name === "axis" && ["replicas", "egress"].includes(value)) now.axis = value;
  if (name === "scale") now.scale = Math.max(0, data.scales.findIndex((one) => one.factor === Number(value)));
}
drawFixed(); drawForm(); change({});
matchMedia("(max-width: 40rem)").addEventListener("change", () => change({}));
document.body.dataset.ready = "yes";
