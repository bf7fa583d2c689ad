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
const TemplateSchema = v.object({
  metadata: v.optional(v.object({ labels: v.record(v.string(), v.string()) })),
  spec: v.object({ containers: v.array(ContainerSchema) }),
});
const ManifestSchema = v.object({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.object({ name: v.string() }),
  spec: v.optional(
    v.object({
      selector: v.optional(v.object({ matchLabels: v.record(v.string(), v.string()) })),
      template: v.optional(TemplateSchema),
      jobTemplate: v.optional(v.object({ spec: v.object({ template: TemplateSchema }) })),
    }),
  ),
});

describe.each(files)('%s', file => {
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
  const manifests = loadAll(text).map(manifest => v.parse(ManifestSchema, manifest));

  it('holds objects that carry their own labels, requests and limits', () => {
    expect(manifests.length).toBeGreaterThan(0);
    for (const { spec } of manifests) {
      if (spec === undefined) continue;
      expect(spec.template?.metadata?.labels).toEqual(spec.selector?.matchLabels);
    }
  });

  it('uses only the image that up makes', () => {
    const images = manifests.flatMap(
      ({ spec }) =>
        (spec?.template ?? spec?.jobTemplate?.spec.template)?.spec.containers.map(({ image }) => image) ?? [],
    );
    expect(new Set(images)).toEqual(new Set([`${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`]));
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
