// What is asked for once, and again only when somebody wants it.
import { useCallback, useEffect, useRef, useState } from "../html.js";

// Loads something when `key`, a text, changes; null: not yet. Returns { data, failure, isLoading,
// again }: `again()` loads it anew.
export const useOnce = (load, key) => {
  const [state, setState] = useState({ key: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key == null) return undefined;
    const controller = new AbortController();
    const settle = (change) => controller.signal.aborted || setState({ key, ...change });
    setState((old) => ({ ...(old.key === key && old), key, failure: null, isLoading: true }));
    latest.current(controller.signal).then(
      (data) => settle({ data }),
      (failure) => settle({ failure }),
    );
    return () => controller.abort();
  }, [key, turn]);
  const again = useCallback(() => setTurn((number) => number + 1), []);
  const own = state.key === key ? state : { isLoading: key != null };
  return { data: own.data, failure: own.failure, isLoading: Boolean(own.isLoading), again };
};
