// Asks the simulator of the package that `make test-data` fetched. Each line of standard input is a list of roles with
// requests, each line of standard output a list of lists of answers: true, false, or what went wrong. It ends with its input.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv[2])
const { runSimulation, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate')

const everything = [{ name: 'all', policy: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } }]

function named(documents) {
  return documents.map((policy, index) => ({ name: `p${index}`, policy }))
}

async function taking({ role, account, trust }, { action, context, caller }) {
  const answer = await runSimulation({
    request: { principal: caller, action, resource: { resource: role, accountId: account }, contextVariables: context },
    identityPolicies: everything,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: trust
  }, {})
  if (answer.resultType === 'error') return JSON.stringify(answer.errors)
  const ignored = answer.result?.ignoredContextKeys ?? []
  return ignored.length ? `ignored: ${ignored}` : answer.overallResult === 'Allowed'
}

function session({ account, rights, boundary }, { action, resource, context }) {
  return runUnsafeSimulation({
    request: {
      principal: `arn:aws:sts::${account}:assumed-role/Asked/session`,
      action,
      resource: { resource, accountId: account },
      contextVariables: context
    },
    identityPolicies: named(rights),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(boundary ? { permissionBoundaryPolicies: named([boundary]) } : {})
  }, {}) === 'Allowed'
}

async function answer(role, ask) {
  try {
    return ask.caller ? await taking(role, ask) : session(role, ask)
  } catch (error) {
    return String(error)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = []
  for (const asked of JSON.parse(line)) answers.push(await Promise.all(asked.asks.map((ask) => answer(asked, ask))))
  process.stdout.write(JSON.stringify(answers) + '\n')
}
