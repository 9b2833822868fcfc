// Shows /api/openapi.json as a page: one entry per operation, schemas written out as they go over the wire.

const MAX_DEPTH = 6;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Text with what stands between backticks as code. */
function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

function resolve(schema, document_) {
  if (!schema?.$ref) return schema ?? {};
  return document_.components.schemas[schema.$ref.split("/").pop()] ?? {};
}

function constraints(schema) {
  const words = [];
  if (schema.minLength && schema.maxLength) words.push(`${schema.minLength} to ${schema.maxLength} characters`);
  else if (schema.minLength) words.push(`at least ${schema.minLength} characters`);
  else if (schema.maxLength) words.push(`at most ${schema.maxLength} characters`);
  if (schema.minimum !== undefined) words.push(`at least ${schema.minimum}`);
  if (schema.maximum !== undefined) words.push(`at most ${schema.maximum}`);
  if (schema.pattern) words.push(schema.pattern);
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  if (schema.description) words.push(schema.description.split("\n")[0]);
  return words.length ? `  // ${words.join("; ")}` : "";
}

function write(given, document_, indent = "", depth = 0) {
  const schema = resolve(given, document_);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((option) => write(option, document_, indent, depth)).join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[${write(schema.items, document_, indent, depth)}, …]`;
  if (schema.properties) {
    if (depth >= MAX_DEPTH) return "{…}";
    const required = new Set(schema.required ?? []);
    const inner = `${indent}  `;
    const lines = Object.entries(schema.properties).map(([name, part]) => {
      const mark = required.has(name) ? "" : "?";
      return `${inner}${name}${mark}: ${write(part, document_, inner, depth + 1)}${constraints(part)}`;
    });
    return `{\n${lines.join("\n")}\n${indent}}`;
  }
  if (schema.type === "object") return "{ … }";
  return [schema.type ?? "any"].flat().join(" | ") + (schema.format ? ` (${schema.format})` : "");
}

function showContent(content, document_) {
  return Object.entries(content).flatMap(([type, part]) => [
    element("p", { class: "soft" }, type),
    element("pre", {}, write(part.schema, document_)),
  ]);
}

function showParameters(parameters) {
  const table = element("table");
  for (const parameter of parameters) {
    const name = element("td", {}, element("code", {}, parameter.name + (parameter.required ? "" : "?")));
    const text = `${parameter.in}${constraints({ ...parameter.schema, description: parameter.description })}`;
    table.append(element("tr", {}, name, element("td", {}, ...prose(text.replace("  //", ":")))));
  }
  return [element("h3", {}, "Parameters"), table];
}

/** The headers of an answer, but for the one that all have. */
function showHeaders(headers, document_) {
  const table = element("table");
  for (const [name, given] of Object.entries(headers)) {
    if (name === "X-Request-ID") continue;
    const about = document_.components.headers[given.$ref.split("/").pop()].description;
    table.append(element("tr", {}, element("td", {}, element("code", {}, name)), element("td", {}, ...prose(about))));
  }
  return table.rows.length ? [table] : [];
}

/** A call to begin with, for a terminal. */
function writeCurl(path, method, operation) {
  const lines = [`curl -X ${method.toUpperCase()} "$BASE${path.replace(/\{(\w+)\}/g, (_, name) => `$${name.toUpperCase()}`)}"`];
  if (!operation.security || operation.security.some((one) => one.bearer)) lines.push(`-H "Authorization: Bearer $TOKEN"`);
  const [type] = Object.keys(operation.requestBody?.content ?? {});
  if (type) lines.push(`-H "Content-Type: ${type}"`, type === "application/json" ? "-d @body.json" : "--data-binary @body");
  return lines.join(" \\\n  ");
}

function showResponses(responses, document_) {
  const parts = [];
  const problems = element("table");
  for (const [status, response] of Object.entries(responses)) {
    if (response.content?.["application/problem+json"]) {
      const code = element("td", {}, element("code", {}, status));
      problems.append(element("tr", {}, code, element("td", {}, ...prose(response.description))));
      continue;
    }
    parts.push(element("h3", {}, `${status} ${response.description}`), ...showHeaders(response.headers ?? {}, document_));
    parts.push(...showContent(response.content ?? {}, document_));
  }
  return [...parts, element("h3", {}, "Problems"), problems];
}

function showOperation(path, method, operation, document_) {
  const head = element(
    "summary", {},
    element("span", { class: "method" }, method.toUpperCase()),
    element("code", {}, path),
    element("span", { class: "soft" }, ...prose(operation.summary)),
  );
  const body = element("div", {}, element("p", {}, ...prose(operation.description ?? "")));
  if (operation.parameters) body.append(...showParameters(operation.parameters));
  if (operation.requestBody)
    body.append(element("h3", {}, "Body"), ...showContent(operation.requestBody.content, document_));
  body.append(...showResponses(operation.responses, document_));
  body.append(element("h3", {}, "In a terminal"), element("pre", {}, writeCurl(path, method, operation)));
  const link = element("a", { href: `#${operation.operationId}` }, `#${operation.operationId}`);
  body.append(element("p", { class: "soft" }, "This entry: ", link));
  const details = element("details", { id: operation.operationId }, head, body);
  details.dataset.words = `${method} ${path} ${operation.summary} ${operation.tags}`.toLowerCase();
  return details;
}

function showAll(document_) {
  document.getElementById("about").textContent =
    `Version ${document_.info.version}. ${document_.info.description}`;
  const main = document.getElementById("operations");
  const sections = new Map();
  for (const tag of document_.tags) {
    const section = element("section", { id: tag.name }, element("h2", {}, tag.name), element("p", { class: "soft" }, tag.description));
    sections.set(tag.name, section);
    main.append(section);
    document.getElementById("tags").append(element("a", { href: `#${tag.name}` }, tag.name));
  }
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, operation] of Object.entries(methods))
      sections.get(operation.tags[0]).append(showOperation(path, method, operation, document_));
}

function filter() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const details of document.querySelectorAll("details"))
    details.hidden = !words.every((word) => details.dataset.words.includes(word));
  for (const section of document.querySelectorAll("section"))
    section.hidden = !section.querySelector("details:not([hidden])");
  document.getElementById("none").hidden = Boolean(document.querySelector("details:not([hidden])"));
}

/** Opens the entry that the address names. */
function openNamed() {
  const named = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (!named) return;
  if (named.hidden) {
    input.value = "";
    filter();
  }
  if (named instanceof HTMLDetailsElement) named.open = true;
  named.scrollIntoView();
}

const input = document.getElementById("filter");
const response = await fetch("/api/openapi.json");
if (response.ok) showAll(await response.json());
else document.getElementById("about").textContent = `The description could not be read (${response.status}).`;
input.addEventListener("input", filter);
window.addEventListener("hashchange", openNamed);
openNamed();
