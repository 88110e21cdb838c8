// Draws /openapi.json: every operation with its parameters, shapes, and a button that tries it.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  // Text goes in as text: nothing of the description is ever read as HTML.
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A text in which `words in backticks` are code.
function prose(name, text) {
  const parts = text.split("`");
  return element(name, {}, ...parts.map((part, index) => (index % 2 ? element("code", {}, part) : part)));
}

// A shape as an example of itself; what refers to itself is cut off.
function example(schema, document, depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return example(document.components.schemas[name], document, depth + 1);
  }
  if (schema.example !== undefined) return schema.example;
  if (schema.examples && schema.examples.length) return schema.examples[0];
  for (const many of ["oneOf", "anyOf"]) {
    if (schema[many]) {
      const first = schema[many].find((one) => one.type !== "null");
      return example(first, document, depth + 1);
    }
  }
  if (schema.allOf) {
    return Object.assign({}, ...schema.allOf.map((one) => example(one, document, depth + 1)));
  }
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  if (type === "array") return [example(schema.items, document, depth + 1)];
  if (schema.properties) {
    const made = {};
    for (const [name, value] of Object.entries(schema.properties)) {
      made[name] = example(value, document, depth + 1);
    }
    return made;
  }
  if (schema.enum) return schema.enum[0];
  if (type === "string") return schema.format === "date-time" ? "2026-11-21T12:00:00Z" : "…";
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  return {};
}

function bodyOf(operation) {
  const content = operation.requestBody && operation.requestBody.content;
  return content && content["application/json"] ? content["application/json"].schema : null;
}

function answerOf(operation, document) {
  const status = Object.keys(operation.responses || {}).find((code) => code.startsWith("2"));
  const content = status && operation.responses[status].content;
  const json = content && content["application/json"];
  return json ? JSON.stringify(example(json.schema, document), null, 2) : null;
}

async function attempt(method, path, fields, body, output) {
  let target = path;
  const query = [];
  const headers = {};
  for (const { parameter, input } of fields) {
    if (input.value === "") continue;
    const value = encodeURIComponent(input.value);
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, value);
    else if (parameter.in === "header") headers[parameter.name] = input.value;
    else query.push(`${parameter.name}=${value}`);
  }
  if (query.length) target += `?${query.join("&")}`;
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  output.hidden = false;
  output.textContent = `${method.toUpperCase()} ${target} …`;
  try {
    const response = await fetch(target, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON */ }
    output.textContent = `${method.toUpperCase()} ${target}\n${response.status} ${response.statusText}\n\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
}

function draw(method, path, operation, description) {
  const fields = (operation.parameters || []).map((parameter) => ({
    parameter,
    input: element("input", { "aria-label": parameter.name }),
  }));
  const shape = bodyOf(operation);
  const body = shape ? element("textarea", { "aria-label": "body" }) : null;
  if (body) body.value = JSON.stringify(example(shape, description), null, 2);
  const output = element("pre", { hidden: "" });
  const answer = answerOf(operation, description);
  const rows = fields.map(({ parameter, input }) => element("tr", {},
    element("td", {}, parameter.name + (parameter.required ? " *" : "")),
    prose("td", parameter.description || ""),
    element("td", {}, input)));
  const inside = element("div", { class: "inside" },
    operation.description ? prose("p", operation.description) : null,
    rows.length ? element("table", {}, element("tbody", {}, ...rows)) : null,
    body ? element("p", {}, "Body") : null, body,
    element("p", {}, element("button", { onclick: () => attempt(method, path, fields, body, output) }, "Try it")),
    output,
    answer ? element("p", {}, "Answer, by example") : null,
    answer ? element("pre", {}, answer) : null);
  return element("details", { "data-text": `${method} ${path} ${operation.summary || ""}`.toLowerCase() },
    element("summary", {},
      element("span", { class: `method ${method}` }, method.toUpperCase()),
      element("span", { class: "path" }, path),
      prose("small", operation.summary || "")),
    inside);
}

function drawAll(description) {
  document.getElementById("about").replaceChildren(prose("span", `${description.info.version} · ${description.info.description}`));
  const groups = new Map((description.tags || []).map((tag) => [tag.name, { about: tag.description, items: [] }]));
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter((known) => item[known])) {
      const operation = item[method];
      const tag = (operation.tags && operation.tags[0]) || "other";
      if (!groups.has(tag)) groups.set(tag, { about: "", items: [] });
      groups.get(tag).items.push(draw(method, path, operation, description));
    }
  }
  const sections = [...groups].filter(([, group]) => group.items.length).map(([tag, group]) =>
    element("section", {}, element("h2", {}, `${tag} `, element("small", {}, group.about || "")), ...group.items));
  document.getElementById("operations").replaceChildren(...sections);
}

document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const item of document.querySelectorAll("details")) {
    item.hidden = !item.dataset.text.includes(wanted);
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
});

fetch("/openapi.json")
  .then((response) => response.json())
  .then(drawAll)
  .catch((error) => { document.getElementById("operations").textContent = String(error); });
