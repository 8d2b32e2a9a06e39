// What the doctor finds, one by one: their order, their signs, and how they come.
import { Failure } from "../api.js";
import { useCallback, useEffect, useRef, useState } from "../html.js";
import { lineReader } from "./lines.js";

const CUT = "The answer ended early. Next: look again.";
const GONE =
  "The console does not answer. Next: see whether it still runs in its terminal; then look again.";
// As long as the stack is away, it is looked for again.
const AWAY_MS = 15_000;
const NOTHING = { findings: [], failure: null, isLooking: true, isDone: false };

// Looks once, and again when `look()` is called.
export const useFindings = () => {
  const [state, setState] = useState(NOTHING);
  const controller = useRef(null);
  const look = useCallback(async () => {
    controller.current?.abort();
    const own = (controller.current = new AbortController());
    const isMine = () => own === controller.current && !own.signal.aborted;
    setState(NOTHING);
    const took = (said) => {
      if (!isMine()) return;
      if (said.finding) setState((old) => ({ ...old, findings: [...old.findings, said.finding] }));
      if (said.error) throw new Failure(said.error);
    };
    try {
      const isWhole = await read("health", own.signal, took);
      if (!isWhole && isMine()) throw new Failure({ message: CUT, passes: true });
      if (isMine()) setState((old) => ({ ...old, isLooking: false, isDone: true }));
    } catch (error) {
      if (!isMine()) return;
      const failure =
        error instanceof Failure ? error : new Failure({ message: GONE, passes: true });
      setState((old) => ({ ...old, failure, isLooking: false }));
    }
  }, []);
  useEffect(() => {
    look();
    return () => controller.current?.abort();
  }, []);
  useEffect(() => {
    if (!state.failure?.passes) return;
    const again = () => document.hidden || look();
    const timer = setInterval(again, AWAY_MS);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [state.failure]);
  return { ...state, look };
};

// Calls `took` with each line. Returns whether the last one has come.
const read = async (path, signal, took) => {
  const response = await fetch(path, { signal, cache: "no-store" });
  if (!response.ok) throw new Failure({ message: await response.text() });
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const lines = lineReader();
  let isWhole = false;
  for (;;) {
    const { done, value } = await pieces.read();
    if (done) return isWhole;
    for (const said of lines(value)) {
      took(said);
      isWhole ||= Boolean(said.isDone);
    }
  }
};
