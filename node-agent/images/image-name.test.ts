import { expect, it } from 'vitest';
import { fullName, repositoryOf, shownImageId } from './image-name.ts';

it.each([
  ['nginx', 'docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx', 'docker.io/library/nginx:1.27'],
  ['team/app', 'docker.io/team/app', 'docker.io/team/app:latest'],
  ['docker.io/nginx', 'docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['index.docker.io/team/app:1', 'docker.io/team/app', 'docker.io/team/app:1'],
  ['localhost/app', 'localhost/app', 'localhost/app:latest'],
  ['r.example:5000/app', 'r.example:5000/app', 'r.example:5000/app:latest'],
  ['r.example:5000/app:1', 'r.example:5000/app', 'r.example:5000/app:1'],
  ['r.example/app:1@sha256:ab', 'r.example/app', 'r.example/app@sha256:ab'],
])('reads %s', (reference, repository, name) => {
  expect(repositoryOf(reference)).toBe(repository);
  expect(fullName(reference)).toBe(name);
});

it('shows the digest of the registry that the image came from', () => {
  const digests = ['mirror.example/nginx@sha256:cd', 'nginx@sha256:ab'];
  expect(shownImageId('nginx:1', 'sha256:id', digests)).toBe('docker.io/library/nginx@sha256:ab');
  expect(shownImageId('other:1', 'sha256:id', digests)).toBe('mirror.example/nginx@sha256:cd');
  expect(shownImageId('nginx:1', 'sha256:id', [])).toBe('sha256:id');
});
