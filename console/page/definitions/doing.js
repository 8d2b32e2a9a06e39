// What can be done with definitions, their limits and their schedules.
import { askOne, post } from "../api.js";

const ERROR = "error { message code data }";

const PAUSE = `mutation PauseDefinition($id: ID!, $everyTenant: Boolean) {
  backgroundTasks {
    pauseDefinition(id: $id, everyTenant: $everyTenant) { data { pausedOn } ${ERROR} }
  }
}`;
const PAUSE_ALL = `mutation PauseAll($everyTenant: Boolean) {
  backgroundTasks { pauseAll(everyTenant: $everyTenant) { data { pausedOn } ${ERROR} } }
}`;
const RESUME = `mutation ResumeDefinition($id: ID!, $everyTenant: Boolean, $rate: Number) {
  backgroundTasks {
    resumeDefinition(id: $id, everyTenant: $everyTenant, rate: $rate) { data { id } ${ERROR} }
  }
}`;
const RESUME_ALL = `mutation ResumeAll($everyTenant: Boolean, $rate: Number) {
  backgroundTasks {
    resumeAll(everyTenant: $everyTenant, rate: $rate) { data { id } ${ERROR} }
  }
}`;
const SET = `mutation SetLimit(
  $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $limit: Int!, $everyTenant: Boolean
) {
  backgroundTasks {
    setLimit(definition: $definition, key: $key, limit: $limit, everyTenant: $everyTenant) {
      data { key slots } ${ERROR}
    }
  }
}`;
const RESET = `mutation ResetLimit(
  $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $everyTenant: Boolean
) {
  backgroundTasks {
    resetLimit(definition: $definition, key: $key, everyTenant: $everyTenant) {
      data { key slots } ${ERROR}
    }
  }
}`;

// `id` is null for all definitions.
export const pause = (id, everyTenant, options) =>
  id === null
    ? askOne("pauseAll", PAUSE_ALL, { everyTenant }, options)
    : askOne("pauseDefinition", PAUSE, { id, everyTenant }, options);

// Returns the task that has those go on which were held.
export const resume = async (id, everyTenant, rate, options) => {
  const { data } =
    id === null
      ? await askOne("resumeAll", RESUME_ALL, { everyTenant, rate }, options)
      : await askOne("resumeDefinition", RESUME, { id, everyTenant, rate }, options);
  return data;
};

export const setLimit = async (definition, key, limit, everyTenant, options) =>
  (await askOne("setLimit", SET, { definition, key, limit, everyTenant }, options)).data;

export const resetLimit = async (definition, key, everyTenant, options) =>
  (await askOne("resetLimit", RESET, { definition, key, everyTenant }, options)).data;

//   verb: "pause" or "resume"
export const changeSchedule = (name, verb) => post(`schedules/${encodeURIComponent(name)}/${verb}`);
