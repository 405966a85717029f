// Second look at cases.json. Needs: npm i @huggingface/jinja. Usage: node check.mjs cases.json
import fs from 'fs';
import { Template } from '@huggingface/jinja';
const { templates, cases } = JSON.parse(fs.readFileSync(process.argv[2]));
let equal = 0;
for (const c of cases) {
  let got;
  try { got = new Template(templates[c.template]).render(c.context); } catch (e) { got = undefined; }
  if (got === c.expected) equal++; else console.log(c.name, JSON.stringify(got)?.slice(0, 200));
}
console.log(`${equal} of ${cases.length} equal`);
