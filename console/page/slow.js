// What costs too much to be asked for at each poll.
import { useRef } from "./html.js";
import { useLive } from "./live.js";

// As useLive, but an answer is good for `everyMs`: the polls in between ask nobody.
// Returns `loadedOn` besides, when that answer came, and `again()`, which asks now.
export const useSlow = (load, key, everyMs) => {
  const last = useRef(null);
  const live = useLive(async (signal) => {
    const kept = last.current;
    if (kept?.key === key && Date.now() - kept.loadedOn < everyMs) return kept;
    const found = await load(signal);
    last.current = { key, loadedOn: Date.now(), found };
    return last.current;
  }, key);
  const again = () => {
    last.current = null;
    return live.refresh();
  };
  return { ...live, data: live.data?.found, loadedOn: live.data?.loadedOn, again };
};
