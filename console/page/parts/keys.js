// Keys of the page. A single letter does something only where nobody types, and can be turned off
// (WCAG 2.2, 2.1.4).
import { useEffect, useRef } from "../html.js";
import { kept } from "../session.js";

const TYPED = `input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]`;

export const areKeysOn = () => kept("keys", true);

// Calls `keys[name](event)` when a key is pressed: { "/": search, j: next, "g t": tasks }. "g t" is
// two keys in turn.
export const useKeys = (keys) => {
  const before = useRef(""); // the page may be drawn anew between the two
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!areKeysOn() || event.target.closest?.(TYPED) || document.querySelector("dialog[open]"))
        return;
      const found = keys[`${before.current} ${event.key}`] ?? keys[event.key];
      before.current = before.current || found ? "" : event.key;
      if (!found) return;
      event.preventDefault();
      found(event);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  });
};
