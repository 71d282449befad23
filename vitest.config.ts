import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/servers/globalSetup.ts"],
    reporters: ["default", "./test/support/servers/LeftOut.ts"],
    testTimeout: 30_000,
    hookTimeout: 90_000
  }
})
