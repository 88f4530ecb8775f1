import {
  CreateTags$,
  type CreateTagsRequest,
  DeleteTags$,
  type DeleteTagsRequest,
} from '@aws-sdk/client-ec2';
import { required } from '../cloud/ec2-error.ts';
import { removeTags, setTags } from '../cloud/tags.ts';
import { operation } from './operation.ts';

export const createTags = operation<CreateTagsRequest, object>(CreateTags$, (input, { cloud }) => {
  const resources = required(input.Resources, 'resourceIdSet');
  const tags = required(input.Tags, 'tagSet');
  for (const resource of resources.map((id) => cloud.tagsOfResource(id))) {
    setTags(resource, tags);
  }
  return {};
});

export const deleteTags = operation<DeleteTagsRequest, object>(DeleteTags$, (input, { cloud }) => {
  const resources = required(input.Resources, 'resourceIdSet');
  for (const resource of resources.map((id) => cloud.tagsOfResource(id))) {
    removeTags(resource, input.Tags);
  }
  return {};
});
