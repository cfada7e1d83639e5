// How elements are made.

/** Builds an element; texts are always text, never markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[Name] {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Draws the mark of what is encrypted. */
export function lock(): SVGElement {
  const mark = document.createElementNS(SVG, "svg");
  mark.setAttribute("class", "lock");
  mark.setAttribute("viewBox", "0 0 16 16");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", "Encrypted");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", "M4 7V5a4 4 0 0 1 8 0v2h1v8H3V7zm2 0h4V5a2 2 0 0 0-4 0z");
  mark.append(shape);
  return mark;
}
