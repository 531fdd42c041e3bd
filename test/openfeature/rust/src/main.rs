//! Asks OpenFeature's SDK for Rust what test/openfeature tells it to.

use std::io::BufRead;
use std::time::Instant;

use open_feature::{
    Client, EvaluationContext, EvaluationDetails, EvaluationError, EvaluationErrorCode, OpenFeature,
    StructValue, Value,
};
use open_feature_flagd::{CacheSettings, FlagdOptions, FlagdProvider, ResolverType};
use serde_json::{Map, Value as Json, json};

#[tokio::main]
async fn main() {
    let client = OpenFeature::singleton().await.create_client();
    for line in std::io::stdin().lock().lines() {
        let command: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let id = command["id"].clone();
        let answer = match run(&client, &command).await {
            Ok(ok) => json!({ "id": id, "ok": ok }),
            Err(failed) => json!({ "id": id, "failed": failed }),
        };
        println!("{answer}");
    }
}

async fn run(client: &Client, command: &Json) -> Result<Json, String> {
    match text(command, "do").as_str() {
        "versions" => Ok(json!("open-feature 0.3.0, open-feature-flagd 0.2.2")),
        "open" => open(command).await,
        // The SDK has no events.
        "changed" => Ok(json!([])),
        _ => Ok(evaluate(client, command).await),
    }
}

async fn open(command: &Json) -> Result<Json, String> {
    let resolver_type = match text(command, "mode").as_str() {
        "rpc" => ResolverType::Rpc,
        "in-process" => ResolverType::InProcess,
        _ => ResolverType::Rest,
    };
    // Over OFREP it calls every answer static, and keeps those; in its own process, too.
    let cache_settings = (resolver_type == ResolverType::Rpc).then(CacheSettings::default);
    let options = FlagdOptions {
        cache_settings,
        host: text(command, "host"),
        port: command["port"].as_u64().unwrap() as u16,
        resolver_type,
        ..Default::default()
    };
    let provider = FlagdProvider::new(options).await.map_err(|error| format!("{error:?}"))?;
    OpenFeature::singleton_mut().await.set_provider(provider).await;
    Ok(Json::Null)
}

async fn evaluate(client: &Client, command: &Json) -> Json {
    let flag = text(command, "flag");
    let context = context_of(command["context"].as_object().unwrap());
    let asked = Some(&context);
    let start = Instant::now();
    let (outcome, ms) = match text(command, "type").as_str() {
        "boolean" => timed(start, client.get_bool_details(&flag, asked, None).await, Json::from),
        "string" => timed(start, client.get_string_details(&flag, asked, None).await, Json::from),
        "integer" => timed(start, client.get_int_details(&flag, asked, None).await, Json::from),
        "float" => timed(start, client.get_float_details(&flag, asked, None).await, Json::from),
        _ => timed(start, client.get_struct_details::<Object>(&flag, asked, None).await, |o| o.0),
    };
    match outcome {
        Ok((value, variant, reason)) => {
            json!({ "value": value, "variant": variant, "reason": reason, "error": null, "ms": ms })
        }
        Err(error) => {
            let code = name_of(&error.code);
            json!({ "value": command["default"], "variant": null, "reason": "ERROR", "error": code, "ms": ms })
        }
    }
}

type Outcome = Result<(Json, Option<String>, Option<String>), EvaluationError>;

fn timed<T>(
    start: Instant,
    result: Result<EvaluationDetails<T>, EvaluationError>,
    to_json: impl Fn(T) -> Json,
) -> (Outcome, f64) {
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let outcome = result.map(|found| {
        let reason = found.reason.map(|reason| reason.to_string());
        (to_json(found.value), found.variant, reason)
    });
    (outcome, ms)
}

struct Object(Json);

impl TryFrom<StructValue> for Object {
    type Error = String;

    fn try_from(value: StructValue) -> Result<Self, String> {
        Ok(Object(json_of(&Value::Struct(value))))
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(one) => json!(one),
        Value::Int(one) => json!(one),
        Value::Float(one) => json!(one),
        Value::String(one) => json!(one),
        Value::Array(all) => all.iter().map(json_of).collect(),
        Value::Struct(all) => {
            Json::Object(all.fields.iter().map(|(key, one)| (key.clone(), json_of(one))).collect())
        }
    }
}

fn context_of(fields: &Map<String, Json>) -> EvaluationContext {
    let mut context = EvaluationContext::default();
    for (key, value) in fields {
        context = match value {
            Json::String(key_of_task) if key == "targetingKey" => {
                context.with_targeting_key(key_of_task)
            }
            Json::String(one) => context.with_custom_field(key, one.clone()),
            Json::Bool(one) => context.with_custom_field(key, *one),
            Json::Number(one) => context.with_custom_field(key, one.as_f64().unwrap()),
            // The SDK takes structures of its own alone.
            _ => context,
        };
    }
    context
}

fn name_of(code: &EvaluationErrorCode) -> &str {
    match code {
        EvaluationErrorCode::FlagNotFound => "FLAG_NOT_FOUND",
        EvaluationErrorCode::TypeMismatch => "TYPE_MISMATCH",
        EvaluationErrorCode::ParseError => "PARSE_ERROR",
        EvaluationErrorCode::InvalidContext => "INVALID_CONTEXT",
        EvaluationErrorCode::ProviderNotReady => "PROVIDER_NOT_READY",
        _ => "GENERAL",
    }
}

fn text(command: &Json, field: &str) -> String {
    command[field].as_str().unwrap_or_default().to_string()
}
