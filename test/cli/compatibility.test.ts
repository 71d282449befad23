import { breakingChanges } from "#cli/contracts/compatibility.ts"
import { documents, requestFiles } from "#cli/contracts/documents.ts"
import type { JsonMap } from "#cli/contracts/jsonSchema.ts"
import { assert, describe, it } from "@effect/vitest"

const gateway = "openapi.gateway.json"
const reads = "openapi.read-model.json"
const messages = "asyncapi.json"
const submit = "schemas/submit-job.schema.json"
const completed = "schemas/events/odto.job.completed.v1.schema.json"

type Edit = (target: any) => void // oxlint-disable-line typescript/no-explicit-any -- an edit reaches into any document

/** The contracts as they are, with one document edited. */
const edited = (file: string, edit: Edit): ReadonlyMap<string, JsonMap> => {
  const all = new Map(documents())
  const copy = structuredClone(all.get(file))
  assert.isDefined(copy)
  edit(copy)
  return all.set(file, copy)
}

/** What the edit breaks for those who hold to the contracts as they are. */
const breaks = (file: string, edit: Edit) => breakingChanges(documents(), edited(file, edit), requestFiles)

const schemasOf = (api: any) => api.components.schemas // oxlint-disable-line typescript/no-explicit-any -- as above

describe("A breaking change is found:", () => {
  const cases: ReadonlyArray<readonly [name: string, file: string, edit: Edit, said: RegExp]> = [
    ["a path is removed", reads, (api) => delete api.paths["/throughput"], /\/throughput: is removed/],
    ["a method is removed", gateway, (api) => delete api.paths["/tokens"].post, /POST \/tokens: is removed/],
    ["an answer is removed", gateway, (api) => {
      api.paths["/jobs"].post.responses["201"] = api.paths["/jobs"].post.responses["202"]
      delete api.paths["/jobs"].post.responses["202"]
    }, /POST \/jobs: the answer 202 is removed/],
    [
      "a property of an answer is removed",
      gateway,
      (api) => delete schemasOf(api).AcceptedJob.properties.eventId,
      /eventId: is removed/
    ],
    [
      "a property of an answer may be absent",
      gateway,
      (api) => schemasOf(api).AcceptedJob.required.pop(),
      /may be absent/
    ],
    ["a property of an answer changes its type", reads, (api) => {
      schemasOf(api).JobSummary.properties.attempt = { type: "string" }
    }, /attempt: the type integer becomes string/],
    [
      "a property deep in a section is removed",
      reads,
      (api) => delete schemasOf(api).RelayState.properties.lagMillis,
      /relay.*lagMillis: is removed/
    ],
    ["a property of an answer may be null", gateway, (api) => {
      schemasOf(api).AcceptedJob.properties.eventId = { anyOf: [{ type: "string" }, { type: "null" }] }
    }, /eventId: an alternative is added/],
    [
      "a property of a request is newly required",
      gateway,
      (api) => schemasOf(api).SubmitJob.required.push("queue"),
      /queue: is newly required/
    ],
    [
      "a property of a request is removed",
      gateway,
      (api) => delete schemasOf(api).SubmitJob.properties.tags,
      /tags: is removed/
    ],
    [
      "an enumeration of a request loses a value",
      gateway,
      (api) => schemasOf(api).Role.enum.pop(),
      /"admin" is removed/
    ],
    ["a request is limited to some values", gateway, (api) => {
      schemasOf(api).QueueName.enum = ["default"]
    }, /is limited to "default"/],
    [
      "a maximum of a request is lowered",
      gateway,
      (api) => schemasOf(api).Priority.maximum = 8,
      /priority: maximum is lowered/
    ],
    [
      "a minimum of a request is raised",
      gateway,
      (api) => schemasOf(api).Priority.minimum = 1,
      /priority: minimum is raised/
    ],
    ["a length of a request gets a limit", gateway, (api) => {
      schemasOf(api).JsonObject.maxProperties = 10
    }, /maxProperties is lowered/],
    [
      "a pattern of a request changes",
      gateway,
      (api) => schemasOf(api).QueueName.pattern = "^x",
      /pattern is changed/
    ],
    ["a parameter is newly required", reads, (api) => {
      api.paths["/jobs"].get.parameters.find((each: JsonMap) => each["name"] === "limit").required = true
    }, /query limit is newly required/],
    ["a parameter is removed", reads, (api) => {
      api.paths["/jobs"].get.parameters = api.paths["/jobs"].get.parameters.filter((each: JsonMap) =>
        each["name"] !== "tag"
      )
    }, /query tag is removed/],
    ["a limit of a parameter is lowered", reads, (api) => {
      api.paths["/jobs"].get.parameters.find((each: JsonMap) => each["name"] === "limit").schema.maximum = 100
    }, /query limit: maximum is lowered/],
    [
      "a higher role is needed",
      gateway,
      (api) => api.paths["/jobs"].post["x-odto-role"] = "admin",
      /POST \/jobs: needs the role admin/
    ],
    ["a channel is removed", messages, (api) => delete api.channels.eventsLive, /eventsLive: is removed/],
    [
      "a channel gets another address",
      messages,
      (api) => api.channels.hints.address = "jobs",
      /hints: the address becomes jobs/
    ],
    ["a header of a message is removed", messages, (api) => {
      delete api.components.messages.logRow.headers.properties["x-odto-epoch"]
    }, /headers\/x-odto-epoch: is removed/],
    [
      "a property of a message is removed",
      messages,
      (api) => delete schemasOf(api).CloudEvent.properties.subject,
      /subject: is removed/
    ],
    ["a property of an event is removed", completed, (schema) => {
      delete schema.properties.data.properties.detail.properties.runMillis
    }, /runMillis: is removed/],
    [
      "a request schema refuses what it accepted",
      submit,
      (schema) => schema.$defs.SubmitJob.required.push("payload"),
      /payload: is newly required/
    ]
  ]
  for (const [name, file, edit, said] of cases) {
    it(name, () => {
      const changes = breaks(file, edit)

      assert.isNotEmpty(changes)
      for (const change of changes) {
        assert.isTrue(change.startsWith(`${file}: `), change)
        assert.match(change, said)
      }
    })
  }

  it("a schema is removed", () => {
    const after = new Map(documents())
    after.delete(completed)

    assert.deepStrictEqual(breakingChanges(documents(), after, requestFiles), [`${completed}: is removed`])
  })
})

