// What every part of the page is made of: elements as text, and preact's hooks.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
export { Fragment, render } from "preact";
// An effect runs as what it belongs to is put into the page: preact's other ones run a frame later,
// and a key pressed, or a link followed, in between would be lost.
export {
  useCallback,
  useErrorBoundary,
  useId,
  useLayoutEffect as useEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
