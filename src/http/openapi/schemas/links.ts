/** Links. */
import { linkSchema } from '../../routes/links';
import { jsonSchemaOf, type Part } from '../joiSchema';
import { enveloped, listOf, object, ref, text } from './parts';

export function linkSchemas(): Record<string, Part> {
  return {
    NewLink: jsonSchemaOf(linkSchema, { rules: 'strict' }),
    Link: object('Which vendor record a staff id is linked to.', {
      vendor: text('Name of the vendor connection.'),
      vendorRecordId: text('The vendor’s own id of the record.'),
    }),
    LinkAnswer: enveloped('A link.', ref('Link'), ref('ClinicMeta')),
    LinksAnswer: enveloped(
      'All links of a staff id.',
      listOf(ref('Link'), 'One for each vendor.'),
      ref('ClinicMeta'),
    ),
  };
}
