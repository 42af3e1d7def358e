/** A new element: its class, and what is in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
  ...inside: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...inside);
  return made;
}

/** The one element of the page that a selector means. */
export function find<E extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector);
  if (found === null) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Sets text where it differs: a page that is told twice a second what it says already need not be laid out again. */
export function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function mark(target: HTMLElement, name: string, value: string): void {
  if (target.dataset[name] !== value) target.dataset[name] = value;
}

/** A custom property that the stylesheet draws with. */
export function draw(target: HTMLElement, property: `--${string}`, value: string): void {
  if (target.style.getPropertyValue(property) !== value) target.style.setProperty(property, value);
}
