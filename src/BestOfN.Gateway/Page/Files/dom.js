// Makes elements. Texts only ever become text nodes: nothing that a model or a client wrote is read as HTML.

export const find = id => document.getElementById(id);

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [property, value] of Object.entries(properties)) {
    if (property in element) {
      element[property] = value;
    } else {
      element.setAttribute(property, value);
    }
  }

  element.append(...children);
  return element;
}

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) {
    element.setAttribute(attribute, value);
  }

  element.append(...children);
  return element;
}

export function chip(text, kind = "", title = "") {
  return make("span", { className: `chip ${kind}`, title }, text);
}

/** 2.2156 as 2.22; a real minus sign. */
export function number(value, digits = 2) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: true };
  return value.toLocaleString("en", options).replace("-", "\u2212");
}

/** 0.4 as 0.4 ms, 1234 as 1.23 s. */
export function milliseconds(value) {
  return value >= 1000 ? `${number(value / 1000)} s` : value >= 10 || value === 0 ? `${Math.round(value)} ms` : `${number(value, 1)} ms`;
}
