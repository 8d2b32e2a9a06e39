// What is asked for again and again, as long as somebody looks.
import { useCallback, useEffect, useRef, useState } from "./html.js";

const FIRST_MS = 2_000;
const LONGEST_MS = 15_000;
const GROWTH = 1.5;

// How long to wait before the next look: longer and longer, as long as nothing changes.
export const nextPause = (pause, hasChanged) =>
  hasChanged ? FIRST_MS : Math.min(pause * GROWTH, LONGEST_MS);

// Loads something now, and again and again: sooner where it changes. Not while the tab is hidden,
// and at once when it is shown.
//   load: (signal) => a promise of data. It is called anew when `key`, a text, changes
//   isOver: (data) => whether nothing more will change
//   isLive: whether to load it more than once
// Returns { data, failure, isStale, isLoading, refresh }: `data` stays as it was while a failure
// passes, and then `isStale` says so. `refresh()` loads it now, and is done when it is there.
export const useLive = (load, key, { isOver = () => false, isLive = true } = {}) => {
  const [state, setState] = useState({ key, data: undefined, failure: null, isLoading: true });
  const now = useRef(null);
  const latest = useRef({});
  latest.current = { load, isOver, isLive };

  useEffect(() => {
    let pause = FIRST_MS;
    let timer = 0;
    let controller = null;
    let seen;
    let isGone = false;
    let isDone = false;

    const mayLook = () => !isDone && latest.current.isLive && !document.hidden;

    const look = async () => {
      clearTimeout(timer);
      controller?.abort();
      const own = (controller = new AbortController());
      // What was over is looked at again since somebody asks: until there is an answer.
      isDone = false;
      let hasChanged = false;
      try {
        const data = await latest.current.load(own.signal);
        if (isGone || own !== controller) return;
        const text = JSON.stringify(data);
        hasChanged = text !== seen;
        seen = text;
        isDone = latest.current.isOver(data);
        setState((old) =>
          hasChanged || old.failure || old.isLoading || old.key !== key
            ? { key, data, failure: null, isLoading: false }
            : old,
        );
      } catch (failure) {
        if (isGone || own !== controller || failure.name === "AbortError") return;
        // What an answer refuses, it will refuse again; but somebody may have mended it by then.
        setState((old) => ({
          key,
          data: old.key === key && failure.passes ? old.data : undefined,
          failure,
          isLoading: false,
        }));
      }
      pause = nextPause(pause, hasChanged);
      if (mayLook()) timer = setTimeout(() => mayLook() && look(), pause);
    };

    const shown = () => {
      clearTimeout(timer);
      if (mayLook()) look();
    };
    now.current = look;
    look();
    document.addEventListener("visibilitychange", shown);
    return () => {
      isGone = true;
      clearTimeout(timer);
      controller?.abort();
      document.removeEventListener("visibilitychange", shown);
    };
  }, [key]);

  const wasLive = useRef(isLive);
  useEffect(() => {
    if (isLive && !wasLive.current) now.current();
    wasLive.current = isLive;
  }, [isLive]);

  const refresh = useCallback(() => now.current?.(), []);
  // Between a change of `key` and its answer, what was there is not what is asked for.
  const own = state.key === key ? state : { data: undefined, failure: null, isLoading: true };
  return { ...own, isStale: own.failure != null && own.data !== undefined, refresh };
};

// A moment that goes on: for ages and what is left of a wait.
export const useNow = (everyMs = 1_000) => {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};
