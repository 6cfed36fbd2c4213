function plainNumber(value) { return Number(value.toFixed(4)).toLocaleString("en-US", { maximumFractionDigits: 4 }); }

function billRow(line, by) {
  const amount = monthly(line, by);
  return make("tr", {}, make("td", {}, line.kind), make("td", {}, line.title, ...(line.note ? [make("br"), make("small", {}, line.note)] : [])),
    make("td", { class: "n" }, plainNumber(quantity(line, by))), make("td", {}, line.unit), make("td", { class: "n" }, line.unit_usd ?? "unknown"),
    make("td", { class: "n" }, amount === null ? "unknown" : cents(amount)),
    make("td", {}, line.as_of || "undated", " ", make("a", { href: `#source-${line.source}` }, `[${line.source + 1}]`)));
}

function drawBills(by) {
  const open = new Set([...document.querySelectorAll("#bills details[open]")].map((one) => one.dataset.cloud));
  const heads = ["Kind", "What", "Quantity", "Unit", "USD each", "USD/month", "As of"];
  at("bills").replaceChildren(...ranked(lanesNow()[now.lane], by).map(({ offer, sum }) => {
    const head = make("thead", {}, make("tr", {}, ...heads.map((name, i) => make("th", { class: [2, 4, 5].includes(i) ? "n" : null, scope: "col" }, name))));
    return make("details", { "data-cloud": offer.provider, ...(open.has(offer.provider) ? { open: "" } : {}) },
      make("summary", {}, offer.title, make("span", {}, sumText(sum))),
      make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `bill of ${offer.title}` }, make("table", {}, head, make("tbody", {}, ...linesOf(offer, by).map((line) => billRow(line, by))))));
  }));
}

// the first word of a fact is its answer
function fact(text) {
  const match = /^(yes|no|none|not found)\b(.*)$/.exec(text);
  if (!match) return text.split(/(\d\.\d+ until [\d-]+)/).map((part) => ends(part));
  const yes = match[1] === "yes";
  return [make("b", { class: yes ? "yes" : "no" }, yes ? "✓ " : "✗ ", match[1]), match[2]];
}

// a version's end that is near is marked
function ends(text) {
  const match = /^\d\.\d+ until ([\d-]+)$/.exec(text);
  const days = match ? Math.round((Date.parse(match[1]) - Date.parse(data.wishes.today)) / 864e5) : 999;
  return days <= 60 ? make("span", { class: "soon" }, `${text} (in ${days} days)`) : text;
}

function drawFacts() {
  const shown = names.filter((name) => data.features[name]);
  const cell = (name, key) => {
    const one = data.features[name][key];
    return make("td", { "data-cloud": data.clouds[name].split(" ").pop(), title: `${one.source}${one.as_of ? `, ${one.as_of}` : ""}` }, make("span", {}, ...fact(one.text)));
  };
  at("facts").replaceChildren(
    make("thead", {}, make("tr", {}, make("td"), ...shown.map((name) => make("th", { scope: "col" }, data.clouds[name])))),
    make("tbody", {}, ...Object.keys(data.features[shown[0]]).map((key) => make("tr", {}, make("th", { scope: "row" }, key), ...shown.map((name) => cell(name, key))))));
}

function adviceCard(one) {
  const offer = data.scales[0].lanes.find((lane) => lane.name === one.lane).offers.find((each) => each.provider === one.provider);
  return make("div", { class: "panel" }, make("h3", {}, one.lane), make("p", { class: "pick" }, `${offer.title}: ${offer.total.text}${offer.region_note ? ` (${offer.region_note})` : ""}`),
    make("p", {}, one.runner_up ? `Runner-up: ${data.clouds[one.runner_up]}. What would change the order:` : "No other cloud meets the rules."),
    make("ul", {}, ...one.changes.map((text) => make("li", {}, text))),
    make("p", { class: "quiet" }, `Rules: ${one.rules.join("; ")}.`));
}

function drawAdvice() {
  at("advice").replaceChildren(...data.recommendations.map(adviceCard));
  const said = new Set(data.scales[0].lanes.flatMap((lane) => lane.offers.flatMap((offer) => offer.notes.map((note) => `${label(offer)}: ${note}`))));
  const list = (title, texts) => (texts.length ? [make("h3", {}, title), make("ul", {}, ...texts.map((text) => make("li", {}, text)))] : []);
  at("surprises").replaceChildren(...list("Surprises", [...said]), ...list("Assumed", data.app.assumed));
  at("surprises").hidden = !said.size && !data.app.assumed.length;
}

