// What a button does.
import { useEffect, useRef, useState } from "../html.js";

// Does `act`, which is async, and not twice at a time. Returns { isBusy, failure, run }.
export const useWork = (act) => {
  const [state, setState] = useState({ isBusy: false, failure: null });
  const isBusy = useRef(false);
  const isGone = useRef(false);
  useEffect(() => {
    isGone.current = false;
    return () => (isGone.current = true);
  }, []);
  const run = async (...given) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setState({ isBusy: true, failure: null });
    let failure = null;
    try {
      await act(...given);
    } catch (error) {
      failure = error;
    }
    isBusy.current = false;
    if (!isGone.current) setState({ isBusy: false, failure });
  };
  return { ...state, run };
};
