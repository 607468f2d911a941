/**
 * What the reference needs beyond TypeDoc's options: modules under the names that users import, destructured parameters with a name,
 * categories for the main entry, and links to the sources.
 */
import { Application, Comment, CommentTag, Converter, ParameterReflection, ReferenceType } from 'typedoc';
import { entryPoints } from '../entry-points.mjs';
import { sourceOf } from './repository.mjs';

/** The category of each name of `rx-seedance`, by the file or folder of `src` that declares it. The first that fits counts. */
const categories = [
  ['client/', 'Start here'],
  ['feed/', 'Feed'],
  ['state/errors.ts', 'Errors'],
  ['wire/error-response.ts', 'Errors'],
  ['task/', 'Tasks and snapshots'],
  ['poll/', 'Polling policies'],
  ['state/', 'Watch state'],
  ['wire/', 'Providers'],
  ['transport/', 'Transport'],
];

/** @param {import('typedoc').DeclarationReflection} reflection */
const categoryOf = ({ name, sources }) => {
  const file = sources?.[0]?.fullFileName.split('/src/').at(-1) ?? '';
  const category = categories.find(([start = '']) => file.startsWith(start))?.[1];
  if (category === undefined) throw new Error(`no category for ${name} of src/${file}`);
  return category;
};

/** `TaskRef` → `ref`, and `options` for a type without a name. @param {import('typedoc').SomeType | undefined} type */
const parameterName = (type) => (type instanceof ReferenceType ? /[A-Z][a-z]*$/.exec(type.name)?.[0].toLowerCase() : undefined) ?? 'options';

/** @param {import('typedoc').Application} app */
export const load = (app) => {
  app.on(Application.EVENT_BOOTSTRAP_END, () => app.options.setValue('sourceLinkTemplate', `${sourceOf('{path}')}#L{line}`));

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const path = module.sources?.[0]?.fullFileName ?? '';
      const entry = entryPoints.find(({ source }) => path.endsWith(`/${source}`));
      if (entry === undefined) throw new Error(`package.json does not export ${module.name}`);
      module.name = entry.specifier;
      if (entry.name !== 'index') continue;
      for (const child of module.children ?? []) {
        for (const target of child.signatures ?? [child]) {
          target.comment ??= new Comment();
          target.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: categoryOf(child) }]));
        }
      }
    }
    for (const reflection of Object.values(project.reflections)) {
      if (reflection instanceof ParameterReflection && reflection.name === '__namedParameters') reflection.name = parameterName(reflection.type);
    }
  });
};