function drawHead() {
  const { app, wishes, prices } = data;
  document.title = `${app.name}: cost comparison`;
  at("title").textContent = `What ${app.name} costs per month`;
  at("summary").textContent = `On four managed Kubernetes services, in list prices before taxes and discounts. What is unknown is counted as unknown, never as 0.`;
  const pods = app.pods.reduce((sum, pod) => sum + pod.count, 0);
  const chips = [["pods", pods], ["CPU", app.cpu_millicores / 1000], ["GiB", Number((app.memory_mib / 1024).toFixed(2))], ["region", wishes.region], ["arch", wishes.arch],
    ...(wishes.spot ? [["nodes", "spot"]] : []), ...(wishes.commit ? [["committed", wishes.commit]] : []), ...(wishes.private ? [["nodes", "private"]] : []), ...(wishes.sla ? [["SLA", `${wishes.sla} %`]] : []), ["on", wishes.today]];
  at("chips").replaceChildren(...chips.map(([what, value]) => make("li", {}, `${what} `, make("b", {}, String(value)))));
  at("legend").replaceChildren(...data.kinds.map((kind) => make("span", {}, make("i", { style: `background:${kindColour(kind)}` }), kind)));
  at("age").textContent = `Bundled ${prices.bundled}, oldest ${prices.oldest || "undated"}; ${prices.stale} of ${prices.used} prices are older than 90 days, ${prices.undated} have no date.`;
  at("sources").replaceChildren(...data.sources.map((text, i) => make("li", { id: `source-${i}` }, text)));
}

function radios(id, name, title, options) {
  at(id).setAttribute("role", "radiogroup");
  at(id).setAttribute("aria-label", title);
  at(id).replaceChildren(...options.map(([value, text]) => {
    const input = make("input", { type: "radio", name, value });
    input.checked = now[name] === value;
    input.addEventListener("change", () => change({ [name]: value }));
    return make("label", {}, input, text);
  }));
}

function numberField([name, text, , step]) {
  const input = make("input", { type: "number", id: `in-${name}`, min: 0, step, value: now[name], inputmode: "decimal" });
  input.addEventListener("input", () => { if (input.value !== "" && Number(input.value) >= 0) change({ [name]: Number(input.value) }); });
  return make("label", { for: `in-${name}` }, text, input);
}

function drawForm() {
  const shown = make("output", { id: "scale-text", for: "in-scale" });
  const slider = make("input", { type: "range", id: "in-scale", min: 0, max: data.scales.length - 1, step: 1 });
  slider.value = now.scale;
  slider.addEventListener("input", () => change({ scale: Number(slider.value) }));
  const first = make("input", { type: "checkbox", id: "in-first" });
  first.checked = now.first === 1;
  first.addEventListener("change", () => change({ first: first.checked ? 1 : 0 }));
  const reset = make("button", { type: "button", id: "reset" }, "As given");
  reset.addEventListener("click", () => { now = { ...now, ...given, scale: 0 }; drawForm(); change({}); });
  at("assume").replaceChildren(...(data.scales.length > 1 ? [make("label", { for: "in-scale", class: "wide" }, "Replicas ", shown, slider)] : []),
    ...FIELDS.map(numberField), ...(given.first ? [make("label", { for: "in-first", class: "wide" }, first, " free tiers of a new account")] : []), reset);
  radios("axis", "axis", "Cost against", [["replicas", "against replicas"], ["egress", "against traffic"]]);
  radios("lane", "lane", "Which CPUs", data.scales[0].lanes.map((lane, index) => [index, lane.name]));
}

function change(part) {
  now = { ...now, ...part };
  const by = drivers(now);
  if (at("scale-text")) at("scale-text").textContent = `x ${data.scales[now.scale].factor} = ${podsAt(now.scale)} pods`;
  drawBars(by); drawChart(); drawNodes(); drawBills(by);
}

// #egress=1000&lb=2 opens the page with other assumptions
function fromAddress() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (name in given && value !== "" && Number(value) >= 0) now[name] = Number(value);
    if (name === "axis" && ["replicas", "egress"].includes(value)) now.axis = value;
    if (name === "lane" && value in lanesNow()) now.lane = Number(value);
    if (name === "scale") now.scale = Math.max(0, data.scales.findIndex((one) => one.factor === Number(value)));
  }
}

at("theme").addEventListener("click", () => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.style.colorScheme = (root.style.colorScheme || system) === "dark" ? "light" : "dark";
});
const phone = matchMedia("(max-width: 40rem)");
phone.addEventListener("change", () => change({}));
at("assume-box").open = !phone.matches;
fromAddress(); drawHead(); drawAdvice(); drawFacts(); drawForm(); change({});
document.body.dataset.ready = "yes";
