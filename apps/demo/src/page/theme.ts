import { find, say } from "./dom.ts";

const key = "sluice-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** The button that changes between light and dark. Until it is used, the system's setting holds. */
export function themeButton(changed: () => void): void {
  const button = find<HTMLButtonElement>("#theme");
  const isDark = () =>
    (document.documentElement.dataset["theme"] ?? (prefersDark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    say(button, "Dark");
    changed();
  };
  const kept = localStorage.getItem(key);
  if (kept === "dark" || kept === "light") document.documentElement.dataset["theme"] = kept;
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = next;
    localStorage.setItem(key, next);
    show();
  });
  prefersDark.addEventListener("change", show);
  show();
}
