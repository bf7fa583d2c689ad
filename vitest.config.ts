import { defineConfig } from 'vitest/config';

/** Unit tests sit beside the code; what crosses parts lives in test/ and has its own projects. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{shared,master,node-agent,cli,dashboard,deploy,bench}/**/*.test.{ts,tsx}',
            'test/{architecture,sim}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/{contract,integration,conformance}/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
