import { defineConfig } from "vitest/config"

/**
 * Suites that start servers or processes, by where they are. They wait for real things, so they get more time, and they
 * run after the others, so that nothing else slows them down. Elsewhere the ending `.system.test.ts` says the same.
 */
const system = [
  "test/{faults,programs,support}/**/*.test.ts",
  "test/cli/*.test.ts",
  "test/infra/{amqp,mongo,pglite,postgres,redis}/**/*.test.ts",
  "test/**/*.system.test.{ts,tsx}"
]

/** Runs alone, after everything else: it has 90 seconds. */
const integration = "test/integration/proofPaths.test.ts"

export default defineConfig({
  test: {
    maxWorkers: 2, // one is what vitest takes on a machine with two cores
    globalSetup: ["test/support/servers/globalSetup.ts"],
    reporters: ["default", "./test/support/servers/LeftOut.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: [...system, integration],
          testTimeout: 10_000,
          hookTimeout: 10_000,
          sequence: { groupOrder: 1 }
        }
      },
      {
        extends: true,
        test: {
          name: "system",
          include: system,
          testTimeout: 60_000,
          hookTimeout: 120_000, // the first to ask for a server waits for its start
          sequence: { groupOrder: 2 }
        }
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: [integration],
          testTimeout: 30_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 }
        }
      }
    ],
    coverage: {
      provider: "v8",
      include: ["src/domain/**", "src/services/**", "src/infra/http/**", "src/cli/dashboard/**"],
      reporter: ["text-summary"],
      thresholds: {
        "src/domain/**": { lines: 80 },
        "src/services/**": { lines: 80 },
        "src/infra/http/**": { lines: 80 },
        "src/cli/dashboard/**": { lines: 60 },
        "src/cli/dashboard/view-model/**": { lines: 80 }
      }
    }
  }
})
