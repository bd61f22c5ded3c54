// Reads one simulation a line and writes one answer a line. The package is found in the folder given as the argument.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const { runSimulation } = createRequire(process.argv[2] + '/package.json')('@cloud-copilot/iam-simulate')

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {})
  const said = answer.resultType === 'error' ? { error: answer.errors } : { result: answer.overallResult }
  console.log(JSON.stringify(said))
}
