// Calls every operation of the Admin API with one version of the vendor's
// TypeScript SDK and one of its two surfaces. typescript_test.go runs it against a
// server with the demo seed, and sets these variables:
//
//   E2E_SDK      alias of the package in package.json
//   E2E_SURFACE  organization or beta.organization
//   E2E_URL      address of the server, behind a proxy that follows e2e-plan
//   E2E_KEY      admin key
//   E2E_NOW      time of the frozen clock
//   E2E_ERRORS   both or production

import assert from 'node:assert/strict';
import test from 'node:test';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const url = env('E2E_URL');
const key = env('E2E_KEY');
const now = new Date(env('E2E_NOW'));
const major = Number(env('E2E_SDK').match(/^sdk-(\d+)/)[1]);

const { default: Anthropic } = await import(env('E2E_SDK'));
const client = new Anthropic({ baseURL: url, apiKey: key });
const surfaceOf = (c) => env('E2E_SURFACE').split('.').reduce((object, name) => object[name], c);
const org = surfaceOf(client);

/** collect walks all pages with the SDK's pager. */
async function collect(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

/** raw sends a request without the SDK and returns the unparsed response. */
async function raw(method, path, body) {
  const response = await fetch(`${url}/v1/organizations/${path}`, {
    method,
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', ...(body && { 'content-type': 'application/json' }) },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** only returns the only element. */
function only(items, what) {
  assert.equal(items.length, 1, `number of ${what}`);
  return items[0];
}

const userByEmail = async (email) => only((await org.users.list({ email })).data, email);
const workspaces = (query) => collect(org.workspaces.list({ limit: 1000, include_archived: true, include_default: true, ...query }));
const workspaceByName = async (name) => only((await workspaces()).filter((w) => w.name === name), name);
const keyByName = async (name) => only((await collect(org.apiKeys.list({ limit: 1000 }))).filter((k) => k.name === name), name);

/** plain returns an object without the properties that the SDK adds. */
const plain = (object) => JSON.parse(JSON.stringify(object));

/** timestamp returns a time before now in the format of the API. */
const timestamp = (days, hours = 0, minutes = 0) =>
  new Date(now - ((days * 24 + hours) * 60 + minutes) * 60_000).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');

const classes = {
  400: Anthropic.BadRequestError,
  401: Anthropic.AuthenticationError,
  404: Anthropic.NotFoundError,
};
const types = { 400: 'invalid_request_error', 401: 'authentication_error', 404: 'not_found_error' };

/** refused requires a call to fail, and checks every property of the error. */
async function refused(call, status, message, code) {
  const error = await call.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}, want ${status} ${message}`),
    (e) => e,
  );
  assert.ok(error instanceof classes[status], `${error.name} is not the class of ${status}: ${error.message}`);
  assert.equal(error.status, status);
  assert.equal(error.type, types[status]);
  assert.match(error.requestID, /^req_/);
  assert.equal(error.error.request_id, error.requestID);
  assert.equal(error.headers.get('request-id'), error.requestID);
  assert.equal(error.error.type, env('E2E_ERRORS') === 'production' ? 'error' : types[status]);
  const { message: got, details } = error.error.error;
  if (message instanceof RegExp) assert.match(got, message);
  else assert.equal(got, message);
  assert.equal(details?.error_code, code);
  if (major >= 1) {
    assert.equal(error.apiMessage, got);
    assert.equal(error.errorCode, code ?? null);
    const name = code?.replace(/(^|_)(api|.)/g, (_, _start, word) => (word === 'api' ? 'API' : word.toUpperCase()));
    if (name) assert.equal(error.name, `${name}Error`);
  }
}

/** containing matches strings that contain text. */
const containing = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

test('organization', async () => {
  const { data, response, request_id } = await org.retrieve().withResponse();
  assert.equal(data.type, 'organization');
  assert.equal(data.name, 'Northlight Robotics');
  assert.equal(data.id, response.headers.get('anthropic-organization-id'));
  assert.match(request_id, /^req_/);
  assert.equal(data._request_id, request_id);
  assert.equal((await raw('GET', 'me')).text, `{"id":"${data.id}","type":"organization","name":"Northlight Robotics"}`);
});

test('authentication', async () => {
  const bearer = surfaceOf(new Anthropic({ baseURL: url, apiKey: null, authToken: key }));
  assert.equal((await bearer.retrieve()).type, 'organization');
  // Since version 1, the SDK sends an API key as a Bearer token, too.
  const unknown = major >= 1 ? 'Invalid bearer token' : 'invalid x-api-key';
  await refused(surfaceOf(new Anthropic({ baseURL: url, apiKey: 'sk-ant-admin01-nobody' })).retrieve(), 401, unknown);
  await refused(surfaceOf(new Anthropic({ baseURL: url, apiKey: null, authToken: 'sk-ant-api03-R2D2' })).retrieve(), 401, 'Invalid bearer token');
  for (const version of ['2023-01-01', '2023-06-01', '2026-10-21']) {
    await org.retrieve({ headers: { 'anthropic-version': version } });
  }
  await refused(
    org.retrieve({ headers: { 'anthropic-version': '2023-10-01' } }),
    400,
    'anthropic-version: "2023-10-01" is not a valid version',
  );
});

test('users', async () => {
  const tomas = await userByEmail('TOMAS.herrera@example.com');
  const want = {
    id: tomas.id,
    type: 'user',
    email: 'tomas.herrera@example.com',
    name: 'Tomás Herrera',
    role: 'developer',
    added_at: timestamp(718, 2, 31),
  };
  assert.deepEqual(plain(tomas), want);
  assert.deepEqual(plain(await org.users.retrieve(tomas.id)), want);
  assert.equal((await raw('GET', `users/${tomas.id}`)).text, JSON.stringify(want));
  assert.deepEqual(
    (await collect(org.users.list({ roles: ['admin', 'billing'], limit: 2 }))).map((u) => u.email.split('.')[0]),
    ['miriam', 'rosa', 'priya', 'marcus', 'ingrid'],
  );

  const marketing = await workspaceByName('Marketing');
  assert.equal((await org.users.update(tomas.id, { role: 'billing' })).role, 'billing');
  const inherited = await org.workspaces.members.retrieve(tomas.id, { workspace_id: marketing.id });
  assert.equal(inherited.workspace_role, 'workspace_billing');
  assert.equal((await org.users.update(tomas.id, { role: 'user' })).role, 'user');
  await refused(
    org.workspaces.members.retrieve(tomas.id, { workspace_id: marketing.id }),
    404,
    `Workspace member \`${tomas.id}\` not found.`,
  );
  await refused(
    org.users.update(tomas.id, { role: 'admin' }),
    400,
    "role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'",
  );
  const ingrid = await userByEmail('ingrid.solheim@example.com');
  await refused(org.users.update(ingrid.id, { role: 'user' }), 400, containing(ingrid.id));
  await refused(org.users.remove(ingrid.id), 400, containing(ingrid.id));

  const yuki = await userByEmail('yuki.tanaka@example.com');
  const engineering = await workspaceByName('Engineering');
  assert.deepEqual(plain(await org.users.remove(yuki.id)), { id: yuki.id, type: 'user_deleted' });
  await refused(org.users.retrieve(yuki.id), 404, `User \`${yuki.id}\` not found.`);
  await refused(org.users.remove(yuki.id), 404, `User \`${yuki.id}\` not found.`);
  await refused(
    org.workspaces.members.retrieve(yuki.id, { workspace_id: engineering.id }),
    404,
    `Workspace member \`${yuki.id}\` not found.`,
  );
  const left = await collect(org.workspaces.members.list(engineering.id));
  assert.equal(left.length, 29);
  assert.ok(!left.some((m) => m.user_id === yuki.id));
  const staging = only(await collect(org.apiKeys.list({ created_by_user_id: yuki.id })), 'keys of a removed user');
  assert.equal(staging.name, 'Staging');
  assert.equal(staging.status, 'active');
});

test('invites', async () => {
  const email = 'nova.lindgren@example.com';
  const made = await org.invites.create({ email, role: 'developer' });
  const want = {
    id: made.id,
    type: 'invite',
    email,
    role: 'developer',
    status: 'pending',
    invited_at: timestamp(0),
    expires_at: timestamp(-21),
    accepted_at: null,
    rbac_group_ids: [],
  };
  assert.deepEqual(plain(made), want);
  assert.deepEqual(plain(await org.invites.retrieve(made.id)), want);
  assert.equal((await raw('GET', `invites/${made.id}`)).text, JSON.stringify(want));
  assert.deepEqual(plain((await org.invites.list({ email: email.toUpperCase() })).data), [want]);

  await refused(org.invites.create({ email, role: 'user' }), 400, containing(made.id), 'invite_already_exists');
  const ingrid = await userByEmail('ingrid.solheim@example.com');
  await refused(org.invites.create({ email: ingrid.email, role: 'user' }), 400, containing(ingrid.id), 'already_member');
  await refused(
    org.invites.create({ email: 'nobody', role: 'admin' }),
    400,
    'email: value is not a valid email address; ' +
      "role: Input should be 'user', 'developer', 'billing' or 'claude_code_user'",
  );

  assert.deepEqual(plain(await org.invites.delete(made.id)), { id: made.id, type: 'invite_deleted' });
  assert.equal((await org.invites.retrieve(made.id)).status, 'deleted');
  await refused(org.invites.delete(made.id), 400, containing('is deleted'));
  assert.deepEqual((await org.invites.list({ email })).data, []);
  assert.notEqual((await org.invites.create({ email, role: 'billing', rbac_group_ids: [] })).id, made.id);

  const settled = await collect(org.invites.list({ statuses: ['accepted', 'expired'], roles: ['user'], limit: 1 }));
  assert.deepEqual(settled.map((i) => i.email.split('.')[0]), ['camille', 'lena', 'freya']);
  assert.equal(settled[0].accepted_at, timestamp(19, 7, 25));
  for (const invite of settled) {
    await refused(org.invites.delete(invite.id), 400, containing(invite.id));
  }
});

test('workspaces', async () => {
  // In a new workspace, null equals a missing field.
  const bare = await org.workspaces.create({ name: 'Bare', display_color: null, external_key_id: null, tags: null, data_residency: null });
  assert.match(bare.display_color, /^#[0-9A-Fa-f]{6}$/);
  assert.deepEqual(bare.data_residency, { workspace_geo: 'us', allowed_inference_geos: 'unrestricted', default_inference_geo: 'global' });

  const made = await org.workspaces.create({
    name: 'Lunar',
    display_color: '#0A1b2C',
    external_key_id: 'key-1',
    tags: { team: 'moon', tier: 'gold' },
    data_residency: { workspace_geo: 'us', allowed_inference_geos: ['us'], default_inference_geo: 'us' },
  });
  const want = {
    id: made.id,
    type: 'workspace',
    name: 'Lunar',
    display_color: '#0A1b2C',
    created_at: timestamp(0),
    archived_at: null,
    compartment_id: made.compartment_id,
    external_key_id: 'key-1',
    user_profile_id: null,
    tags: { team: 'moon', tier: 'gold' },
    data_residency: { workspace_geo: 'us', allowed_inference_geos: ['us'], default_inference_geo: 'us' },
  };
  assert.deepEqual(plain(made), want);
  assert.deepEqual(plain(await org.workspaces.retrieve(made.id)), want);
  assert.equal((await raw('GET', `workspaces/${made.id}`)).text, JSON.stringify(want));

  Object.assign(want, { name: 'Lunar base', tags: { team: 'moon', phase: '1' } });
  const updated = await org.workspaces.update(made.id, { name: 'Lunar base', tags: { tier: null, phase: '1' } });
  assert.deepEqual(plain(updated), want);
  want.data_residency.allowed_inference_geos = 'unrestricted';
  assert.deepEqual(plain(await org.workspaces.update(made.id, { data_residency: { allowed_inference_geos: 'unrestricted' } })), want);
  await refused(org.workspaces.update(made.id, {}), 400, 'name: Field required');
  await refused(org.workspaces.update(made.id, { external_key_id: 'key-2' }), 400, /^external_key_id: /);
  await refused(org.workspaces.create({ name: 'x'.repeat(41) }), 400, 'name: String should have at most 40 characters');
  await refused(org.workspaces.retrieve('wrkspc_nowhere'), 404, 'Workspace `wrkspc_nowhere` not found.');

  // The filter by ids does not override include_archived and include_default.
  const archived = await workspaceByName('Hackathon');
  const main = await workspaceByName('Default');
  const ids = [made.id, archived.id, main.id, 'wrkspc_nowhere'];
  const named = async (query) => (await collect(org.workspaces.list({ ids, ...query }))).map((w) => w.name);
  assert.deepEqual(await named({}), ['Lunar base']);
  assert.deepEqual((await named({ include_archived: true, include_default: true, limit: 1 })).toSorted(), ['Default', 'Hackathon', 'Lunar base']);
  await refused(org.workspaces.list({ ids: Array(101).fill(made.id) }), 400, /^ids\[\]: /);

  // Archiving archives the keys, and makes the workspace read-only.
  const platform = await workspaceByName('Data Platform');
  const done = await org.workspaces.archive(platform.id);
  assert.deepEqual(plain(done), { ...plain(platform), archived_at: timestamp(0) });
  assert.deepEqual(plain(await org.workspaces.archive(platform.id)), plain(done));
  const keys = await collect(org.apiKeys.list({ workspace_id: platform.id }));
  assert.deepEqual(keys.map((k) => [k.name, k.status]), [
    ['Backfill', 'archived'], // the key of a service account
    ['dbt', 'archived'],
    ['Warehouse loader', 'archived'],
  ]);
  const members = await collect(org.workspaces.members.list(platform.id));
  assert.equal(members.length, 10);
  await refused(org.workspaces.update(platform.id, { name: 'Other' }), 400, containing(platform.id));
  await refused(org.apiKeys.update(keys[0].id, { status: 'active' }), 400, containing(keys[0].id));
  assert.ok(!(await collect(org.workspaces.list())).some((w) => w.id === platform.id));

  await refused(org.workspaces.update(main.id, { name: 'Main' }), 400, /^name: /);
  await refused(org.workspaces.archive(main.id), 400, /Default Workspace/);
  assert.deepEqual((await org.workspaces.members.list(main.id)).data, []);
});

test('workspace members', async () => {
  const { id: workspace_id } = await org.workspaces.create({ name: 'Night shift' });
  const sofia = await userByEmail('sofia.marchetti@example.com');
  const priya = await userByEmail('priya.raghunathan@example.com');
  const roles = async () => (await collect(org.workspaces.members.list(workspace_id, { limit: 2 }))).map((m) => m.workspace_role);
  assert.deepEqual(await roles(), ['workspace_admin', 'workspace_billing', 'workspace_billing', 'workspace_admin', 'workspace_admin']);

  const want = { type: 'workspace_member', user_id: sofia.id, workspace_id, workspace_role: 'workspace_user' };
  assert.deepEqual(plain(await org.workspaces.members.add(workspace_id, { user_id: sofia.id, workspace_role: 'workspace_user' })), want);
  assert.deepEqual(plain(await org.workspaces.members.retrieve(sofia.id, { workspace_id })), want);
  assert.equal((await raw('GET', `workspaces/${workspace_id}/members/${sofia.id}`)).text, JSON.stringify(want));
  want.workspace_role = 'workspace_developer';
  assert.deepEqual(plain(await org.workspaces.members.update(sofia.id, { workspace_id, workspace_role: 'workspace_developer' })), want);
  assert.equal((await roles())[2], 'workspace_developer');

  const add = (user_id, workspace_role) => org.workspaces.members.add(workspace_id, { user_id, workspace_role });
  await refused(add(sofia.id, 'workspace_user'), 400, containing(sofia.id));
  await refused(add(priya.id, 'workspace_user'), 400, containing(priya.id));
  await refused(add('user_nobody', 'workspace_user'), 404, 'User `user_nobody` not found.');
  await refused(add(sofia.id, 'workspace_billing'), 400, /^workspace_role: Input should be /);
  await refused(org.workspaces.members.remove(priya.id, { workspace_id }), 400, containing(priya.id));
  const raised = await org.workspaces.members.update(priya.id, { workspace_id, workspace_role: 'workspace_admin' });
  assert.equal(raised.workspace_role, 'workspace_admin');
  const lowered = await org.workspaces.members.update(priya.id, { workspace_id, workspace_role: 'workspace_billing' });
  assert.equal(lowered.workspace_role, 'workspace_billing');
  await org.workspaces.members.update(priya.id, { workspace_id, workspace_role: 'workspace_admin' });

  assert.deepEqual(plain(await org.workspaces.members.remove(sofia.id, { workspace_id })), {
    type: 'workspace_member_deleted',
    user_id: sofia.id,
    workspace_id,
  });
  await refused(org.workspaces.members.retrieve(sofia.id, { workspace_id }), 404, `Workspace member \`${sofia.id}\` not found.`);
});

test('api keys', async () => {
  const lukas = await userByEmail('lukas.brandt@example.com');
  const engineering = await workspaceByName('Engineering');
  const ci = await keyByName('CI');
  const want = {
    id: ci.id,
    type: 'api_key',
    name: 'CI',
    workspace_id: engineering.id,
    created_at: timestamp(655, 2, 30),
    created_by: { id: lukas.id, type: 'user' },
    status: 'active',
    last_used_at: timestamp(0, 0, 38),
    partial_key_hint: ci.partial_key_hint,
    expires_at: null,
    principal: null,
    scope: { type: 'workspace', workspace_id: engineering.id },
  };
  assert.match(ci.partial_key_hint, /^sk-ant-api03-.{3}\.\.\..{4}$/);
  assert.equal((await raw('GET', `api_keys/${ci.id}`)).text, JSON.stringify(want));
  if (major >= 1) delete want.workspace_id; // the newest version has it only in the scope
  assert.deepEqual(plain(await org.apiKeys.retrieve(ci.id)), want);
  const main = await workspaceByName('Default');
  const unassigned = await collect(org.apiKeys.list({ workspace_id: main.id }));
  assert.deepEqual(unassigned.map((k) => k.name), ['Notebook', 'Cron on ops-02', 'Status page', 'Bootstrap']);
  for (const k of unassigned) {
    assert.equal(plain(k).workspace_id, major >= 1 ? undefined : null);
    assert.equal(k.scope.workspace_id, main.id);
  }

  for (const change of [{}, { name: null, status: null }, { name: 'Renamed' }, { status: 'inactive' }, { status: 'active' }, { status: 'archived' }]) {
    for (const [name, value] of Object.entries(change)) if (value !== null) want[name] = value;
    assert.deepEqual(plain(await org.apiKeys.update(ci.id, change)), want);
    assert.deepEqual(plain(await org.apiKeys.retrieve(ci.id)), want);
  }
  await refused(org.apiKeys.update(ci.id, { name: 'CI' }), 400, containing(ci.id));
  const expired = await keyByName('Summer interns');
  assert.equal(expired.status, 'expired');
  await refused(org.apiKeys.update(expired.id, { status: 'active' }), 400, containing(expired.id));
  assert.equal((await org.apiKeys.update(expired.id, { status: 'archived' })).status, 'archived');
  await refused(org.apiKeys.update(expired.id, { status: 'expired' }), 400, "status: Input should be 'active', 'inactive' or 'archived'");
  assert.equal((await raw('POST', 'api_keys', '{"name":"Made by a program"}')).status, 405);
});

test('paging', async () => {
  const engineering = await workspaceByName('Engineering');
  const lists = {
    users: (query) => org.users.list(query),
    invites: (query) => org.invites.list(query),
    workspaces: (query) => org.workspaces.list({ include_archived: true, include_default: true, ...query }),
    members: (query) => org.workspaces.members.list(engineering.id, query),
    'api keys': (query) => org.apiKeys.list(query),
  };
  const ids = (items) => items.map((item) => item.user_id ?? item.id);
  for (const [name, list] of Object.entries(lists)) {
    const whole = ids((await list({ limit: 1000 })).data);
    assert.ok(whole.length >= 9, `${name}: ${whole.length}`);
    const last = whole.length - 1;
    for (const limit of [1, 7, 20]) {
      assert.deepEqual(ids(await collect(list({ limit }))), whole, `${name} forward by ${limit}`);
      const want = [];
      for (let end = last; end > 0; end -= limit) want.push(...whole.slice(Math.max(0, end - limit), end));
      assert.deepEqual(ids(await collect(list({ limit, before_id: whole[last] }))), want, `${name} backward by ${limit}`);
    }
    const end = await list({ after_id: whole[last] });
    assert.deepEqual([end.data, end.has_more, end.first_id, end.last_id], [[], false, null, null]);
    await refused(list({ after_id: 'of_another_list' }), 400, /^after_id: .*of_another_list/);
    await refused(list({ after_id: whole[0], before_id: whole[last] }), 400, 'at most one of before_id and after_id is allowed');
  }
  assert.equal((await org.users.list()).data.length, 20);
});

test('retries', async () => {
  const planned = (plan) => ({ headers: { 'e2e-plan': plan } });
  const patient = await org.workspaces.create({ name: 'Patience' }, planned('429;retry-after-ms=1 500;retry-after=0.001'));
  assert.deepEqual(plain(await workspaceByName('Patience')), plain(patient));
  await assert.rejects(
    org.retrieve(planned('503;retry-after-ms=1 503;retry-after-ms=1 503;retry-after-ms=1')),
    (error) => error instanceof Anthropic.InternalServerError && error.status === 503,
  );
  await assert.rejects(
    org.retrieve(planned('500;x-should-retry=false')),
    (error) => error instanceof Anthropic.InternalServerError && error.status === 500,
  );

  // The write succeeds and its response is lost, so the SDK repeats it.
  const lost = planned('drop-after-commit');
  const email = 'lost@example.com';
  await refused(org.invites.create({ email, role: 'user' }, lost), 400, /is pending already/, 'invite_already_exists');
  const invite = only((await org.invites.list({ email })).data, 'invites');
  await refused(org.invites.delete(invite.id, lost), 400, containing('is deleted'));
  assert.equal((await org.workspaces.archive(patient.id, lost)).archived_at, timestamp(0));

  // That includes the creation of a workspace, unlike in the Go SDK since v2.
  const second = await org.workspaces.create({ name: 'Twice' }, lost);
  const twice = (await workspaces()).filter((w) => w.name === 'Twice');
  assert.equal(twice.length, 2);
  assert.ok(twice.some((w) => w.id === second.id));
});

test('ten workers at once', async () => {
  const sofia = await userByEmail('sofia.marchetti@example.com');
  const ids = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const { id } = await org.workspaces.create({ name: `Worker ${i}` });
      assert.equal((await org.workspaces.retrieve(id)).id, id);
      await org.workspaces.members.add(id, { user_id: sofia.id, workspace_role: 'workspace_user' });
      assert.equal((await collect(org.workspaces.members.list(id))).length, 6);
      await org.workspaces.archive(id);
      assert.ok((await org.workspaces.retrieve(id)).archived_at);
      return id;
    }),
  );
  assert.equal(new Set(ids).size, 10);
});
