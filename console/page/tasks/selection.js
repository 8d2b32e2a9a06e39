// Which tasks of the list are selected. A refresh leaves them so, as they now are; another filter or
// page does not.
import { useEffect, useState } from "../html.js";

export const useSelection = (tasks, key) => {
  const [chosen, setChosen] = useState(new Map());
  useEffect(() => setChosen((old) => (old.size > 0 ? new Map() : old)), [key]);
  const now = new Map(tasks.map((task) => [task.id, task]));
  const set = (some, isChosen) =>
    setChosen((old) => {
      const next = new Map(old);
      for (const task of some) isChosen ? next.set(task.id, task) : next.delete(task.id);
      return next;
    });
  return {
    size: chosen.size,
    tasks: [...chosen.values()].map((task) => now.get(task.id) ?? task),
    has: ({ id }) => chosen.has(id),
    set,
    toggle: (task) => set([task], !chosen.has(task.id)),
    clear: () => setChosen(new Map()),
  };
};
