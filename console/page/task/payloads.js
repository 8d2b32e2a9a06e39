// The input and the output of a task: each is asked for when somebody wants to see it.
import { useCallback, useRef, useState } from "../html.js";
import { askOne, get } from "../api.js";

const TOO_LARGE = "REQUEST_TOO_LARGE";
const documentOf = (which) => `query ($id: ID!) { backgroundTasks {
  getTask(id: $id) { data { ${which} } error { message code data } }
} }`;

// Reads one. What is too large for an answer of the API, the console's server reads itself.
const read = async (which, id, tenant) => {
  try {
    return (await askOne("getTask", documentOf(which), { id }, { tenant })).data[which];
  } catch (failure) {
    if (failure.code !== TOO_LARGE) throw failure;
    const query = { task: id, which, ...(tenant ? { tenant } : {}) };
    return (await get(`payload?${new URLSearchParams(query)}`)).value;
  }
};

// Returns [payloads, load]: `payloads.input` and `payloads.output` are undefined until `load(which)`
// has asked for them; then { value, failure, isLoading, of }, `of` the state of the task that they
// are of.
export const usePayloads = (task, tenant) => {
  const [payloads, setPayloads] = useState({});
  const asked = useRef({});
  const load = useCallback(
    async (which) => {
      const own = `${task.id} ${task.savedOn} ${task.taskStatus}`;
      if (asked.current[which] === own) return;
      asked.current[which] = own;
      const set = (made) =>
        asked.current[which] === own &&
        setPayloads((all) => ({ ...all, [which]: { ...made, of: own } }));
      setPayloads((all) => ({ ...all, [which]: { ...all[which], isLoading: true } }));
      try {
        set({ value: await read(which, task.id, tenant), isLoading: false, failure: null });
      } catch (failure) {
        set({ isLoading: false, failure });
        asked.current[which] = null;
      }
    },
    [task.id, task.savedOn, task.taskStatus, tenant],
  );
  return [payloads, load];
};
