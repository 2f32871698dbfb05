import { PostgresServer } from '../support/postgres';

let server: PostgresServer;
beforeAll(async () => { server = await PostgresServer.start(); });
afterAll(() => server.stop());

test('starts', async () => {
  const { url } = await server.createDatabase();
  expect(url).toContain('test_1');
  expect(await server.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
  await server.kill();
  await server.run();
  expect(await server.query('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});