describe("No breaking change is found when", () => {
  const cases: ReadonlyArray<readonly [name: string, file: string, edit: Edit]> = [
    ["nothing changes", gateway, () => {}],
    ["a path is added", reads, (api) => api.paths["/more"] = api.paths["/stats"]],
    ["a property of an answer is added", gateway, (api) => {
      schemasOf(api).AcceptedJob.properties.more = { type: "string" }
      schemasOf(api).AcceptedJob.required.push("more")
    }],
    ["an enumeration of an answer gets a value", reads, (api) => schemasOf(api).EventType.enum.push("paused")],
    ["an optional property of a request is added", gateway, (api) => {
      schemasOf(api).SubmitJob.properties.more = { type: "string" }
    }],
    ["a property of a request need not be there", gateway, (api) => schemasOf(api).SubmitJob.required = []],
    ["a limit of a request is widened", gateway, (api) => schemasOf(api).Priority.maximum = 99],
    ["an enumeration of a request gets a value", gateway, (api) => schemasOf(api).Role.enum.push("owner")],
    ["a request may also be null", gateway, (api) => {
      schemasOf(api).SubmitJob.properties.queue = {
        anyOf: [{ $ref: "#/components/schemas/QueueName" }, { type: "null" }]
      }
    }],
    ["an optional parameter is added", reads, (api) => {
      api.paths["/stats"].get.parameters = [{ name: "more", in: "query", required: false, schema: { type: "string" } }]
    }],
    ["an error is added", gateway, (api) => {
      api.paths["/jobs"].post.responses["410"] = api.paths["/jobs"].post.responses["409"]
    }],
    ["a lower role is enough", gateway, (api) => api.paths["/tokens"].get["x-odto-role"] = "viewer"],
    ["descriptions change", gateway, (api) => api.info.description = "other words"],
    ["the major version is raised with it", gateway, (api) => {
      api.info.version = "2.0.0"
      delete api.paths["/jobs"]
    }]
  ]
  for (const [name, file, edit] of cases) {
    it(name, () => {
      assert.deepStrictEqual(breaks(file, edit), [])
    })
  }

  it("a schema is added", () => {
    const after = new Map(documents()).set("schemas/more.schema.json", { type: "object" })

    assert.deepStrictEqual(breakingChanges(documents(), after, requestFiles), [])
  })
})
