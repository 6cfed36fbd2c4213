"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = ["svg", "rect", "path", "line", "text", "circle", "g", "defs", "pattern"];
const names = Object.keys(data.clouds);
const at = (id) => document.getElementById(id);

// text is only ever set as text: nothing in the data can become markup
function make(tag, attributes = {}, ...children) {
  const node = SVG_TAGS.includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function tooltip(text) {
  const title = document.createElementNS(SVG, "title");
  title.textContent = text;
  return title;
}

const FIELDS = [
  ["egress", "Egress, GB a month", Number(data.app.egress_gb), 10],
  ["lb", "Load balancers", data.app.load_balancers, 1],
  ["registry", "Images kept, GB", Number(data.app.registry_gb), 1],
  ["disk", "Disk per node, GiB", Number(data.assumptions.node_disk_gib), 10],
  ["hours", "Hours per month", Number(data.assumptions.hours), 1],
];
const given = Object.fromEntries([...FIELDS.map(([name, , value]) => [name, value]), ["first", data.wishes.first ? 1 : 0]]);
let now = { ...given, scale: 0, axis: "replicas", lane: 0 };

function drivers(a) {
  return {
    month: 1, hours: a.hours, node_disk: a.disk, lb: a.lb, lb_hours: a.lb * a.hours,
    rule_hours: Math.min(a.lb, 1) * a.hours, extra_rule_hours: Math.max(a.lb - 5, 0) * a.hours,
    lb_gb: a.lb > 0 ? a.egress : 0, egress_gb: a.egress, registry_gb: a.registry,
    volume_gib: data.app.volumes_gib.reduce((sum, size) => sum + size, 0), first_hours: a.first * a.hours, not_first: 1 - a.first,
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

function sumOf(lines, by) {
  let known = 0, unknown = 0;
  for (const line of lines) {
    const amount = monthly(line, by);
    if (amount === null) unknown += 1; else known += amount;
  }
  return { known, unknown };
}

// an offer's lines, with the registry plan that is the cheapest one for the images that are kept now
function linesOf(offer, by) {
  const roomy = (data.keeping[offer.provider] || []).filter((way) => way.most_gb === null || by.registry_gb <= Number(way.most_gb));
  if (!roomy.length) return offer.lines;
  const order = (way) => { const sum = sumOf(way.lines, by); return [sum.unknown, sum.known]; };
  const best = roomy.reduce((a, b) => { const [x, y] = [order(a), order(b)]; return (y[0] - x[0] || y[1] - x[1]) < 0 ? b : a; });
  const first = offer.lines.findIndex((line) => line.kind === "registry");
  return offer.lines.flatMap((line, i) => (line.kind !== "registry" ? [line] : i === first ? best.lines : []));
}

const total = (offer, by) => sumOf(linesOf(offer, by), by);

function byKind(offer, by) {
  const found = new Map();
  for (const line of linesOf(offer, by)) found.set(line.kind, (found.get(line.kind) || 0) + (monthly(line, by) || 0));
  return found;
}

// without the price of its nodes a sum says nothing about the bill
function nodesPriced(offer, by) {
  return offer.lines.every((line) => line.kind !== "nodes" || monthly(line, by) !== null);
}

function ranked(lane, by) {
  return lane.offers.map((offer) => ({ offer, sum: total(offer, by), priced: nodesPriced(offer, by) }))
    .sort((a, b) => b.priced - a.priced || a.sum.known - b.sum.known || a.sum.unknown - b.sum.unknown);
}

// the recommendation's rules: a bill without its nodes never wins, the wanted region comes first, then complete bills
function cheapest(rankedLane) {
  const before = (one) => 2 * Boolean(one.offer.region_note) + Boolean(one.sum.unknown);
  return rankedLane.filter((one) => one.priced).sort((a, b) => before(a) - before(b));
}

// the best one is called cheapest where its bill is complete, and in its region where other offers are elsewhere
function called({ offer, sum }, lane, complete) {
  const where = !offer.region_note && lane.offers.some((one) => one.region_note) ? ` in ${data.wishes.region}` : "";
  return `${sum.unknown ? "lowest limit" : complete}${where}`;
}

// half a cent rounds up, whatever the binary fraction made of it
const cents = (amount) => (Math.round(amount * 100 + Math.sign(amount) * 1e-6) / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const sumText = (sum) => (sum.unknown ? `>= ${cents(sum.known)} (+${sum.unknown} unknown)` : cents(sum.known));
const count = (number) => Math.round(number).toLocaleString("en-US");
const kindColour = (kind) => `var(--k${data.kinds.indexOf(kind)})`;
const cloudColour = (name) => `var(--c${names.indexOf(name)})`;
const label = (offer) => offer.title.split(" ").pop();
const lanesNow = () => data.scales[now.scale].lanes;
const podsAt = (scale) => data.scales[scale].pods;
