// Links into the list of tasks.
import { hrefTo } from "../route.js";

export const DAY = "24h";
const WEEK = "7d";

// The tasks of a filter.
//   definition, status, error: as the API has them; since: how far back, such as "24h"
export const tasksHref = ({ definition, status, error, since }, tenant) =>
  hrefTo("tasks", "", { definition, status, error, since, tenant });

export const taskHref = (id, tenant) => hrefTo("tasks", id, { tenant });
