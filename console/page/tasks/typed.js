// A text that is typed: what it is for happens when the typing rests.
import { useEffect, useRef, useState } from "../html.js";

const REST_MS = 350;

// Returns [text, type, done]: `type(text)` as somebody types, `done()` when they are at the end. A
// `value` from elsewhere, such as the way back, is what stands there then.
export const useTyped = (value, commit) => {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  const typed = useRef(value);
  const latest = useRef(commit);
  latest.current = commit;
  useEffect(() => {
    if (value === typed.current) return;
    clearTimeout(timer.current);
    typed.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const done = () => {
    clearTimeout(timer.current);
    latest.current(typed.current);
  };
  const type = (next) => {
    typed.current = next;
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(done, REST_MS);
  };
  return [text, type, done];
};
