// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.mjs DEPLOY SCRATCH COLDTRACE: manifests against the OpenAPI schemas of Kubernetes and the Prometheus Operator, the
 * dashboard against Grafana's types: both for values that are wrong and for names that nobody knows. Writes the
 * dashboard's queries to SCRATCH/queries.yml, as rules that promtool can check.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const [deploy, scratch, coldtrace] = process.argv.slice(2);
const need = createRequire(path.join(process.env.TOOLS, "package.json"));
const yaml = need("yaml");
const ts = need("typescript");

let passed = 0, failed = 0;
function check(what, why) {
	if (why) {
		failed++;
		console.log(`not ok - ${what}\n#   ${String(why).slice(0, 1500)}`);
	} else {
		passed++;
		console.log(`ok - ${what}`);
	}
}

const kinds = {
	Namespace: "kubernetes-models/v1/Namespace",
	DaemonSet: "kubernetes-models/apps/v1/DaemonSet",
	PodMonitor: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor",
};

// What is checked while it runs takes a node of its time; types only have to be read, and are those of today.
const types = { ...kinds, PodMonitor: kinds.PodMonitor.replace("@kubernetes-models/prometheus-operator", "prometheus-operator-types") };

function complaint(object) {
	try {
		new (need(kinds[object.kind])[object.kind])(object).validate();
	} catch (error) {
		return error.message;
	}
}

// What tsc says of an object of that type, named in that module.
function typed(name, module, type, object) {
	const file = path.join(process.env.TOOLS, `${name}.ts`);
	// An enum takes its members, and not their text.
	const literal = JSON.stringify(object, null, 1).replaceAll('"mode": "absolute"', '"mode": ThresholdsMode.Absolute');
	const enums = literal.includes("ThresholdsMode") ? 'import { ThresholdsMode } from "@grafana/schema";\n' : "";
	fs.writeFileSync(file, `import type { ${type} } from "${module}";\n${enums}export const it: ${type} = ${literal};\n`);
	const program = ts.createProgram([file], { strict: true, noEmit: true, skipLibCheck: true,
		module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] });
	return ts.getPreEmitDiagnostics(program).map(d => ts.flattenDiagnosticMessageText(d.messageText, "\n")).join("\n");
}

const objects = fs.readdirSync(path.join(deploy, "kubernetes")).filter(f => f.endsWith(".yaml")).flatMap(f =>
	yaml.parseAllDocuments(fs.readFileSync(path.join(deploy, "kubernetes", f), "utf8")).map(d => d.toJS()));
for (const object of objects) {
	check(`${object.kind}: values are what the published schema wants`, complaint(object));
	check(`${object.kind}: it knows every name`, typed(object.kind, types[object.kind], `I${object.kind}`, object));
}
const daemonset = objects.find(o => o.kind === "DaemonSet"), pod = daemonset.spec.template.spec, container = pod.containers[0];

// Each would be seen, if it were there.
const broken = structuredClone(daemonset);
broken.spec.template.spec.containers[0].ports[0].containerPort = "http";
check("a port that is no number would be seen", complaint(broken) ? "" : "it is not");
const misspelt = structuredClone(daemonset);
misspelt.spec.template.spec.hostPid = true;
check("a name that nobody knows would be seen", typed("misspelt", kinds.DaemonSet, "IDaemonSet", misspelt) ? "" : "it is not");

const privileges = JSON.parse(execFileSync(coldtrace, ["doctor", "--json"], { encoding: "utf8" })).privileges;
const wanted = privileges.capabilities.filter(c => c.need !== "spare").map(c => c.capability.replace(/^CAP_/, "")).sort();
const given = [...container.securityContext.capabilities.add].sort();
check("its capabilities are what coldtrace asks for, and no more", given.join() === wanted.join() ? "" : `${given} instead of ${wanted}`);
check("it has no token, and asks for no role", pod.automountServiceAccountToken === false &&
	!objects.some(o => /Role|ServiceAccount/.test(o.kind)) ? "" : "it has");
const port = String(container.ports[0].containerPort);
const notes = daemonset.spec.template.metadata.annotations;
check("annotations, port and --listen are of one port", notes["prometheus.io/port"] === port &&
	container.args[container.args.indexOf("--listen") + 1].endsWith(`:${port}`) ? "" : JSON.stringify(notes));
const help = execFileSync(coldtrace, ["serve", "--help"], { encoding: "utf8" });
const unknown = container.args.filter(a => a.startsWith("--") && !help.includes(` ${a} `));
check("serve knows its options", unknown.join());
const monitor = objects.find(o => o.kind === "PodMonitor");
check("the PodMonitor is of these pods and of that port",
	JSON.stringify(monitor.spec.selector.matchLabels) === JSON.stringify(daemonset.spec.selector.matchLabels) &&
	monitor.spec.podMetricsEndpoints[0].port === container.ports[0].name ? "" : JSON.stringify(monitor.spec));

const dashboard = JSON.parse(fs.readFileSync(path.join(deploy, "grafana", "coldtrace.json"), "utf8"));
check("dashboard: Grafana's types know it", typed("dashboard", "@grafana/schema", "Dashboard", dashboard));
const wrong = structuredClone(dashboard);
wrong.templating.list[0].refresh = "sometimes";
check("dashboard: a value that there is not would be seen", typed("wrong", "@grafana/schema", "Dashboard", wrong) ? "" : "it is not");
const ids = dashboard.panels.map(p => p.id);
check("dashboard: each panel has a number of its own", new Set(ids).size === ids.length ? "" : ids.join());
// Nothing lies on something else.
const cells = new Set();
let twice = "";
for (const { gridPos: g, title } of dashboard.panels)
	for (let x = g.x; x < g.x + g.w; x++)
		for (let y = g.y; y < g.y + g.h; y++) {
			if (cells.has(`${x},${y}`) || x >= 24)
				twice = title;
			cells.add(`${x},${y}`);
		}
check("dashboard: no panel lies on another", twice);

const queries = dashboard.panels.flatMap(p => (p.targets ?? []).map(t => t.expr
	.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "1h").replaceAll(/"\$\w+"/g, '".*"')));
fs.writeFileSync(path.join(scratch, "queries.yml"), yaml.stringify({ groups: [ { name: "dashboard",
	rules: queries.map((expr, i) => ({ record: `dashboard:query${i}`, expr })) } ] }));
const left = queries.filter(q => q.includes("$"));
check("dashboard: each of its variables is known", left.join("\n"));

// Each metric that is asked for is one that the program has, by its documents.
const told = new Set(fs.readFileSync("docs/serve.md", "utf8").concat(fs.readFileSync("docs/formats.md", "utf8"))
	.match(/\b(coldtrace|process)_[a-z_]+/g));
const asked = new Set([...queries.join("\n").matchAll(/\b((?:coldtrace|process)_[a-z_]+)/g)].map(m => m[1]));
const none = [...asked].filter(m => !told.has(m) && !told.has(m.replace(/_(bucket|sum|count)$/, "")));
check("dashboard: there is every metric that it asks for", none.join());

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
