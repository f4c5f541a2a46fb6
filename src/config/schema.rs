//! The JSON schema of `.jettison.yaml`, for editors: `schemas/config.schema.json` is generated from
//! the definitions of the options.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::{Value, json};

use super::options;

/// The options whose values are ids of transforms, and what else they accept.
const OF_IDS: &[(&str, &str)] = &[("select", "transform"), ("ignore", "ignored")];

/// An option as the schema describes it.
pub(super) struct Described {
    pub(super) key: String,
    pub(super) about: &'static str,
    /// The members of the schema that describe its values, in their order.
    pub(super) form: Vec<(&'static str, Value)>,
    pub(super) default: Value,
    /// The version that introduced it.
    pub(super) since: &'static str,
}

/// A type whose values a schema can describe.
pub(super) trait Form {
    fn form() -> Vec<(&'static str, Value)>;
}

impl Form for bool {
    fn form() -> Vec<(&'static str, Value)> {
        vec![("type", json!("boolean"))]
    }
}

impl Form for u64 {
    fn form() -> Vec<(&'static str, Value)> {
        vec![("type", json!("integer")), ("minimum", json!(0))]
    }
}

impl Form for Vec<String> {
    fn form() -> Vec<(&'static str, Value)> {
        vec![("type", json!(["array", "string"])), ("items", json!({ "type": "string" }))]
    }
}

impl Form for Option<Vec<String>> {
    fn form() -> Vec<(&'static str, Value)> {
        vec![("type", json!(["array", "string", "null"])), ("items", json!({ "type": "string" }))]
    }
}

/// The form of an enum: one of its values.
pub(super) fn one_of<T: ValueEnum>() -> Vec<(&'static str, Value)> {
    let values: Vec<_> = T::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    let about = |value: &PossibleValue| value.get_help().map(ToString::to_string).unwrap_or_default();
    vec![
        ("enum", values.iter().map(PossibleValue::get_name).collect()),
        // Editors show them; the standard has no such member.
        ("enumDescriptions", values.iter().map(about).collect()),
    ]
}

/// The text of the schema.
pub fn schema() -> String {
    let all = options::all();
    let names =
        all.iter().map(|option| &option.key).filter(|key| !super::FOR_ALL_FILES.contains(&key.as_str()));
    let overridable: Vec<String> =
        names.map(|key| format!("          \"{key}\": {{ \"$ref\": \"#/properties/{key}\" }}")).collect();
    let overridable = overridable.join(",\n");
    let properties: Vec<String> = all.into_iter().map(property).collect();
    format!(
        r#"{{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": ".jettison.yaml",
  "description": "Configuration of Jettison for the Dockerfiles in this directory and below.",
  "type": ["object", "null"],
  "additionalProperties": false,
  "properties": {{
{},
    "overrides": {{
      "description": "Settings for some of the files, which replace those above.",
      "type": "array",
      "items": {{
        "type": "object",
        "required": ["files"],
        "additionalProperties": false,
        "properties": {{
          "files": {{
            "description": "The files and directories, relative to this file: patterns like those of `.gitignore`.",
            "type": ["array", "string"],
            "items": {{ "type": "string" }}
          }},
{overridable}
        }}
      }}
    }}
  }},
  "definitions": {{
    "transform": {{ "type": "string", "pattern": "^[a-z][a-z0-9-]*$" }},
    "ignored": {{ "type": "string", "pattern": "^([a-z][a-z0-9-]*|DL[0-9]{{4}}|[A-Z][A-Za-z]+)$" }}
  }}
}}
"#,
        properties.join(",\n")
    )
}

fn property(option: Described) -> String {
    let Described { key, about, mut form, default, .. } = option;
    if let Some((_, definition)) = OF_IDS.iter().find(|(name, _)| *name == key) {
        form.retain(|(member, _)| *member != "items");
        form.push(("items", json!({ "$ref": format!("#/definitions/{definition}") })));
    }
    let mut members = vec![("description", json!(about))];
    members.append(&mut form);
    members.push(("default", default));
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("      {}: {value}", json!(name))).collect();
    format!("    {}: {{\n{}\n    }}", json!(key), members.join(",\n"))
}
