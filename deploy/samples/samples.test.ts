import { readdirSync, readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { SAMPLE_IMAGE } from '../up/sample-image.ts';

const FOLDER = 'deploy/samples';
const files = readdirSync(FOLDER).filter(name => name.endsWith('.yaml'));

const ContainerSchema = v.object({
  name: v.string(),
  image: v.string(),
  resources: v.object({
    requests: v.object({ cpu: v.string(), memory: v.string() }),
    limits: v.object({ memory: v.string() }),
  }),
});
const PodSpecSchema = v.object({ containers: v.array(ContainerSchema) });
const TemplateSchema = v.object({
  metadata: v.optional(v.object({ labels: v.optional(v.record(v.string(), v.string()), {}) }), {}),
  spec: PodSpecSchema,
});
const WorkloadSpecSchema = v.object({
  selector: v.optional(v.object({ matchLabels: v.record(v.string(), v.string()) })),
  template: TemplateSchema,
});
const ManifestSchema = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.object({ name: v.string() }),
});
type Manifest = v.InferOutput<typeof ManifestSchema>;

/** What a manifest runs: the workload spec that holds its pod template. */
function workloadOf({ kind, spec }: Manifest): v.InferOutput<typeof WorkloadSpecSchema> | undefined {
  if (['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet', 'Job'].includes(kind))
    return v.parse(WorkloadSpecSchema, spec);
  if (kind === 'CronJob')
    return v.parse(v.object({ jobTemplate: v.object({ spec: WorkloadSpecSchema }) }), spec).jobTemplate.spec;
  return kind === 'Pod'
    ? { template: { metadata: { labels: {} }, spec: v.parse(PodSpecSchema, spec) } }
    : undefined;
}

describe.each(files)('%s', file => {
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
  const manifests = loadAll(text).map(manifest => v.parse(ManifestSchema, manifest));
  const workloads = manifests.flatMap(manifest => workloadOf(manifest) ?? []);

  it('holds objects that carry their own labels, requests and limits', () => {
    expect(manifests.length).toBeGreaterThan(0);
    for (const { selector, template } of workloads)
      expect(template.metadata.labels).toMatchObject(selector?.matchLabels ?? {});
  });

  it('uses only the image that up makes', () => {
    const images = workloads.flatMap(({ template }) => template.spec.containers.map(({ image }) => image));
    for (const image of images) expect(image).toBe(`${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`);
  });

  it('has nothing of ours in it', () => {
    const withoutComments = text.replace(/^#.*$/gm, '');
    expect(withoutComments).not.toMatch(/pikelet/i);
  });
});

it('the table names every sample', () => {
  const table = readFileSync(`${FOLDER}/README.md`, 'utf8');
  expect(files.filter(file => !table.includes(`(${file})`))).toEqual([]);
});
